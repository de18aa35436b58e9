/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replug-return.h"

#include <string.h>

#include "daemon/guest-announce.h"
#include "daemon/guest-switch.h"
#include "daemon/replug-note.h"
#include "xml/ferry-error.h"
#include "xml/rewrite.h"

/* NULL when it cannot be plugged, the first time with words. */
static char *element_to_plug(const Manager *manager, const Domain *domain,
                             const DomainDevice *device, char **ret_trouble) {
        const Lease *lease = lease_book_find_device(manager->leases, device->source);
        const char *element = replug_note_find(domain, device)->unplugged->element;
        g_autofree char *name = domain_device_name(domain, device);
        g_autoptr(GError) error = NULL;
        char *text = NULL;

        if (lease && g_str_equal(lease->domain_uuid, domain->uuid))
                text = domain_device_rewrite(element, strlen(element), device->source, &error);
        else
                g_set_error(&error, FERRY_ERROR, FERRY_ERROR_LEASED, "%s is leased to %s",
                            device->source, lease ? lease->domain_name : "nobody");
        if (!text && !*ret_trouble)
                *ret_trouble = g_strdup_printf("%s: %s", name, error->message);
        return text;
}

GPtrArray *replug_return_elements(const Manager *manager, const Domain *domain,
                                  char **ret_trouble) {
        GPtrArray *elements = g_ptr_array_new_with_free_func(g_free);

        *ret_trouble = NULL;
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                char *element = NULL;

                if (device->unplugged)
                        element = element_to_plug(manager, domain, device, ret_trouble);
                if (element)
                        g_ptr_array_add(elements, element);
        }
        return elements;
}

void replug_return_switch(Manager *manager, const Domain *domain) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                g_autoptr(GError) error = NULL;

                if (!replug_note_is_stale(domain, device))
                        continue;
                if (!guest_switch_replugged(manager, domain, device, &error))
                        g_warning("Guest %s: %s", domain->name, error->message);
                guest_announce_device(manager, device->source, device->mac);
        }
}

/* The move that it was unplugged for says why it ended so. */
void replug_return_note_trouble(const Manager *manager, const char *uuid, const char *trouble) {
        Migration *migration = migration_log_latest(manager->migrations, uuid);
        g_autoptr(GError) error = NULL;
        char *reason;

        if (!migration || (migration->reason && strstr(migration->reason, trouble)))
                return;

        reason = migration->reason ? g_strdup_printf("%s; %s", migration->reason, trouble)
                                   : g_strdup(trouble);
        g_free(migration->reason);
        migration->reason = reason;
        if (!migration_log_update(manager->migrations, migration, &error))
                g_warning("%s: %s", migration->domain_name, error->message);
}
