/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "daemon/core/demand.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/core/made-up-series.h"

/* A blob as the input is; and a good one into which the input puts numbers, with the digest that
 * they would have: of pairs of 32 bits, where and what. */

#define DIGEST_SIZE 32
#define STEP        3600 /* the smallest blobs */

static GBytes *good_blob(void) {
        static const MadeUpSeries series = { .level = 9, .daily = 5, .noise = 1, .seed = 7 };
        g_autoptr(Demand) demand = demand_new(STEP);

        for (unsigned i = 0; i < 60; i++)
                (void)demand_update(demand, MADE_UP_BEGIN + (int64_t)i * STEP,
                                    made_up_series_value(&series, i * 12));
        return demand_to_blob(demand);
}

static void sign(uint8_t *blob, size_t size) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        gsize n = DIGEST_SIZE;

        g_checksum_update(checksum, blob, (gssize)(size - DIGEST_SIZE));
        g_checksum_get_digest(checksum, blob + size - DIGEST_SIZE, &n);
}

static GBytes *patched(const uint8_t *data, size_t size) {
        g_autoptr(GBytes) good = good_blob();
        size_t blob_size = g_bytes_get_size(good), words = (blob_size - DIGEST_SIZE) / 4;
        uint8_t *blob = g_memdup2(g_bytes_get_data(good, NULL), blob_size);

        for (; size >= 8; data += 8, size -= 8) {
                uint32_t where;

                memcpy(&where, data, sizeof(where));
                memcpy(blob + GUINT32_FROM_LE(where) % words * 4, data + 4, 4);
        }
        sign(blob, blob_size);
        return g_bytes_new_take(blob, blob_size);
}

static void assert_usable(Demand *demand) {
        DemandBand bands[86400 / STEP];

        if (!demand_forecast(demand, G_N_ELEMENTS(bands), bands))
                return;

        for (size_t i = 0; i < G_N_ELEMENTS(bands); i++) {
                g_assert_true(bands[i].p50 >= 0 && bands[i].p50 <= bands[i].p95);
                g_assert_true(bands[i].p95 <= bands[i].p99 && isfinite(bands[i].p99));
                g_assert_true(bands[i].mean >= 0 && isfinite(bands[i].mean));
        }
}

static void use(GBytes *blob) {
        g_autoptr(Demand) demand = demand_from_blob(blob, STEP);

        g_autoptr(GBytes) again = demand ? demand_to_blob(demand) : NULL;

        if (!demand)
                return;

        g_assert_true(g_bytes_equal(again, blob));
        assert_usable(demand);
        for (unsigned i = 60; i < 120; i++)
                (void)demand_update(demand, MADE_UP_BEGIN + (int64_t)i * STEP, i);
        assert_usable(demand);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GBytes) plain = g_bytes_new(data, size);
        g_autoptr(GBytes) dressed = patched(data, size);

        use(plain);
        use(dressed);
        return 0;
}
