/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor.h"

#include "daemon/core/store-policy.h"
#include "daemon/drain.h"
#include "daemon/way-set.h"
#include "xml/ferry-error.h"

typedef struct Applied {
        Advisor *advisor;
        AdvisorEntry *entry;
        AdvisorMoved reply;
        void *userdata;
} Applied;

struct Advisor {
        Manager *manager;
        Actor *actor;
        WaySet *ways;
        AdviceBook *book;
        Applied *applied; /* what is carried out now; NULL nothing */
        int64_t begun;    /* CLOCK_MONOTONIC us, the last round; 0 never */
        int64_t now;      /* the same, of the last turn; 0 never */
        bool due;         /* somebody does not want to wait for the next round */
        bool in_round;
        bool frozen;
};

static bool advises(const Advisor *advisor) {
        return advisor->manager->config->policy_mode != POLICY_OBSERVE;
}

/* The book ------------------------------------------------------------------------------ */

static bool is_about(const AdvisorEntry *entry, const void *uuid) {
        return advisor_draft_is_about(entry->draft, uuid);
}

/* An AdviceMatch. By whoever. */
static bool is_done(const AdvisorEntry *entry, const void *unused) {
        const AdvisorWay *way = entry->way;

        if (!way->is_done || !way->is_done(entry->self, entry->draft))
                return false;
        if (way->done)
                way->done(entry->self, entry->draft);
        return true;
}

const GPtrArray *advisor_list(const Advisor *advisor) {
        return advice_book_list(advisor->book);
}

const AdvisorEntry *advisor_find(const Advisor *advisor, const char *id) {
        return advice_book_find(advisor->book, id);
}

const AdvisorDraft *advisor_applied(const Advisor *advisor) {
        return advisor->applied ? advisor->applied->entry->draft : NULL;
}

/* Decisions ----------------------------------------------------------------------------- */

/* Guests are on their way off a host that is drained. */
static bool is_drained(const Advisor *advisor) {
        g_autofree char *refusal = drain_refusal(advisor->manager->drain);

        return refusal;
}

/* A WaySetFilter. */
static bool may_give(const void *userdata, const AdvisorDraft *draft) {
        const Advisor *advisor = userdata;
        const AdvisorDraft *applied = advisor_applied(advisor);

        return !advisor->frozen && !is_drained(advisor) &&
               !(applied && advisor_draft_shares_guest(applied, draft));
}

static void decide(Advisor *advisor, int64_t monotonic) {
        advice_book_remove(advisor->book, is_done, NULL);
        way_set_decide(advisor->ways, monotonic, advisor->book, may_give, advisor);
}

/* Rounds -------------------------------------------------------------------------------- */

static void begin_round(Advisor *advisor, int64_t monotonic) {
        way_set_begin(advisor->ways);
        advisor->begun = monotonic;
        advisor->in_round = true;
        advisor->due = false;
}

void advisor_turn(Advisor *advisor, int64_t monotonic) {
        bool ready;

        if (!advises(advisor) || !advisor->manager->libvirt_known)
                return;

        advisor->now = monotonic;
        if (advisor->begun == 0)
                advisor->begun = monotonic;
        if (!advisor->in_round &&
            (advisor->due || monotonic - advisor->begun >= ADVISOR_ROUND_USEC))
                begin_round(advisor, monotonic);
        ready = way_set_turn(advisor->ways, monotonic);
        if (!advisor->in_round || !ready)
                return;

        decide(advisor, monotonic);
        advisor->in_round = false;
        actor_turn(advisor->actor, monotonic);
}

static bool check_decide(const Advisor *advisor, GError **error) {
        if (!advises(advisor)) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                                    "Nothing is advised here: [Policy] Mode= in virtferry.conf(5) "
                                    "is observe");
                return false;
        }
        if (advisor->frozen) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                                    "Nothing is decided while the policy is frozen: 'virt-ferry "
                                    "policy thaw' ends that");
                return false;
        }
        if (!advisor->manager->libvirt_known) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                                    "libvirt does not answer, so nobody knows which guests run");
                return false;
        }
        return true;
}

bool advisor_decide_now(Advisor *advisor, GError **error) {
        if (!check_decide(advisor, error))
                return false;

        advisor->due = true;
        if (advisor->now > 0)
                advisor_turn(advisor, advisor->now);
        return true;
}

void advisor_on_guest_event(Advisor *advisor, const GuestEvent *event) {
        if (!advises(advisor))
                return;

        way_set_on_guest_event(advisor->ways, event);
        if (event->kind == GUEST_LOST_LIBVIRT)
                advice_book_clear(advisor->book);
        if (!event->uuid)
                return;
        if (event->kind == GUEST_LEFT || event->kind == GUEST_STOPPED)
                advice_book_remove(advisor->book, is_about, event->uuid);
        advice_book_remove(advisor->book, is_done, NULL);
}

/* Carrying out -------------------------------------------------------------------------- */

/* An AdvisorMoved. */
static void on_applied(void *userdata, const GError *error) {
        g_autofree Applied *applied = userdata;
        const AdvisorEntry *entry = applied->entry;

        applied->advisor->applied = NULL;
        if (!error && entry->way->done)
                entry->way->done(entry->self, entry->draft);
        applied->reply(applied->userdata, error);
        advisor_entry_free(applied->entry);
}

static bool check_apply(const Advisor *advisor, const char *id, GError **error) {
        if (advisor->frozen) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "Advice '%.32s' is not carried out while the policy is frozen: "
                            "'virt-ferry policy thaw' ends that",
                            id);
                return false;
        }
        if (advisor->applied) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                            "Advice %s is carried out just now: try it again when that has ended",
                            advisor->applied->entry->id);
                return false;
        }
        if (advisor_find(advisor, id))
                return true;
        g_set_error(
                error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                "Advice '%.32s' is not given, or not any more: 'virt-ferry advice' shows what is",
                id);
        return false;
}

void advisor_apply(Advisor *advisor, const char *id, AdvisorMoved reply, void *userdata) {
        g_autoptr(GError) error = NULL;
        AdvisorEntry *entry;
        Applied *applied;

        if (!check_apply(advisor, id, &error)) {
                reply(userdata, error);
                return;
        }

        entry = advice_book_take(advisor->book, id);
        applied = g_new0(Applied, 1);
        *applied = (Applied){ advisor, entry, reply, userdata };
        advisor->applied = applied;
        entry->way->apply(entry->self, entry->draft, on_applied, applied);
}

/* Settings ------------------------------------------------------------------------------ */

static void set_frozen(Advisor *advisor, bool frozen) {
        advisor->frozen = frozen;
        if (frozen)
                advice_book_clear(advisor->book);
}

bool advisor_load(Advisor *advisor, GError **error) {
        bool frozen;

        if (!store_load_frozen(advisor->manager->store, &frozen, error) ||
            !way_set_load(advisor->ways, error))
                return false;

        set_frozen(advisor, frozen);
        return true;
}

bool advisor_freeze(Advisor *advisor, bool frozen, GError **error) {
        if (!store_put_frozen(advisor->manager->store, frozen, error))
                return false;

        set_frozen(advisor, frozen);
        return true;
}

AdvisorState advisor_state(const Advisor *advisor) {
        AdvisorState state = {
                .mode = advisor->manager->config->policy_mode,
                .frozen = advisor->frozen,
                .applies = advisor->applied,
        };

        way_set_add_state(advisor->ways, &state);
        return state;
}

void advisor_set_check(Advisor *advisor, ActorCheck check, void *userdata) {
        actor_set_check(advisor->actor, check, userdata);
}

void advisor_set_listener(Advisor *advisor, AdviceListener listener, void *userdata) {
        advice_book_set_listener(advisor->book, listener, userdata);
}

Advisor *advisor_new(Manager *manager, const AdvisorWay *const *ways) {
        Advisor *advisor = g_new0(Advisor, 1);

        advisor->manager = manager;
        advisor->actor = actor_new(manager);
        advisor->ways = way_set_new(manager, ways);
        advisor->book = advice_book_new();
        return advisor;
}

void advisor_free(Advisor *advisor) {
        if (!advisor)
                return;

        actor_free(advisor->actor);
        advice_book_free(advisor->book);
        way_set_free(advisor->ways);
        g_free(advisor);
}
