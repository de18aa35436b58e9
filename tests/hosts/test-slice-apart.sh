#!/bin/bash
#
# What two guests cannot both have, on hostc: functions of one IOMMU group, and memory of a CXL device,
# a region of which becomes a NUMA node. A guest lives on it, leaves it for local memory and comes back.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=cxl1
other=cxl2
# shellcheck disable=SC2034 # for tap.sh
tap_hosts=(c)

allocate() {
        on_host c "virt-ferry slice allocate $1 - 2>&1" <<<"<slice version='1'>$2</slice>"
}

# By hand: the kernel gives no region to anybody by itself, and it is the operator's to say. Not movable:
# KVM needs memory of the kernel on the nodes of a guest.
make_region() {
        on_host c 'test ! -d /sys/devices/system/node/node2 || exit 0
                cxl create-region -t ram -d decoder0.0 -m mem0 && modprobe kmem || exit
                echo online_kernel >/sys/devices/system/memory/auto_online_blocks
                echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind
                echo dax0.0 >/sys/bus/dax/drivers/kmem/new_id || :
                until test -d /sys/devices/system/node/node2; do sleep 0.2; done
                systemctl restart libvirtd' # which counts the nodes when it starts
}

# The card whose port cannot keep its functions apart.
flat_pf() {
        on_host c 'for net in /sys/class/net/*; do
                [ "$(cat $net/address)" != 52:54:00:04:00:03 ] || basename $(readlink -f $net/device)
        done'
}

resources_have() {
        ferry c resources | grep -q "$1"
}

test_one_iommu_group() {
        local pf said
        pf=$(flat_pf)
        on_host c "echo 2 >/sys/bus/pci/devices/$pf/sriov_numvfs"
        is "$(on_host c "for vf in /sys/bus/pci/devices/$pf/virtfn*; do
                readlink \$vf/iommu_group; done | sort -u | wc -l")" 1 'two VFs are one IOMMU group'
        ok 'they are known' -- wait_until 30 eval "ferry c resources | grep -A1 '$pf' | grep -q VFs"
        ok 'one guest is promised one of them' -- \
                allocate "$guest" "<function name='nic' parent='$pf'/>"
        said=$(allocate "$other" "<function name='nic' parent='$pf'/>") && said="promised: $said"
        like "$said" "IOMMU group.*$guest|$guest.*IOMMU group" 'the other is refused, and told why'
        ok 'it is given back' -- ferry c slice deallocate "$guest"
        ok 'and then the other has it' -- allocate "$other" "<function name='nic' parent='$pf'/>"
        ok 'and gives it back, too' -- ferry c slice deallocate "$other"
        on_host c "echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs"
}

test_the_map_has_it() {
        like "$(ferry c resources)" 'CXL memory mem0' 'the device is in the map'
        ok 'a region of it becomes a node' -- make_region
        ok 'which is in the map, unasked' -- wait_until 30 resources_have 'CXL region region0'
}

test_a_slice_is_of_it() {
        ok 'a slice of CXL memory is promised' -- \
                allocate "$guest" "<memory size='160' unit='MiB' tier='cxl'/>"
        like "$(ferry c slice show "$guest")" '(cxl:region0|memory:2) +memory' 'it is of the region'
}

# MiB of the guest's process on a NUMA node; the kernel's own zero page is no memory of anybody.
mib_on() {
        on_host c "grep -o 'N$1=[0-9]*' /proc/\$(cat /run/libvirt/qemu/$guest.pid)/numa_maps" |
                awk -F= '{ pages += $2 } END { print int(pages / 256) }'
}

# Its own count never began anew.
counted_on() {
        guest_log c "$guest" |
                awk '$1 == "tick" { if ($2 <= last) bad = 1; last = $2 } END { exit bad || !last }'
}

# lives_on NODE...: all of it, and nothing anywhere else.
lives_on() {
        local node
        for node in 0 1 2; do
                if [[ " $* " == *" $node "* ]]; then
                        (($(mib_on "$node") > 100)) || return 1
                else
                        (($(mib_on "$node") == 0)) || return 1
                fi
        done
}

test_a_guest_lives_on_it() {
        local tick
        ok 'a guest starts' -- on_host c "virsh -q start $guest"
        ok 'all of its memory is of the region' -- wait_until 60 lives_on 2
        ok 'and it runs on it' -- wait_until 120 guest_has_ticked c "$guest" 3
        tick=$(guest_tick c "$guest")
        ok 'it gets local memory while it runs' -- \
                allocate "$guest" "<memory size='160' unit='MiB' tier='local' node='1'/>"
        ok 'all of it leaves the region' -- wait_until 60 lives_on 1
        ok 'it ticks on' -- wait_until 60 guest_has_ticked c "$guest" "$tick"
        tick=$(guest_tick c "$guest")
        ok 'and CXL memory again' -- allocate "$guest" "<memory size='160' unit='MiB' tier='cxl'/>"
        ok 'all of it comes back' -- wait_until 60 lives_on 2
        ok 'it ticks on there' -- wait_until 60 guest_has_ticked c "$guest" "$tick"
        ok 'and has counted on all the time' -- counted_on
}

test_it_is_promised_once() {
        local said
        said=$(allocate "$other" "<memory size='400' unit='MiB' tier='cxl'/>") && said="promised: $said"
        like "$said" "$guest" 'another guest is told who has it'
        ok 'local memory it can have' -- allocate "$other" "<memory size='400' unit='MiB' tier='local'/>"
        ok 'and gives it back' -- ferry c slice deallocate "$other"
}

remove() {
        on_host c "virsh -q destroy $1; virsh -q undefine $1; virt-ferry slice deallocate $1
                rm -f /var/log/libvirt/qemu/$1.console" >/dev/null 2>&1 || true
}

"$HOSTS_DIR/hosts" up-c
"$HOSTS_DIR/hosts" install c
for name in "$guest" "$other"; do
        remove "$name"
        guest_define c slice "$name" INITRD=/usr/lib/virtferry-bed/initrd-agent
done
test_one_iommu_group
test_the_map_has_it
test_a_slice_is_of_it
test_a_guest_lives_on_it
test_it_is_promised_once
remove "$guest"
remove "$other"
"$HOSTS_DIR/hosts" down-c # the next one starts without the region
done_testing
