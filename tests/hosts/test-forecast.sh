#!/bin/bash
#
# What a move will take is foretold: over 20 moves to and fro the forecast of the total time is within a
# quarter of the outcome, and that of the downtime within a factor of 2, in the median. Nothing else goes on
# meanwhile: nobody can foretell what another bed of hosts will leave of the processors.

set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$HOSTS_DIR/tap.sh"
. "$HOSTS_DIR/guest.sh"
. "$HOSTS_DIR/ferry.sh"

guest=foretold1
mdev_a=$(uuid_of "$guest a")
mdev_b=$(uuid_of "$guest b")
rounds=${VIRTFERRY_ROUNDS:-10}
records=$RUN/$guest.records

# The last move from this host: total, its forecast, downtime, its forecast; ms, -1 not known.
record() {
        ferry_get "$1" migrations "' '.join(str(rows[-1][name]) for name in
                ('TotalMSec', 'ForecastTotalMSec', 'DowntimeMSec', 'ForecastDowntimeMSec'))"
}

there_and_back() {
        local pair
        for pair in 'a b' 'b a'; do
                # shellcheck disable=SC2086 # two words
                set -- $pair
                on_host "$1" "timeout 300 virt-ferry migrate $guest host$2 --force" >/dev/null
                record "$1" >>"$records"
        done
}

# median PYTHON: of an expression over each record's total, total_f, down and down_f.
median() {
        python3 - "$records" "$1" <<'E2'
import statistics, sys
rows = [tuple(map(int, line.split())) for line in open(sys.argv[1])]
names = ('total', 'total_f', 'down', 'down_f')
print(round(statistics.median(eval(sys.argv[2], dict(zip(names, row))) for row in rows), 3))
E2
}

# below VALUE BOUND
below() {
        awk -v value="$1" -v bound="$2" 'BEGIN { exit !(value <= bound) }'
}

test_forecasts() {
        local i total down
        : >"$records"
        for ((i = 1; i <= rounds; i++)); do
                log "round $i of $rounds"
                there_and_back
        done
        is "$(grep -vc -- - "$records")" $((2 * rounds)) 'each move has a forecast and an outcome'
        sed 's/^/# total, forecast, downtime, forecast: /' "$records"
        total=$(median 'abs(total_f - total) / total')
        down=$(median 'max(down_f / down, down / down_f)')
        ok "the forecast of the total time is $total off in the median" -- below "$total" 0.25
        ok "that of the downtime by a factor of $down" -- below "$down" 2
}

prepare() {
        guest_remove "$guest"
        mdev_create a "$mdev_a"
        mdev_create b "$mdev_b"
        guest_define a mtty "$guest" "MDEV=$mdev_a"
        guest_start a "$guest"
        wait_until 30 lease_runs a "$mdev_a"
}

clean() {
        guest_remove "$guest"
        mdev_remove a "$mdev_a"
        mdev_remove b "$mdev_b"
}

"$HOSTS_DIR/hosts" up
log "starting the guest"
prepare
test_forecasts
clean
done_testing
