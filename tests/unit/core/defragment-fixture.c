/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/defragment-fixture.h"

#include <string.h>

#include "daemon/core/slice-move.h"

void defragment_set_up(DefragmentFixture *f, const MadeUpHostSize *size) {
        f->host = made_up_host_new(size);
        f->store = store_open(":memory:", NULL);
        f->book = slice_book_new(f->store);
        slice_book_set_capacity(f->book, made_up_host_capacity(f->host));
}

void defragment_tear_down(DefragmentFixture *f, gconstpointer unused) {
        defragment_free(f->result);
        slice_free(f->goal);
        slice_book_free(f->book);
        store_close(f->store);
        made_up_host_free(f->host);
        memset(f, 0, sizeof(*f));
}

bool defragment_ask(DefragmentFixture *f, const char *name, const Slice *wish) {
        return slice_book_allocate(f->book, name, name, wish, 0, NULL, NULL);
}

void defragment_take_away(DefragmentFixture *f, const char *name) {
        g_assert_true(slice_book_deallocate(f->book, name, NULL));
}

void defragment_look(DefragmentFixture *f) {
        g_autoptr(GPtrArray) entries = slice_book_list(f->book);

        defragment_free(f->result);
        f->options.goal = f->goal;
        f->result = defragment(entries, slice_book_capacity(f->book), &f->options);
}

char *defragment_steps_to_text(const Defragment *result) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < result->steps->len; i++)
                g_string_append_printf(text, "%s\n",
                                       ((DefragmentStep *)result->steps->pdata[i])->sentence);
        return g_string_free(text, FALSE);
}

void defragment_assert_sound(const DefragmentFixture *f) {
        g_autoptr(GPtrArray) entries = slice_book_list(f->book);
        g_autofree char *problem = made_up_host_check(f->host, entries);

        g_assert_cmpstr(problem, ==, NULL);
}

void defragment_carry_out(DefragmentFixture *f) {
        for (guint i = 0; i < f->result->steps->len; i++) {
                const DefragmentStep *step = f->result->steps->pdata[i];
                g_autoptr(GError) error = NULL;

                g_assert_true(slice_book_move(f->book, step->domain_uuid, step->grants, &error));
                g_assert_no_error(error);
                defragment_assert_sound(f);
        }
}
