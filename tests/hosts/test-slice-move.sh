#!/bin/bash
#
# A guest with a hardware slice moves by plain virsh migrate and has its slice on the other host, with
# that host's CPUs, and no more on the first. Where there is no room for it, check says so before, and
# the hook refuses it with the same words; when there is room again, it moves.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=sliced1
other=sliced2
occupant=$(uuid_of occupant)
half="<cores count='1' share='500'/><memory size='128' unit='MiB'/>"
refusal="Hardware slice of guest $other: This host has no CPU with 500 thousandths left.*'$occupant' holds most"

# allocate HOST GUEST XML: what is between the tags of <slice>.
allocate() {
        on_host "$1" "virt-ferry slice allocate $2 -" <<<"<slice version='1'>$3</slice>"
}

slice_get() {
        ferry "$1" --json slice list | python3 -c "
import json, sys
rows = [row for row in json.load(sys.stdin) if row['DomainUUID'] == '$2']
print(rows[0]['$3'] if rows else '')"
}

is_enforced() {
        [[ $(slice_get "$1" "$(uuid_of "$2")" State) == enforced ]]
}

has_no_slice() {
        [[ -z $(slice_get "$1" "$(uuid_of "$2")" State) ]]
}

pin_of() {
        on_host "$1" "virsh -q vcpupin $2 --vcpu 0 --live" | awk '{ print $NF }'
}

shares_of() {
        on_host "$1" "virsh -q schedinfo $2 --live" | awk '$1 == "cpu_shares" { print $NF }'
}

cpus_of() {
        on_host "$1" 'cat /sys/devices/system/cpu/online'
}

metadata_has_slice() {
        on_host "$1" "virsh metadata $2 --uri urn:virtferry:domain:1" | grep -q 'share="500"'
}

test_a_slice_goes_along() {
        local tick
        ok 'the guest gets half a CPU of hosta' -- allocate a "$guest" "$half"
        ok 'it is enforced there' -- wait_until 120 is_enforced a "$guest"
        ok 'and in the metadata' -- wait_until 60 metadata_has_slice a "$guest"
        ok 'nothing keeps it from hostb' -- ferry a check "$guest" hostb
        is "$(slice_get b "$(uuid_of "$guest")" State)" '' 'a check promises nothing there'

        tick=$(guest_tick a "$guest")
        ok 'plain virsh migrate --live' -- migrate a b "$guest"
        ok 'the guest ticks on' -- wait_until 30 guest_has_ticked b "$guest" "$tick"
        ok 'its slice is enforced on hostb' -- wait_until 120 is_enforced b "$guest"
        is "$(slice_get b "$(uuid_of "$guest")" Problem)" '' 'without a problem'
        is "$(pin_of b "$guest")" "$(cpus_of b)" 'its vCPU is pinned to the CPU of hostb'
        is "$(shares_of b "$guest")" 50 'with the weight of half a CPU'
        ok 'on hosta it has none any more' -- wait_until 30 has_no_slice a "$guest"
        ok 'it goes with the guest' -- eval \
                "on_host b 'virsh -q destroy $guest' && wait_until 30 has_no_slice b $guest"
}

test_where_there_is_no_room_it_is_refused() {
        local said
        ok 'hostb has promised more than half a CPU' -- \
                allocate b "$occupant" "<cores count='1' share='600'/>"
        ok 'another guest gets half of that of hosta' -- allocate a "$other" "$half"
        ok 'it is enforced' -- wait_until 120 is_enforced a "$other"
        ok 'and in the metadata' -- wait_until 60 metadata_has_slice a "$other"

        said=$(ferry a check "$other" hostb 2>&1) && said="no finding: $said"
        like "$said" "error +hostb +slice +$refusal" 'check says who has what it needs'
        said=$(ferry a migrate "$other" hostb 2>&1) && said="moved: $said"
        like "$said" "hostb: $refusal" 'virt-ferry migrate says so before anything is touched'
        refused "$other" "$refusal" 'virsh migrate'
        ok 'it keeps its slice' -- is_enforced a "$other"
        is "$(slice_get b "$(uuid_of "$other")" State)" '' 'and has none on hostb'
}

test_it_moves_when_there_is_room() {
        ok 'the room is given back' -- ferry b slice deallocate "$occupant"
        ok 'nothing keeps it from hostb' -- ferry a check "$other" hostb
        ok 'it moves' -- migrate a b "$other"
        ok 'its slice is enforced on hostb' -- wait_until 120 is_enforced b "$other"
        ok 'on hosta it has none any more' -- wait_until 30 has_no_slice a "$other"
}

clean() {
        local host name
        for name in "$guest" "$other"; do
                guest_remove "$name"
                for host in a b; do
                        ferry "$host" slice deallocate "$(uuid_of "$name")" >/dev/null 2>&1 || true
                done
        done
        ferry b slice deallocate "$occupant" >/dev/null 2>&1 || true
}

"$HOSTS_DIR/hosts" up
clean
for name in "$guest" "$other"; do
        guest_define a plain "$name"
        guest_start a "$name"
done
test_a_slice_goes_along
test_where_there_is_no_room_it_is_refused
test_it_moves_when_there_is_room
clean
done_testing
