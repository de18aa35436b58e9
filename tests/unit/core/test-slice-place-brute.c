/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* slice_place() against an allocator that tries everything, on hosts that chance
 * has made. SLICE_SEED and SLICE_CASES choose others.
 */

#include "daemon/core/slice-place.h"

#include <string.h>

#include "tests/unit/core/slice-brute.h"
#include "xml/ferry-error.h"

#define CASES          2500u
#define ASKS_OF_A_CASE 12u

/* Comparing ------------------------------------------------------------------------- */

static bool is_option(const Host *host, const Part *part, const Option *option,
                      const GPtrArray *grants) {
        int n = 0;

        for (guint i = 0; i < grants->len; i++) {
                const SliceGrant *grant = grants->pdata[i];
                int item = host_find_item(host, grant->resource);
                bool found = false;

                if (!g_str_equal(grant->part, part->name))
                        continue;
                n++;
                for (int k = 0; k < option->n; k++)
                        found = found ||
                                (option->items[k] == item && option->amounts[k] == grant->amount);
                if (!found)
                        return false;
        }
        return n == option->n;
}

static const Option *find_option(const Host *host, const Part *part, const GPtrArray *grants) {
        for (int i = 0; i < part->n_options; i++)
                if (is_option(host, part, &part->options[i], grants))
                        return &part->options[i];
        return NULL;
}

static void assert_valid(const Case *c, const Slice *wish, const Parts *parts,
                         const GPtrArray *grants, unsigned gone, int but) {
        const Option *picks[PARTS_MAX];
        Others others;
        guint n = 0;

        for (int i = 0; i < parts->n; i++) {
                picks[i] = find_option(&c->host, &parts->parts[i], grants);
                g_assert_nonnull(picks[i]);
                n += (guint)picks[i]->n;
        }
        g_assert_cmpuint(n, ==, grants->len);
        brute_count_others(c, wish, gone, but, &others);
        g_assert_true(brute_is_valid(&c->host, wish, &others, parts, picks, parts->n));
}

static unsigned set_of(const Case *c, const GPtrArray *names) {
        unsigned set = 0;

        for (guint n = 0; n < names->len; n++)
                for (unsigned i = 0; i < c->n_owners; i++)
                        if (g_str_equal(c->owners[i].name, names->pdata[n]))
                                set |= 1u << i;
        g_assert_cmpint(__builtin_popcount(set), ==, (int)names->len);
        return set;
}

static Capacity *capacity_without(Case *c, int but) {
        Capacity *capacity = host_capacity(c);

        for (unsigned i = 0; i < c->n_owners; i++)
                if ((int)i != but)
                        capacity_take(capacity, c->owners[i].name, c->owners[i].wish->priority,
                                      c->owners[i].wish->apart, c->owners[i].grants);
        return capacity;
}
/* That what is had is kept, if it can be -------------------------------------------- */

static uint64_t amount_in(const Option *option, int item) {
        for (int i = 0; i < option->n; i++)
                if (option->items[i] == item)
                        return option->amounts[i];
        return 0;
}

static bool keeps(const Host *host, const Part *part, const Option *option,
                  const GPtrArray *present) {
        for (guint i = 0; i < present->len; i++) {
                const SliceGrant *grant = present->pdata[i];
                int item = host_find_item(host, grant->resource);
                bool counts = g_str_equal(part->name, "cores") ||
                              g_str_equal(part->name, "memory") || host_device_of(host, item) >= 0;

                if (counts && g_str_equal(grant->part, part->name) &&
                    amount_in(option, item) <
                            (g_str_equal(part->name, "cores") ? grant->amount : 1))
                        return false;
        }
        return true;
}

/* Takes away the options that give up something. */
static void keep_only(const Host *host, Parts *parts, const GPtrArray *present) {
        for (int i = 0; i < parts->n; i++) {
                Part *part = &parts->parts[i];
                int n = 0;

                for (int k = 0; k < part->n_options; k++)
                        if (keeps(host, part, &part->options[k], present))
                                part->options[n++] = part->options[k];
                part->n_options = n;
        }
}

static void assert_kept(Case *c, const Slice *wish, const GPtrArray *present,
                        const GPtrArray *grants, int but) {
        Parts parts;

        parts_list(&c->host, wish, &parts);
        keep_only(&c->host, &parts, present);
        if (brute_is_possible(c, wish, &parts, 0, but)) {
                c->n_kept++;
                for (int i = 0; i < parts.n; i++)
                        g_assert_nonnull(find_option(&c->host, &parts.parts[i], grants));
        }
        parts_done(&parts);
}
/* Cases ----------------------------------------------------------------------------- */

static void drop(Case *c, unsigned n) {
        slice_free(c->owners[n].wish);
        g_ptr_array_unref(c->owners[n].grants);
        memmove(&c->owners[n], &c->owners[n + 1], (c->n_owners - n - 1) * sizeof(c->owners[0]));
        c->n_owners--;
}

static void drop_set(Case *c, unsigned set) {
        for (unsigned i = SLICES_MAX; i-- > 0;)
                if (set & (1u << i))
                        drop(c, i);
}

static void keep(Case *c, const char *name, Slice *taken_wish, const GPtrArray *grants) {
        Owner *owner = &c->owners[c->n_owners++];

        g_strlcpy(owner->name, name, sizeof(owner->name));
        owner->wish = taken_wish;
        owner->grants = slice_grants_copy(grants);
}

static void assert_refusal(const Case *c, const Slice *wish, const Parts *parts, int but,
                           const GError *error) {
        g_assert_true(g_error_matches(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES) ||
                      g_error_matches(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST));
        g_assert_cmpuint(strlen(error->message), >, 20);
}

/* One ask; `but` has what it has until now, -1: it is new. */
static void ask(Case *c, const char *name, Slice *taken_wish, int but) {
        g_autoptr(Slice) wish = taken_wish;
        g_autoptr(Capacity) capacity = capacity_without(c, but);
        g_autoptr(GError) error = NULL;
        const GPtrArray *present = but < 0 ? NULL : c->owners[but].grants;
        g_autoptr(SlicePlacement) placement = slice_place(capacity, wish, name, present, &error);
        Parts parts;
        int way;

        parts_list(&c->host, wish, &parts);
        way = brute_find_way(c, wish, &parts, but);
        if (way < 0) {
                g_assert_null(placement);
                assert_refusal(c, wish, &parts, but, error);
                c->n_refused++;
                parts_done(&parts);
                return;
        }

        g_assert_no_error(error);
        g_assert_cmpuint(set_of(c, placement->preempted), ==, (unsigned)way);
        assert_valid(c, wish, &parts, placement->grants, (unsigned)way, but);
        parts_done(&parts);
        if (present && way == 0)
                assert_kept(c, wish, present, placement->grants, but);

        c->n_placed++;
        c->n_preempted += way != 0;
        drop_set(c, (unsigned)way | (but < 0 ? 0 : 1u << but));
        if (c->n_owners < SLICES_MAX)
                keep(c, name, g_steal_pointer(&wish), placement->grants);
}

static void run_case(Case *c) {
        host_make(c);
        for (unsigned i = 0; i < ASKS_OF_A_CASE; i++) {
                g_autofree char *name = g_strdup_printf("s%u", i);
                int n = c->n_owners > 0 ? chance(c, (int)c->n_owners) : -1;

                if (n >= 0 && chance_one_in(c, 6))
                        drop(c, (unsigned)n);
                else if (n >= 0 && chance_one_in(c, 3) && !wish_was_changed(c->owners[n].wish))
                        ask(c, name, wish_change(c, c->owners[n].wish), n);
                else
                        ask(c, name, wish_make(c), -1);
        }
        while (c->n_owners > 0)
                drop(c, 0);
        resource_map_free(c->host.map);
}

static uint64_t number_of(const char *variable, uint64_t otherwise) {
        const char *text = g_getenv(variable);

        return text ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void test_brute(void) {
        uint64_t seed = number_of("SLICE_SEED", g_test_rand_int_range(0, G_MAXINT32));
        uint64_t cases = number_of("SLICE_CASES", CASES);
        Case c = { 0 };

        for (uint64_t i = 0; i < cases; i++) {
                g_test_message("SLICE_SEED=%" G_GUINT64_FORMAT " SLICE_CASES=1", seed + i);
                c.rand = g_rand_new_with_seed((guint32)(seed + i));
                run_case(&c);
                g_rand_free(c.rand);
        }
        g_test_message("placed %u, of these with preemption %u, refused %u, kept %u", c.n_placed,
                       c.n_preempted, c.n_refused, c.n_kept);
        g_assert_cmpuint(c.n_placed, >, 0);
        g_assert_true(cases < 100 || (c.n_refused > 0 && c.n_preempted > 0 && c.n_kept > 0));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/slice-place/finds a placement whenever trying everything does",
                        test_brute);
        return g_test_run();
}
