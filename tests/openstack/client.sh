# shellcheck shell=bash
#
# TAP of tests that ask a Placement with the client of virtferry-placement. Sourced; needs
# `set -euo pipefail` of its caller and tests/hosts/lib.sh.
#
#   VIRTFERRY_BUILD             the build directory; without it that of tests/all
#   client_find                 false: CLIENT_REASON says why
#   client_start CLOUDS CLOUD [SECRET-FILE]    the program of placement-client.c, which ends with us
#   client_stop                 waits for its end
#   ask REQUEST...              one line of answer into ANSWER
#   passed NAME, missed NAME WHY     one line of TAP
#   answers NAME PATTERN REQUEST...  asks, and the answer has to be so
#   plan                        the last line

# shellcheck disable=SC2034 # for those who source this
ANSWER='' CLIENT_REASON=''
test_number=0 test_failed=0

client_program() { echo "${VIRTFERRY_BUILD:-$CACHE/build/debian12}/tests/openstack/placement-client"; }

client_find() {
        CLIENT_REASON="$(client_program) is not built"
        [[ -x $(client_program) ]]
}

client_start() {
        client_stop
        coproc CLIENT { exec setpriv --pdeathsig KILL "$(client_program)" "$@"; }
        client_in=${CLIENT[1]} client_out=${CLIENT[0]}
}

client_stop() {
        local pid=${CLIENT_PID:-} # bash takes it away when the program has ended
        [[ -n $pid ]] || return 0
        exec {client_in}>&-
        wait "$pid" || true
}

ask() {
        echo "$*" >&"$client_in"
        read -r ANSWER <&"$client_out" || ANSWER='it ended'
}

passed() {
        test_number=$((test_number + 1))
        echo "ok $test_number - $1"
}

missed() {
        test_number=$((test_number + 1)) test_failed=1
        echo "not ok $test_number - $1"
        echo "# $2"
}

answers() {
        local name=$1 pattern=$2
        shift 2
        ask "$@"
        # shellcheck disable=SC2053 # it is a pattern
        if [[ $ANSWER == $pattern ]]; then
                passed "$name"
        else
                missed "$name" "$* -> '$ANSWER', not '$pattern'"
        fi
}

plan() {
        echo "1..$test_number"
        return "$test_failed"
}
