#!/bin/bash
#
# VFs of a real SR-IOV device model (Intel 82576): facts, leases, and a guest with <teaming> whose
# VF is another one on the other host.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=teamed1
mac=52:54:00:76:00:01
vf_a=0000:01:10.0
vf_b=0000:01:10.2 # its sibling 10.0 is taken on hostb

device() {
        ferry_get "$1" devices "[d for d in rows if d['Id'] == '$2'][0]['$3']"
}

vf_of() {
        on_host "$1" "virsh dumpxml $guest" | sed -n \
                "s/.*<address type='pci' domain='0x\(....\)' bus='0x\(..\)' slot='0x\(..\)' function='0x\(.\)'\/>/\1:\2:\3.\4/p" |
                grep '^0000:01:10'
}

guest_has_vf() {
        guest_sees "$1" "$guest" driver=igbvf
}

# The initrd that has QEMU's guest agent, and its channel.
define_with_agent() {
        local channel="<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
        guest_xml igb "$guest" "MAC=$mac" BUS=0x01 SLOT=0x10 FUNCTION=0x0 |
                sed -e 's,<initrd>.*</initrd>,<initrd>/usr/lib/virtferry-bed/initrd-agent</initrd>,' \
                        -e "s,<memballoon,$channel&," |
                on_host a 'virsh -q define /dev/stdin'
}

# All three of the team: VF, virtio half, and net_failover above them.
agent_sees_team() {
        [[ $(on_host "$1" "virsh -q domifaddr $guest --source agent --full" | grep -c "$mac") -eq 3 ]]
}

test_facts() {
        local host
        for host in a b; do
                vfs_create "$host" 2
                ok "host$host sees the VFs, unasked" -- wait_until 30 ferry "$host" devices
        done
        ok 'a new VF is there without a rescan' -- wait_until 30 eval "device a $vf_a Class"
        is "$(device a "$vf_a" Vendor),$(device a "$vf_a" Device)" 32902,4298 'ids: 8086:10ca'
        is "$(device a "$vf_a" Parent)" 0000:01:00.0 'its PF'
        like "$(device a "$vf_a" IommuGroup)" '^[0-9]+$' 'its IOMMU group'
        is "$(device a 0000:01:00.0 VFsMade)/$(device a 0000:01:00.0 VFsTotal)" 2/7 'VFs of the PF'
        is "$(device a "$vf_a" Driver)" "$(on_host a "basename \$(readlink /sys/bus/pci/devices/$vf_a/driver)")" \
                'its driver is the one that the kernel names'
}

# Somebody else has the first VF on hostb.
test_teamed_guest_moves() {
        local tick
        guest_define b igb occupant "MAC=52:54:00:76:00:02" BUS=0x01 SLOT=0x10 FUNCTION=0x0
        guest_start b occupant
        ok 'a guest of hostb has its first VF' -- wait_until 30 lease_runs b "$vf_a"

        define_with_agent
        guest_start a "$guest"
        ok 'the VF is leased' -- wait_until 30 lease_runs a "$vf_a"
        ok 'the guest has the VF' -- wait_until 60 guest_has_vf a
        tick=$(guest_tick a "$guest")

        ok 'plain virsh migrate --live' -- migrate a b "$guest"
        is "$(vf_of b)" "$vf_b" 'on hostb it is another VF'
        ok 'the guest ticks on' -- wait_until 30 guest_has_ticked b "$guest" "$tick"
        ok 'the guest has a VF again' -- wait_until 90 guest_has_vf b
        ok 'and its virtio interface all the time' -- guest_sees b "$guest" driver=virtio_net
        is "$(leases b)" "$vf_a running"$'\n'"$vf_b running" 'both guests of hostb have leases'
        ok 'none is left on hosta' -- wait_until 30 no_lease a
        like "$(device a "$vf_a" Driver)" '^(igbvf|)$' 'the VF of hosta was given back'
}

# Without the driver of its virtio half nothing carries the guest's traffic while the VF is out.
test_agent_is_asked() {
        local said drop
        # shellcheck disable=SC2016 # the guest expands it
        drop='sh for d in /sys/bus/virtio/drivers/virtio_net/virtio*; do echo ${d##*/} >${d%/*}/unbind; done'
        ok "the guest's agent sees the team" -- wait_until 60 agent_sees_team b
        said=$(ferry b check "$guest" hosta 2>&1) || :
        is "$(grep -c 'of the team' <<<"$said")" 0 'check finds nothing wrong with it'

        is "$(guest_ask b "$guest" "$drop" '^sh ')" 'sh 0' 'the driver of its virtio half goes'
        said=$(ferry b check "$guest" hosta 2>&1) && said="no finding: $said"
        like "$said" "agent of guest $guest sees only one interface of the team" 'check says so'
        said=$(ferry b migrate "$guest" hosta --force --strategy mediated 2>&1) && said="moved: $said"
        like "$said" 'sees only one interface' 'and it is not moved like that'
        is "$(guest_host "$guest")" b 'it stays'
}

clean() {
        guest_remove "$guest"
        guest_remove occupant
        ok 'no lease is left' -- wait_until 30 no_lease b
        vfs_create a 0
        vfs_create b 0
        ok 'no VF is left' -- wait_until 30 eval "! ferry b devices | grep -q $vf_a"
}

"$HOSTS_DIR/hosts" up
test_facts
test_teamed_guest_moves
test_agent_is_asked
clean
done_testing
