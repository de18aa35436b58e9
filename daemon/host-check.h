/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host lacks for guests to move with their devices. Reads what is
 * there, touches nothing, waits for nobody.
 */

#include "daemon/manager.h"

typedef enum FindingSeverity {
        FINDING_ERROR,   /* no guest can come or go with its devices */
        FINDING_WARNING, /* some cannot, or less is known of them */
        _FINDING_SEVERITY_MAX,
        _FINDING_SEVERITY_INVALID = -22,
} FindingSeverity;

const char *finding_severity_to_string(FindingSeverity severity); /* "error", "warning" */
FindingSeverity finding_severity_from_string(const char *text);

typedef struct Finding {
        FindingSeverity severity;
        char *object;   /* "libvirtd", a path, a device */
        char *sentence; /* what is wrong and the way out, on one line */
} Finding;

void finding_free(Finding *finding);

/* What the edges know and the manager does not. */
typedef struct HostState {
        unsigned long libvirt_version; /* 9000000 for 9.0.0; 0 not known */
        int64_t hook_heard;            /* its last call, CLOCK_REALTIME us; 0 none so far */
} HostState;

#define HOOK_PATH "/etc/libvirt/hooks/qemu.d/50-virtferry"

/* Finding, owned. Empty when all is well. */
GPtrArray *host_check(const Manager *manager, const HostState *state);
