/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices-ask.h"

#include <string.h>

#include "xml/ferry-error.h"

#define GIB (UINT64_C(1) << 30)

static Slice *read_slice(const char *children) {
        g_autofree char *xml = g_strconcat("<slice version='1'>", children, "</slice>", NULL);
        g_autoptr(GError) error = NULL;
        Slice *slice;

        slice = slice_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        return slice;
}

typedef struct Case {
        const char *before; /* children of the slice; NULL: there is none */
        const char *kind;
        uint64_t amount;
        bool less;
        const char *qos[7];
        const char *after;   /* the same; or */
        const char *refusal; /* the whole sentence */
} Case;

static Slice *ask(const Case *c, bool by_guest, GError **error) {
        g_autoptr(Slice) before = c->before ? read_slice(c->before) : NULL;
        const SliceAsk said = {
                .kind = c->kind,
                .amount = c->amount,
                .less = c->less,
                .qos = c->qos,
                .by_guest = by_guest,
        };

        return slices_ask_change(before, &said, error);
}

static void assert_becomes(const Case *c, bool by_guest) {
        g_autoptr(Slice) after = NULL, expected = read_slice(c->after);
        g_autofree char *has = NULL, *wants = NULL;
        g_autoptr(GError) error = NULL;

        after = ask(c, by_guest, &error);
        g_assert_no_error(error);
        has = slice_to_xml(after);
        wants = slice_to_xml(expected);
        g_assert_cmpstr(has, ==, wants);
        g_assert_true(slice_equal(after, expected));
}

static void assert_refused(const Case *c, bool by_guest) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Slice) after = ask(c, by_guest, &error);

        g_assert_null(after);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST);
        g_assert_cmpstr(error->message, ==, c->refusal);
}

static void test_an_operator_changes_what_a_slice_has(void) {
        static const Case cases[] = {
                { NULL, "cores", 2, .after = "<cores count='2'/>" },
                { NULL, "cores", 2, .qos = { "exclusive", "yes", "node", "1" },
                  .after = "<cores count='2' exclusive='yes' node='1'/>" },
                { "<cores count='2' share='500'/>", "cores", 3,
                  .after = "<cores count='5' share='500'/>" },
                { "<cores count='2' share='500'/>", "cores", 0, .qos = { "exclusive", "yes" },
                  .after = "<cores count='2' exclusive='yes'/>" },
                { "<cores count='5' exclusive='yes'/>", "cores", 5, true, .after = "" },
                { NULL, "memory", 4 * GIB, .qos = { "page", "1048576", "tier", "local" },
                  .after = "<memory size='4' unit='GiB' page='1048576' tier='local'/>" },
                { "<memory size='4' unit='GiB' page='2048'/>", "memory", GIB, true,
                  .after = "<memory size='3' unit='GiB' page='2048'/>" },
                { NULL, "functions", 2, .qos = { "class", "sriov", "pool", "fast" },
                  .after = "<function name='function0' class='sriov' pool='fast'/>"
                           "<function name='function1' class='sriov' pool='fast'/>" },
                { "<function name='function0'/>", "functions", 1,
                  .qos = { "name", "nic", "min-mbit", "100" },
                  .after = "<function name='function0'/><function name='nic' min-mbit='100'/>" },
                { "<function name='a'/><function name='b'/><function name='c'/>", "functions", 2,
                  true, .after = "<function name='a'/>" },
                { "<function name='a'/><function name='b'/>", "functions", 1, true,
                  .qos = { "name", "a" }, .after = "<function name='b'/>" },
                { "<function name='a' class='mdev' type='mtty-1'/><function name='b'/>",
                  "functions", 0, .qos = { "name", "a", "type", "mtty-2" },
                  .after = "<function name='a' class='mdev' type='mtty-2'/>"
                           "<function name='b'/>" },
                { "<function name='a' min-mbit='100'/>", "bandwidth", 400,
                  .after = "<function name='a' min-mbit='500'/>" },
                { "<function name='a'/><function name='b' min-mbit='100'/>", "bandwidth", 100, true,
                  .qos = { "name", "b" }, .after = "<function name='a'/><function name='b'/>" },
                { NULL, "offload-cores", 2, .qos = { "pool", "dpu0" },
                  .after = "<offload name='offload0' pool='dpu0' cores='2'/>" },
                { "<offload name='dpu' pool='dpu0' cores='2'/>", "offload-memory", GIB,
                  .after = "<offload name='dpu' pool='dpu0' cores='2' memory-mib='1024'/>" },
                { "<offload name='dpu' pool='dpu0' cores='2'/>", "offload-cores", 2, true,
                  .after = "" },
                { NULL, "keys", 1, .qos = { "kind", "sev" },
                  .after = "<key kind='sev' count='1'/>" },
                { "<key kind='sev' count='1'/>", "keys", 1, true, .qos = { "kind", "sev" },
                  .after = "" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_becomes(&cases[i], false);
}

static void test_the_priority_is_of_the_whole_slice(void) {
        static const Case c = { NULL, "cores", 1, .qos = { "priority", "best-effort" } };
        static const Case wrong = {
                NULL,
                "cores",
                1,
                .qos = { "priority", "high" },
                .refusal = "priority: 'high' is not guaranteed, burstable or best-effort",
        };
        g_autoptr(Slice) slice = ask(&c, false, NULL);

        g_assert_cmpint(slice->priority, ==, SLICE_BEST_EFFORT);
        assert_refused(&wrong, false);
}

static void test_a_refusal_names_the_field_and_why(void) {
        static const Case cases[] = {
                { NULL, "gpus", 1,
                  .refusal = "'gpus' is nothing that a hardware slice has: it has cores, memory, "
                             "functions, bandwidth, offload-cores, offload-memory, keys" },
                { NULL, "cores", 0, .refusal = "cores: an amount of 0 changes nothing" },
                { "<cores count='4'/>", "cores", 5, true,
                  .refusal = "cores: 5 cannot be taken from the hardware slice, which has 4" },
                { "<memory size='3' unit='GiB'/>", "memory", UINT64_C(3584) << 20, true,
                  .refusal = "memory: 3584 MiB cannot be taken from the hardware slice, which has "
                             "3 GiB" },
                { NULL, "cores", 1, true,
                  .refusal = "cores: the hardware slice has nothing of it to take" },
                { "<cores count='4'/>", "cores", UINT64_MAX,
                  .refusal =
                          "cores: 18446744073709551615 and the 4 that the hardware slice has are "
                          "more than the 4096 it may have" },
                { NULL, "cores", 1, .qos = { "share", "0" },
                  .refusal = "cores: attribute 'share' must be 1 to 1000, not '0'" },
                { NULL, "cores", 1, .qos = { "x='1' y", "2" },
                  .refusal = "cores: 'x='1' y' is no attribute of cores" },
                { NULL, "functions", 0, .qos = { "name", "a" },
                  .refusal = "functions: an amount of 0 changes nothing but the type of one, as in "
                             "name=gpu type=mtty-2" },
                { "<function name='a'/>", "functions", 0, .qos = { "name", "b", "type", "mtty-2" },
                  .refusal = "functions: the hardware slice has no function 'b'" },
                { "<function name='a'/>", "functions", 0,
                  .qos = { "name", "a", "type", "mtty-2", "lanes", "4" },
                  .refusal = "functions: 'lanes' cannot be said of it, only name, type, priority" },
                { NULL, "functions", 65,
                  .refusal =
                          "functions: 65 and the 0 that the hardware slice has are more than the "
                          "64 it may have" },
                { NULL, "functions", 2, .qos = { "name", "a" },
                  .refusal = "functions: one name cannot be that of 2" },
                { "<function name='a'/>", "functions", 1, true, .qos = { "name", "b" },
                  .refusal = "functions: the hardware slice has no function 'b'" },
                { "<function name='a'/>", "functions", 1, true, .qos = { "class", "mdev" },
                  .refusal = "functions: which one is to go is said by its name alone" },
                { "<function name='a'/><function name='b'/>", "bandwidth", 1,
                  .refusal = "bandwidth: the hardware slice has 2 functions, so say of which one, "
                             "as in name=NAME" },
                { "<function name='a'/>", "bandwidth", 100, .qos = { "max-mbit", "500" },
                  .refusal = "bandwidth: 'max-mbit' cannot be said of it, only name, priority" },
                { "<offload name='a' cores='1'/>", "offload-cores", 1, .qos = { "keys", "5" },
                  .refusal = "offload-cores: 'keys' cannot be said of it, only name, pool, "
                             "priority" },
                { NULL, "keys", 1, .refusal = "keys: say of which kind, as in kind=sev" },
                { NULL, "offload-memory", 1000,
                  .refusal = "offload-memory: 1000 bytes are no whole MiB" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_refused(&cases[i], false);
}

static void test_what_an_ask_makes_is_checked_as_a_definition_is(void) {
        static const Case cases[] = {
                { "<function name='a' max-mbit='100'/>", "bandwidth", 200 },
                { "<memory size='4' unit='GiB' page='2048'/>", "memory", 4096 },
                { "<cores count='2'/><allow cores='1-3'/>", "cores", 2 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(ask(&cases[i], false, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST);
        }
}

/* What a guest may -------------------------------------------------------------------- */

#define BASE  "<cores count='2'/><memory size='1' unit='GiB'/>"
#define ALLOW "<allow cores='1-8' memory-mib='512-16384' functions='0-2' mbit='10000'/>"

static void test_a_guest_gets_what_is_allowed(void) {
        static const Case cases[] = {
                { "<cores count='2' exclusive='yes'/>"
                  "<memory size='1' unit='GiB'/>" ALLOW,
                  "cores", 6,
                  .after = "<cores count='8' exclusive='yes'/>"
                           "<memory size='1' unit='GiB'/>" ALLOW },
                { "<cores count='2'/><memory size='1' unit='GiB'/>" ALLOW, "memory", GIB / 2, true,
                  .after = "<cores count='2'/><memory size='512' unit='MiB'/>" ALLOW },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_becomes(&cases[i], true);
}

static void test_what_a_guest_gets_is_like_what_it_was_given(void) {
        static const Case alike = {
                BASE "<function name='nic' class='sriov' pool='fast' max-mbit='5000'/>" ALLOW,
                "functions",
                1,
                .qos = { "min-mbit", "100" },
                .after = BASE "<function name='nic' class='sriov' pool='fast' max-mbit='5000'/>"
                              "<function name='function0' class='sriov' pool='fast' "
                              "min-mbit='100' max-mbit='5000'/>" ALLOW,
        };
        static const Case first = {
                BASE ALLOW,
                "functions",
                1,
                .after = BASE "<function name='function0' pool='default'/>" ALLOW,
        };

        assert_becomes(&alike, true);
        assert_becomes(&first, true);
}

static void test_a_guest_does_not_get_what_is_not_allowed(void) {
        static const Case cases[] = {
                { NULL, "cores", 1,
                  .refusal = "cores: the guest may not ask for it, since <allow> of its hardware "
                             "slice says nothing of it" },
                { "<cores count='2'/>", "cores", 1,
                  .refusal = "cores: the guest may not ask for it, since <allow> of its hardware "
                             "slice says nothing of it" },
                { "<cores count='2'/><allow cores='1-4'/>", "memory", GIB,
                  .refusal = "memory: the guest may not ask for it, since <allow> of its hardware "
                             "slice says nothing of it" },
                { "<cores count='2'/><allow cores='1-4'/>", "cores", 1,
                  .qos = { "exclusive", "yes" },
                  .refusal = "cores: the guest may not say 'exclusive' of it" },
                { "<cores count='2'/><allow cores='1-4'/>", "cores", 1,
                  .qos = { "priority", "guaranteed" },
                  .refusal = "cores: the guest may not say 'priority' of it" },
                { "<allow functions='0-2'/>", "functions", 1, .qos = { "parent", "0000:3b:00.0" },
                  .refusal = "functions: the guest may not say 'parent' of it" },
                { "<allow functions='0-2'/>", "functions", 1, .qos = { "min-mbit", "5" },
                  .refusal = "bandwidth: the guest may not ask for it, since <allow> of its "
                             "hardware slice says nothing of it" },
                { BASE ALLOW, "keys", 1, .qos = { "kind", "sev" },
                  .refusal = "keys: the guest may not ask for it, since <allow> of its hardware "
                             "slice says nothing of it" },
        };
        static const Case beyond[] = {
                { "<cores count='2'/><allow cores='1-4'/>", "cores", 3 },
                { "<cores count='2'/><allow cores='1-4'/>", "cores", 2, true },
                { "<function name='a' min-mbit='60'/><allow functions='0-2' mbit='100'/>",
                  "bandwidth", 41 },
                { "<function name='a' min-mbit='60'/><allow functions='0-2' mbit='100'/>",
                  "functions", 1, .qos = { "min-mbit", "41" } },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_refused(&cases[i], true);
        for (size_t i = 0; i < G_N_ELEMENTS(beyond); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(ask(&beyond[i], true, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST);
                g_assert_nonnull(strstr(error->message, "<allow>"));
        }
}

static void test_a_slice_of_which_nothing_is_left_is_known(void) {
        g_autoptr(Slice) nothing = read_slice(""), allows = read_slice("<allow cores='0-4'/>"),
                         limits = read_slice("<block weight='500'/>"),
                         has = read_slice("<cores count='1'/>");

        nothing->priority = SLICE_BEST_EFFORT;
        g_assert_true(slices_ask_is_empty(nothing));
        g_assert_false(slices_ask_is_empty(allows));
        g_assert_false(slices_ask_is_empty(limits));
        g_assert_false(slices_ask_is_empty(has));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/slices-ask/an operator changes what a slice has",
                        test_an_operator_changes_what_a_slice_has);
        g_test_add_func("/slices-ask/the priority is of the whole slice",
                        test_the_priority_is_of_the_whole_slice);
        g_test_add_func("/slices-ask/a refusal names the field and why",
                        test_a_refusal_names_the_field_and_why);
        g_test_add_func("/slices-ask/what an ask makes is checked as a definition is",
                        test_what_an_ask_makes_is_checked_as_a_definition_is);
        g_test_add_func("/slices-ask/a guest gets what is allowed",
                        test_a_guest_gets_what_is_allowed);
        g_test_add_func("/slices-ask/what a guest gets is like what it was given",
                        test_what_a_guest_gets_is_like_what_it_was_given);
        g_test_add_func("/slices-ask/a guest does not get what is not allowed",
                        test_a_guest_does_not_get_what_is_not_allowed);
        g_test_add_func("/slices-ask/a slice of which nothing is left is known",
                        test_a_slice_of_which_nothing_is_left_is_known);
        return g_test_run();
}
