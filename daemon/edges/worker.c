/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

typedef struct Job {
        int64_t due; /* CLOCK_MONOTONIC, microseconds */
        WorkerTask task;
        void *argument;
        GDestroyNotify free_argument;
} Job;

struct Worker {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        GQueue jobs; /* by due time; under the lock */
        bool stopping;
        void *userdata; /* the thread's */
};

static void job_free(void *data) {
        Job *job = data;

        if (job->free_argument)
                job->free_argument(job->argument);
        g_free(job);
}

/* Never 0: a task goes behind those of the same time. */
static int job_compare(const void *queued, const void *new, void *unused) {
        return ((const Job *)queued)->due <= ((const Job *)new)->due ? -1 : 1;
}

static void wait_until(Worker *worker, int64_t due) {
        struct timespec when = {
                .tv_sec = due / G_USEC_PER_SEC,
                .tv_nsec = due % G_USEC_PER_SEC * 1000,
        };

        (void)pthread_cond_timedwait(&worker->changed, &worker->lock, &when);
}

/* NULL when the worker is to stop. */
static Job *next_job(Worker *worker) {
        Job *job = NULL;

        pthread_mutex_lock(&worker->lock);
        while (!worker->stopping && !job) {
                Job *first = g_queue_peek_head(&worker->jobs);

                if (!first)
                        (void)pthread_cond_wait(&worker->changed, &worker->lock);
                else if (first->due > g_get_monotonic_time())
                        wait_until(worker, first->due);
                else
                        job = g_queue_pop_head(&worker->jobs);
        }
        pthread_mutex_unlock(&worker->lock);

        return job;
}

static void *run(void *data) {
        Worker *worker = data;
        Job *job;

        while ((job = next_job(worker))) {
                job->task(worker->userdata, job->argument);
                job_free(job);
        }

        return NULL;
}

Worker *worker_new(const char *name, void *userdata) {
        Worker *worker = g_new0(Worker, 1);
        pthread_condattr_t clock;

        worker->userdata = userdata;
        g_queue_init(&worker->jobs);
        pthread_mutex_init(&worker->lock, NULL);

        pthread_condattr_init(&clock);
        pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
        pthread_cond_init(&worker->changed, &clock);
        pthread_condattr_destroy(&clock);

        if (pthread_create(&worker->thread, NULL, run, worker) != 0)
                g_error("No thread can be started for %s", name);
        (void)pthread_setname_np(worker->thread, name);

        return worker;
}

void worker_stop(Worker *worker) {
        bool stopped;

        pthread_mutex_lock(&worker->lock);
        stopped = worker->stopping;
        worker->stopping = true;
        pthread_cond_signal(&worker->changed);
        pthread_mutex_unlock(&worker->lock);

        if (!stopped)
                pthread_join(worker->thread, NULL);
}

void worker_free(Worker *worker) {
        if (!worker)
                return;

        worker_stop(worker);
        g_queue_clear_full(&worker->jobs, job_free);
        pthread_cond_destroy(&worker->changed);
        pthread_mutex_destroy(&worker->lock);
        g_free(worker);
}

void worker_push(Worker *worker, WorkerTask task, void *argument, GDestroyNotify free_argument) {
        worker_push_after(worker, 0, task, argument, free_argument);
}

void worker_push_after(Worker *worker, uint64_t delay_usec, WorkerTask task, void *argument,
                       GDestroyNotify free_argument) {
        Job *job = g_new0(Job, 1);

        job->due = g_get_monotonic_time() + (int64_t)delay_usec;
        job->task = task;
        job->argument = argument;
        job->free_argument = free_argument;

        pthread_mutex_lock(&worker->lock);
        g_queue_insert_sorted(&worker->jobs, job, job_compare, NULL);
        pthread_cond_signal(&worker->changed);
        pthread_mutex_unlock(&worker->lock);
}
