# bash completion for virt-ferry(1)                        -*- shell-script -*-
# SPDX-License-Identifier: LGPL-2.1-or-later

# The ids of the leases, on the host that the line names.
__virt_ferry_leases() {
        local i host=()

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -H | -c | --host) host=(-H "${COMP_WORDS[i + 1]}") ;;
                esac
        done
        virt-ferry "${host[@]}" --no-legend leases 2>/dev/null | cut -d' ' -f1
}

# The command that the line has so far; nothing when it has none.
__virt_ferry_command() {
        local i

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -H | -c | --host | --class | --xml) ((i++)) ;;
                -*) ;;
                *)
                        echo "${COMP_WORDS[i]}"
                        return
                        ;;
                esac
        done
}

_virt_ferry() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
        local options='--json --no-legend --host --help --version' words='' command

        COMPREPLY=()
        command=$(__virt_ferry_command)
        case $previous in
        -H | -c | --host)
                if declare -F _known_hosts_real >/dev/null; then
                        _known_hosts_real -a -- "$current"
                fi
                return
                ;;
        --class)
                mapfile -t COMPREPLY < <(compgen -W 'mdev sriov' -- "$current")
                return
                ;;
        --xml)
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
                ;;
        esac

        case $command in
        '') words='check devices leases migrations offers release rescan' ;;
        check) options+=' --xml' ;;
        devices) options+=' --class --free' ;;
        migrations) options+=' --watch' ;;
        release)
                if [[ $current != -* ]]; then
                        words=$(__virt_ferry_leases)
                fi
                ;;
        esac
        if [[ $current == -* ]]; then
                words=$options
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _virt_ferry virt-ferry
