#!/bin/bash
#
# A check of a guest says before the move what the move would say, names the host that it is of, and
# touches nothing; rules that an operator writes hold.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=checked1
mdev_a=$(uuid_of "$guest a")
rules=/etc/virtferry/compat.d

# rule HOST FILE TEXT: a file of rules there, and the daemon reads it; without TEXT it goes.
rule() {
        if [[ -n ${3-} ]]; then
                on_host "$1" "mkdir -p $rules && cat >$rules/$2" <<<"$3"
        else
                on_host "$1" "rm -f $rules/$2"
        fi
        on_host "$1" 'systemctl restart virtferryd'
        wait_until 30 ferry_up "$1"
        wait_until 30 libvirt_there "$1"
}

libvirt_there() {
        on_host "$1" 'busctl get-property org.virtferry1 /org/virtferry1 org.virtferry1.Manager LibvirtConnected' |
                grep -q true
}

# What a check of the guest says on a, whatever its exit status.
said() {
        ferry a check "$@" 2>&1 || true
}

test_a_guest_that_can_move() {
        ok 'nothing keeps it here' -- ferry a check "$guest"
        ok 'nor from the other host' -- ferry a check "$guest" hostb
        like "$(said "$guest" hostb)" "^$guest can move to hostb\.\$" 'it says so'
        is "$(leases b)" '' 'and reserves nothing'
}

test_a_host_that_has_nothing_for_it() {
        on_host b 'modprobe -r mtty'
        wait_until 30 check_fails
        like "$(said "$guest" hostb)" 'error +hostb +hostdev0 +hostdev0 needs an mdev of type mtty-1' \
                'the sentence of the refusal, and whose it is'
        ok 'the guest itself could move' -- ferry a check "$guest"
        on_host b 'modprobe mtty'
        ok 'until the host has what it needs' -- wait_until 30 ferry a check "$guest" hostb
}

check_fails() {
        ! ferry a check "$guest" hostb
}

test_an_operator_writes_a_rule() {
        rule b mtty.conf $'[Rule mtty]\nDrivers=mtty;\nEqual=driver;driver-version;firmware;subsystem;\nWhy=by order'
        ok 'what is unknown on both hosts is no difference' -- ferry a check "$guest" hostb
        rule b mtty.conf $'[Rule mtty]\nDrivers=mtty;\nEqual=colour;'
        like "$(ferry b check)" "$rules/mtty.conf:3: \[Rule mtty\] Equal must be words of" \
                'a fault is told with its line'
        like "$(on_host b 'journalctl -q -u virtferryd -o cat')" 'A file of rules is passed over' \
                'in the journal too'
        rule b mtty.conf
}

test_a_guest_that_is_not_there() {
        fails 'nobody' -- ferry a check nobody
        like "$(said nobody)" "This host has no guest 'nobody'" 'is told'
}

prepare() {
        guest_remove "$guest"
        mdev_create a "$mdev_a"
        guest_define a mtty "$guest" "MDEV=$mdev_a"
        guest_start a "$guest"
        wait_until 30 lease_runs a "$mdev_a"
}

"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_a_guest_that_can_move
test_a_host_that_has_nothing_for_it
test_an_operator_writes_a_rule
test_a_guest_that_is_not_there
is "$(leases a)" "$mdev_a running" 'the lease of the source was never touched'
guest_remove "$guest"
mdev_remove a "$mdev_a"
done_testing
