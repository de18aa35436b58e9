/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/ferry-error.h"
#include "xml/metadata.h"
#include "xml/reader.h"
#include "xml/slice.h"

/* Slices that were put together by hand, and not read. */

#define SLICE(inside)        "<slice version='1'>" inside "</slice>"
#define FUNCTION(attributes) SLICE("<function name='f' " attributes "/>")
#define OFFLOAD(attributes)  SLICE("<offload name='o' keys='1' " attributes "/>")

static Slice *read_good(const char *xml) {
        g_autoptr(GError) error = NULL;
        Slice *slice = slice_from_xml(xml, strlen(xml), &error);

        if (error)
                g_error("%s: %s", xml, error->message);
        return slice;
}

static SliceFunction *add_function(Slice *slice, const char *name) {
        SliceFunction *function = slice_function_new(name);

        g_ptr_array_add(slice->functions, function);
        return function;
}

static SliceOffload *add_offload(Slice *slice, const char *name) {
        SliceOffload *offload = slice_offload_new(name);

        offload->cores = 1;
        g_ptr_array_add(slice->offloads, offload);
        return offload;
}

static void assert_problem(const Slice *slice, const char *message) {
        g_autoptr(GError) error = NULL;

        g_assert_false(slice_check(slice, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_cmpstr(error->message, ==, message);
}

/* Each differs from all others. */
static const char *const different[] = {
        SLICE(""),
        "<slice version='1' priority='burstable'/>",
        "<slice version='1' together='node'/>",
        "<slice version='1' apart='db'/>",
        SLICE("<cores count='4'/>"),
        SLICE("<cores count='5'/>"),
        SLICE("<cores count='4' exclusive='yes'/>"),
        SLICE("<cores count='4' share='999'/>"),
        SLICE("<cores count='4' node='0'/>"),
        SLICE("<memory size='4'/>"),
        SLICE("<memory size='8'/>"),
        SLICE("<memory size='4' page='4'/>"),
        SLICE("<memory size='4' tier='local'/>"),
        SLICE("<memory size='4' contiguous='yes'/>"),
        SLICE("<memory size='4' node='0'/>"),
        SLICE("<function name='g'/>"),
        SLICE("<function name='f'/><function name='g'/>"),
        SLICE("<function name='g'/><function name='f'/>"),
        FUNCTION(""),
        FUNCTION("class='a'"),
        FUNCTION("type='a'"),
        FUNCTION("pool='a'"),
        FUNCTION("parent='a'"),
        FUNCTION("own-group='yes'"),
        FUNCTION("lanes='1'"),
        FUNCTION("bytes='1'"),
        FUNCTION("min-mbit='1'"),
        FUNCTION("max-mbit='1'"),
        SLICE("<offload name='p' keys='1'/>"),
        SLICE("<offload name='o' keys='2'/>"),
        OFFLOAD(""),
        OFFLOAD("pool='a'"),
        OFFLOAD("cores='1'"),
        OFFLOAD("memory-mib='1'"),
        OFFLOAD("mbit='1'"),
        SLICE("<key kind='a' count='1'/>"),
        SLICE("<key kind='b' count='1'/>"),
        SLICE("<key kind='a' count='2'/>"),
        SLICE("<network min-mbit='1'/>"),
        SLICE("<network max-mbit='1'/>"),
        SLICE("<block weight='10'/>"),
        SLICE("<block max-bytes='1'/>"),
        SLICE("<block max-iops='1'/>"),
        SLICE("<share memory-bandwidth='1'/>"),
        SLICE("<share cache-ways='1'/>"),
        SLICE("<allow/>"),
        SLICE("<allow cores='0-1'/>"),
        SLICE("<allow cores='0-2'/>"),
        SLICE("<cores count='4'/><allow cores='1-4'/>"),
        SLICE("<cores count='4'/><allow cores='0-4'/>"),
        SLICE("<allow memory-mib='0-1'/>"),
        SLICE("<memory size='1024'/><allow memory-mib='1-1'/>"),
        SLICE("<memory size='1024'/><allow memory-mib='0-1'/>"),
        SLICE("<allow functions='0-1'/>"),
        SLICE("<function name='f'/><allow functions='1-1'/>"),
        SLICE("<function name='f'/><allow functions='0-1'/>"),
        SLICE("<allow mbit='1'/>"),
};

static void test_every_member_counts_for_equality(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(different); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(different); j++) {
                        g_autoptr(Slice) a = read_good(different[i]), b = read_good(different[j]);

                        if (slice_equal(a, b) != (i == j))
                                g_error("%s and %s", different[i], different[j]);
                }
        g_assert_true(slice_equal(NULL, NULL));
}

static void test_a_copy_is_equal_and_lasts_longer(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(different); i++) {
                g_autoptr(Slice) slice = read_good(different[i]), again = read_good(different[i]);
                g_autoptr(Slice) copy = slice_copy(slice);

                g_assert_true(slice_equal(copy, slice));
                g_clear_pointer(&slice, slice_free);
                g_assert_true(slice_equal(copy, again));
        }
        g_assert_null(slice_copy(NULL));
}

/* Somebody gave its last core back. */
static void test_what_is_not_asked_for_has_no_properties(void) {
        g_autoptr(Slice) slice = read_good(SLICE("<cores count='1' share='5' node='0'/>"
                                                 "<memory size='4' page='4' tier='cxl'/>"));
        g_autoptr(Slice) empty = slice_new(), again = NULL;
        g_autofree char *xml = NULL;

        slice->cores.count = 0;
        slice->memory.size = 0;
        g_assert_true(slice_equal(slice, empty));
        g_assert_true(slice_check(slice, NULL));
        xml = slice_to_xml(slice);
        again = read_good(xml);
        g_assert_true(slice_equal(again, empty));
}

static void test_a_fresh_slice_is_good(void) {
        g_autoptr(Slice) slice = slice_new();
        g_autoptr(GError) error = NULL;

        g_assert_true(slice_check(slice, &error));
        slice->cores.count = 1;
        slice->memory.size = 4096;
        (void)add_function(slice, "nic");
        g_assert_true(slice_check(slice, &error));
        g_assert_no_error(error);
}

static void test_says_which_part_is_wrong(void) {
        g_autoptr(Slice) slice = slice_new();

        slice->cores.count = SLICE_CORES_MAX + 1;
        assert_problem(slice, "<cores>: attribute 'count' must be 1 to 4096, not '4097'");
        slice->cores.count = 1;
        slice->cores.share = 0;
        assert_problem(slice, "<cores>: attribute 'share' must be 1 to 1000, not '0'");
        slice->cores.share = 10;
        slice->cores.exclusive = true;
        assert_problem(slice, "<cores>: attribute 'share' is for cores that are not exclusive: "
                              "remove it, or 'exclusive'");
        slice->cores.exclusive = false;
        slice->memory.size = SLICE_MEMORY_MAX + 4096;
        assert_problem(slice, "<memory>: attribute 'size' must be 1 to 1125899906842624, not "
                              "'1125899906846720'");
        slice->memory.size = 4097;
        assert_problem(slice, "<memory>: attribute 'size' must be whole pages of 4 KiB, and is "
                              "4097 bytes");
        slice->memory.size = 0;
        slice->priority = _SLICE_PRIORITY_MAX;
        assert_problem(slice, "<slice>: attribute 'priority' has no word for 3");
        slice->priority = SLICE_GUARANTEED;
        slice->apart = g_strdup("a/b");
        assert_problem(slice, "<slice>: attribute 'apart' must be letters, digits and . _ + : -, "
                              "at most 128 of them and a letter, digit or _ first, not 'a/b'");
}

static void test_says_which_of_many_is_wrong(void) {
        g_autoptr(Slice) slice = slice_new();
        SliceFunction *function = add_function(slice, NULL);
        SliceOffload *offload;

        assert_problem(slice, "<function>: an attribute 'name' is needed");
        function->name = g_strdup("nic");
        function->lanes = 33;
        assert_problem(slice, "<function> 'nic': attribute 'lanes' must be 1 to 32, not '33'");
        function->lanes = 0;
        function->min_mbit = 2;
        function->max_mbit = 1;
        assert_problem(slice, "<function> 'nic': attribute 'min-mbit' is 2 and must not be above "
                              "'max-mbit', 1");
        function->max_mbit = 0;
        offload = add_offload(slice, "nic");
        assert_problem(slice, "<offload> 'nic': a second function or offload with the name 'nic': "
                              "give it another one");
        g_free(offload->name);
        offload->name = g_strdup("dpu");
        offload->cores = 0;
        assert_problem(slice, "<offload> 'dpu': an attribute 'cores', 'memory-mib', 'mbit' or "
                              "'keys' is needed");
        offload->cores = 1;
        g_ptr_array_add(slice->keys, slice_key_new("sev", 0));
        assert_problem(slice, "<key> 'sev': an attribute 'count' is needed");
}

static void test_what_a_guest_is_allowed_holds_what_it_has(void) {
        g_autoptr(Slice) slice = slice_new();

        slice->allow.present = true;
        g_assert_true(slice_check(slice, NULL));
        slice->cores.count = 4;
        g_assert_true(slice_check(slice, NULL));
        slice->allow.cores_max = 4;
        g_assert_true(slice_check(slice, NULL));
        slice->allow.cores_min = 5;
        assert_problem(slice, "<allow>: attribute 'cores' must be two numbers like 1-8, the "
                              "second not below the first and 1 to 4096, not '5-4'");
        slice->allow.cores_max = SLICE_CORES_MAX + 1;
        assert_problem(slice, "<allow>: attribute 'cores' must be two numbers like 1-8, the "
                              "second not below the first and 1 to 4096, not '5-4097'");
        slice->allow.cores_max = 5;
        assert_problem(slice, "<allow> has 5 to 5 cores, and the slice itself 4: what it has must "
                              "be within");
        slice->allow.present = false;
        g_assert_true(slice_check(slice, NULL));
}

/* Sums do not wrap. */
static void test_the_minima_of_all_functions_count_together(void) {
        g_autoptr(Slice) slice = slice_new();

        for (unsigned i = 0; i < SLICE_FUNCTIONS_MAX; i++) {
                g_autofree char *name = g_strdup_printf("f%u", i);

                add_function(slice, name)->min_mbit = SLICE_MBIT_MAX;
        }
        slice->allow.present = true;
        slice->allow.mbit_max = SLICE_MBIT_MAX;
        assert_problem(slice, "<allow> has 0 to 100000000 Mbit/s, and the slice itself 6400000000: "
                              "what it has must be within");
}

/* Limits ---------------------------------------------------------------------------- */

static void assert_too_many(Slice *slice, const char *name) {
        g_autofree char *xml = slice_to_xml(slice);
        g_autofree char *suffix = g_strdup_printf(" <ferry:%s>", name);
        g_autofree char *message = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_null(slice_from_xml(xml, strlen(xml), &error));
        g_assert_true(g_str_has_suffix(error->message, suffix));

        g_clear_error(&error);
        g_assert_false(slice_check(slice, &error));
        message = g_strdup_printf(" <%s>", name);
        g_assert_true(g_str_has_suffix(error->message, message));
        g_assert_true(g_str_has_prefix(error->message, "more than "));
}

static void assert_fits(Slice *slice) {
        g_autofree char *xml = slice_to_xml(slice);
        g_autoptr(Slice) again = read_good(xml);

        g_assert_true(slice_check(slice, NULL));
        g_assert_true(slice_equal(slice, again));
}

static void test_takes_so_many_and_no_more(void) {
        g_autoptr(Slice) slice = slice_new();
        g_autoptr(Slice) functions = NULL, offloads = NULL;

        for (unsigned i = 0; i < SLICE_FUNCTIONS_MAX; i++) {
                g_autofree char *name = g_strdup_printf("f%u", i), *other = NULL;

                (void)add_function(slice, name);
                other = g_strdup_printf("o%u", i);
                if (i < SLICE_OFFLOADS_MAX)
                        (void)add_offload(slice, other);
                if (i < SLICE_KEYS_MAX)
                        g_ptr_array_add(slice->keys, slice_key_new(name, 1));
        }
        assert_fits(slice);

        functions = slice_copy(slice);
        (void)add_function(functions, "more");
        assert_too_many(functions, "function");
        offloads = slice_copy(slice);
        (void)add_offload(offloads, "more");
        assert_too_many(offloads, "offload");
        g_ptr_array_add(slice->keys, slice_key_new("more", 1));
        assert_too_many(slice, "key");
}

/* So many characters, each name another. */
static char *longest_name(char first, unsigned number) {
        return g_strdup_printf("%c%0*u", first, XML_NAME_LENGTH_MAX - 1, number);
}

static void fill_function(SliceFunction *function) {
        function->class_name = longest_name('c', 1);
        function->type = longest_name('t', 1);
        function->pool = longest_name('p', 1);
        function->parent = longest_name('d', 1);
        function->own_group = true;
        function->bytes = SLICE_BYTES_MAX;
        function->min_mbit = function->max_mbit = SLICE_MBIT_MAX;
}

static void fill_lists(Slice *slice) {
        for (unsigned i = 0; i < SLICE_FUNCTIONS_MAX; i++) {
                g_autofree char *name = longest_name('f', i);

                fill_function(add_function(slice, name));
        }
        for (unsigned i = 0; i < SLICE_OFFLOADS_MAX; i++) {
                g_autofree char *name = longest_name('o', i);
                SliceOffload *offload = add_offload(slice, name);

                offload->pool = longest_name('p', i);
                offload->cores = offload->keys = SLICE_COUNT_MAX;
                offload->memory_mib = SLICE_MIB_MAX;
                offload->mbit = SLICE_MBIT_MAX;
        }
        for (unsigned i = 0; i < SLICE_KEYS_MAX; i++) {
                g_autofree char *kind = longest_name('k', i);

                g_ptr_array_add(slice->keys, slice_key_new(kind, SLICE_COUNT_MAX));
        }
}

static Slice *largest(void) {
        Slice *slice = slice_new();

        fill_lists(slice);
        slice->priority = SLICE_BEST_EFFORT;
        slice->together = SLICE_TOGETHER_ROOT_PORT;
        slice->apart = longest_name('a', 1);
        slice->cores = (SliceCores){ SLICE_CORES_MAX, false, 1, SLICE_NODE_MAX };
        slice->memory = (SliceMemory){ SLICE_MEMORY_MAX - 4096, 0, true, SLICE_TIER_LOCAL,
                                       SLICE_NODE_MAX };
        slice->network_min_mbit = slice->network_max_mbit = SLICE_MBIT_MAX;
        slice->block_weight = SLICE_WEIGHT_MAX;
        slice->block_max_bytes = SLICE_BYTES_MAX;
        slice->block_max_iops = SLICE_IOPS_MAX;
        slice->memory_bandwidth = 100;
        slice->cache_ways = SLICE_WAYS_MAX;
        slice->allow = (SliceAllow){ true,     SLICE_CORES_MAX,     SLICE_CORES_MAX,     1u << 30,
                                     1u << 30, SLICE_FUNCTIONS_MAX, SLICE_FUNCTIONS_MAX, 0 };
        return slice;
}

/* Who writes a slice can count on it that it is read. */
static void test_the_largest_slice_is_not_too_large(void) {
        g_autoptr(Slice) slice = largest();
        g_autoptr(Metadata) metadata = metadata_new(), again = NULL;
        g_autofree char *xml = slice_to_xml(slice), *element = NULL;

        assert_fits(slice);
        g_assert_cmpuint(strlen(xml), <, SLICE_XML_MAX);
        metadata->slice = slice_copy(slice);
        element = metadata_to_xml(metadata);
        again = metadata_from_xml(element, strlen(element), NULL);
        g_assert_true(metadata_equal(again, metadata));
}

static void test_a_larger_document_is_not_read(void) {
        g_autofree char *blanks = g_strnfill(SLICE_XML_MAX - strlen("<slice version='1'/>"), ' ');
        g_autofree char *fits = g_strdup_printf("<slice version='1'%s/>", blanks);
        g_autofree char *larger = g_strdup_printf("<slice version='1' %s/>", blanks);
        g_autoptr(GError) error = NULL;

        slice_free(read_good(fits));
        g_assert_null(slice_from_xml(larger, strlen(larger), &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

/* Random slices --------------------------------------------------------------------- */

static bool coin(void) {
        return g_test_rand_int_range(0, 2);
}

static unsigned number(unsigned max) {
        return coin() ? 1 + (unsigned)g_test_rand_int_range(0, (gint32)max) : 0;
}

static uint64_t wide(uint64_t max) {
        return coin() ? 1 + (uint64_t)(g_test_rand_double() * (double)(max - 1)) : 0;
}

static char *random_name(void) {
        static const char letters[] = "abcXYZ019_._+:-";
        char *name;

        if (coin())
                return NULL;

        name = g_strdup_printf("%c", letters[g_test_rand_int_range(0, 10)]);
        while (g_test_rand_int_range(0, 8)) {
                char *longer = g_strdup_printf("%s%c", name, letters[g_test_rand_int_range(0, 15)]);

                g_free(name);
                name = longer;
        }
        return name;
}

static int random_node(void) {
        return g_test_rand_int_range(-1, SLICE_NODE_MAX + 1);
}

static void random_memory(SliceMemory *memory) {
        unsigned order = (unsigned)g_test_rand_int_range(12, 35);

        memory->page_kib = coin() ? UINT64_C(1) << (order - 10) : 0;
        memory->contiguous = coin();
        memory->tier = (SliceTier)g_test_rand_int_range(0, _SLICE_TIER_MAX);
        memory->size = (uint64_t)g_test_rand_int_range(1, 100) << order;
        if (memory->tier == SLICE_TIER_LOCAL && memory->contiguous && memory->page_kib > 0)
                memory->size = memory->page_kib << 10;
        memory->node = random_node();
}

static void random_rates(unsigned *min, unsigned *max) {
        *max = number(SLICE_MBIT_MAX);
        *min = coin() ? *max / 2 : 0;
}

static void random_function(Slice *slice, unsigned i) {
        g_autofree char *name = g_strdup_printf("f%u", i);
        SliceFunction *function = add_function(slice, name);

        function->class_name = random_name();
        function->type = random_name();
        function->pool = random_name();
        function->parent = random_name();
        function->own_group = coin();
        function->lanes = number(SLICE_LANES_MAX);
        function->bytes = function->lanes ? 0 : wide(SLICE_BYTES_MAX);
        random_rates(&function->min_mbit, &function->max_mbit);
}

static void random_offload(Slice *slice, unsigned i) {
        g_autofree char *name = g_strdup_printf("o%u", i);
        SliceOffload *offload = add_offload(slice, name);

        offload->pool = coin() ? g_strdup(name) : NULL;
        offload->cores = 1 + number(SLICE_COUNT_MAX - 1);
        offload->memory_mib = number(SLICE_MIB_MAX);
        offload->mbit = number(SLICE_MBIT_MAX);
        offload->keys = number(SLICE_COUNT_MAX);
}

static void random_lists(Slice *slice) {
        for (unsigned i = 0; coin() && i < SLICE_FUNCTIONS_MAX; i++)
                random_function(slice, i);
        for (unsigned i = 0; coin() && i < SLICE_OFFLOADS_MAX; i++)
                random_offload(slice, i);
        for (unsigned i = 0; coin() && i < SLICE_KEYS_MAX; i++) {
                g_autofree char *kind = g_strdup_printf("k%u", i);

                g_ptr_array_add(slice->keys, slice_key_new(kind, 1 + number(SLICE_COUNT_MAX - 1)));
        }
}

/* Around what the slice has. */
static void random_allow(Slice *slice) {
        SliceAllow *allow = &slice->allow;
        unsigned mib = (unsigned)(slice->memory.size >> 20);

        allow->present = true;
        if (coin()) {
                allow->cores_min = slice->cores.count / 2;
                allow->cores_max = MAX(slice->cores.count, 1);
        }
        if (coin()) {
                allow->memory_min_mib = mib / 2;
                allow->memory_max_mib = mib + 1;
        }
        if (coin()) {
                allow->functions_min = slice->functions->len / 2;
                allow->functions_max = MAX(slice->functions->len, 1);
        }
}

static Slice *random_slice(void) {
        Slice *slice = slice_new();

        slice->priority = (SlicePriority)g_test_rand_int_range(0, _SLICE_PRIORITY_MAX);
        slice->together = (SliceTogether)g_test_rand_int_range(0, _SLICE_TOGETHER_MAX);
        slice->apart = random_name();
        slice->cores.count = number(SLICE_CORES_MAX);
        slice->cores.exclusive = coin();
        slice->cores.node = random_node();
        if (!slice->cores.exclusive)
                slice->cores.share = (unsigned)g_test_rand_int_range(1, SLICE_SHARE_FULL + 1);
        if (coin())
                random_memory(&slice->memory);
        if (slice->together != SLICE_TOGETHER_ANY)
                slice->memory.node = slice->cores.node;
        random_lists(slice);
        random_rates(&slice->network_min_mbit, &slice->network_max_mbit);
        slice->block_weight = coin() ? SLICE_WEIGHT_MIN + number(900) : 0;
        slice->block_max_bytes = wide(SLICE_BYTES_MAX);
        slice->block_max_iops = wide(SLICE_IOPS_MAX);
        slice->memory_bandwidth = number(100);
        slice->cache_ways = number(SLICE_WAYS_MAX);
        if (coin())
                random_allow(slice);
        return slice;
}

static void test_random_slices_come_back_the_same(void) {
        for (int i = 0; i < 5000; i++) {
                g_autoptr(Slice) slice = random_slice(), again = NULL, copy = NULL;
                g_autofree char *xml = slice_to_xml(slice), *rewritten = NULL;
                g_autoptr(GError) error = NULL;

                g_assert_true(slice_check(slice, &error));
                g_assert_no_error(error);
                again = read_good(xml);
                g_assert_true(slice_equal(slice, again));
                rewritten = slice_to_xml(again);
                g_assert_cmpstr(rewritten, ==, xml);
                copy = slice_copy(slice);
                g_assert_true(slice_equal(slice, copy));
        }
}

/* What one refuses, the other does, too: a hand does not get past the reader. */
static void test_random_mistakes_are_seen_by_both(void) {
        unsigned refused = 0;

        for (int i = 0; i < 5000; i++) {
                g_autoptr(Slice) slice = random_slice(), again = NULL;
                g_autofree char *xml = NULL;
                SliceFunction *function = add_function(slice, "nic");

                function->lanes = number(2 * SLICE_LANES_MAX);
                function->bytes = g_test_rand_int_range(0, 4) ? 0 : 1;
                function->min_mbit = number(20);
                function->max_mbit = number(20);
                slice->block_weight = number(2 * SLICE_WEIGHT_MAX);
                slice->memory.size += coin() ? 0 : 1024;
                xml = slice_to_xml(slice);
                again = slice_from_xml(xml, strlen(xml), NULL);
                refused += !again;
                g_assert_true(slice_check(slice, NULL) == (again != NULL));
        }
        g_assert_cmpuint(refused, >, 100);
        g_assert_cmpuint(refused, <, 4900);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/slice-check/every-member-counts-for-equality",
                        test_every_member_counts_for_equality);
        g_test_add_func("/slice-check/a-copy-is-equal-and-lasts-longer",
                        test_a_copy_is_equal_and_lasts_longer);
        g_test_add_func("/slice-check/what-is-not-asked-for-has-no-properties",
                        test_what_is_not_asked_for_has_no_properties);
        g_test_add_func("/slice-check/a-fresh-slice-is-good", test_a_fresh_slice_is_good);
        g_test_add_func("/slice-check/says-which-part-is-wrong", test_says_which_part_is_wrong);
        g_test_add_func("/slice-check/says-which-of-many-is-wrong",
                        test_says_which_of_many_is_wrong);
        g_test_add_func("/slice-check/what-a-guest-is-allowed-holds-what-it-has",
                        test_what_a_guest_is_allowed_holds_what_it_has);
        g_test_add_func("/slice-check/the-minima-of-all-functions-count-together",
                        test_the_minima_of_all_functions_count_together);
        g_test_add_func("/slice-check/takes-so-many-and-no-more", test_takes_so_many_and_no_more);
        g_test_add_func("/slice-check/the-largest-slice-is-not-too-large",
                        test_the_largest_slice_is_not_too_large);
        g_test_add_func("/slice-check/a-larger-document-is-not-read",
                        test_a_larger_document_is_not_read);
        g_test_add_func("/slice-check/random-slices-come-back-the-same",
                        test_random_slices_come_back_the_same);
        g_test_add_func("/slice-check/random-mistakes-are-seen-by-both",
                        test_random_mistakes_are_seen_by_both);

        return g_test_run();
}
