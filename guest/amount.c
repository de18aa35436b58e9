/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/amount.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        const char *name;
        unsigned shift;
} units[] = { { "TiB", 40 }, { "GiB", 30 }, { "MiB", 20 }, { "KiB", 10 }, { "B", 0 } };

#define N_UNITS (sizeof(units) / sizeof(units[0]))

bool amount_is_memory(const char *kind) {
        return strcmp(kind, "memory") == 0 || strcmp(kind, "offload-memory") == 0;
}

static bool take_unit(const char *unit, uint64_t *amount) {
        for (size_t i = 0; i < N_UNITS; i++) {
                if (strcmp(unit, units[i].name) != 0)
                        continue;
                if (*amount > UINT64_MAX >> units[i].shift)
                        return false;

                *amount <<= units[i].shift;
                return true;
        }
        return false;
}

bool amount_from_text(const char *kind, const char *text, uint64_t *ret_amount) {
        unsigned long long number;
        uint64_t amount;
        char *unit;

        if (*text < '0' || *text > '9')
                return false;

        errno = 0;
        number = strtoull(text, &unit, 10);
        amount = number;
        if (errno != 0 || (amount_is_memory(kind) ? !take_unit(unit, &amount) : *unit != '\0'))
                return false;

        *ret_amount = amount;
        return true;
}

void amount_to_text(const char *kind, uint64_t amount, char text[AMOUNT_TEXT_MAX]) {
        const char *unit = strcmp(kind, "bandwidth") == 0 ? " Mbit/s" : "";

        for (size_t i = 0; amount_is_memory(kind) && i < N_UNITS; i++) {
                if (amount >> units[i].shift << units[i].shift != amount ||
                    (amount == 0 && units[i].shift > 0))
                        continue;

                (void)snprintf(text, AMOUNT_TEXT_MAX, "%" PRIu64 " %s", amount >> units[i].shift,
                               units[i].name);
                return;
        }
        (void)snprintf(text, AMOUNT_TEXT_MAX, "%" PRIu64 "%s", amount, unit);
}
