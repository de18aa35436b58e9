#!/bin/bash
#
# What a host's switch knows of a VF goes along with the guest: MAC, VLAN, rate, spoof check and an
# entry of the bridge's FDB. The PFs are ports of a bridge of their own.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=switched1
mac=52:54:00:76:00:11
vf=0000:01:10.0
pf=enp1s0

# "link/ether 52:54:00:76:00:11 brd ..., vlan 100, ..." of VF 0
vf_line() {
        on_host "$1" "ip link show $pf" | sed -n 's/^ *vf 0 *//p'
}

fdb_line() {
        on_host "$1" "bridge fdb show dev $pf | grep $mac || true"
}

vf_line_is() {
        [[ $(vf_line "$1") == "$2" ]]
}

fdb_line_is() {
        [[ $(fdb_line "$1") == "$2" ]]
}

vf_has_mac() {
        [[ $(vf_line "$1") == *$mac* ]]
}

metadata_has() {
        on_host "$1" "virsh metadata $guest --uri urn:virtferry:domain:1" | grep -q -- "$2"
}

# The rate needs a link, and the bridge no way to the other one that hosts and guests are on.
set_up() {
        local host
        for host in a b; do
                vfs_create "$host" 1
                on_host "$host" "ip link add sw0 type bridge && ip link set $pf master sw0 up"
                ok "host$host sees its VF" -- wait_until 30 eval \
                        "ferry $host devices | grep -q $vf"
        done
        pristine_a=$(vf_line a)
        pristine_b=$(vf_line b)
}

test_the_source_writes_down_what_it_sees() {
        guest_define a igb "$guest" "MAC=$mac" BUS=0x01 SLOT=0x10 FUNCTION=0x0
        guest_start a "$guest"
        ok 'the VF is leased' -- wait_until 30 lease_runs a "$vf"
        ok 'libvirt has given the VF its MAC' -- wait_until 30 vf_has_mac a
        ok 'which is in the metadata' -- wait_until 30 metadata_has a "mac=\"$mac\""

        on_host a "ip link set $pf vf 0 vlan 100 qos 3 && ip link set $pf vf 0 max_tx_rate 100 &&
                ip link set $pf vf 0 spoofchk off && bridge fdb add $mac dev $pf master static"
        ok 'what is changed while it runs is there soon' -- wait_until 30 metadata_has a 'vlan="100"'
        ok 'the rate, too' -- wait_until 30 metadata_has a 'max-tx-rate="100"'
        ok 'the spoof check, too' -- wait_until 30 metadata_has a 'spoof-check="no"'
        ok 'the FDB entry, too' -- wait_until 30 metadata_has a "<fdb mac=\"$mac\""
        configured=$(vf_line a)
        configured_fdb=$(fdb_line a)
}

test_a_failed_move_changes_nothing() {
        local moving
        migrate a b "$guest" >/dev/null 2>&1 &
        moving=$!
        ok 'the VF of hostb is prepared' -- wait_until 90 vf_has_mac b
        ok 'the move is broken off' -- wait_until 30 on_host a "virsh domjobabort $guest"
        fails 'it has failed' -- wait "$moving"
        ok 'the VF of hostb is as it was' -- wait_until 30 vf_line_is b "$pristine_b"
        ok 'and its bridge' -- wait_until 30 fdb_line_is b ''
        is "$(vf_line a)" "$configured" 'the VF of hosta is as it was'
        is "$(fdb_line a)" "$configured_fdb" 'and its bridge'
        ok 'no lease is left on hostb' -- wait_until 30 no_lease b
}

test_it_arrives_the_same() {
        local tick
        tick=$(guest_tick a "$guest")
        ok 'plain virsh migrate --live' -- migrate a b "$guest"
        ok 'the guest ticks on' -- wait_until 30 guest_has_ticked b "$guest" "$tick"
        is "$(vf_line b)" "$configured" 'MAC, VLAN, rate and spoof check are the same on hostb'
        is "$(fdb_line b)" "$configured_fdb" 'and the FDB entry'
        ok 'the VF of hosta is as it was before the guest' -- wait_until 30 vf_line_is a "$pristine_a"
        ok 'its bridge does not know the MAC any more' -- wait_until 30 fdb_line_is a ''
        ok 'hostb keeps it current' -- wait_until 30 metadata_has b 'vlan="100"'
}

test_it_leaves_no_trace() {
        on_host b "virsh -q destroy $guest"
        ok 'no lease is left on hostb' -- wait_until 30 no_lease b
        ok 'the VF of hostb is as it was before the guest' -- wait_until 30 vf_line_is b "$pristine_b"
        ok 'and its bridge' -- wait_until 30 fdb_line_is b ''
}

clean() {
        local host
        guest_remove "$guest"
        for host in a b; do
                on_host "$host" "ip link set $pf nomaster; ip link del sw0" || true
                vfs_create "$host" 0
        done
}

"$HOSTS_DIR/hosts" up
set_up
test_the_source_writes_down_what_it_sees
test_a_failed_move_changes_nothing
test_it_arrives_the_same
test_it_leaves_no_trace
clean
done_testing
