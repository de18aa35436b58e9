/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices-domain.h"

#include "daemon/slices-parts.h"
#include "xml/excerpt.h"
#include "xml/ferry-error.h"

typedef struct Search {
        Slices *slices;
        char *domain;
        SliceDomainFound found;
        void *userdata;
} Search;

static void search_free(Search *search) {
        g_free(search->domain);
        g_free(search);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Search, search_free)

static const SliceEntry *find_by_name(const Slices *slices, const char *name) {
        g_autoptr(GPtrArray) entries = slice_book_list(slices->book);

        for (guint i = 0; i < entries->len; i++) {
                const SliceEntry *entry = entries->pdata[i];

                if (g_str_equal(entry->domain_name, name))
                        return entry;
        }
        return NULL;
}

/* libvirt does not know it, or is not asked: `detail` says why. */
static void answer_from_book(const Search *search, const char *detail) {
        const SliceEntry *entry = find_by_name(search->slices, search->domain);
        g_autofree char *shown = excerpt(search->domain);
        g_autoptr(GError) error = NULL;

        if (g_uuid_string_is_valid(search->domain)) {
                search->found(search->userdata, search->domain, NULL, NULL);
                return;
        }
        if (entry) {
                search->found(search->userdata, entry->domain_uuid, entry->domain_name, NULL);
                return;
        }

        if (detail)
                error = g_error_new_literal(FERRY_ERROR, FERRY_ERROR_NOT_FOUND, detail);
        else
                error = g_error_new(FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                                    "virtferryd runs without libvirt and does not know a guest "
                                    "'%s': give its UUID",
                                    shown);
        search->found(search->userdata, NULL, NULL, error);
}

/* A GuestFinder. */
static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Search) search = userdata;

        if (found->uuid)
                search->found(search->userdata, found->uuid, found->name, NULL);
        else
                answer_from_book(search, found->detail ?: "virtferryd is about to end");
}

void slices_find_domain(Slices *slices, const char *domain, SliceDomainFound found,
                        void *userdata) {
        const VirtOps *virt = slices->manager->virt;
        g_autoptr(Search) search = g_new0(Search, 1);
        const SliceEntry *entry;

        search->slices = slices;
        search->domain = g_uuid_string_is_valid(domain) ? g_ascii_strdown(domain, -1)
                                                        : g_strdup(domain);
        search->found = found;
        search->userdata = userdata;

        entry = slice_book_find(slices->book, search->domain);
        if (entry)
                found(userdata, entry->domain_uuid, entry->domain_name, NULL);
        else if (virt)
                virt->find(virt->userdata, domain, on_found, g_steal_pointer(&search));
        else
                answer_from_book(search, NULL);
}
