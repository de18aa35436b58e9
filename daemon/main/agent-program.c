/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/main/agent-program.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "dbus/agent-face.h"

#define LOOK_USEC (5 * G_USEC_PER_SEC)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_event, sd_event_unref)

static bool fail(GError **error, int r, const char *what) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-r), "%s: %s", what,
                    g_strerror(-r));
        return false;
}

/* It would take a person's keys for a host's calls. */
static bool check_streams(GError **error) {
        if (!isatty(STDIN_FILENO) && !isatty(STDOUT_FILENO))
                return true;

        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "An agent speaks D-Bus on its standard input and output, and these are a "
                    "terminal: the virtferryd of the host starts it, see virtferry-pools.d(5)");
        return false;
}

/* Before the first word. */
static bool is_gone(int r) {
        return r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE;
}

static int serve(sd_event *loop, Agent *agent) {
        g_autoptr(AgentFace) face = NULL;
        int r;

        r = agent_face_new(loop, agent, STDIN_FILENO, STDOUT_FILENO, LOOK_USEC, &face);
        return r < 0 ? r : sd_event_loop(loop);
}

bool agent_program_run(const char *root, GError **error) {
        g_autoptr(sd_event) loop = NULL;
        g_autoptr(Agent) agent = NULL;
        g_autoptr(Sysfs) sysfs = NULL;
        int r;

        if (!check_streams(error))
                return false;

        (void)signal(SIGPIPE, SIG_IGN); /* a host that is gone is the end of the input */
        sysfs = sysfs_open(root);
        if (!sysfs)
                return fail(error, -errno, root);

        agent = agent_new(sysfs);
        r = sd_event_default(&loop);
        if (r >= 0)
                r = serve(loop, agent);
        return r >= 0 || is_gone(r) ||
               fail(error, r, "The agent cannot speak on its standard input and output");
}
