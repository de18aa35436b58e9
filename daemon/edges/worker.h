/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A thread that does one task after the other, for calls that block.
 *
 * Tasks run in the order of their due times. A worker's state belongs to its
 * thread: whoever wants something of it pushes a task. Locks are pthread's own,
 * which ThreadSanitizer understands. May not use sd-bus, libvirt, the loop.
 */

#include <glib.h>
#include <stdint.h>

typedef struct Worker Worker;

/* `userdata` is the worker's, `argument` the task's. */
typedef void (*WorkerTask)(void *userdata, void *argument);

/* `name` is what top(1) shows: 15 bytes at most. */
Worker *worker_new(const char *name, void *userdata);
/* Waits for the task that runs. No other begins; they can still be pushed, and wait for
 * worker_free(). */
void worker_stop(Worker *worker);
void worker_free(Worker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Worker, worker_free)

/* From any thread. Takes the argument and frees it after the task, or without it, by
 * `free_argument` (NULL: nothing to free). */
void worker_push(Worker *worker, WorkerTask task, void *argument, GDestroyNotify free_argument);
void worker_push_after(Worker *worker, uint64_t delay_usec, WorkerTask task, void *argument,
                       GDestroyNotify free_argument);
