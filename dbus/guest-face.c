/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dbus/guest-face.h"

#include <errno.h>
#include <string.h>

#include "daemon/names.h"
#include "dbus/bus-error.h"
#include "dbus/peer-server.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sd_bus_error, sd_bus_error_free)

struct GuestFace {
        sd_bus *bus;
        GuestSession *session;
        GPtrArray *calls; /* Waiting: those without an answer yet */
};

/* A Request() or Release() that waits for its answer. */
typedef struct Waiting {
        GuestFace *face;
        sd_bus_message *m;
        GuestCall *call;
} Waiting;

static void waiting_free(void *data) {
        Waiting *waiting = data;

        if (waiting->call)
                guest_call_forget(waiting->call);
        sd_bus_message_unref(waiting->m);
        g_free(waiting);
}

/* Asking ---------------------------------------------------------------------------- */

/* In its words, which are for the guest. */
static int answer_with_error(sd_bus_message *m, const GError *error) {
        g_auto(sd_bus_error) e = SD_BUS_ERROR_NULL;

        if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_PERM))
                (void)sd_bus_error_set(&e, SD_BUS_ERROR_ACCESS_DENIED, error->message);
        else
                (void)bus_error_from_gerror(&e, error);
        return sd_bus_reply_method_error(m, &e);
}

static void on_answer(void *userdata, const GError *error) {
        Waiting *waiting = userdata;

        if (error)
                (void)answer_with_error(waiting->m, error);
        else
                (void)sd_bus_reply_method_return(waiting->m, NULL);

        waiting->call = NULL;
        (void)g_ptr_array_remove_fast(waiting->face->calls, waiting);
}

static int ask(GuestFace *face, sd_bus_message *m, const char *kind, uint64_t amount, bool less,
               const char *const *qos) {
        Waiting *waiting = g_new0(Waiting, 1);
        GuestCall *call;

        waiting->face = face;
        waiting->m = sd_bus_message_ref(m);
        g_ptr_array_add(face->calls, waiting);
        call = guest_session_ask(face->session, kind, amount, less, qos, on_answer, waiting);
        if (call)
                waiting->call = call;
        return 1;
}

/* The value as its attribute has it; NULL for a type that no attribute has. */
static int read_value(sd_bus_message *m, char **ret_value) {
        const char *type, *text;
        uint64_t number;
        uint32_t small;
        int r;

        r = sd_bus_message_peek_type(m, NULL, &type);
        if (r < 0)
                return r;

        if (g_str_equal(type, "s")) {
                r = sd_bus_message_read(m, "v", "s", &text);
                *ret_value = r >= 0 ? g_strdup(text) : NULL;
        } else if (g_str_equal(type, "u")) {
                r = sd_bus_message_read(m, "v", "u", &small);
                *ret_value = r >= 0 ? g_strdup_printf("%u", small) : NULL;
        } else if (g_str_equal(type, "t")) {
                r = sd_bus_message_read(m, "v", "t", &number);
                *ret_value = r >= 0 ? g_strdup_printf("%" G_GUINT64_FORMAT, number) : NULL;
        } else
                return -EINVAL;
        return r;
}

static int read_entry(sd_bus_message *m, GPtrArray *qos) {
        g_autofree char *value = NULL;
        const char *name;
        int r;

        r = sd_bus_message_read(m, "s", &name);
        if (r < 0)
                return r;
        r = read_value(m, &value);
        if (r < 0)
                return r;
        if (qos->len / 2 >= GUEST_QOS_MAX || strlen(name) > GUEST_WORD_LENGTH_MAX ||
            strlen(value) > GUEST_WORD_LENGTH_MAX)
                return -E2BIG;

        g_ptr_array_add(qos, g_strdup(name));
        g_ptr_array_add(qos, g_steal_pointer(&value));
        return sd_bus_message_exit_container(m);
}

/* a{sv}, as names and values, NULL at the end. */
static int read_qos(sd_bus_message *m, GPtrArray *qos) {
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = read_entry(m, qos);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        g_ptr_array_add(qos, NULL);
        return sd_bus_message_exit_container(m);
}

static int read_and_ask(sd_bus_message *m, GuestFace *face, bool less, sd_bus_error *reterr) {
        g_autoptr(GPtrArray) qos = g_ptr_array_new_with_free_func(g_free);
        const char *kind;
        uint64_t amount;
        int r;

        r = sd_bus_message_read(m, "st", &kind, &amount);
        if (r < 0)
                return r;

        r = strlen(kind) > GUEST_WORD_LENGTH_MAX ? -E2BIG : read_qos(m, qos);
        if (r < 0)
                return sd_bus_error_setf(
                        reterr, SD_BUS_ERROR_INVALID_ARGS,
                        "qos must be at most %u names with a text (s) or a number (u, t), and no "
                        "word longer than %u bytes",
                        GUEST_QOS_MAX, GUEST_WORD_LENGTH_MAX);

        return ask(face, m, kind, amount, less, (const char *const *)qos->pdata);
}

/* Request(s kind, t amount, a{sv} qos) */
static int method_request(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return read_and_ask(m, userdata, false, reterr);
}

/* Release(s kind, t amount, a{sv} qos) */
static int method_release(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return read_and_ask(m, userdata, true, reterr);
}

/* Showing --------------------------------------------------------------------------- */

static int append_holdings(sd_bus_message *reply, const SliceEntry *entry) {
        g_autoptr(GArray) holdings = guest_holdings(entry);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(stttt)");
        for (guint i = 0; r >= 0 && i < holdings->len; i++) {
                const GuestHolding *holding = &g_array_index(holdings, GuestHolding, i);

                r = sd_bus_message_append(reply, "(stttt)", holding->kind, holding->wanted,
                                          holding->granted, holding->least, holding->most);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_functions(sd_bus_message *reply, const SliceEntry *entry) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(stt)");
        for (guint i = 0; r >= 0 && entry && i < entry->wish->functions->len; i++) {
                const SliceFunction *function = entry->wish->functions->pdata[i];

                r = sd_bus_message_append(reply, "(stt)", function->name,
                                          (uint64_t)function->min_mbit,
                                          (uint64_t)function->max_mbit);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Show() -> (s state, a(stttt) holdings, a(stt) functions) */
static int method_show(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const GuestFace *face = userdata;
        const SliceEntry *entry = guest_session_entry(face->session);
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", guest_state(entry));
        if (r >= 0)
                r = append_holdings(reply, entry);
        if (r >= 0)
                r = append_functions(reply, entry);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int property_get_state(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const GuestFace *face = userdata;

        return sd_bus_message_append(reply, "s", guest_state(guest_session_entry(face->session)));
}

/* Both, for those who only follow properties. */
static void on_changed(void *userdata) {
        GuestFace *face = userdata;

        (void)sd_bus_emit_signal(face->bus, FERRY_OBJECT_GUEST, FERRY_INTERFACE_GUEST, "Changed",
                                 NULL);
        (void)sd_bus_emit_properties_changed(face->bus, FERRY_OBJECT_GUEST, FERRY_INTERFACE_GUEST,
                                             "State", NULL);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS(
                "Show", SD_BUS_NO_ARGS,
                SD_BUS_RESULT("s", state, "a(stttt)", holdings, "a(stt)", functions), method_show,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Request", SD_BUS_ARGS("s", kind, "t", amount, "a{sv}", qos),
                                SD_BUS_NO_RESULT, method_request, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Release", SD_BUS_ARGS("s", kind, "t", amount, "a{sv}", qos),
                                SD_BUS_NO_RESULT, method_release, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL("Changed", NULL, 0),
        SD_BUS_PROPERTY("State", "s", property_get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

/* Who may come in ------------------------------------------------------------------- */

/* sd-bus answers more by itself than a guest has to know: the host's machine id, above all. */
static bool is_for_guests(sd_bus_message *m) {
        const char *interface = sd_bus_message_get_interface(m);

        return sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Peer", "Ping") > 0 ||
               g_strcmp0(interface, FERRY_INTERFACE_GUEST) == 0 ||
               g_strcmp0(interface, "org.freedesktop.DBus.Properties") == 0 ||
               g_strcmp0(interface, "org.freedesktop.DBus.Introspectable") == 0;
}

/* Before sd-bus looks at it. What is no call gets no answer. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const GuestFace *face = userdata;
        uint8_t type;
        int r;

        r = sd_bus_message_get_type(m, &type);
        if (r < 0 || type != SD_BUS_MESSAGE_METHOD_CALL)
                return 1;

        if (!guest_session_take(face->session))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                         "More than %d requests a second: wait for one",
                                         GUEST_REQUESTS_PER_SEC);
        if (!is_for_guests(m))
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_ACCESS_DENIED,
                                         "A guest may ask " FERRY_INTERFACE_GUEST " alone");
        return 0;
}

/* The peer is this process; whoever is behind it has no user here. */
static int start(GuestFace *face) {
        int r;

        r = sd_bus_add_filter(face->bus, NULL, on_message, face);
        if (r >= 0)
                r = sd_bus_add_object_vtable(face->bus, NULL, FERRY_OBJECT_GUEST,
                                             FERRY_INTERFACE_GUEST, vtable, face);
        return r < 0 ? r : sd_bus_start(face->bus);
}

int guest_face_new(sd_event *loop, int64_t priority, GuestSession *session, int fd,
                   GuestFace **ret_face) {
        g_autoptr(GuestFace) face = g_new0(GuestFace, 1);
        int r;

        face->session = session;
        face->calls = g_ptr_array_new_with_free_func(waiting_free);
        r = peer_server_new(fd, fd, &face->bus);
        if (r >= 0)
                r = start(face);
        if (r >= 0)
                r = sd_bus_attach_event(face->bus, loop, (int)priority);
        if (r < 0)
                return r;

        guest_session_set_listener(session, on_changed, face);
        *ret_face = g_steal_pointer(&face);
        return 0;
}

void guest_face_free(GuestFace *face) {
        if (!face)
                return;

        guest_session_set_listener(face->session, NULL, NULL);
        g_ptr_array_unref(face->calls);
        sd_bus_close_unref(face->bus);
        g_free(face);
}
