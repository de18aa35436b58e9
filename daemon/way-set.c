/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/way-set.h"

typedef struct Member {
        const AdvisorWay *way;
        void *self;
} Member;

struct WaySet {
        Manager *manager;
        Member *members;
        unsigned n_members;
};

WaySet *way_set_new(Manager *manager, const AdvisorWay *const *ways) {
        WaySet *set = g_new0(WaySet, 1);

        set->manager = manager;
        while (ways[set->n_members])
                set->n_members++;
        set->members = g_new0(Member, set->n_members);
        for (unsigned i = 0; i < set->n_members; i++)
                set->members[i] = (Member){ ways[i], ways[i]->new (manager) };
        return set;
}

void way_set_free(WaySet *set) {
        if (!set)
                return;

        for (unsigned i = 0; i < set->n_members; i++)
                set->members[i].way->free(set->members[i].self);
        g_free(set->members);
        g_free(set);
}

bool way_set_load(WaySet *set, GError **error) {
        for (unsigned i = 0; i < set->n_members; i++) {
                const Member *member = &set->members[i];

                if (member->way->load && !member->way->load(member->self, error))
                        return false;
        }
        return true;
}

void way_set_add_state(const WaySet *set, AdvisorState *state) {
        for (unsigned i = 0; i < set->n_members; i++)
                if (set->members[i].way->state)
                        set->members[i].way->state(set->members[i].self, state);
}

void way_set_on_guest_event(WaySet *set, const GuestEvent *event) {
        for (unsigned i = 0; i < set->n_members; i++)
                if (set->members[i].way->on_guest_event)
                        set->members[i].way->on_guest_event(set->members[i].self, event);
}

/* Rounds -------------------------------------------------------------------------------- */

void way_set_begin(WaySet *set) {
        for (unsigned i = 0; i < set->n_members; i++)
                if (set->members[i].way->begin)
                        set->members[i].way->begin(set->members[i].self);
}

bool way_set_turn(WaySet *set, int64_t monotonic) {
        bool ready = true;

        for (unsigned i = 0; i < set->n_members; i++) {
                const Member *member = &set->members[i];

                if (member->way->turn && !member->way->turn(member->self, monotonic))
                        ready = false;
        }
        return ready;
}

void way_set_decide(WaySet *set, int64_t monotonic, AdviceBook *book, WaySetFilter may_give,
                    const void *userdata) {
        int64_t now = set->manager->now();

        advice_book_begin(book);
        for (unsigned i = 0; i < set->n_members; i++) {
                const Member *member = &set->members[i];
                g_autoptr(GPtrArray) drafts = member->way->decide(member->self, monotonic);

                for (guint d = 0; d < drafts->len; d++)
                        if (may_give(userdata, drafts->pdata[d]))
                                advice_book_enter(book, member->way, member->self,
                                                  g_steal_pointer(&drafts->pdata[d]), now);
        }
        advice_book_end(book);
}
