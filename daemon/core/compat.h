/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which device takes the state of which: rules that are data, one file a
 * driver, virtferry-compat.d(5). A rule says what must be equal on both hosts
 * and what must not be older where the guest goes.
 *
 * They are read once. A guest's device is held against many of a host: nothing
 * is parsed then but versions that differ. What is not known, on either side,
 * is no difference.
 */

#include "daemon/core/version.h"
#include "xml/fingerprint.h"

typedef enum CompatFact {
        COMPAT_FACT_VENDOR,
        COMPAT_FACT_DEVICE,
        COMPAT_FACT_SUBSYSTEM, /* vendor and device of the board */
        COMPAT_FACT_REVISION,
        COMPAT_FACT_DRIVER,
        COMPAT_FACT_DRIVER_VERSION,
        COMPAT_FACT_FIRMWARE,
        COMPAT_FACT_MDEV_TYPE,
        _COMPAT_FACT_MAX,
        _COMPAT_FACT_INVALID = -22,
} CompatFact;

const char *compat_fact_to_string(CompatFact fact); /* "driver-version" */
CompatFact compat_fact_from_string(const char *text);

#define COMPAT_FACT_BIT(fact) (1u << (fact))
#define COMPAT_FACTS_ALL      (COMPAT_FACT_BIT(_COMPAT_FACT_MAX) - 1)
/* What can be compared by its numbers. */
#define COMPAT_FACTS_VERSIONS \
        (COMPAT_FACT_BIT(COMPAT_FACT_DRIVER_VERSION) | COMPAT_FACT_BIT(COMPAT_FACT_FIRMWARE))

typedef struct CompatRule {
        char *name;         /* "mlx5"; "default" */
        char *file;         /* that it is in */
        char **drivers;     /* NULL any */
        GArray *devices;    /* PciId, NULL any */
        unsigned equal;     /* sets of COMPAT_FACT_BIT() */
        unsigned not_older; /* at the destination than at the source */
        bool migrates;      /* false: no driver saves the state of such a device */
        bool several;       /* a guest that has more than one of them can move */
        Version kernel_min, pre_copy_kernel_min, qemu_min, libvirt_min;
        char *why; /* one sentence for a person, without its full stop */
} CompatRule;

typedef struct Compat Compat;

/* The rule for every driver without one of its own, as the program has it built in. */
Compat *compat_new(void);
void compat_free(Compat *compat);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Compat, compat_free)

/* All "*.conf" of the directories, which are relative to `root_fd`, in the order of their names; of
 * two with one name that of the later directory. A file with something wrong in it is passed over
 * as a whole, and compat_problems() says so. No directory need be there. */
Compat *compat_load(int root_fd, const char *const *directories);
/* One file more. FERRY_ERROR_INVALID_ARGS: "FILE:12: [Rule mlx5] Equal ...", and nothing of it is
 * taken. */
bool compat_add(Compat *compat, const char *text, const char *file, GError **error);
/* Sentences; owned by compat. */
const GPtrArray *compat_problems(const Compat *compat);

/* The rule for the device that a guest has: the first that names its ids, else the one that names
 * its driver, else the default. Never NULL. */
const CompatRule *compat_find(const Compat *compat, const Fingerprint *source);

/* The first of `facts` by which the rule keeps the state of `source` from `destination`;
 * _COMPAT_FACT_MAX: none. */
CompatFact compat_difference(const CompatRule *rule, unsigned facts, const Fingerprint *source,
                             const Fingerprint *destination);
/* Whether `destination`'s must only not be older, rather than be equal. */
bool compat_is_minimum(const CompatRule *rule, CompatFact fact);
/* A fact in words: "22.39.1002", "15b3:0058"; "unknown". Free it. */
char *compat_fact_text(CompatFact fact, const Fingerprint *fingerprint);

/* A driver that is not loaded goes by its module's name, where "-" is "_". */
bool compat_same_driver(const char *a, const char *b);
