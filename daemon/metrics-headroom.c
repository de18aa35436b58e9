/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/metrics-headroom.h"

#define MIB           UINT64_C(1048576)
#define BYTES_OF_KBIT 125

/* In base units. */
static char *headroom_labels(const Headroom *row) {
        const char *unit = row->resource == HEADROOM_MEMORY      ? "bytes"
                           : row->resource == HEADROOM_BANDWIDTH ? "bytes_per_second"
                                                                 : "";

        return openmetrics_labels("device", row->device, "kind", headroom_kind_to_string(row->kind),
                                  "resource", headroom_resource_to_string(row->resource), "unit",
                                  unit, NULL);
}

static uint64_t in_base_unit(const Headroom *row, uint64_t amount) {
        if (row->resource == HEADROOM_MEMORY)
                return amount * MIB;
        return row->resource == HEADROOM_BANDWIDTH ? amount * BYTES_OF_KBIT : amount;
}

static void add_headroom_family(Openmetrics *page, const GPtrArray *rows, const char *name,
                                const char *about, size_t amount) {
        openmetrics_family(page, name, OPENMETRICS_GAUGE, NULL, about);
        for (guint i = 0; i < rows->len; i++) {
                const Headroom *row = rows->pdata[i];
                g_autofree char *labels = headroom_labels(row);
                const uint64_t *value = G_STRUCT_MEMBER_P(row, amount);

                openmetrics_add(page, labels, in_base_unit(row, *value), 1);
        }
}

static void add_levels(const Headrooms *headrooms, Openmetrics *page, const GPtrArray *rows) {
        openmetrics_family(page, "virtferry_headroom_level", OPENMETRICS_GAUGE, NULL,
                           "What is left of it in the day ahead: 0 low, 1 med, 2 high");
        for (guint i = 0; i < rows->len; i++) {
                g_autofree char *labels = headroom_labels(rows->pdata[i]);

                openmetrics_add(page, labels, (uint64_t)headrooms_level(headrooms, rows->pdata[i]),
                                1);
        }
}

void metrics_add_headroom(Headrooms *headrooms, Openmetrics *page) {
        g_autoptr(GPtrArray) rows = headrooms_list(headrooms);

        add_headroom_family(page, rows, "virtferry_headroom_size",
                            "What there is of it to be promised", offsetof(Headroom, total));
        add_headroom_family(page, rows, "virtferry_headroom_taken",
                            "What leases and slices have of it, and what the host keeps",
                            offsetof(Headroom, taken));
        add_headroom_family(page, rows, "virtferry_headroom_expected",
                            "What is not taken and will be used anyway in the next hour",
                            offsetof(Headroom, expected));
        add_levels(headrooms, page, rows);
}
