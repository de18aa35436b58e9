/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replug.h"

#include <string.h>

#include "daemon/core/strategy.h"
#include "daemon/drive.h"
#include "daemon/guest-announce.h"
#include "daemon/guest-follow.h"
#include "daemon/guest-metadata.h"
#include "daemon/guest-switch.h"
#include "xml/ferry-error.h"
#include "xml/rewrite.h"
#include "xml/unplug.h"

#define RETRY_USEC (30 * G_USEC_PER_SEC)
#define PAUSE_USEC (2 * G_USEC_PER_SEC)   /* a plug that fails makes events of its own */
#define LATE_USEC  (120 * G_USEC_PER_SEC) /* how late a guest may still let go */

typedef enum Course {
        COURSE_REST,
        COURSE_UNPLUGGING, /* libvirt was asked */
        COURSE_LOOKING,
        COURSE_PLUGGING,
} Course;

/* A guest of which something is known or awaited. */
typedef struct Guest {
        Course course;
        char *trouble;       /* why a device is not plugged, NULL */
        int64_t failed;      /* when a plug failed, 0 */
        int64_t due;         /* to be looked at again, 0 */
        int64_t late;        /* until then it may let go of a device, 0 */
        bool plugged;        /* a moment ago: its notes are of no use any more */
        ReplugWaiter waiter; /* for the end of its course; all NULL without */
} Guest;

struct Replug {
        Manager *manager;
        GHashTable *guests; /* Guest by UUID */
};

static void guest_free(void *data) {
        Guest *guest = data;

        if (guest->waiter.done)
                guest->waiter.release(guest->waiter.userdata);
        g_free(guest->trouble);
        g_free(guest);
}

Replug *replug_new(Manager *manager) {
        Replug *replug = g_new0(Replug, 1);

        replug->manager = manager;
        replug->guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, guest_free);
        return replug;
}

void replug_free(Replug *replug) {
        if (!replug)
                return;

        g_hash_table_unref(replug->guests);
        g_free(replug);
}

static Guest *find_guest(const Replug *replug, const char *uuid) {
        return g_hash_table_lookup(replug->guests, uuid);
}

static Guest *require_guest(Replug *replug, const char *uuid) {
        Guest *guest = find_guest(replug, uuid);

        if (!guest) {
                guest = g_new0(Guest, 1);
                g_hash_table_insert(replug->guests, g_strdup(uuid), guest);
        }
        return guest;
}

bool replug_is_busy(const Replug *replug, const char *uuid) {
        const Guest *guest = find_guest(replug, uuid);

        return guest && (guest->course == COURSE_UNPLUGGING || guest->course == COURSE_PLUGGING);
}

const char *replug_trouble(const Replug *replug, const char *uuid) {
        const Guest *guest = find_guest(replug, uuid);

        return guest ? guest->trouble : NULL;
}

/* It may begin something else of the same guest. */
static void answer(Guest *guest, const GError *error) {
        ReplugWaiter waiter = guest->waiter;

        guest->waiter = (ReplugWaiter){ 0 };
        waiter.done(waiter.userdata, error);
}

static bool is_on_its_way(const Manager *manager, const char *uuid) {
        const Migration *current = migration_log_current(manager->migrations, uuid);

        return drive_is_moving(manager->drive, uuid) ||
               (current && !drive_is_waiting(manager->drive, current->id));
}

static const MetadataDevice *entry_of(const Domain *domain, const DomainDevice *device) {
        return domain->metadata ? metadata_find(domain->metadata, device->address, device->alias)
                                : NULL;
}

/* A device that is there, and a note that says that it is not. */
static bool has_stale_note(const Domain *domain, const DomainDevice *device) {
        const MetadataDevice *entry = entry_of(domain, device);

        return !device->unplugged && entry && entry->unplugged;
}

static bool is_unplugged(const Domain *domain, const DomainDevice *device) {
        return device->unplugged;
}

static bool any_device(const Domain *domain,
                       bool (*is)(const Domain *domain, const DomainDevice *device)) {
        for (guint i = 0; i < domain->devices->len; i++)
                if (is(domain, domain->devices->pdata[i]))
                        return true;
        return false;
}

/* Out ------------------------------------------------------------------------------- */

static MetadataDevice *require_entry(const Manager *manager, Metadata *metadata,
                                     const DomainDevice *device) {
        MetadataDevice *entry = metadata_find(metadata, device->address, device->alias);
        const Device *found = inventory_find(manager->inventory, device->source);

        if (entry)
                return entry;

        entry = metadata_device_new(device->alias, device->address);
        if (found) {
                entry->seen_class = g_strdup(found->class->name);
                entry->seen = fingerprint_copy(found->fingerprint);
        }
        g_ptr_array_add(metadata->devices, entry);
        return entry;
}

static bool note_device(const Manager *manager, const Domain *domain, const char *xml,
                        const DomainDevice *device, UnplugStrategy strategy, Metadata *metadata,
                        GError **error) {
        g_autofree char *element = NULL;
        MetadataDevice *entry;
        guint number;

        if (!device->address && !device->alias) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                            "%s has neither an address nor an alias in the guest, so it would not "
                            "be found again after the move",
                            device->source);
                return false;
        }

        (void)g_ptr_array_find(domain->devices, device, &number);
        element = domain_device_element(xml, strlen(xml), number, error);
        if (!element)
                return false;

        entry = require_entry(manager, metadata, device);
        unplugged_free(entry->unplugged);
        entry->unplugged = unplugged_new(strategy, device->source, element);
        return true;
}

Metadata *replug_note(const Manager *manager, const Domain *domain, const char *xml,
                      const GPtrArray *devices, UnplugStrategy strategy, GError **error) {
        g_autoptr(Metadata) metadata = guest_metadata(domain, manager->inventory, manager->leases);

        if (!metadata)
                metadata = metadata_new();
        for (guint i = 0; i < devices->len; i++)
                if (!note_device(manager, domain, xml, devices->pdata[i], strategy, metadata,
                                 error))
                        return NULL;
        return g_steal_pointer(&metadata);
}

char *replug_as_it_goes(const Manager *manager, const char *xml, GError **error) {
        g_auto(StrategyChoice) choice = { 0 };
        g_autoptr(Metadata) metadata = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(xml, strlen(xml), error);
        if (!domain || !strategy_choose(domain, manager->inventory, NULL, &choice, error))
                return NULL;
        if (choice.unplugged->len == 0)
                return g_strdup(xml);

        metadata = replug_note(manager, domain, xml, choice.unplugged, UNPLUG_REPLUG, error);
        return metadata ? domain_without_unplugged(xml, strlen(xml), metadata, error) : NULL;
}

static UnplugRequest *make_request(const Manager *manager, const Domain *domain,
                                   const GPtrArray *devices, const Metadata *metadata) {
        UnplugRequest *request = g_new0(UnplugRequest, 1);

        request->uuid = g_strdup(domain->uuid);
        request->metadata = metadata_to_libvirt(metadata);
        request->timeout_ms = manager->config->unplug_timeout_ms;
        request->devices = g_new0(char *, devices->len + 1);
        for (guint i = 0; i < devices->len; i++)
                request->devices[i] = g_strdup(((DomainDevice *)devices->pdata[i])->source);
        return request;
}

static void ask(Replug *replug, const UnplugRequest *request, ReplugWaiter waiter) {
        const VirtOps *virt = replug->manager->virt;
        Guest *guest = require_guest(replug, request->uuid);

        guest->course = COURSE_UNPLUGGING;
        guest->plugged = false;
        guest->late = 0;
        guest->waiter = waiter;
        virt->unplug(virt->userdata, request);
}

void replug_unplug(Replug *replug, const GuestEvent *found, const Domain *domain,
                   const GPtrArray *devices, UnplugStrategy strategy, ReplugWaiter waiter) {
        g_autoptr(UnplugRequest) request = NULL;
        g_autoptr(Metadata) metadata = NULL;
        g_autoptr(GError) error = NULL;

        metadata = replug_note(replug->manager, domain, found->xml, devices, strategy, &error);
        if (metadata && replug_is_busy(replug, domain->uuid))
                g_set_error(&error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "A device of guest %s is being plugged or unplugged: ask again later",
                            domain->name);
        if (error) {
                waiter.done(waiter.userdata, error);
                return;
        }

        request = make_request(replug->manager, domain, devices, metadata);
        ask(replug, request, waiter);
}

void replug_unplug_noted(Replug *replug, const char *uuid, const Metadata *metadata,
                         const char *device, ReplugWaiter waiter) {
        g_autofree char *xml = metadata_to_libvirt(metadata);
        char *devices[] = { (char *)device, NULL };
        UnplugRequest request = { .uuid = (char *)uuid,
                                  .metadata = xml,
                                  .devices = devices,
                                  .timeout_ms = replug->manager->config->unplug_timeout_ms };

        ask(replug, &request, waiter);
}

/* In -------------------------------------------------------------------------------- */

typedef struct Look {
        Replug *replug;
        char *uuid;
} Look;

static void look_free(Look *look) {
        g_free(look->uuid);
        g_free(look);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Look, look_free)

/* The move that it was unplugged for says why it ended so. */
static void note_in_record(Manager *manager, const char *uuid, const char *trouble) {
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

static void fail(Replug *replug, const char *uuid, const char *name, const char *why) {
        Guest *guest = require_guest(replug, uuid);
        int64_t now = replug->manager->now();

        guest->failed = now;
        guest->due = now + RETRY_USEC;
        if (g_strcmp0(guest->trouble, why) == 0)
                return;

        g_warning("Guest %s is without a device that was unplugged for its move: %s, trying again",
                  name, why);
        g_free(guest->trouble);
        guest->trouble = g_strdup(why);
        note_in_record(replug->manager, uuid, why);
}

/* NULL when it cannot be plugged, the first time with words. */
static char *element_to_plug(const Manager *manager, const Domain *domain,
                             const DomainDevice *device, char **ret_trouble) {
        const Lease *lease = lease_book_find_device(manager->leases, device->source);
        const char *element = entry_of(domain, device)->unplugged->element;
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

static void plug(Replug *replug, const Domain *domain) {
        const VirtOps *virt = replug->manager->virt;
        g_autoptr(GPtrArray) elements = g_ptr_array_new_with_free_func(g_free);
        g_autofree char *trouble = NULL;

        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                char *element = NULL;

                if (device->unplugged)
                        element = element_to_plug(replug->manager, domain, device, &trouble);
                if (element)
                        g_ptr_array_add(elements, element);
        }
        if (trouble)
                fail(replug, domain->uuid, domain->name, trouble);
        if (elements->len == 0)
                return;

        require_guest(replug, domain->uuid)->course = COURSE_PLUGGING;
        g_ptr_array_add(elements, NULL);
        virt->plug(virt->userdata, domain->uuid, (const char *const *)elements->pdata);
}

/* Nothing is to be plugged; notes that have outlived their use are taken away. */
static void settle(Replug *replug, const Domain *domain) {
        Guest *guest = require_guest(replug, domain->uuid);

        g_clear_pointer(&guest->trouble, g_free);
        if (guest->late > replug->manager->now()) {
                guest->due = guest->late;
                return;
        }

        guest->plugged = true;
        if (any_device(domain, has_stale_note))
                guest_follow_write_metadata(replug->manager, domain);
        g_hash_table_remove(replug->guests, domain->uuid);
}

/* An answer without XML is the end of the guest or of the daemon. */
static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Look) question = userdata;
        Replug *replug = question->replug;
        g_autoptr(Domain) domain = NULL;
        Guest *guest;

        if (!found->xml || !found->running) {
                g_hash_table_remove(replug->guests, question->uuid);
                return;
        }

        guest = require_guest(replug, question->uuid);
        if (guest->course != COURSE_LOOKING)
                return;
        guest->course = COURSE_REST;

        domain = domain_from_xml(found->xml, strlen(found->xml), NULL);
        if (!domain || !domain->uuid || is_on_its_way(replug->manager, question->uuid))
                return;
        if (any_device(domain, is_unplugged))
                plug(replug, domain);
        else
                settle(replug, domain);
}

static void look(Replug *replug, const char *uuid) {
        const VirtOps *virt = replug->manager->virt;
        Guest *guest = require_guest(replug, uuid);
        Look *question;

        if (!virt || is_on_its_way(replug->manager, uuid) || guest->course != COURSE_REST)
                return;

        guest->course = COURSE_LOOKING;
        guest->due = 0;
        question = g_new(Look, 1);
        *question = (Look){ replug, g_strdup(uuid) };
        virt->find(virt->userdata, uuid, on_found, question);
}

void replug_on_stayed(Replug *replug, const char *uuid) {
        if (find_guest(replug, uuid))
                look(replug, uuid);
}

/* The caller ends its move in `done`, before the guest is looked at. */
void replug_on_unplugged(Replug *replug, const GuestEvent *event) {
        Guest *guest = find_guest(replug, event->uuid);
        g_autoptr(GError) error = NULL;

        if (!guest || guest->course != COURSE_UNPLUGGING)
                return;

        guest->course = COURSE_REST;
        if (event->detail) {
                guest->late = guest->due = replug->manager->now() + LATE_USEC;
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_HARDWARE, event->detail);
        }
        answer(guest, error);
        if (error)
                replug_on_stayed(replug, event->uuid);
}

void replug_plug_instead(Replug *replug, const char *uuid, const char *element,
                         ReplugWaiter waiter) {
        const VirtOps *virt = replug->manager->virt;
        const char *const elements[] = { element, NULL };
        Guest *guest = require_guest(replug, uuid);

        guest->course = COURSE_PLUGGING;
        guest->waiter = waiter;
        virt->plug(virt->userdata, uuid, elements);
}

/* Another one than its note names was to be plugged, and somebody waits for that. */
static void end_instead(Replug *replug, const GuestEvent *event, const Domain *domain) {
        Guest *guest = find_guest(replug, event->uuid);
        g_autoptr(GError) error = NULL;

        if (event->detail || !domain) {
                guest->plugged = false;
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_HARDWARE,
                                    event->detail ?: "libvirt does not tell how that went");
        } else {
                guest->late = 0;
        }
        answer(guest, error);
        if (error)
                replug_on_stayed(replug, event->uuid);
}

static void put_switch(Replug *replug, const Domain *domain) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                g_autoptr(GError) error = NULL;

                if (!has_stale_note(domain, device))
                        continue;
                if (!guest_switch_replugged(replug->manager, domain, device, &error))
                        g_warning("Guest %s: %s", domain->name, error->message);
                guest_announce_device(replug->manager, device->source, device->mac);
        }
}

void replug_on_plugged(Replug *replug, const GuestEvent *event, const Domain *domain) {
        Guest *guest = find_guest(replug, event->uuid);

        if (!guest || guest->course != COURSE_PLUGGING)
                return;

        guest->course = COURSE_REST;
        guest->plugged = true;
        if (domain)
                put_switch(replug, domain);
        if (guest->waiter.done) {
                end_instead(replug, event, domain);
                return;
        }
        if (event->detail || !domain) {
                fail(replug, event->uuid, event->name ?: event->uuid,
                     event->detail ?: "libvirt does not tell how that went");
                return;
        }

        guest->late = 0;
        if (any_device(domain, is_unplugged))
                return;
        g_clear_pointer(&guest->trouble, g_free);
        g_message("Guest %s has the devices again that were unplugged for its move", domain->name);
}

/* Following ------------------------------------------------------------------------- */

/* Whether it may yet let go of a device that it has. The first that a daemon sees of a note may be
 * from one that ended while it waited for that. */
static bool may_let_go(Replug *replug, const char *uuid) {
        Guest *guest = require_guest(replug, uuid);
        int64_t now = replug->manager->now();

        if (guest->plugged)
                return false;
        if (guest->late == 0)
                guest->late = guest->due = now + LATE_USEC;
        return now < guest->late;
}

void replug_keep_notes(Replug *replug, const Domain *domain, Metadata *metadata) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                MetadataDevice *entry = metadata_find(metadata, device->address, device->alias);

                if (entry && !entry->unplugged && has_stale_note(domain, device) &&
                    may_let_go(replug, domain->uuid))
                        entry->unplugged = unplugged_copy(entry_of(domain, device)->unplugged);
        }
}

void replug_on_running(Replug *replug, const Domain *domain) {
        Guest *guest = find_guest(replug, domain->uuid);

        if (!any_device(domain, is_unplugged)) {
                if (guest && guest->course == COURSE_REST && guest->due == 0)
                        g_hash_table_remove(replug->guests, domain->uuid);
                return;
        }

        if (!guest || guest->failed == 0 || replug->manager->now() >= guest->failed + PAUSE_USEC)
                look(replug, domain->uuid);
}

void replug_on_end(Replug *replug, const char *uuid) {
        Guest *guest = find_guest(replug, uuid);

        /* Whoever waits for an answer gets one. */
        if (guest && guest->course == COURSE_REST)
                g_hash_table_remove(replug->guests, uuid);
}

static bool is_due(const Guest *guest) {
        return guest->due > 0 && guest->course == COURSE_REST;
}

int64_t replug_next_time(const Replug *replug) {
        GHashTableIter iter;
        int64_t next = 0;
        void *guest;

        g_hash_table_iter_init(&iter, replug->guests);
        while (g_hash_table_iter_next(&iter, NULL, &guest))
                if (is_due(guest))
                        next = next > 0 ? MIN(next, ((Guest *)guest)->due) : ((Guest *)guest)->due;
        return next;
}

void replug_on_time(Replug *replug) {
        g_autofree char **uuids = (char **)g_hash_table_get_keys_as_array(replug->guests, NULL);

        for (char **uuid = uuids; *uuid; uuid++) {
                Guest *guest = find_guest(replug, *uuid);

                if (!is_due(guest) || guest->due > replug->manager->now())
                        continue;
                guest->due = 0;
                look(replug, *uuid);
        }
}
