/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-parting.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

struct Parting {
        atomic_uint references;
        pthread_mutex_t lock;
        pthread_cond_t changed;

        /* under the lock */
        char *alias;
        bool told;
        PartingEnd end;
};

Parting *parting_new(void) {
        Parting *parting = g_new0(Parting, 1);
        pthread_condattr_t attributes;

        atomic_init(&parting->references, 1);
        pthread_mutex_init(&parting->lock, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&parting->changed, &attributes);
        pthread_condattr_destroy(&attributes);
        return parting;
}

Parting *parting_ref(Parting *parting) {
        atomic_fetch_add(&parting->references, 1);
        return parting;
}

void parting_unref(Parting *parting) {
        if (!parting || atomic_fetch_sub(&parting->references, 1) > 1)
                return;

        pthread_cond_destroy(&parting->changed);
        pthread_mutex_destroy(&parting->lock);
        g_free(parting->alias);
        g_free(parting);
}

void parting_expect(Parting *parting, const char *alias) {
        pthread_mutex_lock(&parting->lock);
        g_free(parting->alias);
        parting->alias = g_strdup(alias);
        parting->told = false;
        pthread_mutex_unlock(&parting->lock);
}

static struct timespec after(unsigned timeout_ms) {
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        time.tv_sec += timeout_ms / 1000;
        time.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
        if (time.tv_nsec >= 1000000000) {
                time.tv_sec++;
                time.tv_nsec -= 1000000000;
        }
        return time;
}

PartingEnd parting_wait(Parting *parting, unsigned timeout_ms) {
        struct timespec until = after(timeout_ms);
        PartingEnd end = PARTING_OVERDUE;
        int r = 0;

        pthread_mutex_lock(&parting->lock);
        while (!parting->told && r == 0)
                r = pthread_cond_timedwait(&parting->changed, &parting->lock, &until);
        if (parting->told)
                end = parting->end;
        pthread_mutex_unlock(&parting->lock);
        return end;
}

/* Another device of the guest may be unplugged by somebody else meanwhile. */
static void tell(Parting *parting, const char *alias, PartingEnd end) {
        pthread_mutex_lock(&parting->lock);
        if (g_strcmp0(parting->alias, alias) == 0) {
                parting->told = true;
                parting->end = end;
                pthread_cond_signal(&parting->changed);
        }
        pthread_mutex_unlock(&parting->lock);
}

void parting_on_removed(virConnectPtr connection, virDomainPtr domain, const char *alias,
                        void *parting) {
        tell(parting, alias, PARTING_REMOVED);
}

void parting_on_refused(virConnectPtr connection, virDomainPtr domain, const char *alias,
                        void *parting) {
        tell(parting, alias, PARTING_REFUSED);
}

int parting_on_lifecycle(virConnectPtr connection, virDomainPtr domain, int event, int detail,
                         void *parting) {
        if (event == VIR_DOMAIN_EVENT_STOPPED)
                tell(parting, NULL, PARTING_REMOVED);
        return 0;
}

static void unref_parting(void *parting) {
        parting_unref(parting);
}

int parting_watch(Parting *parting, virDomainPtr domain, int event,
                  virConnectDomainEventGenericCallback callback) {
        int r;

        r = virConnectDomainEventRegisterAny(virDomainGetConnect(domain), domain, event, callback,
                                             parting_ref(parting), unref_parting);
        if (r < 0)
                parting_unref(parting);
        return r;
}

void parting_unwatch(virDomainPtr domain, int watch) {
        if (watch >= 0)
                (void)virConnectDomainEventDeregisterAny(virDomainGetConnect(domain), watch);
}
