/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-api.h"

#include <string.h>

#include "xml/domain-vsock.h"
#include "xml/ferry-error.h"

/* A bucket of tokens, as the time when it will be full again. */
typedef struct Bucket {
        int64_t full_at;
} Bucket;

typedef struct Guest {
        char *uuid;
        uint32_t cid;
        Bucket messages, requests, changes;
        GPtrArray *sessions; /* GuestSession, borrowed */
} Guest;

struct GuestApi {
        Slices *slices;
        GHashTable *by_uuid, *by_cid; /* Guest; the first owns it */
        GPtrArray *sessions;          /* all, borrowed */
        int64_t (*now)(void);
};

struct GuestSession {
        GuestApi *api;
        Guest *guest;
        bool of_root;
        int64_t active; /* when it last sent a message */
        void (*ended)(void *userdata);
        void *ended_userdata;
        void (*changed)(void *userdata);
        void *changed_userdata;
};

struct GuestCall {
        Slices *slices;
        char *domain_uuid, *kind;
        uint64_t amount;
        bool less;
        GuestAnswer answer; /* NULL: nobody waits */
        void *userdata;
        bool asking, answered; /* the first: slices_ask() has not returned */
};

/* Counting -------------------------------------------------------------------------- */

static bool bucket_take(Bucket *bucket, int64_t now, int64_t cost, int64_t burst, int64_t per_sec) {
        int64_t token = G_USEC_PER_SEC / per_sec;
        int64_t full_at = MAX(bucket->full_at, now) + cost * token;

        if (full_at - now > burst * token)
                return false;

        bucket->full_at = full_at;
        return true;
}

static bool guest_may_send(Guest *guest, int64_t now, size_t size) {
        return bucket_take(&guest->messages, now, (int64_t)(1 + size / GUEST_MESSAGE_SHARE),
                           GUEST_MESSAGE_BURST, GUEST_MESSAGES_PER_SEC);
}

/* Guests ---------------------------------------------------------------------------- */

static void session_end(GuestSession *session) {
        session->ended(session->ended_userdata);
}

static void guest_free(void *data) {
        Guest *guest = data;

        while (guest->sessions->len > 0)
                session_end(guest->sessions->pdata[guest->sessions->len - 1]);
        g_ptr_array_unref(guest->sessions);
        g_free(guest->uuid);
        g_free(guest);
}

static void forget(GuestApi *api, Guest *guest) {
        (void)g_hash_table_remove(api->by_cid, GUINT_TO_POINTER(guest->cid));
        (void)g_hash_table_remove(api->by_uuid, guest->uuid);
}

static void forget_cid(GuestApi *api, uint32_t cid) {
        Guest *guest = g_hash_table_lookup(api->by_cid, GUINT_TO_POINTER(cid));

        if (guest)
                forget(api, guest);
}

static void forget_uuid(GuestApi *api, const char *uuid) {
        Guest *guest = g_hash_table_lookup(api->by_uuid, uuid);

        if (guest)
                forget(api, guest);
}

static void forget_unless_listed(GuestApi *api, const GuestEvent *event) {
        g_autoptr(GList) guests = g_hash_table_get_values(api->by_uuid);

        for (GList *i = guests; i; i = i->next) {
                Guest *guest = i->data;

                if (!guest_event_lists(event, guest->uuid))
                        forget(api, guest);
        }
}

static void add(GuestApi *api, const char *uuid, uint32_t cid) {
        Guest *guest = g_new0(Guest, 1);

        guest->uuid = g_strdup(uuid);
        guest->cid = cid;
        guest->sessions = g_ptr_array_new();
        g_hash_table_insert(api->by_uuid, guest->uuid, guest);
        g_hash_table_insert(api->by_cid, GUINT_TO_POINTER(cid), guest);
}

/* Told again of the same one: its connections and counts are as they were. */
static void follow_running(GuestApi *api, const GuestEvent *event) {
        const Guest *known = g_hash_table_lookup(api->by_uuid, event->uuid);
        g_autoptr(GError) error = NULL;
        uint32_t cid = 0;

        if (!event->xml)
                return;
        if (!domain_cid_from_xml(event->xml, strlen(event->xml), &cid, &error))
                g_debug("Guest %s: %s", event->name, error->message);
        if (known && known->cid == cid)
                return;

        forget_uuid(api, event->uuid);
        if (cid == 0)
                return;
        forget_cid(api, cid);
        add(api, event->uuid, cid);
}

/* While libvirt is not there nobody tells that a CID belongs to another guest. */
void guest_api_on_guest_event(GuestApi *api, const GuestEvent *event) {
        if (event->kind == GUEST_RUNNING || event->kind == GUEST_ARRIVED)
                follow_running(api, event);
        else if (event->kind == GUEST_LEFT || event->kind == GUEST_STOPPED ||
                 event->kind == GUEST_GONE)
                forget_uuid(api, event->uuid);
        else if (event->kind == GUEST_LIST || event->kind == GUEST_LOST_LIBVIRT)
                forget_unless_listed(api, event);
}

bool guest_api_has_guests(const GuestApi *api) {
        return g_hash_table_size(api->by_uuid) > 0;
}

void guest_api_on_slice(GuestApi *api, const char *domain_uuid) {
        const Guest *guest = g_hash_table_lookup(api->by_uuid, domain_uuid);

        for (guint i = 0; guest && i < guest->sessions->len; i++) {
                const GuestSession *session = guest->sessions->pdata[i];

                if (session->changed)
                        session->changed(session->changed_userdata);
        }
}

GuestApi *guest_api_new(Slices *slices) {
        GuestApi *api = g_new0(GuestApi, 1);

        api->slices = slices;
        api->by_uuid = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, guest_free);
        api->by_cid = g_hash_table_new(NULL, NULL);
        api->sessions = g_ptr_array_new();
        api->now = g_get_monotonic_time;
        return api;
}

void guest_api_free(GuestApi *api) {
        if (!api)
                return;

        slices_flush(api->slices); /* or what was asked would have no answer */
        g_hash_table_unref(api->by_uuid);
        g_hash_table_unref(api->by_cid);
        g_ptr_array_unref(api->sessions);
        g_free(api);
}

void guest_api_set_clock(GuestApi *api, int64_t (*now)(void)) {
        api->now = now;
}

int64_t guest_api_now(const GuestApi *api) {
        return api->now();
}

/* Connections ----------------------------------------------------------------------- */

static GuestSession *longest_silent(const GPtrArray *sessions) {
        GuestSession *found = NULL;

        for (guint i = 0; i < sessions->len; i++) {
                GuestSession *session = sessions->pdata[i];

                if (!found || session->active < found->active)
                        found = session;
        }
        return found;
}

/* Of those guests that have the most. */
static GuestSession *longest_silent_of_most(const GuestApi *api) {
        g_autoptr(GPtrArray) sessions = g_ptr_array_new();
        guint most = 0;

        for (guint i = 0; i < api->sessions->len; i++) {
                GuestSession *session = api->sessions->pdata[i];

                if (session->guest->sessions->len > most) {
                        most = session->guest->sessions->len;
                        g_ptr_array_set_size(sessions, 0);
                }
                if (session->guest->sessions->len == most)
                        g_ptr_array_add(sessions, session);
        }
        return longest_silent(sessions);
}

/* A guest without a connection gets one, so that nobody can use them all up. */
static bool make_room(GuestApi *api, const Guest *guest, int64_t now) {
        GuestSession *victim;

        if (guest->sessions->len >= GUEST_SESSIONS_MAX)
                session_end(longest_silent(guest->sessions));
        if (api->sessions->len < GUEST_SESSIONS_ALL)
                return true;

        victim = longest_silent_of_most(api);
        if (guest->sessions->len > 0 ||
            (victim->guest->sessions->len == 1 && now - victim->active < GUEST_GIVES_WAY_USEC))
                return false;

        session_end(victim);
        return true;
}

GuestSession *guest_api_admit(GuestApi *api, uint32_t cid, uint32_t port,
                              void (*ended)(void *userdata), void *userdata) {
        Guest *guest = g_hash_table_lookup(api->by_cid, GUINT_TO_POINTER(cid));
        int64_t now = api->now();
        GuestSession *session;

        if (!guest || !guest_may_send(guest, now, 0) || !make_room(api, guest, now))
                return NULL;

        session = g_new0(GuestSession, 1);
        session->api = api;
        session->guest = guest;
        session->of_root = port <= GUEST_PORT_RESERVED;
        session->active = now;
        session->ended = ended;
        session->ended_userdata = userdata;
        g_ptr_array_add(guest->sessions, session);
        g_ptr_array_add(api->sessions, session);
        return session;
}

void guest_session_free(GuestSession *session) {
        if (!session)
                return;

        (void)g_ptr_array_remove(session->guest->sessions, session);
        (void)g_ptr_array_remove(session->api->sessions, session);
        g_free(session);
}

void guest_session_set_listener(GuestSession *session, void (*changed)(void *userdata),
                                void *userdata) {
        session->changed = changed;
        session->changed_userdata = userdata;
}

bool guest_session_pass(GuestSession *session, size_t size) {
        session->active = session->api->now();
        return guest_may_send(session->guest, session->active, size);
}

bool guest_session_take(GuestSession *session) {
        return bucket_take(&session->guest->requests, session->api->now(), 1, GUEST_REQUEST_BURST,
                           GUEST_REQUESTS_PER_SEC);
}

/* Asking ---------------------------------------------------------------------------- */

const SliceEntry *guest_session_entry(const GuestSession *session) {
        return slice_book_find(slices_book(session->api->slices), session->guest->uuid);
}

static bool check_changes(const GuestSession *session, GError **error) {
        if (bucket_take(&session->guest->changes, session->api->now(), 1, GUEST_CHANGE_BURST,
                        GUEST_CHANGES_PER_SEC))
                return true;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_BUSY,
                    "More than %d change a second: wait for one", GUEST_CHANGES_PER_SEC);
        return false;
}

static bool check_ask(const GuestSession *session, const char *kind, uint64_t amount,
                      GError **error) {
        g_autofree char *kinds = guest_kinds();

        if (!session->of_root) {
                g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_PERM,
                                    "Only root of this guest may change what it has: ask from a "
                                    "reserved port");
                return false;
        }
        if (guest_kind_is_known(kind) && amount > 0)
                return check_changes(session, error);

        if (amount == 0)
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST,
                                    "The amount must be 1 or more");
        else
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_REQUEST,
                            "There is no such kind: the kinds are %s", kinds);
        return false;
}

static GuestCall *call_new(const GuestSession *session, const char *kind, uint64_t amount,
                           bool less) {
        GuestCall *call = g_new0(GuestCall, 1);

        call->slices = session->api->slices;
        call->domain_uuid = g_strdup(session->guest->uuid);
        call->kind = g_strdup(kind);
        call->amount = amount;
        call->less = less;
        return call;
}

static void call_free(GuestCall *call) {
        g_free(call->domain_uuid);
        g_free(call->kind);
        g_free(call);
}

static SliceAsk ask_of(const GuestCall *call, const char *const *qos) {
        return (SliceAsk){
                .domain_uuid = call->domain_uuid,
                .kind = call->kind,
                .amount = call->amount,
                .less = call->less,
                .qos = qos,
                .by_guest = true,
        };
}

/* The operator's words go to the journal, when somebody wants to know. */
static GError *translate(const GuestCall *call, const GError *error) {
        SliceAsk ask = ask_of(call, NULL);

        g_debug("Guest %s asks for %s: %s", call->domain_uuid, call->kind, error->message);
        return guest_refusal(slice_book_find(slices_book(call->slices), call->domain_uuid), &ask,
                             error);
}

static void on_answer(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                      const GError *error) {
        GuestCall *call = userdata;
        g_autoptr(GError) told = error ? translate(call, error) : NULL;

        if (call->answer)
                call->answer(call->userdata, told);
        call->answered = true;
        if (!call->asking)
                call_free(call);
}

GuestCall *guest_session_ask(GuestSession *session, const char *kind, uint64_t amount, bool less,
                             const char *const *qos, GuestAnswer answer, void *userdata) {
        g_autoptr(GError) error = NULL;
        GuestCall *call;
        SliceAsk ask;

        if (!check_ask(session, kind, amount, &error)) {
                answer(userdata, error);
                return NULL;
        }

        call = call_new(session, kind, amount, less);
        call->answer = answer;
        call->userdata = userdata;
        call->asking = true;
        ask = ask_of(call, qos);
        slices_ask(call->slices, &ask, on_answer, call);
        call->asking = false;
        if (!call->answered)
                return call;

        call_free(call);
        return NULL;
}

void guest_call_forget(GuestCall *call) {
        call->answer = NULL;
}
