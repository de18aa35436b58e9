/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/demand-parts.h"

/* The format: these numbers, then all floats, each little-endian, then their SHA-256. What is kept
 * changes with the method: then VERSION does, and series start anew. */

#define MAGIC       "vfdemand"
#define VERSION     1
#define DIGEST_SIZE 32
#define FLOAT_MAX   1e36f /* of one that is believed */

typedef struct Head {
        char magic[8];
        uint32_t version, step;
        int64_t next;
        uint32_t age, n_known;
} Head;
G_STATIC_ASSERT(sizeof(Head) == 32);

typedef struct Part {
        float *floats;
        size_t n;
        bool gaps; /* NAN is fine */
} Part;

#define PARTS          10

#define FLOATS(object) (float *)(object), sizeof(*(object)) / (sizeof(float))

static void list_parts(Demand *demand, Part ret_parts[PARTS]) {
        size_t day = demand->day;
        const Part parts[PARTS] = {
                { FLOATS(&demand->now), true },
                { &demand->weight, 1, false },
                { FLOATS(&demand->values), true },
                { FLOATS(&demand->hours), true },
                { FLOATS(&demand->knots), false },
                { demand->samples, DEMAND_DAYS * day, true },
                { (float *)demand->origins, day * sizeof(Origin) / sizeof(float), true },
                { (float *)demand->profiles, day * sizeof(Profile) / sizeof(float), true },
                { demand->day_season, (DEMAND_WEEK + 1) * day, false }, /* and that of the week */
                { (float *)demand->issues, (size_t)demand->n_issues * _TAIL_MAX, true },
        };

        memcpy(ret_parts, parts, sizeof(parts));
}

static size_t blob_size(const Part *parts) {
        size_t size = sizeof(Head) + DIGEST_SIZE;

        for (int i = 0; i < PARTS; i++)
                size += parts[i].n * sizeof(float);
        return size;
}

static void put_floats(uint8_t **at, const Part *part) {
        for (size_t i = 0; i < part->n; i++, *at += sizeof(uint32_t)) {
                uint32_t bits;

                memcpy(&bits, &part->floats[i], sizeof(bits));
                bits = GUINT32_TO_LE(bits);
                memcpy(*at, &bits, sizeof(bits));
        }
}

static bool get_floats(const uint8_t **at, Part *part) {
        for (size_t i = 0; i < part->n; i++, *at += sizeof(uint32_t)) {
                uint32_t bits;
                float value;

                memcpy(&bits, *at, sizeof(bits));
                bits = GUINT32_FROM_LE(bits);
                memcpy(&value, &bits, sizeof(value));
                if (!(fabsf(value) <= FLOAT_MAX) && !(part->gaps && isnan(value)))
                        return false;
                part->floats[i] = value;
        }
        return true;
}

static void compute_digest(const uint8_t *data, size_t size, uint8_t *ret_digest) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        gsize n = DIGEST_SIZE;

        g_checksum_update(checksum, data, (gssize)size);
        g_checksum_get_digest(checksum, ret_digest, &n);
}

GBytes *demand_to_blob(const Demand *demand) {
        Head head = {
                .version = GUINT32_TO_LE(VERSION),
                .step = GUINT32_TO_LE(demand->step),
                .next = GINT64_TO_LE(demand->next),
                .age = GUINT32_TO_LE(demand->age),
                .n_known = GUINT32_TO_LE(demand->n_known),
        };
        uint8_t *data, *at;
        Part parts[PARTS];
        size_t size;

        memcpy(head.magic, MAGIC, sizeof(head.magic));
        list_parts((Demand *)demand, parts);
        size = blob_size(parts);
        data = at = g_malloc(size);
        memcpy(at, &head, sizeof(head));
        at += sizeof(head);
        for (int i = 0; i < PARTS; i++)
                put_floats(&at, &parts[i]);
        compute_digest(data, size - DIGEST_SIZE, at);
        return g_bytes_new_take(data, size);
}

static bool data_is_whole(const uint8_t *data, size_t size, size_t expected) {
        uint8_t digest[DIGEST_SIZE];

        if (size != expected)
                return false;

        compute_digest(data, size - DIGEST_SIZE, digest);
        return memcmp(data + size - DIGEST_SIZE, digest, DIGEST_SIZE) == 0;
}

static bool get_head(Demand *demand, const uint8_t *data) {
        Head head;

        memcpy(&head, data, sizeof(head));
        demand->next = GINT64_FROM_LE(head.next);
        demand->age = GUINT32_FROM_LE(head.age);
        demand->n_known = GUINT32_FROM_LE(head.n_known);
        return memcmp(head.magic, MAGIC, sizeof(head.magic)) == 0 &&
               GUINT32_FROM_LE(head.version) == VERSION &&
               GUINT32_FROM_LE(head.step) == demand->step && demand->next >= 0 &&
               demand->next <= DEMAND_TIME_MAX && demand->age <= DEMAND_AGE_MAX(demand) &&
               demand->n_known <= G_MAXINT32;
}

Demand *demand_from_blob(GBytes *blob, unsigned step) {
        g_autoptr(Demand) demand = demand_new(step);
        const uint8_t *data, *at;
        Part parts[PARTS];
        size_t size;

        list_parts(demand, parts);
        data = g_bytes_get_data(blob, &size);
        if (!data_is_whole(data, size, blob_size(parts)) || !get_head(demand, data))
                return NULL;

        at = data + sizeof(Head);
        for (int i = 0; i < PARTS; i++)
                if (!get_floats(&at, &parts[i]))
                        return NULL;
        return g_steal_pointer(&demand);
}
