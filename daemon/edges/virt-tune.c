/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-tune.h"

#include <libvirt/virterror.h>
#include <pthread.h>

#include "daemon/edges/virt-read.h"
#include "daemon/edges/virt-tuning.h"

typedef struct Order {
        char *uri, *uuid, *name;
        GPtrArray *steps;
        GuestDoor *door;
        GString *trouble; /* empty: all is done */
} Order;

static void order_free(Order *order) {
        guest_door_unref(order->door);
        g_ptr_array_unref(order->steps);
        g_string_free(order->trouble, TRUE);
        g_free(order->uri);
        g_free(order->uuid);
        g_free(order->name);
        g_free(order);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_free)

/* What failed may be done by half when it is several things at once: vCPUs come one by one. */
static bool may_be_half(const Tuning *tuning) {
        return tuning->kind == TUNE_VCPU_COUNT;
}

/* Backwards from the step that failed; what is not undone is named. */
static void undo(Order *order, virDomainPtr domain, guint failed) {
        const TuningStep *last = order->steps->pdata[failed];
        guint n = failed + (may_be_half(last->wanted) ? 1 : 0);
        bool all = true;

        while (n-- > 0) {
                const TuningStep *step = order->steps->pdata[n];
                g_autofree char *trouble = virt_tuning_apply(domain, step->before), *what = NULL;

                if (!trouble)
                        continue;
                what = tuning_describe(step->before);
                g_string_append_printf(order->trouble, "; not undone: '%s': %s", what, trouble);
                all = false;
        }
        if (all)
                g_string_append(order->trouble, "; all is as it was before");
}

static void take_steps(Order *order, virDomainPtr domain) {
        for (guint i = 0; i < order->steps->len; i++) {
                const TuningStep *step = order->steps->pdata[i];
                g_autofree char *trouble = virt_tuning_apply(domain, step->wanted), *what = NULL;

                if (!trouble)
                        continue;
                what = tuning_describe(step->wanted);
                g_string_append_printf(order->trouble, "'%s' failed: %s", what, trouble);
                undo(order, domain, i);
                return;
        }
}

static void tell(Order *order) {
        GuestEvent *event = guest_event_new(GUEST_TUNED, order->uuid, order->name);

        if (order->trouble->len > 0)
                event->detail = g_strdup(order->trouble->str);
        guest_door_push(order->door, event);
}

static void *run(void *argument) {
        g_autoptr(Order) order = argument;
        virConnectPtr connection = virConnectOpen(order->uri);
        g_autoptr(virDomain) domain = NULL;

        if (connection)
                domain = virDomainLookupByUUIDString(connection, order->uuid);
        if (domain) {
                order->name = g_strdup(virDomainGetName(domain));
                take_steps(order, domain);
        } else {
                g_string_append_printf(order->trouble, "libvirt does not give the guest: %s",
                                       virGetLastErrorMessage() ?: "it gives no reason");
        }
        tell(order);

        g_clear_pointer(&domain, virDomainFree);
        if (connection)
                (void)virConnectClose(connection);
        return NULL;
}

void virt_tune(const char *uri, const char *uuid, const GPtrArray *steps, GuestDoor *door) {
        g_autoptr(Order) order = g_new0(Order, 1);
        pthread_t thread;

        order->uri = g_strdup(uri);
        order->uuid = g_strdup(uuid);
        order->steps = tuning_steps_copy(steps);
        order->door = guest_door_ref(door);
        order->trouble = g_string_new(NULL);
        if (pthread_create(&thread, NULL, run, order) != 0) {
                g_string_append(order->trouble, "This host has no room for another thread");
                tell(order);
                return;
        }
        order = NULL;
        (void)pthread_setname_np(thread, "virt-tune");
        (void)pthread_detach(thread);
}
