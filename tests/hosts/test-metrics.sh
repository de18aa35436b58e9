#!/bin/bash
#
# Metrics on the sockets that systemd opens: for root alone, by a drop-in over TCP, over the end of
# the daemon, and with the figures of a guest and of the VF that it has.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=counted1
socket=/run/virtferry/metrics.sock
drop_in=/etc/systemd/system/virtferry-metrics.socket.d
proxy=127.0.0.1:9478

# page_at ADDRESS
page_at() {
        on_host a "busybox wget -qO- http://$1/metrics"
}

# By way of the socket in /run.
page() {
        page_at "$proxy"
}

# metric REGEX: its number; nothing where it is not there.
metric() {
        page | sed -n "s/^$1 //p" | head -n 1
}

has() {
        [[ -n $(metric "$1") ]]
}

grows() {
        [[ $(metric "$1" | cut -d. -f1) -gt $2 ]]
}

open_proxy() {
        on_host a "systemctl reset-failed test-metrics-proxy 2>/dev/null
                systemd-run -q --collect --unit test-metrics-proxy systemd-socket-activate -l $proxy \
                        /lib/systemd/systemd-socket-proxyd $socket"
        wait_until 30 page
}

restart_both() {
        on_host a 'systemctl daemon-reload
                systemctl stop virtferryd.service virtferry-metrics.socket 2>/dev/null
                systemctl start virtferryd'
}

clean() {
        on_host a "systemctl stop test-metrics-proxy 2>/dev/null; rm -rf $drop_in" || true
        restart_both
}

test_the_socket_is_there() {
        is "$(on_host a 'systemctl is-active virtferry-metrics.socket')" active 'the socket is open'
        is "$(on_host a "stat -c '%U %a' $socket")" 'root 600' 'for root alone'
        like "$(page)" '# EOF$' 'whoever may connect gets a page to its end'
        is "$(on_host a "ss -Hltnp | grep -c virtferryd || true")" 0 'there is no port'
}

test_a_drop_in_opens_a_port() {
        on_host a "mkdir -p $drop_in
                cp /usr/share/virt-ferry/examples/metrics-tcp.conf $drop_in/tcp.conf"
        restart_both
        ok 'the port of the example is served' -- wait_until 30 page_at 127.0.0.1:9477
        ok 'and the socket is, too' -- wait_until 30 page
        fails 'but not for other hosts' -- on_host b \
                'busybox timeout 5 busybox wget -qO- http://hosta:9477/metrics'
}

test_the_daemon_ends() {
        on_host a 'systemctl restart virtferryd'
        ok 'the sockets outlive a restart' -- wait_until 30 page
        on_host a 'systemctl stop virtferryd.service 2>/dev/null'
        ok 'who connects starts the daemon' -- wait_until 30 page
        is "$(on_host a 'systemctl is-active virtferryd')" active 'and it runs'
}

test_a_guest_is_counted() {
        local before uuid cpu
        uuid=$(uuid_of "$guest")
        cpu="virtferry_guest_cpu_seconds_total{uuid=\"$uuid\",domain=\"$guest\"}"

        guest_define a igb "$guest" MAC=52:54:00:76:00:09 BUS=0x01 SLOT=0x10 FUNCTION=0x0
        guest_start a "$guest"
        ok 'a guest that runs is there' -- wait_until 60 has "$cpu"
        before=$(metric "$cpu" | cut -d. -f1)
        ok 'and its CPU time grows' -- wait_until 120 grows "$cpu" "$before"
        ok 'so is its lease' -- wait_until 30 grows 'virtferry_leases{state="running"}' 0
        ok 'its PF is counted' -- wait_until 30 has \
                'virtferry_pf_receive_bytes_total{device="0000:01:00.0",netdev="[^"]*"}'
        guest_remove "$guest"
        vfs_create a 0
        ok 'one that has gone is not there' -- wait_until 120 is_gone "$cpu"
}

is_gone() {
        ! has "$1"
}

"$HOSTS_DIR/hosts" up
guest_remove "$guest"
vfs_create a 2
clean
wait_until 30 ferry_up a
open_proxy
test_the_socket_is_there
test_a_drop_in_opens_a_port
test_the_daemon_ends
test_a_guest_is_counted
clean
done_testing
