/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The manager on the bus: everything that dbus/org.virtferry1.xml promises.
 * Reads, validates, asks who calls, calls the manager, replies; decides
 * nothing. Main thread.
 */

#include <systemd/sd-bus.h>

#include "daemon/advice-book.h"
#include "daemon/host-check.h"
#include "daemon/manager.h"
#include "daemon/slices.h"

typedef struct Faces Faces;

/* Borrows the manager and the state. Free it after the bus, whose objects know it. */
int faces_new(sd_bus *bus, Manager *manager, HostState *host, Faces **ret_faces);
void faces_free(Faces *faces);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Faces, faces_free)

/* What has changed, as signals. To be called from the listeners of the three. */
void faces_on_device(Faces *faces, InventoryChange change, const Device *device);
void faces_on_lease(Faces *faces, LeaseChange change, const Lease *lease);
void faces_on_slice(Faces *faces, SliceChange change, const SliceEntry *entry);
void faces_on_advice(Faces *faces, AdviceChange change, const AdvisorEntry *entry);
void faces_on_migration(Faces *faces, MigrationChange change, const Migration *migration);
/* The answer to Probe(); a TrialListener. */
void faces_on_trial(Faces *faces, const char *device, const TrialReport *report,
                    const GError *error);
void faces_on_drain(Faces *faces);
void faces_on_guests(Faces *faces);  /* ListGuests() may answer another list than before */
void faces_on_libvirt(Faces *faces); /* connected, or not any more */
