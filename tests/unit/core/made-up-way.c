/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/made-up-way.h"

#include <math.h>

#define STEP_S 0.05

typedef struct Sender {
        double fresh;        /* pages that were never sent, empty ones included */
        double dirty;        /* pages to be sent again */
        double dirty_unseen; /* dirtied since QEMU has asked the last time */
        double working_set;
        double sent;
        unsigned rounds;
} Sender;

static double pending(const Sender *sender) {
        return sender->fresh + sender->dirty;
}

static void ask(Sender *sender) {
        sender->dirty = fmin(sender->working_set, sender->dirty + sender->dirty_unseen);
        sender->dirty_unseen = 0;
        sender->rounds++;
}

static void step(Sender *sender, double bytes, double share, double dirtied) {
        double fresh = fmin(sender->fresh, bytes / share), dirty;

        sender->fresh -= fresh;
        dirty = fmin(sender->dirty, bytes - fresh * share);
        sender->dirty -= dirty;
        sender->sent += fresh * share + dirty;
        sender->dirty_unseen = fmin(sender->working_set, sender->dirty_unseen + dirtied);
}

/* Pages until the pause; the time that it takes in s, negative when it does not come. */
static double send_pages(const MadeUpWay *way, const MoveFacts *facts, double most_s,
                         Sender *sender) {
        double limit = (double)facts->bandwidth_limit;
        double rate = limit > 0 ? fmin(way->rate, limit) : way->rate;
        double threshold = rate * (double)facts->allowed_ms / 1000;

        for (double s = 0; s < most_s; s += STEP_S) {
                if (pending(sender) < threshold)
                        ask(sender);
                if (pending(sender) + (double)facts->state < threshold)
                        return s;
                step(sender, rate * STEP_S, way->share, (double)facts->dirty_rate * STEP_S);
        }
        return -1;
}

static double noisy(const MadeUpWay *way, double ms) {
        return ms * g_test_rand_double_range(1 - way->noise, 1 + way->noise);
}

bool made_up_way_move(const MadeUpWay *way, const MoveFacts *facts, double most_ms,
                      MoveOutcome *ret_outcome) {
        double ram = (double)facts->ram, nonempty = ram * way->share, s, pause_ms, bytes;
        Sender sender = {
                .fresh = ram,
                .working_set = facts->working_set > 0 ? fmin(nonempty, (double)facts->working_set)
                                                      : nonempty,
        };

        s = send_pages(way, facts, most_ms / 1000, &sender);
        if (s < 0)
                return false;

        bytes = sender.fresh * way->share + sender.dirty + (double)facts->state;
        pause_ms = noisy(way, 1000 * bytes / way->rate + way->fixed_ms +
                                      facts->n_devices * way->device_ms +
                                      (double)facts->state * way->ms_per_byte);
        *ret_outcome = (MoveOutcome){
                .total_ms = llround(noisy(way, way->setup_ms + 1000 * s) + pause_ms),
                .downtime_ms = llround(pause_ms),
                .setup_ms = llround(noisy(way, way->setup_ms)),
                .bytes = (uint64_t)(sender.sent + bytes),
                .dirty_rate = facts->dirty_rate,
                .iterations = sender.rounds + 2,
        };
        return true;
}
