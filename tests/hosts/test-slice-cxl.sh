#!/bin/bash
#
# Memory of a CXL device on hostc: a region of it becomes a NUMA node, a hardware slice has its memory
# there, and what is promised to one guest is not promised to another.

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

is_enforced() {
        ferry c slice list | grep -q "^$1 *enforced"
}

# By hand: the kernel gives no region to anybody by itself, and it is the operator's to say.
make_region() {
        on_host c 'cxl create-region -q -t ram -d decoder0.0 -m mem0 >/dev/null
                modprobe kmem
                echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind
                echo dax0.0 >/sys/bus/dax/drivers/kmem/new_id
                test -d /sys/devices/system/node/node2' 2>/dev/null
}

resources_have() {
        ferry c resources | grep -q "$1"
}

# How many of its pages are on node $2.
pages_on() {
        on_host c "cat /proc/\$(cat /run/libvirt/qemu/$1.pid)/numa_maps" |
                grep -o "N$2=[0-9]*" | awk -F= '{ n += $2 } END { print n + 0 }'
}

test_the_map_has_it() {
        like "$(ferry c resources)" 'CXL memory mem0' 'the device is in the map'
        ok 'a region of it becomes a node' -- make_region
        ok 'which is in the map, unasked' -- wait_until 30 resources_have 'CXL region region0'
}

test_a_slice_is_of_it() {
        ok 'a slice of CXL memory is promised' -- \
                allocate "$guest" "<memory size='160' unit='MiB' tier='cxl'/>"
        guest_start c "$guest"
        ok 'its guest has it' -- wait_until 60 is_enforced "$guest"
        like "$(on_host c "virsh -q numatune $guest --live")" 'numa_nodeset *: 2' 'it is of the new node'
        ok 'most of its pages are there' -- \
                eval '[[ $(pages_on "$guest" 2) -gt $(pages_on "$guest" 0) ]]'
}

test_it_is_promised_once() {
        local said
        said=$(allocate "$other" "<memory size='128' unit='MiB' tier='cxl'/>") && said="promised: $said"
        like "$said" "$guest" 'another guest is told who has it'
        ok 'local memory it can have' -- allocate "$other" "<memory size='128' unit='MiB' tier='local'/>"
        ok 'and gives it back' -- ferry c slice deallocate "$other"
}

remove() {
        on_host c "virsh -q destroy $1; virsh -q undefine $1; virt-ferry slice deallocate $1
                rm -f /var/log/libvirt/qemu/$1.console" >/dev/null 2>&1 || true
}

"$HOSTS_DIR/hosts" up-c
for name in "$guest" "$other"; do
        remove "$name"
        guest_define c slice "$name" INITRD=/usr/lib/virtferry-bed/initrd-agent
done
test_the_map_has_it
test_a_slice_is_of_it
test_it_is_promised_once
remove "$guest"
remove "$other"
done_testing
