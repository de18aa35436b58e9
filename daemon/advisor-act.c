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
        bool other_checked; /* the guest that has the target, where there is one */
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
        const AdvisorDraft *draft = entry->draft;

        return !draft->act || has_failed(actor, draft->uuid) ||
               has_failed(actor, draft->other_uuid);
}

static const AdvisorEntry *find_next(const Actor *actor) {
        const GPtrArray *entries = advisor_list(actor->manager->advisor);

        for (guint i = 0; i < entries->len; i++)
                if (!is_left_alone(actor, entries->pdata[i]))
                        return entries->pdata[i];
        return NULL;
}

/* One after the other ------------------------------------------------------------------- */

static void note_failed(Actor *actor, const char *uuid) {
        if (uuid)
                g_hash_table_replace(actor->failed, g_strdup(uuid),
                                     g_memdup2(&actor->monotonic, sizeof(actor->monotonic)));
}

/* Who is left alone, and why. */
typedef struct Tried {
        Actor *actor;
        char *kind, *uuid, *name, *target, *other_uuid;
} Tried;

static Tried *tried_new(Actor *actor, const AdvisorDraft *draft) {
        Tried *tried = g_new0(Tried, 1);

        tried->actor = actor;
        tried->kind = g_strdup(draft->kind);
        tried->uuid = g_strdup(draft->uuid);
        tried->name = g_strdup(draft->name);
        tried->target = g_strdup(draft->target);
        tried->other_uuid = g_strdup(draft->other_uuid);
        return tried;
}

static void tried_free(Tried *tried) {
        g_free(tried->kind);
        g_free(tried->uuid);
        g_free(tried->name);
        g_free(tried->target);
        g_free(tried->other_uuid);
        g_free(tried);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tried, tried_free)

static void fail(const Tried *tried, const char *why) {
        g_warning("Advice '%s' about guest %s (%s) is not carried out by itself, and the guest is "
                  "left alone for a while: %s",
                  tried->kind, tried->name, tried->target, why);
        note_failed(tried->actor, tried->uuid);
        note_failed(tried->actor, tried->other_uuid);
}

static void begin_next(Actor *actor);

/* An AdvisorMoved. */
static void on_applied(void *userdata, const GError *error) {
        g_autoptr(Tried) tried = userdata;

        g_clear_pointer(&tried->actor->id, g_free);
        if (error)
                fail(tried, error->message);
        else
                begin_next(tried->actor);
}

static void ask(Actor *actor, const AdvisorDraft *draft);

static char *find_refusal(const Actor *actor, const AdvisorDraft *draft, const GuestEvent *found) {
        return found->xml ? actor->check(actor->userdata, draft, found)
                          : g_strdup(found->detail ?: "libvirt does not answer");
}

static void go_on(Actor *actor, const AdvisorDraft *draft) {
        if (draft->other_uuid && !actor->other_checked) {
                actor->other_checked = true;
                ask(actor, draft);
                return;
        }
        advisor_apply(actor->manager->advisor, actor->id, on_applied, tried_new(actor, draft));
}

/* A GuestFinder. The world may have changed since it was asked: advice may be withdrawn. */
static void on_found(void *userdata, const GuestEvent *found) {
        Actor *actor = userdata;
        const AdvisorEntry *entry = advisor_find(actor->manager->advisor, actor->id);
        g_autofree char *refusal = NULL;

        if (!entry || !may_act(actor)) {
                g_clear_pointer(&actor->id, g_free);
                return;
        }

        refusal = find_refusal(actor, entry->draft, found);
        if (refusal) {
                g_autoptr(Tried) tried = tried_new(actor, entry->draft);

                fail(tried, refusal);
                g_clear_pointer(&actor->id, g_free);
                return;
        }
        go_on(actor, entry->draft);
}

/* Who has the target gives it back before. */
static void ask(Actor *actor, const AdvisorDraft *draft) {
        const VirtOps *virt = actor->manager->virt;
        bool other = draft->other_uuid && !actor->other_checked;

        virt->find(virt->userdata, other ? draft->other_uuid : draft->uuid, on_found, actor);
}

static void begin_next(Actor *actor) {
        const AdvisorEntry *entry = may_act(actor) ? find_next(actor) : NULL;

        if (!entry || !actor->manager->virt)
                return;

        actor->id = g_strdup(entry->id);
        actor->other_checked = false;
        ask(actor, entry->draft);
}

void actor_turn(Actor *actor, int64_t monotonic) {
        actor->monotonic = monotonic;
        if (!actor->id)
                begin_next(actor);
}
