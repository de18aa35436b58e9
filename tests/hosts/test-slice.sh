#!/bin/bash
#
# Hardware slices on hostc: four cores on two NUMA nodes, and a card with VFs. A guest that runs gets
# more and less of cores, memory and bandwidth, gains a VF and loses it, moves to the other node,
# and counts on all the while; what another guest has it does not get.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=slice1
other=slice2
host=c
pf=0000:01:00.0
netdev=enp1s0
# shellcheck disable=SC2034 # for tap.sh
tap_hosts=(c)

# allocate GUEST XML [PRIORITY]: what is inside of <slice>.
allocate() {
        on_host "$host" "virt-ferry slice allocate $1 -" \
                <<<"<slice version='1' priority='${3-guaranteed}'>$2</slice>"
}

slice_get() {
        ferry "$host" --json slice list | python3 -c "
import json, sys
rows = [row for row in json.load(sys.stdin) if row['DomainName'] == '$1']
print(rows[0]['$2'] if rows else '')"
}

is_enforced() {
        [[ $(slice_get "$1" State) == enforced ]]
}

grants_of() {
        ferry "$host" --json slice list | python3 -c "
import json, sys
for row in json.load(sys.stdin):
    if row['DomainName'] == '$1':
        print(*sorted(g[0] for g in row['Grants'] if g[1] == '$2'))"
}

# gets GUEST XML DESC: it is promised and carried out.
gets() {
        ok "$3: it is promised" -- allocate "$1" "$2" "${4-guaranteed}"
        ok "$3: and carried out" -- wait_until 120 is_enforced "$1"
        is "$(slice_get "$1" Problem)" '' "$3: without a problem"
}

vcpus() {
        on_host "$host" "virsh vcpucount $1 --live --active"
}

pin_of() {
        on_host "$host" "virsh -q vcpupin $1 --vcpu $2 --live" | awk '{ print $NF }'
}

emulator_of() {
        on_host "$host" "virsh -q emulatorpin $1 --live" | awk '{ print $NF }'
}

node_of() {
        on_host "$host" "virsh -q numatune $1 --live" | awk '/numa_nodeset/ { print $NF }'
}

balloon_mib() {
        on_host "$host" "virsh dommemstat $1 --live" | awk '$1 == "actual" { print $2 / 1024 }'
}

balloon_is() {
        [[ $(balloon_mib "$1") == "$2" ]]
}

# What the kernel limits a VF to: "0 500" in Mbit/s.
rate_of() {
        on_host "$host" "ip -j link show $netdev" | python3 -c "
import json, sys
vf = json.load(sys.stdin)[0]['vfinfo_list'][$1]
rate = vf.get('rate', vf)
print(rate.get('min_tx', 0), rate.get('max_tx', rate.get('tx_rate', 0)))"
}

vfs_of() {
        on_host "$host" "virsh dumpxml $1" | grep -c "<address domain='0x0000' bus='0x01' slot='0x10'" || true
}

has_vfs() {
        [[ $(vfs_of "$1") == "$2" ]]
}

# Onlines what was plugged in, as udev does it in a larger guest.
cpus_in_guest() {
        # shellcheck disable=SC2016 # the guest's shell expands it
        guest_ask "$host" "$1" 'sh for c in /sys/devices/system/cpu/cpu[1-9]*/online; do echo 1 >$c; done; echo cpus $(grep -c ^processor /proc/cpuinfo)' '^cpus ' |
                awk '{ print $2 }'
}

# Asked again when the kernel has spoken in the middle of the answer.
cpus_are() {
        [[ $(guest_seconds=40 && cpus_in_guest "$1") == "$2" ]]
}

# has_counted GUEST AFTER: on and on since that tick, never anew. A line that an echo fell into is none.
has_counted() {
        guest_log "$host" "$1" | awk -v after="$2" '
                $1 == "tick" && (last || $2 > after) { if ($2 <= last) bad = 1; last = $2 }
                END { exit bad || !last }'
}

# Told and not judged: a busy machine is late for the guest beside it, too.
longest_wait() {
        guest_log "$host" "$1" | awk '
                $1 == "tick" {
                        split($3, now, "=")
                        if (last && now[2] - last > most)
                                most = now[2] - last
                        last = now[2]
                }
                END { print most + 0 }'
}

watch_pauses() {
        on_host "$host" "virsh event --loop --timeout 3600 --event lifecycle >/run/pauses 2>&1 &
                echo \$! >/run/pauses.pid"
}

never_paused() {
        ! on_host "$host" "grep -E \"'$1': Suspended\" /run/pauses"
}

test_cores() {
        gets "$guest" "<cores count='2' exclusive='yes'/>" 'two cores'
        is "$(vcpus "$guest")" 2 'two cores: two vCPUs'
        ok 'two cores: the guest has both' -- wait_until 120 cpus_are "$guest" 2
        like "$(pin_of "$guest" 0),$(pin_of "$guest" 1)" '^(0,1|2,3)$' 'two cores: each vCPU on its own'
        like "$(emulator_of "$guest")" '^(0-1|2-3)$' 'two cores: and the emulator on both'
}

test_cores_are_nobody_elses() {
        local said
        gets "$other" "<cores count='1' exclusive='yes'/>" 'another guest'
        fails 'another guest: it has another core' -- \
                eval '[[ " $(grants_of "$guest" cores) " == *" $(grants_of "$other" cores) "* ]]'
        said=$(allocate "$other" "<cores count='3' exclusive='yes'/>" 2>&1) && said="not refused: $said"
        like "$said" 'core' 'more than is left is refused with what is short'
        is "$(slice_get "$other" State)" enforced 'and it keeps what it has'
        ok 'it gives its core back' -- ferry "$host" slice deallocate "$other"
        is "$(vcpus "$other")" 1 'and keeps its vCPU'
}

# "0,2-3" one a line
each_cpu() {
        tr , '\n' <<<"$1" | awk -F- '{ for (cpu = $1; cpu <= $NF; cpu++) print cpu }'
}

is_off() {
        ! each_cpu "$(pin_of "$1" 0)" | grep -qx "$2"
}

pin_is() {
        [[ $(pin_of "$1" 0) == "$2" ]]
}

# `other` has no slice.
test_others_are_kept_off() {
        local cpu
        gets "$guest" "<cores count='1' exclusive='yes'/>" 'alone'
        cpu=$(pin_of "$guest" 0)
        ok 'alone: a guest without a slice has left the core' -- wait_until 60 is_off "$other" "$cpu"
        on_host "$host" 'systemctl restart virtferryd'
        wait_until 60 ferry_up "$host"
        ok 'alone: it is off after a restart, too' -- is_off "$other" "$cpu"
        ok 'alone: it is given back' -- ferry "$host" slice deallocate "$guest"
        ok 'alone: and the other may run there again' -- wait_until 60 pin_is "$other" 0-3
}

# Of whose first vCPU the journal speaks first, since somebody had to give way.
pinned_first() {
        on_host "$host" "journalctl -u virtferryd -o cat" | tac | sed '/had to give way/q' | tac |
                sed -n 's/^Guest \([^:]*\): vCPU 0 .*/\1/p' | head -n 1
}

test_who_gives_way_goes_first() {
        gets "$other" "<cores count='3' exclusive='yes'/>" 'best effort' best-effort
        gets "$guest" "<cores count='2' exclusive='yes'/>" 'guaranteed'
        is "$(slice_get "$other" State)" preempted 'best effort: gives way'
        is "$(pinned_first)" "$other" 'and is off before the cores are given'
        ok 'all is given back' -- ferry "$host" slice deallocate "$guest"
        ferry "$host" slice deallocate "$other"
}

test_fewer_cores() {
        gets "$guest" "<cores count='1' exclusive='yes'/>" 'one core'
        is "$(vcpus "$guest")" 1 'one core: one vCPU'
        like "$(pin_of "$guest" 0)" '^[0-3]$' 'one core: which is pinned'
        gets "$guest" "<cores count='2' share='500'/>" 'two halves'
        is "$(vcpus "$guest")" 2 'two halves: two vCPUs'
        like "$(on_host "$host" "virsh -q schedinfo $guest --live")" 'cpu_shares +: 100' \
                'two halves: as much weight as one CPU'
}

test_memory() {
        gets "$guest" "<memory size='96' unit='MiB' node='0'/>" '96 MiB'
        ok '96 MiB: the balloon has the rest' -- wait_until 60 balloon_is "$guest" 96
        is "$(node_of "$guest")" 0 '96 MiB: on node 0'
        gets "$guest" "<memory size='128' unit='MiB' node='1'/>" '128 MiB elsewhere'
        ok '128 MiB: they are there' -- wait_until 60 balloon_is "$guest" 128
        is "$(node_of "$guest")" 1 '128 MiB: on node 1'
        local said
        said=$(allocate "$guest" "<memory size='1' unit='GiB'/>" 2>&1) || true
        wait_until 60 eval '[[ -n $(slice_get "$guest" Problem) ]]' || true
        like "$said $(slice_get "$guest" Problem)" 'can have 160 MiB of memory while it runs' \
                'more than it can have while it runs'
}

test_function() {
        gets "$guest" "<function name='nic' class='sriov' parent='$pf' max-mbit='500'/>" 'a VF'
        ok 'a VF: it is in the guest' -- wait_until 60 has_vfs "$guest" 1
        ok 'a VF: which sees it' -- wait_until 60 guest_sees "$host" "$guest" driver=igbvf
        like "$(rate_of 0)/$(rate_of 1)" '(^|/)0 500' 'a VF: with its rate'
        ok 'a VF: it is leased' -- wait_until 30 eval 'leases "$host" | grep -q "^0000:01:10.[02] running"'

        gets "$guest" "<function name='nic' class='sriov' parent='$pf' max-mbit='200'/>" 'a slower VF'
        like "$(rate_of 0)/$(rate_of 1)" '(^|/)0 200' 'a slower VF: its rate'
        is "$(vfs_of "$guest")" 1 'a slower VF: it is the same'

        ok 'the VF goes with the slice' -- ferry "$host" slice deallocate "$guest"
        ok 'out of the guest' -- wait_until 90 has_vfs "$guest" 0
        ok 'and is given back' -- wait_until 60 no_lease "$host"
        is "$(rate_of 0)/$(rate_of 1)" '0 0/0 0' 'without a rate'
}

# The daemon dies when it has promised; the next one carries it out.
test_the_daemon_dies() {
        allocate "$guest" "<cores count='1' exclusive='yes' node='1'/>" >/dev/null
        on_host "$host" 'systemctl kill --signal=KILL virtferryd'
        wait_until 60 ferry_up "$host"
        ok 'killed: what was promised is carried out' -- wait_until 120 is_enforced "$guest"
        like "$(pin_of "$guest" 0)" '^[23]$' 'killed: on node 1'
        ok 'killed: it is given back' -- ferry "$host" slice deallocate "$guest"
}

remove_guest() {
        on_host "$host" "virsh -q destroy $1; virsh -q undefine $1
                rm -f /var/log/libvirt/qemu/$1.console" >/dev/null 2>&1 || true
}

prepare() {
        local name
        for name in "$guest" "$other"; do
                ferry "$host" slice deallocate "$name" >/dev/null 2>&1 || true
                remove_guest "$name"
        done
        vfs_create "$host" 0
        vfs_create "$host" 2
        wait_until 30 eval "ferry $host devices | grep -q 0000:01:10.2"
        for name in "$guest" "$other"; do
                guest_define "$host" slice "$name" INITRD=/usr/lib/virtferry-bed/initrd-agent
                guest_start "$host" "$name"
        done
        watch_pauses
}

clean() {
        remove_guest "$guest"
        remove_guest "$other"
        on_host "$host" 'kill "$(cat /run/pauses.pid)"' || true
        vfs_create "$host" 0
}

"$HOSTS_DIR/hosts" up-c
"$HOSTS_DIR/hosts" install c
log "starting the guests"
prepare
tick=$(guest_tick "$host" "$guest")
beside=$(guest_tick "$host" "$other")
test_cores
test_cores_are_nobody_elses
test_others_are_kept_off
test_who_gives_way_goes_first
test_fewer_cores
test_memory
test_function
test_the_daemon_dies
ok 'the guest has never been paused' -- never_paused "$guest"
ok 'and has counted on' -- has_counted "$guest" "$tick"
ok 'as the guest beside it' -- has_counted "$other" "$beside"
log "at most $(longest_wait "$guest") s between two ticks, $(longest_wait "$other") s of the guest beside it"
clean
done_testing
