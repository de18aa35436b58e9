# shellcheck shell=bash
#
# TAP for tests that run on the two hosts. Sourced after lib.sh; needs `set -euo pipefail`.
#
#   ok DESC -- COMMAND...     passes when COMMAND succeeds; its output is shown when it does not
#   fails DESC -- COMMAND...  passes when COMMAND fails
#   is GOT WANT DESC
#   like GOT REGEX DESC
#   skip DESC REASON
#   wait_until SECONDS COMMAND...   asks again and again; fails when SECONDS are over
#   done_testing              prints the plan; its status is the test's status
#
# A test that ends without done_testing has bailed out.

# whose logs are shown
tap_hosts=(a b)
tap_count=0
tap_failed=0
tap_is_done=0
tap_output=$(mktemp)

# What comes on standard input.
diag() {
        sed 's/^/# /'
}

# What has been logged since the last failure.
tap_show_hosts() {
        local host
        for host in "${tap_hosts[@]}"; do
                echo "host$host, libvirtd and virtferryd:"
                on_host "$host" "journalctl -q -b --no-pager -o short-monotonic \
                        --cursor-file=/run/tap-cursor -u libvirtd -u virtferryd" 2>&1 |
                        tail -n 25 || true
        done
}

tap_result() {
        local status=$1 desc=$2
        tap_count=$((tap_count + 1))
        if [[ $status -eq 0 ]]; then
                echo "ok $tap_count - $desc"
        else
                echo "not ok $tap_count - $desc"
                tap_failed=$((tap_failed + 1))
        fi
}

tap_fail() {
        tap_result 1 "$1"
        {
                cat
                tap_show_hosts
        } | diag
}

# In this shell and not in a subshell, so that `wait` knows its children.
tap_run() {
        "$@" >"$tap_output" 2>&1
}

ok() {
        local desc=$1
        shift
        [[ $1 == -- ]] && shift
        if tap_run "$@"; then
                tap_result 0 "$desc"
        else
                tap_fail "$desc" < <(echo "failed: $*" && cat "$tap_output")
        fi
}

fails() {
        local desc=$1
        shift
        [[ $1 == -- ]] && shift
        if tap_run "$@"; then
                tap_fail "$desc" < <(echo "did not fail: $*" && cat "$tap_output")
        else
                tap_result 0 "$desc"
        fi
}

is() {
        if [[ $1 == "$2" ]]; then
                tap_result 0 "$3"
        else
                tap_fail "$3" <<<"got:      $1"$'\n'"expected: $2"
        fi
}

like() {
        if [[ $1 =~ $2 ]]; then
                tap_result 0 "$3"
        else
                tap_fail "$3" <<<"got:      $1"$'\n'"expected: /$2/"
        fi
}

skip() {
        tap_count=$((tap_count + 1))
        echo "ok $tap_count - $1 # SKIP $2"
}

# A question costs the host that is asked more than the answer is worth at times: a tenth of what has been
# waited is waited before the next.
pause_since() {
        local ms=$(((${EPOCHREALTIME/./} - $1) / 10000))
        ((ms >= 200)) || ms=200
        ((ms <= 1000)) || ms=1000
        sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
}

wait_until() {
        local seconds=$1 end=$((SECONDS + $1)) next=$((SECONDS + 15)) began=${EPOCHREALTIME/./}
        shift
        until "$@" >/dev/null 2>&1; do
                if ((SECONDS >= end)); then
                        log "not so within $seconds s: $*"
                        return 1
                fi
                if ((SECONDS >= next)); then
                        log "waiting for: $*"
                        next=$((SECONDS + 15))
                fi
                pause_since "$began"
        done
}

done_testing() {
        tap_is_done=1
        echo "1..$tap_count"
        [[ $tap_failed -eq 0 ]]
}

tap_on_exit() {
        rm -f "$tap_output"
        [[ $tap_is_done -eq 1 ]] || echo "Bail out! the test ended before its last line"
}

trap tap_on_exit EXIT
