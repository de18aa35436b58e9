/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/fake-way.h"

#include "xml/ferry-error.h"

FakeWay fake_guest_way, fake_slice_way;

static GPtrArray *drafts_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)advisor_draft_free);
}

static void reset(FakeWay *way) {
        g_clear_pointer(&way->drafts, g_ptr_array_unref);
        g_free(way->applied);
        *way = (FakeWay){ .drafts = drafts_new() };
}

void fake_ways_reset(void) {
        reset(&fake_guest_way);
        reset(&fake_slice_way);
}

AdvisorDraft *fake_way_say(FakeWay *way, const char *kind, const char *uuid, const char *name,
                           const char *target) {
        AdvisorDraft *draft = advisor_draft_new(kind, uuid, name, target);

        advisor_draft_say(draft, "rises", g_strdup_printf("%s is to %s", name, kind));
        advisor_draft_add_value(draft, "p95", 1);
        advisor_draft_add_command(draft, "virt-ferry", kind, name, target, NULL);
        draft->act = true;
        g_ptr_array_add(way->drafts, draft);
        return draft;
}

void fake_way_be_silent(FakeWay *way) {
        g_ptr_array_set_size(way->drafts, 0);
}

void fake_way_end(FakeWay *way, const GError *error) {
        AdvisorMoved reply = g_steal_pointer(&way->reply);

        g_assert_nonnull(reply);
        reply(way->userdata, error);
}

/* The ways ---------------------------------------------------------------------------------- */

static void *new_guest_way(Manager *manager) {
        return &fake_guest_way;
}

static void *new_slice_way(Manager *manager) {
        return &fake_slice_way;
}

static void free_way(void *self) {
}

static bool load(void *self, GError **error) {
        if (((FakeWay *)self)->fails_to_load)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_STORE, "it is damaged");
        return !((FakeWay *)self)->fails_to_load;
}

static bool is_done(void *self, const AdvisorDraft *draft) {
        return g_strcmp0(((FakeWay *)self)->done_kind, draft->kind) == 0;
}

static void done(void *self, const AdvisorDraft *draft) {
        ((FakeWay *)self)->n_done++;
}

static void begin(void *self) {
        ((FakeWay *)self)->n_begun++;
}

static bool turn(void *self, int64_t monotonic) {
        return !((FakeWay *)self)->waits;
}

static AdvisorDraft *copy(const AdvisorDraft *draft) {
        AdvisorDraft *same = advisor_draft_new(draft->kind, draft->uuid, draft->name,
                                               draft->target);

        advisor_draft_set_other(same, draft->other_uuid, draft->other);
        advisor_draft_say(same, draft->reason, g_strdup(draft->sentence));
        g_array_append_vals(same->values, draft->values->data, draft->values->len);
        for (guint i = 0; i < draft->commands->len; i++)
                g_ptr_array_add(same->commands, g_strdup(draft->commands->pdata[i]));
        same->act = draft->act;
        return same;
}

static GPtrArray *decide(void *self, int64_t monotonic) {
        FakeWay *way = self;
        GPtrArray *said = drafts_new();

        way->n_decided++;
        for (guint i = 0; i < way->drafts->len; i++)
                g_ptr_array_add(said, copy(way->drafts->pdata[i]));
        return said;
}

static void apply(void *self, const AdvisorDraft *draft, AdvisorMoved reply, void *userdata) {
        FakeWay *way = self;

        g_free(way->applied);
        way->applied = g_strdup_printf("%s %s %s", draft->kind, draft->name, draft->target);
        way->reply = reply;
        way->userdata = userdata;
}

static const AdvisorWay guest_way = {
        .name = "guest",
        .touches = ADVISOR_GUEST,
        .new = new_guest_way,
        .free = free_way,
        .decide = decide,
        .apply = apply,
};

static const AdvisorWay slice_way = {
        .name = "slice",
        .touches = ADVISOR_SLICE,
        .new = new_slice_way,
        .free = free_way,
        .load = load,
        .is_done = is_done,
        .done = done,
        .begin = begin,
        .turn = turn,
        .decide = decide,
        .apply = apply,
};

const AdvisorWay *const fake_ways[] = { &guest_way, &slice_way, NULL };
