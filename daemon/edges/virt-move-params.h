/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A MoveRequest in libvirt's words: flags and typed parameters of
 * virDomainMigrateToURI3(). Pure; included by virt-mover.c only.
 */

#include <libvirt/libvirt.h>

#include "daemon/core/virt-ops.h"

unsigned virt_move_flags(const MoveRequest *request);
/* Like libvirt's own: 0, or -1 with libvirt's error; virTypedParamsFree() them in any case. */
int virt_move_params(const MoveRequest *request, virTypedParameterPtr *params, int *n, int *max);
