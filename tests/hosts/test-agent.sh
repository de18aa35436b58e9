#!/bin/bash
#
# The agent of an offload device: hostb plays the DPU of hosta. What it has is in hosta's resources
# within what hosta's file allows, and an agent that dies, hangs or cannot be reached is away and
# disturbs nothing.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

file=/etc/virtferry/pools.d/bed.conf
agent='/usr/libexec/virtferryd --agent'

# pool HOST NAME LINE...: the file there has this one group; without lines it goes.
pool() {
        local host=$1 name=$2
        shift 2
        if [[ $# -gt 0 ]]; then
                { printf '[Resource %s]\n' "$name" && printf '%s\n' "$@"; } |
                        on_host "$host" "mkdir -p ${file%/*} && cat >$file"
        else
                on_host "$host" "rm -f $file"
        fi
}

# total PART: of what hosta has on the device; 0 none.
total() {
        ferry_get a resources "sum(row['Total'] for row in rows if row['Id'] == 'offload:dpu0/$1')"
}

state() {
        ferry_get a resources \
                "[row['Attributes'].get('agent', '') for row in rows if row['Id'] == 'offload:dpu0']"
}

state_is() {
        [[ $(state) =~ $1 ]]
}

total_is() {
        [[ $(total "$1") == "$2" ]]
}

agents_of() {
        on_host b "pgrep -xf '$agent' || true"
}

agent_is_gone() {
        [[ -z $(agents_of) ]]
}

units() {
        on_host a "systemctl list-units --all --plain --no-legend 'virtferry-agent-*'"
}

first_pf() {
        ferry_get a resources "[row['Id'][3:] for row in rows if row['Kind'] == 'pf'][0]"
}

test_it_connects() {
        pool a dpu0 "Parent=$pf" 'Agent=root@hostb'
        ok 'the agent is there soon after its file' -- wait_until 120 state_is '^connected$'
        is "$(total cores)" "$cores" 'with the cores of the device'
        is "$(total memory)" "$memory" 'and its memory'
        like "$(units)" 'virtferry-agent-dpu0-[0-9a-f]+\.service +loaded +active +running' \
                'in a unit of its own'
        is "$(grep -c . <<<"$(agents_of)")" 1 'and one process on the device'
        is "$(on_host a 'virt-ferry check' | grep -c agent || true)" 0 'a check has nothing to say'
}

# Whether hosta knows a rate of the device now: there are two answers then.
device_is_in_top() {
        [[ $(ferry_get a top "len([row for row in rows if row['Kind'] == 'offload' and \
                row['Name'] == 'dpu0' and 'cpu' in row['Values']])") == 1 ]]
}

# device_has_history METRIC
device_has_history() {
        [[ $(ferry a --json history dpu0 "$1") == *'"Start"'* ]]
}

test_it_tells_what_it_uses() {
        ok 'the device is in top, at the pace of its agent' -- wait_until 90 device_is_in_top
        ok 'and so much of its CPUs is in the history' -- wait_until 60 device_has_history cpu
        ok 'and what its ports received' -- wait_until 60 device_has_history receive-bytes
}

test_the_file_is_a_ceiling() {
        pool a dpu0 "Parent=$pf" 'Agent=root@hostb' 'MemoryMiB=64'
        ok 'no more than the file says' -- wait_until 30 total_is memory $((64 << 20))
        pool a dpu0 "Parent=$pf" 'Agent=root@hostb' 'MemoryMiB=1048576'
        ok 'and no more than there is' -- wait_until 30 total_is memory "$memory"
        pool a dpu0 "Parent=$pf" 'Agent=root@hostb'
}

test_the_device_has_a_file_of_its_own() {
        pool b accelerator 'Parent=0000:03:00.0' 'Cores=4'
        ok 'what it says is added when the agent has seen it' -- \
                wait_until 60 total_is cores $((cores + 4))
        pool b accelerator
        ok 'and goes again' -- wait_until 60 total_is cores "$cores"
}

test_it_dies() {
        on_host b "kill -KILL $(agents_of)"
        ok 'an agent that is killed comes back' -- wait_until 120 comes_back
        like "$(on_host a 'journalctl -q -u virtferryd -o cat')" \
                'Agent root@hostb of offload device dpu0 is away: the connection has ended' \
                'it was away meanwhile'
}

comes_back() {
        ! agent_is_gone && state_is '^connected$'
}

test_it_hangs() {
        local pid
        pid=$(agents_of)
        on_host b "kill -STOP $pid"
        ok 'an agent that is stopped is away' -- wait_until 60 state_is '^away: it hangs'
        ok 'and another is there in its place' -- wait_until 120 state_is '^connected$'
        on_host b "kill -CONT $pid"
        ok 'the old one ends when it goes on: its host has gone' -- wait_until 30 has_ended "$pid"
}

has_ended() {
        ! on_host b "kill -0 $1 2>/dev/null"
}

test_nobody_is_there() {
        pool a dpu0 "Parent=$pf" 'Agent=root@no-such-host' 'Cores=2'
        ok 'a device that cannot be reached is away' -- \
                wait_until 120 state_is '^away: .*[Cc]ould not resolve hostname no-such-host'
        is "$(total cores)" 2 'what its file says holds'
        like "$(ferry a check 2>&1 || true)" 'warning +dpu0 +Its agent root@no-such-host is away' \
                'a check tells of it'
        ok 'the agent of the other device has ended' -- wait_until 30 agent_is_gone
        pool a dpu0 "Parent=$pf" 'Agent=root@hostb'
        ok 'and comes back' -- wait_until 120 state_is '^connected$'
}

test_the_daemon_ends() {
        on_host a 'systemctl stop virtferryd'
        ok 'without its host the agent ends' -- wait_until 30 agent_is_gone
        is "$(units)" '' 'and ssh too'
        on_host a 'systemctl start virtferryd'
        ok 'both come back' -- wait_until 120 state_is '^connected$'
}

test_the_file_goes() {
        pool a dpu0
        ok 'the device goes with its file' -- wait_until 30 total_is cores 0
        ok 'and so does its agent' -- wait_until 60 agent_is_gone
}

"$HOSTS_DIR/hosts" up
pool a dpu0
pool b accelerator
wait_until 30 ferry_up a
pf=$(first_pf)
cores=$(on_host b nproc)
memory=$(on_host b "awk '/^MemTotal:/ { printf \"%.0f\", \$2 * 1024 }' /proc/meminfo")
test_it_connects
test_it_tells_what_it_uses
test_the_file_is_a_ceiling
test_the_device_has_a_file_of_its_own
test_it_dies
test_it_hangs
test_nobody_is_there
test_the_daemon_ends
test_the_file_goes
done_testing
