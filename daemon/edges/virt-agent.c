/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-agent.h"

#include <pthread.h>

#include "daemon/edges/virt-read.h"

/* The one who asked and the thread have a reference each. */
struct AgentQuestion {
        char *uri, *uuid;
        pthread_mutex_t lock;
        bool answered;
        char **macs;
};

static void clear(void *data) {
        AgentQuestion *question = data;

        g_strfreev(question->macs);
        (void)pthread_mutex_destroy(&question->lock);
        g_free(question->uri);
        g_free(question->uuid);
}

void agent_question_unref(AgentQuestion *question) {
        if (question)
                g_atomic_rc_box_release_full(question, clear);
}

/* NULL without an agent. */
static char **read_macs(virDomainPtr domain) {
        g_autoptr(GPtrArray) macs = NULL;
        virDomainInterfacePtr *interfaces = NULL;
        int n = virDomainInterfaceAddresses(domain, &interfaces,
                                            VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, 0);

        if (n < 0)
                return NULL;

        macs = g_ptr_array_new();
        for (int i = 0; i < n; i++) {
                if (interfaces[i]->hwaddr)
                        g_ptr_array_add(macs, g_ascii_strdown(interfaces[i]->hwaddr, -1));
                virDomainInterfaceFree(interfaces[i]);
        }
        free(interfaces);
        g_ptr_array_add(macs, NULL);
        return (char **)g_ptr_array_free(g_steal_pointer(&macs), FALSE);
}

static void put_answer(AgentQuestion *question, char **macs) {
        (void)pthread_mutex_lock(&question->lock);
        question->answered = true;
        question->macs = macs;
        (void)pthread_mutex_unlock(&question->lock);
}

static void *run(void *argument) {
        g_autoptr(AgentQuestion) question = argument;
        virConnectPtr connection = virConnectOpen(question->uri);
        g_autoptr(virDomain) domain = NULL;

        if (connection)
                domain = virDomainLookupByUUIDString(connection, question->uuid);
        put_answer(question, domain ? read_macs(domain) : NULL);
        if (connection)
                (void)virConnectClose(connection);
        return NULL;
}

AgentQuestion *agent_ask(const char *uri, const char *uuid) {
        AgentQuestion *question = g_atomic_rc_box_new0(AgentQuestion);
        pthread_t thread;

        question->uri = g_strdup(uri);
        question->uuid = g_strdup(uuid);
        (void)pthread_mutex_init(&question->lock, NULL);

        if (pthread_create(&thread, NULL, run, g_atomic_rc_box_acquire(question)) != 0) {
                agent_question_unref(question); /* the thread's */
                put_answer(question, NULL);
                return question;
        }
        (void)pthread_setname_np(thread, "virt-agent");
        (void)pthread_detach(thread);
        return question;
}

bool agent_has_answered(AgentQuestion *question, char ***ret_macs) {
        bool answered;

        (void)pthread_mutex_lock(&question->lock);
        answered = question->answered;
        if (answered)
                *ret_macs = g_steal_pointer(&question->macs);
        (void)pthread_mutex_unlock(&question->lock);
        return answered;
}
