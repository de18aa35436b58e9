#!/bin/bash
#
# The main job: a guest's VFIO device goes along with plain virsh migrate, and is another one there.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=ferry1
rounds=${VIRTFERRY_ROUNDS:-10}
mdev_a=$(uuid_of "$guest a")
mdev_b=$(uuid_of "$guest b")

prepare() {
        guest_remove "$guest"
        guest_remove "$guest-renamed"
        mdev_create a "$mdev_a"
        mdev_create b "$mdev_b"
        guest_define a mtty "$guest" "MDEV=$mdev_a"
        guest_start a "$guest"
}

metadata() {
        on_host "$1" "virsh metadata $2 urn:virtferry:domain:1 --live"
}

metadata_says() {
        metadata "$1" "$2" | grep -q -- "$3"
}

test_start_is_noticed() {
        ok 'the running guest has its lease' -- wait_until 30 lease_runs a "$mdev_a"
        ok 'its metadata has a fingerprint, unasked' -- \
                wait_until 30 metadata_says a "$guest" mtty-1
        like "$(metadata a "$guest")" 'stop-copy' 'which says that the device can migrate'
}

# moved FROM TO GUEST-THERE DEVICE: what is true after each move.
moved() {
        local from=$1 to=$2 name=$3 device=$4
        is "$(source_of "$to" "$name")" "$device" "$name runs on the device of host$to"
        ok "host$to has one lease and it runs" -- wait_until 30 lease_runs "$to" "$device"
        ok "host$from has none left" -- wait_until 30 no_lease "$from"
        is "$(last_migration "$to" State)" finished "host$to saw the migration finish"
        ok "host$from saw it finish" -- \
                wait_until 30 migration_is "$from" finished
}

test_plain_migrate() {
        local tick
        guest_ask a "$guest" 'uart-set 5a ferry' '^uart set' >/dev/null
        tick=$(guest_tick a "$guest")
        ok 'plain virsh migrate --live' -- migrate a b "$guest"
        moved a b "$guest" "$mdev_b"
        is "$(mdevs a)" "$mdev_a" 'the device that was there before is there still'
        ok 'the guest ticks on' -- wait_until 30 guest_has_ticked b "$guest" "$tick"
        is "$(guest_ask b "$guest" uart-get '^uart')" 'uart scr=5a fifo=ferry' \
                'register and FIFO of the UART went along'
        like "$(last_migration a DowntimeMSec)" '^[0-9]+$' 'the source knows the downtime'
}

test_peer_to_peer_back() {
        ok 'back with --p2p' -- migrate b a "$guest" --p2p
        moved b a "$guest" "$mdev_a"
}

test_persistent() {
        ok 'with --persistent --undefinesource' -- \
                migrate a b "$guest" --persistent --undefinesource
        moved a b "$guest" "$mdev_b"
        ok 'the persistent definition names the device of the destination' -- \
                wait_until 30 source_is "$mdev_b" b "$guest" --inactive
}

test_other_name() {
        ok 'back with --dname' -- migrate b a "$guest" --dname "$guest-renamed"
        moved b a "$guest-renamed" "$mdev_a"
        is "$(ferry_get a leases 'rows[0]["DomainName"]')" "$guest-renamed" \
                'the lease knows the new name'
        ok 'and back to the old one' -- migrate a b "$guest-renamed" --dname "$guest"
        moved a b "$guest" "$mdev_b"
}

# No device is there on host a now: it is made for the guest and removed after it.
test_to_and_fro() {
        local round failed=0
        on_host b "virsh undefine $guest" >/dev/null 2>&1 || true
        mdev_remove a "$mdev_a"
        guest_ask b "$guest" 'uart-set c3 to-and-fro' '^uart set' >/dev/null
        for ((round = 1; round <= rounds; round++)); do
                log "round $round of $rounds"
                migrate b a "$guest" >/dev/null || failed=$((failed + 1))
                migrate a b "$guest" >/dev/null || failed=$((failed + 1))
        done
        is "$failed" 0 "$rounds times to and fro"
        moved a b "$guest" "$mdev_b"
        is "$(mdevs a)" '' 'no mdev is left over on hosta'
        is "$(mdevs b)" "$mdev_b" 'none on hostb but the one that was there'
        is "$(guest_ask b "$guest" uart-get '^uart')" 'uart scr=c3 fifo=to-and-fro' \
                'the state of the UART is what it was'
}

clean() {
        guest_remove "$guest"
        ok 'when the guest has ended, no lease is left' -- wait_until 30 no_lease b
        mdev_remove b "$mdev_b"
}

"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_start_is_noticed
test_plain_migrate
test_peer_to_peer_back
test_persistent
test_other_name
test_to_and_fro
clean
done_testing
