#!/bin/bash
#
# A guest with a VF that cannot migrate, and with nothing beside it: virt-ferry unplugs the VF, moves
# the guest and plugs a VF of the other host; whatever fails, and whoever is killed, the guest has a
# VF in the end.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=vf1
mac=52:54:00:76:00:11
vf_a=0000:01:10.0
vf_b=0000:01:10.2 # its sibling 10.0 is taken on hostb
log=$RUN/$guest.log

vf_of() {
        on_host "$1" "virsh dumpxml $guest" | sed -n \
                "s/.*<address type='pci' domain='0x\(....\)' bus='0x\(..\)' slot='0x\(..\)' function='0x\(.\)'\/>/\1:\2:\3.\4/p" |
                grep '^0000:01:10'
}

vf_is() {
        [[ $(vf_of "$1") == "$2" ]]
}

# Of the daemon that runs now.
# shellcheck disable=SC2016 # the other host's shell expands it
plugged_again() {
        on_host a 'journalctl -q _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID virtferryd)' |
                grep -q "Guest $guest has the devices again"
}

has_no_vf() {
        ! vf_of "$1"
}

# As the guest itself sees it, with the MAC that it always had.
guest_sees_vf() {
        guest_sees "$1" "$guest" "driver=igbvf mac=$mac"
}

is_noted() {
        on_host "$1" "virsh dumpxml $guest" | grep -q '<ferry:unplugged '
}

is_not_noted() {
        ! is_noted "$1"
}

drive() {
        on_host "$1" "timeout 300 virt-ferry migrate $guest host$2 ${*:3} 2>&1"
}

# drive_slowly FROM TO: in the background, until memory flows.
drive_slowly() {
        drive "$1" "$2" --force --bandwidth 1 >"$log" &
        driving=$!
        wait_until 120 memory_flows "$1"
}

memory_flows() {
        on_host "$1" "virsh domjobinfo $guest" | grep -Eq 'Memory processed: +[1-9]'
}

speed_up() {
        on_host "$1" "virsh migrate-setspeed $guest 1000"
}

# has_vf HOST VF WHAT: the VF is the guest's there, and nothing of the replug is left.
has_vf() {
        ok "$3: the guest has the VF" -- wait_until 120 vf_is "$1" "$2"
        ok "$3: and sees it" -- wait_until 60 guest_sees_vf "$1"
        ok "$3: the note in its metadata is gone" -- wait_until 30 is_not_noted "$1"
        ok "$3: the VF is leased" -- wait_until 30 eval "leases $1 | grep -q '^$2 running'"
}

stayed() {
        is "$(guest_host "$guest")" a "$1: the guest runs where it was"
        has_vf a "$vf_a" "$1"
}

test_check_says_so() {
        local said
        said=$(ferry a check "$guest" hostb) || said="no success: $said"
        like "$said" "warning.*'virt-ferry migrate' unplugs it for the move" 'check: a warning'
        like "$said" 'can move to hostb' 'check: and no error'
}

test_plain_virsh_is_refused() {
        fails 'plain virsh migrate is refused' -- migrate a b "$guest"
        stayed 'refused'
}

test_it_moves() {
        local tick
        tick=$(guest_tick a "$guest")
        ok 'virt-ferry migrate moves it' -- drive a b --force
        is "$(guest_host "$guest")" b 'it runs there'
        ok 'and ticks on' -- wait_until 30 guest_has_ticked b "$guest" "$tick"
        has_vf b "$vf_b" 'moved'
        is "$(last_migration a Strategy)" replug 'the strategy is in the record'
        ok 'none is left on hosta' -- wait_until 30 no_lease a
        ok 'and it goes back' -- drive b a --force
        vf_a=0000:01:10.2 spare_a=0000:01:10.0 # of two that are free it takes the one of that name
        stayed 'back'
}

test_it_is_refused_where_no_vf_is() {
        local said
        guest_remove occupant
        vfs_create b 0
        said=$(drive a b --force) && said="not refused: $said"
        like "$said" '^virt-ferry: hostb: .*needs a VF' 'no VF there: refused before it is unplugged'
        stayed 'no VF there'

        on_host b 'systemctl stop virtferryd && systemctl mask --runtime virtferryd'
        said=$(drive a b --force) && said="not refused: $said"
        like "$said" 'rolled-back' 'nobody to ask there: refused by the hook'
        stayed 'refused by the hook'
        on_host b 'systemctl unmask --runtime virtferryd && systemctl start virtferryd'
        wait_until 60 ferry_up b
        vfs_create b 2
        occupy_b
}

test_the_job_is_aborted() {
        drive_slowly a b
        ok 'aborted: the guest is without it meanwhile' -- has_no_vf a
        is "$(leases a)" "$vf_a running" 'aborted: which is still leased'
        on_host a "virsh domjobabort $guest"
        fails 'aborted: the command says so' -- wait "$driving"
        stayed 'aborted'
}

# A guest that stands still lets go of nothing until it runs again.
test_the_guest_does_not_let_go() {
        local said
        on_host a "printf '[Migration]\nUnplugTimeoutSec=3\n' >/etc/virtferry/virtferry.conf &&
                systemctl restart virtferryd && virsh suspend $guest"
        wait_until 60 ferry_up a
        said=$(drive a b --force) && said="not refused: $said"
        like "$said" 'did not let go of .* within 3 s' 'not let go: the reason is told'
        on_host a "virsh resume $guest"
        ok 'let go too late: it is plugged again all the same' -- wait_until 60 plugged_again
        stayed 'let go too late'
        on_host a 'rm /etc/virtferry/virtferry.conf && systemctl restart virtferryd'
        wait_until 60 ferry_up a
}

test_the_daemon_dies_while_it_is_unplugged() {
        on_host a "virsh suspend $guest"
        ok 'killed: the move has begun' -- drive a b --force --detach
        ok 'killed: and is noted' -- wait_until 30 is_noted a
        on_host a 'systemctl kill --signal=KILL virtferryd'
        on_host a "virsh resume $guest"
        wait_until 60 ferry_up a
        stayed 'killed while it is unplugged'
        ok 'killed: the move was rolled back' -- wait_until 60 migration_is a rolled-back
}

test_the_daemon_dies_while_it_moves() {
        drive_slowly a b
        on_host a 'systemctl kill --signal=KILL virtferryd'
        on_host b 'systemctl kill --signal=KILL virtferryd'
        wait_until 60 ferry_up a
        wait_until 60 ferry_up b
        speed_up a
        ok 'both are killed: the guest moves all the same' -- wait "$driving"
        has_vf b "$vf_b" 'both are killed'
        ok 'both are killed: none is left on hosta' -- wait_until 60 no_lease a
        ok 'both are killed: and it goes back' -- drive b a --force
        stayed 'back again'
}

# Two VFs of one host; the guest stays.
test_it_gets_another_vf_here() {
        local said
        said=$(ferry a move "$guest" "$mac" "$spare_a" --force) || said="no success: $said"
        like "$said" "is $spare_a now, and was $vf_a. The guest was without it for " \
                'move: it says what was done'
        has_vf a "$spare_a" 'move'
        is "$(leases a)" "$spare_a running" 'move: the old one is given back'
        like "$(ferry_get a devices "[d for d in rows if d['Id'] == '$vf_a'][0]['Driver']")" \
                '^(igbvf|)$' 'move: and is the host'"'"'s again'

        said=$(ferry a move "$guest" "$mac" "$spare_a" --force 2>&1) && said="not refused: $said"
        like "$said" 'is what .* is already' 'move: not to itself'
        ok 'move: and back, by the PF' -- ferry a move "$guest" "$mac" 0000:01:00.0 --force
        has_vf a "$vf_a" 'moved back'
}

guest_sees_virtio() {
        guest_sees "$1" "$guest" "driver=virtio_net mac=$mac"
}

# From the card to the host and back, with the same MAC.
test_it_moves_to_virtio_and_back() {
        local said
        said=$(ferry a move "$guest" "$mac" virtio:br0 --force) || said="no success: $said"
        like "$said" 'is virtio:br0 now' 'virtio: it says what was done'
        ok 'virtio: the guest sees it' -- wait_until 60 guest_sees_virtio a
        ok 'virtio: the VF is given back' -- wait_until 30 no_lease a
        ok 'virtio: no note is left' -- wait_until 30 is_not_noted a
        said=$(ferry a move "$guest" "$mac" "$vf_a" --force) || said="no success: $said"
        like "$said" "is $vf_a now, and was virtio" 'virtio: and back'
        has_vf a "$vf_a" 'virtio, back'
}

test_a_move_here_that_fails() {
        local said
        on_host a "printf '[Migration]\nUnplugTimeoutSec=3\n' >/etc/virtferry/virtferry.conf &&
                systemctl restart virtferryd && virsh suspend $guest"
        wait_until 60 ferry_up a
        said=$(ferry a move "$guest" "$mac" "$spare_a" --force 2>&1) && said="not refused: $said"
        like "$said" 'did not let go of .* within 3 s' 'move: a guest that does not let go'
        is "$(leases a)" "$vf_a running" 'move: nothing is left of it'
        on_host a "virsh resume $guest; rm /etc/virtferry/virtferry.conf; systemctl restart virtferryd"
        wait_until 60 ferry_up a
        stayed 'move that failed'
}

# The guest has nobody who hears the power button, so it is told on its console. That is the shell's
# terminal from then on, and hangs up with the guest.
power_off() {
        wait_until 60 is_to_shut_down "$1"
        on_host "$1" "exec 3<>\"\$(virsh ttyconsole $guest)\"; echo poweroff >&3
                timeout 60 sh -c 'while virsh domstate $guest | grep -q running; do sleep 0.3; done'" ||
                wait_until 60 is_off "$1"
}

is_off() {
        ! on_host "$1" "virsh domstate $guest" | grep -q running
}

# libvirt is asked for that right behind it.
is_to_shut_down() {
        on_host "$1" "virsh dumpxml --inactive $guest" | grep -q '<ferry:domain '
}

# drive_cold FROM TO: its output, when the guest has booted again, wherever.
drive_cold() {
        on_host "$1" "virsh metadata $guest --config --uri urn:virtferry:domain:1 --remove" || true
        drive "$1" "$2" --force --strategy cold >"$log" &
        driving=$!
        power_off "$1"
        forget_console a
        forget_console b
        wait "$driving" || true
        wait_until 60 runs_somewhere
        guest_wait "$(guest_host "$guest")" "$guest" '^tick '
        cat "$log"
}

runs_somewhere() {
        [[ -n $(guest_host "$guest") ]]
}

# What it has said before it was shut down.
forget_console() {
        on_host "$1" "touch /var/log/libvirt/qemu/$guest.console
                truncate -s 0 /var/log/libvirt/qemu/$guest.console"
}

# Its definition comes with the VF of hosta and starts with one of hostb.
test_it_moves_cold() {
        local said
        said=$(drive_cold a b)
        like "$said" 'finished' 'cold: it moves'
        is "$(guest_host "$guest")" b 'cold: it runs there'
        has_vf b "$vf_b" 'cold'
        ok 'cold: none is left on hosta' -- wait_until 30 no_lease a
        said=$(drive_cold b a)
        like "$said" 'finished' 'cold: and it goes back'
        has_vf a "$vf_a" 'cold, back'
}

test_cold_is_refused() {
        local said
        on_host a "printf '[Migration]\nShutdownTimeoutSec=3\n' >/etc/virtferry/virtferry.conf &&
                systemctl restart virtferryd"
        wait_until 60 ferry_up a
        said=$(drive a b --force --strategy cold) && said="not refused: $said"
        like "$said" 'does not shut down within 3 s: it runs on' 'cold: the button is not heard'
        stayed 'cold, not shut down'
        on_host a 'rm /etc/virtferry/virtferry.conf; systemctl restart virtferryd'
        wait_until 60 ferry_up a

        on_host b 'systemctl stop virtferryd && systemctl mask --runtime virtferryd'
        said=$(drive_cold a b)
        on_host b 'systemctl unmask --runtime virtferryd && systemctl start virtferryd'
        like "$said" 'rolled-back' 'cold: refused there'
        ok 'cold, refused there: it is started here again' -- wait_until 60 runs_here
        stayed 'cold, refused there'
        wait_until 60 ferry_up b
}

runs_here() {
        [[ $(guest_host "$guest") == a ]]
}

occupy_b() {
        guest_define b vf occupant "MAC=52:54:00:76:00:12" BUS=0x01 SLOT=0x10 FUNCTION=0x0
        guest_start b occupant
        wait_until 30 lease_runs b 0000:01:10.0
}

prepare() {
        local host
        guest_remove "$guest"
        guest_remove occupant
        for host in a b; do
                vfs_create "$host" 2
                wait_until 30 eval "ferry $host devices | grep -q $vf_b"
        done
        occupy_b
        guest_define a vf "$guest" "MAC=$mac" BUS=0x01 SLOT=0x10 FUNCTION=0x0
        guest_start a "$guest"
        wait_until 30 lease_runs a "$vf_a"
        wait_until 60 guest_sees_vf a
}

clean() {
        guest_remove "$guest"
        guest_remove occupant
        ok 'no lease is left' -- wait_until 30 no_lease b
        vfs_create a 0
        vfs_create b 0
}

"$HOSTS_DIR/hosts" up
log "starting the guests"
prepare
test_check_says_so
test_plain_virsh_is_refused
test_it_moves
test_it_is_refused_where_no_vf_is
test_the_job_is_aborted
test_the_guest_does_not_let_go
test_the_daemon_dies_while_it_is_unplugged
test_the_daemon_dies_while_it_moves
test_it_gets_another_vf_here
test_it_moves_to_virtio_and_back
test_a_move_here_that_fails
test_it_moves_cold
test_cold_is_refused
clean
done_testing
