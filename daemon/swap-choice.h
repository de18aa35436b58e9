/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which device of this host a guest gets in the place of one that it has. Used
 * by swap.c.
 */

#include "daemon/manager.h"

typedef struct SwapWish {
        const Manager *manager;
        const char *uuid, *guest; /* the guest, and its name */
        const char *name, *from;  /* its device, and the id that this has */
        const char *target;       /* an id, a parent, PARENT/TYPE or a pool */
} SwapWish;

/* A lease to reserve. One that is named need not be of the same kind; of a parent or a pool, the
 * first that is and is free, else one that can be made; and so of a type, which an mdev need not be
 * of until now. FERRY_ERROR_NOT_FOUND,
 * FERRY_ERROR_NO_DEVICE, FERRY_ERROR_INCOMPATIBLE. */
Lease *swap_choose(const SwapWish *wish, const Domain *domain, DomainDevice *device,
                   GError **error);
