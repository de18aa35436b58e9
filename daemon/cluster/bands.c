/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/bands.h"

#include <math.h>
#include <string.h>

static const double units[] = {
        [BALANCE_CPU] = 0.01,
        [BALANCE_MEMORY] = 1024 * 1024,
        [BALANCE_NETWORK] = 1000,
};
G_STATIC_ASSERT(G_N_ELEMENTS(units) == _BALANCE_THING_MAX);
G_STATIC_ASSERT((int)_CLUSTER_LOAD_THING_MAX == (int)_BALANCE_THING_MAX);
G_STATIC_ASSERT(CLUSTER_LOAD_HOURS == POLICY_HOURS);

int64_t cluster_amount_of_thing(BalanceThing thing, double value) {
        double amount = round(value / units[thing]);

        if (!(amount > 0)) /* nor is it a number at all */
                return 0;
        return amount < (double)CLUSTER_NUMBER_MAX ? (int64_t)amount : CLUSTER_NUMBER_MAX;
}

double cluster_value_of_thing(BalanceThing thing, int64_t amount) {
        return (double)amount * units[thing];
}

static GArray *tell_thing(BalanceThing thing, const DemandBand *bands) {
        GArray *numbers = g_array_sized_new(FALSE, FALSE, sizeof(int64_t),
                                            CLUSTER_LOAD_BAND * POLICY_HOURS);

        for (unsigned hour = 0; hour < POLICY_HOURS; hour++) {
                const int64_t one[CLUSTER_LOAD_BAND] = {
                        cluster_amount_of_thing(thing, bands[hour].mean),
                        cluster_amount_of_thing(thing, bands[hour].p95),
                        cluster_amount_of_thing(thing, bands[hour].p99),
                };

                g_array_append_vals(numbers, one, CLUSTER_LOAD_BAND);
        }
        return numbers;
}

static bool hours_are_alike(const GArray *numbers) {
        const int64_t *first = (const int64_t *)(void *)numbers->data;

        for (guint i = CLUSTER_LOAD_BAND; i < numbers->len; i++)
                if (first[i] != first[i % CLUSTER_LOAD_BAND])
                        return false;
        return true;
}

static bool is_nothing(const GArray *numbers) {
        for (guint i = 0; i < numbers->len; i++)
                if (g_array_index(numbers, int64_t, i) > 0)
                        return false;
        return true;
}

void cluster_bands_tell(ClusterLoadBands *told, const DemandBand *bands) {
        for (unsigned t = 0; t < _BALANCE_THING_MAX; t++) {
                g_autoptr(GArray) numbers = tell_thing((BalanceThing)t, &bands[t * POLICY_HOURS]);

                if (is_nothing(numbers))
                        continue;
                if (hours_are_alike(numbers))
                        g_array_set_size(numbers, CLUSTER_LOAD_BAND);
                told->things[t] = g_steal_pointer(&numbers);
        }
}

/* Another host may have written anything: demand.h wants them in their order. */
static DemandBand read_band(BalanceThing thing, const int64_t *numbers) {
        double mean = cluster_value_of_thing(thing, numbers[0]);
        double p95 = cluster_value_of_thing(thing, numbers[1]);
        double p99 = cluster_value_of_thing(thing, numbers[2]);

        return (DemandBand){ mean, MIN(mean, p95), p95, MAX(p95, p99) };
}

void cluster_bands_read(const ClusterLoadBands *told, DemandBand *ret_bands) {
        memset(ret_bands, 0, BALANCE_BANDS * sizeof(*ret_bands));
        for (unsigned t = 0; t < _BALANCE_THING_MAX; t++) {
                const GArray *numbers = told->things[t];
                unsigned step = numbers && numbers->len > CLUSTER_LOAD_BAND ? CLUSTER_LOAD_BAND : 0;

                for (unsigned hour = 0; numbers && hour < POLICY_HOURS; hour++)
                        ret_bands[t * POLICY_HOURS + hour] = read_band(
                                (BalanceThing)t,
                                &g_array_index(numbers, int64_t, (gsize)hour * step));
        }
}
