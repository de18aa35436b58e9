/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/guest/fake-slices.h"

#include <inttypes.h>
#include <string.h>

typedef struct Asked {
        char *uuid;
        SliceAnswer answer;
        void *userdata;
} Asked;

struct FakeSlices {
        GHashTable *entries; /* UUID to SliceEntry */
        GPtrArray *asked;    /* Asked, without an answer */
        GString *text;
        GError *error;
        bool at_once;
};

static void asked_free(void *data) {
        Asked *asked = data;

        g_free(asked->uuid);
        g_free(asked);
}

FakeSlices *fake_slices_new(void) {
        FakeSlices *fake = g_new0(FakeSlices, 1);

        fake->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)slice_entry_free);
        fake->asked = g_ptr_array_new_with_free_func(asked_free);
        fake->text = g_string_new(NULL);
        return fake;
}

void fake_slices_free(FakeSlices *fake) {
        g_hash_table_unref(fake->entries);
        g_ptr_array_unref(fake->asked);
        (void)g_string_free(fake->text, true);
        g_clear_error(&fake->error);
        g_free(fake);
}

/* Both are names of things that nobody but this file looks into. */
Slices *fake_slices(FakeSlices *fake) {
        return (Slices *)fake;
}

void fake_slices_set(FakeSlices *fake, const char *uuid, const char *xml, SliceState state) {
        g_autoptr(GError) error = NULL;
        SliceEntry *entry;

        if (!xml) {
                (void)g_hash_table_remove(fake->entries, uuid);
                return;
        }

        entry = slice_entry_new(uuid, "guest", slice_from_xml(xml, strlen(xml), &error));
        g_assert_no_error(error);
        entry->state = state;
        g_ptr_array_add(entry->grants, slice_grant_new("core:4", "cores", 1000));
        (void)g_hash_table_replace(fake->entries, g_strdup(uuid), entry);
}

void fake_slices_refuse(FakeSlices *fake, const GError *error) {
        g_clear_error(&fake->error);
        fake->error = error ? g_error_copy(error) : NULL;
}

void fake_slices_answer_at_once(FakeSlices *fake) {
        fake->at_once = true;
}

const char *fake_slices_asked(const FakeSlices *fake) {
        return fake->text->str;
}

/* daemon/slices.h and daemon/core/slice-book.h ------------------------------------------ */

SliceBook *slices_book(Slices *slices) {
        return (SliceBook *)slices;
}

const SliceEntry *slice_book_find(const SliceBook *book, const char *domain_uuid) {
        const FakeSlices *fake = (const FakeSlices *)book;

        return g_hash_table_lookup(fake->entries, domain_uuid);
}

void slices_ask(Slices *slices, const SliceAsk *ask, SliceAnswer answer, void *userdata) {
        FakeSlices *fake = (FakeSlices *)slices;
        Asked *asked = g_new0(Asked, 1);

        g_assert_true(ask->by_guest);
        g_string_append_printf(fake->text, "%s %c%" PRIu64 " %s", ask->domain_uuid,
                               ask->less ? '-' : '+', ask->amount, ask->kind);
        for (const char *const *qos = ask->qos; qos && *qos; qos += 2)
                g_string_append_printf(fake->text, " %s=%s", qos[0], qos[1]);
        g_string_append_c(fake->text, '\n');

        asked->uuid = g_strdup(ask->domain_uuid);
        asked->answer = answer;
        asked->userdata = userdata;
        g_ptr_array_add(fake->asked, asked);
        if (fake->at_once)
                slices_flush(slices);
}

void slices_flush(Slices *slices) {
        FakeSlices *fake = (FakeSlices *)slices;
        g_autoptr(GPtrArray) batch = fake->asked;

        fake->asked = g_ptr_array_new_with_free_func(asked_free);
        for (guint i = 0; i < batch->len; i++) {
                const Asked *asked = batch->pdata[i];
                const SliceEntry *entry = g_hash_table_lookup(fake->entries, asked->uuid);

                asked->answer(asked->userdata, fake->error ? NULL : entry, NULL, fake->error);
        }
}
