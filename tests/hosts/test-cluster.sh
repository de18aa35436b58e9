#!/bin/bash
#
# Both hosts share an etcd on hosta: of guests that are too many for one host one goes to the other, by a
# week of history that was made up; a guest goes to the best host without being told where, by a promise; both
# hosts are not emptied at once; and while etcd is away, all goes on that needs no other host.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=cluster1
hot=(cluster2 cluster3) # beside it, until load is even
uuid=$(uuid_of "$guest")
mdev_a=$(uuid_of "$guest a")
mdev_b=$(uuid_of "$guest b")
log=$RUN/$guest.log
conf=/etc/virtferry/virtferry.conf
store=/var/lib/virtferry/virtferry.db
tool=$CACHE/build/debian13/build/tests/lib/history-tool
dropin=/etc/systemd/system/virtferryd.service.d
below=/virtferry/1/default # in etcd

# etcd --------------------------------------------------------------------------------------

# With what Debian's unit of it reads.
etcd_start() {
        on_host a 'cat >/etc/default/etcd && systemctl start etcd' <<-'END'
		ETCD_LISTEN_CLIENT_URLS=http://127.0.0.1:2379,http://10.42.0.1:2379
		ETCD_ADVERTISE_CLIENT_URLS=http://10.42.0.1:2379
	END
}

# said KEY PYTHON: over the document there, as `it`, which is empty where there is none.
said() {
        on_host a "ETCDCTL_API=3 etcdctl get --print-value-only $below/$1" | python3 -c "
import json, sys
it = json.loads(sys.stdin.read().strip() or '{}')
print($2)"
}

said_is() {
        [[ $(said "$1" "$2") == "$3" ]]
}

# What hostb's device is to the others: how many of it are offered, and whether the guest was promised it.
lot=lots/hostb/$mdev_b
promised="'$uuid' in it.get('promised', {})"

# The hosts ---------------------------------------------------------------------------------

# As the man page says, but for the addresses, with all that is free offered (there is one device), and guests
# that an earlier run has moved may move again.
join() {
        on_host "$1" "mkdir -p ${conf%/*} $dropin && cat >$conf &&
                sed 's|192.0.2.0/24|10.42.0.0/24|' /usr/share/virt-ferry/examples/cluster.conf \
                        >$dropin/cluster.conf &&
                systemctl daemon-reload && systemctl restart virtferryd" <<-'END'
		[Cluster]
		Etcd=http://10.42.0.1:2379
		TTLSec=30
		Share=100
		[Policy]
		SettlingTimeSec=0
	END
        wait_until 60 ferry_up "$1"
}

leave() {
        on_host "$1" "rm -f $conf $dropin/cluster.conf && rmdir --ignore-fail-on-non-empty $dropin &&
                systemctl daemon-reload && systemctl restart virtferryd"
        wait_until 60 ferry_up "$1"
}

# "hosta alive" and so on, as it is seen from there.
hosts_seen() {
        ferry_get "$1" hosts '[row["Name"] + (" drained" if row["Drained"] else " alive")
                for row in rows["Hosts"] if row["Alive"]]' | paste -sd,
}

sees() {
        [[ $(hosts_seen "$1") == "$2" ]]
}

etcd_is_away() {
        [[ -n $(ferry_get "$1" hosts 'rows["Away"]') ]]
}

etcd_is_back() {
        ! etcd_is_away "$1" && sees "$1" 'hosta alive,hostb alive'
}

other() {
        [[ $1 == a ]] && echo b || echo a
}

# DrainState of the host; nothing while it takes guests.
drain_state() {
        on_host "$1" 'busctl get-property org.virtferry1 /org/virtferry1 org.virtferry1.Manager DrainState' |
                sed 's/^s "\(.*\)"$/\1/'
}

drain_is() {
        [[ $(drain_state "$1") == "$2" ]]
}

# drive HOST [ARG...]: of the guest; tells what it was told.
drive() {
        on_host "$1" "timeout 300 virt-ferry migrate $guest ${*:2} 2>&1"
}

memory_flows() {
        on_host "$1" "virsh domjobinfo $guest" | grep -Eq 'Memory processed: +[1-9]'
}

# ticks_on HOST TICK: it runs there and nowhere else, and has never been started anew.
ticks_on() {
        ok 'it ticks on' -- wait_until 60 guest_has_ticked "$1" "$guest" "$2"
        is "$(guest_host "$guest")" "$1" "it runs on host$1 and nowhere else"
}

# Tests -------------------------------------------------------------------------------------

test_they_know_each_other() {
        local host
        for host in a b; do
                ok "host$host knows both" -- wait_until 120 sees "$host" 'hosta alive,hostb alive'
                diag <<<"$(ferry "$host" hosts)"
        done
        ok 'hostb offers its device' -- wait_until 120 said_is "$lot" 'it.get("offered")' 1
        like "$(ferry a hosts offers hostb)" "$mdev_b" 'which hosta knows'
}

# "NAME FROM TO" of each.
proposed() {
        ferry_get "$1" balance "[row['Name'] + ' ' + row['From'] + ' ' + row['To'] for row in rows['Moves']]"
}

one_of_them_is_proposed() {
        [[ $(proposed a) =~ ^cluster[23]\ hosta\ hostb$ ]]
}

is_even() {
        [[ $(ferry "$1" balance 2>&1) == 'All is even: no guest should move.' ]]
}

is_on() {
        [[ $(guest_host "$1") == "$2" ]]
}

test_balance() {
        local told tick name
        ok 'of two that are hot one should be on hostb, says hosta' -- wait_until 120 one_of_them_is_proposed
        name=$(proposed b)
        name=${name%% *}
        told=$(ferry b balance)
        diag <<<"$told"
        like "$told" "^$name should go from hosta to hostb: .*CPU of hosta" 'and hostb, with what is forecast'
        like "$told" "virt-ferry -H hosta migrate $name " 'and the command for it'
        tick=$(guest_tick a "$name")
        told=$(ferry a balance --apply 2>&1) || told="failed: $told"
        like "$told" 'on its way' 'it is told to go'
        ok 'it arrives' -- wait_until 120 is_on "$name" b
        ok 'and ticks on' -- wait_until 60 guest_has_ticked b "$name" "$tick"
        ok 'all is even then' -- wait_until 120 is_even a
        ok 'on both hosts' -- wait_until 30 is_even b
        for name in "${hot[@]}"; do
                guest_remove "$name"
        done
}

fits_on_b() {
        ferry a place "$guest" --explain | grep -Eq '^hostb +yes'
}

test_place() {
        local told
        ok 'hostb is a place for the guest' -- wait_until 60 fits_on_b
        told=$(ferry a place "$guest" --explain)
        diag <<<"$told"
        like "$told" 'hosta +no' 'the host that it is on is none, and it is told why'
}

test_limits() {
        ok 'a limit of migrations is set on one host' -- ferry a hosts limit --together 4 --per-host 2
        ok 'in etcd' -- wait_until 30 said_is moves '[it.get("together"), it.get("per-host")]' '[4, 2]'
        like "$(ferry b hosts limit)" '4.*2' 'and the other one has it'
        ok 'and none again' -- ferry b hosts limit --together 0 --per-host 0
}

test_it_finds_its_host() {
        local tick driving
        guest_ask a "$guest" 'uart-set 5a ferry' '^uart set' >/dev/null
        tick=$(guest_tick a "$guest")
        drive a --force --bandwidth 1 >"$log" &
        driving=$!
        ok 'a guest is moved and nobody says where to' -- wait_until 120 memory_flows a
        ok 'the device of hostb is promised to it' -- said_is "$lot" "$promised" True
        like "$(ferry a hosts offers hostb)" "$uuid" 'which is shown'
        is "$(said moves "[it['going']['$uuid'][what] for what in ('from', 'to')]")" "['hosta', 'hostb']" \
                'all hosts know that it is on its way'
        on_host a "virsh migrate-setspeed $guest 1000"
        ok 'it arrives' -- wait "$driving"
        diag <"$log"
        like "$(cat "$log")" 'hostb' 'the command says where'
        ticks_on b "$tick"
        is "$(source_of b "$guest")" "$mdev_b" 'on the device that it was promised'
        is "$(guest_ask b "$guest" uart-get '^uart')" 'uart scr=5a fifo=ferry' 'the state of its device came along'
}

test_it_has_arrived() {
        like "$(drive b && echo 'not refused')" 'settle' 'it is not moved back at once'
        ok 'the promise is redeemed: the others have no part in the device any more' -- \
                wait_until 60 said_is "$lot" "[it.get('offered', 0), it.get('promised', {})]" '[0, {}]'
        ok 'it is on its way no more, and settles' -- wait_until 60 said_is moves \
                "['$uuid' in it.get('going', {}), '$uuid' in it.get('settled', {})]" '[False, True]'
        ok 'hosta offers the device that it has left' -- wait_until 60 said_is "lots/hosta/$mdev_a" \
                'it.get("offered")' 1
}

# Whoever is first: no one knows.
test_both_are_not_emptied() {
        local a b accepted denied
        ferry a drain --detach >"$log.a" 2>&1 & a=$!
        ferry b drain --detach >"$log.b" 2>&1 & b=$!
        accepted=''
        ! wait "$a" || accepted+=a
        ! wait "$b" || accepted+=b
        diag < <(head "$log".[ab])
        like "$accepted" '^[ab]$' 'of two hosts that are to be emptied at once, one is'
        [[ $accepted == [ab] ]] || accepted=a
        denied=$(other "$accepted")
        like "$(cat "$log.$denied")" "virt-ferry: Host host$denied: all others that are alive are being drained, host host$accepted among" \
                'the other one is refused, in one sentence'
        is "$(drain_state "$denied")" '' 'and takes guests'
        is "$(said drains 'list(it.get("hosts", {}))')" "['host$accepted']" 'all hosts know which one it is'
        ok "the guest ends on host$denied" -- wait_until 300 drain_is "$accepted" drained
        is "$(guest_host "$guest")" "$denied" 'and is there alone'
        ok 'hosts tells of it' -- wait_until 30 eval "hosts_seen $denied | grep -q 'host$accepted drained'"
        ok 'undrain' -- ferry "$accepted" undrain
        ok 'all hosts know that, too' -- wait_until 30 said_is drains 'it.get("hosts", {})' '{}'
        ok 'and the other one may be emptied now' -- wait_until 60 sees "$denied" 'hosta alive,hostb alive'
}

# From where it is, whatever the drains have made of it. What a host has offered is no one's while etcd is
# away; an mdev is made for who comes.
test_etcd_is_away() {
        local from to tick told host
        from=$(guest_host "$guest")
        to=$(other "$from")
        on_host a 'systemctl stop etcd'
        for host in a b; do
                ok "etcd is stopped: host$host notices" -- wait_until 120 etcd_is_away "$host"
        done
        told=$(drive "$from" --force) && told="not refused: $told"
        like "$told" '^virt-ferry: .*etcd|^virt-ferry: .*cluster' 'etcd is stopped: nobody chooses a host, and it is told why'
        is "$(guest_host "$guest")" "$from" 'etcd is stopped: the guest stays'
        told=$(ferry "$from" drain 2>&1) && told="not refused: $told"
        like "$told" '--alone' 'etcd is stopped: no host is emptied by mistake, and the way out is told'
        is "$(drain_state "$from")" '' 'etcd is stopped: it takes guests'

        tick=$(guest_tick "$from" "$guest")
        ok 'etcd is stopped: plain virsh migrate works' -- migrate "$from" "$to" "$guest"
        ticks_on "$to" "$tick"
        tick=$(guest_tick "$to" "$guest")
        told=$(drive "$to" "host$from" --force) || told="failed: $told"
        diag <<<"$told"
        like "$told" 'finished' 'etcd is stopped: virt-ferry migrate with a destination works'
        ticks_on "$from" "$tick"

        ok 'etcd is stopped: an empty host is drained by itself' -- ferry "$to" drain --alone
        ok 'etcd is stopped: it is drained' -- drain_is "$to" drained
        drained=$to # until etcd is back
}

test_etcd_is_back() {
        local host
        etcd_start
        ok 'etcd is back: the drain is in it' -- wait_until 180 said_is drains 'list(it.get("hosts", {}))' \
                "['host$drained']"
        ok 'etcd is back: undrain' -- ferry "$drained" undrain
        for host in a b; do
                ok "etcd is back: all is well on host$host" -- wait_until 180 etcd_is_back "$host"
        done
        ok 'etcd is back: nothing is promised that nobody has' -- wait_until 120 said_is "$lot" \
                "it.get('promised', {})" '{}'
}

# Two have used most of hosta together for a week, and what the third one does at its start is nothing new.
remember() {
        local name
        "$HOSTS_DIR/hosts" copy-to a "$tool" /tmp/history-tool
        on_host a 'systemctl stop virtferryd'
        for name in "${hot[@]}"; do
                on_host a "/tmp/history-tool $store $(uuid_of "$name") $name hot"
        done
        on_host a "/tmp/history-tool $store $uuid $guest cool"
        on_host a 'rm /tmp/history-tool'
}

prepare() {
        local host name
        [[ -x $tool ]] || die "$tool is not there: tests/hosts/build makes it"
        etcd_start
        guest_remove "$guest"
        mdev_create a "$mdev_a"
        mdev_create b "$mdev_b"
        guest_define a mtty "$guest" "MDEV=$mdev_a"
        guest_start a "$guest"
        for name in "${hot[@]}"; do
                guest_remove "$name"
                guest_define a plain "$name"
                guest_start a "$name"
        done
        wait_until 60 lease_runs a "$mdev_a"
        remember
        for host in a b; do
                join "$host"
        done
}

# A host in a cluster is of no use to other tests.
clean() {
        local host name
        for name in "$guest" "${hot[@]}"; do
                guest_remove "$name"
        done
        for host in a b; do
                ferry "$host" undrain || true
                leave "$host" || true
        done
        on_host a 'systemctl stop etcd; rm -rf /var/lib/etcd/default' || true
        mdev_remove a "$mdev_a" || true
        mdev_remove b "$mdev_b" || true
}

"$HOSTS_DIR/hosts" up
trap 'clean >/dev/null 2>&1; tap_on_exit' EXIT
log "starting etcd and the guest"
prepare
test_they_know_each_other
test_balance
test_place
test_limits
test_it_finds_its_host
test_it_has_arrived
test_both_are_not_emptied
test_etcd_is_away
test_etcd_is_back
done_testing
