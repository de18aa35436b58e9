/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "dbus/bus-options.h"
#include "dbus/slice-call.h"

/* Who asks for hardware slices on the bus: each method reads, asks who calls, and replies when that
 * is stored. */

#define ACTION_MANAGE_SLICES FERRY_BUS_NAME ".manage-slices"

static Slices *slices_of(const SliceCall *call) {
        return call->faces->manager->slices;
}

/* The call when it may go on, without which r is to be returned. */
static SliceCall *authorize_call(SliceCall *call, int *r, sd_bus_error *reterr) {
        g_autoptr(SliceCall) owned = call;

        *r = authorize(call->faces->authorizer, call->m, ACTION_MANAGE_SLICES, reterr);
        if (*r > 0)
                return g_steal_pointer(&owned);

        *r = *r < 0 ? *r : 1;
        return NULL;
}

/* A SliceAnswer: the method returns nothing. */
static void on_done(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                    const GError *error) {
        g_autoptr(SliceCall) call = userdata;

        if (error) {
                (void)slice_call_reply_error(call, error);
                return;
        }
        bus_answered(call->m, sd_bus_reply_method_return(call->m, NULL));
}

/* More and less ----------------------------------------------------------------------- */

static void on_asked(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                     const GError *error) {
        g_autoptr(SliceCall) call = userdata;

        if (error)
                (void)slice_call_reply_error(call, error);
        else
                (void)slice_call_reply_reasons(call, entry ? entry->domain_uuid : "", placement);
}

static void ask(SliceCall *call, const char *uuid, const char *name) {
        call->ask.domain_uuid = uuid;
        call->ask.domain_name = name;
        slices_ask(slices_of(call), &call->ask, call->ask.less ? on_done : on_asked, call);
}

static int begin_ask(sd_bus_message *m, void *userdata, bool less, sd_bus_error *reterr) {
        g_autoptr(SliceCall) call = slice_call_new(userdata, m);
        const char *domain;
        int r;

        r = sd_bus_message_read(m, "sst", &domain, &call->ask.kind, &call->ask.amount);
        if (r >= 0)
                r = slice_call_read_qos(call, reterr);
        if (r < 0)
                return r;

        call = authorize_call(g_steal_pointer(&call), &r, reterr);
        if (!call)
                return r;

        call->ask.less = less;
        call->go_on = ask;
        slice_call_begin(g_steal_pointer(&call), domain);
        return 1;
}

/* AllocateResource(s domain, s type, t amount, a{sv} qos) -> (o slice, as reasons) */
int slice_method_allocate_resource(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return begin_ask(m, userdata, false, reterr);
}

/* DeallocateResource(s domain, s type, t amount, a{sv} qos) */
int slice_method_deallocate_resource(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return begin_ask(m, userdata, true, reterr);
}

/* A whole slice ----------------------------------------------------------------------- */

static void on_allocated(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                         const GError *error) {
        g_autoptr(SliceCall) call = userdata;

        if (error)
                (void)slice_call_reply_error(call, error);
        else
                (void)slice_call_reply_placement(call, entry ? entry->domain_uuid : "", placement);
}

static void allocate(SliceCall *call, const char *uuid, const char *name) {
        g_autoptr(SlicePlacement) placement = NULL;
        g_autoptr(GError) error = NULL;

        if (!call->dry_run) {
                slices_allocate(slices_of(call), uuid, name, call->wish, on_allocated, call);
                return;
        }

        placement = slices_try(slices_of(call), uuid, call->wish, &error);
        if (placement)
                (void)slice_call_reply_placement(call, uuid, placement);
        else
                (void)slice_call_reply_error(call, error);
        slice_call_free(call);
}

/* AllocateSlice(s domain, s definition, a{sv} options)
 * -> (o slice, a(sstb) grants, as preempted, as reasons) */
int slice_method_allocate(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        static const BusOption options[] = {
                { "explain", "b", offsetof(SliceCall, explain) },
                { "dry-run", "b", offsetof(SliceCall, dry_run) },
                { 0 },
        };
        g_autoptr(SliceCall) call = slice_call_new(userdata, m);
        const char *domain, *definition;
        int r;

        r = sd_bus_message_read(m, "ss", &domain, &definition);
        if (r >= 0)
                r = bus_options_read(m, options, call, reterr);
        if (r < 0)
                return r;

        call = authorize_call(g_steal_pointer(&call), &r, reterr);
        if (!call)
                return r;

        r = slice_call_read_wish(call, definition, reterr);
        if (r < 0)
                return r;

        call->go_on = allocate;
        slice_call_begin(g_steal_pointer(&call), domain);
        return 1;
}

/* Change(s definition, a{sv} options) of a Slice */
int slice_method_change(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        static const BusOption options[] = { { 0 } };
        g_autofree char *uuid = bus_path_decode(FERRY_OBJECT_SLICE, sd_bus_message_get_path(m));
        g_autoptr(SliceCall) call = slice_call_new(userdata, m);
        const char *definition;
        int r;

        r = sd_bus_message_read(m, "s", &definition);
        if (r >= 0)
                r = bus_options_read(m, options, call, reterr);
        if (r < 0)
                return r;

        call = authorize_call(g_steal_pointer(&call), &r, reterr);
        if (!call)
                return r;

        r = slice_call_read_wish(call, definition, reterr);
        if (r < 0)
                return r;

        slices_allocate(slices_of(call), uuid, NULL, call->wish, on_done, call);
        g_steal_pointer(&call);
        return 1;
}

/* Deallocate() of a Slice */
int slice_method_deallocate(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autofree char *uuid = bus_path_decode(FERRY_OBJECT_SLICE, sd_bus_message_get_path(m));
        g_autoptr(SliceCall) call = slice_call_new(userdata, m);
        int r;

        call = authorize_call(g_steal_pointer(&call), &r, reterr);
        if (!call)
                return r;

        slices_deallocate(slices_of(call), uuid, on_done, call);
        g_steal_pointer(&call);
        return 1;
}

/* Looking ----------------------------------------------------------------------------- */

static int append_slice(sd_bus_message *reply, const SliceEntry *entry) {
        g_autofree char *path = bus_path_encode(FERRY_OBJECT_SLICE, entry->domain_uuid);
        int r;

        r = sd_bus_message_open_container(reply, 'r', "ossssa(sstb)");
        if (r >= 0)
                r = sd_bus_message_append(reply, "ossss", path, entry->domain_uuid,
                                          entry->domain_name, slice_state_to_string(entry->state),
                                          slice_priority_to_string(entry->wish->priority));
        if (r >= 0)
                r = slice_append_grants(reply, entry->grants, entry->wish);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ListSlices() -> (a(ossssa(sstb)) slices) */
int slice_method_list(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;
        g_autoptr(GPtrArray) entries = slice_book_list(slices_book(faces->manager->slices));
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ossssa(sstb))");
        for (guint i = 0; r >= 0 && i < entries->len; i++)
                r = append_slice(reply, entries->pdata[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
