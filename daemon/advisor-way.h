/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A way to come to advice, and to carry it out: one file advisor-NAME.c with an
 * AdvisorWay, and its line in advisor_ways[] (advisor-way.c). The advisor
 * (advisor.h) asks all of them for what they would advise, keeps what was
 * advised before under its id, and withdraws what is not advised again. A way
 * knows nothing of ids, modes, operators, or of the other ways.
 *
 * Of two drafts of different ways that touch the same of a guest, only that of
 * the way is given whose line comes first; none is that touches a guest of what
 * is carried out now.
 *
 * One thread. A way may look at the manager, also at manager->advisor, but in
 * new() and free().
 */

#include "daemon/manager.h"

/* What of a guest is other than before when an advice is carried out. */
typedef enum AdvisorTouch {
        ADVISOR_INTERFACES = 1 << 0,
        ADVISOR_SLICE = 1 << 1,
        ADVISOR_GUEST = ~0, /* all of it: it is not here any more */
} AdvisorTouch;

typedef struct AdvisorValue {
        const char *name; /* static: "p95" */
        double value;
} AdvisorValue;

/* What is advised now. Made by advisor_draft_new(), with all that is to be shown; texts are never
 * NULL but where it says so. */
typedef struct AdvisorDraft {
        const char *kind;         /* static: "promote", "exchange", "demote", "grow", "shrink",
                                   * "leave" */
        const char *reason;       /* static, one word: "rises" */
        char *uuid, *name;        /* of the guest */
        char *target;             /* the id of a VF, "cores", "memory", "bandwidth", "function:gpu",
                                   * the URI of a host; "": none is known */
        char *other_uuid, *other; /* a guest that has the target now, which is touched as well, and
                                   * first; NULL and "": there is none */
        char *sentence;           /* for a person */
        GArray *values;           /* AdvisorValue */
        GPtrArray *commands; /* char *, which carry it out in this order, as a shell takes them */
        bool act; /* is carried out without a person's word; never where [Policy] has another mode
                   */
        void *payload;               /* the way's own */
        GDestroyNotify payload_free; /* NULL: nothing is to be freed */
} AdvisorDraft;

AdvisorDraft *advisor_draft_new(const char *kind, const char *uuid, const char *name,
                                const char *target);
void advisor_draft_free(AdvisorDraft *draft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdvisorDraft, advisor_draft_free)

void advisor_draft_set_other(AdvisorDraft *draft, const char *uuid, const char *name);
/* Takes the sentence. `reason` is static. */
void advisor_draft_say(AdvisorDraft *draft, const char *reason, char *sentence);
/* What is NAN is not known, and left out. */
void advisor_draft_add_value(AdvisorDraft *draft, const char *name, double value);
/* Its words, NULL after the last one; each is quoted where a shell wants that. */
void advisor_draft_add_command(AdvisorDraft *draft, const char *word, ...) G_GNUC_NULL_TERMINATED;

/* The same is advised: kind, guest, target and other guest. */
bool advisor_draft_is_same(const AdvisorDraft *a, const AdvisorDraft *b);
/* A person would see no difference. */
bool advisor_draft_is_equal(const AdvisorDraft *a, const AdvisorDraft *b);
bool advisor_draft_is_about(const AdvisorDraft *draft, const char *uuid);
bool advisor_draft_shares_guest(const AdvisorDraft *a, const AdvisorDraft *b);

/* NULL: it is carried out. */
typedef void (*AdvisorMoved)(void *userdata, const GError *error);

typedef struct AdvisorState AdvisorState;

/* NULL where nothing is said of it: it must be there. Without libvirt, and where nothing is
 * advised by the configuration, only new(), free(), load(), state() and what ends an apply() are
 * called. */
typedef struct AdvisorWay {
        const char *name; /* "seats" */
        AdvisorTouch touches;

        void *(*new)(Manager *manager);
        void (*free)(void *self);
        /* What the store has, once, before all else. NULL: nothing. */
        bool (*load)(void *self, GError **error);
        /* Adds what it counts. NULL: nothing. */
        void (*state)(const void *self, AdvisorState *state);

        /* NULL: it is not told. */
        void (*on_guest_event)(void *self, const GuestEvent *event);
        /* By whoever; asked after each event about a guest, and before each decision. NULL: it is
         * not asked. */
        bool (*is_done)(void *self, const AdvisorDraft *draft);
        /* It is done, by an apply() or by somebody else, and is not given any more. NULL: whatever
         * it counts, it does so elsewhere. */
        void (*done)(void *self, const AdvisorDraft *draft);

        /* A round of decisions begins (advisor.h). NULL: nothing is to be prepared. */
        void (*begin)(void *self);
        /* At the end of each round of the meter, CLOCK_MONOTONIC in us, in and between rounds: a
         * part of what is to be done, 60 ms at most. Whether it could decide. NULL: always. */
        bool (*turn)(void *self, int64_t monotonic);
        /* Once in a round, when all could. AdvisorDraft, owned, in the order in which they should
         * be carried out; no two of them touch the same of a guest. Also while the policy is frozen
         * or the host is drained: so that time passes, and what it returns is not given. */
        GPtrArray *(*decide)(void *self, int64_t monotonic);

        /* One at a time. Replies later or at once, once; the draft is there until then. done()
         * comes by itself. Where the policy is frozen before the last step, it ends there. */
        void (*apply)(void *self, const AdvisorDraft *draft, AdvisorMoved reply, void *userdata);
} AdvisorWay;

extern const AdvisorWay *const advisor_ways[]; /* NULL after the last one */
