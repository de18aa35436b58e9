/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/tuning.h"
#include "daemon/slices-parts.h"
#include "tests/unit/daemon/manager-fixture.h"

/* A slice is taken away from a guest that runs, by a daemon that is killed
 * between any two things that it does. The guest is the one that libvirt has:
 * what was written into its metadata, and which CPUs its one vCPU runs on.
 */

typedef struct Task {
        GuestFinder finder; /* NULL: it is none */
        void *asker;
        char *metadata; /* NULL likewise */
        char *pin;      /* of a tune(); NULL: it is none, "" leaves it */
} Task;

typedef struct Test {
        Fixture f;
        GQueue reads, writes; /* Task: libvirt reads and writes in threads of their own */
        char *metadata, *pin;
        bool stubborn; /* its metadata cannot be written */
        bool quick;    /* they are written before it is read again */
} Test;

static void task_free(Task *task) {
        g_free(task->metadata);
        g_free(task->pin);
        g_free(task);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Task, task_free)

static void on_find(void *userdata, const char *domain, GuestFinder finder, void *asker) {
        Task *task = g_new0(Task, 1);

        task->finder = finder;
        task->asker = asker;
        g_queue_push_tail(&((Test *)userdata)->reads, task);
}

static void on_set_metadata(void *userdata, const char *uuid, const char *xml) {
        Task *task = g_new0(Task, 1);

        task->metadata = g_strdup(xml);
        g_queue_push_tail(&((Test *)userdata)->writes, task);
}

static void on_tune(void *userdata, const char *uuid, const GPtrArray *steps) {
        Task *task = g_new0(Task, 1);

        task->pin = g_strdup("");
        for (guint i = 0; i < steps->len; i++) {
                const Tuning *wanted = ((const TuningStep *)steps->pdata[i])->wanted;

                if (wanted->kind == TUNE_VCPU_PIN) {
                        g_free(task->pin);
                        task->pin = g_strdup(wanted->set);
                }
        }
        g_queue_push_tail(&((Test *)userdata)->writes, task);
}

static char *guest_now(const Test *t) {
        return g_strdup_printf("<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid>"
                               "<metadata>%s</metadata><vcpu>1</vcpu><cputune>"
                               "<vcpupin vcpu='0' cpuset='%s'/><emulatorpin cpuset='%s'/>"
                               "</cputune><devices/></domain>",
                               t->metadata, t->pin, t->pin);
}

static void answer(const Test *t, const Task *task) {
        g_autofree char *xml = guest_now(t);

        task->finder(task->asker, &(GuestEvent){ .kind = GUEST_FOUND,
                                                 .uuid = (char *)GUEST_UUID,
                                                 .name = (char *)"g1",
                                                 .xml = xml,
                                                 .running = true });
}

static void connect_libvirt(Test *t) {
        g_autofree char *xml = guest_now(t);

        fixture_connect(&t->f);
        t->f.virt.find = on_find;
        t->f.virt.set_metadata = on_set_metadata;
        t->f.virt.tune = on_tune;
        t->f.virt.userdata = t;
        send_event(&t->f, GUEST_RUNNING, GUEST_UUID, xml);
        send_list(&t->f, GUEST_UUID);
}

static void set_up(Test *t, gconstpointer config) {
        fixture_use_file(&t->f);
        fixture_set_up(&t->f, config);
        fake_root_put(t->f.root, "sys/devices/system/cpu/online", "0-3\n", -1);
        g_queue_init(&t->reads);
        g_queue_init(&t->writes);
        t->metadata = g_strdup("");
        t->pin = g_strdup("0-3");
        connect_libvirt(t);
}

static void forget_tasks(Test *t) {
        Task *task;

        while ((task = g_queue_pop_head(&t->writes)))
                task_free(task);
        while ((task = g_queue_pop_head(&t->reads))) {
                task->finder(task->asker, &(GuestEvent){ .kind = GUEST_FOUND });
                task_free(task);
        }
}

static void tear_down(Test *t, gconstpointer config) {
        forget_tasks(t);
        fixture_tear_down(&t->f, config);
        g_free(t->metadata);
        g_free(t->pin);
}

/* One thing after the other ------------------------------------------------------------- */

/* As libvirt does. */
static char *add_namespace(const char *metadata) {
        g_assert_true(g_str_has_prefix(metadata, "<domain "));
        return g_strconcat("<domain xmlns='urn:virtferry:domain:1' ", metadata + strlen("<domain "),
                           NULL);
}

static bool write_one(Test *t) {
        g_autoptr(Task) task = g_queue_pop_head(&t->writes);

        if (!task)
                return false;

        if (task->metadata && !t->stubborn) {
                g_free(t->metadata);
                t->metadata = add_namespace(task->metadata);
        } else if (task->pin) {
                if (*task->pin) {
                        g_free(t->pin);
                        t->pin = g_steal_pointer(&task->pin);
                }
                tell_guest(&t->f, GUEST_TUNED, NULL, NULL);
        }
        return true;
}

static bool read_one(Test *t) {
        g_autoptr(Task) task = g_queue_pop_head(&t->reads);

        if (task)
                answer(t, task);
        return task != NULL;
}

static bool look_later(Test *t) {
        int64_t next = slices_next_time(t->f.manager->slices), now = t->f.manager->now();

        if (next == 0)
                return false;

        fixture_pass_time(MAX(next - now, 0));
        manager_on_time(t->f.manager);
        return true;
}

/* The daemon may be killed after each; false: there is nothing left to do. */
static bool go_on(Test *t) {
        Slices *slices = t->f.manager->slices;

        if (slices->pending->len > 0) {
                slices_write(slices);
                return true;
        }
        if (slices_is_pending(slices)) {
                slices_find_lacks(slices);
                slices_carry_out(slices);
                return true;
        }
        return (t->quick && write_one(t)) || read_one(t) || write_one(t) || look_later(t);
}

static void finish(Test *t) {
        for (unsigned n = 0; go_on(t); n++)
                g_assert_cmpuint(n, <, 200);
}

static void be_killed(Test *t) {
        forget_tasks(t);
        fixture_restart(&t->f);
        connect_libvirt(t);
}

/* The slice ------------------------------------------------------------------------------ */

static SliceBook *book(Test *t) {
        return slices_book(t->f.manager->slices);
}

static void give(Test *t, unsigned cores) {
        g_autoptr(Slice) wish = slice_new();

        wish->cores.count = cores;
        wish->cores.exclusive = true;
        slices_allocate(t->f.manager->slices, GUEST_UUID, "g1", wish, NULL, NULL);
}

static void take_away(Test *t) {
        slices_deallocate(t->f.manager->slices, GUEST_UUID, NULL, NULL);
}

static void give_and_finish(Test *t) {
        give(t, 1);
        finish(t);
        g_assert_cmpint(slice_book_find(book(t), GUEST_UUID)->state, ==, SLICE_ENFORCED);
        g_assert_nonnull(strstr(t->metadata, "cores"));
        g_assert_cmpuint(strlen(t->pin), ==, 1);
}

static void assert_nothing_is_left(Test *t) {
        g_autoptr(GPtrArray) stored = store_load_slices(t->f.manager->store, NULL);

        g_assert_null(strstr(t->metadata, "cores"));
        g_assert_cmpstr(t->pin, ==, "0-3");
        g_assert_cmpuint(stored->len, ==, 0);
        g_assert_null(slice_book_find(book(t), GUEST_UUID));
        g_assert_null(slice_book_find_releasing(book(t), GUEST_UUID));
}

/* Others may have its core at once. */
static void test_what_was_taken_away_is_taken_from_the_guest(Test *t, gconstpointer unused) {
        give_and_finish(t);
        take_away(t);
        slices_flush(t->f.manager->slices);
        g_assert_null(slice_book_find(book(t), GUEST_UUID));
        g_assert_nonnull(slice_book_find_releasing(book(t), GUEST_UUID));
        g_assert_cmpuint(capacity_granted(slice_book_capacity(book(t)), "core:0"), ==, 0);
        finish(t);
        assert_nothing_is_left(t);
}

/* After 0, 1, 2 ... of the things that it does. */
static void test_a_daemon_that_is_killed_goes_on_taking_it_away(Test *t, gconstpointer unused) {
        bool all = false;
        unsigned n;

        for (n = 0; !all; n++) {
                give_and_finish(t);
                take_away(t);
                slices_write(t->f.manager->slices);
                for (unsigned i = 0; i < n && !all; i++)
                        all = !go_on(t);
                be_killed(t);
                finish(t);
                assert_nothing_is_left(t);
        }
        g_assert_cmpuint(n, >, 6);
}

/* And once more after each thing that it does then. */
static void test_a_daemon_may_be_killed_twice(Test *t, gconstpointer unused) {
        for (unsigned n = 0; n < 50; n++) {
                give_and_finish(t);
                take_away(t);
                slices_write(t->f.manager->slices);
                for (unsigned i = 0; i < n % 10; i++)
                        (void)go_on(t);
                be_killed(t);
                for (unsigned i = 0; i < n / 10; i++)
                        (void)go_on(t);
                be_killed(t);
                finish(t);
                assert_nothing_is_left(t);
        }
}

static void test_metadata_that_cannot_be_written_are_tried_again(Test *t, gconstpointer unused) {
        give_and_finish(t);
        take_away(t);
        t->stubborn = true;
        for (unsigned i = 0; i < 40; i++)
                g_assert_true(go_on(t));
        g_assert_nonnull(slice_book_find_releasing(book(t), GUEST_UUID));
        g_assert_cmpstr(t->pin, ==, "0-3");

        t->stubborn = false;
        finish(t);
        assert_nothing_is_left(t);
}

/* The last write, by which it is forgotten. */
static void test_a_store_that_fails_is_tried_again(Test *t, gconstpointer unused) {
        Slices *slices = t->f.manager->slices;

        give_and_finish(t);
        take_away(t);
        slices_write(slices);
        while (slices->pending->len == 0)
                g_assert_true(go_on(t));

        store_fail_write(t->f.manager->store, 0);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*" GUEST_UUID "*");
        slices_write(slices);
        g_test_assert_expected_messages();
        g_assert_nonnull(slice_book_find_releasing(book(t), GUEST_UUID));
        finish(t);
        assert_nothing_is_left(t);
}

static void test_a_guest_that_gets_another_keeps_that(Test *t, gconstpointer unused) {
        const SliceEntry *entry;

        t->quick = true;
        for (unsigned n = 0; n < 12; n++) {
                give_and_finish(t);
                take_away(t);
                slices_write(t->f.manager->slices);
                for (unsigned i = 0; i < n; i++)
                        (void)go_on(t);
                give(t, 1);
                slices_write(t->f.manager->slices);
                if (n % 2)
                        be_killed(t);
                finish(t);
                entry = slice_book_find(book(t), GUEST_UUID);
                g_assert_nonnull(entry);
                g_assert_cmpint(entry->state, ==, SLICE_ENFORCED);
                g_assert_null(slice_book_find_releasing(book(t), GUEST_UUID));
                g_assert_nonnull(strstr(t->metadata, "cores"));
                g_assert_cmpuint(strlen(t->pin), ==, 1);
        }
}

/* Its cores, and it gets something else instead. */
static void take_cores_away(Test *t) {
        g_autoptr(Slice) wish = slice_new();

        wish->block_weight = 500;
        slices_allocate(t->f.manager->slices, GUEST_UUID, "g1", wish, NULL, NULL);
        slices_write(t->f.manager->slices);
}

static void test_a_part_that_was_taken_away_is_taken_from_the_guest(Test *t, gconstpointer unused) {
        const SliceEntry *entry;
        bool all = false;
        unsigned n;

        for (n = 0; !all; n++) {
                give_and_finish(t);
                take_cores_away(t);
                for (unsigned i = 0; i < n && !all; i++)
                        all = !go_on(t);
                be_killed(t);
                finish(t);
                entry = slice_book_find(book(t), GUEST_UUID);
                g_assert_cmpint(entry->state, ==, SLICE_ENFORCED);
                g_assert_null(entry->had);
                g_assert_cmpstr(t->pin, ==, "0-3");
        }
        g_assert_cmpuint(n, >, 5);
}

/* Its next life begins as its own definition says. */
static void test_what_a_guest_had_ends_with_it(Test *t, gconstpointer unused) {
        give_and_finish(t);
        take_cores_away(t);
        g_assert_nonnull(slice_book_find(book(t), GUEST_UUID)->had);
        tell_guest(&t->f, GUEST_STOPPED, NULL, "destroyed");
        slices_flush(t->f.manager->slices);
        g_assert_null(slice_book_find(book(t), GUEST_UUID)->had);
}

static bool is_tuned_next(const Test *t) {
        const Task *task = g_queue_peek_tail((GQueue *)&t->writes);

        return task && task->pin;
}

/* In one batch with the end of what was carried out before, or stored before it. */
static void test_what_is_asked_meanwhile_is_carried_out_too(Test *t, gconstpointer stored) {
        g_autoptr(Slice) wish = slice_new();

        give(t, 1);
        while (!is_tuned_next(t))
                g_assert_true(go_on(t));
        wish->block_weight = 500;
        slices_allocate(t->f.manager->slices, GUEST_UUID, "g1", wish, NULL, NULL);
        if (stored)
                slices_write(t->f.manager->slices);
        while (write_one(t))
                ;
        if (stored) {
                slices_write(t->f.manager->slices); /* what has come of the first */
                be_killed(t);
        }
        finish(t);
        g_assert_cmpint(slice_book_find(book(t), GUEST_UUID)->state, ==, SLICE_ENFORCED);
        g_assert_cmpstr(t->pin, ==, "0-3");
}

/* What it has then is of its next life. */
static void test_a_guest_that_ends_meanwhile_has_nothing_to_lose(Test *t, gconstpointer unseen) {
        give_and_finish(t);
        take_away(t);
        slices_flush(t->f.manager->slices);
        if (!unseen) {
                tell_guest(&t->f, GUEST_STOPPED, NULL, "destroyed");
        } else {
                forget_tasks(t);
                fixture_restart(&t->f);
                send_list(&t->f, NULL);
        }
        slices_flush(t->f.manager->slices);
        g_assert_null(slice_book_find_releasing(book(t), GUEST_UUID));
}

/* It may run, for all that is known before libvirt has told. */
static void test_what_is_taken_away_before_libvirt_is_known(Test *t, gconstpointer unused) {
        give_and_finish(t);
        forget_tasks(t);
        fixture_restart(&t->f);
        take_away(t);
        slices_flush(t->f.manager->slices);
        connect_libvirt(t);
        finish(t);
        assert_nothing_is_left(t);
}

#define ADD(name, data, function) \
        g_test_add("/slice-release/" name, Test, data, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("what was taken away is taken from the guest", NULL,
            test_what_was_taken_away_is_taken_from_the_guest);
        ADD("a daemon that is killed goes on taking it away", NULL,
            test_a_daemon_that_is_killed_goes_on_taking_it_away);
        ADD("a daemon may be killed twice", NULL, test_a_daemon_may_be_killed_twice);
        ADD("metadata that cannot be written are tried again", NULL,
            test_metadata_that_cannot_be_written_are_tried_again);
        ADD("a store that fails is tried again", NULL, test_a_store_that_fails_is_tried_again);
        ADD("a guest that gets another keeps that", NULL,
            test_a_guest_that_gets_another_keeps_that);
        ADD("a part that was taken away is taken from the guest", NULL,
            test_a_part_that_was_taken_away_is_taken_from_the_guest);
        ADD("what a guest had ends with it", NULL, test_what_a_guest_had_ends_with_it);
        ADD("what is asked meanwhile is carried out, too", NULL,
            test_what_is_asked_meanwhile_is_carried_out_too);
        ADD("what was stored meanwhile is carried out, too", "",
            test_what_is_asked_meanwhile_is_carried_out_too);
        ADD("a guest that ends meanwhile has nothing to lose", NULL,
            test_a_guest_that_ends_meanwhile_has_nothing_to_lose);
        ADD("a guest that ended meanwhile, unseen, has nothing to lose", "",
            test_a_guest_that_ends_meanwhile_has_nothing_to_lose);
        ADD("what is taken away before libvirt is known is taken from the guest", NULL,
            test_what_is_taken_away_before_libvirt_is_known);
        return g_test_run();
}
