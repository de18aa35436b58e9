/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long libvirt waits for the hook: with a guest that does not concern us,
 * against a hook that does nothing at all, and with one that needs a device,
 * against the same job in a script of Python. Ours and the peer run in turn, so
 * that a busy machine is busy for both.
 */

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/dbus/daemon-fixture.h"

#define UNCONCERNED_ROUNDS 500
#define NEGOTIATE_ROUNDS   50
#define MDEVS              8

/* A program, and what it reads and writes: paths. */
typedef struct Job {
        const char *argv[8];
        const char *in, *out;
} Job;

static char *environment[5];

static pid_t spawn(const Job *job) {
        posix_spawn_file_actions_t actions;
        pid_t pid;

        (void)posix_spawn_file_actions_init(&actions);
        (void)posix_spawn_file_actions_addopen(&actions, 0, job->in, O_RDONLY, 0);
        (void)posix_spawn_file_actions_addopen(&actions, 1, job->out, O_WRONLY | O_CREAT | O_TRUNC,
                                               0600);
        g_assert_cmpint(posix_spawn(&pid, job->argv[0], &actions, NULL, (char *const *)job->argv,
                                    environment),
                        ==, 0);
        (void)posix_spawn_file_actions_destroy(&actions);
        return pid;
}

/* Milliseconds from the start to the end. */
static double time_job(const Job *job) {
        int64_t begin = g_get_monotonic_time();
        int status;

        g_assert_cmpint(waitpid(spawn(job), &status, 0), >, 0);
        if (status != 0) {
                fprintf(stderr, "%s ended with %d\n", job->argv[0], WEXITSTATUS(status));
                exit(EXIT_FAILURE);
        }
        return (double)(g_get_monotonic_time() - begin) / 1000;
}

static int compare_doubles(const void *a, const void *b) {
        double left = *(const double *)a, right = *(const double *)b;

        return (left > right) - (left < right);
}

static double median(double *values, size_t n) {
        qsort(values, n, sizeof(*values), compare_doubles);
        return values[n / 2];
}

/* The project's one form of a benchmark's result; milliseconds. */
static bool report(const char *name, double ours, double peer, double bound) {
        printf("bench %s ours %.4f peer %.4f ratio %.3f bound %g\n", name, ours, peer, ours / peer,
               bound);
        return ours / peer <= bound;
}

/* `after` puts back what `ours` has changed; NULL: nothing. */
static bool compare(const char *name, const Job *ours, const Job *peer, const Job *after,
                    size_t rounds, double bound) {
        g_autofree double *our_times = g_new(double, rounds), *peer_times = g_new(double, rounds);

        for (size_t i = 0; i < rounds; i++) {
                our_times[i] = time_job(ours);
                peer_times[i] = time_job(peer);
                if (after)
                        (void)time_job(after);
        }
        return report(name, median(our_times, rounds), median(peer_times, rounds), bound);
}

static char *write_file(const char *directory, const char *name, const char *text) {
        g_autoptr(GError) error = NULL;
        char *path = g_build_filename(directory, name, NULL);

        g_file_set_contents(path, text, -1, &error);
        g_assert_no_error(error);
        return path;
}

/* A guest of the usual size with nothing for us. */
static char *make_plain_guest(void) {
        GString *xml = g_string_new("<domain type='kvm'>\n  <name>plain</name>\n  <devices>\n");

        for (int i = 0; i < 60; i++)
                g_string_append_printf(xml,
                                       "    <disk type='file' device='disk'>\n"
                                       "      <source file='/var/lib/libvirt/images/%d.img'/>\n"
                                       "      <target dev='vd%d' bus='virtio'/>\n"
                                       "    </disk>\n",
                                       i, i);
        g_string_append(xml, "  </devices>\n</domain>\n");
        return g_string_free(xml, FALSE);
}

static bool bench_unconcerned(const char *directory) {
        g_autofree char *xml = make_plain_guest();
        g_autofree char *in = write_file(directory, "plain.xml", xml);
        const Job ours = { { HOOK, "plain", "migrate", "begin", "-" }, in, "/dev/null" };
        const Job peer = { { "/bin/true", "plain", "migrate", "begin", "-" }, in, "/dev/null" };

        return compare("hook-unconcerned", &ours, &peer, NULL, UNCONCERNED_ROUNDS, 2);
}

/* Both must have found a device of this host. */
static void check_answer(const Job *job, const char *directory, const char *foreign) {
        g_autofree char *out = g_build_filename(directory, "answer.xml", NULL), *text = NULL;
        Job once = *job;

        once.out = out;
        (void)time_job(&once);
        g_assert_true(g_file_get_contents(out, &text, NULL, NULL));
        g_assert_nonnull(strstr(text, "-4000-8000-"));
        g_assert_null(strstr(text, foreign));
}

static void add_mdevs(DaemonFixture *fixture) {
        g_autoptr(sd_bus_message) reply = NULL;

        for (unsigned i = 0; i + 1 < MDEVS; i++) {
                g_autofree char *uuid = g_strdup_printf("cccccccc-0000-4000-8000-%012u", i);

                fake_root_add_mdev(fixture->root, "mtty", i % 2 ? "mtty-1" : "mtty-2", uuid);
        }
        reply = daemon_fixture_call(fixture, "org.virtferry1.Manager", "Rescan", NULL, "");
}

static bool bench_negotiate(DaemonFixture *fixture) {
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        g_autofree char *in = write_file(fixture->directory, "guest.xml", xml);
        const Job ours = { { HOOK, "g1", "migrate", "begin", "-" }, in, "/dev/null" };
        const Job after = { { HOOK, "g1", "release", "end", "failed" }, in, "/dev/null" };
        const Job peer = { { PYTHON, PEER_HOOK, "g1", "migrate", "begin", "-" }, in, "/dev/null" };

        add_mdevs(fixture);
        check_answer(&ours, fixture->directory, SOURCE_MDEV);
        (void)time_job(&after);
        check_answer(&peer, fixture->directory, SOURCE_MDEV);
        return compare("hook-negotiate", &ours, &peer, &after, NEGOTIATE_ROUNDS, 0.1);
}

int main(void) {
        DaemonFixture fixture = {};
        bool good;

        daemon_fixture_set_up(&fixture, NULL);
        environment[0] = g_strconcat("DBUS_SYSTEM_BUS_ADDRESS=", fixture.bus->address, NULL);
        environment[1] = g_strconcat("HOST_ROOT=", fake_root_path(fixture.root), NULL);
        environment[2] = g_strconcat("PATH=", g_getenv("PATH"), NULL);
        environment[3] = g_strdup("LC_ALL=C");

        good = bench_unconcerned(fixture.directory);
        good = bench_negotiate(&fixture) && good;

        daemon_fixture_tear_down(&fixture, NULL);
        for (size_t i = 0; environment[i]; i++)
                g_free(environment[i]);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
