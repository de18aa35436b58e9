#!/bin/bash
#
# A guest with a team and no VF, whose traffic comes at the same time of each day: it is advised to
# have a VF before that, gets it by itself where it is allowed to, and gives it back when the traffic
# is over. Its week of history is put into the daemon's store beforehand. For how long a stream of pings
# from the neighbour stops is measured against the same exchange by an operator, which is the guest's
# own failover and no more.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=advised1
mac=52:54:00:76:00:41
address=10.42.0.41
pf=0000:01:00.0
vf=0000:01:10.0
store=/var/lib/virtferry/virtferry.db
tool=$CACHE/build/debian13/build/tests/lib/history-tool
bound=1.5 # emulated hosts: two exchanges alike are that much apart

# What is known when something is not so, into the output of the test.
tell_all() {
        local what
        for what in advice policy leases "check $guest" "forecast $guest receive-bytes" \
                "history $guest receive-bytes"; do
                echo "virt-ferry $what:"
                # shellcheck disable=SC2086 # several words
                ferry a $what 2>&1 | head -n 20 || true
        done
        on_host a "virsh dumpxml $guest | sed -n '/<interface/,/<.interface>/p'" || true
        guest_net a "$guest" || true
        on_host a 'bridge fdb show br br0 | grep '"$mac"'; tc filter show dev vnet0 ingress' 2>&1 || true
}

# expect DESC SECONDS COMMAND...: ok, and all that is known when it is not.
expect() {
        local desc=$1 seconds=$2 failed=$tap_failed
        shift 2
        ok "$desc" -- wait_until "$seconds" "$@"
        [[ $tap_failed -eq $failed ]] || tell_all 2>&1 | diag
}

# The guest ---------------------------------------------------------------------------

guest_drivers() {
        guest_net a "$guest" | sed -n 's/.*driver=\([a-z_]*\) .*/\1/p' | sort | xargs
}

# With a link: so what the guest sends goes through it.
guest_sees_vf() {
        guest_sees a "$guest" "driver=igbvf mac=$mac .*state=up"
}

guest_sees_no_vf() {
        [[ $(guest_drivers) == 'net_failover virtio_net' ]]
}

has_vf() {
        lease_runs a "$vf"
}

is_untouched() {
        [[ -z $(leases a) ]] && ! on_host a "virsh dumpxml $guest" | grep -q "<interface type='hostdev'"
}

# The stream -------------------------------------------------------------------------

answers() {
        in_net ping -c 1 -W 1 "$address"
}

stream_begin() {
        nsenter --net="$RUN/net" ping -D -n -i 0.05 "$address" >"$RUN/$guest.ping" 2>&1 &
        stream=$!
        wait_until 10 grep -q icmp_seq "$RUN/$guest.ping"
}

stream_end() {
        kill -INT "$stream"
        wait "$stream" || true
}

# For how many milliseconds no answer came, at most.
stream_gap() {
        python3 - "$RUN/$guest.ping" <<'EOF'
import re, sys
answer = re.compile(r'\[([0-9.]+)\].*icmp_seq=')
times = [float(found[1]) for found in map(answer.match, open(sys.argv[1])) if found]
print(round(1000 * max(b - a for a, b in zip(times, times[1:]))) if len(times) > 1 else 999999)
EOF
}

# settled SECONDS COMMAND...: it is so, and what comes after is over, too: a VF gets a link, a switch
# has a word.
settled() {
        if ! wait_until 60 "${@:2}" || ! wait_until 30 answers; then
                tell_all 2>&1 | diag
        fi
        sleep "$1"
        stream_end
}

# compare NAME MS BY_HAND: no test, how busy the machine is decides that
compare() {
        log "bench $1 ours $2 peer $3 ratio $(awk "BEGIN { printf \"%.2f\", $2 / $3 }") bound $bound"
}

# The daemon -------------------------------------------------------------------------

# When the daemon last saw what the guest uses.
last_look() {
        ferry a history "$guest" cpu --since 10min --json | python3 -c "
import json, sys
print(max((slot['Start'] for metric in json.load(sys.stdin) for slot in metric['Slots']), default=0))"
}

looked_since() {
        [[ $(last_look) -gt $1 ]]
}

# configure MODE: when it has been read, and the guest been seen.
configure() {
        on_host a "mkdir -p /etc/virtferry && printf '%s\n' '[Policy]' Mode=$1 Bridge=br0 \
                IdleKbit=1000 SettlingTimeSec=0 LeaveHours=0 >/etc/virtferry/virtferry.conf
                systemctl restart virtferryd"
        wait_until 60 ferry_up a
}

# remember soon|over: as if its traffic came at that time each day.
remember() {
        on_host a "systemctl stop virtferryd &&
                /tmp/history-tool $store $(uuid_of "$guest") $guest $1 && systemctl start virtferryd"
        remembered=$SECONDS
        wait_until 60 ferry_up a
}

# "KIND TARGET" of each
advised() {
        ferry_get a advice "[row['Kind'] + ' ' + row['Target'] for row in rows if row['DomainName'] == '$guest']"
}

# One round: what the daemon did not know a moment ago counts in the next one.
decided() {
        ferry a policy decide && [[ $(advised) == "$1" ]]
}

gets_by_deciding() {
        ferry a policy decide >/dev/null 2>&1 || true
        "$@"
}

# ------------------------------------------------------------------------------------

# The peer: the same exchange, by an operator.
test_by_hand() {
        local said
        stream_begin
        said=$(ferry a move "$guest" ua-net0 "$pf" --force 2>&1) || said="no success: $said"
        like "$said" "^ua-net0 of $guest is $vf now, and was virtio\. The virtio half" \
                'by hand: it gets a VF beside its virtio half'
        settled 12 guest_sees_vf
        promoted_by_hand=$(stream_gap)
        ok 'by hand: the VF is leased' -- wait_until 30 has_vf
        is "$(guest_drivers)" 'igbvf net_failover virtio_net' 'by hand: the guest has the whole team'
        ok 'by hand: the address answers' -- wait_until 30 answers

        stream_begin
        said=$(ferry a move "$guest" "$mac" virtio --force 2>&1) || said="no success: $said"
        like "$said" "is virtio now, and was $vf" 'by hand: and gives it back'
        settled 5 guest_sees_no_vf
        demoted_by_hand=$(stream_gap)
        ok 'by hand: no lease is left' -- wait_until 30 no_lease a
        ok 'by hand: it is as it was' -- wait_until 30 is_untouched
}

test_it_is_advised_before_the_peak() {
        configure advise
        remember soon
        expect 'advise: a VF before the peak' 45 decided "promote $vf"
        ok 'advise: 10 minutes before it' -- test $((SECONDS - remembered)) -lt 600
        like "$(ferry a advice)" "$guest" 'advise: a person reads it'
        like "$(ferry_get a advice "[row['Commands'][0] for row in rows if row['DomainName'] == '$guest']")" "virt-ferry move $guest $mac $vf" \
                'advise: with the command'
        ok 'advise: nothing is touched' -- is_untouched
}

test_frozen_nothing_happens() {
        local said seen
        ferry a policy freeze
        configure act
        said=$(ferry a policy decide 2>&1) && said="not refused: $said"
        like "$said" "'virt-ferry policy thaw' ends that" 'frozen: nothing is decided'
        seen=$(last_look)
        ok 'frozen: it is seen what the guest uses' -- wait_until 60 looked_since "$seen"
        is "$(advised)" '' 'frozen: nothing is advised'
        ok 'frozen: nothing is touched' -- is_untouched
        ferry a policy thaw
}

test_it_acts_before_the_peak() {
        local stopped
        stream_begin
        expect 'act: it gets the VF by itself' 60 gets_by_deciding has_vf
        ok 'act: before the peak' -- test $((SECONDS - remembered)) -lt 600
        settled 12 guest_sees_vf
        stopped=$(stream_gap)
        is "$(guest_drivers)" 'igbvf net_failover virtio_net' 'act: the guest has the whole team'
        ok 'act: the address answers' -- wait_until 30 answers
        compare promotion-outage-ms "$stopped" "$promoted_by_hand"
        is "$(ferry_get a policy "rows['MovesLeft'] < rows['MovesPerDay']")" True 'act: it is counted'
}

test_when_the_peak_is_over_it_gives_back() {
        local stopped
        remember over
        stream_begin
        expect 'over: it gives the VF back by itself' 60 gets_by_deciding no_lease a
        settled 5 guest_sees_no_vf
        stopped=$(stream_gap)
        compare demotion-outage-ms "$stopped" "$demoted_by_hand"
        ok 'over: it is as it was' -- wait_until 30 is_untouched
        ok 'over: the address answers' -- wait_until 30 answers
}

prepare() {
        [[ -x $tool ]] || die "$tool is not there: tests/hosts/build makes it"
        "$HOSTS_DIR/hosts" copy-to a "$tool" /tmp/history-tool
        guest_remove "$guest"
        on_host a 'echo 80 >/proc/sys/vm/nr_hugepages; rm -f /etc/virtferry/virtferry.conf
                virt-ferry policy thaw'
        vfs_create a 1
        wait_until 30 eval "ferry a devices | grep -q $vf"
        guest_define a team "$guest" "MAC=$mac"
        guest_start a "$guest"
        guest_ask a "$guest" "address $address/24" '^address set' >/dev/null
        wait_until 60 answers
}

clean() {
        guest_remove "$guest"
        on_host a 'virt-ferry policy thaw; rm -f /etc/virtferry/virtferry.conf /tmp/history-tool
                systemctl restart virtferryd; echo 0 >/proc/sys/vm/nr_hugepages'
        wait_until 60 ferry_up a
        ok 'no lease is left' -- wait_until 30 no_lease a
        vfs_create a 0
}

need_packages python3
"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_by_hand
test_it_is_advised_before_the_peak
test_frozen_nothing_happens
test_it_acts_before_the_peak
test_when_the_peak_is_over_it_gives_back
clean
done_testing
