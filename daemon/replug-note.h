/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The notes in a guest's own metadata that say which of its devices are unplugged
 * (<unplugged>, xml/metadata.h): written for a move, and read where it runs. Used
 * by replug, and by whoever shows a guest as it would go.
 */

#include "daemon/manager.h"

/* The guest's metadata when these devices are out. FERRY_ERROR_INVALID_XML. */
Metadata *replug_note(const Manager *manager, const Domain *domain, const char *xml,
                      const GPtrArray *devices, UnplugStrategy strategy, GError **error);
/* The domain as it would go to another host, when something is unplugged for that; else a copy. */
char *replug_as_it_goes(const Manager *manager, const char *xml, GError **error);

/* What the metadata of the domain have of this device of it; NULL. */
const MetadataDevice *replug_note_find(const Domain *domain, const DomainDevice *device);
/* A device that is there, and a note that says that it is not. */
bool replug_note_is_stale(const Domain *domain, const DomainDevice *device);
bool replug_note_any_stale(const Domain *domain);
/* A device that is not there, as its note says. */
bool replug_note_any_unplugged(const Domain *domain);
