/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/core/defragment-fixture.h"

#include <string.h>

#include "daemon/core/slice-move.h"
#include "xml/ferry-error.h"

#define MIB (UINT64_C(1) << 20)

/* Two nodes with four cores, 128 MiB and two VFs each. */
static void set_up(DefragmentFixture *f, gconstpointer unused) {
        defragment_set_up(f,
                          &(MadeUpHostSize){ .nodes = 2, .cores = 4, .memory_mib = 128, .vfs = 2 });
}

/* Asking ---------------------------------------------------------------------------- */

static Slice *read_wish(const char *content) {
        g_autofree char *xml = g_strdup_printf("<slice version='1' %s</slice>", content);
        g_autoptr(GError) error = NULL;
        Slice *wish = slice_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return wish;
}

/* `content`: attributes, ">" and children. */
static void give(DefragmentFixture *f, const char *name, const char *content) {
        g_autoptr(Slice) wish = read_wish(content);

        g_assert_true(defragment_ask(f, name, wish));
}

static void look_for(DefragmentFixture *f, const char *content) {
        f->goal = read_wish(content);
        defragment_look(f);
}

static char *gains_to_text(const Defragment *result) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < result->gains->len; i++)
                g_string_append_printf(text, "%s\n", (const char *)result->gains->pdata[i]);
        return g_string_free(text, FALSE);
}

static void assert_steps(const DefragmentFixture *f, const char *expected) {
        g_autofree char *text = defragment_steps_to_text(f->result);

        g_assert_cmpstr(text, ==, expected);
}

static void assert_gains(const DefragmentFixture *f, const char *expected) {
        g_autofree char *text = gains_to_text(f->result);

        g_assert_cmpstr(text, ==, expected);
}

/* Bringing together ------------------------------------------------------------------ */

#define ONE_CORE    "><cores count='1' exclusive='yes'/>"
#define TWO_CORES   "><cores count='2' exclusive='yes'/>"
#define THREE_CORES "><cores count='3' exclusive='yes'/>"
#define FOUR_CORES  "><cores count='4' exclusive='yes'/>"

static void test_nothing_to_do(DefragmentFixture *f, gconstpointer unused) {
        defragment_look(f);
        assert_steps(f, "");
        give(f, "db1", "together='node'><cores count='3' exclusive='yes'/>");
        defragment_look(f);
        assert_steps(f, "");
        assert_gains(f, "");
}

/* One core of each node is taken. */
static void scatter(DefragmentFixture *f) {
        give(f, "db1", ONE_CORE);
        give(f, "gone", THREE_CORES);
        give(f, "db2", ONE_CORE);
        defragment_take_away(f, "gone");
}

static void test_cores_come_together(DefragmentFixture *f, gconstpointer unused) {
        scatter(f);
        defragment_look(f);
        assert_steps(f, "Guest db1 moves 1 core from node 0 to node 1\n");
        assert_gains(f, "largest free run: 3 -> 4 cores of node 0\n");
        defragment_carry_out(f);
        defragment_look(f);
        assert_steps(f, "");
}

static void test_costs(DefragmentFixture *f, gconstpointer unused) {
        const DefragmentStep *step;
        const DefragmentMove *move;

        give(f, "db1",
             "together='node'><cores count='1' exclusive='yes'/>"
             "<memory size='32' unit='MiB'/>");
        give(f, "db2", "><cores count='2' exclusive='yes' node='1'/>");
        defragment_look(f);
        assert_steps(f, "Guest db1 moves 1 core from node 0 to node 1, 32 MiB of memory from node "
                        "0 to node 1\n");
        step = f->result->steps->pdata[0];
        g_assert_cmpuint(step->bytes, ==, 32 * MIB);
        g_assert_cmpuint(step->cores, ==, 1);
        g_assert_cmpuint(step->functions, ==, 0);
        g_assert_cmpuint(step->moves->len, ==, 2);
        move = step->moves->pdata[1];
        g_assert_cmpstr(move->part, ==, "memory");
        g_assert_cmpstr(move->from->pdata[0], ==, "memory:0");
        g_assert_cmpstr(move->to->pdata[0], ==, "memory:1");
}

static void test_shared_cores_come_together(DefragmentFixture *f, gconstpointer unused) {
        give(f, "web1", "><cores count='1' share='600' node='0'/>");
        give(f, "gone", "><cores count='3' share='600' node='0'/>");
        give(f, "web2", "><cores count='1' share='600' node='0'/>");
        defragment_take_away(f, "gone");
        defragment_look(f);
        assert_steps(f, "Guest web1 moves 1 core within node 0\n");
        assert_gains(f, "free cores of node 0: 2 -> 3\n");
        defragment_carry_out(f);
}

static void test_wished_node_is_kept(DefragmentFixture *f, gconstpointer unused) {
        give(f, "db1", "><cores count='1' exclusive='yes' node='0'/>");
        give(f, "db2", "><cores count='1' exclusive='yes' node='1'/>");
        defragment_look(f);
        assert_steps(f, "");
}

/* The memory of the other node is taken. */
static void test_cores_stay_near_memory(DefragmentFixture *f, gconstpointer unused) {
        give(f, "big", "><memory size='112' unit='MiB' node='1'/>");
        give(f, "db1", "><cores count='1' exclusive='yes'/><memory size='32' unit='MiB'/>");
        give(f, "db2", "><cores count='2' exclusive='yes' node='1'/>");
        look_for(f, "><cores count='4' exclusive='yes' node='0'/>");
        assert_steps(f, "");
        g_assert_false(f->result->reached);
        g_assert_nonnull(f->result->obstacle);
}

static void test_pinned_memory_stays(DefragmentFixture *f, gconstpointer unused) {
        give(f, "db1",
             "together='node'><cores count='1' exclusive='yes'/>"
             "<memory size='32' unit='MiB'/><function name='nic'/>");
        look_for(f, "><cores count='4' exclusive='yes' node='0'/>");
        assert_steps(f, "");
        f->options.functions = true;
        defragment_look(f);
        assert_steps(f, "");
}

static DefragmentHold hold(void *userdata, const SliceEntry *entry) {
        return *(DefragmentHold *)userdata;
}

static void test_hold(DefragmentFixture *f, gconstpointer unused) {
        DefragmentHold held = DEFRAGMENT_MEMORY_STAYS;

        give(f, "db1", "><memory size='32' unit='MiB'/>");
        f->goal = read_wish("><memory size='128' unit='MiB' node='0'/>");
        f->options.hold = hold;
        f->options.userdata = &held;
        defragment_look(f);
        g_assert_false(f->result->reached);
        held = DEFRAGMENT_MOVABLE;
        defragment_look(f);
        assert_steps(f, "Guest db1 moves 32 MiB of memory from node 0 to node 1\n");
        held = DEFRAGMENT_STAYS;
        defragment_look(f);
        g_assert_false(f->result->reached);
}

static void test_functions(DefragmentFixture *f, gconstpointer unused) {
        give(f, "db1", "><function name='nic' parent='0000:30:00.0'/>");
        give(f, "web1", "><function name='nic'/>");
        give(f, "web2", "><function name='nic' parent='0000:31:00.0'/>");
        defragment_take_away(f, "db1");
        defragment_look(f);
        assert_steps(f, "");
        f->options.functions = true;
        defragment_look(f);
        assert_steps(f, "Guest web1 moves function 'nic' from 0000:30:00.0 to 0000:31:00.0\n");
        assert_gains(f, "most free VFs of one PF: 1 -> 2 of 0000:30:00.0\n");
        defragment_carry_out(f);
}

static void test_offload_stays(DefragmentFixture *f, gconstpointer unused) {
        give(f, "db1", "><offload name='dpu' cores='1'/><cores count='1' exclusive='yes'/>");
        give(f, "gone", THREE_CORES);
        give(f, "db2", ONE_CORE);
        defragment_take_away(f, "gone");
        defragment_look(f);
        defragment_carry_out(f);
        g_assert_cmpuint(slice_grants_sum(slice_book_find(f->book, "db1")->grants,
                                          "offload:dpu0/cores", "dpu"),
                         ==, 1);
}

/* Goals ----------------------------------------------------------------------------- */

static void test_goal_fits_already(DefragmentFixture *f, gconstpointer unused) {
        scatter(f);
        look_for(f, TWO_CORES);
        assert_steps(f, "");
        g_assert_true(f->result->reached);
        g_assert_cmpstr(f->result->obstacle, ==, NULL);
}

static void test_goal_is_reached(DefragmentFixture *f, gconstpointer unused) {
        scatter(f);
        look_for(f, "together='node'" FOUR_CORES);
        assert_steps(f, "Guest db1 moves 1 core from node 0 to node 1\n");
        g_assert_true(f->result->reached);
        defragment_carry_out(f);
        g_assert_true(defragment_ask(f, "goal", f->goal));
        defragment_assert_sound(f);
}

static void test_goal_is_too_much(DefragmentFixture *f, gconstpointer unused) {
        scatter(f);
        give(f, "db3", "><cores count='1' exclusive='yes'/>");
        give(f, "db4", "><cores count='2' exclusive='yes'/>");
        look_for(f, "together='node'" FOUR_CORES);
        assert_steps(f, "");
        g_assert_false(f->result->reached);
        g_assert_false(f->result->gave_up);
        g_assert_nonnull(strstr(f->result->obstacle, "cores"));
}

static void test_goal_of_two_moves(DefragmentFixture *f, gconstpointer unused) {
        give(f, "db1", ONE_CORE);
        give(f, "web1", ONE_CORE);
        give(f, "gone", TWO_CORES);
        give(f, "db2", ONE_CORE);
        give(f, "web2", ONE_CORE);
        defragment_take_away(f, "gone");
        look_for(f, "together='node'" FOUR_CORES);
        g_assert_true(f->result->reached);
        g_assert_cmpuint(f->result->steps->len, ==, 2);
        defragment_carry_out(f);
        g_assert_true(defragment_ask(f, "goal", f->goal));
}

/* The cheaper of two moves. */
static void test_goal_is_cheap(DefragmentFixture *f, gconstpointer unused) {
        give(f, "db1",
             "together='node'><cores count='1' exclusive='yes'/>"
             "<memory size='32' unit='MiB'/>");
        give(f, "gone", THREE_CORES);
        give(f, "db2",
             "together='node'><cores count='1' exclusive='yes'/>"
             "<memory size='16' unit='MiB'/>");
        defragment_take_away(f, "gone");
        look_for(f, "together='node'" FOUR_CORES);
        assert_steps(f, "Guest db2 moves 1 core from node 1 to node 0, 16 MiB of memory from node "
                        "1 to node 0\n");
}

/* That of best effort need not give way then. */
static void test_nobody_gives_way(DefragmentFixture *f, gconstpointer unused) {
        give(f, "cheap", "priority='best-effort'><cores count='1' exclusive='yes'/>");
        give(f, "gone", THREE_CORES);
        give(f, "db2", ONE_CORE);
        defragment_take_away(f, "gone");
        look_for(f, "together='node'" FOUR_CORES);
        assert_steps(f, "Guest cheap moves 1 core from node 0 to node 1\n");
}

static void test_goal_in_place_of_own_slice(DefragmentFixture *f, gconstpointer unused) {
        scatter(f);
        f->options.goal_uuid = "db2";
        look_for(f, "together='node'" FOUR_CORES);
        assert_steps(f, "");
        g_assert_true(f->result->reached);
        g_assert_true(defragment_ask(f, "db2", f->goal));
}

static void test_goal_grows(DefragmentFixture *f, gconstpointer unused) {
        give(f, "mine", "together='node'" THREE_CORES);
        give(f, "web", ONE_CORE);
        f->options.goal_uuid = "mine";
        look_for(f, "together='node'><cores count='4' exclusive='yes' node='0'/>");
        assert_steps(f, "Guest web moves 1 core from node 0 to node 1\n");
        defragment_carry_out(f);
        g_assert_true(defragment_ask(f, "mine", f->goal));
        defragment_assert_sound(f);
}

/* Moving in the book ------------------------------------------------------------------ */

static void test_move_that_has_no_room(DefragmentFixture *f, gconstpointer unused) {
        g_autofree char *before = NULL, *after = NULL;
        const DefragmentStep *step;
        g_autoptr(GError) error = NULL;

        scatter(f);
        defragment_look(f);
        give(f, "late", "><cores count='3' exclusive='yes' node='1'/>");
        before = made_up_host_dump_stored(f->store);
        step = f->result->steps->pdata[0];
        g_assert_false(slice_book_move(f->book, step->domain_uuid, step->grants, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE);
        g_assert_cmpstr(error->message, ==,
                        "There is no room any more where the hardware slice of guest db1 was to "
                        "go: look for moves again");
        after = made_up_host_dump_stored(f->store);
        g_assert_cmpstr(before, ==, after);
        defragment_assert_sound(f);
}

static void test_move_of_nobody(DefragmentFixture *f, gconstpointer unused) {
        g_autoptr(GPtrArray) grants = slice_grants_new();
        g_autoptr(GError) error = NULL;

        g_assert_false(slice_book_move(f->book, "nobody", grants, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
}

static void test_move_is_to_be_enforced(DefragmentFixture *f, gconstpointer unused) {
        g_autofree char *stored = NULL, *has = NULL;
        g_autoptr(GPtrArray) entries = NULL;

        scatter(f);
        g_assert_true(slice_book_enter(f->book, "db1", SLICE_ENFORCED, NULL));
        defragment_look(f);
        defragment_carry_out(f);
        g_assert_cmpint(slice_book_find(f->book, "db1")->state, ==, SLICE_PROMISED);
        stored = made_up_host_dump_stored(f->store);
        entries = slice_book_list(f->book);
        has = made_up_host_dump(entries);
        g_assert_cmpstr(stored, ==, has);
}

#define ADD(name, function)                                                        \
        g_test_add("/defragment/" name, DefragmentFixture, NULL, set_up, function, \
                   defragment_tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("what is in one piece stays", test_nothing_to_do);
        ADD("free cores come together", test_cores_come_together);
        ADD("a step says what moves and what it costs", test_costs);
        ADD("shared cores come together", test_shared_cores_come_together);
        ADD("a node that is asked for is kept", test_wished_node_is_kept);
        ADD("cores stay where the memory is", test_cores_stay_near_memory);
        ADD("memory of a slice with functions stays", test_pinned_memory_stays);
        ADD("what is held stays", test_hold);
        ADD("functions move only when they may be replugged", test_functions);
        ADD("what is of an offload device stays", test_offload_stays);
        ADD("a goal that fits needs no move", test_goal_fits_already);
        ADD("a goal is reached", test_goal_is_reached);
        ADD("a goal that is too much has an obstacle", test_goal_is_too_much);
        ADD("a goal may need two moves", test_goal_of_two_moves);
        ADD("of the moves that reach a goal the cheapest is taken", test_goal_is_cheap);
        ADD("best effort moves and need not give way", test_nobody_gives_way);
        ADD("the slice that grows is not in its own way", test_goal_in_place_of_own_slice);
        ADD("a slice grows when another moves", test_goal_grows);
        ADD("a move without room changes nothing", test_move_that_has_no_room);
        ADD("who has no slice does not move", test_move_of_nobody);
        ADD("what has moved is stored, and to be enforced", test_move_is_to_be_enforced);
        return g_test_run();
}
