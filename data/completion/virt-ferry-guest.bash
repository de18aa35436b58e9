# bash completion for virt-ferry-guest(1)                  -*- shell-script -*-
# SPDX-License-Identifier: LGPL-2.1-or-later

# The words of the line that are no options.
__virt_ferry_guest_words() {
        local i

        for ((i = 1; i < COMP_CWORD; i++)); do
                case ${COMP_WORDS[i]} in
                --connect | --timeout) ((i++)) ;;
                -*) ;;
                *) echo "${COMP_WORDS[i]}" ;;
                esac
        done
}

_virt_ferry_guest() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words=() offer=''

        COMPREPLY=()
        mapfile -t words < <(__virt_ferry_guest_words)
        if [[ $previous == --connect ]]; then
                offer='vsock: unix:'
                compopt -o nospace
        elif [[ $previous == --timeout ]]; then
                : # a number
        elif [[ $current == -* ]]; then
                offer='--connect --help --json --timeout --version'
        elif ((${#words[@]} == 0)); then
                offer='release request show watch'
        elif [[ ${words[0]} == re* ]]; then
                case ${#words[@]} in
                1) offer='bandwidth cores functions keys memory offload-cores offload-memory' ;;
                2) ;; # an amount
                *)
                        offer='name= min-mbit='
                        compopt -o nospace
                        ;;
                esac
        fi
        mapfile -t COMPREPLY < <(compgen -W "$offer" -- "$current")
}

complete -F _virt_ferry_guest virt-ferry-guest
