/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-cold.h"

#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edges/unit-run.h"
#include "daemon/edges/virt-parting.h"
#include "daemon/edges/virt-read.h"
#include "xml/metadata.h"

/* The destination's daemon puts the right devices into the definition when it hears of it, and
 * until then it cannot start. */
#define START_TRIES    15
#define START_PAUSE_MS 1000

typedef struct Order {
        void (*carry_out)(struct Order *order, virDomainPtr domain);
        char *uri, *uuid, *metadata;
        unsigned timeout_ms;
        MoveRequest *request; /* of a move */
        GuestDoor *door;
        GuestEvent *answer; /* NULL: nobody waits for one */
        char *trouble;      /* what did not go */
} Order;

static void order_free(Order *order) {
        guest_door_unref(order->door);
        guest_event_free(order->answer);
        move_request_free(order->request);
        g_free(order->uri);
        g_free(order->uuid);
        g_free(order->metadata);
        g_free(order->trouble);
        g_free(order);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_free)

static void fail(Order *order, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void fail(Order *order, const char *format, ...) {
        va_list arguments;

        g_free(order->trouble);
        va_start(arguments, format);
        order->trouble = g_strdup_vprintf(format, arguments);
        va_end(arguments);
}

/* Every call of libvirt forgets them. */
static const char *last_words(void) {
        return virGetLastErrorMessage() ?: "libvirt gives no reason";
}

/* Here ------------------------------------------------------------------------------ */

/* What the operator says of the next start stays. */
static char *with_needs(virDomainPtr domain, const char *xml) {
        char *text = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, METADATA_URI,
                                          VIR_DOMAIN_AFFECT_CONFIG);
        g_autoptr(Metadata) theirs = NULL, ours = metadata_from_xml(xml, strlen(xml), NULL);

        theirs = text ? metadata_from_xml(text, strlen(text), NULL) : NULL;
        free(text);
        if (!ours)
                return g_strdup(xml);

        metadata_take_needs(ours, theirs);
        return metadata_to_libvirt(ours);
}

static bool note_devices(const Order *order, virDomainPtr domain) {
        g_autofree char *xml = with_needs(domain, order->metadata);

        return virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, xml, METADATA_PREFIX,
                                    METADATA_URI, VIR_DOMAIN_AFFECT_CONFIG) == 0;
}

static void await_end(Order *order, virDomainPtr domain) {
        g_autoptr(Parting) parting = parting_new();
        int watch;

        parting_expect(parting, NULL);
        watch = parting_watch(parting, domain, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                              VIR_DOMAIN_EVENT_CALLBACK(parting_on_lifecycle));
        if (virDomainShutdown(domain) < 0)
                fail(order, "The guest cannot be shut down: %s", last_words());
        else if (parting_wait(parting, order->timeout_ms) == PARTING_OVERDUE &&
                 virDomainIsActive(domain) != 0)
                fail(order, "The guest does not shut down within %u s: it runs on",
                     order->timeout_ms / 1000);
        parting_unwatch(domain, watch);
}

static void shut_down(Order *order, virDomainPtr domain) {
        if (virDomainIsPersistent(domain) != 1)
                fail(order, "The guest is transient, so nothing would be left of it when it is "
                            "shut down: define it first");
        else if (!note_devices(order, domain))
                fail(order, "Its devices cannot be noted in its definition: %s", last_words());
        else
                await_end(order, domain);
}

static void start(Order *order, virDomainPtr domain) {
        if (virDomainCreate(domain) < 0)
                fail(order, "%s", last_words());
}

/* There ----------------------------------------------------------------------------- */

static int send_definition(const Order *order, virDomainPtr domain) {
        unsigned flags = VIR_MIGRATE_OFFLINE | VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_PEER2PEER;
        virTypedParameterPtr params = NULL;
        int n = 0, max = 0, r = 0;

        if (order->request->new_name)
                r = virTypedParamsAddString(&params, &n, &max, VIR_MIGRATE_PARAM_DEST_NAME,
                                            order->request->new_name);
        if (r == 0)
                r = virDomainMigrateToURI3(domain, order->request->uri, params, (unsigned)n, flags);
        virTypedParamsFree(params, n);
        return r;
}

/* libvirt here reaches the one there by ssh or TLS, with root's keys, and so does virsh; this
 * daemon has neither a network nor a home. 0 or 1, as unit_run(), or negative errno. */
static int start_once(const Order *order, char **ret_words) {
        const char *command[] = { "/usr/bin/env",      "LC_ALL=C", "virsh",     "-q", "-c",
                                  order->request->uri, "start",    order->uuid, NULL };
        g_autofree char *unit = g_strdup_printf("virtferry-start-%s.service", order->uuid);

        return unit_run(unit, "Start of a guest where virtferryd has moved it to", command,
                        ret_words);
}

/* Nothing tells of a start there, so it is tried again for a while. */
static void start_there(Order *order) {
        g_autoptr(Parting) pause = parting_new();

        for (unsigned i = 0; i < START_TRIES; i++) {
                g_autofree char *words = NULL;
                int r = start_once(order, &words);

                if (r == 0 || (words && strstr(words, "already active"))) {
                        g_clear_pointer(&order->trouble, g_free);
                        return;
                }
                fail(order, "It has been defined at the destination and does not start there: %s",
                     r < 0 ? g_strerror(-r) : words);
                (void)parting_wait(pause, START_PAUSE_MS);
        }
}

static void move(Order *order, virDomainPtr domain) {
        if (send_definition(order, domain) < 0) {
                fail(order, "%s", last_words());
                return;
        }

        start_there(order);
        if (!order->trouble && order->request->undefine_source && virDomainUndefine(domain) < 0)
                g_warning("Guest %s has moved and stays defined here: %s", virDomainGetName(domain),
                          last_words());
}

/* The thread ------------------------------------------------------------------------ */

static void tell(Order *order) {
        GuestEvent *answer = g_steal_pointer(&order->answer);

        if (!answer) {
                if (order->trouble)
                        g_warning("Guest %s cannot be started here again: %s", order->uuid,
                                  order->trouble);
                return;
        }
        if (order->request) {
                answer->job = g_new0(GuestJob, 1);
                answer->job->success = !order->trouble;
                answer->job->error = g_strdup(order->trouble);
                answer->job->downtime_ms = answer->job->total_ms = answer->job->setup_ms = -1;
        } else {
                answer->detail = g_strdup(order->trouble);
        }
        guest_door_push(order->door, answer);
}

static void *run(void *argument) {
        g_autoptr(Order) order = argument;
        virConnectPtr connection = virConnectOpen(order->uri);
        virDomainPtr domain = NULL;

        if (connection)
                domain = virDomainLookupByUUIDString(connection, order->uuid);
        if (domain)
                order->carry_out(order, domain);
        else
                fail(order, "libvirt does not give the guest: %s", last_words());

        if (domain)
                (void)virDomainFree(domain);
        if (connection)
                (void)virConnectClose(connection);
        tell(order);
        return NULL;
}

static void begin(Order *taken) {
        g_autoptr(Order) order = taken;
        pthread_t thread;

        if (pthread_create(&thread, NULL, run, order) != 0) {
                fail(order, "This host has no room for another thread");
                tell(order);
                return;
        }
        order = NULL;
        (void)pthread_setname_np(thread, "virt-cold");
        (void)pthread_detach(thread);
}

static Order *order_new(void (*carry_out)(Order *order, virDomainPtr domain), const char *uri,
                        const char *uuid, GuestDoor *door) {
        Order *order = g_new0(Order, 1);

        order->carry_out = carry_out;
        order->uri = g_strdup(uri);
        order->uuid = g_strdup(uuid);
        order->door = guest_door_ref(door);
        return order;
}

void virt_cold_shut_down(const char *uri, const char *uuid, const char *metadata,
                         unsigned timeout_ms, GuestDoor *door) {
        Order *order = order_new(shut_down, uri, uuid, door);

        order->metadata = g_strdup(metadata);
        order->timeout_ms = timeout_ms;
        order->answer = guest_event_new(GUEST_SHUT_DOWN, uuid, NULL);
        begin(order);
}

void virt_cold_move(const char *uri, const MoveRequest *request, GuestDoor *door) {
        Order *order = order_new(move, uri, request->uuid, door);

        order->request = move_request_copy(request);
        order->answer = guest_event_new(GUEST_MOVED, request->uuid, NULL);
        begin(order);
}

void virt_cold_start(const char *uri, const char *uuid, GuestDoor *door) {
        begin(order_new(start, uri, uuid, door));
}
