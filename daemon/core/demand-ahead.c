/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/demand-parts.h"

#define WIDER_MAX 3.0 /* times, of a band for what is farther than what was scored */

/* What stands above the last hour where nothing was scored yet, as a part of it. */
static const float cold_margins[_TAIL_MAX] = { [TAIL_95] = 0.15f, [TAIL_99] = 0.3f };

void sheet_fill(const Demand *demand, Sheet *ret_sheet) {
        for (int k = 0; k < KNOTS; k++) {
                place_sheet(&demand->knots[k], &ret_sheet->place[k]);
                for (int t = 0; t < _TAIL_MAX; t++)
                        band_sheet(&demand->knots[k], t, &ret_sheet->band[k][t]);
        }
}

View view_at(const Demand *demand, const Sheet *sheet, unsigned k, const Origin *origin,
             const Opinions *opinions, int64_t slot) {
        return (View){
                .origin = origin,
                .slot = slot,
                .bases = {
                        [BASE_PLACE] = place_value(&sheet->place[k], opinions),
                        [BASE_SEASON] = opinions->of[EXPERT_SEASON],
                        [BASE_RECENT] = opinions->of[EXPERT_RECENT],
                        [BASE_YESTERDAY] = past_at(demand, slot - demand->day),
                },
        };
}

DemandBand band_by_knot(const Demand *demand, const Sheet *sheet, unsigned k, int64_t slot,
                        unsigned ahead) {
        Opinions opinions = place_opinions(demand, &demand->now, slot, ahead);
        View view = view_at(demand, sheet, k, &demand->now, &opinions, slot);
        const BandSheet *band = sheet->band[k];
        const Knot *knot = &demand->knots[k];

        return (DemandBand){
                .mean = place_mean(&sheet->place[k], knot, &opinions),
                .p50 = view.bases[BASE_PLACE],
                .p95 = band_tail(demand, knot, &band[TAIL_95], &view, TAIL_95),
                .p99 = band_tail(demand, knot, &band[TAIL_99], &view, TAIL_99),
        };
}

static DemandBand blend(const DemandBand *a, const DemandBand *b, double part) {
        return (DemandBand){
                .mean = a->mean + part * (b->mean - a->mean),
                .p50 = a->p50 + part * (b->p50 - a->p50),
                .p95 = a->p95 + part * (b->p95 - a->p95),
                .p99 = a->p99 + part * (b->p99 - a->p99),
        };
}

/* As what is random adds up: by the root of the distance. */
static void widen(DemandBand *band, double times) {
        double wider = MIN(sqrt(times), WIDER_MAX);

        band->p95 = band->p50 + wider * (band->p95 - band->p50);
        band->p99 = band->p50 + wider * (band->p99 - band->p50);
}

/* Between the knots around it; `last` is the farthest with evidence. */
static DemandBand band_between(const Demand *demand, const Sheet *sheet, unsigned last,
                               int64_t slot, unsigned ahead) {
        const unsigned *knots = demand->ahead;
        DemandBand band, farther;
        unsigned k = 0;

        while (k < last && knots[k + 1] <= ahead)
                k++;
        band = band_by_knot(demand, sheet, k, slot, ahead);
        if (k == last) {
                widen(&band, MAX((double)MIN(ahead, demand->day) / knots[k], 1));
                return band;
        }

        farther = band_by_knot(demand, sheet, k + 1, slot, ahead);
        return blend(&band, &farther,
                     log((double)ahead / knots[k]) / log((double)knots[k + 1] / knots[k]));
}

/* What autoscalers begin with: the most of the last hour, and a margin; the fewer samples there
 * are, the wider, since the most of a few says little. */
static DemandBand band_cold(const Demand *demand) {
        unsigned hour = demand->day / DEMAND_HOURS, n = 0;
        double most = demand->now.fast, wider;

        for (unsigned i = 1; i <= hour; i++) {
                double value = past_at(demand, demand->next - i);

                n += !isnan(value);
                if (value > most)
                        most = value;
        }
        wider = (double)hour / MAX(n, 1);
        return (DemandBand){
                .mean = demand->now.fast,
                .p50 = demand->now.hours,
                .p95 = most * (1 + wider * cold_margins[TAIL_95]),
                .p99 = most * (1 + wider * cold_margins[TAIL_99]),
        };
}

/* In the first day little was scored, and all of it of late: no less than a cold one, whose weight
 * goes from all to nothing meanwhile. */
static void support_young(const Demand *demand, const DemandBand *cold, DemandBand *band) {
        double part = MAX(1 - (double)demand->n_known / demand->day, 0);

        if (cold->p95 > band->p95)
                band->p95 += part * (cold->p95 - band->p95);
        if (cold->p99 > band->p99)
                band->p99 += part * (cold->p99 - band->p99);
}

/* Of several that are mixed none knows of the others. */
static void put_in_order(DemandBand *band) {
        band->mean = isfinite(band->mean) ? MAX(band->mean, 0) : 0;
        band->p50 = isfinite(band->p50) ? MAX(band->p50, 0) : 0;
        band->p95 = isfinite(band->p95) ? MAX(band->p95, band->p50) : band->p50;
        band->p99 = isfinite(band->p99) ? MAX(band->p99, band->p95) : band->p95;
}

bool demand_forecast(const Demand *demand, unsigned n, DemandBand *ret_bands) {
        unsigned n_known = 0;
        DemandBand cold;
        Sheet sheet;

        if (demand->n_known == 0)
                return false;

        cold = band_cold(demand);
        sheet_fill(demand, &sheet);
        while (n_known < KNOTS && band_sheet_is_known(&sheet.band[n_known][TAIL_95]))
                n_known++;
        for (unsigned i = 0; i < n; i++) {
                ret_bands[i] = n_known == 0 ? cold
                                            : band_between(demand, &sheet, n_known - 1,
                                                           demand->next + i, i + 1 + demand->age);
                support_young(demand, &cold, &ret_bands[i]);
                widen(&ret_bands[i], 1 + (double)demand->age / demand->day);
                put_in_order(&ret_bands[i]);
        }
        return true;
}
