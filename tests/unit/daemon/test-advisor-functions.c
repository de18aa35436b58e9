/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A guest whose slice has an mdev of mtty, of which an exporter tells how busy it is. */

#include <string.h>

#include "daemon/slices-parts.h"
#include "tests/unit/daemon/slices-fixture.h"

#define GPU(mdev)                                                                             \
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='" mdev \
        "'/></source><alias name='ua-ferry-gpu'/></hostdev>"

/* g1 has an mdev of this type, that was plugged in for its slice. */
static void begin_with_mdev(SlicesFixture *s, const char *type, double busy) {
        g_autofree char *function = NULL;

        fake_root_add_mdev(s->f.root, "mtty", type, HERE_MDEV);
        g_assert_cmpint(inventory_scan(s->f.manager->inventory), ==, 0);
        slices_on_host_changed(s->f.manager->slices);
        run_with(s, 0, ROOMY, GPU(HERE_MDEV), "");
        function = g_strdup_printf("<function name='gpu' class='mdev' type='%s'/>", type);
        give(s, 0, function);
        s->busy = busy;
}

static const AdvisorDraft *assert_type_advice(const SlicesFixture *s, const char *kind,
                                              const char *reason, const char *type,
                                              const char *parent) {
        g_autofree char *ask = g_strdup_printf("virt-ferry slice add g1 functions 0 'name=gpu' "
                                               "'type=%s'",
                                               type);
        g_autofree char *move = g_strdup_printf("virt-ferry move g1 ua-ferry-gpu %s/%s", parent,
                                                type);
        const AdvisorDraft *draft;

        g_assert_cmpuint(advised(s)->len, ==, 1);
        draft = ((const AdvisorEntry *)advised(s)->pdata[0])->draft;
        g_assert_cmpstr(draft->kind, ==, kind);
        g_assert_cmpstr(draft->reason, ==, reason);
        g_assert_cmpstr(draft->target, ==, "function:gpu");
        g_assert_cmpuint(draft->commands->len, ==, 2);
        g_assert_cmpstr(draft->commands->pdata[0], ==, ask);
        g_assert_cmpstr(draft->commands->pdata[1], ==, move);
        g_assert_false(draft->act); /* the guest is without it for a moment */
        return draft;
}

static void test_a_busy_function_should_be_of_a_larger_type(SlicesFixture *s,
                                                            gconstpointer unused) {
        const AdvisorDraft *draft;

        begin_with_mdev(s, "mtty-1", 0.9);
        let_pass(s, 2 * HOUR);
        draft = assert_type_advice(s, "grow", "rises", "mtty-2", "mtty");
        g_assert_true(g_str_has_prefix(draft->sentence,
                                       "g1 should have mtty-2 instead of mtty-1 for its function "
                                       "gpu, before it needs that: it used up to 90% of it in the "
                                       "last hour, and may use more in the next one, up to "));
        g_assert_true(g_str_has_suffix(draft->sentence,
                                       "; while they are exchanged it is without the function"));
        g_assert_cmpfloat(value_of(draft, "has"), ==, 1);
        g_assert_cmpfloat_with_epsilon(value_of(draft, "gets"), 2.18, 0.01); /* 24 of 11 */
}

static void test_a_function_that_works_all_the_time_saturates(SlicesFixture *s,
                                                              gconstpointer unused) {
        const AdvisorDraft *draft;

        begin_with_mdev(s, "mtty-1", 1);
        let_pass(s, 2 * HOUR);
        draft = assert_type_advice(s, "grow", "saturates", "mtty-2", "mtty");
        g_assert_nonnull(strstr(draft->sentence, "can be seen: it used up to 100% of it; while"));
}

static void test_a_function_that_idles_should_be_of_a_smaller_type(SlicesFixture *s,
                                                                   gconstpointer unused) {
        const AdvisorDraft *draft;

        begin_with_mdev(s, "mtty-2", 0.1);
        let_pass(s, 26 * HOUR);
        draft = assert_type_advice(s, "shrink", "idles", "mtty-1", "mtty");
        g_assert_nonnull(strstr(draft->sentence, "and others can have the rest then: it used no "
                                                 "more than 10% of it in the last day"));
}

static void test_not_even_mode_act_takes_a_function_from_a_guest(SlicesFixture *s,
                                                                 gconstpointer config) {
        begin_with_mdev(s, "mtty-1", 0.9);
        let_pass(s, 2 * HOUR);
        (void)assert_type_advice(s, "grow", "rises", "mtty-2", "mtty");
}

static void test_there_is_none_larger_than_the_largest(SlicesFixture *s, gconstpointer unused) {
        begin_with_mdev(s, "mtty-2", 1);
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

static void test_of_a_function_of_which_nobody_tells_nothing_is_said(SlicesFixture *s,
                                                                     gconstpointer unused) {
        begin_with_mdev(s, "mtty-1", -1);
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

/* There the slice does not know which of the guest's devices it is, while they are exchanged. */
static void test_a_function_of_the_definition_stays(SlicesFixture *s, gconstpointer unused) {
        begin_with_mdev(s, "mtty-1", 0.9);
        run_with(s, 0, ROOMY,
                 "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address "
                 "uuid='" HERE_MDEV "'/></source></hostdev>",
                 "");
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

/* Two cards, of which the first has room for two small ones or a large one. */
static void begin_on_card(SlicesFixture *s, const char *more) {
        static const FakeMdevType types[] = {
                { .id = "gpu-1", .name = "Half", .cost = 1 },
                { .id = "gpu-2", .name = "Whole", .cost = 2 },
                { 0 },
        };
        g_autofree char *function = NULL;

        fake_root_add_mdev_parent(s->f.root, "gpu0", "gpu", 2, types);
        fake_root_add_mdev_parent(s->f.root, "gpu1", "gpu", 4, types);
        fake_root_add_mdev(s->f.root, "gpu0", "gpu-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(s->f.manager->inventory), ==, 0);
        slices_on_host_changed(s->f.manager->slices);
        run_with(s, 0, ROOMY, GPU(HERE_MDEV), "");
        function = g_strdup_printf("<function name='gpu' class='mdev' type='gpu-1' %s/>", more);
        give(s, 0, function);
        s->busy = 0.9;
}

/* The two are there together for a moment. */
static void test_what_cannot_be_made_beside_is_not_advised(SlicesFixture *s, gconstpointer unused) {
        begin_on_card(s, "parent='gpu0'");
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

static void test_another_card_may_have_room_for_both(SlicesFixture *s, gconstpointer unused) {
        begin_on_card(s, "");
        let_pass(s, 2 * HOUR);
        (void)assert_type_advice(s, "grow", "rises", "gpu-2", "gpu1");
}

static const char *type_of(const SlicesFixture *s) {
        const SliceEntry *entry = slice_book_find(slices_book(s->f.manager->slices), GUEST_UUID);

        return slice_find_function(entry->wish, "gpu")->type;
}

static void test_a_slice_whose_exchange_fails_has_its_old_type(SlicesFixture *s,
                                                               gconstpointer unused) {
        begin_with_mdev(s, "mtty-1", 0.9);
        let_pass(s, 2 * HOUR);
        assert_type_advice(s, "grow", "rises", "mtty-2", "mtty");
        end_all_questions();
        begin_apply(s);
        slices_flush(s->f.manager->slices);
        g_assert_cmpstr(type_of(s), ==, "mtty-2");
        g_assert_cmpstr(s->answer, ==, NULL);
        answer_last("");
        slices_flush(s->f.manager->slices);
        g_assert_nonnull(strstr(s->answer, "has no passthrough device and no interface "
                                           "'ua-ferry-gpu'"));
        g_assert_cmpstr(type_of(s), ==, "mtty-1");
}

static void test_a_function_is_exchanged_when_its_slice_has_room(SlicesFixture *s,
                                                                 gconstpointer unused) {
        begin_with_mdev(s, "mtty-1", 0.9);
        let_pass(s, 2 * HOUR);
        assert_type_advice(s, "grow", "rises", "mtty-2", "mtty");
        end_all_questions();
        g_string_truncate(s->f.asked, 0);
        begin_apply(s);
        slices_flush(s->f.manager->slices);
        answer_last(GPU(HERE_MDEV));
        g_assert_cmpstr(s->answer, ==, NULL);
        g_assert_nonnull(strstr(s->f.asked->str, "unplug " GUEST_UUID " " HERE_MDEV));
}

#define ADD_CONFIGURED(name, config, function)                                                 \
        g_test_add("/advisor-functions/" name, SlicesFixture, config, slices_set_up, function, \
                   slices_tear_down)
#define ADD(name, function) ADD_CONFIGURED(name, NULL, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a busy function should be of a larger type",
            test_a_busy_function_should_be_of_a_larger_type);
        ADD("a function that works all the time saturates",
            test_a_function_that_works_all_the_time_saturates);
        ADD("a function that idles should be of a smaller type",
            test_a_function_that_idles_should_be_of_a_smaller_type);
        ADD_CONFIGURED("not even Mode=act takes a function from a guest", "[Policy]\nMode=act\n",
                       test_not_even_mode_act_takes_a_function_from_a_guest);
        ADD("there is none larger than the largest", test_there_is_none_larger_than_the_largest);
        ADD("of a function of which nobody tells nothing is said",
            test_of_a_function_of_which_nobody_tells_nothing_is_said);
        ADD("a function of the definition stays", test_a_function_of_the_definition_stays);
        ADD("what cannot be made beside is not advised",
            test_what_cannot_be_made_beside_is_not_advised);
        ADD("another card may have room for both", test_another_card_may_have_room_for_both);
        ADD("a slice whose exchange fails has its old type",
            test_a_slice_whose_exchange_fails_has_its_old_type);
        ADD("a function is exchanged when its slice has room",
            test_a_function_is_exchanged_when_its_slice_has_room);

        return g_test_run();
}
