/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What one passthrough device of a guest asks of a host: the operator's word
 * (<need>) first, then what the source has seen (<seen>), in one place. What
 * of the latter binds it says the rule of the device's driver: compat.h.
 */

#include "daemon/core/compat.h"
#include "daemon/core/device-class.h"

typedef struct Want {
        const DomainDevice *device; /* of the guest; borrowed, as all words below */
        char *name;                 /* "hostdev0" */
        const DeviceClass *class;
        const char *type;              /* mdev type, NULL any */
        const char *pool;              /* NULL any */
        const char *parent;            /* rather of this PF or mdev parent than of another; NULL */
        const char *driver;            /* whose state the guest brings, NULL any */
        int vendor, product, revision; /* -1 any */
        const CompatRule *rule;        /* of the device that was seen */
        const Fingerprint *state;      /* whose state it brings, and the rule is about; NULL none */
        bool must_migrate;
        bool rather_migrates;
        bool operator_says_migrate; /* must_migrate is the word of <need>, not of what was seen */
        bool trusts_driver;         /* the word of a driver that cannot be asked yet is enough */
        bool described;             /* there is an entry in the metadata */
} Want;

/* With a sentence in `ret_problem` when the entry contradicts itself or the device. */
Want *want_new(const Domain *domain, const DomainDevice *device, const Compat *compat,
               char **ret_problem);
/* For a start of the guest, which brings no state: what was seen at an earlier place does not bind
 * it to that kind of device. Both borrow the rules. */
Want *want_new_here(const Domain *domain, const DomainDevice *device, const Compat *compat,
                    char **ret_problem);
void want_free(Want *want);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Want, want_free)

/* Whether it says enough to choose a device by: a type for an mdev, ids for a VF. */
bool want_can_choose(const Want *want);
/* "an mdev of type mtty-1", "a VF 15b3:101e". Free it. */
char *want_to_text(const Want *want);
/* "15b3:101e", "15b3:*". Free it. */
char *want_ids_to_text(const Want *want);
