/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a migration will take, foretold; learnt from what others have taken.
 *
 * A way is the other host and how many connections lead there. The model keeps the
 * last moves of each way and fits its terms to them anew whenever one is added
 * (model-terms.h); the formula itself is in model-course.h. So the model is a
 * function of the moves that were taught, in their order: the store keeps those
 * (store-model.c) and teaches them again after a restart. Pure: no store, no
 * loop, no clock. One thread.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define MODEL_WAYS_MAX           256 /* the way that was taught longest ago goes */
#define MODEL_MOVES_MAX          16  /* of one way; the oldest goes */
#define MODEL_ALLOWED_DEFAULT_MS 300 /* QEMU's downtime-limit */
/* A driver that cannot tell the size of its state is taken for this large, as QEMU does
 * (hw/vfio/migration.c, VFIO_MIG_STOP_COPY_SIZE): the guest hardly ever gets paused. */
#define MODEL_STATE_UNTOLD (100 * UINT64_C(1073741824))

/* What is known before. Sizes in bytes, rates in bytes/s; 0 not known where nothing else is said.
 */
typedef struct MoveFacts {
        const char *way;          /* name of the other host; NULL not known */
        unsigned connections;     /* parallel ones, 0 is 1 */
        uint64_t ram;             /* of the guest, at most */
        uint64_t ram_used;        /* of it; 0 not known */
        uint64_t working_set;     /* what is written again and again; 0 not known */
        uint64_t dirty_rate;      /* virDomainStartDirtyRateCalc */
        unsigned n_devices;       /* passthrough devices that bring their state */
        unsigned n_precopy;       /* of them, those with pre-copy */
        uint64_t state;           /* of all devices: MIG_DATA_SIZE, or MODEL_STATE_UNTOLD */
        int64_t save_usec;        /* of one device, measured by a trial; -1 not known */
        int64_t load_usec;        /* the same */
        uint64_t bandwidth_limit; /* asked by the user, 0 none */
        uint64_t link;            /* speed of the network link */
        int64_t allowed_ms;       /* downtime that is allowed; 0 and less: QEMU's default */
} MoveFacts;

/* What a move that succeeded has taken. */
typedef struct MoveOutcome {
        int64_t total_ms;
        int64_t downtime_ms; /* -1 not known */
        int64_t setup_ms;    /* -1 not known */
        uint64_t bytes;      /* all that was sent */
        uint64_t dirty_rate; /* as the job has told it, 0 not known */
        unsigned iterations; /* 0 not known */
} MoveOutcome;

/* One move of ten is expected below `low`, one above `high`. INT64_MAX: never ends. */
typedef struct MoveBand {
        int64_t low, likely, high;
} MoveBand;

typedef struct MoveForecast {
        bool converges;    /* pre-copy comes to the point where QEMU pauses the guest */
        int64_t needed_ms; /* downtime that has to be allowed for that, at least */
        MoveBand total_ms;
        MoveBand downtime_ms; /* of a guest that does not converge: if `needed_ms` were allowed */
        MoveBand bytes;
        MoveBand iterations; /* libvirt's memory_iteration at the end */
        unsigned n_moves;    /* of this way that it was learnt from */
} MoveForecast;

typedef struct Model Model;

Model *model_new(void);
void model_free(Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Model, model_free)

void model_forecast(const Model *model, const MoveFacts *facts, MoveForecast *ret_forecast);

/* The downtime to allow, in ms: as little as lets the guest converge and as its devices take by
 * themselves, but `minimum` at least and `maximum` at most, which wins. Where the guest does not
 * converge with the answer, the forecast of it says so. */
int64_t model_choose_downtime(const Model *model, const MoveFacts *facts, int64_t minimum,
                              int64_t maximum);

/* False when nothing can be learnt from it: no way, no time or nothing sent. `facts->allowed_ms`
 * is what was allowed in the end. */
bool model_learn(Model *model, const MoveFacts *facts, const MoveOutcome *outcome);

/* What moves of this way have sent, in bytes/s; 0 where none was taught. */
uint64_t model_rate(const Model *model, const MoveFacts *facts);

unsigned model_n_ways(const Model *model);
