/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-lack.h"

#include <string.h>

#include "daemon/core/sentence.h"

typedef struct Lack {
        GPtrArray *gone; /* ids of what is not there */
        GPtrArray *less; /* of what there is less of than is promised */
} Lack;

static void write_lack(Sentence *sentence, const void *subject) {
        const Lack *lack = subject;

        if (lack->gone->len > 0) {
                sentence_add_names(sentence, lack->gone);
                sentence_add(sentence, " %s not there any more",
                             lack->gone->len > 1 ? "are" : "is");
        }
        if (lack->less->len > 0) {
                sentence_add(sentence, lack->gone->len > 0 ? ", and of " : "Of ");
                sentence_add_names(sentence, lack->less);
                sentence_add(sentence, " more is promised than there is");
        }
        sentence_add(sentence, ": bring back what was taken from this host, or ask for the "
                               "hardware slice again");
}

/* Of an offload device all goes at once: "offload:dpu1" of "offload:dpu1/cores". */
static char *name_gone(const char *resource) {
        size_t length = g_str_has_prefix(resource, "offload:") ? strcspn(resource, "/")
                                                               : strlen(resource);

        return g_strndup(resource, length);
}

char *slice_lack(const SliceEntry *entry, const Capacity *capacity) {
        g_autoptr(GPtrArray) gone = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GPtrArray) less = g_ptr_array_new_with_free_func(g_free);
        const Lack lack = { gone, less };

        for (guint i = 0; i < entry->grants->len; i++) {
                const char *resource = ((const SliceGrant *)entry->grants->pdata[i])->resource;
                uint64_t total = capacity_total(capacity, resource);

                if (total < capacity_granted(capacity, resource))
                        sentence_collect(total == 0 ? gone : less,
                                         total == 0 ? name_gone(resource) : g_strdup(resource));
        }
        return gone->len + less->len > 0 ? sentence_write(write_lack, &lack) : NULL;
}
