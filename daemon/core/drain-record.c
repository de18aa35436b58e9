/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/drain-record.h"

#include "daemon/core/string-table.h"

static const char *const states[] = {
        [DRAIN_DRAINING] = "draining",
        [DRAIN_DRAINED] = "drained",
        [DRAIN_PARTLY] = "partly",
};
G_STATIC_ASSERT(G_N_ELEMENTS(states) == _DRAIN_STATE_MAX);

static const char *const guest_states[] = {
        [DRAIN_GUEST_WAITING] = "waiting",
        [DRAIN_GUEST_MOVING] = "moving",
        [DRAIN_GUEST_LEFT] = "left",
        [DRAIN_GUEST_STAYED] = "stayed",
};
G_STATIC_ASSERT(G_N_ELEMENTS(guest_states) == _DRAIN_GUEST_STATE_MAX);

const char *drain_state_to_string(DrainState state) {
        return string_table_word(states, G_N_ELEMENTS(states), state);
}

DrainState drain_state_from_string(const char *text) {
        return string_table_value(states, G_N_ELEMENTS(states), text);
}

const char *drain_guest_state_to_string(DrainGuestState state) {
        return string_table_word(guest_states, G_N_ELEMENTS(guest_states), state);
}

DrainGuestState drain_guest_state_from_string(const char *text) {
        return string_table_value(guest_states, G_N_ELEMENTS(guest_states), text);
}

static void guest_free(void *data) {
        DrainGuest *guest = data;

        g_free(guest->uuid);
        g_free(guest->name);
        g_free(guest->destination);
        g_free(guest->reason);
        g_free(guest);
}

DrainRecord *drain_record_new(void) {
        DrainRecord *record = g_new0(DrainRecord, 1);

        record->destinations = g_ptr_array_new_with_free_func(g_free);
        record->guests = g_ptr_array_new_with_free_func(guest_free);
        return record;
}

DrainRecord *drain_record_copy(const DrainRecord *record) {
        DrainRecord *copy = drain_record_new();

        copy->state = record->state;
        copy->persistent = record->persistent;
        copy->undefine_source = record->undefine_source;
        for (guint i = 0; i < record->destinations->len; i++)
                g_ptr_array_add(copy->destinations, g_strdup(record->destinations->pdata[i]));
        for (guint i = 0; i < record->guests->len; i++) {
                const DrainGuest *guest = record->guests->pdata[i];
                DrainGuest *other = drain_record_add(copy, guest->uuid, guest->name);

                other->destination = g_strdup(guest->destination);
                other->reason = g_strdup(guest->reason);
                other->n_refused = guest->n_refused;
                other->inherited = guest->inherited;
                other->state = guest->state;
        }
        return copy;
}

void drain_record_free(DrainRecord *record) {
        if (!record)
                return;

        g_ptr_array_unref(record->destinations);
        g_ptr_array_unref(record->guests);
        g_free(record);
}

static bool guest_equal(const DrainGuest *a, const DrainGuest *b) {
        return g_str_equal(a->uuid, b->uuid) && g_str_equal(a->name, b->name) &&
               g_strcmp0(a->destination, b->destination) == 0 &&
               g_strcmp0(a->reason, b->reason) == 0 && a->n_refused == b->n_refused &&
               a->state == b->state && a->inherited == b->inherited;
}

bool drain_record_equal(const DrainRecord *a, const DrainRecord *b) {
        if (a->state != b->state || a->persistent != b->persistent ||
            a->undefine_source != b->undefine_source ||
            a->destinations->len != b->destinations->len || a->guests->len != b->guests->len)
                return false;

        for (guint i = 0; i < a->destinations->len; i++)
                if (!g_str_equal(a->destinations->pdata[i], b->destinations->pdata[i]))
                        return false;

        for (guint i = 0; i < a->guests->len; i++)
                if (!guest_equal(a->guests->pdata[i], b->guests->pdata[i]))
                        return false;
        return true;
}

DrainGuest *drain_record_add(DrainRecord *record, const char *uuid, const char *name) {
        DrainGuest *guest = g_new0(DrainGuest, 1);

        guest->uuid = g_strdup(uuid);
        guest->name = g_strdup(name);
        g_ptr_array_add(record->guests, guest);
        return guest;
}

DrainGuest *drain_record_find(const DrainRecord *record, const char *uuid) {
        for (guint i = 0; i < record->guests->len; i++) {
                DrainGuest *guest = record->guests->pdata[i];

                if (g_str_equal(guest->uuid, uuid))
                        return guest;
        }
        return NULL;
}

guint drain_record_count(const DrainRecord *record, DrainGuestState state) {
        guint n = 0;

        for (guint i = 0; i < record->guests->len; i++)
                n += ((const DrainGuest *)record->guests->pdata[i])->state == state;
        return n;
}
