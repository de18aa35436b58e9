#!/bin/bash
#
# A guest on hostc asks over vsock for more and less of its own hardware slice: it gets what its
# policy allows. Another guest's CID, a flood of 100000 requests and random bytes get nothing, and
# neither the other guest nor the daemon feels them.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

one=asking1
two=asking2
port=33779
bed=/usr/lib/virtferry-bed
tap_hosts=(c)

compile() {
        cc -D_GNU_SOURCE -std=gnu11 -O2 -static -s -o "$1/vsock-flood" "$HOSTS_DIR/vsock-flood.c"
}

# An initrd may be several archives, one behind the other: what the guests have, and the two programs.
make_initrd() {
        local flood
        flood=$(cached vsock-flood "$(key_of "$HOSTS_DIR/vsock-flood.c")" compile)/vsock-flood
        on_host c 'rm -rf /tmp/asking && mkdir -p /tmp/asking/bin &&
                cat >/tmp/asking/bin/vsock-flood && chmod 755 /tmp/asking/bin/vsock-flood' <"$flood"
        on_host c "cp /usr/bin/virt-ferry-guest /tmp/asking/bin && cd /tmp/asking &&
                find . | busybox cpio -o -H newc 2>/dev/null >/tmp/asking.cpio &&
                cat $bed/initrd-agent /tmp/asking.cpio >$bed/initrd-asking"
}

# allocate GUEST XML: what is inside of <slice>.
allocate() {
        on_host c "virt-ferry slice allocate $1 - 2>&1" <<<"<slice version='1'>$2</slice>"
}

cores_of() {
        on_host c "virt-ferry --json slice show $1" | grep -o "<\(ferry:\)\?cores count=[^0-9]*[0-9]*" |
                grep -o '[0-9]*$'
}

cores_are() {
        [[ $(cores_of "$1") == "$2" ]]
}

# in_guest GUEST COMMAND: its last line of output. In one piece, or a tick comes in between.
in_guest() {
        guest_ask c "$1" "sh echo \"said: \$({ $2; } 2>&1 | tail -n 1)\"" '^said: ' | sed 's/^said: //'
}

status_in_guest() {
        guest_ask c "$1" "sh $2 >/dev/null 2>&1" '^sh [0-9]' | sed 's/^sh //'
}

cid_of() {
        on_host c "virsh dumpxml $1" | sed -n "s/.*<cid .*address='\([0-9]*\)'.*/\1/p"
}

daemon_pid() {
        on_host c 'systemctl show --property MainPID --value virtferryd'
}

undisturbed() {
        is "$(in_guest "$two" 'virt-ferry-guest show')" "$two_shown" "$1: the other guest is answered"
        is "$(daemon_pid)" "$pid" "$1: the daemon is the same"
        ok "$1: and answers the bus" -- ferry c leases
}

# A guest that was refused for a while may ask again.
asks_again() {
        [[ $(status_in_guest "$one" 'virt-ferry-guest show') == 0 ]]
}

test_it_gets_what_its_policy_allows() {
        local tick
        tick=$(guest_tick c "$one")
        is "$(status_in_guest "$one" 'virt-ferry-guest request cores 1')" 0 'a guest asks for a core'
        ok 'it is in its slice' -- wait_until 60 cores_are "$one" 2
        ok 'and the guest has two' -- wait_until 120 eval \
                "[[ \$(on_host c 'virsh vcpucount $one --live --active') -eq 2 ]]"
        is "$(status_in_guest "$one" 'virt-ferry-guest release cores 1')" 0 'it gives it back'
        ok 'its slice has one' -- wait_until 60 cores_are "$one" 1
        ok 'it ticks on' -- wait_until 60 guest_has_ticked c "$one" "$tick"
}

test_it_gets_no_more_than_that() {
        like "$(in_guest "$one" 'virt-ferry-guest request cores 2')" \
                'cores: this guest has 1 and may have 1 to 2$' 'more than its policy allows is refused'
        like "$(in_guest "$one" 'virt-ferry-guest request memory 64MiB')" 'its operator can$' \
                'and so is what it says nothing of'
        like "$(in_guest "$two" 'virt-ferry-guest request cores 1')" 'its operator can$' \
                'a guest without a policy gets nothing'
        is "$(cores_of "$one") $(cores_of "$two")" '1 1' 'nothing has changed'
}

# Without the capability it has no reserved port.
test_only_root_of_the_guest_may_ask() {
        like "$(in_guest "$one" 'vsock-flood as 1000 virt-ferry-guest request cores 1')" \
                'Only root of this guest' 'a user of the guest may not ask'
        is "$(cores_of "$one")" 1 'and gets nothing'
        is "$(status_in_guest "$one" 'vsock-flood as 1000 virt-ferry-guest show')" 0 'but may look'
}

test_another_guests_number_is_nothing_to_it() {
        like "$(in_guest "$one" "vsock-flood forge $port $(cid_of "$two")")" 'no connection' \
                "the kernel lets no guest take another's CID"
        undisturbed 'a forged CID'
}

test_a_flood_ends_soon() {
        local said
        said=$(in_guest "$one" "vsock-flood requests $port 100000")
        like "$said" 'ended=yes' "a flood is hung up on: $said"
        undisturbed 'a flood'
        ok 'in a while it may ask again' -- wait_until 60 asks_again
}

test_random_bytes_are_hung_up_on() {
        like "$(in_guest "$one" "vsock-flood random $port 1000000")" 'ended=yes' 'random bytes are hung up on'
        undisturbed 'random bytes'
        ok 'after them it may ask again' -- wait_until 60 asks_again
}

test_a_daemon_that_starts_anew_is_found_again() {
        on_host c 'systemctl restart virtferryd'
        wait_until 60 ferry_up c
        ok 'a guest reaches the next daemon' -- wait_until 60 asks_again
        pid=$(daemon_pid)
}

prepare() {
        local guest
        make_initrd
        on_host c 'modprobe vhost_vsock'
        wait_until 60 ferry_up c
        for guest in "$one" "$two"; do
                guest_remove "$guest"
                guest_define c slice "$guest" "INITRD=$bed/initrd-asking"
                guest_start c "$guest"
        done
        allocate "$one" "<cores count='1'/><allow cores='1-2'/>"
        allocate "$two" "<cores count='1'/>"
        pid=$(daemon_pid)
        two_shown=$(in_guest "$two" 'virt-ferry-guest show')
}

clean() {
        local guest
        for guest in "$one" "$two"; do
                on_host c "virsh -q destroy $guest; virsh -q undefine $guest
                        virt-ferry slice deallocate $guest" >/dev/null 2>&1 || true
        done
}

"$HOSTS_DIR/hosts" up-c
"$HOSTS_DIR/hosts" install c
log "starting two guests"
prepare
test_it_gets_what_its_policy_allows
test_it_gets_no_more_than_that
test_only_root_of_the_guest_may_ask
test_another_guests_number_is_nothing_to_it
test_a_flood_ends_soon
test_random_bytes_are_hung_up_on
test_a_daemon_that_starts_anew_is_found_again
clean
done_testing
