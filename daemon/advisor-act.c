/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-act.h"

#include "daemon/advisor.h"
#include "daemon/drain.h"
#include "daemon/swap.h"

struct Actor {
        Manager *manager;
        ActorCheck check;
        void *userdata;
        int64_t monotonic;
        GHashTable *failed; /* UUIDs, to int64_t: when, of `monotonic` */
        char *id;           /* of the advice that is looked at or carried out; NULL: none is */
        guint n_checked;    /* of its moves */
};

Actor *actor_new(Manager *manager) {
        Actor *actor = g_new0(Actor, 1);

        actor->manager = manager;
        actor->failed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        return actor;
}

void actor_free(Actor *actor) {
        if (!actor)
                return;

        g_hash_table_unref(actor->failed);
        g_free(actor->id);
        g_free(actor);
}

void actor_set_check(Actor *actor, ActorCheck check, void *userdata) {
        actor->check = check;
        actor->userdata = userdata;
}

/* What may be done ---------------------------------------------------------------------- */

static bool may_act(const Actor *actor) {
        const AdvisorState state = advisor_state(actor->manager->advisor);

        return actor->check && state.mode == POLICY_ACT && !state.frozen && !state.applies &&
               !drain_get(actor->manager->drain) && !swaps_is_busy(actor->manager->swaps);
}

static bool has_failed(const Actor *actor, const char *uuid) {
        const int64_t *when = uuid ? g_hash_table_lookup(actor->failed, uuid) : NULL;
        int64_t settle = actor->manager->config->policy_settle_sec * G_USEC_PER_SEC;

        return when && actor->monotonic - *when < MAX(settle, ADVISOR_ROUND_USEC);
}

static bool is_left_alone(const Actor *actor, const AdvisorEntry *entry) {
        return !entry->advice->act || has_failed(actor, entry->advice->in.id) ||
               has_failed(actor, entry->advice->out.id);
}

static const AdvisorEntry *find_next(const Actor *actor) {
        const GPtrArray *entries = advisor_list(actor->manager->advisor);

        for (guint i = 0; i < entries->len; i++)
                if (!is_left_alone(actor, entries->pdata[i]))
                        return entries->pdata[i];
        return NULL;
}

/* NULL: it was withdrawn meanwhile. */
static const AdvisorEntry *find_current(const Actor *actor) {
        const GPtrArray *entries = advisor_list(actor->manager->advisor);

        for (guint i = 0; i < entries->len; i++) {
                const AdvisorEntry *entry = entries->pdata[i];

                if (g_str_equal(entry->id, actor->id))
                        return entry;
        }
        return NULL;
}

/* One after the other ------------------------------------------------------------------- */

static void note_failed(Actor *actor, const char *uuid) {
        if (uuid)
                g_hash_table_replace(actor->failed, g_strdup(uuid),
                                     g_memdup2(&actor->monotonic, sizeof(actor->monotonic)));
}

static void fail(Actor *actor, const Advice *advice, const char *why) {
        g_warning("Guest %s does not %s %s by itself, and is left alone for a while: %s",
                  advice->in.name ?: advice->out.name, advice->in.id ? "get" : "give back",
                  advice->seat, why);
        note_failed(actor, advice->in.id);
        note_failed(actor, advice->out.id);
}

static void begin_next(Actor *actor);

typedef struct Act {
        Actor *actor;
        Advice tried; /* of it, the guests and the seat */
} Act;

static Act *act_new(Actor *actor, const Advice *advice) {
        Act *act = g_new0(Act, 1);

        act->actor = actor;
        act->tried.seat = g_strdup(advice->seat);
        act->tried.in.id = g_strdup(advice->in.id);
        act->tried.in.name = g_strdup(advice->in.name);
        act->tried.out.id = g_strdup(advice->out.id);
        act->tried.out.name = g_strdup(advice->out.name);
        return act;
}

static void act_free(Act *act) {
        g_free(act->tried.seat);
        g_free(act->tried.in.id);
        g_free(act->tried.in.name);
        g_free(act->tried.out.id);
        g_free(act->tried.out.name);
        g_free(act);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Act, act_free)

/* An AdvisorMoved. */
static void on_applied(void *userdata, const GError *error) {
        g_autoptr(Act) act = userdata;
        Actor *actor = act->actor;

        g_clear_pointer(&actor->id, g_free);
        if (error)
                fail(actor, &act->tried, error->message);
        else
                begin_next(actor);
}

static void ask(Actor *actor, const AdvisorEntry *entry);

/* A GuestFinder. The world may have changed since it was asked. */
static void on_found(void *userdata, const GuestEvent *found) {
        Actor *actor = userdata;
        const AdvisorEntry *entry = find_current(actor);
        g_autofree char *refusal = NULL, *id = NULL;

        if (!entry || !may_act(actor)) {
                g_clear_pointer(&actor->id, g_free);
                return;
        }

        refusal = found->xml ? actor->check(actor->userdata, found)
                             : g_strdup(found->detail ?: "libvirt does not answer");
        if (refusal) {
                fail(actor, entry->advice, refusal);
                g_clear_pointer(&actor->id, g_free);
                return;
        }

        actor->n_checked++;
        if (actor->n_checked < entry->moves->len) {
                ask(actor, entry);
                return;
        }
        id = g_strdup(entry->id);
        advisor_apply(actor->manager->advisor, id, on_applied, act_new(actor, entry->advice));
}

static void ask(Actor *actor, const AdvisorEntry *entry) {
        const AdvisorMove *move = entry->moves->pdata[actor->n_checked];
        const VirtOps *virt = actor->manager->virt;

        virt->find(virt->userdata, move->uuid, on_found, actor);
}

static void begin_next(Actor *actor) {
        const AdvisorEntry *entry = may_act(actor) ? find_next(actor) : NULL;

        if (!entry || !actor->manager->virt)
                return;

        actor->id = g_strdup(entry->id);
        actor->n_checked = 0;
        ask(actor, entry);
}

void actor_turn(Actor *actor, int64_t monotonic) {
        actor->monotonic = monotonic;
        if (!actor->id)
                begin_next(actor);
}
