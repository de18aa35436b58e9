/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A made-up host, and a slice that asks for a place on it. */

#include "daemon/core/slice-place.h"
#include "tests/unit/core/made-up-map.h"
#include "xml/ferry-error.h"

#define PF0  "0000:3b:00.0"
#define PF1  "0000:3b:00.1"
#define PF2  "0000:af:00.0"
#define PORT "link:0000:3a:00.0"

/* Two nodes: 4 cores of 2 threads, 8 GiB and 1 GiB of 2 MiB pages each. Node 0 has one card with
 * two PFs of 2 VFs and 10 Gbit/s, node 1 another with one. */
typedef struct Fixture {
        ResourceMap *map;
        CapacityReserve reserve;
        Capacity *capacity;
        Slice *slice;
        SlicePlacement *placement;
} Fixture;

void place_set_up(Fixture *f, gconstpointer unused);
void place_tear_down(Fixture *f, gconstpointer unused);
/* From the map as it is then, when that has not been done. */
void read_capacity(Fixture *f);

void ask_anew(Fixture *f); /* for nothing */
/* `share` 0: exclusively. */
void ask_cores(Fixture *f, unsigned count, unsigned share);
void ask_memory(Fixture *f, uint64_t size, uint64_t page_kib);
/* Belong to the slice. */
SliceFunction *ask_function(Fixture *f, const char *name);
SliceOffload *ask_offload(Fixture *f, const char *name, const char *pool, unsigned cores);

/* There is a placement, with what it has until now (NULL: nothing). */
void place_with(Fixture *f, const GPtrArray *present);
/* Of nothing yet: these grants, "PART RESOURCE AMOUNT" a line. */
void assert_placed(Fixture *f, const char *expected);
/* The same with what it got last time. */
void assert_changed(Fixture *f, const char *expected);
void assert_refused(Fixture *f, FerryError code, const char *message);

/* What is asked for goes to that slice; then nothing is asked for. */
void give(Fixture *f, const char *name);
void give_cores(Fixture *f, const char *name, unsigned count, int node);
