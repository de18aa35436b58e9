/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/refusal-parts.h"

static void begin(Sentence *sentence, const Survey *survey, const char *joint) {
        g_autofree char *what = want_to_text(survey->want);

        sentence_add(sentence, SENTENCE_WORD " needs %s%s", survey->want->name, what, joint);
}

/* The pool lets out no more. */

static void add_pool_shared(Sentence *sentence, unsigned shared, bool others) {
        if (shared > 0)
                sentence_add(sentence, "%s%u %s offered to the cluster", others ? ", and " : "",
                             shared, shared == 1 ? "is" : "are");
}

void add_pool_full(Sentence *sentence, const Pool *pool, const Usage *usage) {
        g_autoptr(GPtrArray) holders = usage_pool_holders(usage, pool);
        unsigned shared = usage_pool_shared(usage, pool);

        sentence_add(sentence, "pool '" SENTENCE_WORD "' lets out %u device%s at a time and ",
                     pool->name, pool->max, pool->max == 1 ? "" : "s");
        if (holders->len == 0 && shared == 0)
                sentence_add(sentence, "this guest has no more to get");
        if (holders->len > 0) {
                sentence_add_names(sentence, holders);
                sentence_add(sentence, " %s %s", holders->len == 1 ? "has" : "have",
                             pool->max == 1 ? "it" : "them");
        }
        add_pool_shared(sentence, shared, holders->len > 0);
}

void write_pool_full(Sentence *sentence, const Survey *survey) {
        const Pool *pool = survey->pool[FIT_POOL_FULL];
        bool shared = usage_pool_shared(survey->usage, pool) > 0;

        begin(sentence, survey, ", but ");
        add_pool_full(sentence, pool, survey->usage);
        sentence_add(sentence, ": raise Max in [Pool " SENTENCE_WORD "] of virtferry.conf, or %s",
                     pool->name,
                     shared ? "try again in a minute" : "free one with 'virt-ferry leases'");
}

/* What would do is not to be had: one clause a reason. */

static void add_leased(Sentence *sentence, const Survey *survey, unsigned n) {
        if (!sentence->detailed) {
                sentence_add(sentence, "leased");
                return;
        }
        sentence_add(sentence, n == 1 ? "leased to " : "leased (");
        sentence_add_names(sentence, survey->holders);
        sentence_add(sentence, n == 1 ? "" : ")");
}

static void add_host_use(Sentence *sentence, const Survey *survey, unsigned n) {
        sentence_add(sentence, "used by the host");
        if (sentence->detailed)
                sentence_add(sentence, " (%s%s)", n == 1 ? "" : "for one, ",
                             survey->first[FIT_HOST_USE]->host_use);
}

static void add_group(Sentence *sentence, const Survey *survey, unsigned n) {
        g_autofree char *trouble = NULL;

        trouble = usage_group_trouble(survey->usage, survey->first[FIT_GROUP]);
        if (!sentence->detailed || !trouble)
                sentence_add(sentence, "in an IOMMU group that is in use");
        else if (n == 1)
                sentence_add(sentence, "in IOMMU %s", trouble);
        else
                sentence_add(sentence, "in IOMMU groups in use (for one, %s)", trouble);
}

static void add_promised(Sentence *sentence, const Survey *survey, unsigned n) {
        sentence_add(sentence, "for %s of this guest", n == 1 ? "another device" : "other devices");
}

static void add_held(Sentence *sentence, const Survey *survey, unsigned n) {
        sentence_add(sentence, "open in %s no lease",
                     n == 1 ? "a process that has" : "processes that have");
}

static void add_tried(Sentence *sentence, const Survey *survey, unsigned n) {
        sentence_add(sentence, "being tried by 'virt-ferry probe'");
}

static void add_shared(Sentence *sentence, const Survey *survey, unsigned n) {
        sentence_add(sentence, "offered to the cluster");
}

static void add_unasked(Sentence *sentence, const Survey *survey, unsigned n) {
        sentence_add(sentence, "not known to migrate");
}

static const struct {
        Fit fit;
        void (*add)(Sentence *sentence, const Survey *survey, unsigned n);
        const char *way_out;
} reasons[] = {
        { FIT_SHARED, add_shared, "try again in a minute, or choose another host" },
        { FIT_LEASED, add_leased, "free one with 'virt-ferry leases'" },
        { FIT_HOST_USE, add_host_use,
          "take the host off it, or set HostDevices=yes for its pool in virtferry.conf" },
        { FIT_GROUP, add_group, "free the whole group, or choose another host" },
        { FIT_TRIED, add_tried, "try again in a minute, or choose another host" },
        { FIT_HELD, add_held, "end what has it open, or choose another host" },
        { FIT_PROMISED, add_promised, "choose a host that has more of them" },
        { FIT_UNASKED, add_unasked, "choose another host" },
};

static unsigned count_busy(const Survey *survey) {
        unsigned count = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++)
                count += survey->count[reasons[i].fit];
        return count;
}

bool survey_is_busy(const Survey *survey) {
        return count_busy(survey) > 0;
}

static size_t first_reason(const Survey *survey) {
        size_t i = 0;

        while (survey->count[reasons[i].fit] == 0)
                i++;
        return i;
}

static void add_place(Sentence *sentence, const Survey *survey) {
        const Pool *pool = survey->pool[reasons[first_reason(survey)].fit];

        if (survey->several_pools)
                sentence_add(sentence, " on this host");
        else
                sentence_add(sentence, " in pool '" SENTENCE_WORD "'", pool->name);
}

/* "all 3 in pool 'default' are leased (g2, g3 and g4)" */
static void add_one_reason(Sentence *sentence, const Survey *survey, size_t reason) {
        unsigned n = survey->count[reasons[reason].fit];

        if (n > 2)
                sentence_add(sentence, "all %u", n);
        else
                sentence_add(sentence, n == 2 ? "both" : "the only one");
        add_place(sentence, survey);
        sentence_add(sentence, n == 1 ? " is " : " are ");
        reasons[reason].add(sentence, survey, n);
}

/* "of 4 in pool 'default' 3 are leased (g2 and g3) and 1 is used by the host (...)" */
static void add_reasons(Sentence *sentence, const Survey *survey, unsigned all) {
        unsigned left = all;

        sentence_add(sentence, "of %u", all);
        add_place(sentence, survey);

        for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
                unsigned n = survey->count[reasons[i].fit];

                if (n == 0)
                        continue;
                if (left < all)
                        sentence_add(sentence, left == n ? " and" : ",");
                sentence_add(sentence, " %u %s ", n, n == 1 ? "is" : "are");
                reasons[i].add(sentence, survey, n);
                left -= n;
        }
}

static void add_exhausted(Sentence *sentence, const Survey *survey) {
        if (survey->count[FIT_EXHAUSTED] == 1)
                sentence_add(sentence, SENTENCE_WORD " has no instance left",
                             survey->first[FIT_EXHAUSTED]->id);
        else
                sentence_add(sentence, "no parent has an instance left");
}

/* Nobody has them: it is only that they cannot be asked. */
static void write_unasked(Sentence *sentence, const Survey *survey) {
        const Device *device = survey->first[FIT_UNASKED];
        int error = usage_ask_error(survey->usage);

        sentence_add(sentence, SENTENCE_WORD " must be able to migrate, and %s ",
                     survey->want->name, device->id);
        if (error < 0)
                sentence_add(sentence, "cannot be asked whether it can (%s): choose another host",
                             g_strerror(-error));
        else
                sentence_add(sentence,
                             "tells only when its driver is bound: bind it to " SENTENCE_WORD
                             " once, or choose another host",
                             device->fingerprint->driver);
}

void write_busy(Sentence *sentence, const Survey *survey) {
        size_t reason = first_reason(survey);
        unsigned all = count_busy(survey);

        if (survey->count[FIT_UNASKED] == all) {
                write_unasked(sentence, survey);
                return;
        }

        begin(sentence, survey, ": ");
        if (survey->count[reasons[reason].fit] == all)
                add_one_reason(sentence, survey, reason);
        else
                add_reasons(sentence, survey, all);

        if (survey->count[FIT_EXHAUSTED] > 0) {
                sentence_add(sentence, ", and ");
                add_exhausted(sentence, survey);
        }
        sentence_add(sentence, ": %s", reasons[reason].way_out);
}

void write_exhausted(Sentence *sentence, const Survey *survey) {
        begin(sentence, survey, "");
        add_other_types(sentence, survey);
        sentence_add(sentence, ", and ");
        add_exhausted(sentence, survey);
        sentence_add(sentence, ": remove one that no guest uses, or choose another host");
}
