# bash completion for virt-ferry(1)                        -*- shell-script -*-
# SPDX-License-Identifier: LGPL-2.1-or-later

# The first words that a command prints (leases, devices --free), on the host that the line names.
__virt_ferry_ids() {
        local i host=()

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -H | -c | --host) host=(-H "${COMP_WORDS[i + 1]}") ;;
                esac
        done
        virt-ferry "${host[@]}" --no-legend "$@" 2>/dev/null | cut -d' ' -f1
}

# The guests that run on the host that the line names; virsh knows them.
__virt_ferry_guests() {
        local i connect=()

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -H | -c | --host) connect=(--connect "qemu+ssh://${COMP_WORDS[i + 1]}/system") ;;
                esac
        done
        virsh --quiet "${connect[@]}" list --name 2>/dev/null
}

# A PCI address is one word to us and five to readline, which breaks words at colons: completes the
# whole one, and hands over what is behind its last colon.
__virt_ferry_complete_address() {
        local whole=${COMP_LINE:0:COMP_POINT} before

        whole=${whole##* }
        before=${whole%"${whole##*:}"}
        mapfile -t COMPREPLY < <(compgen -W "$1" -- "$whole")
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

# The command that the line has so far; nothing when it has none.
__virt_ferry_command() {
        local i

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -H | -c | --host | --class | --csv | --horizon | --origin | --stride | --count | --since | --svg | --xml | --nova | --strategy | --max-downtime | --bandwidth | \
                        --parallel | --compress | --new-name | --for | --together | --per-host | --moves) ((i++)) ;;
                -*) ;;
                *)
                        echo "${COMP_WORDS[i]}"
                        return
                        ;;
                esac
        done
}

# The words behind "slice".
__virt_ferry_slice_words() {
        local i found=''

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                -H | -c | --host | --for) ((i++)) ;;
                -*) ;;
                slice) if [[ -z $found ]]; then found=1; else echo slice; fi ;;
                *) if [[ -n $found ]]; then echo "${COMP_WORDS[i]}"; fi ;;
                esac
        done
}

# Sets COMPREPLY for `virt-ferry slice`, from the caller's current and options.
__virt_ferry_complete_slice() {
        local behind=() words=''

        mapfile -t behind < <(__virt_ferry_slice_words)
        case ${behind[0]-} in
        add) options+=' --explain' ;;
        allocate) options+=' --explain --dry-run' ;;
        defragment) options+=' --apply --for --functions' ;;
        esac
        if [[ $current == -* ]]; then
                words=$options
        else
                case ${#behind[@]}${behind[0]-} in
                0) words='add allocate check deallocate defragment list remove show' ;;
                1add | 1allocate) words=$(__virt_ferry_guests) ;;
                1deallocate | 1remove | 1show) words=$(__virt_ferry_ids slice list) ;;
                1check | 2allocate)
                        compopt -o filenames
                        mapfile -t COMPREPLY < <(compgen -f -- "$current")
                        return
                        ;;
                2add | 2remove) words='bandwidth cores functions keys memory offload-cores offload-memory' ;;
                4add | 5add | 6add)
                        compopt -o nospace
                        words='class= contiguous= exclusive= kind= lanes= max-mbit= min-mbit= name= node= own-group= page= parent= pool= priority= share= tier= type='
                        ;;
                4remove)
                        compopt -o nospace
                        words='kind= name='
                        ;;
                esac
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
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
        --strategy)
                mapfile -t COMPREPLY < <(compgen -W 'auto cold failover live mediated replug vfio' -- "$current")
                return
                ;;
        --compress)
                mapfile -t COMPREPLY < <(compgen -W 'auto none xbzrle mt zlib zstd' -- "$current")
                return
                ;;
        --together | --per-host)
                mapfile -t COMPREPLY < <(compgen -W 'none' -- "$current")
                return
                ;;
        --nova)
                mapfile -t COMPREPLY < <(compgen -W '26 31' -- "$current")
                return
                ;;
        --since)
                mapfile -t COMPREPLY < <(compgen -W '1h 6h 24h 1w 2w 4w' -- "$current")
                return
                ;;
        --csv | --svg | --xml | --for)
                compopt -o filenames
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
                ;;
        esac

        case $command in
        '') words='advice apply balance check devices drain forecast headroom history hosts leases migrate migrations move offers openstack place policy probe release rescan resources show slice top undrain' ;;
        advice) options+=' --watch' ;;
        apply)
                if [[ $current != -* ]]; then
                        words=$(__virt_ferry_ids advice | tr -d :)
                fi
                ;;
        check)
                options+=' --fix --trial --xml'
                if [[ $current != -* && $previous =~ ^(check|--fix|--trial)$ ]]; then
                        words=$(__virt_ferry_guests)
                fi
                ;;
        devices) options+=' --class --free' ;;
        drain)
                options+=' --alone --persistent --undefine-source --detach'
                if [[ $current != -* ]] && declare -F _known_hosts_real >/dev/null; then
                        _known_hosts_real -a -- "$current"
                        return
                fi
                ;;
        forecast)
                options+=' --csv --horizon --origin --stride --count'
                if [[ $current != -* && $previous == forecast ]]; then
                        words=$(__virt_ferry_guests)
                elif [[ $current != -* && ${COMP_WORDS[COMP_CWORD - 2]} == forecast ]]; then
                        words='busy cpu device-memory read-bytes receive-bytes resident transmit-bytes used write-bytes'
                fi
                ;;
        history)
                options+=' --since --svg'
                if [[ $current != -* && $previous == history ]]; then
                        words=$(__virt_ferry_guests)
                elif [[ $current != -* && ${COMP_WORDS[COMP_CWORD - 2]} == history ]]; then
                        words='balloon busy cpu cpu-stall device-memory io-stall memory-stall read-bytes read-requests read-time receive-bytes receive-drops receive-packets'
                        words+=' resident transmit-bytes transmit-drops transmit-packets unused used vcpu-delay vcpu-wait write-bytes write-requests write-time'
                fi
                ;;
        hosts)
                if [[ $COMP_LINE =~ \ limit\  ]]; then
                        options+=' --together --per-host'
                elif [[ $current != -* && $previous == hosts ]]; then
                        words='forget limit offers'
                elif [[ $current != -* && $previous == @(forget|offers) ]]; then
                        words=$(__virt_ferry_ids hosts)
                fi
                ;;
        balance) options+=' --moves --apply' ;;
        place)
                options+=' --explain'
                if [[ $current == */* ]]; then
                        compopt -o filenames
                        mapfile -t COMPREPLY < <(compgen -f -- "$current")
                        return
                fi
                if [[ $current != -* ]]; then
                        words=$(__virt_ferry_guests)
                fi
                ;;
        migrate)
                options+=' --strategy --max-downtime --bandwidth --parallel --compress --persistent --undefine-source'
                options+=' --new-name --force --detach --dry-run'
                if [[ $current != -* ]]; then
                        words=$(__virt_ferry_guests)
                fi
                ;;
        top) options+=' --count' ;;
        migrations) options+=' --watch' ;;
        move)
                options+=' --force'
                if [[ $current != -* && $previous =~ ^(move|--force)$ ]]; then
                        words=$(__virt_ferry_guests)
                fi
                ;;
        openstack)
                options+=' --nova'
                if [[ $current != -* && $previous == openstack ]]; then
                        words='device-spec provider-yaml'
                fi
                ;;
        policy)
                if [[ $current != -* && $previous == policy ]]; then
                        words='decide freeze thaw'
                fi
                ;;
        probe)
                if [[ $current != -* ]]; then
                        __virt_ferry_complete_address "$(__virt_ferry_ids devices --free)"
                        return
                fi
                ;;
        release)
                if [[ $current != -* ]]; then
                        words=$(__virt_ferry_ids leases)
                fi
                ;;
        slice)
                __virt_ferry_complete_slice
                return
                ;;
        show)
                if [[ $current != -* ]]; then
                        words=$(__virt_ferry_ids migrations | sort -u) # their guests
                fi
                ;;
        esac
        if [[ $current == -* ]]; then
                words=$options
        fi
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _virt_ferry virt-ferry
