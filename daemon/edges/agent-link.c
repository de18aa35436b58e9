/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/agent-link.h"

#include <errno.h>
#include <time.h>

#include "daemon/edges/agent-answer.h"
#include "daemon/edges/agent-pipe.h"
#include "daemon/facts/fd.h"
#include "daemon/names.h"
#include "xml/excerpt.h"

#define HANDSHAKE_MAX 4096u
#define BROKEN_OFF    "it does not speak D-Bus as agreed"
#define LOCAL         "org.freedesktop.DBus.Local"
#define LOCAL_PATH    "/org/freedesktop/DBus/Local"

typedef enum LinkState {
        LINK_CONNECTING,
        LINK_ASKING,
        LINK_RESTING,
} LinkState;

struct AgentLink {
        const AgentPatience *patience;
        const AgentLinkListener *listener;
        void *userdata;
        AgentPipe *pipe;
        sd_bus *bus;
        sd_bus_slot *question;
        sd_event_source *timer; /* until when the state may last */
        LinkState state;
        bool changed; /* said while it was asked */
        bool silent;  /* it does not know ReadCounters */
};

const AgentPatience agent_patience = {
        .connect = 60 * G_USEC_PER_SEC,
        .answer = 10 * G_USEC_PER_SEC,
        .ask = 20 * G_USEC_PER_SEC,
        .changed = 1 * G_USEC_PER_SEC,
};

/* Nothing may follow it: the link is gone. */
static int lose(AgentLink *link, const char *reason) {
        link->listener->lost(link->userdata, reason);
        return 0;
}

static int lose_error(AgentLink *link, int r) {
        return lose(link, g_strerror(-r));
}

static int enter(AgentLink *link, LinkState state, uint64_t lasts) {
        link->state = state;
        return sd_event_source_set_time_relative(link->timer, lasts);
}

/* Asking ---------------------------------------------------------------------------- */

/* sd-bus answers for an agent with which it has broken off. */
static int lose_refusal(AgentLink *link, const sd_bus_error *error) {
        g_autofree char *words = excerpt(error->message ?: error->name);
        g_autofree char *reason = g_strdup_printf("it refuses to answer: %s", words);

        return lose(link,
                    sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ? BROKEN_OFF : reason);
}

static int rest(AgentLink *link) {
        return enter(link, LINK_RESTING,
                     link->changed ? link->patience->changed : link->patience->ask);
}

/* An agent that is older than the question is a good one all the same. */
static int on_silent(AgentLink *link) {
        int r;

        link->silent = true;
        r = rest(link);
        if (r < 0)
                return lose_error(link, r);

        link->listener->usage(link->userdata, NULL);
        return 0;
}

static int on_counters(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(AgentUsage) usage = NULL;
        g_autoptr(GError) error = NULL;
        AgentLink *link = userdata;
        int r;

        link->question = sd_bus_slot_unref(link->question);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_UNKNOWN_METHOD))
                return on_silent(link);
        if (sd_bus_message_is_method_error(m, NULL))
                return lose_refusal(link, sd_bus_message_get_error(m));

        usage = agent_answer_read_usage(m, &error);
        if (!usage)
                return lose(link, error->message);

        r = rest(link);
        if (r < 0)
                return lose_error(link, r);

        link->listener->usage(link->userdata, g_steal_pointer(&usage));
        return 0;
}

static int ask_for(AgentLink *link, const char *method, sd_bus_message_handler_t handler) {
        int r;

        agent_pipe_allow(link->pipe, AGENT_ANSWER_MAX);
        r = sd_bus_call_method_async(link->bus, &link->question, NULL, FERRY_OBJECT_AGENT,
                                     FERRY_INTERFACE_AGENT, method, handler, link, NULL);
        return r < 0 ? r : enter(link, LINK_ASKING, link->patience->answer);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(AgentReport) report = NULL;
        g_autoptr(GError) error = NULL;
        AgentLink *link = userdata;
        int r;

        link->question = sd_bus_slot_unref(link->question);
        if (sd_bus_message_is_method_error(m, NULL))
                return lose_refusal(link, sd_bus_message_get_error(m));

        report = agent_answer_read(m, &error);
        if (!report)
                return lose(link, error->message);

        r = link->silent ? rest(link) : ask_for(link, "ReadCounters", on_counters);
        if (r < 0)
                return lose_error(link, r);

        link->listener->report(link->userdata, g_steal_pointer(&report));
        return 0;
}

static int ask(AgentLink *link) {
        int r;

        link->changed = false;
        r = ask_for(link, "ListResources", on_answer);
        return r < 0 ? lose_error(link, r) : 0;
}

/* Events ---------------------------------------------------------------------------- */

static int on_time(sd_event_source *timer, uint64_t due, void *userdata) {
        AgentLink *link = userdata;

        switch (link->state) {
        case LINK_CONNECTING:
                return lose(link, "it does not answer");
        case LINK_ASKING:
                return lose(link, "it hangs: a question has had no answer");
        case LINK_RESTING:
                return ask(link);
        }
        return 0;
}

static int on_connected(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        AgentLink *link = userdata;

        return link->state == LINK_CONNECTING ? ask(link) : 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return lose(userdata, BROKEN_OFF);
}

/* ResourcesChanged: one that says so all the time is asked no more often for that. */
static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        AgentLink *link = userdata;
        int r = 0;

        if (link->state == LINK_RESTING && !link->changed)
                r = sd_event_source_set_time_relative(link->timer, link->patience->changed);
        link->changed = true;
        return r < 0 ? lose_error(link, r) : 0;
}

/* An agent is asked and asks nothing: what it would call gets no answer. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        uint8_t type;

        return sd_bus_message_get_type(m, &type) < 0 || type == SD_BUS_MESSAGE_METHOD_CALL;
}

static void on_pipe_end(void *userdata, int error) {
        if (error == -EMSGSIZE)
                (void)lose(userdata, "it says more than it may: an answer is 1 MiB at most");
        else
                (void)lose(userdata, "the connection has ended");
}

/* Beginning ------------------------------------------------------------------------- */

static int take_inner(AgentLink *link, int inner) {
        int r;

        r = sd_bus_new(&link->bus);
        if (r >= 0)
                r = sd_bus_set_fd(link->bus, inner, inner);
        if (r < 0)
                fd_close(inner);
        return r;
}

static int add_matches(AgentLink *link) {
        int r;

        r = sd_bus_add_filter(link->bus, NULL, on_message, link);
        if (r >= 0)
                r = sd_bus_match_signal(link->bus, NULL, LOCAL, LOCAL_PATH, LOCAL, "Connected",
                                        on_connected, link);
        if (r >= 0)
                r = sd_bus_match_signal(link->bus, NULL, LOCAL, LOCAL_PATH, LOCAL, "Disconnected",
                                        on_disconnected, link);
        if (r >= 0)
                r = sd_bus_match_signal(link->bus, NULL, NULL, FERRY_OBJECT_AGENT,
                                        FERRY_INTERFACE_AGENT, "ResourcesChanged", on_changed,
                                        link);
        return r;
}

static int start_bus(AgentLink *link, sd_event *loop) {
        int r;

        r = sd_bus_set_anonymous(link->bus, true);
        if (r >= 0)
                r = sd_bus_negotiate_fds(link->bus, false);
        if (r >= 0)
                r = sd_bus_set_connected_signal(link->bus, true);
        if (r >= 0)
                r = add_matches(link);
        if (r >= 0)
                r = sd_bus_start(link->bus);
        return r < 0 ? r : sd_bus_attach_event(link->bus, loop, AGENT_PRIORITY);
}

static int start_timer(AgentLink *link, sd_event *loop) {
        int r;

        r = sd_event_add_time_relative(loop, &link->timer, CLOCK_MONOTONIC, link->patience->connect,
                                       0, on_time, link);
        return r < 0 ? r : sd_event_source_set_enabled(link->timer, SD_EVENT_ON);
}

int agent_link_new(sd_event *loop, int fd, const AgentPatience *patience,
                   const AgentLinkListener *listener, void *userdata, AgentLink **ret_link) {
        g_autoptr(AgentLink) link = g_new0(AgentLink, 1);
        int inner, r;

        link->patience = patience;
        link->listener = listener;
        link->userdata = userdata;
        r = agent_pipe_new(loop, fd, on_pipe_end, link, &inner, &link->pipe);
        if (r < 0)
                return r;

        agent_pipe_allow(link->pipe, HANDSHAKE_MAX);
        r = take_inner(link, inner);
        if (r >= 0)
                r = start_timer(link, loop);
        if (r >= 0)
                r = start_bus(link, loop);
        if (r < 0)
                return r;

        *ret_link = g_steal_pointer(&link);
        return 0;
}

void agent_link_free(AgentLink *link) {
        if (!link)
                return;

        sd_event_source_disable_unref(link->timer);
        sd_bus_slot_unref(link->question);
        sd_bus_close_unref(link->bus);
        agent_pipe_free(link->pipe);
        g_free(link);
}
