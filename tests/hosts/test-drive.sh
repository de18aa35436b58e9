#!/bin/bash
#
# virt-ferry moves a guest itself: to the end, stopped by Ctrl-C, refused, and over the death of the
# daemon that drives it.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=driven1
mdev_a=$(uuid_of "$guest a")
mdev_b=$(uuid_of "$guest b")
log=$RUN/$guest.log

# drive FROM TO [OPTION...]
drive() {
        on_host "$1" "timeout 300 virt-ferry migrate $guest host$2 ${*:3} 2>&1"
}

# drive_slowly FROM TO [OPTION...]: in the background, until memory flows.
drive_slowly() {
        drive "$@" --force >"$log" &
        driving=$!
        wait_until 90 memory_flows "$1"
}

memory_flows() {
        on_host "$1" "virsh domjobinfo $guest" | grep -Eq 'Memory processed: +[1-9]'
}

speed_up() {
        on_host "$1" "virsh migrate-setspeed $guest 1000"
}

test_to_the_end() {
        local said
        guest_ask a "$guest" 'uart-set 5a ferry' '^uart set' >/dev/null
        said=$(drive a b --force) || true
        like "$said" 'finished after .* \(forecast .*\), downtime .* \(forecast .*\), .* sent' \
                'it tells how it ended, and what was foretold'
        is "$(guest_host "$guest")" b 'the guest runs there'
        is "$(last_migration a Strategy)" vfio 'its device carries its state'
        is "$(last_migration a Destination)" qemu+ssh://hostb/system 'the destination is in the record'
        ok 'no lease is left' -- wait_until 30 no_lease a
        is "$(guest_ask b "$guest" uart-get '^uart')" 'uart scr=5a fifo=ferry' \
                'the state of the device came along'
}

test_it_settles() {
        local said
        said=$(drive b a) && said="not refused: $said"
        like "$said" "settles for another .*--force" 'a guest that has just come is refused'
        ok 'unless forced' -- drive b a --force
        is "$(guest_host "$guest")" a 'and is back'
}

# Of the command on the host, as Ctrl-C does it there.
test_it_is_stopped() {
        local foretold
        on_host a "virsh migrate-setspeed $guest 1"
        drive_slowly a b
        foretold=$(last_migration a ForecastTotalMSec)
        ok "the limit that libvirt has is foretold ($foretold ms; -1: no end)" -- \
                test "$foretold" -gt 30000 -o "$foretold" -lt 0
        on_host a "kill -INT \$(pgrep -x virt-ferry)"
        fails 'Ctrl-C: the command says that it did not move' -- wait "$driving"
        like "$(cat "$log")" 'rolled-back.*: Stopped on request' 'Ctrl-C: and why'
        is "$(guest_host "$guest")" a 'Ctrl-C: the guest runs where it was'
        ok 'Ctrl-C: nothing is left of it there' -- wait_until 60 no_lease b
        is "$(leases a)" "$mdev_a running" 'Ctrl-C: its lease is untouched'
        speed_up a
}

test_it_is_refused() {
        on_host b 'systemctl stop virtferryd && systemctl mask --runtime virtferryd'
        local said
        said=$(drive a b --force) && said="not refused: $said"
        like "$said" 'was not asked before: virtferryd on hostb does not answer' \
                'refused: the daemon there could not be asked before'
        like "$said" 'rolled-back' 'refused: by the hook'
        is "$(guest_host "$guest")" a 'refused: the guest runs where it was'
        on_host b 'systemctl unmask --runtime virtferryd && systemctl start virtferryd'
        wait_until 60 ferry_up b
}

test_it_is_refused_before() {
        mtty_unload_b
        local said
        said=$(drive a b --force) && said="not refused: $said"
        like "$said" '^virt-ferry: hostb: hostdev0 needs an mdev of type mtty-1' \
                'it is refused before anything is touched'
        ok 'a dry run says the same' -- grep -q 'hostdev0 needs an mdev' <(drive a b --dry-run)
        on_host b 'modprobe mtty'
        mdev_create b "$mdev_b"
}

test_the_daemon_dies() {
        drive_slowly a b --bandwidth 1
        on_host a 'systemctl kill --signal=KILL virtferryd'
        wait_until 60 ferry_up a
        speed_up a
        ok 'the daemon is killed: the command follows the next one to the end' -- wait "$driving"
        is "$(guest_host "$guest")" b 'the daemon is killed: the guest moves all the same'
        ok 'the daemon is killed: the next one saw it finish' -- wait_until 60 migration_is a finished
        ok 'the daemon is killed: no lease is left' -- wait_until 60 no_lease a
        ok 'and it goes back' -- drive b a --force
}

test_they_take_turns() {
        on_host a "printf '[Migration]\nMaxOutgoing=1\n' >/etc/virtferry/virtferry.conf &&
                systemctl restart virtferryd"
        wait_until 60 ferry_up a
        guest_define a plain driven2
        guest_start a driven2
        drive_slowly a b --bandwidth 1
        ok 'the second of two is planned' -- ferry a migrate driven2 hostb --detach
        is "$(last_migration a State)" planned 'and waits'
        speed_up a
        ok 'until the first has moved' -- wait "$driving"
        ok 'then it moves' -- wait_until 120 migration_is a finished
        is "$(guest_host driven2)" b 'and runs there'
        guest_remove driven2
        on_host a 'rm /etc/virtferry/virtferry.conf && systemctl restart virtferryd'
}

mtty_unload_b() {
        mdev_remove b "$mdev_b"
        on_host b 'modprobe -r mtty'
}

# QEMU samples 64 pages of this guest: with two of them written it seems to write 4 MiB a second, and where a
# busy host has learnt that it sends less, no end of the move is foretold.
forget_moves() {
        on_host a 'systemctl stop virtferryd && rm -f /var/lib/virtferry/virtferry.db* && systemctl start virtferryd'
        wait_until 60 ferry_up a
}

prepare() {
        guest_remove "$guest"
        guest_remove driven2
        forget_moves
        mdev_create a "$mdev_a"
        mdev_create b "$mdev_b"
        guest_define a mtty "$guest" "MDEV=$mdev_a"
        guest_start a "$guest"
        wait_until 30 lease_runs a "$mdev_a"
}

clean() {
        guest_remove "$guest"
        mdev_remove a "$mdev_a"
        mdev_remove b "$mdev_b"
}

"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_to_the_end
test_it_settles
test_it_is_stopped
test_it_is_refused
test_it_is_refused_before
test_the_daemon_dies
test_they_take_turns
clean
done_testing
