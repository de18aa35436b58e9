/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What of a hardware slice the kernel is told, not libvirt: rates of VFs at
 * their PF, and shares of cache and memory bandwidth. Used by slice-enforce.c.
 */

#include "daemon/core/tuning.h"
#include "daemon/manager.h"

/* Whether this host has what the slice asks the kernel for; FERRY_ERROR_INVALID_REQUEST with what
 * is missing. */
bool slice_kernel_check(const Manager *manager, const Slice *wish, GError **error);
/* As the kernel has it now; 0 for what it does not tell. */
void slice_kernel_read_shares(const Manager *manager, const char *domain_uuid, TuningHost *host);
void slice_kernel_read_rates(const Manager *manager, TuningFunction *function);

/* One that tuning_is_kernel(). FERRY_ERROR_HARDWARE. */
bool slice_kernel_tune(const Manager *manager, const char *domain_uuid, const Tuning *tuning,
                       GError **error);
/* The guest is not here any more. */
void slice_kernel_forget(const Manager *manager, const char *domain_uuid);
