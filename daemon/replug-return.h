/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A device comes back into its guest: what is plugged for it, what the host's
 * switch does when it is in, and what the record says when it is not. Used by
 * replug, which says when.
 */

#include "daemon/manager.h"

/* Elements of a domain (char *), with this host's devices, for those that are unplugged and leased
 * to it. `ret_trouble`, set in any case: why the first that is missing cannot be plugged; NULL. */
GPtrArray *replug_return_elements(const Manager *manager, const Domain *domain, char **ret_trouble);
/* They are in, and the notes are there still: the switch gets what it knew of them. */
void replug_return_switch(Manager *manager, const Domain *domain);
/* The latest move says that the guest is without a device. */
void replug_return_note_trouble(const Manager *manager, const char *uuid, const char *trouble);
