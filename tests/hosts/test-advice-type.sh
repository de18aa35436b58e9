#!/bin/bash
#
# A guest's hardware slice has an mdev, of which a vendor's exporter tells how busy it is. When it is at
# work all the time the guest is advised to have one of a larger type, which a person applies: the
# guest gets it in the place of the other while it runs.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=typed1
store=/var/lib/virtferry/virtferry.db
tool=$CACHE/build/debian13/build/tests/lib/history-tool
usage=/run/virtferry/usage
# shellcheck disable=SC2034 # for tap.sh
tap_hosts=(a)

slice_get() {
        ferry a --json slice list | python3 -c "
import json, sys
print(next((row['$1'] for row in json.load(sys.stdin) if row['DomainName'] == '$guest'), ''))"
}

is_enforced() {
        [[ $(slice_get State) == enforced ]]
}

leased() {
        leases a | sed -n 's/ running$//p'
}

has_lease() {
        [[ -n $(leased) ]]
}

# The type of the one device that the guest has, by the kernel.
type_of() {
        on_host a "basename \$(readlink /sys/bus/mdev/devices/$1/mdev_type)"
}

has_another() {
        [[ $(leased) == ????????-* && $(leased) != "$1" ]]
}

# By libvirt, and by the lease.
in_domain() {
        [[ $(source_of a "$guest") == "$1" ]]
}

# advice KEY: of what the guest is advised to.
advice() {
        ferry_get a advice "[row['$1'] for row in rows if row['DomainName'] == '$guest']"
}

is_advised() {
        ferry a policy decide >/dev/null 2>&1 || true
        [[ $(advice Kind) == "$1" ]]
}

is_not_advised() {
        [[ -z $(advice Kind) ]]
}

has_no_mdev() {
        [[ -z $(mdevs a) ]]
}

expect() {
        local desc=$1 seconds=$2 failed=$tap_failed
        shift 2
        ok "$desc" -- wait_until "$seconds" "$@"
        [[ $tap_failed -eq $failed ]] || tell_all 2>&1 | diag
}

tell_all() {
        local what
        for what in advice policy leases "slice list" "check $guest" "history $mdev busy"; do
                echo "virt-ferry $what:"
                # shellcheck disable=SC2086 # several words
                ferry a $what 2>&1 | head -n 20 || true
        done
        on_host a "ls -l $usage; cat $usage/*; journalctl -q -u virtferryd -n 20 --no-pager" || true
}

# The exporter: a file for this device, written anew each second, of one that works all the time.
exporter_begin() {
        on_host a "cat >/run/exporter.sh <<'END'
mkdir -p $usage
while read -r up _ </proc/uptime; do
        printf 'busy-seconds %s\nmemory-bytes 1048576\n' \"\$up\" >$usage/.new
        mv $usage/.new $usage/\$1
        sleep 1
done
END
        systemctl reset-failed test-exporter 2>/dev/null
        systemd-run -q --collect --unit test-exporter bash /run/exporter.sh $1"
}

exporter_end() {
        on_host a "systemctl stop test-exporter; rm -rf $usage /run/exporter.sh" 2>/dev/null || true
}

# How busy it is, by virt-ferry top.
is_at_work() {
        [[ $(ferry_get a top "any(row['Id'] == '$mdev' and row['Values'].get('busy', 0) > 0.5 for row in rows)") == True ]]
}

# remember: as if it had been so for a week.
remember() {
        on_host a "systemctl stop virtferryd &&
                /tmp/history-tool $store $mdev $guest busy && systemctl start virtferryd"
        wait_until 60 ferry_up a
}

test_it_gets_a_small_one() {
        ok 'the slice is promised' -- on_host a "virt-ferry slice allocate $guest -" \
                <<<"<slice version='1'><function name='gpu' class='mdev' type='mtty-1'/></slice>"
        expect 'and carried out' 120 is_enforced
        expect 'the guest has an mdev' 60 has_lease
        mdev=$(leased)
        is "$(type_of "$mdev")" mtty-1 'it is of the small type'
        ok 'and in the domain' -- wait_until 30 in_domain "$mdev"
}

test_a_larger_one_is_advised() {
        exporter_begin "$mdev"
        expect 'busy: the daemon has it of the exporter' 60 is_at_work
        remember
        expect 'busy: it is advised to have more' 60 is_advised grow
        is "$(advice Target)" function:gpu 'busy: of its function'
        like "$(ferry a advice)" "$guest should have mtty-2 instead of mtty-1 for its function gpu" \
                'busy: a person reads it'
        is "$(type_of "$mdev")" mtty-1 'busy: nothing is touched by that'
}

test_it_is_applied() {
        local said before=$mdev tick since
        tick=$(guest_tick a "$guest")
        since=$(on_host a 'date +%s')
        said=$(ferry a apply "$(advice Id)" 2>&1) || said="no success: $said"
        is "$said" '' 'applied: without a word'
        expect 'applied: the guest has another mdev' 120 has_another "$before"
        mdev=$(leased)
        is "$(type_of "$mdev")" mtty-2 'applied: it is of the larger type'
        ok 'applied: it is in the domain' -- wait_until 30 in_domain "$mdev"
        is "$(mdevs a)" "$mdev" 'applied: the small one is no more'
        expect 'applied: the slice is carried out' 60 is_enforced
        is "$(slice_get Problem)" '' 'applied: without a problem'
        fails 'applied: and without one on the way' -- on_host a \
                "journalctl -u virtferryd --since @$since | grep 'does not have its hardware slice'"
        ok 'applied: the guest counts on' -- wait_until 30 guest_has_ticked a "$guest" "$tick"
        ok 'applied: the advice is done with' -- wait_until 30 is_not_advised
}

test_it_ends() {
        ok 'the mdev goes with the slice' -- ferry a slice deallocate "$guest"
        expect 'and is given back' 90 no_lease a
        ok 'no mdev is left' -- wait_until 30 has_no_mdev
        ok 'the guest counts on' -- wait_until 30 guest_has_ticked a "$guest" "$(guest_tick a "$guest")"
}

prepare() {
        [[ -x $tool ]] || die "$tool is not there: tests/hosts/build makes it"
        "$HOSTS_DIR/hosts" copy-to a "$tool" /tmp/history-tool
        ferry a slice deallocate "$guest" >/dev/null 2>&1 || true
        guest_remove "$guest"
        on_host a "mkdir -p /etc/virtferry && printf '%s\n' '[Policy]' Mode=advise SettlingTimeSec=0 \
                SliceSettlingTimeSec=0 LeaveHours=0 >/etc/virtferry/virtferry.conf
                systemctl restart virtferryd"
        wait_until 60 ferry_up a
        guest_define a slice "$guest" INITRD=/usr/lib/virtferry-bed/initrd
        guest_start a "$guest"
        guest_tick a "$guest" >/dev/null
}

clean() {
        exporter_end
        guest_remove "$guest"
        on_host a 'rm -f /etc/virtferry/virtferry.conf /tmp/history-tool; systemctl restart virtferryd'
        wait_until 60 ferry_up a
        ok 'no lease is left' -- wait_until 30 no_lease a
}

need_packages python3
"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_it_gets_a_small_one
test_a_larger_one_is_advised
test_it_is_applied
test_it_ends
clean
done_testing
