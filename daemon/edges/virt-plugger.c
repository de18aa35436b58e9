/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-plugger.h"

#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edges/virt-parting.h"
#include "daemon/edges/virt-read.h"
#include "xml/domain-interface.h"
#include "xml/domain.h"

typedef struct Order {
        GuestEventKind kind; /* of its answer */
        char *uri, *uuid;
        GuestDoor *door;
        UnplugRequest *request; /* NULL: plug these */
        char **elements;
        GString *trouble; /* what did not go, in sentences */
} Order;

static void order_free(Order *order) {
        guest_door_unref(order->door);
        unplug_request_free(order->request);
        g_strfreev(order->elements);
        g_string_free(order->trouble, TRUE);
        g_free(order->uri);
        g_free(order->uuid);
        g_free(order);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Order, order_free)

static Order *order_new(GuestEventKind kind, const char *uri, const char *uuid, GuestDoor *door) {
        Order *order = g_new0(Order, 1);

        order->kind = kind;
        order->uri = g_strdup(uri);
        order->uuid = g_strdup(uuid);
        order->door = guest_door_ref(door);
        order->trouble = g_string_new(NULL);
        return order;
}

static const char *last_words(void) {
        return virGetLastErrorMessage() ?: "libvirt gives no reason";
}

static void fail(Order *order, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void fail(Order *order, const char *format, ...) {
        va_list arguments;

        if (order->trouble->len > 0)
                g_string_append(order->trouble, "; ");
        va_start(arguments, format);
        g_string_append_vprintf(order->trouble, format, arguments);
        va_end(arguments);
}

static char *read_xml(virDomainPtr domain) {
        char *text = virDomainGetXMLDesc(domain, 0), *copy = g_strdup(text);

        free(text);
        return copy;
}

/* Out ------------------------------------------------------------------------------- */

/* libvirt's alias of the device with this source; NULL without an error: it is not in the guest. */
static char *find_alias(virDomainPtr domain, const char *source, GError **error) {
        g_autoptr(DomainInterface) interface = NULL;
        g_autofree char *xml = read_xml(domain);
        g_autoptr(Domain) read = NULL;

        if (xml)
                interface = domain_interface_find(xml, strlen(xml), source, error);
        if (interface)
                return g_strdup(interface->alias ?: "");
        if (*error)
                return NULL;

        read = xml ? domain_from_xml(xml, strlen(xml), error) : NULL;
        for (guint i = 0; read && i < read->devices->len; i++) {
                const DomainDevice *device = read->devices->pdata[i];

                if (!device->unplugged && g_str_equal(device->source, source))
                        return g_strdup(device->alias ?: "");
        }
        return NULL;
}

static bool is_gone(virDomainPtr domain, const char *source) {
        g_autoptr(GError) error = NULL;
        g_autofree char *alias = find_alias(domain, source, &error);

        return !alias && !error && virDomainIsActive(domain) == 1;
}

/* The events may have been lost: then the domain has the last word. */
static void await_parting(Order *order, virDomainPtr domain, Parting *parting, const char *alias,
                          const char *source) {
        unsigned timeout_ms = order->request->timeout_ms;

        switch (parting_wait(parting, timeout_ms)) {
        case PARTING_REMOVED:
                return;
        case PARTING_REFUSED:
                fail(order, "The guest refuses to let go of %s (%s), so it keeps it", alias,
                     source);
                return;
        case PARTING_OVERDUE:
                if (!is_gone(domain, source))
                        fail(order,
                             "The guest did not let go of %s (%s) within %u s, so it keeps it: "
                             "its driver for PCI hotplug may be missing",
                             alias, source, timeout_ms / 1000);
                return;
        }
}

static void unplug_one(Order *order, virDomainPtr domain, Parting *parting, const char *source) {
        g_autoptr(GError) error = NULL;
        g_autofree char *alias = find_alias(domain, source, &error);

        if (error)
                fail(order, "The guest's domain cannot be read: %s", error->message);
        if (!alias)
                return;

        parting_expect(parting, alias);
        if (virDomainDetachDeviceAlias(domain, alias, VIR_DOMAIN_AFFECT_LIVE) < 0)
                fail(order, "%s (%s) cannot be unplugged: %s", alias, source, last_words());
        else
                await_parting(order, domain, parting, alias, source);
}

/* All that are out before one that does not come out are plugged again by whoever asked. */
static void unplug_all(Order *order, virDomainPtr domain) {
        g_autoptr(Parting) parting = parting_new();
        int removed, refused;

        removed = parting_watch(parting, domain, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
                                VIR_DOMAIN_EVENT_CALLBACK(parting_on_removed));
        refused = parting_watch(parting, domain, VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED,
                                VIR_DOMAIN_EVENT_CALLBACK(parting_on_refused));

        for (char **source = order->request->devices; *source && order->trouble->len == 0; source++)
                unplug_one(order, domain, parting, *source);

        parting_unwatch(domain, removed);
        parting_unwatch(domain, refused);
}

/* In -------------------------------------------------------------------------------- */

static void plug_all(Order *order, virDomainPtr domain) {
        for (char **element = order->elements; *element; element++)
                if (virDomainAttachDeviceFlags(domain, *element, VIR_DOMAIN_AFFECT_LIVE) < 0) {
                        g_autoptr(DomainDevice) device = NULL;

                        device = domain_device_from_xml(*element, strlen(*element), NULL);
                        fail(order, "%s cannot be plugged in: %s",
                             device ? device->source : "The device", last_words());
                }
}

/* The thread ------------------------------------------------------------------------ */

static void tell(Order *order, virDomainPtr domain) {
        GuestEvent *event = guest_event_new(order->kind, order->uuid, NULL);

        if (domain) {
                event->name = g_strdup(virDomainGetName(domain));
                event->xml = virDomainIsActive(domain) == 1 ? read_xml(domain) : NULL;
        }
        if (order->trouble->len > 0)
                event->detail = g_strdup(order->trouble->str);
        guest_door_push(order->door, event);
}

/* Every call of libvirt forgets the last error. */
static void *run(void *argument) {
        g_autoptr(Order) order = argument;
        virConnectPtr connection = virConnectOpen(order->uri);
        virDomainPtr domain = NULL;

        if (connection)
                domain = virDomainLookupByUUIDString(connection, order->uuid);
        if (!domain)
                fail(order, "libvirt does not give the guest: %s", last_words());
        else if (order->request)
                unplug_all(order, domain);
        else
                plug_all(order, domain);
        tell(order, domain);

        if (domain)
                (void)virDomainFree(domain);
        if (connection)
                (void)virConnectClose(connection);
        return NULL;
}

static void begin(Order *taken) {
        g_autoptr(Order) order = taken;
        pthread_t thread;

        if (pthread_create(&thread, NULL, run, order) != 0) {
                fail(order, "This host has no room for another thread");
                tell(order, NULL);
                return;
        }
        order = NULL;
        (void)pthread_setname_np(thread, "virt-plug");
        (void)pthread_detach(thread);
}

void virt_plugger_unplug(const char *uri, const UnplugRequest *request, GuestDoor *door) {
        Order *order = order_new(GUEST_UNPLUGGED, uri, request->uuid, door);

        order->request = unplug_request_copy(request);
        begin(order);
}

void virt_plugger_plug(const char *uri, const char *uuid, const char *const *elements,
                       GuestDoor *door) {
        Order *order = order_new(GUEST_PLUGGED, uri, uuid, door);

        order->elements = g_strdupv((char **)elements);
        begin(order);
}

void virt_plugger_refuse(const UnplugRequest *request, const char *words, GuestDoor *door) {
        g_autoptr(Order) order = order_new(GUEST_UNPLUGGED, NULL, request->uuid, door);

        fail(order, "%s", words);
        tell(order, NULL);
}
