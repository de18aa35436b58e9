/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a check has found: one line for a person. */

#include <glib.h>

typedef enum FindingSeverity {
        FINDING_ERROR,   /* it will not go */
        FINDING_WARNING, /* it may not, or worse than it could, or less is known */
        _FINDING_SEVERITY_MAX,
        _FINDING_SEVERITY_INVALID = -22,
} FindingSeverity;

const char *finding_severity_to_string(FindingSeverity severity); /* "error", "warning" */
FindingSeverity finding_severity_from_string(const char *text);

typedef struct Finding {
        FindingSeverity severity;
        char *object;   /* "libvirtd", a path, a device */
        char *sentence; /* what is wrong and the way out, on one line */
        char *fix;      /* what of fix.h mends it, "NAME ARGUMENT"; NULL nothing */
} Finding;

GPtrArray *findings_new(void); /* owns what is in it */
void findings_add(GPtrArray *findings, FindingSeverity severity, const char *object,
                  const char *format, ...) G_GNUC_PRINTF(4, 5);

#define FIX_RESTART_LIBVIRT "restart-libvirt" /* libvirtd or virtqemud */
#define FIX_INSTALL_HOOK    "install-hook"    /* hook */
#define FIX_LOAD_DRIVER     "load-driver"     /* of the kernel */
#define FIX_RELEASE_LEASE   "release-lease"   /* id of the lease */

/* The last finding can be mended by this. */
void findings_set_fix(GPtrArray *findings, const char *name, const char *argument);
