/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slot-blob.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define METRICS_MAX 32 /* bits */
G_STATIC_ASSERT(_METRIC_MAX <= METRICS_MAX);

static void put_word(GByteArray *blob, uint32_t word) {
        word = GUINT32_TO_LE(word);
        g_byte_array_append(blob, (const guint8 *)&word, sizeof(word));
}

static void put_float(GByteArray *blob, float value) {
        uint32_t word;

        memcpy(&word, &value, sizeof(word));
        put_word(blob, word);
}

void slot_to_blob(const Slot *slot, SlotStep step, GByteArray *blob) {
        uint32_t present = 0;

        for (int i = 0; i < _METRIC_MAX; i++)
                if (!isnan(slot->mean[i]))
                        present |= UINT32_C(1) << i;

        put_word(blob, present);
        for (int i = 0; i < _METRIC_MAX; i++) {
                if (isnan(slot->mean[i]))
                        continue;
                if (step == SLOT_LONG)
                        put_float(blob, slot->min[i]);
                put_float(blob, slot->mean[i]);
                if (step == SLOT_LONG)
                        put_float(blob, slot->max[i]);
        }
}

static uint32_t take_word(const uint8_t **data) {
        uint32_t word;

        memcpy(&word, *data, sizeof(word));
        *data += sizeof(word);
        return GUINT32_FROM_LE(word);
}

static float take_float(const uint8_t **data) {
        uint32_t word = take_word(data);
        float value;

        memcpy(&value, &word, sizeof(value));
        return isfinite(value) ? value : NAN;
}

static size_t size_of(uint32_t present, SlotStep step) {
        size_t n = (size_t)__builtin_popcount(present);

        return sizeof(uint32_t) + n * sizeof(float) * (step == SLOT_LONG ? 3 : 1);
}

int slot_from_blob(const void *data, size_t size, SlotStep step, Slot *ret_slot) {
        const uint8_t *next = data;
        uint32_t present;

        if (size < sizeof(present))
                return -EBADMSG;

        present = take_word(&next);
        if (size < size_of(present, step))
                return -EBADMSG;

        for (int i = 0; i < METRICS_MAX; i++) {
                float values[3] = { NAN, NAN, NAN };

                if (present & UINT32_C(1) << i)
                        for (int j = 0; j < (step == SLOT_LONG ? 3 : 1); j++)
                                values[j] = take_float(&next);
                if (i >= _METRIC_MAX)
                        continue;
                ret_slot->min[i] = values[0];
                ret_slot->mean[i] = step == SLOT_LONG ? values[1] : values[0];
                ret_slot->max[i] = step == SLOT_LONG ? values[2] : values[0];
        }
        return (int)size_of(present, step);
}
