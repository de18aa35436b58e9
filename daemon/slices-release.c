/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/guest-follow.h"
#include "daemon/slices-parts.h"
#include "xml/domain.h"

/* The end of a slice that was taken away from a guest that runs: guest and
 * kernel have let go of it, its metadata are looked at, and when nothing of it is
 * there any more, it is forgotten. As long as it is stored, a daemon that starts
 * anew takes it away again, instead of giving it anew as the metadata have it.
 */

#define LOOK_USEC (5 * G_USEC_PER_SEC)

typedef struct Look {
        Slices *slices;
        char *uuid;
        int64_t number; /* of the entry */
} Look;

static void look_free(Look *look) {
        g_free(look->uuid);
        g_free(look);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Look, look_free)

static bool change_end(Slices *slices, SlicePending *pending, GError **error) {
        const SliceEntry *entry = slice_book_find_releasing(slices->book, pending->uuid);

        return !entry || entry->number != pending->number ||
               slice_book_end_release(slices->book, pending->uuid, error);
}

static void end(Slices *slices, const Look *look) {
        SlicePending *pending = slices_pending_new(change_end, look->uuid);

        pending->number = look->number;
        slices_push(slices, pending);
}

static bool has_slice(const Domain *domain) {
        return domain->metadata && domain->metadata->slice;
}

/* A GuestFinder; without XML the guest or the daemon ends. */
static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Look) look = userdata;
        g_autoptr(Domain) domain = NULL;

        if (!found->xml || !found->running)
                return;

        domain = domain_from_xml(found->xml, strlen(found->xml), NULL);
        if (domain && has_slice(domain))
                guest_follow_look_again(look->slices->manager, look->uuid);
        else if (domain)
                end(look->slices, look);
}

static void look_at(Slices *slices, const SliceEntry *entry) {
        const VirtOps *virt = slices->manager->virt;
        Look *look;

        slices->look_at = slices->manager->now() + LOOK_USEC;
        if (!virt)
                return;

        look = g_new0(Look, 1);
        look->slices = slices;
        look->uuid = g_strdup(entry->domain_uuid);
        look->number = entry->number;
        virt->find(virt->userdata, look->uuid, on_found, look);
}

void slices_on_lifted(Slices *slices, const SliceEntry *entry) {
        g_hash_table_add(slices->lifted, g_strdup(entry->domain_uuid));
        look_at(slices, entry);
}

void slices_forget_lifted(Slices *slices, const char *domain_uuid) {
        g_hash_table_remove(slices->lifted, domain_uuid);
}

/* What was to be written may not have been, since libvirt was busy with the guest. */
void slices_look_at_lifted(Slices *slices) {
        g_autoptr(GPtrArray) entries = NULL;

        if (slices->look_at == 0 || slices->look_at > slices->manager->now())
                return;

        slices->look_at = 0;
        entries = slice_book_list_releasing(slices->book);
        for (guint i = 0; i < entries->len; i++) {
                const SliceEntry *entry = entries->pdata[i];

                if (g_hash_table_contains(slices->lifted, entry->domain_uuid))
                        look_at(slices, entry);
        }
}
