/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Devices that are unplugged for a move and plugged after it.
 *
 * The guest's own metadata say which (<unplugged>, xml/metadata.h), and nothing
 * else does. So one rule serves arrival, rollback and recovery after a crash: a
 * guest that runs here, that is not on its way, and that has an unplugged
 * device gets it, and then loses the note.
 *
 *   replug_unplug() ─► VirtOps.unplug(): note, then devices ─► GUEST_UNPLUGGED ─► done
 *   (it runs, it stayed) ─► VirtOps.find() ─► VirtOps.plug() ─► GUEST_PLUGGED ─► the note goes
 *        ▲                                                            │ failed
 *        └─────── in 30 s, and when libvirt tells of the guest ◄──────┘
 *
 * What the notes say is in replug-note.h, what is plugged in replug-return.h.
 * Which devices, and which strategy unplugs them, is the caller's to say. Their
 * leases stay. A guest that did not let go in time may do so later: its note is
 * kept for a while, so that it gets the device back then.
 * One thread; belongs to the manager.
 */

#include "daemon/manager.h"

/* Called once, from the loop: all of the devices are out, or the error says why not; then those
 * that are out are plugged again when the caller has ended the move. When the daemon ends before,
 * `release` is called instead. */
typedef void (*ReplugDone)(void *userdata, const GError *error);

typedef struct ReplugWaiter {
        ReplugDone done;
        GDestroyNotify release;
        void *userdata;
} ReplugWaiter;

Replug *replug_new(Manager *manager);
void replug_free(Replug *replug);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Replug, replug_free)

/* Takes `devices` (DomainDevice of `domain`, which was read from found->xml) out of the guest. */
void replug_unplug(Replug *replug, const GuestEvent *found, const Domain *domain,
                   const GPtrArray *devices, UnplugStrategy strategy, ReplugWaiter waiter);
/* The same with metadata of the caller's, for one device as in UnplugRequest. */
void replug_unplug_noted(Replug *replug, const char *uuid, const Metadata *metadata,
                         const char *device, ReplugWaiter waiter);
/* After that, and instead of what was unplugged: this element of a domain. When it fails, the guest
 * gets what its note names, after `done`. */
void replug_plug_instead(Replug *replug, const char *uuid, const char *element,
                         ReplugWaiter waiter);

/* A move of it has failed, so it is to have its devices. While it is still on its way, and when it
 * has them all, nothing happens. */
void replug_on_stayed(Replug *replug, const char *uuid);
/* A device of it is on its way in or out, so its metadata are not to be written now. */
bool replug_is_busy(const Replug *replug, const char *uuid);
/* Why a device of the guest is not plugged in yet; NULL. */
const char *replug_trouble(const Replug *replug, const char *uuid);

/* For guest-follow: */

/* It runs here. `metadata`, which are to be written, get the notes that are still of use. */
void replug_keep_notes(Replug *replug, const Domain *domain, Metadata *metadata);
void replug_on_running(Replug *replug, const Domain *domain);
void replug_on_unplugged(Replug *replug, const GuestEvent *event);
/* `domain` NULL when the guest is not known any more. Before its metadata are written. */
void replug_on_plugged(Replug *replug, const GuestEvent *event, const Domain *domain);
void replug_on_end(Replug *replug, const char *uuid);

void replug_on_time(Replug *replug);
int64_t replug_next_time(const Replug *replug); /* CLOCK_REALTIME us, 0 never */
