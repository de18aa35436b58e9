/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/lib/program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int on_exit_of_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        Program *program = userdata;

        program->exited = true;
        program->status = info->si_code == CLD_EXITED ? info->si_status : -info->si_status;
        return 0;
}

static int on_text(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        GString *text = userdata;
        char buffer[4096];
        ssize_t n;

        n = read(fd, buffer, sizeof(buffer));
        if (n > 0)
                g_string_append_len(text, buffer, n);
        else
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

/* A file in memory has it all at once and cannot block us. */
static int open_input(Program *program, const char *input, size_t size) {
        int fds[2];

        if (!input) {
                g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
                program->input = fds[1];
                return fds[0];
        }

        fds[0] = memfd_create("input", MFD_CLOEXEC);
        g_assert_cmpint(fds[0], >=, 0);
        g_assert_cmpint(write(fds[0], input, size), ==, (ssize_t)size);
        g_assert_cmpint(lseek(fds[0], 0, SEEK_SET), ==, 0);
        return fds[0];
}

static void watch_output(Program *program, int fd, GString *text, sd_event_source **ret_source) {
        g_assert_cmpint(sd_event_add_io(program->event, ret_source, fd, EPOLLIN, on_text, text), >=,
                        0);
        (void)sd_event_source_set_io_fd_own(*ret_source, 1);
}

static int open_output(Program *program, GString *text, sd_event_source **ret_source) {
        int fds[2];

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        watch_output(program, fds[0], text, ret_source);
        return fds[1];
}

static void spawn(Program *program, const char *const *argv, const char *const *environment,
                  const int fds[3]) {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none;

        /* The loop blocks SIGCHLD, and what is blocked is inherited. */
        (void)sigemptyset(&none);
        (void)posix_spawnattr_init(&attributes);
        (void)posix_spawnattr_setsigmask(&attributes, &none);
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
        (void)posix_spawn_file_actions_init(&actions);
        for (int i = 0; i < 3; i++)
                (void)posix_spawn_file_actions_adddup2(&actions, fds[i], i);

        g_assert_cmpint(posix_spawn(&program->pid, argv[0], &actions, &attributes,
                                    (char *const *)argv, (char *const *)environment),
                        ==, 0);
        (void)posix_spawn_file_actions_destroy(&actions);
        (void)posix_spawnattr_destroy(&attributes);
}

/* Without echo and the rest of a terminal's input side; nobody types. */
static int open_terminal(Program *program, GString *text, sd_event_source **ret_source) {
        char name[64];
        int main_fd;

        main_fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        g_assert_cmpint(main_fd, >=, 0);
        g_assert_cmpint(grantpt(main_fd), ==, 0);
        g_assert_cmpint(unlockpt(main_fd), ==, 0);
        g_assert_cmpint(ptsname_r(main_fd, name, sizeof(name)), ==, 0);
        watch_output(program, main_fd, text, ret_source);
        return open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static Program *start(sd_event *event, const char *const *argv, const char *const *environment,
                      const char *input, size_t size, bool terminal) {
        Program *program = g_new0(Program, 1);
        sigset_t children;
        int fds[3];

        (void)sigemptyset(&children);
        (void)sigaddset(&children, SIGCHLD);
        (void)sigprocmask(SIG_BLOCK, &children, NULL);

        program->event = sd_event_ref(event);
        program->input = -1;
        program->out = g_string_new(NULL);
        program->err = g_string_new(NULL);

        fds[0] = open_input(program, input, size);
        fds[1] = terminal ? open_terminal(program, program->out, &program->out_source)
                          : open_output(program, program->out, &program->out_source);
        fds[2] = open_output(program, program->err, &program->err_source);
        spawn(program, argv, environment, fds);
        for (int i = 0; i < 3; i++)
                (void)close(fds[i]);

        g_assert_cmpint(sd_event_add_child(event, &program->child, program->pid, WEXITED,
                                           on_exit_of_child, program),
                        >=, 0);
        return program;
}

Program *program_start(sd_event *event, const char *const *argv, const char *const *environment,
                       const char *input, size_t size) {
        return start(event, argv, environment, input, size, false);
}

Program *program_start_on_terminal(sd_event *event, const char *const *argv,
                                   const char *const *environment) {
        return start(event, argv, environment, "", 0, true);
}

static bool output_is_open(Program *program) {
        int out, err;

        (void)sd_event_source_get_enabled(program->out_source, &out);
        (void)sd_event_source_get_enabled(program->err_source, &err);
        return out != SD_EVENT_OFF || err != SD_EVENT_OFF;
}

void program_await(Program *program, const GString *where, const char *text) {
        while (!strstr(where->str, text)) {
                if (program->exited && !output_is_open(program))
                        g_error("no '%s' came, but '%s' and '%s'", text, program->out->str,
                                program->err->str);
                g_assert_cmpint(sd_event_run(program->event, UINT64_MAX), >=, 0);
        }
}

void program_finish(Program *program) {
        while (!program->exited || output_is_open(program))
                g_assert_cmpint(sd_event_run(program->event, UINT64_MAX), >=, 0);
}

void program_free(Program *program) {
        if (!program)
                return;

        if (program->input >= 0)
                (void)close(program->input);
        (void)sd_event_source_disable_unref(program->child);
        (void)sd_event_source_disable_unref(program->out_source);
        (void)sd_event_source_disable_unref(program->err_source);
        (void)sd_event_unref(program->event);
        (void)g_string_free(program->out, TRUE);
        (void)g_string_free(program->err, TRUE);
        g_free(program);
}
