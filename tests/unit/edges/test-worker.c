/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/worker.h"

#include <semaphore.h>
#include <stdbool.h>

/* What tasks have done, in their order. The worker's until it has ended. */
typedef struct Log {
        GString *text;
        sem_t done; /* counts tasks */
} Log;

typedef struct Fixture {
        Log log;
        Worker *worker;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->log.text = g_string_new(NULL);
        g_assert_cmpint(sem_init(&f->log.done, 0, 0), ==, 0);
        f->worker = worker_new("test", &f->log);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        worker_free(f->worker);
        (void)sem_destroy(&f->log.done);
        (void)g_string_free(f->log.text, true);
}

static void task_note(void *userdata, void *word) {
        Log *log = userdata;

        g_string_append(log->text, word);
        (void)sem_post(&log->done);
}

static void wait_for(Fixture *f, unsigned tasks) {
        while (tasks-- > 0)
                g_assert_cmpint(sem_wait(&f->log.done), ==, 0);
}

static void test_tasks_run_in_the_order_they_were_pushed(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) expected = g_string_new(NULL);

        for (int i = 0; i < 1000; i++) {
                char *word = g_strdup_printf("%i ", i);

                g_string_append(expected, word);
                worker_push(f->worker, task_note, word, g_free);
        }

        wait_for(f, 1000);
        worker_stop(f->worker);
        g_assert_cmpstr(f->log.text->str, ==, expected->str);
}

static void test_a_delay_lets_others_go_first(Fixture *f, gconstpointer unused) {
        worker_push_after(f->worker, 60 * 1000, task_note, g_strdup("late"), g_free);
        worker_push_after(f->worker, 30 * 1000, task_note, g_strdup("later "), g_free);
        worker_push(f->worker, task_note, g_strdup("now "), g_free);

        wait_for(f, 3);
        worker_stop(f->worker);
        g_assert_cmpstr(f->log.text->str, ==, "now later late");
}

static void task_push_another(void *userdata, void *worker) {
        worker_push(worker, task_note, g_strdup("another"), g_free);
}

static void test_a_task_may_push_another(Fixture *f, gconstpointer unused) {
        worker_push(f->worker, task_push_another, f->worker, NULL);
        wait_for(f, 1);
        worker_stop(f->worker);
        g_assert_cmpstr(f->log.text->str, ==, "another");
}

static unsigned freed;

static void count_and_free(void *word) {
        freed++;
        g_free(word);
}

static void test_what_did_not_begin_is_dropped_and_freed(Fixture *f, gconstpointer unused) {
        worker_push_after(f->worker, 60 * G_USEC_PER_SEC, task_note, g_strdup("never"),
                          count_and_free);
        worker_stop(f->worker);
        worker_push(f->worker, task_note, g_strdup("too late"), count_and_free);
        g_assert_cmpstr(f->log.text->str, ==, "");

        g_clear_pointer(&f->worker, worker_free);
        g_assert_cmpuint(freed, ==, 2);
}

static void *push_many(void *data) {
        for (int i = 0; i < 500; i++)
                worker_push(data, task_note, g_strdup("x"), g_free);
        return NULL;
}

static void test_many_threads_push_at_once(Fixture *f, gconstpointer unused) {
        GThread *threads[4];

        for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
                threads[i] = g_thread_new("push", push_many, f->worker);
        for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
                (void)g_thread_join(threads[i]);

        wait_for(f, 2000);
        worker_stop(f->worker);
        g_assert_cmpuint(f->log.text->len, ==, 2000);
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add("/worker/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("tasks run in the order they were pushed",
            test_tasks_run_in_the_order_they_were_pushed);
        ADD("a delay lets others go first", test_a_delay_lets_others_go_first);
        ADD("a task may push another", test_a_task_may_push_another);
        ADD("what did not begin is dropped and freed",
            test_what_did_not_begin_is_dropped_and_freed);
        ADD("many threads push at once", test_many_threads_push_at_once);
        return g_test_run();
}
