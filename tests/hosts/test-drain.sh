#!/bin/bash
#
# A host is emptied for maintenance, and its daemon is killed in the middle: every guest ends on the
# other host and on that one alone, and none comes back until undrain.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

with_mtty=(drain1 drain2)
plain=drain3
guests=("${with_mtty[@]}" "$plain")

# mdev_of HOST GUEST
mdev_of() {
        uuid_of "$2 $1"
}

# The leases that a host has when both guests with a device run there.
leases_of_both() {
        local guest
        for guest in "${with_mtty[@]}"; do
                echo "$(mdev_of "$1" "$guest") running"
        done | sort
}

both_run_on() {
        [[ $(leases "$1") == "$(leases_of_both "$1")" ]]
}

# What D-Bus says of the drain on a.
drain_state() {
        on_host a 'busctl get-property org.virtferry1 /org/virtferry1 org.virtferry1.Manager DrainState'
}

drain_is() {
        [[ $(drain_state) == "s \"$1\"" ]]
}

memory_flows() {
        on_host a "virsh domjobinfo $1" | grep -Eq 'Memory processed: +[1-9]'
}

# The first goes so slowly that there is a middle.
begin_slowly() {
        on_host a "virsh migrate-setspeed ${guests[0]} 1"
        ferry a drain hostb >"$RUN/drain.log" 2>&1 &
        drain=$!
        wait_until 90 memory_flows "${guests[0]}"
}

test_killed_in_the_middle() {
        local guest
        begin_slowly
        ok 'it drains' -- drain_is draining
        on_host a 'systemctl kill --signal=KILL virtferryd'
        ok 'killed, it drains on' -- wait_until 60 drain_is draining
        on_host a "virsh migrate-setspeed ${guests[0]} 1000"
        ok 'the command follows it over the kill, to an empty host' -- wait "$drain"
        diag <"$RUN/drain.log"
        for guest in "${guests[@]}"; do
                is "$(guest_host "$guest")" b "$guest runs on hostb only"
        done
        ok 'the host is drained' -- drain_is drained
        ok 'no lease is left there' -- wait_until 60 no_lease a
        ok 'the leases on hostb run' -- wait_until 60 both_run_on b
}

# refused_back GUEST: it wants to come back.
refused_back() {
        local said tick
        tick=$(guest_tick b "$1")
        said=$(migrate b a "$1" 2>&1) && said="not refused: $said"
        like "$said" "virt-ferry: .*drained for maintenance: 'virt-ferry undrain'" \
                "$1 may not come back, and is told why"
        ok "$1 ticks on" -- wait_until 30 guest_has_ticked b "$1" "$tick"
}

test_none_comes_back() {
        refused_back "${with_mtty[0]}"
        refused_back "$plain"
        on_host a 'systemctl restart virtferryd'
        wait_until 30 ferry_up a
        refused_back "${with_mtty[1]}"
        like "$(ferry a check 2>&1)" 'drained for maintenance' 'check says so'
}

test_until_undrain() {
        local guest
        ok 'undrain' -- ferry a undrain
        ok 'the host takes guests again' -- drain_is ''
        for guest in "${guests[@]}"; do
                ok "$guest moves back" -- migrate b a "$guest"
                is "$(guest_host "$guest")" a 'and runs there only'
        done
        ok 'the leases run there again' -- wait_until 60 both_run_on a
        ok 'and are gone on hostb' -- wait_until 60 no_lease b
}

# A destination that takes nobody: a host that does not exist.
test_who_cannot_leave_stays() {
        local said
        said=$(ferry a drain nowhere.invalid 2>&1) && said="not refused: $said"
        like "$said" '3 of 3 guests have stayed' 'no guest leaves for a host that is not there'
        ok 'that is a partly drained host' -- drain_is partly
        ferry a undrain
}

prepare() {
        local guest host
        for guest in "${guests[@]}"; do
                guest_remove "$guest"
        done
        for guest in "${with_mtty[@]}"; do
                for host in a b; do
                        mdev_create "$host" "$(mdev_of "$host" "$guest")"
                done
                guest_define a mtty "$guest" "MDEV=$(mdev_of a "$guest")"
        done
        guest_define a plain "$plain"
        for guest in "${guests[@]}"; do
                guest_start a "$guest"
        done
        wait_until 30 both_run_on a
}

clean() {
        local guest host
        for guest in "${guests[@]}"; do
                guest_remove "$guest"
        done
        for guest in "${with_mtty[@]}"; do
                for host in a b; do
                        mdev_remove "$host" "$(mdev_of "$host" "$guest")"
                done
        done
}

"$HOSTS_DIR/hosts" up
log "starting the guests"
prepare
test_killed_in_the_middle
test_none_comes_back
test_until_undrain
test_who_cannot_leave_stays
clean
done_testing
