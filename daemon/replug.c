/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/replug.h"

#include <string.h>

#include "daemon/drive.h"
#include "daemon/guest-follow.h"
#include "daemon/replug-guest.h"
#include "daemon/replug-note.h"
#include "daemon/replug-return.h"
#include "xml/ferry-error.h"

struct Replug {
        Manager *manager;
        GHashTable *guests; /* ReplugGuest by UUID */
};

Replug *replug_new(Manager *manager) {
        Replug *replug = g_new0(Replug, 1);

        replug->manager = manager;
        replug->guests = replug_guests_new();
        return replug;
}

void replug_free(Replug *replug) {
        if (!replug)
                return;

        g_hash_table_unref(replug->guests);
        g_free(replug);
}

static ReplugGuest *find_guest(const Replug *replug, const char *uuid) {
        return g_hash_table_lookup(replug->guests, uuid);
}

static ReplugGuest *require_guest(Replug *replug, const char *uuid) {
        return replug_guests_require(replug->guests, uuid);
}

bool replug_is_busy(const Replug *replug, const char *uuid) {
        const ReplugGuest *guest = find_guest(replug, uuid);

        return guest && (guest->course == COURSE_UNPLUGGING || guest->course == COURSE_PLUGGING);
}

const char *replug_trouble(const Replug *replug, const char *uuid) {
        const ReplugGuest *guest = find_guest(replug, uuid);

        return guest ? guest->trouble : NULL;
}

static bool is_on_its_way(const Manager *manager, const char *uuid) {
        const Migration *current = migration_log_current(manager->migrations, uuid);

        return drive_is_moving(manager->drive, uuid) ||
               (current && !drive_is_waiting(manager->drive, current->id));
}

/* Out ------------------------------------------------------------------------------- */

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
        ReplugGuest *guest = require_guest(replug, request->uuid);

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

static void fail(Replug *replug, const char *uuid, const char *name, const char *why) {
        if (!replug_guest_fail(require_guest(replug, uuid), why, replug->manager->now()))
                return;

        g_warning("Guest %s is without a device that was unplugged for its move: %s, trying again",
                  name, why);
        replug_return_note_trouble(replug->manager, uuid, why);
}

static void plug(Replug *replug, const Domain *domain) {
        const VirtOps *virt = replug->manager->virt;
        g_autoptr(GPtrArray) elements = NULL;
        g_autofree char *trouble = NULL;

        elements = replug_return_elements(replug->manager, domain, &trouble);
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
        ReplugGuest *guest = require_guest(replug, domain->uuid);

        g_clear_pointer(&guest->trouble, g_free);
        if (guest->late > replug->manager->now()) {
                guest->due = guest->late;
                return;
        }

        guest->plugged = true;
        if (replug_note_any_stale(domain))
                guest_follow_write_metadata(replug->manager, domain);
        g_hash_table_remove(replug->guests, domain->uuid);
}

/* An answer without XML is the end of the guest or of the daemon. */
static void on_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Look) question = userdata;
        Replug *replug = question->replug;
        g_autoptr(Domain) domain = NULL;
        ReplugGuest *guest;

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
        if (replug_note_any_unplugged(domain))
                plug(replug, domain);
        else
                settle(replug, domain);
}

static void look(Replug *replug, const char *uuid) {
        const VirtOps *virt = replug->manager->virt;
        ReplugGuest *guest = require_guest(replug, uuid);
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
        ReplugGuest *guest = find_guest(replug, event->uuid);
        g_autoptr(GError) error = NULL;

        if (!guest || guest->course != COURSE_UNPLUGGING)
                return;

        guest->course = COURSE_REST;
        if (event->detail) {
                replug_guest_be_late(guest, replug->manager->now());
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_HARDWARE, event->detail);
        }
        replug_guest_answer(guest, error);
        if (error)
                replug_on_stayed(replug, event->uuid);
}

void replug_plug_instead(Replug *replug, const char *uuid, const char *element,
                         ReplugWaiter waiter) {
        const VirtOps *virt = replug->manager->virt;
        const char *const elements[] = { element, NULL };
        ReplugGuest *guest = require_guest(replug, uuid);

        guest->course = COURSE_PLUGGING;
        guest->waiter = waiter;
        virt->plug(virt->userdata, uuid, elements);
}

/* Another one than its note names was to be plugged, and somebody waits for that. */
static void end_instead(Replug *replug, const GuestEvent *event, const Domain *domain) {
        ReplugGuest *guest = find_guest(replug, event->uuid);
        g_autoptr(GError) error = NULL;

        if (event->detail || !domain) {
                guest->plugged = false;
                g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_HARDWARE,
                                    event->detail ?: "libvirt does not tell how that went");
        } else {
                guest->late = 0;
        }
        replug_guest_answer(guest, error);
        if (error)
                replug_on_stayed(replug, event->uuid);
}

void replug_on_plugged(Replug *replug, const GuestEvent *event, const Domain *domain) {
        ReplugGuest *guest = find_guest(replug, event->uuid);

        if (!guest || guest->course != COURSE_PLUGGING)
                return;

        guest->course = COURSE_REST;
        guest->plugged = true;
        if (domain)
                replug_return_switch(replug->manager, domain);
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
        if (replug_note_any_unplugged(domain))
                return;
        g_clear_pointer(&guest->trouble, g_free);
        g_message("Guest %s has the devices again that were unplugged for its move", domain->name);
}

/* Following ------------------------------------------------------------------------- */

void replug_keep_notes(Replug *replug, const Domain *domain, Metadata *metadata) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                MetadataDevice *entry = metadata_find(metadata, device->address, device->alias);

                if (entry && !entry->unplugged && replug_note_is_stale(domain, device) &&
                    replug_guest_may_let_go(require_guest(replug, domain->uuid),
                                            replug->manager->now()))
                        entry->unplugged = unplugged_copy(
                                replug_note_find(domain, device)->unplugged);
        }
}

void replug_on_running(Replug *replug, const Domain *domain) {
        ReplugGuest *guest = find_guest(replug, domain->uuid);

        if (!replug_note_any_unplugged(domain)) {
                if (guest && guest->course == COURSE_REST && guest->due == 0)
                        g_hash_table_remove(replug->guests, domain->uuid);
                return;
        }

        if (!guest || !replug_guest_has_just_failed(guest, replug->manager->now()))
                look(replug, domain->uuid);
}

void replug_on_end(Replug *replug, const char *uuid) {
        ReplugGuest *guest = find_guest(replug, uuid);

        /* Whoever waits for an answer gets one. */
        if (guest && guest->course == COURSE_REST)
                g_hash_table_remove(replug->guests, uuid);
}

int64_t replug_next_time(const Replug *replug) {
        return replug_guests_next_time(replug->guests);
}

void replug_on_time(Replug *replug) {
        g_autofree char **uuids = (char **)g_hash_table_get_keys_as_array(replug->guests, NULL);

        for (char **uuid = uuids; *uuid; uuid++) {
                ReplugGuest *guest = find_guest(replug, *uuid);

                if (!replug_guest_is_due(guest) || guest->due > replug->manager->now())
                        continue;
                guest->due = 0;
                look(replug, *uuid);
        }
}
