/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-search.h"

#include <string.h>

#include "daemon/edges/virt-agent.h"
#include "daemon/edges/virt-read.h"
#include "xml/domain-quirks.h"
#include "xml/domain-standby.h"

/* How long a guest is watched, and how often QEMU is asked then. */
#define MEASURE_SEC       1
#define MEASURE_LOOK_USEC (G_USEC_PER_SEC / 5)
#define MEASURE_LOOKS     20

/* How long an agent may take, and how often it is looked for. */
#define AGENT_LOOK_USEC (G_USEC_PER_SEC / 50)
#define AGENT_LOOKS     150

struct VirtSearch {
        Worker *worker;
        WorkerTask task;
        GuestDoor *door;
        char *name;
        bool measure;
        unsigned long question;
        GuestEvent *found;    /* while more is asked about it */
        AgentQuestion *agent; /* NULL: none is asked, or it has answered */
        unsigned agent_looks, looks;
};

VirtSearch *virt_search_new(Worker *worker, WorkerTask task, GuestDoor *door, const char *name,
                            bool measure, unsigned long question) {
        VirtSearch *search = g_new0(VirtSearch, 1);

        search->worker = worker;
        search->task = task;
        search->door = door;
        search->name = g_strdup(name);
        search->measure = measure;
        search->question = question;
        return search;
}

void virt_search_free(void *data) {
        VirtSearch *search = data;

        guest_event_free(search->found);
        agent_question_unref(search->agent);
        g_free(search->name);
        g_free(search);
}

static void answer(VirtSearch *search) {
        search->found->question = search->question;
        guest_door_push(search->door, g_steal_pointer(&search->found));
}

static void answer_without(VirtSearch *search, const char *uri) {
        search->found = guest_event_new(GUEST_FOUND, NULL, NULL);
        search->found->detail = g_strdup_printf("%s does not answer, so guest '%s' cannot be "
                                                "looked up: see 'virt-ferry check'",
                                                uri, search->name);
        answer(search);
}

/* The worker frees what it has run: what is known goes to the next one. */
static void run_again(VirtSearch *search, uint64_t usec) {
        VirtSearch *next = virt_search_new(search->worker, search->task, search->door, search->name,
                                           search->measure, search->question);

        next->found = g_steal_pointer(&search->found);
        next->agent = g_steal_pointer(&search->agent);
        next->agent_looks = search->agent_looks;
        next->looks = search->looks;
        worker_push_after(search->worker, usec, search->task, next, virt_search_free);
}

static virDomainPtr look_up_found(const VirtSearch *search, virConnectPtr connection) {
        return virDomainLookupByUUIDString(connection, search->found->uuid);
}

/* A libvirt or QEMU that cannot do it is no reason to refuse. */
static void measure(VirtSearch *search, virConnectPtr connection) {
        g_autoptr(virDomain) domain = NULL;

        if (search->measure && search->found->running && connection)
                domain = look_up_found(search, connection);

        search->looks = 1;
        if (domain && virt_start_dirty_rate(domain, MEASURE_SEC) == 0)
                run_again(search, MEASURE_SEC * G_USEC_PER_SEC + MEASURE_LOOK_USEC);
        else
                answer(search);
}

static void look(VirtSearch *search, virConnectPtr connection) {
        g_autoptr(virDomain) domain = NULL;

        if (connection && search->looks++ < MEASURE_LOOKS)
                domain = look_up_found(search, connection);

        if (domain && virt_read_dirty_rate(domain, &search->found->dirty_rate) == 0)
                run_again(search, MEASURE_LOOK_USEC);
        else
                answer(search);
}

/* Only of a team it matters what the guest has made of it. */
static bool wants_agent(const GuestEvent *found) {
        g_autoptr(DomainQuirks) quirks = NULL;
        g_autoptr(GPtrArray) standbys = NULL;

        if (!found->running)
                return false;

        quirks = domain_quirks_from_xml(found->xml, strlen(found->xml), NULL);
        standbys = domain_standbys_from_xml(found->xml, strlen(found->xml), NULL);
        return quirks && quirks->agent && standbys && standbys->len > 0;
}

static void await_agent(VirtSearch *search, virConnectPtr connection) {
        if (!agent_has_answered(search->agent, &search->found->agent_macs) &&
            search->agent_looks++ < AGENT_LOOKS) {
                run_again(search, AGENT_LOOK_USEC);
                return;
        }

        g_clear_pointer(&search->agent, agent_question_unref);
        measure(search, connection);
}

static void begin(VirtSearch *search, virConnectPtr connection, const char *uri) {
        search->found = virt_find(connection, search->name);
        if (!wants_agent(search->found)) {
                measure(search, connection);
                return;
        }

        search->agent = agent_ask(uri, search->found->uuid);
        await_agent(search, connection);
}

void virt_search_run(VirtSearch *search, virConnectPtr connection, const char *uri) {
        if (search->agent)
                await_agent(search, connection);
        else if (search->found)
                look(search, connection);
        else if (connection)
                begin(search, connection, uri);
        else
                answer_without(search, uri);
}
