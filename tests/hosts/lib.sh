# shellcheck shell=bash
#
# What the scripts of the test hosts share: progress, the cache, packages, the host's ssh.
# Sourced; needs `set -euo pipefail` of its caller.
#
# VIRTFERRY_CACHE   where everything that takes time is kept, /var/cache/virtferry-tests
# VIRTFERRY_BED     a name; hosts of their own, beside those of other names and of none

shopt -s inherit_errexit

# shellcheck disable=SC2034 # for those who source this
HOSTS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${VIRTFERRY_CACHE:-/var/cache/virtferry-tests}
# shellcheck disable=SC2034
RUN=$CACHE/run${VIRTFERRY_BED:+-$VIRTFERRY_BED}
SSH_CONFIG=$RUN/ssh_config

# Children inherit the start, so that all lines of one run count from the same moment.
export VIRTFERRY_STARTED=${VIRTFERRY_STARTED:-${EPOCHREALTIME/./}}

log() {
        local ms=$(((${EPOCHREALTIME/./} - VIRTFERRY_STARTED) / 1000))
        printf '[%4d.%d s] %s\n' $((ms / 1000)) $((ms % 1000 / 100)) \
                "${VIRTFERRY_BED:+$VIRTFERRY_BED: }$*" >&2
}

die() {
        log "error: $*"
        exit 1
}

need_root() {
        [[ $EUID -eq 0 ]] || die "${0##*/} must run as root: it makes file systems and namespaces"
}

package_is_installed() {
        [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]
}

apt_quiet() {
        DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 "$@" >&2
}

need_packages() {
        local package missing=()
        for package; do
                package_is_installed "$package" || missing+=("$package")
        done
        [[ ${#missing[@]} -gt 0 ]] || return 0
        log "installing ${missing[*]}"
        apt_quiet install --no-install-recommends "${missing[@]}" 2>/dev/null && return
        apt_quiet update
        apt_quiet install --no-install-recommends "${missing[@]}"
}

known_debian_mirror() {
        # shellcheck disable=SC2016 # the names are apt's
        apt-get indextargets --format '$(REPO_URI)' \
                'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p
}

# The mirror that this machine uses itself: what it can reach, the test hosts can be made from.
debian_mirror() {
        local mirror
        mirror=$(known_debian_mirror)
        if [[ -z $mirror ]]; then
                apt_quiet update
                mirror=$(known_debian_mirror)
        fi
        [[ -n $mirror ]] || die "apt on this machine knows no Debian mirror: add one to /etc/apt"
        printf '%s\n' "$mirror"
}

# key_of TEXT_OR_PATH...: one short hash over words, files and (by name and content) directories.
key_of() {
        local item
        for item; do
                if [[ -d $item ]]; then
                        (cd "$item" && find . -type f -printf '%P %m\n' | LC_ALL=C sort &&
                                find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum)
                elif [[ -f $item ]]; then
                        sha256sum <"$item"
                else
                        printf '%s\n' "$item"
                fi
        done | sha256sum | cut -c1-16
}

# cached NAME KEY COMMAND...: prints $CACHE/NAME-KEY. When it is not there, COMMAND makes it in an
# empty directory named by its last argument. A run that breaks off leaves nothing half made behind.
cached() {
        local name=$1 dir=$CACHE/$1-$2 began=$SECONDS
        shift 2
        (
                flock 9
                [[ -d $dir ]] && exit
                rm -rf "$dir.new"
                mkdir "$dir.new"
                trap 'rm -rf "$dir.new"; log "error: $name could not be made"' EXIT
                log "$name: making it"
                "$@" "$dir.new" >&2
                mv "$dir.new" "$dir"
                trap - EXIT
                log "$name: made in $((SECONDS - began)) s"
        ) 9>"$CACHE/$name.lock"
        printf '%s\n' "$dir"
}

# A command in the hosts' network (see qemu.sh), as a client beside them.
in_net() {
        nsenter --net="$RUN/net" "$@"
}

# on_host a|b LINE: a line for root's shell there. Standard input goes along.
on_host() {
        ssh -F "$SSH_CONFIG" "host$1" -- "$2"
}
