# shellcheck shell=bash
#
# How a test host's QEMU is started and spoken to. Sourced after lib.sh.
#
# The QEMU is the one inside the image's tree, run through the loader of that tree: nothing is mounted
# for it, and the machine's own packages stay as they are. Software emulation only (TCG), with an
# IOMMU and a processor that itself virtualizes (SVM), so that KVM and VFIO work inside. hostc's is a
# newer one: it maps CXL memory, where QEMU 10 emulates each access and no guest can live on it.
#
# hostc is for what is shared out to guests: it has two NUMA nodes of two cores and 1.5 GiB each,
# CXL memory that is no region yet, and a second 82576 below a port without ACS, which cannot keep its functions
# apart, so that all of them are one IOMMU group; the others have one core.
#
# They stand in a network namespace that has no way out ($RUN/net; see in_net). In it are
#
#   switch   a bridge with 10.42.0.254, for a client outside the hosts
#   a-wire, b-wire, c-wire   plugged into it; in a host: wire, below br0 with 10.42.0.1, .2 or .3 and
#                   the guests
#   a-igb, b-igb, c-igb   likewise; in a host: enp1s0, an Intel 82576 with up to 7 VFs at 0000:01:00.0
#   127.0.0.1:2201, :2202, :2203   ssh of the hosts, by the user-mode network of QEMU; in a host: mgmt
#
# so that a guest is on the same network with a VF as with its virtio interface, and a test can
# pull a cable: in_net ip link set b-wire down

host_number() {
        case $1 in a) echo 1 ;; b) echo 2 ;; c) echo 3 ;; esac
}

make_net() {
        in_net true 2>/dev/null && return
        touch "$RUN/net"
        unshare --net="$RUN/net" true
        in_net ip -batch - <<EOF
link set lo up
link add switch type bridge forward_delay 0 mcast_snooping 0
addr add 10.42.0.254/24 dev switch
link set switch up
EOF
        local port
        for port in {a,b,c}-{wire,igb}; do
                in_net ip tuntap add "$port" mode tap vnet_hdr
                in_net ip link set "$port" master switch up
        done
}

remove_net() {
        umount "$RUN/net" 2>/dev/null || true
        rm -f "$RUN/net"
}

# emulator TREE QEMU ARG...: QEMU is the root of what its packages hold, TREE has the libraries.
emulator() {
        local tree=$1 qemu=$2
        shift 2
        in_net env "QEMU_MODULE_DIR=$qemu/usr/lib/x86_64-linux-gnu/qemu" \
                "$tree/lib64/ld-linux-x86-64.so.2" \
                --library-path "$tree/usr/lib/x86_64-linux-gnu" "$qemu/usr/bin/qemu-system-x86_64" \
                -L "$qemu/usr/share/qemu" -L "$qemu/usr/share/seabios" "$@"
}

kernel_command_line() {
        local host=$1 mode=$2 number
        number=$(host_number "$host")
        echo "root=/dev/vda rw console=ttyS0 loglevel=4 systemd.show_status=no systemd.ssh_auto=no" \
                "systemd.hostname=host$host" \
                "systemd.machine_id=0000000000000000000000000000000$number" \
                "systemd.default_device_timeout_sec=300 systemd.default_timeout_start_sec=300" \
                "intel_iommu=on mitigations=off nokaslr audit=0 apparmor=0 selinux=0 nowatchdog" \
                "tsc=reliable cryptomgr.notests rcupdate.rcu_expedited=1 bed.$mode"
}

# Without what the kernel uses because it is fast on silicon and what is slow in emulation: copies by
# one string instruction, which moves byte after byte, and guards around each access to user memory.
processor=EPYC-Milan,+svm,-erms,-fsrm,-smap,-smep

# machine_of HOST: how large it is. Linux makes a region of CXL memory only where it can flush its
# caches, which it does not believe under a hypervisor.
machine_of() {
        if [[ $1 != c ]]; then
                echo -smp 1 -m 3G
                return
        fi
        echo -cpu "$processor,-hypervisor" -smp 4,sockets=2,cores=2,threads=1 -m 3G -machine cxl=on \
                -object memory-backend-ram,id=node0,size=1536M \
                -object memory-backend-ram,id=node1,size=1536M \
                -numa node,nodeid=0,cpus=0-1,memdev=node0 \
                -numa node,nodeid=1,cpus=2-3,memdev=node1 \
                -object memory-backend-ram,id=cxl-ram,size=512M \
                -machine cxl-fmw.0.targets.0=cxl,cxl-fmw.0.size=4G \
                -device pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl \
                -device cxl-rp,port=0,bus=cxl,id=cxl-rp,chassis=2,slot=2 \
                -device cxl-type3,bus=cxl-rp,volatile-memdev=cxl-ram,id=cxl-memory \
                -device ioh3420,bus=pcie.0,addr=0x10,id=flat,chassis=3 \
                -device igb,bus=flat,romfile=,mac=52:54:00:04:00:03
}

# start_qemu HOST IMAGE MODE ARG...: returns when the machine is made.
start_qemu() {
        local host=$1 image=$2 mode=$3 dir=$RUN/$1 tree qemu number machine
        shift 3
        read -ra machine <<<"$(machine_of "$host")"
        tree=$(readlink -f "$image/tree")
        qemu=$tree
        [[ $host != c ]] || qemu=$(readlink -f "$image/newer-qemu")
        number=$(host_number "$host")
        emulator "$tree" "$qemu" \
                -name "host$host" -uuid "00000000-0000-4000-8000-00000000000$number" \
                -nodefaults -no-user-config -display none \
                -accel tcg,thread=multi -cpu "$processor" \
                -machine q35,kernel-irqchip=split,sata=off,smbus=off,usb=off,vmport=off \
                "${machine[@]}" \
                -device intel-iommu,intremap=on,caching-mode=on \
                -kernel "$image/vmlinux" -initrd "$image/initrd" \
                -append "$(kernel_command_line "$host" "$mode")" \
                -chardev "file,id=console,path=$dir/console.log,append=on" \
                -serial chardev:console \
                -blockdev "file,node-name=file,filename=$dir/disk.qcow2,cache.no-flush=on" \
                -blockdev qcow2,node-name=disk,file=file \
                -device virtio-blk-pci,bus=pcie.0,drive=disk \
                -netdev "user,id=mgmt,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:220$number-10.0.2.15:22" \
                -device "virtio-net-pci,bus=pcie.0,netdev=mgmt,romfile=,mac=52:54:00:01:00:0$number" \
                -netdev "tap,id=wire,ifname=$host-wire,script=no,downscript=no" \
                -device "virtio-net-pci,bus=pcie.0,netdev=wire,romfile=,mac=52:54:00:02:00:0$number" \
                -netdev "tap,id=igb,ifname=$host-igb,script=no,downscript=no" \
                -device pcie-root-port,bus=pcie.0,id=rp,chassis=1 \
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
