#!/bin/bash
#
# Hardware slices on a host with two NUMA nodes, four cores, VFs and CXL memory: guests get what they
# were promised while they run, nobody gets what is somebody else's, and memory of a CXL region is
# memory like other.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

one=sliced1
two=sliced2
tap_hosts=(c)

# slice WORD...: `virt-ferry slice WORD...` there, with what it says of errors.
slice() {
        ferry c slice "$@" 2>&1
}

# allocate GUEST XML: what is inside of <slice>, with its attributes before a |
allocate() {
        on_host c "cat >/tmp/$1.slice && virt-ferry slice allocate $1 /tmp/$1.slice 2>&1" \
                <<<"<slice xmlns='urn:virtferry:domain:1' version='1' ${2%%|*}>${2#*|}</slice>"
}

state_of() {
        ferry_get c 'slice list' "[r['State'] for r in rows if r['DomainName'] == '$1'][0]" 2>/dev/null
}

is_enforced() {
        [[ $(state_of "$1") == enforced ]]
}

# "CPU CPU ...": where each vCPU of a guest runs.
pins_of() {
        on_host c "virsh -q vcpupin $1" | awk 'NF { printf "%s%s", s, $2; s = " " }'
}

vcpus_of() {
        on_host c "virsh vcpucount $1 --live --active"
}

balloon_of() {
        on_host c "virsh dommemstat $1" | sed -n 's/^actual //p'
}

nodes_of() {
        on_host c "virsh numatune $1" | sed -n 's/^numa_nodeset *: //p'
}

balloon_is() {
        [[ $(balloon_of "$1") -eq $2 ]]
}

guest_has_vf() {
        guest_ask c "$one" net '^net .*driver=igbvf'
}

# The longest that a guest has not ticked since its tick $2, in tenths of a second.
longest_pause() {
        guest_log c "$1" | sed -n 's/^tick \([0-9]*\) uptime=\(.*\)/\1 \2/p' | awk -v from="$2" '
                $1 > from { if (last && $2 - last > most) most = $2 - last; last = $2 }
                END { printf "%d", most * 10 }'
}

test_cores_of_its_own() {
        local said
        ok 'a slice is promised to a guest that is off' -- \
                allocate "$one" "|<cores count='1' exclusive='yes'/><memory size='192' unit='MiB'/>"
        is "$(state_of "$one")" promised 'and is not enforced yet'
        guest_start c "$one"
        ok 'it is when the guest runs' -- wait_until 60 is_enforced "$one"
        like "$(pins_of "$one")" '^[0-3]' 'its vCPU is on a core'
        is "$(nodes_of "$one")" 0 "its memory is of one node"

        ok 'a second guest has three cores' -- \
                allocate "$two" "|<cores count='3' exclusive='yes'/><memory size='128' unit='MiB'/>"
        said=$(slice add "$one" cores 1) && said="not refused: $said"
        like "$said" "$two" 'a fourth is refused, and told who has them'
        is "$(vcpus_of "$one")" 1 'the guest keeps what it has'
        ok 'the second gives them back' -- slice deallocate "$two"
}

test_it_grows_and_shrinks() {
        local tick calm busy
        tick=$(guest_tick c "$one")
        ok 'it ticks' -- wait_until 60 guest_has_ticked c "$one" "$((tick + 10))"
        calm=$(longest_pause "$one" "$tick")
        tick=$(guest_tick c "$one")

        ok 'another core' -- slice add "$one" cores 1
        ok 'it has it' -- wait_until 60 eval "[[ \$(vcpus_of $one) -eq 2 ]]"
        ok 'and is told enforced' -- wait_until 60 is_enforced "$one"
        is "$(pins_of "$one" | tr ' ' '\n' | head -n 2 | sort -u | wc -l)" 2 'each vCPU has its own'
        ok 'less memory' -- slice remove "$one" memory 64MiB
        ok 'the balloon follows' -- wait_until 60 balloon_is "$one" 131072
        ok 'more memory' -- slice add "$one" memory 64MiB
        ok 'the balloon follows back' -- wait_until 60 balloon_is "$one" 196608

        ok 'a VF with a rate' -- slice add "$one" functions 1 name=nic class=sriov max-mbit=100
        ok 'the guest sees it' -- wait_until 90 guest_has_vf
        like "$(on_host c 'ip link show enp1s0')" 'max_tx_rate 100Mbps' 'the PF limits it'
        is "$(leases c | grep -c running)" 1 'it is leased'
        ok 'and is taken out' -- slice remove "$one" functions 1
        ok 'the guest has none' -- wait_until 90 eval '! guest_has_vf'
        ok 'no lease is left' -- wait_until 60 no_lease c

        ok 'a core less' -- slice remove "$one" cores 1
        ok 'the guest has one' -- wait_until 60 eval "[[ \$(vcpus_of $one) -eq 1 ]]"
        ok 'it still ticks' -- wait_until 60 guest_has_ticked c "$one" "$(guest_tick c "$one")"
        busy=$(longest_pause "$one" "$tick")
        diag <<<"longest time between two ticks: $calm tenths of a second before, $busy meanwhile"
        ok 'it never stood still for more than the emulation does' -- \
                test "$busy" -le "$((calm + 30))"
}

# A region of the CXL memory becomes NUMA node 2; the guest's memory is on it.
test_cxl_memory() {
        on_host c 'cxl create-region -q -t ram -d decoder0.0 -m mem0 && modprobe kmem &&
                echo dax0.0 >/sys/bus/dax/drivers/device_dax/unbind
                echo dax0.0 >/sys/bus/dax/drivers/kmem/new_id 2>/dev/null
                test -d /sys/devices/system/node/node2' >/dev/null
        like "$(ferry c resources)" 'CXL region' 'the region is in the map'
        ok 'a slice of CXL memory' -- \
                allocate "$two" "|<memory size='192' unit='MiB' tier='cxl'/>"
        guest_start c "$two"
        ok 'its guest has it' -- wait_until 60 is_enforced "$two"
        is "$(nodes_of "$two")" 2 'its memory is of the CXL node'
        like "$(on_host c "grep -h N2= /proc/\$(cat /run/libvirt/qemu/$two.pid)/numa_maps")" 'N2=[1-9]' \
                'so says the kernel'
        said=$(allocate "$one" "|<memory size='128' unit='MiB' tier='cxl'/>") && said="promised: $said"
        like "$said" "$two" 'what is promised is not promised twice'
}

prepare() {
        local initrd=/usr/lib/virtferry-bed/initrd-agent guest
        for guest in "$one" "$two"; do
                guest_define c sliced "$guest" "INITRD=$initrd"
        done
        vfs_create c 2
        wait_until 60 ferry_up c
}

"$HOSTS_DIR/hosts" up-c
"$HOSTS_DIR/hosts" install
prepare
test_cores_of_its_own
test_it_grows_and_shrinks
test_cxl_memory
"$HOSTS_DIR/hosts" down-c
done_testing
