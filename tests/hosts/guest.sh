# shellcheck shell=bash
#
# Inner guests on the two hosts. Sourced after lib.sh. HOST is a or b; the guests' console commands
# are listed in image.d/guest-init.
#
#   guest_define HOST TEMPLATE NAME [KEY=VALUE...]   from guests/TEMPLATE.xml, @KEY@ filled in
#   guest_start HOST NAME         start, wait for its first tick
#   guest_remove NAME             stop and forget it on both hosts
#   guest_host NAME               the host that runs it: a, b or nothing
#   guest_log HOST NAME           its console there
#   guest_tick HOST NAME          its last tick there: a number
#   guest_ask HOST NAME COMMAND REGEX [GREP-OPTION...]   a console command, prints the first line like REGEX
#   guest_net HOST NAME           its network interfaces as it sees them, a line each
#   guest_sees HOST NAME REGEX    one of them is like that: a condition for wait_until
#   migrate FROM TO NAME [OPTION...]    virsh migrate --live
#   mdev_create HOST UUID [TYPE]  an mtty by hand; TYPE mtty-1 or mtty-2
#   mdev_remove HOST UUID
#   vfs_create HOST COUNT         VFs of the igb

guest_seconds=300

# The same name gives the same uuid, in this run and in the next.
uuid_of() {
        local hash
        hash=$(sha256sum <<<"$1")
        echo "${hash:0:8}-${hash:8:4}-4${hash:13:3}-8${hash:17:3}-${hash:20:12}"
}

guest_xml() {
        local template=$1 name=$2 pair
        local edits=(-e "s|@NAME@|$name|g" -e "s|@UUID@|$(uuid_of "$name")|g")
        shift 2
        for pair; do
                edits+=(-e "s|@${pair%%=*}@|${pair#*=}|g")
        done
        sed "${edits[@]}" "$HOSTS_DIR/guests/$template.xml"
}

guest_define() {
        local host=$1
        shift
        guest_xml "$@" | on_host "$host" 'virsh -q define /dev/stdin'
}

# ticked HOST NAME AFTER: has it ticked AFTER times?
guest_has_ticked() {
        local tick
        tick=$(guest_tick "$1" "$2")
        [[ ${tick:-0} -gt $3 ]]
}

guest_start() {
        on_host "$1" "virsh -q start $2"
        guest_wait "$1" "$2" '^tick '
}

# guest_wait HOST NAME REGEX: until its console there has such a line.
guest_wait() {
        # shellcheck disable=SC2016 # the other host's shell expands it
        local script='
                exec 4< <(exec tail -n +1 -F "$1" 2>/dev/null)
                timeout "$3" grep -Eqm 1 -- "$2" <&4 || code=$?
                kill $!
                exit "${code-0}"'
        on_host "$1" "bash -c ${script@Q} guest_wait /var/log/libvirt/qemu/$2.console ${3@Q} $guest_seconds"
}

guest_remove() {
        local host
        for host in a b; do
                on_host "$host" "virsh -q destroy $1; virsh -q undefine $1
                        rm -f /var/log/libvirt/qemu/$1.console" >/dev/null 2>&1 || true
        done
}

guest_host() {
        local host
        for host in a b; do
                [[ $(on_host "$host" "virsh domstate $1" 2>/dev/null) == running* ]] && echo "$host"
        done
        return 0
}

guest_log() {
        on_host "$1" "tr -d '\r' </var/log/libvirt/qemu/$2.console"
}

guest_tick() {
        guest_log "$1" "$2" 2>/dev/null | sed -n 's/^tick \([0-9]*\) .*/\1/p' | tail -n 1
}

# shellcheck disable=SC2016 # the other host's shell expands it
# The terminal stays open until the answer is there: QEMU reads from it only while it is open.
# A line counts when it has ended.
guest_ask() {
        local script='
                log=/var/log/libvirt/qemu/$1.console
                from=$(stat -c %s "$log") || exit
                exec 3<>"$(virsh ttyconsole "$1")" || exit
                printf "%s\n" "$2" >&3
                exec 4< <(tail -c "+$((from + 1))" -f "$log" | sed -u "s|\r||g")
                timeout "$4" grep -E -m 1 "${@:5}" -- "$3" <&4 || code=$?
                pkill -P $!
                exit "${code-0}"'
        on_host "$1" "bash -c ${script@Q} guest_ask ${2@Q} ${3@Q} ${4@Q} $guest_seconds ${*:5}"
}

guest_net() {
        guest_ask "$1" "$2" net '^net end' --before-context=99 | sed -n '/^net end/d; /^net /p'
}

guest_sees() {
        guest_net "$1" "$2" | grep -E -- "$3"
}

migrate() {
        local from=$1 to=$2 name=$3
        shift 3
        on_host "$from" "timeout 300 virsh migrate --live $name qemu+ssh://host$to/system ${*@Q} 2>&1"
}

mdev_create() {
        on_host "$1" "echo $2 >/sys/class/mdev_bus/mtty/mdev_supported_types/${3-mtty-1}/create"
}

mdev_remove() {
        on_host "$1" "echo 1 >/sys/bus/mdev/devices/$2/remove"
}

vfs_create() {
        on_host "$1" "echo $2 >/sys/bus/pci/devices/0000:01:00.0/sriov_numvfs"
}
