#!/bin/bash
#
# Something is killed in the middle of a migration: the guest runs on exactly one host, and no lease
# is lost, doubled or left.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=killed1
mdev_a=$(uuid_of "$guest a")
mdev_b=$(uuid_of "$guest b")

# begin_slowly: a migration from a to b that takes until speed_up; returns when memory flows.
begin_slowly() {
        migrate a b "$guest" --bandwidth 1 >"$RUN/migrate.log" 2>&1 &
        migration=$!
        wait_until 90 memory_flows
}

speed_up() {
        on_host a "virsh migrate-setspeed $guest 1000"
}

guest_runs_on() {
        [[ $(guest_host "$guest") == "$1" ]]
}

memory_flows() {
        on_host a "virsh domjobinfo $guest" | grep -Eq 'Memory processed: +[1-9]'
}

kill_unit() {
        on_host "$1" "systemctl kill --signal=KILL $2"
}

kill_qemu() {
        on_host "$1" "kill -KILL \$(cat /run/libvirt/qemu/$guest.pid)"
}

arrived() {
        local what=$1
        ok "$what: the migration goes on" -- wait "$migration"
        is "$(guest_host "$guest")" b "$what: the guest runs on hostb only"
        ok "$what: its lease there runs" -- wait_until 60 lease_runs b "$mdev_b"
        ok "$what: none is left at the source" -- wait_until 60 no_lease a
        ok "$what: hostb saw it finish" -- \
                wait_until 60 migration_is b finished
        ok "$what: hosta saw it finish" -- \
                wait_until 60 migration_is a finished
}

stayed() {
        local what=$1 tick
        fails "$what: the migration fails" -- wait "$migration"
        tick=$(guest_tick a "$guest")
        ok "$what: the guest ticks on" -- wait_until 60 guest_has_ticked a "$guest" "$tick"
        ok "$what: it runs on hosta only" -- wait_until 60 guest_runs_on a
        ok "$what: its lease is untouched" -- wait_until 60 lease_runs a "$mdev_a"
        ok "$what: nothing is left on hostb" -- wait_until 90 no_lease b
        is "$(mdevs b)" "$mdev_b" "$what: no device is left on hostb"
        ok "$what: hostb rolled back" -- \
                wait_until 60 migration_is b rolled-back
}

back() {
        migrate b a "$guest" >/dev/null
        wait_until 60 lease_runs a "$mdev_a"
        wait_until 60 no_lease b
}

test_daemon_of_the_destination() {
        begin_slowly
        kill_unit b virtferryd
        speed_up
        arrived 'kill -9 of the daemon of the destination'
        back
}

test_daemon_of_the_source() {
        begin_slowly
        kill_unit a virtferryd
        speed_up
        arrived 'kill -9 of the daemon of the source'
        back
}

test_qemu_of_the_destination() {
        begin_slowly
        kill_qemu b
        stayed "kill -9 of the destination's QEMU"
}

test_libvirtd_of_the_destination() {
        begin_slowly
        kill_unit b libvirtd
        stayed "kill -9 of the destination's libvirtd"
}

prepare() {
        guest_remove "$guest"
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
test_daemon_of_the_destination
test_daemon_of_the_source
test_qemu_of_the_destination
test_libvirtd_of_the_destination
clean
done_testing
