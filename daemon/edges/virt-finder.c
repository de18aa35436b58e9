/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-finder.h"

struct VirtFinder {
        GHashTable *questions; /* number → Question */
        unsigned long last;
};

typedef struct Question {
        GuestFinder answer;
        void *userdata;
} Question;

VirtFinder *virt_finder_new(void) {
        VirtFinder *finder = g_new0(VirtFinder, 1);

        finder->questions = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        return finder;
}

unsigned long virt_finder_ask(VirtFinder *finder, GuestFinder answer, void *userdata) {
        Question *question = g_new(Question, 1);

        *question = (Question){ answer, userdata };
        g_hash_table_insert(finder->questions, GSIZE_TO_POINTER(++finder->last), question);
        return finder->last;
}

/* Taken out first: who is answered may ask again. */
void virt_finder_answer(VirtFinder *finder, const GuestEvent *found) {
        g_autofree Question *question = NULL;

        if (g_hash_table_steal_extended(finder->questions, GSIZE_TO_POINTER(found->question), NULL,
                                        (gpointer *)&question))
                question->answer(question->userdata, found);
}

void virt_finder_free(VirtFinder *finder) {
        GuestEvent ended = { .kind = GUEST_FOUND, .detail = (char *)"virtferryd ends" };
        GHashTableIter iter;
        void *number;

        if (!finder)
                return;

        while (g_hash_table_iter_init(&iter, finder->questions),
               g_hash_table_iter_next(&iter, &number, NULL)) {
                ended.question = GPOINTER_TO_SIZE(number);
                virt_finder_answer(finder, &ended);
        }
        g_hash_table_unref(finder->questions);
        g_free(finder);
}
