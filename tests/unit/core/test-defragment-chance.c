/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* defragment() on hosts that chance has made: whatever it proposes keeps all
 * promises, and a move that brute force finds it finds, too.
 * VIRTFERRY_DEFRAGMENT_CASES chooses how many.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/core/defragment-fixture.h"

#define MIB     (UINT64_C(1) << 20)
#define THREADS 2 /* of each core of made-up-host.c */
#define CASES   250u

/* Slices by chance ------------------------------------------------------------------- */

static Slice *random_wish(GRand *rand, bool functions) {
        Slice *wish = slice_new();

        wish->priority = g_rand_int_range(rand, 0, _SLICE_PRIORITY_MAX);
        wish->together = g_rand_int_range(rand, 0, functions ? 3 : 2);
        wish->cores.count = (unsigned)g_rand_int_range(rand, 0, 4);
        wish->cores.exclusive = g_rand_boolean(rand);
        wish->cores.share = wish->cores.exclusive ? SLICE_SHARE_FULL
                                                  : 250u * (unsigned)g_rand_int_range(rand, 1, 5);
        wish->memory.size = 8 * MIB * (uint64_t)g_rand_int_range(rand, 0, 6);
        for (int i = functions ? MAX(g_rand_int_range(rand, -3, 3), 0) : 0; i > 0; i--) {
                g_autofree char *name = g_strdup_printf("nic%d", i);
                SliceFunction *function = slice_function_new(name);

                function->min_mbit = 1000u * (unsigned)g_rand_int_range(rand, 0, 5);
                g_ptr_array_add(wish->functions, function);
        }
        if (functions && g_rand_int_range(rand, 0, 4) == 0) {
                SliceOffload *offload = slice_offload_new("dpu");

                offload->cores = (unsigned)g_rand_int_range(rand, 1, 4);
                g_ptr_array_add(wish->offloads, offload);
        }
        return wish;
}

/* Slices come and go until what is free is in pieces. */
static void fill(DefragmentFixture *f, GRand *rand, unsigned n, bool functions) {
        for (unsigned i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("g%d", g_rand_int_range(rand, 0, 8));
                g_autoptr(Slice) wish = random_wish(rand, functions);

                if (g_rand_int_range(rand, 0, 3) == 0 && slice_book_find(f->book, name))
                        defragment_take_away(f, name);
                else
                        (void)defragment_ask(f, name, wish);
        }
}

/* So much of one kind of thing for one part: "nic of pf 1000". */
static char *dump_amount(const SliceEntry *entry, const SliceGrant *grant) {
        size_t kind = strcspn(grant->resource, ":");
        uint64_t sum = 0;

        for (guint i = 0; i < entry->grants->len; i++) {
                const SliceGrant *other = entry->grants->pdata[i];

                if (g_str_equal(other->part, grant->part) &&
                    strncmp(other->resource, grant->resource, kind + 1) == 0)
                        sum += other->amount;
        }
        return g_strdup_printf("%s %s of %.*s %" PRIu64 "\n", entry->domain_name, grant->part,
                               (int)kind, grant->resource, sum);
}

/* Wherever it is. */
static char *dump_amounts(const DefragmentFixture *f) {
        g_autoptr(GPtrArray) entries = slice_book_list(f->book);
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < entries->len; i++) {
                const SliceEntry *entry = entries->pdata[i];

                for (guint n = 0; n < entry->grants->len; n++) {
                        g_autofree char *line = dump_amount(entry, entry->grants->pdata[n]);

                        if (!strstr(text->str, line))
                                g_string_append(text, line);
                }
        }
        return g_string_free(text, FALSE);
}

static bool fits(const DefragmentFixture *f, const Slice *wish) {
        g_autoptr(Slice) modest = slice_copy(wish);
        g_autoptr(SlicePlacement) placement = NULL;

        modest->priority = SLICE_BEST_EFFORT;
        placement = slice_place(slice_book_capacity(f->book), modest, "goal", NULL, NULL);
        return placement != NULL;
}

/* One that does not fit, if that is easily found. */
static Slice *random_goal(const DefragmentFixture *f, GRand *rand) {
        Slice *goal = random_wish(rand, true);

        for (unsigned i = 0; i < 20 && fits(f, goal); i++) {
                slice_free(goal);
                goal = random_wish(rand, true);
                goal->cores.count *= 2;
        }
        return goal;
}

static void set_up_by_chance(DefragmentFixture *f, GRand *rand, bool functions) {
        const MadeUpHostSize size = { .nodes = (unsigned)g_rand_int_range(rand, 1, 5),
                                      .cores = (unsigned)g_rand_int_range(rand, 1, 8),
                                      .memory_mib = 32u * (unsigned)g_rand_int_range(rand, 1, 6),
                                      .vfs = functions ? (unsigned)g_rand_int_range(rand, 0, 4)
                                                       : 0 };

        defragment_set_up(f, &size);
        fill(f, rand, (unsigned)g_rand_int_range(rand, 3, 40), functions);
}

static unsigned number_from(const char *variable, unsigned otherwise) {
        const char *text = g_getenv(variable);

        return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void check_case(DefragmentFixture *f, GRand *rand) {
        g_autofree char *before = NULL, *after = NULL, *once = NULL, *again = NULL;

        f->options.functions = g_rand_boolean(rand);
        if (g_rand_boolean(rand))
                f->goal = random_goal(f, rand);
        before = dump_amounts(f);
        defragment_look(f);
        once = defragment_steps_to_text(f->result);
        defragment_look(f);
        again = defragment_steps_to_text(f->result);
        g_assert_cmpstr(once, ==, again);
        g_assert_cmpuint(f->result->steps->len, <=, DEFRAGMENT_STEPS_MAX);

        defragment_carry_out(f);
        after = dump_amounts(f);
        g_assert_cmpstr(before, ==, after);
        if (f->goal)
                g_assert_true(f->result->reached == fits(f, f->goal));
}

static void test_promises_are_kept(void) {
        unsigned n = number_from("VIRTFERRY_DEFRAGMENT_CASES", CASES), moved = 0, reached = 0;

        for (unsigned i = 0; i < n; i++) {
                g_autoptr(GRand) rand = g_rand_new_with_seed(i);
                DefragmentFixture f = { 0 };

                set_up_by_chance(&f, rand, true);
                check_case(&f, rand);
                moved += f.result->steps->len > 0;
                reached += f.goal && f.result->reached && f.result->steps->len > 0;
                defragment_tear_down(&f, NULL);
        }
        g_test_message("%u cases, %u with moves, %u reach a goal", n, moved, reached);
        g_assert_cmpuint(moved, >, n / 10);
}

/* One move, by trying everything ------------------------------------------------------- */

/* What is tried for one slice: vCPUs of each core, or whole cores, and the node of its memory. */
typedef struct Trial {
        const DefragmentFixture *f;
        const SliceEntry *entry;
        Capacity *without;
        unsigned nodes, cores; /* of the host; of each node */
        unsigned vcpus[16];    /* of each core */
        bool found;
} Trial;

static uint64_t core_amount(const Slice *wish, unsigned vcpus) {
        return wish->cores.exclusive ? (uint64_t)vcpus * THREADS * SLICE_SHARE_FULL
                                     : (uint64_t)vcpus * wish->cores.share;
}

static uint64_t left(const Capacity *capacity, const char *resource) {
        uint64_t total = capacity_total(capacity, resource);

        return total - MIN(total, capacity_granted(capacity, resource));
}

static int node_of_grant(const Trial *trial, const SliceGrant *grant) {
        int number = atoi(strchr(grant->resource, ':') + 1);

        return g_str_equal(grant->part, "cores") ? number / THREADS / (int)trial->cores : number;
}

/* Cores and memory on one node. */
static bool is_near(const Trial *trial, const GPtrArray *grants) {
        for (guint i = 1; i < grants->len; i++)
                if (node_of_grant(trial, grants->pdata[i]) !=
                    node_of_grant(trial, grants->pdata[0]))
                        return false;
        return true;
}

static bool has_room(const Trial *trial, const GPtrArray *grants) {
        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];

                if (left(trial->without, grant->resource) < grant->amount)
                        return false;
        }
        return true;
}

static void try_grants(Trial *trial, const GPtrArray *grants) {
        const SliceEntry *entry = trial->entry;
        const Slice *wish = entry->wish;
        g_autoptr(Slice) goal = NULL;
        g_autoptr(SlicePlacement) placement = NULL;
        bool near = is_near(trial, grants);

        if (!has_room(trial, grants) || (wish->together != SLICE_TOGETHER_ANY && !near) ||
            (wish->cores.count > 0 && wish->memory.size > 0 && !near &&
             is_near(trial, entry->grants)))
                return;

        goal = slice_copy(trial->f->goal);
        goal->priority = SLICE_BEST_EFFORT;
        capacity_take(trial->without, entry->holder, wish->priority, NULL, grants);
        placement = slice_place(trial->without, goal, "goal", NULL, NULL);
        capacity_give_back(trial->without, entry->holder);
        trial->found |= placement != NULL;
}

static void try_memory(Trial *trial) {
        const Slice *wish = trial->entry->wish;

        for (unsigned node = 0; node < (wish->memory.size > 0 ? trial->nodes : 1); node++) {
                g_autoptr(GPtrArray) grants = slice_grants_new();
                g_autofree char *memory = g_strdup_printf("memory:%u", node);

                for (unsigned i = 0; i < trial->nodes * trial->cores; i++) {
                        g_autofree char *core = g_strdup_printf("core:%u", i * THREADS);

                        if (trial->vcpus[i] > 0)
                                g_ptr_array_add(
                                        grants,
                                        slice_grant_new(core, "cores",
                                                        core_amount(wish, trial->vcpus[i])));
                }
                if (wish->memory.size > 0)
                        g_ptr_array_add(grants,
                                        slice_grant_new(memory, "memory", wish->memory.size));
                try_grants(trial, grants);
        }
}

static void try_cores(Trial *trial, unsigned core, unsigned want) {
        unsigned most = trial->entry->wish->cores.exclusive ? 1 : THREADS;

        if (want == 0) {
                try_memory(trial);
                return;
        }
        if (core == trial->nodes * trial->cores || trial->found)
                return;

        for (unsigned n = 0; n <= MIN(want, most); n++) {
                trial->vcpus[core] = n;
                try_cores(trial, core + 1, want - n);
        }
        trial->vcpus[core] = 0;
}

static bool one_move_reaches(const DefragmentFixture *f, unsigned nodes, unsigned cores) {
        g_autoptr(GPtrArray) entries = slice_book_list(f->book);
        bool found = false;

        for (guint i = 0; i < entries->len && !found; i++) {
                Trial trial = { f,
                                entries->pdata[i],
                                capacity_copy(slice_book_capacity(f->book)),
                                nodes,
                                cores,
                                { 0 },
                                false };

                if (trial.entry->grants->len > 0) {
                        capacity_give_back(trial.without, trial.entry->holder);
                        try_cores(&trial, 0, trial.entry->wish->cores.count);
                }
                capacity_free(trial.without);
                found = trial.found;
        }
        return found;
}

/* More vCPUs than threads on one core are left to the allocator, which does so at need alone. */
static void test_one_move_is_found(void) {
        unsigned n = number_from("VIRTFERRY_DEFRAGMENT_CASES", CASES), possible = 0;

        for (unsigned i = 0; i < n; i++) {
                g_autoptr(GRand) rand = g_rand_new_with_seed(i);
                unsigned nodes = (unsigned)g_rand_int_range(rand, 2, 4);
                unsigned cores = (unsigned)g_rand_int_range(rand, 1, 4);
                DefragmentFixture f = { 0 };

                defragment_set_up(
                        &f, &(MadeUpHostSize){ .nodes = nodes, .cores = cores, .memory_mib = 48 });
                fill(&f, rand, 12, false);
                f.goal = random_wish(rand, false);
                defragment_look(&f);
                if (!fits(&f, f.goal) && one_move_reaches(&f, nodes, cores)) {
                        possible++;
                        if (!f.result->reached || f.result->steps->len != 1)
                                g_test_message("case %u: a move is missed", i);
                        g_assert_true(f.result->reached);
                        g_assert_cmpuint(f.result->steps->len, ==, 1);
                }
                defragment_tear_down(&f, NULL);
        }
        g_test_message("%u cases, %u with a move that reaches the goal", n, possible);
        g_assert_cmpuint(possible, >, n / 50);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/defragment-chance/all promises are kept at each step",
                        test_promises_are_kept);
        g_test_add_func("/defragment-chance/a goal that one move reaches is reached by one",
                        test_one_move_is_found);
        return g_test_run();
}
