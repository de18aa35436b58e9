/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slices-defragment.h"

#include <stddef.h>

#include "dbus/bus-options.h"
#include "dbus/slice-face.h"

/* Moves of hardware slices, as an operator asks for them. */

typedef struct DefragmentCall {
        int apply, functions;
        const char *goal;
} DefragmentCall;

static int append_strings(sd_bus_message *reply, const GPtrArray *strings) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (guint i = 0; r >= 0 && i < strings->len; i++)
                r = sd_bus_message_append(reply, "s", (const char *)strings->pdata[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_move(sd_bus_message *reply, const DefragmentMove *move) {
        int r;

        r = sd_bus_message_open_container(reply, 'r', "sasas");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", move->part);
        if (r >= 0)
                r = append_strings(reply, move->from);
        if (r >= 0)
                r = append_strings(reply, move->to);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_moves(sd_bus_message *reply, const GPtrArray *moves) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sasas)");
        for (guint i = 0; r >= 0 && i < moves->len; i++)
                r = append_move(reply, moves->pdata[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_step(sd_bus_message *reply, const DefragmentStep *step) {
        g_autofree char *path = bus_path_encode(FERRY_OBJECT_SLICE, step->domain_uuid);
        int r;

        r = sd_bus_message_open_container(reply, 'r', "osa(sasas)tuus");
        if (r >= 0)
                r = sd_bus_message_append(reply, "os", path, step->domain_name);
        if (r >= 0)
                r = append_moves(reply, step->moves);
        if (r >= 0)
                r = sd_bus_message_append(reply, "tuus", step->bytes, step->cores, step->functions,
                                          step->sentence);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_proposal(sd_bus_message *m, const Defragment *proposal) {
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(osa(sasas)tuus)");
        for (guint i = 0; r >= 0 && i < proposal->steps->len; i++)
                r = append_step(reply, proposal->steps->pdata[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = append_strings(reply, proposal->gains);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", proposal->obstacle ?: "");
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* Defragment(a{sv} options) -> (a(osa(sasas)tuus) steps, as gains, s obstacle) */
int slice_method_defragment(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        static const BusOption options[] = {
                { "apply", "b", offsetof(DefragmentCall, apply) },
                { "for", "s", offsetof(DefragmentCall, goal) },
                { "functions", "b", offsetof(DefragmentCall, functions) },
                { 0 },
        };
        const Faces *faces = userdata;
        DefragmentCall call = { 0 };
        SlicesDefragment how;
        g_autoptr(Defragment) proposal = NULL;
        g_autoptr(GError) error = NULL;
        int r;

        r = bus_options_read(m, options, &call, reterr);
        if (r < 0)
                return r;

        r = authorize(faces->authorizer, m, FERRY_BUS_NAME ".manage-slices", reterr);
        if (r < 0)
                return r;
        if (r == 0)
                return 1; /* polkit was asked; we are called again */

        how = (SlicesDefragment){ call.apply, call.functions, call.goal };
        proposal = slices_defragment(faces->manager->slices, &how, &error);
        if (!proposal)
                return bus_error_from_gerror(reterr, error);
        return reply_proposal(m, proposal);
}
