/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/trial-helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "daemon/facts/fd.h"

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

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Run *run = userdata;
        Trials *trials = run->helper->trials;
        int status = info->si_code == CLD_EXITED ? info->si_status : -info->si_status;

        (void)read_output(run); /* what it has printed last */
        g_hash_table_steal(run->helper->runs, run);
        trials_on_end(trials, run->device, status, run->output->str, run->output->len);
        run_free(run);
        return 0;
}

/* Starting ------------------------------------------------------------------------ */

/* The daemon's own signals are blocked, and are no signals of the helper's. */
static int spawn(const TrialHelper *helper, const char *device, Fd output, pid_t *ret_pid) {
        char *const argv[] = { (char *)helper->path, (char *)device, NULL };
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
                r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                                     0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
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

static int start(void *userdata, const char *device) {
        TrialHelper *helper = userdata;
        g_auto(Fd) output = -1, input = -1;
        pid_t pid = 0;
        Run *run;
        int r;

        r = open_pipe(&output, &input);
        if (r < 0)
                return r;

        r = spawn(helper, device, input, &pid);
        if (r < 0)
                return r;

        run = g_new0(Run, 1);
        run->helper = helper;
        run->device = g_strdup(device);
        run->output = g_string_new(NULL);
        run->pipe = g_steal_fd(&output);
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
