# shellcheck shell=bash
#
# virt-ferry on the two hosts, for tests. Sourced after guest.sh.
#
#   ferry HOST ARG...            the command line there
#   ferry_get HOST WHAT PYTHON   a Python expression over the JSON of `virt-ferry WHAT`, as `rows`
#   leases HOST                  "DEVICE STATE" of each lease, sorted
#   mdevs HOST                   uuids of its mdevs, sorted
#   source_of HOST GUEST [virsh dumpxml OPTION...]   the mdev uuid in its domain there
#   no_lease HOST, lease_runs HOST DEVICE, migration_is HOST STATE, source_is DEVICE HOST GUEST...
#                                conditions for wait_until
#   last_migration HOST PROPERTY
#   ferry_up HOST                the daemon there answers
#   refused GUEST REGEX DESC [OPTION...]   a migration from a to b is refused with such a sentence,
#                                the guest ticks on at a, and b has nothing of it

ferry() {
        local host=$1
        shift
        on_host "$host" "virt-ferry ${*@Q}"
}

ferry_get() {
        ferry "$1" --json "$2" | python3 -c "
import json, sys
rows = json.load(sys.stdin)
result = $3
print(*result, sep='\n') if isinstance(result, list) else print(result)"
}

leases() {
        ferry_get "$1" leases 'sorted(row["DeviceId"] + " " + row["State"] for row in rows)'
}

mdevs() {
        on_host "$1" 'ls /sys/bus/mdev/devices 2>/dev/null || true'
}

source_of() {
        on_host "$1" "virsh dumpxml ${*:2}" | sed -n "s/.*<address uuid='\([^']*\)'.*/\1/p"
}

no_lease() {
        [[ -z $(leases "$1") ]]
}

lease_runs() {
        [[ $(leases "$1") == "$2 running" ]]
}

ferry_up() {
        ferry "$1" leases >/dev/null
}

last_migration() {
        ferry_get "$1" migrations "rows[-1]['$2'] if rows else ''"
}

refused() {
        local guest=$1 regex=$2 desc=$3 before tick said
        shift 3
        before=$(mdevs b)
        tick=$(guest_tick a "$guest")
        said=$(migrate a b "$guest" "$@" 2>&1) && said="not refused: $said"
        like "$said" "$regex" "$desc: it is refused with the reason"
        is "$(grep -c . <<<"$(grep -o 'virt-ferry: .*' <<<"$said")")" 1 "$desc: in one line"
        ok "$desc: the guest ticks on where it was" -- wait_until 30 guest_has_ticked a "$guest" "$tick"
        is "$(guest_host "$guest")" a "$desc: and is nowhere else"
        is "$(mdevs b)" "$before" "$desc: no device was made or removed"
}

migration_is() {
        [[ $(last_migration "$1" State) == "$2" ]]
}

source_is() {
        [[ $(source_of "${@:2}") == "$1" ]]
}
