/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "daemon/advisor.h"
#include "dbus/face.h"

/* ListAdvice() and ApplyAdvice() of the Manager. */

#define ACTION_MIGRATE FERRY_BUS_NAME ".migrate"

static int append_value(sd_bus_message *reply, const char *name, double value) {
        return isnan(value) ? 0 : sd_bus_message_append(reply, "{sd}", name, value);
}

static int append_values(sd_bus_message *reply, const Advice *advice) {
        const AdviceGuest *guest = advice->in.id ? &advice->in : &advice->out;
        const struct {
                const char *name;
                double value;
        } values[] = {
                { "seen", guest->seen },  { "mean", guest->mean }, { "p50", guest->p50 },
                { "p95", guest->p95 },    { "day", guest->day },   { "gain", advice->gain },
                { "cost", advice->cost }, { "bar", advice->bar },
        };
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sd}");
        for (guint i = 0; r >= 0 && i < G_N_ELEMENTS(values); i++)
                r = append_value(reply, values[i].name, values[i].value);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_commands(sd_bus_message *reply, const GPtrArray *moves) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (guint i = 0; r >= 0 && i < moves->len; i++) {
                g_autofree char *command = advisor_move_command(moves->pdata[i]);

                r = sd_bus_message_append(reply, "s", command);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_entry(sd_bus_message *reply, const AdvisorEntry *entry) {
        const Advice *advice = entry->advice;
        g_autofree char *sentence = advice_to_sentence(advice);
        bool comes = advice->in.id;
        int r;

        r = sd_bus_message_open_container(reply, 'r', "ssssssa{sd}stas");
        if (r >= 0)
                r = sd_bus_message_append(
                        reply, "ssssss", entry->id, advice_kind_to_string(advice->kind),
                        comes ? advice->in.name : advice->out.name, advice->seat,
                        comes ? advice->out.name : NULL, advice_reason_to_string(advice->reason));
        if (r >= 0)
                r = append_values(reply, advice);
        if (r >= 0)
                r = sd_bus_message_append(reply, "st", sentence, (uint64_t)entry->since);
        if (r >= 0)
                r = append_commands(reply, entry->moves);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* ListAdvice() -> (a(ssssssa{sd}stas) advice) */
int manager_method_list_advice(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;
        const GPtrArray *entries = advisor_list(faces->manager->advisor);
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssssssa{sd}stas)");
        for (guint i = 0; r >= 0 && i < entries->len; i++)
                r = append_entry(reply, entries->pdata[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* An AdvisorMoved. */
static void on_applied(void *userdata, const GError *error) {
        g_autoptr(sd_bus_message) m = userdata;
        int r;

        r = error ? bus_error_reply(m, error) : sd_bus_reply_method_return(m, NULL);
        if (r < 0)
                g_debug("The answer to ApplyAdvice cannot be sent: %s, ignoring", g_strerror(-r));
}

/* ApplyAdvice(s id) */
int manager_method_apply_advice(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Faces *faces = userdata;
        const char *id;
        int r;

        r = sd_bus_message_read(m, "s", &id);
        if (r < 0)
                return r;

        r = authorize(faces->authorizer, m, ACTION_MIGRATE, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        advisor_apply(faces->manager->advisor, id, on_applied, sd_bus_message_ref(m));
        return 1;
}
