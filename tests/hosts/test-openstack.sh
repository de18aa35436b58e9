#!/bin/bash
#
# A guest comes to hostb when it has claimed what it takes of it in a real Placement, and is refused before it
# is paused when it has not: by plain virsh migrate, and no Nova. Placement runs on this machine's
# loopback, and each host reaches it through ssh.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"
. "$HOSTS_DIR/../lib/placement"

port=8778 # of Placement, as a host sees it
plain=claimed1
instance=claimed2
mdev_a=$(uuid_of "$plain a")
nova=http://openstack.org/xmlns/libvirt/nova/1.1
conf=/etc/virtferry/virtferry.conf

# api METHOD PATH [JSON]: what Placement answers; fails with what it says.
api() {
        local data=()
        [[ $# -lt 3 ]] || data=(--data "$3")
        curl --silent --show-error --fail-with-body --max-time 30 --request "$1" "${data[@]}" \
                --header 'X-Auth-Token: admin' --header 'Content-Type: application/json' \
                --header 'OpenStack-API-Version: placement 1.39' "http://127.0.0.1:$PLACEMENT_PORT$2"
}

# json_of PYTHON: over the JSON on standard input, as `it`.
json_of() {
        python3 -c "import json, sys; it = json.load(sys.stdin); print($1)"
}

# provider_of NAME: its UUID; nothing where there is none.
provider_of() {
        api GET "/resource_providers?name=$1" | json_of \
                '"".join(row["uuid"] for row in it["resource_providers"])'
}

# As nova-compute leaves its own.
make_root() {
        local uuid
        uuid=$(uuid_of "root of $1")
        api POST /resource_providers "{\"name\": \"$1\", \"uuid\": \"$uuid\"}" >/dev/null
        api PUT "/resource_providers/$uuid/inventories" '{"resource_provider_generation": 0,
                "inventories": {"VCPU": {"total": 8}}}' >/dev/null
}

has_cores() {
        local uuid
        uuid=$(provider_of "$1_virtferry_dpu0")
        [[ -n $uuid ]] && api GET "/resource_providers/$uuid/inventories" |
                json_of 'it["inventories"]["CUSTOM_VIRTFERRY_CORE"]["total"]' | grep -qx 4
}

# claim GUEST HOST CORES: all that it has, as Nova claims it; 0 cores: of the host itself alone.
claim() {
        local uuid generation cores=''
        uuid=$(uuid_of "$1")
        generation=$(api GET "/allocations/$uuid" | json_of \
                'json.dumps(it.get("consumer_generation"))')
        [[ $3 == 0 ]] || cores=", \"$(provider_of "$2_virtferry_dpu0")\":
                {\"resources\": {\"CUSTOM_VIRTFERRY_CORE\": $3}}"
        api PUT "/allocations/$uuid" "{\"consumer_generation\": $generation, \"consumer_type\": \"INSTANCE\",
                \"project_id\": \"tests\", \"user_id\": \"tests\", \"allocations\":
                {\"$(provider_of "$2")\": {\"resources\": {\"VCPU\": 1}}$cores}}"
}

unclaim() {
        api DELETE "/allocations/$(uuid_of "$1")" >/dev/null 2>&1 || true
}

# demand WHOM: Claims= of hostb.
demand() {
        on_host b "mkdir -p ${conf%/*} && printf '[OpenStack]\nClaims=%s\n' $1 >$conf &&
                systemctl restart virtferryd"
        wait_until 60 ferry_up b
}

# Both have an offload device of four cores.
publish() {
        ssh -F "$SSH_CONFIG" -O forward -R "127.0.0.1:$port:127.0.0.1:$PLACEMENT_PORT" "host$1"
        on_host "$1" 'mkdir -p /etc/virtferry/pools.d && cat >/etc/virtferry/pools.d/dpu0.conf' <<-END
		[Resource dpu0]
		Parent=0000:01:00.0
		Cores=4
		MemoryMiB=512
	END
        on_host "$1" 'cat >/etc/virtferry/clouds.yaml' <<-END
		clouds:
		  openstack:
		    auth_type: admin_token
		    auth:
		      endpoint: http://127.0.0.1:$port
		      token: admin
	END
        on_host "$1" 'systemd-sysusers && systemctl reload dbus && systemctl restart virtferryd &&
                systemctl restart virtferry-placement'
}

unpublish() {
        on_host "$1" "systemctl stop virtferry-placement; rm -f $conf /etc/virtferry/clouds.yaml \
                /etc/virtferry/pools.d/dpu0.conf; systemctl restart virtferryd" || true
        ssh -F "$SSH_CONFIG" -O cancel -R "127.0.0.1:$port:127.0.0.1:$PLACEMENT_PORT" "host$1" || true
}

knows_claims() {
        on_host "$1" "busctl call org.virtferry1.Placement /org/virtferry1/Placement \
                org.virtferry1.Placement GetClaim s $(uuid_of "$instance")"
}

# How many cores of the offload device the slice of a guest has there; nothing without one.
cores_of() {
        ferry "$1" --json slice list | python3 -c "
import json, sys
rows = [row for row in json.load(sys.stdin) if row['DomainUUID'] == '$(uuid_of "$2")']
print(*[grant[2] for row in rows for grant in row['Grants'] if grant[0] == 'offload:dpu0/cores'])"
}

has_cores_of_slice() {
        [[ $(cores_of "$1" "$2") == "$3" ]]
}

test_a_domain_needs_a_claim() {
        local tick
        demand all
        refused "$plain" "Guest $plain has claimed nothing in Placement on host hostb" 'without a claim'
        claim "$plain" hosta 0
        refused "$plain" "has claimed nothing in Placement on host hostb" 'with a claim on another host'
        claim "$plain" hostb 1
        tick=$(guest_tick a "$plain")
        ok 'with a claim it moves by plain virsh migrate' -- migrate a b "$plain"
        ok 'and ticks on' -- wait_until 30 guest_has_ticked b "$plain" "$tick"
}

test_nobody_to_ask_is_a_refusal() {
        on_host b 'systemctl stop virtferry-placement'
        refused "$instance" "It is not known what guest $instance has claimed in Placement on host hostb: virtferry-placement" \
                'nobody to ask'
        on_host b 'systemctl start virtferry-placement'
        wait_until 120 knows_claims b
}

test_a_slice_is_held_against_the_claim() {
        ok 'an instance of Nova has two cores of the offload device of hosta' -- eval \
                "on_host a 'virt-ferry slice allocate $instance -' \
                <<<\"<slice version='1'><offload name='o' cores='2'/></slice>\""
        ok 'it is in its metadata' -- wait_until 60 eval \
                "on_host a 'virsh metadata $instance --uri urn:virtferry:domain:1' | grep -q offload"
        claim "$instance" hostb 1
        refused "$instance" "has claimed too little in Placement on host hostb: its offload 'o' takes 2 cores" \
                'a claim that is too small'
        claim "$instance" hostb 2
        ok 'with a claim of its size it moves' -- migrate a b "$instance"
        ok 'and has its cores there' -- wait_until 60 has_cores_of_slice b "$instance" 2
        is "$(cores_of a "$instance")" '' 'and none on hosta'
}

test_an_instance_has_its_slice_by_its_claim() {
        on_host b "virsh -q destroy $instance"
        ok 'its slice goes with it' -- wait_until 30 has_cores_of_slice b "$instance" ''
        ok 'it may claim others' -- wait_until 60 claim "$instance" hostb 3
        instance_define b
        ok 'it starts with what it has claimed' -- guest_start b "$instance"
        ok 'and has that' -- has_cores_of_slice b "$instance" 3
        on_host b "virsh -q destroy $instance"
        unclaim "$instance"
        like "$(on_host b "virsh start $instance 2>&1")" "virt-ferry: Guest $instance has claimed nothing" \
                'without a claim it does not start'
}

instance_define() {
        guest_define "$1" plain "$instance"
        on_host "$1" "virsh -q metadata $instance --uri $nova --key nova --set '<instance/>' --config"
}

prepare() {
        local host
        make_root hosta
        make_root hostb
        for host in a b; do
                publish "$host"
        done
        for host in a b; do
                ok "host$host is in Placement" -- wait_until 120 has_cores "host$host"
                ok 'and says so' -- wait_until 60 knows_claims "$host"
        done
        guest_remove "$plain"
        guest_remove "$instance"
        mdev_create a "$mdev_a"
        guest_define a mtty "$plain" "MDEV=$mdev_a"
        guest_start a "$plain"
        instance_define a
        guest_start a "$instance"
        wait_until 30 lease_runs a "$mdev_a"
}

# A host that demands claims is of no use to other tests.
clean() {
        local host name
        for host in a b; do
                unpublish "$host"
        done
        for name in "$plain" "$instance"; do
                guest_remove "$name"
        done
        for host in a b; do
                ferry "$host" slice deallocate "$(uuid_of "$instance")" >/dev/null 2>&1 || true
        done
        mdev_remove a "$mdev_a" || true
        placement_stop
        rm -rf "$folder"
}

if ! placement_install; then
        skip 'guests and their claims in Placement' "$PLACEMENT_REASON"
        done_testing
        exit
fi
need_packages curl
"$HOSTS_DIR/hosts" up
folder=$(mktemp -d)
trap 'clean >/dev/null 2>&1; tap_on_exit' EXIT
placement_start "$folder" close || die "Placement does not start: $(tail -n 1 "$folder/placement.log")"
log "publishing both hosts and starting the guests"
prepare
test_a_domain_needs_a_claim
demand nova
test_nobody_to_ask_is_a_refusal
test_a_slice_is_held_against_the_claim
test_an_instance_has_its_slice_by_its_claim
done_testing
