#!/bin/bash
#
# A free device is tried: its driver saves and loads its state, refuses what is not its own, and the
# device serves a guest afterwards.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=probed1
mdev=$(uuid_of "$guest one")
other=$(uuid_of "$guest two") # of another type
state=$RUN/probed.state

# trial ARG...: the helper itself on host a, by hand.
trial() {
        on_host a "/usr/libexec/virtferry-trial ${*@Q} 2>&1"
}

# probe_get PYTHON: an expression over the JSON of `virt-ferry probe` as `report`, and over its steps
# by their names as `steps`.
probe_get() {
        ferry a --json probe "$mdev" | python3 -c "
import json, sys
report = json.load(sys.stdin)
steps = {step['Name']: step for step in report['Steps']}
print($1)"
}

# A document of version 1.0 with this state, of mtty: what virtferry-trial --save writes, in Python.
document() {
        python3 -c '
import hashlib, struct, sys
state = bytes.fromhex(sys.argv[1])
frame = bytes([0x28, 0xb5, 0x2f, 0xfd, 0x20, len(state)])  # zstd: one block, as it is
frame += struct.pack("<I", len(state) << 3 | 1)[:3] + state
section = lambda name, data: name + struct.pack("<Q", len(data)) + data
text = b"\x89VFS\r\n\x1a\n" + struct.pack("<HHI", 1, 0, 2) + section(b"DRIV", b"mtty")
text += section(b"STAT", struct.pack("<Q", len(state)) + hashlib.sha256(state).digest() + frame)
sys.stdout.buffer.write(text + hashlib.sha256(text).digest())' "$1"
}

copy_to_a() {
        "$HOSTS_DIR/hosts" copy-to a "$1" /tmp/probed.other
}

migration_state() {
        on_host a "cat /sys/kernel/debug/vfio/$mdev/migration/state"
}

# Wherever the trial has ended, the device runs.
runs_on() {
        is "$(migration_state)" RUNNING "$1: the device is in RUNNING"
}

test_all_steps() {
        local said step
        said=$(ferry a probe "$mdev" 2>&1) || said="failed: $said"
        like "$said" "$mdev: its driver mtty saves and loads its state" 'mtty saves and loads its state'
        for step in open dma-log pre-copy stop-copy suspend size save load resume reset; do
                like "$said" "(^|[^a-z-])$step +done" "the step $step is done"
        done
        is "$(probe_get 'steps["save"]["Bytes"] > 0')" True 'its state has a size'
        is "$(probe_get 'steps["save"]["Bytes"] == steps["size"]["Bytes"]')" True \
                'it is the size that the driver says'
        is "$(probe_get 'steps["pre-copy"]["Bytes"] + steps["stop-copy"]["Bytes"] == steps["save"]["Bytes"]')" \
                True 'pre-copy and stop-copy give the whole of it'
        is "$(probe_get 'all(step["USec"] > 0 for step in report["Steps"])')" True 'each step has a time'
        runs_on 'after the trial'
        is "$(leases a)" '' 'no lease is left'
}

test_a_state_is_saved_and_loaded() {
        ok 'the helper saves a state' -- trial --save /tmp/probed.state "$mdev"
        is "$(on_host a 'stat -c %a /tmp/probed.state')" 600 'for root alone'
        like "$(trial --load /tmp/probed.state "$mdev")" 'its driver mtty loads this state' \
                'and the driver loads it'
        on_host a 'cat /tmp/probed.state' >"$state"
        runs_on 'a loaded state'
}

# The kernel checks the number of ports when it reads the header.
test_another_type_refuses_it() {
        fails 'a state of mtty-1 is not loaded into an mtty-2' -- trial --load /tmp/probed.state "$other"
        like "$(trial --load /tmp/probed.state "$other" || true)" \
                "$other: its driver mtty refuses to load the state: Bad address \(EFAULT\)" \
                'the sentence has the words of the driver'
        like "$(ferry a probe "$other" 2>&1)" 'saves and loads its state' 'that device is as good as before'
}

test_a_truncated_stream_is_refused_by_the_driver() {
        document 4e >"$RUN/probed.other"
        copy_to_a "$RUN/probed.other"
        like "$(trial --load /tmp/probed.other "$mdev" || true)" \
                "its driver mtty refuses to load the state: Invalid argument \(EINVAL\)" \
                'a truncated stream: the driver refuses it'
        runs_on 'a truncated stream'
}

test_a_damaged_document_does_not_reach_the_device() {
        local size
        size=$(stat -c %s "$state")
        head -c $((size - 1)) "$state" >"$RUN/probed.other"
        copy_to_a "$RUN/probed.other"
        like "$(trial --load /tmp/probed.other "$mdev" || true)" \
                '^virtferry-trial: /tmp/probed.other is cut off or damaged' 'a truncated document is refused'

        python3 -c '
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)' "$state" "$RUN/probed.other"
        copy_to_a "$RUN/probed.other"
        like "$(trial --load /tmp/probed.other "$mdev" || true)" \
                '^virtferry-trial: /tmp/probed.other is cut off or damaged' 'a flipped bit is seen'
        runs_on 'a damaged document'
}

test_the_device_serves_a_guest() {
        guest_define a mtty "$guest" "MDEV=$mdev"
        ok 'the device serves a guest' -- guest_start a "$guest"
        is "$(guest_ask a "$guest" 'uart-set a5 ferry' '^uart')" 'uart set' 'which writes to it'
        ok 'it is leased' -- wait_until 30 lease_runs a "$mdev"
        like "$(ferry a probe "$mdev" 2>&1 || true)" "$mdev is leased to guest $guest" \
                'a device of a guest is not tried'
        ok 'and the guest can move with it' -- migrate a b "$guest"
        is "$(guest_host "$guest")" b 'it runs there'
}

prepare() {
        guest_remove "$guest"
        mdev_create a "$mdev"
        mdev_create a "$other" mtty-2
        wait_until 30 mdev_is_known "$mdev"
        wait_until 30 mdev_is_known "$other"
}

mdev_is_known() {
        ferry a devices --json | grep -q "$1"
}

clean() {
        guest_remove "$guest"
        mdev_remove a "$mdev"
        mdev_remove a "$other"
        on_host a 'rm -f /tmp/probed.*'
}

"$HOSTS_DIR/hosts" up
prepare
test_all_steps
test_a_state_is_saved_and_loaded
test_another_type_refuses_it
test_a_truncated_stream_is_refused_by_the_driver
test_a_damaged_document_does_not_reach_the_device
test_the_device_serves_a_guest
clean
done_testing
