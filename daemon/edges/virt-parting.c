/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-parting.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

struct Parting {
        unsigned references;
        pthread_cond_t changed;
        char *alias;
        bool told;
        PartingEnd end;
};

/* Of all of them: they are few, and libvirt's thread gets each by way of libvirt's own locks, which
 * are not ours to rely on. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void init_condition(pthread_cond_t *condition) {
        pthread_condattr_t attributes;

        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(condition, &attributes);
        pthread_condattr_destroy(&attributes);
}

Parting *parting_new(void) {
        Parting *parting = g_new0(Parting, 1);

        pthread_mutex_lock(&lock);
        parting->references = 1;
        init_condition(&parting->changed);
        pthread_mutex_unlock(&lock);
        return parting;
}

Parting *parting_ref(Parting *parting) {
        pthread_mutex_lock(&lock);
        parting->references++;
        pthread_mutex_unlock(&lock);
        return parting;
}

void parting_unref(Parting *parting) {
        unsigned left;

        if (!parting)
                return;

        pthread_mutex_lock(&lock);
        left = --parting->references;
        pthread_mutex_unlock(&lock);
        if (left > 0)
                return;

        pthread_cond_destroy(&parting->changed);
        g_free(parting->alias);
        g_free(parting);
}

void parting_expect(Parting *parting, const char *alias) {
        pthread_mutex_lock(&lock);
        g_free(parting->alias);
        parting->alias = g_strdup(alias);
        parting->told = false;
        pthread_mutex_unlock(&lock);
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

        pthread_mutex_lock(&lock);
        while (!parting->told && r == 0)
                r = pthread_cond_timedwait(&parting->changed, &lock, &until);
        if (parting->told)
                end = parting->end;
        pthread_mutex_unlock(&lock);
        return end;
}

/* Another device of the guest may be unplugged by somebody else meanwhile. */
static void tell(Parting *parting, const char *alias, PartingEnd end) {
        pthread_mutex_lock(&lock);
        if (g_strcmp0(parting->alias, alias) == 0) {
                parting->told = true;
                parting->end = end;
                pthread_cond_signal(&parting->changed);
        }
        pthread_mutex_unlock(&lock);
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
