/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-lack.h"

#include "daemon/slices-parts.h"

/* A promise outlives the device that it is about: it is said what is missing, until it is back. */

static void find_lack(Slices *slices, const SliceEntry *entry) {
        g_autofree char *lack = slice_lack(entry, slice_book_capacity(slices->book));

        if (g_strcmp0(lack, g_hash_table_lookup(slices->lacks, entry->domain_uuid)) == 0)
                return;

        if (lack) {
                g_warning("The hardware slice of guest %s lacks something: %s", entry->domain_name,
                          lack);
                g_hash_table_replace(slices->lacks, g_strdup(entry->domain_uuid),
                                     g_steal_pointer(&lack));
        } else {
                g_hash_table_remove(slices->lacks, entry->domain_uuid);
                slices_note_come(slices, entry); /* what is back is nobody's yet */
        }
        if (slices->listener)
                slices->listener(slices->userdata, SLICE_CHANGED, entry);
}

void slices_find_lacks(Slices *slices) {
        g_autoptr(GPtrArray) entries = NULL;

        if (!slices->lacks_stale)
                return;

        slices->lacks_stale = false;
        entries = slice_book_list(slices->book);
        if (entries->len > 0)
                slices_use_capacity(slices, NULL);
        for (guint i = 0; i < entries->len; i++)
                find_lack(slices, entries->pdata[i]);
}

/* One that is asked for anew may be elsewhere, and lack nothing any more. */
void slices_lack_on_change(Slices *slices, SliceChange change, const SliceEntry *entry) {
        if (change == SLICE_REMOVED)
                g_hash_table_remove(slices->lacks, entry->domain_uuid);
        else if (g_hash_table_contains(slices->lacks, entry->domain_uuid))
                slices->lacks_stale = true;
}
