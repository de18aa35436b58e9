/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/drive-begin.h"

#include <string.h>

#include "daemon/core/strategy.h"
#include "daemon/drive-cold.h"
#include "daemon/drive.h"
#include "daemon/replug.h"

static void move(const Turn *turn) {
        const VirtOps *virt = turn->manager->virt;

        virt->migrate(virt->userdata, turn->request);
}

/* Before libvirt was asked to move it: told as if libvirt had refused. */
static void fail(Manager *manager, const char *uuid, const char *reason) {
        GuestJob job = { .error = (char *)reason };
        GuestEvent moved = { .kind = GUEST_MOVED, .uuid = (char *)uuid, .job = &job };

        manager_on_guest_event(manager, &moved);
}

void drive_begin_give_up(const Turn *turn, const char *reason) {
        fail(turn->manager, turn->request->uuid, reason);
}

/* A ReplugDone. */
static void on_unplugged(void *userdata, const GError *error) {
        g_autoptr(Turn) turn = userdata;

        if (error)
                drive_begin_give_up(turn, error->message);
        else if (drive_is_stopped(turn->manager->drive, turn->request->uuid))
                drive_begin_give_up(turn, "Stopped on request");
        else
                move(turn);
}

/* Chosen again: since it was planned, the guest may have got another device. */
static bool unplug(Turn *turn, const GuestEvent *found, GError **error) {
        Manager *manager = turn->manager;
        g_auto(StrategyChoice) choice = { 0 };
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(found->xml, strlen(found->xml), error);
        if (!domain || !strategy_choose(domain, manager->inventory, turn->strategy, &choice, error))
                return false;

        replug_unplug(manager->replug, found, domain, choice.unplugged, UNPLUG_REPLUG,
                      (ReplugWaiter){ on_unplugged, turn_free_any, turn });
        return true;
}

/* The answer comes to drive_begin_on_shut_down(). */
static bool shut_down(const Turn *turn, const GuestEvent *found, GError **error) {
        return drive_cold_shut_down(turn->manager, turn->request->uuid, found->xml, error);
}

/* A GuestFinder; an answer without XML is the end of the guest or of the daemon. */
static void on_turn_found(void *userdata, const GuestEvent *found) {
        g_autoptr(Turn) turn = userdata;
        g_autoptr(GError) error = NULL;

        if (!found->xml)
                return;
        if (drive_is_stopped(turn->manager->drive, turn->request->uuid))
                drive_begin_give_up(turn, "Stopped on request");
        else if (!found->running)
                drive_begin_give_up(turn, "The guest does not run any more");
        else if (turn->request->off ? !shut_down(turn, found, &error)
                                    : !unplug(turn, found, &error))
                drive_begin_give_up(turn, error->message);
        else if (!turn->request->off)
                turn = NULL; /* on_unplugged() has it */
}

void drive_begin(Turn *taken) {
        g_autoptr(Turn) turn = taken;
        const VirtOps *virt = turn->manager->virt;

        if (!turn->unplugs && !turn->request->off) {
                move(turn);
                return;
        }
        virt->find(virt->userdata, turn->request->uuid, on_turn_found, turn);
        turn = NULL;
}

void drive_begin_on_shut_down(const Turn *turn, const GuestEvent *event) {
        Manager *manager = turn->manager;
        const char *reason;

        reason = drive_cold_on_shut_down(manager,
                                         migration_log_find(manager->migrations, turn->migration),
                                         drive_is_stopped(manager->drive, event->uuid), event);
        if (reason)
                fail(manager, event->uuid, reason);
        else
                move(turn);
}
