#!/bin/bash
#
# The test hosts themselves, without virt-ferry: devices migrate between them, and VFs are there.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"

guest=bed1
mdev=$(uuid_of "$guest mdev")

prepare() {
        local host
        guest_remove "$guest"
        for host in a b; do
                mdev_remove "$host" "$mdev" 2>/dev/null || true
                mdev_create "$host" "$mdev"
        done
        guest_define a mtty "$guest" "MDEV=$mdev"
        guest_start a "$guest"
}

clean() {
        local host
        guest_remove "$guest"
        for host in a b; do
                mdev_remove "$host" "$mdev"
                vfs_create "$host" 0
        done
}

migration_state() {
        on_host "$1" "cat /sys/kernel/debug/vfio/$mdev/migration/state"
}

test_mtty_migrates() {
        local tick
        log "migrating a guest with an mtty device"
        is "$(guest_ask a "$guest" 'uart-set a5 ferry' '^uart')" 'uart set' \
                'the guest writes to its UART'
        is "$(migration_state a)" RUNNING 'the kernel says that the device can migrate'
        tick=$(guest_tick a "$guest")
        ok 'virsh migrate --live moves the guest' -- migrate a b "$guest"
        is "$(guest_host "$guest")" b 'it runs on the other host'
        ok 'it goes on to tick' -- wait_until 30 guest_has_ticked b "$guest" "$tick"
        is "$(guest_ask b "$guest" uart-get '^uart')" 'uart scr=a5 fifo=ferry' \
                'the state of the UART went along'
}

test_igb_has_vfs() {
        local host
        for host in a b; do
                ok "host$host makes VFs" -- vfs_create "$host" 2
                is "$(on_host "$host" 'lspci -Dnd 8086:10ca | cut -d" " -f1 | xargs')" \
                        '0000:01:10.0 0000:01:10.2' "host$host has two VFs"
                ok "a VF of host$host has an IOMMU group" -- \
                        on_host "$host" 'test -d /sys/bus/pci/devices/0000:01:10.0/iommu_group/devices'
        done
}

"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_mtty_migrates
test_igb_has_vfs
clean
log "done"
done_testing
