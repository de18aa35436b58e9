/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor.h"
#include "dbus/face.h"

/* ListAdvice() and ApplyAdvice() of the Manager. */

#define ACTION_MIGRATE FERRY_BUS_NAME ".migrate"

static int append_values(sd_bus_message *reply, const GArray *values) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sd}");
        for (guint i = 0; r >= 0 && i < values->len; i++) {
                const AdvisorValue *one = &g_array_index(values, AdvisorValue, i);

                r = sd_bus_message_append(reply, "{sd}", one->name, one->value);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_commands(sd_bus_message *reply, const GPtrArray *commands) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (guint i = 0; r >= 0 && i < commands->len; i++)
                r = sd_bus_message_append(reply, "s", commands->pdata[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_entry(sd_bus_message *reply, const AdvisorEntry *entry) {
        const AdvisorDraft *draft = entry->draft;
        int r;

        r = sd_bus_message_open_container(reply, 'r', "ssssssa{sd}stas");
        if (r >= 0)
                r = sd_bus_message_append(reply, "ssssss", entry->id, draft->kind, draft->name,
                                          draft->target, draft->other, draft->reason);
        if (r >= 0)
                r = append_values(reply, draft->values);
        if (r >= 0)
                r = sd_bus_message_append(reply, "st", draft->sentence, (uint64_t)entry->since);
        if (r >= 0)
                r = append_commands(reply, draft->commands);
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
