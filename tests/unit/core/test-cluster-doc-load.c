/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-doc-load.h"

#include <string.h>

#include "xml/ferry-error.h"

#define UUID "11111111-2222-4333-8444-555555555555"
#define WHOLE                                                                                   \
        "{\"schema\":1,\"at\":7200,\"size\":{\"cpu\":1600,\"memory\":65536,\"network\":0},"     \
        "\"base\":{\"cpu\":[1,2,3],\"later\":1},"                                               \
        "\"kinds\":[{\"class\":\"mdev\",\"type\":\"mtty-1\",\"total\":0,\"free\":0}],"          \
        "\"guests\":{\"" UUID "\":{\"name\":\"g1\",\"bytes\":5,\"duration\":6,\"downtime\":7,"  \
        "\"bands\":{\"memory\":[10,20,30]},\"amounts\":{\"cores\":2,\"rockets\":1},"            \
        "\"wants\":[{\"name\":\"hostdev0\",\"kind\":0,\"state\":0,\"migrates\":1,\"later\":1}," \
        "{\"name\":\"x\",\"kind\":0}],"                                                         \
        "\"offloads\":[{\"pool\":\"dpu0\",\"amounts\":{\"cores\":1},\"later\":1}],"             \
        "\"later\":[null]}},\"later\":{\"x\":2.5}}"

static void assert_refused(const char *members, const char *why) {
        g_autofree char *text = g_strdup_printf("{\"schema\":1,%s}", members);
        g_autoptr(GError) error = NULL;
        g_autoptr(ClusterLoad) load = cluster_load_from_json(text, &error);

        g_assert_null(load);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_cmpstr(error->message, ==, why);
}

static void test_all_of_it_is_kept(void) {
        g_autoptr(GError) error = NULL;
        g_autoptr(ClusterLoad) load = cluster_load_from_json(WHOLE, &error);
        const ClusterLoadGuest *guest;
        g_autofree char *written = NULL;

        g_assert_no_error(error);
        written = cluster_load_to_json(load);
        g_assert_cmpstr(written, ==, WHOLE);
        guest = load->guests->pdata[0];
        g_assert_cmpstr(guest->uuid, ==, UUID);
        g_assert_cmpint(g_array_index(guest->bands.things[CLUSTER_LOAD_MEMORY], int64_t, 2), ==,
                        30);
        g_assert_cmpint(g_array_index(guest->wants, ClusterLoadWant, 1).state, ==, -1);
        g_assert_cmpstr(g_array_index(guest->amounts, ClusterAmount, 1).resource, ==, "rockets");
}

static void test_a_host_that_says_little_is_read(void) {
        g_autoptr(ClusterLoad)
                load = cluster_load_from_json("{\"schema\":1,\"guests\":{\"" UUID "\":{}}}", NULL);

        g_assert_nonnull(load);
        g_assert_cmpint(load->size[CLUSTER_LOAD_CPU], ==, 0);
        g_assert_null(load->base.things[CLUSTER_LOAD_CPU]);
        g_assert_cmpstr(((ClusterLoadGuest *)load->guests->pdata[0])->name, ==, UUID);
}

#define GUEST(x) "\"guests\":{\"" UUID "\":{" x "}}"

static void test_says_what_is_wrong(void) {
        static const char numbers[] = "A member of 'bands' or 'base' must have 3 or 72 numbers";
        static const char whole[] = "A member of 'bands' or 'base' must have whole numbers from 0 "
                                    "to 2^53 - 1";
        static const char lists[] = "'wants' and 'offloads' must be arrays of up to 64 members";

        assert_refused("\"base\":{\"cpu\":[1,2]}", numbers);
        assert_refused("\"base\":{\"cpu\":7}", numbers);
        assert_refused("\"base\":{\"cpu\":[1,2,-3]}", whole);
        assert_refused("\"base\":{\"cpu\":[1,2,1.5]}", whole);
        assert_refused("\"base\":{\"cpu\":[1,2,[]]}", whole);
        assert_refused(GUEST("\"bands\":{\"network\":[1]}"), numbers);
        assert_refused(GUEST("\"bands\":[]"), "'bands' must be an object");
        assert_refused(GUEST("\"wants\":{}"), lists);
        assert_refused(GUEST("\"offloads\":1"), lists);
        assert_refused(GUEST("\"wants\":[1]"),
                       "A member of 'wants' or 'offloads' must be an object");
        assert_refused(GUEST("\"wants\":[{\"name\":\"x\"}]"), "'kind' must be there");
        assert_refused(GUEST("\"wants\":[{\"kind\":0}]"), "A number in 'wants' is beyond 'kinds'");
        assert_refused("\"kinds\":[{}]," GUEST("\"wants\":[{\"kind\":0,\"state\":1}]"),
                       "A number in 'wants' is beyond 'kinds'");
        assert_refused(GUEST("\"amounts\":{\"a b\":1}"), "A name in 'amounts' is not a resource");
        assert_refused(GUEST("\"bytes\":-1"), "'bytes' must be a whole number from 0 to 2^53 - 1");
        assert_refused("\"guests\":{\"a b\":{}}",
                       "'a b' must be a name of letters, digits and ._:@+,-");
        assert_refused("\"size\":1", "'size' must be an object");
}

static void test_refuses_more_guests_than_a_host_has(void) {
        GString *text = g_string_new("\"guests\":{");

        for (unsigned i = 0; i <= CLUSTER_LOAD_GUESTS_MAX; i++)
                g_string_append_printf(text, "%s\"g%u\":{}", i > 0 ? "," : "", i);
        g_string_append_c(text, '}');
        assert_refused(text->str, "'guests' must have up to 512 members");
        g_string_free(text, TRUE);
}

static void fill(ClusterLoadBands *bands) {
        for (int t = 0; t < _CLUSTER_LOAD_THING_MAX; t++) {
                bands->things[t] = g_array_new(FALSE, FALSE, sizeof(int64_t));
                for (unsigned i = 0; i < CLUSTER_LOAD_BAND * CLUSTER_LOAD_HOURS; i++) {
                        int64_t number = 100000 + i;

                        g_array_append_val(bands->things[t], number);
                }
        }
}

/* What the header says. */
static void test_a_guest_takes_so_much(void) {
        g_autoptr(ClusterLoad) load = cluster_load_new();
        g_autofree char *empty = cluster_load_to_json(load), *full = NULL;
        ClusterLoadGuest *guest = cluster_load_add_guest(load, UUID);

        guest->name = g_strdup("a-guest-of-some-name");
        guest->bytes = INT64_C(1) << 40;
        guest->duration = guest->downtime = 100000;
        fill(&guest->bands);
        full = cluster_load_to_json(load);
        g_assert_cmpuint(strlen(full) - strlen(empty), <, 1792);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) g_test_add_func("/cluster-doc-load/" name, function)
        ADD("all of it is kept", test_all_of_it_is_kept);
        ADD("a host that says little is read", test_a_host_that_says_little_is_read);
        ADD("a bad document is refused with the member and the reason", test_says_what_is_wrong);
        ADD("more guests than a host has are refused", test_refuses_more_guests_than_a_host_has);
        ADD("a guest takes so much", test_a_guest_takes_so_much);
        return g_test_run();
}
