/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What would keep one guest of this host from moving to another, before
 * anything is touched: kernel, driver, QEMU, libvirt, and the domain itself.
 * What the other host says is asked there: CheckDomain.
 *
 * Errors are what QEMU or libvirt will refuse, warnings what may turn out so.
 * Sources of the rules: QEMU, hw/vfio/migration.c and hw/vfio/common.c (the
 * blockers); the rule of each driver, virtferry-compat.d(5).
 */

#include "daemon/host-check.h"

/* `found` is a GUEST_FOUND with XML. Finding, owned; empty when nothing is in the way.
 * FERRY_ERROR_INVALID_XML. */
GPtrArray *guest_check(const Manager *manager, const HostState *state, const GuestEvent *found,
                       GError **error);
/* The first error of these as one sentence; NULL: there is none. Free it. */
char *guest_check_refusal(const Manager *manager, const HostState *state, const GuestEvent *found);
