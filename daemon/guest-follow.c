/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager.h"

#include <string.h>

#include "daemon/advisor.h"
#include "daemon/drain.h"
#include "daemon/drive-cold.h"
#include "daemon/drive.h"
#include "daemon/guest-announce.h"
#include "daemon/guest-follow.h"
#include "daemon/guest-leave.h"
#include "daemon/guest-list.h"
#include "daemon/guest-metadata.h"
#include "daemon/guest-migration.h"
#include "daemon/guest-switch.h"
#include "daemon/lease-follow.h"
#include "daemon/mediation.h"
#include "daemon/meter.h"
#include "daemon/recover.h"
#include "daemon/replug.h"
#include "daemon/slices-away.h"
#include "daemon/slices.h"
#include "daemon/traffic.h"

/* What libvirt tells of guests arrives here after the fact; it never refuses,
 * and what cannot be written down is told in the journal. */

static bool has_old_note(const Domain *domain) {
        return domain->metadata &&
               (domain->metadata->slice || metadata_has_unplugged(domain->metadata));
}

void guest_follow_write_metadata(Manager *manager, const Domain *domain) {
        g_autoptr(Metadata) metadata = NULL;
        g_autofree char *xml = NULL;

        if (!manager->virt || replug_is_busy(manager->replug, domain->uuid))
                return;
        metadata = guest_metadata(domain, manager->inventory, manager->leases);
        slices_note(manager->slices, domain, &metadata);
        if (!metadata && !has_old_note(domain))
                return;
        if (!metadata)
                metadata = metadata_new(); /* or an old note would last */

        guest_switch_capture(manager, domain, metadata);
        replug_keep_notes(manager->replug, domain, metadata);
        if (domain->metadata && metadata_equal(metadata, domain->metadata))
                return;

        xml = metadata_to_libvirt(metadata);
        manager->virt->set_metadata(manager->virt->userdata, domain->uuid, xml);
}

/* libvirt's answer; an answer without XML is the end of the guest or of the daemon. */
static void on_guest_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Domain) domain = NULL;

        if (!found->xml || !found->running)
                return;

        domain = domain_from_xml(found->xml, strlen(found->xml), NULL);
        if (domain && domain->uuid)
                guest_follow_write_metadata(userdata, domain);
}

void guest_follow_look_again(Manager *manager, const char *domain_uuid) {
        if (manager->virt)
                manager->virt->find(manager->virt->userdata, domain_uuid, on_guest_found, manager);
}

void manager_on_switch_event(Manager *manager) {
        guest_switch_look_again(manager, on_guest_found);
}

/* libvirt stores the source's persistent definition (--persistent), with the
 * source's addresses. */
static void correct_definition(Manager *manager, const GuestEvent *event) {
        g_autofree char *xml = NULL;
        g_autoptr(GError) error = NULL;

        if (!event->inactive_xml || !manager->virt)
                return;

        xml = guest_definition(event->inactive_xml, manager->leases, &error);
        if (error)
                g_warning("%s: %s", event->name, error->message);
        if (xml)
                manager->virt->redefine(manager->virt->userdata, event->uuid, xml);
}

/* A guest that comes here shut down; an operator's own edit is left as it is. */
static void follow_definition(Manager *manager, const GuestEvent *event) {
        if (guest_migration_current(manager, event->uuid, MIGRATION_INCOMING) &&
            !g_hash_table_contains(manager->active, event->uuid))
                correct_definition(manager, event);
}

static Domain *read_domain(const GuestEvent *event) {
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;

        domain = domain_from_xml(event->xml, strlen(event->xml), &error);
        if (domain && domain->uuid)
                return g_steal_pointer(&domain);

        g_warning("The domain of guest %s cannot be read: %s", event->name,
                  error ? error->message : "it has no <uuid>");
        return NULL;
}

static void follow_devices(Manager *manager, const Domain *domain) {
        lease_follow_running(manager, domain);
        guest_follow_write_metadata(manager, domain);
}

static void follow_running(Manager *manager, const GuestEvent *event) {
        g_autoptr(Domain) domain = read_domain(event);
        Migration *incoming;

        if (!domain)
                return;

        guest_list_on_running(manager, domain);
        mediations_on_running(manager->mediations, event, domain);
        if (event->kind == GUEST_ARRIVED)
                guest_announce(manager, domain); /* the sooner, the shorter is it cut off */
        follow_devices(manager, domain);

        incoming = guest_migration_current(manager, event->uuid, MIGRATION_INCOMING);
        if (event->kind == GUEST_ARRIVED || incoming)
                correct_definition(manager, event);
        if (incoming) {
                (void)guest_migration_enter(manager, incoming, MIGRATION_RESUMED, NULL);
                (void)guest_migration_enter(manager, incoming, MIGRATION_FINISHED, NULL);
        }
        replug_on_running(manager->replug, domain);
        slices_on_running(manager->slices, domain);
        slices_away_on_running(manager->slices, domain);
}

static void follow_plugged(Manager *manager, const GuestEvent *event) {
        g_autoptr(Domain) domain = event->xml ? read_domain(event) : NULL;

        replug_on_plugged(manager->replug, event, domain);
        if (domain)
                follow_devices(manager, domain);
}

static void follow_incoming(Manager *manager, const GuestEvent *event) {
        Migration *migration = guest_migration_current(manager, event->uuid, MIGRATION_INCOMING);

        lease_follow_incoming(manager, event->uuid);
        if (migration)
                (void)guest_migration_enter(manager, migration, MIGRATION_PRECOPY, NULL);
}

static void follow_end(Manager *manager, const GuestEvent *event) {
        Migration *migration = migration_log_current(manager->migrations, event->uuid);
        g_autofree char *reason = NULL;

        g_hash_table_remove(manager->active, event->uuid);
        replug_on_end(manager->replug, event->uuid);
        mediations_on_end(manager->mediations, event->uuid);
        lease_follow_end(manager, event->uuid);
        slices_on_gone(manager->slices, event->uuid, event->kind == GUEST_LEFT);
        if (!migration)
                return;
        if (drive_cold_is(migration)) /* its end begins it; who waits for that may know before */
                return;

        reason = g_strdup_printf("The guest ended on this host (%s)", event->detail ?: "unknown");
        if (migration->direction == MIGRATION_OUTGOING && event->kind == GUEST_LEFT) {
                (void)guest_migration_enter(manager, migration, MIGRATION_FINISHED, NULL);
        } else if (migration->state > MIGRATION_RESERVED) {
                guest_migration_roll_back(manager, migration, reason);
        }
}

static void note_active(Manager *manager, const char *uuid, const char *name) {
        g_hash_table_replace(manager->active, g_strdup(uuid), g_strdup(name));
}

static gboolean is_not_listed(gpointer uuid, gpointer name, gpointer list) {
        return !guest_event_lists(list, uuid);
}

/* Of one that does not answer nobody has told the name. */
static void follow_list(Manager *manager, const GuestEvent *event) {
        (void)g_hash_table_foreach_remove(manager->active, is_not_listed, (void *)event);
        for (char **uuid = event->active; uuid && *uuid; uuid++)
                if (!g_hash_table_contains(manager->active, *uuid))
                        note_active(manager, *uuid, *uuid);

        manager->libvirt_known = true;
        slices_away_on_list(manager->slices);
        slices_on_list(manager->slices); /* before a move ends by which a guest has left */
        recover_after_list(manager);
}

static void follow(Manager *manager, const GuestEvent *event) {
        switch (event->kind) {
        case GUEST_RUNNING:
        case GUEST_ARRIVED:
                note_active(manager, event->uuid, event->name);
                follow_running(manager, event);
                return;
        case GUEST_DEFINED:
                follow_definition(manager, event);
                return;
        case GUEST_INCOMING:
                note_active(manager, event->uuid, event->name);
                follow_incoming(manager, event);
                return;
        case GUEST_ITERATING:
                guest_leave_on_job(manager, event);
                return;
        case GUEST_LEAVING:
                guest_leave_on_leaving(manager, event);
                return;
        case GUEST_STAYED:
                guest_leave_on_stayed(manager, event);
                return;
        case GUEST_JOB_DONE:
                guest_leave_on_job_done(manager, event);
                return;
        case GUEST_LEFT:
        case GUEST_STOPPED:
                follow_end(manager, event);
                return;
        case GUEST_LIST:
                follow_list(manager, event);
                return;
        case GUEST_LOST_LIBVIRT:
                manager->libvirt_known = false;
                return;
        case GUEST_MOVED:
                drive_on_moved(manager->drive, event);
                return;
        case GUEST_SHUT_DOWN:
                drive_on_shut_down(manager->drive, event);
                return;
        case GUEST_UNPLUGGED:
                replug_on_unplugged(manager->replug, event);
                return;
        case GUEST_PLUGGED:
                follow_plugged(manager, event);
                return;
        case GUEST_TUNED:
                slices_on_tuned(manager->slices, event);
                return;
        case GUEST_GONE:  /* of one that was not here any more */
        case GUEST_FOUND: /* whoever asked has it */
        case GUEST_STATS:
        case _GUEST_EVENT_KIND_MAX:
                return;
        }
}

static void tell_all(Manager *manager, const GuestEvent *event) {
        follow(manager, event);
        traffic_on_guest_event(manager->traffic, event);
        meter_on_guest_event(manager->meter, event);
        if (event->kind == GUEST_STATS)
                slices_on_sampled(manager->slices);
        drain_on_guest_event(manager->drain, event);
        advisor_on_guest_event(manager->advisor, event);
}

/* The release hook told of the end of one that is gone. What was read of libvirt before that and
 * came after it took the guest for one that is here; and of an end that libvirt only finds when it
 * starts, as of a guest on its way here, it has no event. */
void manager_on_guest_event(Manager *manager, const GuestEvent *event) {
        GuestEvent end = *event;

        if (event->kind == GUEST_GONE && g_hash_table_contains(manager->active, event->uuid))
                end.kind = GUEST_STOPPED;
        tell_all(manager, &end);
}
