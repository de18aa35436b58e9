#!/bin/bash
#
# What can go wrong, in each state of a move from hosta to hostb: in the end the guest runs on one host,
# with its device and with one lease, and nothing of the move is left.
#
# The table is at the end, a move a row. A move is held in its state: before our hook on hostb has
# answered (asked), after that (reserved), when our hook has claimed the device and QEMU is not started
# yet (prepared), all three by a hook of another maker that waits; and by 1 MiB/s (precopy). Without
# switchover: libvirt stops there by itself and goes on at once, and nothing makes it wait.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=troubled1
mdev_a=$(uuid_of "$guest a")
mdev_b=$(uuid_of "$guest b")
log=$RUN/$guest.log
hooks=/etc/libvirt/hooks/qemu.d
conf=/etc/virtferry/virtferry.conf
store=/var/lib/virtferry
held=/run/rollback-held       # as long as it is there, the hook waits
reached=/run/rollback-reached # the hook waits
number=0
moving=

# The move ------------------------------------------------------------------------------------------

# hold STATE: the next move to hostb stops there, for a minute and a half at most.
hold() {
        local hook operation=migrate
        case $1 in
        asked) hook=20-wait ;;
        reserved) hook=90-wait ;;
        prepared) hook=90-wait operation=prepare ;;
        precopy) return 0 ;;
        esac
        on_host b "touch $held && cat >$hooks/$hook && chmod +x $hooks/$hook" <<EOF
#!/bin/sh
[ "\$1 \$2" = "$guest $operation" ] || exit 0
touch $reached
left=300
while [ -e $held ] && [ \$left -gt 0 ]; do
        sleep 0.3
        left=\$((left - 1))
done
EOF
}

is_held() {
        if [[ $1 == precopy ]]; then
                on_host a "virsh domjobinfo $guest" | grep -Eq 'Memory processed: +[1-9]'
        else
                on_host b "test -e $reached"
        fi
}

# Whatever it was that held the move.
let_go() {
        on_host b "rm -f $held $reached $hooks/20-wait $hooks/90-wait"
        on_host a "virsh migrate-setspeed $guest 1000" >/dev/null 2>&1 || true
}

# begin STATE MOVER: virsh, virsh as a peer-to-peer migration, or virt-ferry; in the background.
begin() {
        local slowly=()
        [[ $1 != precopy ]] || slowly=(--bandwidth 1)
        case $2 in
        virsh) migrate a b "$guest" "${slowly[@]}" ;;
        p2p) migrate a b "$guest" --p2p "${slowly[@]}" ;;
        virt-ferry) on_host a "timeout 300 virt-ferry migrate $guest hostb --force ${slowly[*]} 2>&1" ;;
        esac >"$log" 2>&1 &
        moving=$!
}

has_ended() {
        ! kill -0 "$moving"
}

# The faults ----------------------------------------------------------------------------------------

kill_unit() {
        on_host "$1" "systemctl kill --signal=KILL $2"
}

source_daemon_killed() {
        kill_unit a virtferryd && wait_until 60 ferry_up a
}

destination_daemon_killed() {
        kill_unit b virtferryd && wait_until 60 ferry_up b
}

destination_qemu_killed() {
        on_host b "kill -KILL \$(cat /run/libvirt/qemu/$guest.pid)"
}

destination_libvirtd_killed() {
        kill_unit b libvirtd && wait_until 60 on_host b 'virsh -q list'
}

# Until libvirt gives up, which takes it half a minute: each end asks the other every 5 s and misses
# 5 answers. ssh to the hosts goes another way.
link_cut() {
        local failed=0
        in_net ip link set b-wire down
        wait_until 60 has_ended || failed=1
        in_net ip link set b-wire up
        return "$failed"
}

job_aborted() {
        on_host a "virsh domjobabort $guest"
}

# Of the command on the host, as Ctrl-C does it there.
ctrl_c() {
        on_host a "kill -INT \$(pgrep -x virt-ferry)"
}

device_removed() {
        mdev_remove b "$mdev_b"
}

# dd ends when there is no room any more.
store_full() {
        on_host b "! dd if=/dev/zero of=$store/filler bs=4k 2>/dev/null"
}

# The daemon of hostb begins with an empty store of 2 MiB, which is to be filled.
small_store() {
        on_host b "systemctl stop virtferryd && mount -t tmpfs -o size=2M none $store &&
                systemctl start virtferryd" && wait_until 60 ferry_up b
}

# What the operator does afterwards. Nothing to do is no fault.
repair() {
        in_net ip link set b-wire up
        on_host b "rm -f $store/filler"
        [[ $(mdevs b) == *"$mdev_b"* ]] || mdev_create b "$mdev_b"
}

own_store() {
        on_host b "! mountpoint -q $store ||
                { systemctl stop virtferryd; umount $store; systemctl start virtferryd; }"
}

# What is to be true afterwards ---------------------------------------------------------------------

other() {
        [[ $1 == a ]] && echo b || echo a
}

device_of() {
        [[ $1 == a ]] && echo "$mdev_a" || echo "$mdev_b"
}

# Neither running nor waiting: a guest that is on its way is listed, too.
is_not_on() {
        local names
        names=$(on_host "$1" 'virsh -q list --name') && [[ $names != *"$guest"* ]]
}

runs_only_on() {
        [[ $(guest_host "$guest") == "$1" ]] && is_not_on "$(other "$1")"
}

# A daemon that does not answer fails both.
has_no_lease() {
        local left
        left=$(leases "$1") && [[ -z $left ]]
}

has_the_only_lease() {
        lease_runs "$1" "$(device_of "$1")" && has_no_lease "$(other "$1")"
}

nothing_is_open_on() {
        local open
        open=$(ferry_get "$1" migrations "[row['State'] for row in rows if row['DomainName'] == '$guest' and
                row['State'] not in ('finished', 'rolled-back')]") && [[ -z $open ]]
}

nothing_is_open() {
        nothing_is_open_on a && nothing_is_open_on b
}

# A lease of a guest that did not come ends by its time: 40 s when the device was claimed.
check() {
        local name=$1 host=$2 tick=$3 uart=$4
        ok "$name: the guest runs on host$host only" -- wait_until 60 runs_only_on "$host"
        is "$(guest_ask "$host" "$guest" uart-get '^uart')" "$uart" "$name: its device has what it had"
        ok "$name: it ticks on" -- wait_until 30 guest_has_ticked "$host" "$guest" "$tick"
        ok "$name: the only lease is there and runs" -- wait_until 90 has_the_only_lease "$host"
        ok "$name: no migration is left open" -- wait_until 30 nothing_is_open
}

come_back() {
        [[ $(guest_host "$guest") != a ]] || return 0
        migrate b a "$guest" >"$log" || die "the guest cannot be brought back: $(cat "$log")"
        wait_until 60 has_the_only_lease a
}

# One row -------------------------------------------------------------------------------------------

# bring_about STATE FAULT MOVER
bring_about() {
        if [[ $2 == store_full ]]; then
                small_store || return
        fi
        hold "$1" && begin "$1" "$3" && wait_until 60 is_held "$1" && "$2"
}

# row STATE FAULT MOVER HOST: the guest is on HOST in the end.
row() {
        local name="$1, ${2//_/ }" host=$4 mark tick
        log "$name"
        number=$((number + 1))
        mark=$(printf '%02d' "$number")
        guest_ask a "$guest" "uart-set $mark row$mark" '^uart set' >/dev/null
        tick=$(guest_tick a "$guest")
        moving=
        : >"$log"
        bring_about "$1" "$2" "$3" || tap_fail "$name: comes about" <"$log"
        let_go
        [[ -z $moving ]] || wait "$moving" || true
        repair
        check "$name" "$host" "$tick" "uart scr=$mark fifo=row$mark"
        own_store
        come_back
}

# Leases that nobody claims are to end while the test waits.
prepare() {
        guest_remove "$guest"
        mdev_create a "$mdev_a"
        mdev_create b "$mdev_b"
        on_host b "mkdir -p ${conf%/*} && printf '[Daemon]\nLeaseTimeoutSec=8\n' >$conf &&
                systemctl restart virtferryd"
        wait_until 60 ferry_up b
        guest_define a mtty "$guest" "MDEV=$mdev_a"
        guest_start a "$guest"
        wait_until 30 lease_runs a "$mdev_a"
        guest_seconds=60 # from now on it answers at once or not at all
}

# Also when the test breaks off, so nothing ends it.
clean() {
        let_go || true
        repair || true
        own_store || true
        guest_remove "$guest"
        mdev_remove a "$mdev_a" || true
        mdev_remove b "$mdev_b" || true
        on_host b "rm -f $conf && systemctl restart virtferryd" || true
}

"$HOSTS_DIR/hosts" up
trap 'clean; tap_on_exit' EXIT
log "starting the guest"
prepare

#   state    fault                       mover      ends on
row asked    store_full                  virsh      a
row reserved destination_daemon_killed   virsh      b
row reserved destination_libvirtd_killed virsh      a
row reserved ctrl_c                      virt-ferry a
row reserved device_removed              virsh      a
row reserved store_full                  virsh      a
row prepared destination_daemon_killed   virsh      b
row prepared destination_libvirtd_killed virsh      a
row prepared ctrl_c                      virt-ferry a
row precopy  source_daemon_killed        virsh      b
row precopy  destination_daemon_killed   virsh      b
row precopy  destination_qemu_killed     virsh      a
row precopy  destination_libvirtd_killed virsh      a
row precopy  link_cut                    p2p        a
row precopy  job_aborted                 virsh      a

clean
trap tap_on_exit EXIT
done_testing
