/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/follow.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "daemon/names.h"

bool follow_is_old(const Follow *follow, sd_bus_message *m) {
        uint64_t cookie;

        return sd_bus_message_get_cookie(m, &cookie) >= 0 && cookie < follow->client->heard;
}

void follow_stop(Follow *follow) {
        (void)sd_event_exit(follow->event, 0);
}

static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        Follow *follow = userdata;
        const char *owner;

        if (sd_bus_message_read(m, "sss", NULL, NULL, &owner) < 0)
                return 0;

        if (!*owner)
                fputs("virt-ferry: virtferryd has left the bus, waiting for it to come back\n",
                      stderr);
        else if (!follow->calls->refresh(follow->userdata, &follow->error))
                (void)sd_event_exit(follow->event, -1);
        return 0;
}

static int on_lost(sd_bus_message *m, void *userdata, sd_bus_error *unused) {
        Follow *follow = userdata;

        if (!follow->error)
                client_set_lost(follow->client, -ENOTCONN, &follow->error);
        (void)sd_event_exit(follow->event, -1);
        return 0;
}

static int add_matches(Follow *follow, const FollowMatch *matches) {
        int r;

        r = sd_bus_add_match(follow->client->bus, NULL,
                             "type='signal',sender='org.freedesktop.DBus',"
                             "member='NameOwnerChanged',interface='org.freedesktop.DBus',"
                             "arg0='" FERRY_BUS_NAME "'",
                             on_owner, follow);
        if (r >= 0)
                r = sd_bus_add_match(follow->client->bus, NULL,
                                     "type='signal',sender='org.freedesktop.DBus.Local',"
                                     "member='Disconnected',"
                                     "interface='org.freedesktop.DBus.Local'",
                                     on_lost, follow);
        for (; r >= 0 && matches->match; matches++)
                r = sd_bus_add_match(follow->client->bus, NULL, matches->match, matches->handler,
                                     follow->userdata);
        return r;
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Follow *follow = userdata;

        if (follow->calls->interrupt(follow->userdata))
                follow_stop(follow);
        return 0;
}

/* Handled before the bus: Ctrl-C also ends the ssh that carries it. */
static int add_signals(Follow *follow) {
        static const int signals[] = { SIGINT, SIGTERM };
        sd_event_source *source;
        sigset_t set;
        int r = 0;

        (void)sigemptyset(&set);
        (void)sigaddset(&set, SIGINT);
        (void)sigaddset(&set, SIGTERM);
        (void)sigprocmask(SIG_BLOCK, &set, NULL);

        for (size_t i = 0; r >= 0 && i < G_N_ELEMENTS(signals); i++) {
                r = sd_event_add_signal(follow->event, &source, signals[i], on_signal, follow);
                if (r < 0)
                        break;

                r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
                (void)sd_event_source_set_floating(source, 1); /* the loop keeps it */
                (void)sd_event_source_unref(source);
        }
        return r;
}

bool follow_open(Follow *follow, Client *client, const FollowCalls *calls,
                 const FollowMatch *matches, void *userdata, GError **error) {
        int r;

        *follow = (Follow){ .client = client, .calls = calls, .userdata = userdata };
        r = sd_event_new(&follow->event);
        if (r >= 0)
                r = add_signals(follow);
        if (r >= 0)
                r = sd_bus_attach_event(client->bus, follow->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = add_matches(follow, matches);
        if (r < 0)
                client_set_lost(client, r, error);
        return r >= 0;
}

bool follow_run(Follow *follow, GError **error) {
        (void)sd_event_loop(follow->event);
        if (!follow->error)
                return true;

        g_propagate_error(error, g_steal_pointer(&follow->error));
        return false;
}

void follow_close(Follow *follow) {
        g_clear_error(&follow->error);
        (void)sd_bus_detach_event(follow->client->bus);
        (void)sd_event_unref(follow->event);
}
