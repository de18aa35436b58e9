# shellcheck shell=bash
#
# How a test host's QEMU is started and spoken to. Sourced after lib.sh.
#
# The QEMU is the one inside the image's tree, run through the loader of that tree: nothing is mounted
# for it, and the machine's own packages stay as they are. Software emulation only (TCG), with an
# IOMMU and a processor that itself virtualizes (SVM), so that KVM and VFIO work inside.
#
#   mgmt   10.0.2.15, ssh from 127.0.0.1 only (restrict=on: nothing gets out)
#   wire   to the other host, over a unix socket; br0 of the host is on it
#   igb    an Intel 82576 with up to 7 VFs at 0000:01:00.0, to that of the other host, likewise
#
# The two wires are not joined by a hub of QEMU: one that gets a part of a packet rid mixes the next
# one into it, and the wire is dead.

host_number() {
        [[ $1 == a ]] && echo 1 || echo 2
}

# emulator TREE PROGRAM ARG...
emulator() {
        local tree=$1 program=$2
        shift 2
        QEMU_MODULE_DIR=$tree/usr/lib/x86_64-linux-gnu/qemu \
                "$tree/lib64/ld-linux-x86-64.so.2" \
                --library-path "$tree/usr/lib/x86_64-linux-gnu" "$tree/usr/bin/$program" "$@"
}

kernel_command_line() {
        local host=$1 mode=$2 number
        number=$(host_number "$host")
        echo "root=/dev/vda rw console=ttyS0 loglevel=4 systemd.show_status=no" \
                "systemd.hostname=host$host" \
                "systemd.machine_id=0000000000000000000000000000000$number" \
                "systemd.default_device_timeout_sec=300 systemd.default_timeout_start_sec=300" \
                "intel_iommu=on mitigations=off nokaslr audit=0 apparmor=0 selinux=0 nowatchdog" \
                "tsc=reliable cryptomgr.notests rcupdate.rcu_expedited=1 bed.$mode"
}

# start_qemu HOST IMAGE MODE ARG...: returns when the machine is made.
start_qemu() {
        local host=$1 image=$2 mode=$3 dir=$RUN/$1 tree number role
        shift 3
        tree=$(readlink -f "$image/tree")
        number=$(host_number "$host")
        [[ $host == a ]] && role=server=on || role=server=off,reconnect-ms=500
        emulator "$tree" qemu-system-x86_64 \
                -name "host$host" -uuid "00000000-0000-4000-8000-00000000000$number" \
                -nodefaults -no-user-config -display none \
                -L "$tree/usr/share/qemu" -L "$tree/usr/share/seabios" \
                -accel tcg,thread=multi -cpu EPYC-Milan,+svm -smp 1 -m 3G \
                -machine q35,kernel-irqchip=split,sata=off,smbus=off,usb=off,vmport=off \
                -device intel-iommu,intremap=on,caching-mode=on \
                -kernel "$image/vmlinux" -initrd "$image/initrd" \
                -append "$(kernel_command_line "$host" "$mode")" \
                -chardev "file,id=console,path=$dir/console.log,append=on" \
                -serial chardev:console \
                -blockdev "file,node-name=file,filename=$dir/disk.qcow2,cache.no-flush=on" \
                -blockdev qcow2,node-name=disk,file=file \
                -device virtio-blk-pci,drive=disk \
                -netdev "user,id=mgmt,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:0-10.0.2.15:22" \
                -device "virtio-net-pci,netdev=mgmt,romfile=,mac=52:54:00:01:00:0$number" \
                -netdev "stream,id=wire,addr.type=unix,addr.path=$RUN/wire,$role" \
                -device "virtio-net-pci,netdev=wire,romfile=,mac=52:54:00:02:00:0$number" \
                -netdev "stream,id=igb,addr.type=unix,addr.path=$RUN/igb,$role" \
                -device pcie-root-port,id=rp,chassis=1 \
                -device "igb,bus=rp,netdev=igb,romfile=,mac=52:54:00:03:00:0$number" \
                -qmp "unix:$dir/qmp,server=on,wait=off" \
                -daemonize -pidfile "$dir/pid" -D "$dir/qemu.log" "$@" 9>&- ||
                die "host$host does not start: $(tail -n 1 "$dir/qemu.log")"
}

# The pid of a host's QEMU, if that is what runs under it.
qemu_pid() {
        local pid
        pid=$(cat "$RUN/$1/pid" 2>/dev/null) || return
        [[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == *" $RUN/$1/pid "* ]] || return
        echo "$pid"
}

qemu_is_running() {
        qemu_pid "$1" >/dev/null
}

# qmp HOST COMMAND...: one JSON command after the other; prints the answers.
qmp() {
        local socket=$RUN/$1/qmp
        shift
        printf '%s\n' '{"execute": "qmp_capabilities"}' "$@" |
                socat -t 10 - "UNIX-CONNECT:$socket"
}

hmp() {
        qmp "$1" "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"$2\"}}"
}

# The port on 127.0.0.1 that the system chose for a host's ssh.
ssh_port() {
        hmp "$1" 'info usernet' | sed -nE 's/.*HOST_FORWARD\][^.]*127\.0\.0\.1 +([0-9]+).*/\1/p'
}

migration_status() {
        qmp "$1" '{"execute": "query-migrate"}' |
                sed -nE 's/.*"status": "([a-z-]+)".*/\1/p' | head -n 1
}

wait_migrated() {
        local status
        while :; do
                status=$(migration_status "$1")
                case $status in
                completed) return ;;
                failed | cancelled) die "host$1: its memory could not be moved: $RUN/$1/qemu.log" ;;
                esac
                sleep 0.1
        done
}

mapped_ram='{"execute": "migrate-set-capabilities", "arguments": {"capabilities":
        [{"capability": "mapped-ram", "state": true}]}}'

# To a file and from it, by QEMU's own migration. The machine stands still after save_memory.
save_memory() {
        qmp "$1" '{"execute": "stop"}' "${mapped_ram//$'\n'/}" \
                "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"file:$2\"}}" >/dev/null
        wait_migrated "$1"
}

load_memory() {
        qmp "$1" "${mapped_ram//$'\n'/}" \
                "{\"execute\": \"migrate-incoming\", \"arguments\": {\"uri\": \"file:$2\"}}" \
                >/dev/null
        wait_migrated "$1"
        qmp "$1" '{"execute": "cont"}' >/dev/null
}
