/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/agent-face.h"

#include <time.h>

#include "daemon/names.h"
#include "dbus/peer-server.h"
#include "dbus/resource-rows.h"

#define LOCAL           "org.freedesktop.DBus.Local"
#define LOCAL_PATH      "/org/freedesktop/DBus/Local"
#define LOOK_EXACT_USEC (100 * UINT64_C(1000))

struct AgentFace {
        sd_event *loop;
        Agent *agent;
        sd_bus *bus;
        sd_event_source *timer;
        uint64_t look_usec;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

/* ListResources() -> (a(sssstttsa{ss}) resources) */
static int method_list_resources(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(ResourceMap) map = NULL;
        AgentFace *face = userdata;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        map = agent_read_map(face->agent);
        r = resource_rows_append(reply, map);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ReadCounters() -> (t monotonic, a{st} device, a(sa{st}) ports) */
static int append_totals(sd_bus_message *reply, const Sample *sample) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{st}");
        for (int i = 0; r >= 0 && i < _METRIC_MAX; i++)
                if (sample->values[i] != METRIC_MISSING)
                        r = sd_bus_message_append(reply, "{st}", metric_to_string((Metric)i),
                                                  sample->values[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_port(sd_bus_message *reply, const PortStats *port) {
        Sample sample;
        int r;

        sample_init(&sample);
        sample_add_link(&sample, port->netdev, &port->stats);
        r = sd_bus_message_open_container(reply, 'r', "sa{st}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", port->netdev);
        if (r >= 0)
                r = append_totals(reply, &sample);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* One with a name that no host would take is left out. */
static int append_ports(sd_bus_message *reply, const GPtrArray *ports) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sa{st})");
        for (guint i = 0; r >= 0 && i < ports->len; i++) {
                const PortStats *port = ports->pdata[i];

                if (agent_port_is_valid(port->netdev))
                        r = append_port(reply, port);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int method_read_counters(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const AgentFace *face = userdata;
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPtrArray) ports = NULL;
        Sample sample;
        int r;

        agent_read_sample(face->agent, &sample);
        ports = agent_read_ports(face->agent);
        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "t", (uint64_t)g_get_monotonic_time());
        if (r >= 0)
                r = append_totals(reply, &sample);
        if (r >= 0)
                r = append_ports(reply, ports);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int property_get_version(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *reterr) {
        return sd_bus_message_append(reply, "s", FERRY_VERSION);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("ListResources", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(" RESOURCE_ROW ")", resources),
                                method_list_resources, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ReadCounters", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("t", monotonic, "a{st}", device, "a(sa{st})", ports),
                                method_read_counters, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("ResourcesChanged", NULL, 0),
        SD_BUS_PROPERTY("Version", "s", property_get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

static int on_time(sd_event_source *timer, uint64_t due, void *userdata) {
        AgentFace *face = userdata;

        if (agent_has_changed(face->agent))
                (void)sd_bus_emit_signal(face->bus, FERRY_OBJECT_AGENT, FERRY_INTERFACE_AGENT,
                                         "ResourcesChanged", NULL);
        return sd_event_source_set_time_relative(timer, face->look_usec);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const AgentFace *face = userdata;

        return sd_event_exit(face->loop, 0); /* the bus has left it already */
}

/* The other end is ssh's, which has no user here. */
static int start(AgentFace *face) {
        int r;

        r = sd_bus_add_object_vtable(face->bus, NULL, FERRY_OBJECT_AGENT, FERRY_INTERFACE_AGENT,
                                     vtable, face);
        if (r >= 0)
                r = sd_bus_match_signal(face->bus, NULL, LOCAL, LOCAL_PATH, LOCAL, "Disconnected",
                                        on_disconnected, face);
        return r < 0 ? r : sd_bus_start(face->bus);
}

int agent_face_new(sd_event *loop, Agent *agent, int input, int output, uint64_t look_usec,
                   AgentFace **ret_face) {
        g_autoptr(AgentFace) face = g_new0(AgentFace, 1);
        int r;

        face->loop = loop;
        face->agent = agent;
        face->look_usec = look_usec;
        r = peer_server_new(input, output, &face->bus);
        if (r >= 0)
                r = start(face);
        if (r >= 0)
                r = sd_bus_attach_event(face->bus, loop, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_event_add_time_relative(loop, &face->timer, CLOCK_MONOTONIC, look_usec,
                                               LOOK_EXACT_USEC, on_time, face);
        if (r >= 0)
                r = sd_event_source_set_enabled(face->timer, SD_EVENT_ON);
        if (r < 0)
                return r;

        *ret_face = g_steal_pointer(&face);
        return 0;
}

void agent_face_free(AgentFace *face) {
        if (!face)
                return;

        sd_event_source_disable_unref(face->timer);
        sd_bus_flush_close_unref(face->bus);
        g_free(face);
}
