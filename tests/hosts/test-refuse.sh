#!/bin/bash
#
# What does not fit is refused with one sentence before the guest is paused, and leaves nothing.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=refused1
mdev_a=$(uuid_of "$guest a")
mdev_b=$(uuid_of "$guest b")
conf=/etc/virtferry/virtferry.conf

# configure HOST TEXT: a configuration for the time of a test; without TEXT the defaults.
configure() {
        if [[ -n ${2-} ]]; then
                on_host "$1" "mkdir -p /etc/virtferry && cat >$conf" <<<"$2"
        else
                on_host "$1" "rm -f $conf"
        fi
        on_host "$1" 'systemctl restart virtferryd'
}

# Until the daemon has noticed.
mtty_load() {
        on_host "$1" 'modprobe mtty'
        wait_until 30 some_offer "$1"
}

mtty_unload() {
        on_host "$1" 'modprobe -r mtty'
        wait_until 30 no_offer "$1"
}

no_offer() {
        [[ $(ferry_get "$1" offers 'len(rows)') == 0 ]]
}

some_offer() {
        [[ $(ferry_get "$1" offers 'len(rows)') -gt 0 ]]
}

test_no_parent() {
        mtty_unload b
        refused "$guest" 'hostdev0 needs an mdev of type mtty-1, and no driver' 'no parent on the host'
        mtty_load b
}

# 12 of mtty-2 take all 24 ports: none of mtty-1 can be made any more. The kernel itself would only
# refuse at load, with the guest paused.
test_type_does_not_match() {
        local i
        for ((i = 0; i < 12; i++)); do
                mdev_create b "$(uuid_of "filler $i")" mtty-2
        done
        refused "$guest" 'hostdev0 needs an mdev of type mtty-1, this host has only mtty-2, and mtty has no instance left' \
                'only another type is free'
        for ((i = 0; i < 12; i++)); do
                mdev_remove b "$(uuid_of "filler $i")"
        done
}

test_capability_is_missing() {
        mtty_unload b
        # shellcheck disable=SC2016 # the other host's shell expands it
        on_host b 'modprobe mdev && insmod /lib/modules/$(uname -r)/virtferry/mtty-nomig.ko'
        wait_until 30 some_offer b
        mdev_create b "$mdev_b"
        refused "$guest" 'migrat' 'the driver there cannot migrate'
        mdev_remove b "$mdev_b"
        refused "$guest" 'migrat' 'nor can a device that is made for the guest'
        on_host b 'rmmod mtty-nomig'
        mtty_load b
}

test_daemon_is_down() {
        on_host b 'systemctl stop virtferryd && systemctl mask --runtime virtferryd'
        local said tick
        tick=$(guest_tick a "$guest")
        said=$(migrate a b "$guest" 2>&1) && said="not refused: $said"
        like "$said" 'virt-ferry: .*virtferryd' 'the daemon is down: it is refused with the reason'
        ok 'the daemon is down: the guest ticks on' -- \
                wait_until 30 guest_has_ticked a "$guest" "$tick"
        on_host b 'systemctl unmask --runtime virtferryd && systemctl start virtferryd'
}

test_pool_is_exhausted() {
        local other=refused2
        configure b $'[Pool one]\nClass=mdev\nMax=1'
        mdev_create b "$mdev_b"
        guest_define b mtty "$other" "MDEV=$mdev_b"
        guest_start b "$other"
        ok 'another guest has the only lease of the pool' -- wait_until 30 lease_runs b "$mdev_b"
        refused "$guest" "pool 'one'.*$other" 'the pool is exhausted'
        is "$(leases b)" "$mdev_b running" 'the other lease is untouched'
        guest_define b mtty refused3 "MDEV=$mdev_b"
        like "$(on_host b 'virsh start refused3' 2>&1)" "leased to guest $other" \
                'a second guest cannot start on the leased device'
        guest_remove refused3
        guest_remove "$other"
        ok 'its lease ends with it' -- wait_until 30 no_lease b
        mdev_remove b "$mdev_b"
        configure b
}

# check FILE answers as the hook would, and reserves nothing.
test_check_says_the_same() {
        on_host a "virsh dumpxml --migratable $guest" >"$RUN/$guest.xml"
        "$HOSTS_DIR/hosts" copy-to b "$RUN/$guest.xml" /tmp/guest.xml
        ok 'check --xml says that it fits' -- ferry b check --xml /tmp/guest.xml
        is "$(leases b)" '' 'and reserves nothing'
        ok 'a parent that goes is noticed' -- mtty_unload b
        fails 'check --xml says that it does not fit' -- ferry b check --xml /tmp/guest.xml
        ok 'and one that comes' -- mtty_load b
}

test_then_it_moves() {
        ok 'after all that, it moves' -- migrate a b "$guest"
        is "$(guest_host "$guest")" b 'and runs there'
}

prepare() {
        guest_remove "$guest"
        mtty_load b
        mdev_create a "$mdev_a"
        guest_define a mtty "$guest" "MDEV=$mdev_a"
        guest_start a "$guest"
        wait_until 30 lease_runs a "$mdev_a"
}

clean() {
        guest_remove "$guest"
        mdev_remove a "$mdev_a"
}

"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_check_says_the_same
test_no_parent
test_type_does_not_match
test_capability_is_missing
test_daemon_is_down
test_pool_is_exhausted
is "$(leases a)" "$mdev_a running" 'the lease of the source was never touched'
test_then_it_moves
clean
done_testing
