/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One decision about a seat on an offload device, with what a person wants to know of it.
 *
 * Pure. Belongs to whoever asked for it.
 */

#include <glib.h>
#include <stdbool.h>

typedef enum AdviceKind {
        ADVICE_PROMOTE,  /* a guest takes a free seat */
        ADVICE_EXCHANGE, /* a guest takes the seat of another one */
        ADVICE_DEMOTE,   /* a guest gives its seat back */
        _ADVICE_KIND_MAX,
        _ADVICE_KIND_INVALID = -22,
} AdviceKind;

const char *advice_kind_to_string(AdviceKind kind); /* "promote" */
AdviceKind advice_kind_from_string(const char *text);

typedef enum AdviceReason {
        ADVICE_GAINS,     /* the numbers say it all */
        ADVICE_RISES,     /* it will want more in the next hour than it has wanted */
        ADVICE_FALLS,     /* who has the seat will want less */
        ADVICE_OVERLOADS, /* the host would not carry what it is expected to want */
        ADVICE_IDLES,
        ADVICE_OPTED_OUT,
        _ADVICE_REASON_MAX,
        _ADVICE_REASON_INVALID = -22,
} AdviceReason;

const char *advice_reason_to_string(AdviceReason reason); /* "rises" */
AdviceReason advice_reason_from_string(const char *text);

/* Bytes a second. */
typedef struct AdviceGuest {
        char *id, *name; /* NULL: there is none */
        double seen;     /* in the last hour; NAN: not known */
        double mean;     /* expected in the next hour, and its band */
        double p50, p95;
        double day; /* expected on average over the day ahead */
} AdviceGuest;

typedef struct Advice {
        AdviceKind kind;
        AdviceReason reason;
        char *seat;          /* the id of the VF */
        AdviceGuest in, out; /* who takes it, who gives it back */
        const char *because; /* the class that wants it; NULL where none does */
        double gain;         /* bytes an hour, as policy.h weighs them; priority is counted in */
        double cost;         /* bytes that the exchange itself costs */
        double bar;          /* bytes that the gain had to bring beyond that */
        bool act;            /* may be carried out without a person's word */
} Advice;

void advice_free(Advice *advice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Advice, advice_free)

/* One line for a person. Free it. */
char *advice_to_sentence(const Advice *advice);
/* "12.5 MB/s", "3.0 GB": in steps of 1000, as links have them. Free it. */
char *advice_bytes(double bytes);
