/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "daemon/core/demand.h"
#include "tests/unit/core/made-up-series.h"

static const MadeUpSeries series = {
        .level = 60, .daily = 20, .weekly = 30, .noise = 2, .seed = 6
};

static void teach(Demand *demand, unsigned begin, unsigned end) {
        for (unsigned i = begin; i < end; i++)
                (void)demand_update(demand, MADE_UP_BEGIN + (int64_t)i * MADE_UP_STEP,
                                    i % 50 == 7 ? NAN : made_up_series_value(&series, i));
}

static Demand *taught(unsigned n) {
        Demand *demand = demand_new(MADE_UP_STEP);

        teach(demand, 0, n);
        return demand;
}

static void assert_same(const Demand *a, const Demand *b) {
        DemandBand of_a[MADE_UP_DAY] = {}, of_b[MADE_UP_DAY] = {};

        g_assert_true(demand_forecast(a, MADE_UP_DAY, of_a) ==
                      demand_forecast(b, MADE_UP_DAY, of_b));
        g_assert_cmpmem(of_a, sizeof(of_a), of_b, sizeof(of_b));
}

static void test_it_goes_on_bit_by_bit(void) {
        static const unsigned ages[] = { 0, 1, 8, 30, 300, 3000, 9000 };

        for (size_t i = 0; i < G_N_ELEMENTS(ages); i++) {
                g_autoptr(Demand) demand = taught(ages[i]);
                g_autoptr(GBytes) blob = demand_to_blob(demand);
                g_autoptr(Demand) restored = demand_from_blob(blob, MADE_UP_STEP);

                g_assert_nonnull(restored);
                assert_same(demand, restored);
                teach(demand, ages[i], ages[i] + 400);
                teach(restored, ages[i], ages[i] + 400);
                assert_same(demand, restored);
        }
}

static void test_it_is_bounded(void) {
        g_autoptr(Demand) demand = taught(3000);
        g_autoptr(GBytes) blob = demand_to_blob(demand);

        g_assert_cmpuint(g_bytes_get_size(blob), <=, DEMAND_SIZE_MAX);
}

static void assert_refused(const uint8_t *data, size_t size) {
        g_autoptr(GBytes) blob = g_bytes_new(data, size);

        g_assert_null(demand_from_blob(blob, MADE_UP_STEP));
}

static void test_a_damaged_one_is_refused(void) {
        g_autoptr(Demand) demand = taught(600);
        g_autoptr(GBytes) blob = demand_to_blob(demand);
        g_autofree uint8_t *data = g_memdup2(g_bytes_get_data(blob, NULL), g_bytes_get_size(blob));
        size_t size = g_bytes_get_size(blob);

        for (size_t i = 0; i < size; i += 1 + i / 8) {
                data[i] ^= 1;
                assert_refused(data, size);
                data[i] ^= 1;
        }
        data[size - 1] ^= 0x80;
        assert_refused(data, size);
}

/* The digest of what was changed. */
static void sign(uint8_t *data, size_t size) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        gsize n = 32;

        g_checksum_update(checksum, data, (gssize)(size - n));
        g_checksum_get_digest(checksum, data + size - n, &n);
}

static void test_what_is_no_number_is_refused(void) {
        static const float values[] = { INFINITY, -INFINITY, NAN, 1e37f };
        g_autoptr(Demand) demand = taught(600);
        g_autoptr(GBytes) blob = demand_to_blob(demand);
        size_t size = g_bytes_get_size(blob);
        g_autofree uint8_t *data = g_memdup2(g_bytes_get_data(blob, NULL), size);
        g_autoptr(GBytes) same = NULL;

        sign(data, size);
        same = g_bytes_new(data, size);
        g_assert_true(g_bytes_equal(same, blob));

        for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
                memcpy(data + 60, &values[i], sizeof(float)); /* the weight of what comes */
                sign(data, size);
                assert_refused(data, size);
        }
}

static void test_one_of_another_length_is_refused(void) {
        g_autoptr(Demand) demand = taught(600);
        g_autoptr(GBytes) blob = demand_to_blob(demand);
        size_t size = g_bytes_get_size(blob);
        g_autofree uint8_t *data = g_malloc0(size + 1);

        memcpy(data, g_bytes_get_data(blob, NULL), size);
        assert_refused(data, 0);
        assert_refused(data, 31);
        assert_refused(data, size - 1);
        assert_refused(data, size + 1);
}

static void test_one_of_another_step_is_refused(void) {
        g_autoptr(Demand) demand = taught(600);
        g_autoptr(GBytes) blob = demand_to_blob(demand);

        g_assert_null(demand_from_blob(blob, 600));
        g_assert_null(demand_from_blob(blob, 60));
}

#define ADD(name, function) g_test_add_func("/demand-blob/" name, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("it goes on bit by bit", test_it_goes_on_bit_by_bit);
        ADD("it is bounded", test_it_is_bounded);
        ADD("a damaged one is refused", test_a_damaged_one_is_refused);
        ADD("what is no number is refused", test_what_is_no_number_is_refused);
        ADD("one of another length is refused", test_one_of_another_length_is_refused);
        ADD("one of another step is refused", test_one_of_another_step_is_refused);
        return g_test_run();
}
