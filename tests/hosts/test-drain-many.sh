#!/bin/bash
#
# A host with six guests of four strategies is emptied, and its daemon is killed twice on the way:
# while the first one moves, and while one that cannot migrate has its VF unplugged.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

declare -A strategy=([many1]=vfio [many2]=vfio [many3]=live [many4]=mediated [many5]=mediated
        [many6]=replug)
guests=(many1 many2 many3 many4 many5 many6)
slow=many1
unplugged=many6
declare -A slot=([many4]=0 [many5]=2 [many6]=4) # function of 01:10 on hosta

mdev_of() {
        uuid_of "$2 $1"
}

running_leases() {
        leases "$1" | grep -c ' running$'
}

five_leases_run() {
        [[ $(running_leases "$1") == 5 ]]
}

drain_is() {
        on_host a 'busctl get-property org.virtferry1 /org/virtferry1 org.virtferry1.Manager DrainState' |
                grep -q "\"$1\""
}

memory_flows() {
        on_host a "virsh domjobinfo $1" | grep -Eq 'Memory processed: +[1-9]'
}

is_noted() {
        on_host "$1" "virsh dumpxml $2" | grep -q '<ferry:unplugged '
}

is_not_noted() {
        ! is_noted "$@"
}

guest_sees_vf() {
        guest_sees "$1" "$2" driver=igbvf
}

kill_daemon() {
        on_host "$1" 'systemctl kill --signal=KILL virtferryd'
        wait_until 60 ferry_up "$1"
}

set_speed() {
        on_host a "virsh migrate-setspeed $1 $2"
}

# Both go so slowly that there is a middle.
test_killed_twice() {
        set_speed "$slow" 1
        set_speed "$unplugged" 1
        ferry a drain hostb >"$RUN/drain.log" 2>&1 &
        drain=$!
        wait_until 120 memory_flows "$slow"
        kill_daemon a
        ok 'killed while the first one moves, it drains on' -- wait_until 60 drain_is draining
        set_speed "$slow" 1000

        ok 'the one that cannot migrate is without its VF' -- wait_until 300 is_noted a "$unplugged"
        kill_daemon a
        ok 'killed while that moves, it drains on' -- wait_until 60 drain_is draining
        set_speed "$unplugged" 1000
        ok 'the command follows it over both, to an empty host' -- wait "$drain"
        diag <"$RUN/drain.log"
}

test_all_are_there() {
        local guest
        ok 'the host is drained' -- drain_is drained
        for guest in "${guests[@]}"; do
                is "$(guest_host "$guest")" b "$guest (${strategy[$guest]}) runs on hostb only"
                is "$(ferry_get a migrations \
                        "[r for r in rows if r['DomainName'] == '$guest' and r['State'] == 'finished'][-1]['Strategy']")" \
                        "${strategy[$guest]}" "$guest: in that way"
        done
        for guest in "${!slot[@]}"; do
                ok "$guest has a VF" -- wait_until 120 guest_sees_vf b "$guest"
        done
        ok "$unplugged: nothing is noted any more" -- wait_until 60 is_not_noted b "$unplugged"
        ok 'no lease is left on hosta' -- wait_until 60 no_lease a
        ok 'five leases run on hostb' -- wait_until 60 five_leases_run b
}

define() {
        local guest=$1 host
        case ${strategy[$guest]} in
        vfio)
                for host in a b; do
                        mdev_create "$host" "$(mdev_of "$host" "$guest")"
                done
                guest_define a mtty "$guest" "MDEV=$(mdev_of a "$guest")"
                ;;
        live) guest_define a plain "$guest" ;;
        mediated) guest_define a igb "$guest" "${vf[@]}" ;;
        replug) guest_define a vf "$guest" "${vf[@]}" ;;
        esac
}

prepare() {
        local guest host
        for host in a b; do
                vfs_create "$host" 3
                wait_until 30 eval "ferry $host devices | grep -q 0000:01:10.4"
        done
        for guest in "${guests[@]}"; do
                guest_remove "$guest"
                vf=("MAC=52:54:00:76:01:0${guest#many}" BUS=0x01 SLOT=0x10
                        "FUNCTION=0x${slot[$guest]-0}")
                define "$guest"
                guest_start a "$guest"
        done
        wait_until 60 five_leases_run a
        for guest in "${!slot[@]}"; do
                wait_until 60 guest_sees_vf a "$guest"
        done
}

clean() {
        local guest host
        ferry a undrain
        for guest in "${guests[@]}"; do
                guest_remove "$guest"
        done
        ok 'no lease is left on hostb' -- wait_until 60 no_lease b
        for host in a b; do
                vfs_create "$host" 0
                for guest in many1 many2; do
                        mdev_remove "$host" "$(mdev_of "$host" "$guest")"
                done
        done
}

"$HOSTS_DIR/hosts" up
log "starting the guests"
prepare
test_killed_twice
test_all_are_there
clean
done_testing
