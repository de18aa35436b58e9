/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An allocator that tries everything, written from the rules in the headers
 * alone: what each part could be given is listed without a look at what is free,
 * and each combination is checked from the beginning.
 */

#include "tests/unit/core/slice-chance.h"

#define OPTIONS_MAX 256
#define PARTS_MAX   12

typedef struct Option {
        int items[ITEMS_MAX / 4];
        uint64_t amounts[ITEMS_MAX / 4];
        int n;
        int node;                /* whose CPUs are nearest; -1 none, -2 several */
        int root, pool, offload; /* -1 none */
        bool own_group;
} Option;

typedef struct Part {
        const char *name;
        bool tied; /* to others, where they are to be together */
        Option *options;
        int n_options;
} Part;

typedef struct Parts {
        Part parts[PARTS_MAX];
        int n;
} Parts;

typedef struct Others {
        uint64_t used[ITEMS_MAX];
        bool apart[5]; /* devices that the slice is to be apart from */
} Others;

void parts_list(const Host *host, const Slice *wish, Parts *parts);
void parts_done(Parts *parts);
int host_device_of(const Host *host, int item); /* -1 none */

/* Of all owners but those in the set `gone` and one more, -1 none. */
void brute_count_others(const Case *c, const Slice *wish, unsigned gone, int but, Others *ret);
/* Whether the first n parts may have these options. */
bool brute_is_valid(const Host *host, const Slice *wish, const Others *others, const Parts *parts,
                    const Option **picks, int n);
bool brute_is_possible(const Case *c, const Slice *wish, const Parts *parts, unsigned gone,
                       int but);
/* The best set of slices that have to give way; -1 when there is none. */
int brute_find_way(const Case *c, const Slice *wish, const Parts *parts, int but);
