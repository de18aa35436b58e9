/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/agent-links.h"

#include <errno.h>
#include <sys/socket.h>
#include <time.h>

#include "daemon/edges/unit-message.h"
#include "daemon/facts/fd.h"
#include "xml/excerpt.h"

#define SSH "/usr/bin/ssh"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

struct AgentLinks {
        sd_event *loop;
        sd_bus *bus;
        Agents *agents;
        const AgentPatience *patience;
        const char *program;
        AgentOps ops;
        GHashTable *connections; /* name → Connection, which has the name */
        sd_event_source *timer;
};

/* One run of ssh. */
typedef struct Connection {
        AgentLinks *links;
        char *name, *unit;
        Fd words;
        sd_bus_slot *started;
        AgentLink *link;
} Connection;

/* Of a unit that has ended already systemd says that there is none, and nobody hears it. */
static void stop_unit(const AgentLinks *links, const char *unit) {
        g_autoptr(sd_bus_message) m = NULL;

        if (sd_bus_message_new_method_call(links->bus, &m, SYSTEMD, SYSTEMD_PATH, SYSTEMD_INTERFACE,
                                           "StopUnit") >= 0 &&
            sd_bus_message_append(m, "ss", unit, "replace") >= 0 &&
            sd_bus_message_set_expect_reply(m, false) >= 0)
                (void)sd_bus_send(links->bus, m, NULL);
}

/* ssh ends when its input does; one that hangs is stopped. */
static void connection_free(void *p) {
        Connection *connection = p;

        sd_bus_slot_unref(connection->started);
        agent_link_free(connection->link);
        stop_unit(connection->links, connection->unit);
        if (connection->words >= 0)
                fd_close(connection->words);
        g_free(connection->name);
        g_free(connection->unit);
        g_free(connection);
}

/* What comes ------------------------------------------------------------------------ */

static void on_report(void *userdata, AgentReport *report) {
        const Connection *connection = userdata;

        agents_on_report(connection->links->agents, connection->name, report);
}

static void on_usage(void *userdata, AgentUsage *usage) {
        const Connection *connection = userdata;

        agents_on_usage(connection->links->agents, connection->name, usage);
        agent_usage_free(usage);
}

/* ssh knows best why there is no connection; its words may be the agent's own. */
static char *explain(const Connection *connection, const char *reason) {
        g_autofree char *line = unit_words_last(connection->words);
        g_autofree char *words = excerpt(line);

        return *words ? g_strdup_printf("%s: %s", reason, words) : g_strdup(reason);
}

static void on_lost(void *userdata, const char *reason) {
        Connection *connection = userdata;
        AgentLinks *links = connection->links;
        g_autofree char *name = g_strdup(connection->name);
        g_autofree char *explained = explain(connection, reason);

        g_hash_table_remove(links->connections, name);
        agents_on_lost(links->agents, name, explained);
}

static int on_started(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *error = sd_bus_message_get_error(m);
        Connection *connection = userdata;
        g_autofree char *reason = NULL;

        connection->started = sd_bus_slot_unref(connection->started);
        if (!error)
                return 0;

        reason = g_strdup_printf("systemd does not start ssh: %s", error->message ?: error->name);
        on_lost(connection, reason);
        return 0;
}

static const AgentLinkListener listener = { on_report, on_lost, on_usage };

/* Beginning ------------------------------------------------------------------------- */

/* The intervals are how soon ssh itself finds out that the device is off. */
static int order_ssh(Connection *connection, const char *destination, Fd theirs) {
        g_autofree char *description = g_strdup_printf("Agent of offload device %s (%s)",
                                                       connection->name, destination);
        const char *const argv[] = { SSH,
                                     "-Tax",
                                     "-oBatchMode=yes",
                                     "-oConnectTimeout=30",
                                     "-oServerAliveInterval=5",
                                     "-oServerAliveCountMax=3",
                                     "-oEscapeChar=none",
                                     "-oClearAllForwardings=yes",
                                     "-oControlPath=none",
                                     "--",
                                     destination,
                                     connection->links->program,
                                     "--agent",
                                     NULL };
        const UnitOrder order = {
                .name = connection->unit,
                .description = description,
                .type = "exec",
                .argv = argv,
                .stream = theirs,
                .words = connection->words,
                .part_of = "virtferryd.service",
        };
        sd_bus *bus = connection->links->bus;
        g_autoptr(sd_bus_message) m = NULL;
        int r;

        r = unit_message_new(bus, &order, &m);
        return r < 0 ? r
                     : sd_bus_call_async(bus, &connection->started, m, on_started, connection, 0);
}

/* A name that no run before this one can still have. */
static Connection *connection_new(AgentLinks *links, const char *name) {
        Connection *connection = g_new0(Connection, 1);

        connection->links = links;
        connection->name = g_strdup(name);
        connection->unit = g_strdup_printf("virtferry-agent-%s-%08x.service", name, g_random_int());
        connection->words = unit_words_new();
        g_hash_table_replace(links->connections, connection->name, connection);
        return connection;
}

static int open_link(Connection *connection, Fd *ret_theirs) {
        AgentLinks *links = connection->links;
        int ends[2], r;

        if (connection->words < 0)
                return connection->words;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
                return -errno;

        *ret_theirs = ends[1];
        r = agent_link_new(links->loop, ends[0], links->patience, &listener, connection,
                           &connection->link);
        return r;
}

static int connect_to(void *userdata, const char *name, const char *destination) {
        Connection *connection = connection_new(userdata, name);
        AgentLinks *links = userdata;
        g_auto(Fd) theirs = -1;
        int r;

        r = open_link(connection, &theirs);
        if (r >= 0)
                r = order_ssh(connection, destination, theirs);
        if (r < 0)
                g_hash_table_remove(links->connections, name);
        return r;
}

static void disconnect_from(void *userdata, const char *name) {
        AgentLinks *links = userdata;

        g_hash_table_remove(links->connections, name);
}

/* Time ------------------------------------------------------------------------------ */

/* Before the loop sleeps. */
static int on_prepare(sd_event_source *timer, void *userdata) {
        const AgentLinks *links = userdata;

        return sd_event_source_set_time(timer, (uint64_t)agents_next_time(links->agents));
}

static int on_time(sd_event_source *timer, uint64_t due, void *userdata) {
        AgentLinks *links = userdata;

        agents_on_time(links->agents);
        return sd_event_source_set_time(timer, (uint64_t)agents_next_time(links->agents));
}

static int start_timer(AgentLinks *links) {
        int r;

        r = sd_event_add_time(links->loop, &links->timer, CLOCK_MONOTONIC, UINT64_MAX, 0, on_time,
                              links);
        if (r >= 0)
                r = sd_event_source_set_prepare(links->timer, on_prepare);
        if (r >= 0)
                r = sd_event_source_set_enabled(links->timer, SD_EVENT_ON);
        return r;
}

int agent_links_new(sd_event *loop, sd_bus *bus, Agents *agents, const AgentPatience *patience,
                    const char *program, AgentLinks **ret_links) {
        g_autoptr(AgentLinks) links = g_new0(AgentLinks, 1);
        int r;

        links->loop = loop;
        links->bus = bus;
        links->agents = agents;
        links->patience = patience;
        links->program = program;
        links->ops = (AgentOps){ connect_to, disconnect_from, links };
        links->connections = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, connection_free);
        agents_set_ops(agents, &links->ops);
        r = start_timer(links);
        if (r < 0)
                return r;

        *ret_links = g_steal_pointer(&links);
        return 0;
}

void agent_links_free(AgentLinks *links) {
        if (!links)
                return;

        agents_set_ops(links->agents, NULL);
        sd_event_source_disable_unref(links->timer);
        g_hash_table_unref(links->connections);
        g_free(links);
}
