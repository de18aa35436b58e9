/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/trial-helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "daemon/facts/fd.h"

#define STATE_FD 3 /* of the helper: the file of a state that it saves or loads */

struct TrialHelper {
        sd_event *loop;
        Trials *trials;
        const char *path;
        uint64_t timeout_usec;
        TrialOps ops;
        GHashTable *runs; /* set of Run */
};

/* One process. */
typedef struct Run {
        TrialHelper *helper;
        char *device;
        Fd pipe;
        Fd state; /* of what it saves; -1 when it saves nothing */
        GString *output;
        sd_event_source *io, *timer, *child;
} Run;

static void run_free(void *data) {
        Run *run = data;

        sd_event_source_disable_unref(run->io);
        sd_event_source_disable_unref(run->timer);
        sd_event_source_disable_unref(run->child);
        if (run->pipe >= 0)
                fd_close(run->pipe);
        if (run->state >= 0)
                fd_close(run->state);
        g_string_free(run->output, TRUE);
        g_free(run->device);
        g_free(run);
}

/* What is there now; more than a report can have is not kept. False at the end. */
static bool read_output(Run *run) {
        char chunk[4096];
        ssize_t n;

        do {
                n = read(run->pipe, chunk, sizeof(chunk));
                if (n > 0 && run->output->len <= TRIAL_REPORT_MAX)
                        g_string_append_len(run->output, chunk, n);
        } while (n > 0 || (n < 0 && errno == EINTR));

        return n < 0 && errno == EAGAIN;
}

static int on_output(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        return read_output(userdata) ? 0 : sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static int on_time(sd_event_source *source, uint64_t due, void *userdata) {
        Run *run = userdata;

        /* In vain while it is stuck in the kernel. */
        (void)sd_event_source_send_child_signal(run->child, SIGKILL, NULL, 0);
        trials_on_late(run->helper->trials, run->device);
        return 0;
}

/* NULL: there is none, or more than the trials take. New. */
static GBytes *read_state(const Run *run) {
        g_autofree void *data = NULL;
        struct stat status;
        size_t size;

        if (run->state < 0 || fstat(run->state, &status) < 0 || status.st_size == 0 ||
            status.st_size > TRIAL_DOCUMENT_MAX)
                return NULL;

        size = status.st_size;
        data = g_malloc(size);
        if (pread(run->state, data, size, 0) != (ssize_t)size)
                return NULL;
        return g_bytes_new_take(g_steal_pointer(&data), size);
}

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Run *run = userdata;
        Trials *trials = run->helper->trials;
        int status = info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
        g_autoptr(GBytes) document = read_state(run);

        (void)read_output(run); /* what it has printed last */
        g_hash_table_steal(run->helper->runs, run);
        trials_on_end(trials, run->device, status, run->output->str, run->output->len, document);
        run_free(run);
        return 0;
}

/* Starting ------------------------------------------------------------------------ */

/* In memory, so that nothing of it is left, whatever ends. -1: the order has no state. */
static int open_state(const TrialOrder *order, Fd *ret_state) {
        g_auto(Fd) state = -1;
        const char *data;
        gsize size = 0;

        *ret_state = -1;
        if (order->task == TRIAL_TASK_PROBE)
                return 0;

        state = memfd_create("virtferry-state", MFD_CLOEXEC);
        if (state < 0)
                return -errno;

        data = order->document ? g_bytes_get_data(order->document, &size) : NULL;
        for (gsize done = 0; done < size;) {
                ssize_t n = write(state, data + done, size - done);

                if (n < 0)
                        return -errno;
                done += n;
        }

        *ret_state = g_steal_fd(&state);
        return 0;
}

static const char *const task_options[] = {
        [TRIAL_TASK_PROBE] = NULL,
        [TRIAL_TASK_SAVE] = "--save-fd=" G_STRINGIFY(STATE_FD),
        [TRIAL_TASK_LOAD] = "--load-fd=" G_STRINGIFY(STATE_FD),
};

/* What it reads and writes. Here even a file that is STATE_FD already stays open over the exec:
 * posix_spawn_file_actions_adddup2(3). */
static int add_files(posix_spawn_file_actions_t *actions, Fd output, Fd state) {
        int r;

        r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
        if (r == 0 && state >= 0)
                r = posix_spawn_file_actions_adddup2(actions, state, STATE_FD);
        return r;
}

/* The daemon's own signals are blocked, and are no signals of the helper's. */
static int spawn(const TrialHelper *helper, const TrialOrder *order, Fd output, Fd state,
                 pid_t *ret_pid) {
        const char *option = task_options[order->task];
        char *const argv[] = { (char *)helper->path, (char *)(option ?: order->device),
                               (char *)(option ? order->device : NULL), NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none;
        int r;

        (void)sigemptyset(&none);
        (void)posix_spawn_file_actions_init(&actions);
        (void)posix_spawnattr_init(&attributes);
        r = posix_spawnattr_setsigmask(&attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        if (r == 0)
                r = add_files(&actions, output, state);
        if (r == 0)
                r = posix_spawn(ret_pid, helper->path, &actions, &attributes, argv, environ);

        (void)posix_spawnattr_destroy(&attributes);
        (void)posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int watch(Run *run, pid_t pid) {
        sd_event *loop = run->helper->loop;
        int r;

        r = sd_event_add_child(loop, &run->child, pid, WEXITED, on_exit_of_child, run);
        if (r >= 0)
                r = sd_event_add_io(loop, &run->io, run->pipe, EPOLLIN, on_output, run);
        if (r >= 0)
                r = sd_event_add_time_relative(loop, &run->timer, CLOCK_MONOTONIC,
                                               run->helper->timeout_usec, 0, on_time, run);
        return r;
}

static int open_pipe(Fd *ret_output, Fd *ret_input) {
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;

        *ret_output = ends[0];
        *ret_input = ends[1];
        return fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/* Takes both files. */
static Run *run_new(TrialHelper *helper, const TrialOrder *order, Fd output, Fd state) {
        Run *run = g_new0(Run, 1);

        run->helper = helper;
        run->device = g_strdup(order->device);
        run->output = g_string_new(NULL);
        run->pipe = output;
        run->state = state;
        return run;
}

static int start(void *userdata, const TrialOrder *order) {
        g_auto(Fd) output = -1, input = -1, state = -1;
        TrialHelper *helper = userdata;
        pid_t pid = 0;
        Run *run;
        int r;

        r = open_state(order, &state);
        if (r >= 0)
                r = open_pipe(&output, &input);
        if (r >= 0)
                r = spawn(helper, order, input, state, &pid);
        if (r < 0)
                return r;

        run = run_new(helper, order, g_steal_fd(&output), g_steal_fd(&state));
        r = watch(run, pid);
        if (r < 0) {
                (void)kill(pid, SIGKILL); /* and stays a zombie of ours, ignoring */
                run_free(run);
                return r;
        }

        g_hash_table_add(helper->runs, run);
        return 0;
}

TrialHelper *trial_helper_new(sd_event *loop, Trials *trials, const char *path,
                              uint64_t timeout_usec) {
        TrialHelper *helper = g_new0(TrialHelper, 1);

        helper->loop = loop;
        helper->trials = trials;
        helper->path = path;
        helper->timeout_usec = timeout_usec;
        helper->ops = (TrialOps){ start, helper };
        helper->runs = g_hash_table_new_full(NULL, NULL, run_free, NULL);
        trials_set_ops(trials, &helper->ops);
        return helper;
}

void trial_helper_free(TrialHelper *helper) {
        if (!helper)
                return;

        trials_set_ops(helper->trials, NULL);
        g_hash_table_unref(helper->runs);
        g_free(helper);
}
