/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What virt-ferry can mend by itself of what a check of the host has found: what
 * no guest that runs could feel. Everything beyond the leases is done by a unit
 * of systemd, which may what the daemon may not; an edge starts it.
 */

#include "daemon/host-check.h"

typedef struct Fix {
        char *id;      /* "load-driver mlx5_vfio_pci": what stands in the finding */
        char *object;  /* of the finding */
        char *finding; /* its sentence */
        char *what;    /* what is done, for a person: "loads mlx5_vfio_pci" */
        char *unit;    /* of systemd, that is to be started; NULL: fix_do() */
        bool restart;  /* rather than started */
} Fix;

void fix_free(Fix *fix);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fix, fix_free)

/* Fix, owned: those that there is something for now. */
GPtrArray *fixes_list(const Manager *manager, const HostState *state);
/* The one of this id, new. FERRY_ERROR_NOT_FOUND when there is nothing for it to mend. */
Fix *fix_find(const Manager *manager, const HostState *state, const char *id, GError **error);
/* Does one that has no unit. */
bool fix_do(Manager *manager, const Fix *fix, GError **error);
