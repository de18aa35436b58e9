#!/bin/bash
#
# A move is tried before it: a state goes from a free device of the guest's host into the one that it
# would get, the driver there judges it, and nothing is left. What can be mended safely is.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=tried1
mdev_a=$(uuid_of "$guest a")
free_a=$(uuid_of "$guest free")
other_b=$(uuid_of "$guest other") # of another type
hook=/etc/libvirt/hooks/qemu.d/50-virtferry
uri=urn:virtferry:domain:1

# What a trial says on a, whatever its exit status.
tried() {
        ferry a check --trial "$@" 2>&1 || true
}

nothing_is_left() {
        is "$(leases a)" "$mdev_a running" "$1: no lease of it is left where the guest is"
        is "$(leases b)" '' "$1: and none on the other host"
        is "$(mdevs a)" "$before_a" "$1: no device was left where the guest is"
        is "$(mdevs b)" "$before_b" "$1: and none on the other host"
}

note_mdevs() {
        before_a=$(mdevs a)
        before_b=$(mdevs b)
}

mdev_is_known() {
        ferry "$1" devices --json | grep -q "$2"
}

libvirt_there() {
        on_host "$1" 'busctl get-property org.virtferry1 /org/virtferry1 org.virtferry1.Manager LibvirtConnected' |
                grep -q true
}

test_devices_that_are_made_for_it() {
        note_mdevs
        ok 'a trial says that the guest can move' -- ferry a check --trial "$guest" hostb
        like "$(tried "$guest" hostb)" "note +hostb +.*Tried: [0-9a-f-]{36} loads the state of [0-9a-f-]{36} \([0-9]+ B\)" \
                'which device there loads the state of which one here'
        nothing_is_left 'devices that were made'
}

test_a_free_device_is_taken_first() {
        mdev_create a "$free_a"
        wait_until 30 mdev_is_known a "$free_a"
        note_mdevs
        like "$(tried "$guest" hostb)" "loads the state of $free_a" 'a free device saves its state'
        nothing_is_left 'a free device'
        is "$(on_host a "cat /sys/kernel/debug/vfio/$free_a/migration/state")" RUNNING \
                'it runs as before'
}

# need TYPE: what the operator says of the guest's device; - takes it back.
need() {
        local xml
        xml=$(on_host a "virsh metadata $guest $uri --live" |
                sed -E 's#<([a-z]+:)?need [^>]*/>##')
        [[ $1 == - ]] || xml=$(sed -E "s#<([a-z]+:)?seen #<\1need class='mdev' type='$1'/>&#" <<<"$xml")
        on_host a "virsh -q metadata $guest $uri --live --key ferry --set ${xml@Q}"
}

# The kernel checks the number of ports when it reads the header of the state.
test_what_only_the_driver_knows_is_found_out() {
        mdev_create b "$other_b" mtty-2
        wait_until 30 mdev_is_known b "$other_b"
        need mtty-2
        note_mdevs
        ok 'without a trial nothing is in the way' -- ferry a check "$guest" hostb
        fails 'with it there is' -- ferry a check --trial "$guest" hostb
        like "$(tried "$guest" hostb)" \
                "error +hostb +.*A trial has failed.*$other_b: its driver mtty refuses to load the state: Bad address \(EFAULT\)" \
                'in the words of the driver, before the guest was paused'
        like "$(ferry a --json check --trial "$guest" hostb || true)" '"Severity" : "error"' 'as JSON too'
        nothing_is_left 'a state of another type'
        like "$(ferry b probe "$other_b" 2>&1)" 'saves and loads its state' 'that device is as good as before'
        need -
        mdev_remove b "$other_b"
}

mdevs_are() {
        [[ $(mdevs "$1") == "$2" ]]
}

# Wherever the kill comes: before, in or after the trial there.
test_a_killed_daemon_leaves_nothing() {
        local delay pid
        note_mdevs
        for delay in 1 2 3; do
                (tried "$guest" hostb >/dev/null) &
                pid=$!
                on_host b "sleep $delay; systemctl kill -s KILL virtferryd"
                wait "$pid" || true
                wait_until 60 ferry_up b
                wait_until 60 libvirt_there b
                wait_until 60 mdevs_are b "$before_b" || true
                wait_until 60 no_lease b || true
                nothing_is_left "a kill after $delay s"
        done
        ok 'and the next trial is good' -- ferry a check --trial "$guest" hostb
}

test_a_hook_that_libvirt_does_not_know_is_mended() {
        on_host b "touch $hook; systemctl restart virtferryd"
        wait_until 30 libvirt_there b
        like "$(ferry b check)" 'libvirtd .*has been running since before the hook was installed' \
                'libvirt is older than its hook'
        like "$(ferry b check --fix 2>&1)" 'libvirtd: restarts libvirtd, which looks for hooks when it starts' \
                'it is restarted'
        wait_until 30 libvirt_there b
        ok 'and nothing is missing any more' -- ferry b check
        is "$(guest_host "$guest")" a 'the guest runs on'

        on_host b "chmod 644 $hook"
        fails 'a hook that is not executable is an error' -- ferry b check
        like "$(ferry b check --fix 2>&1)" 'puts the hook in its place' 'it is put in its place again'
        wait_until 30 libvirt_there b
        ok 'as it was' -- ferry b check
}

test_then_it_moves() {
        ok 'after all that, it moves' -- migrate a b "$guest"
        is "$(guest_host "$guest")" b 'and runs there'
}

prepare() {
        guest_remove "$guest"
        mdev_create a "$mdev_a"
        guest_define a mtty "$guest" "MDEV=$mdev_a"
        guest_start a "$guest"
        wait_until 30 lease_runs a "$mdev_a"
}

clean() {
        guest_remove "$guest"
        mdev_remove a "$mdev_a" 2>/dev/null || true
        mdev_remove a "$free_a"
}

"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_devices_that_are_made_for_it
test_a_free_device_is_taken_first
test_what_only_the_driver_knows_is_found_out
test_a_killed_daemon_leaves_nothing
test_a_hook_that_libvirt_does_not_know_is_mended
test_then_it_moves
clean
done_testing
