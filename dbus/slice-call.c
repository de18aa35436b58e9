/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/slice-call.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/slices-ask.h"
#include "daemon/slices-domain.h"

#define QOS_MAX 32u

SliceCall *slice_call_new(Faces *faces, sd_bus_message *m) {
        SliceCall *call = g_new0(SliceCall, 1);

        call->faces = faces;
        call->m = sd_bus_message_ref(m);
        call->qos = g_ptr_array_new_with_free_func(g_free);
        return call;
}

void slice_call_free(SliceCall *call) {
        if (!call)
                return;

        sd_bus_message_unref(call->m);
        slice_free(call->wish);
        g_ptr_array_unref(call->qos);
        g_free(call);
}

/* A SliceDomainFound. */
static void on_domain(void *userdata, const char *uuid, const char *name, const GError *error) {
        g_autoptr(SliceCall) call = userdata;

        if (error)
                (void)slice_call_reply_error(call, error);
        else
                call->go_on(g_steal_pointer(&call), uuid, name);
}

void slice_call_begin(SliceCall *taken, const char *domain) {
        slices_find_domain(taken->faces->manager->slices, domain, on_domain, taken);
}

/* Reading ----------------------------------------------------------------------------- */

int slice_call_read_wish(SliceCall *call, const char *definition, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;

        call->wish = slice_from_xml(definition, strlen(definition), &error);
        if (call->wish)
                return 0;

        slices_ask_translate(&error, true);
        return bus_error_from_gerror(reterr, error);
}

static char *read_number(sd_bus_message *m, char type) {
        union {
                uint8_t y;
                int16_t n;
                uint16_t q;
                int32_t i;
                uint32_t u;
                int64_t x;
                uint64_t t;
        } value;

        if (sd_bus_message_read_basic(m, type, &value) < 0)
                return NULL;

        switch (type) {
        case SD_BUS_TYPE_BYTE:
                return g_strdup_printf("%u", value.y);
        case SD_BUS_TYPE_INT16:
                return g_strdup_printf("%d", value.n);
        case SD_BUS_TYPE_UINT16:
                return g_strdup_printf("%u", value.q);
        case SD_BUS_TYPE_INT32:
                return g_strdup_printf("%" PRId32, value.i);
        case SD_BUS_TYPE_UINT32:
                return g_strdup_printf("%" PRIu32, value.u);
        case SD_BUS_TYPE_INT64:
                return g_strdup_printf("%" PRId64, value.x);
        default:
                return g_strdup_printf("%" PRIu64, value.t);
        }
}

/* As a definition has it; NULL: it is of another type. */
static char *read_text(sd_bus_message *m) {
        const char *contents = NULL, *text = NULL;
        int flag = 0;
        char type;

        if (sd_bus_message_peek_type(m, &type, &contents) <= 0)
                return NULL;
        if (type == SD_BUS_TYPE_STRING)
                return sd_bus_message_read_basic(m, type, &text) < 0 ? NULL : g_strdup(text);
        if (type == SD_BUS_TYPE_BOOLEAN)
                return sd_bus_message_read_basic(m, type, &flag) < 0
                               ? NULL
                               : g_strdup(flag ? "yes" : "no");
        return memchr("ynqiuxt", type, strlen("ynqiuxt")) ? read_number(m, type) : NULL;
}

static int read_attribute(SliceCall *call, sd_bus_error *reterr) {
        g_autofree char *value = NULL;
        const char *name, *contents;
        char type;
        int r;

        r = sd_bus_message_read_basic(call->m, 's', &name);
        if (r >= 0)
                r = sd_bus_message_peek_type(call->m, &type, &contents);
        if (r >= 0)
                r = sd_bus_message_enter_container(call->m, 'v', contents);
        if (r < 0)
                return r;

        value = read_text(call->m);
        if (!value)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "The value of '%.32s' is no string, boolean or number",
                                         name);

        g_ptr_array_add(call->qos, g_strdup(name));
        g_ptr_array_add(call->qos, g_steal_pointer(&value));
        return sd_bus_message_exit_container(call->m);
}

int slice_call_read_qos(SliceCall *call, sd_bus_error *reterr) {
        int r;

        r = sd_bus_message_enter_container(call->m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(call->m, 'e', "sv")) > 0) {
                if (call->qos->len >= 2 * QOS_MAX)
                        return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                                 "More than %u attributes are too many", QOS_MAX);
                r = read_attribute(call, reterr);
                if (r >= 0)
                        r = sd_bus_message_exit_container(call->m);
        }
        if (r < 0)
                return r;

        g_ptr_array_add(call->qos, NULL);
        call->ask.qos = (const char *const *)call->qos->pdata;
        return sd_bus_message_exit_container(call->m);
}

/* Replying ---------------------------------------------------------------------------- */

static int note(const SliceCall *call, int r) {
        bus_answered(call->m, r);
        return r;
}

int slice_call_reply_error(SliceCall *call, const GError *error) {
        return note(call, bus_error_reply(call->m, error));
}

static int append_strings(sd_bus_message *reply, const GPtrArray *strings) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (guint i = 0; r >= 0 && strings && i < strings->len; i++)
                r = sd_bus_message_append(reply, "s", (const char *)strings->pdata[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Of a slice that is not there it is the root. */
static int append_path(const SliceCall *call, sd_bus_message *reply, const char *uuid) {
        g_autofree char *path = bus_path_encode(FERRY_OBJECT_SLICE, uuid);
        const SliceBook *book = slices_book(call->faces->manager->slices);

        return sd_bus_message_append(reply, "o", slice_book_find(book, uuid) ? path : "/");
}

int slice_call_reply_placement(SliceCall *call, const char *uuid, const SlicePlacement *placement) {
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->m, &reply);
        if (r >= 0)
                r = append_path(call, reply, uuid);
        if (r >= 0)
                r = slice_append_grants(reply, placement->grants, call->wish);
        if (r >= 0)
                r = append_strings(reply, placement->preempted);
        if (r >= 0)
                r = append_strings(reply, call->explain ? placement->reasons : NULL);
        return note(call, r < 0 ? r : sd_bus_send(NULL, reply, NULL));
}

/* Without a placement it is gone, and there is nothing to explain. */
int slice_call_reply_reasons(SliceCall *call, const char *uuid, const SlicePlacement *placement) {
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->m, &reply);
        if (r >= 0)
                r = append_path(call, reply, uuid);
        if (r >= 0)
                r = append_strings(reply, placement ? placement->reasons : NULL);
        return note(call, r < 0 ? r : sd_bus_send(NULL, reply, NULL));
}
