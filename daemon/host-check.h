/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host lacks for guests to move with their devices. Reads what is
 * there, touches nothing, waits for nobody.
 */

#include "daemon/finding.h"
#include "daemon/manager.h"

/* The first that lets QEMU decide; those before refuse every guest with a passthrough device. */
#define LIBVIRT_VERSION_MIN 8006000

/* What the edges know and the manager does not. */
typedef struct HostState {
        unsigned long libvirt_version; /* 9000000 for 9.0.0; 0 not known */
        unsigned long qemu_version;    /* as libvirt knows it; 0 not known */
        int64_t hook_heard;            /* its last call, CLOCK_REALTIME us; 0 none so far */
} HostState;

#define HOOK_PATH "/etc/libvirt/hooks/qemu.d/50-virtferry"
#define HOOK_COPY FERRY_LIBEXECDIR "/virtferry-hook" /* the package's own; only in host-check.c */

/* What a guest has that wants to come. */
typedef struct HostGuest {
        bool has_device;
        bool lacks_iommu;  /* it would get a VF that is in no IOMMU group */
        bool brings_state; /* a device that is not unplugged for the move */
} HostGuest;

/* Finding, owned. Empty when all is well. */
GPtrArray *host_check(const Manager *manager, const HostState *state);
/* Those of them that matter to a guest that is to have a VF here; errors only. */
void host_check_passthrough(GPtrArray *findings, const Manager *manager, bool lacks_iommu);
/* Those of them that matter to a guest that wants to leave, but for its devices. */
void host_check_source(GPtrArray *findings, const Manager *manager, const HostState *state);
/* Those that matter to a guest that wants to come; what ends its move is an error then. */
void host_check_guest(GPtrArray *findings, const Manager *manager, const HostState *state,
                      const HostGuest *guest);
