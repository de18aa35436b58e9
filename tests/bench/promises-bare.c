/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/edges/etcd-json.h"
#include "tests/bench/promises.h"

#define NONCE "11111111-2222-4333-8444-555555555555"

/* A request around the revision that it compares. */
typedef struct Body {
        char *before, *after;
} Body;

typedef struct Seat {
        CURL *curl;
        char *host, *domain;
        Body promise, release;
        bool promised; /* or about to be */
        int64_t revision;
        GString *answer;
} Seat;

struct PromisesBare {
        CURLM *multi;
        struct curl_slist *headers;
        char *path;
        Seat *seats;
        unsigned n_seats, waiting, count;
        int64_t end;
};

/* The requests -------------------------------------------------------------------------- */

static Body body_of(const ClusterTransaction *transaction, int64_t revision) {
        g_autofree char *text = etcd_transaction_body(PROMISES_PREFIX, transaction);
        g_autofree char *number = g_strdup_printf("\"mod_revision\":\"%" G_GINT64_FORMAT "\"",
                                                  revision);
        const char *at = strstr(text, number);

        promises_check(at, "a request compares no revision");
        at += strlen("\"mod_revision\":\"");
        return (Body){ g_strndup(text, (gsize)(at - text)), g_strdup(strchr(at, '"')) };
}

static ClusterCopy *copy_of(const Seat *seat, const char *lot) {
        g_autofree char *host = g_strconcat("hosts/", seat->host, NULL);
        g_autofree char *key = g_strconcat("lots/", seat->host, "/", CLUSTER_FILL_VF, NULL);
        ClusterCopy *copy = cluster_copy_new();

        cluster_copy_reset(copy);
        promises_check(cluster_copy_key(copy, host, "{\"schema\":1}", 1, 1, NULL) &&
                               cluster_copy_key(copy, key, lot, 1, seat->revision, NULL),
                       key);
        cluster_copy_loaded(copy);
        return copy;
}

/* As the product makes them. */
static void make_requests(Seat *seat, const ClusterCopy *copy) {
        const ClusterWish wish = { seat->host, CLUSTER_FILL_VF, 1 };
        g_autoptr(GError) error = NULL;
        g_autoptr(ClusterChange) promise = NULL, release = NULL;
        g_autoptr(ClusterCopy) then = NULL;
        const ClusterPut *put;

        seat->revision = cluster_copy_lot(copy, seat->host, CLUSTER_FILL_VF)->mod_revision;
        promise = cluster_lot_promise(copy, PROMISES_BY, seat->domain, &wish, 1, PROMISES_SINCE,
                                      NONCE, &error);
        promises_check(promise, error ? error->message : "");
        put = promise->transaction->puts->pdata[0];
        then = copy_of(seat, put->value);
        release = cluster_lot_release(then, seat->host, seat->domain, NONCE, &error);
        promises_check(release, error ? error->message : "");
        seat->promise = body_of(promise->transaction, seat->revision);
        seat->release = body_of(release->transaction, seat->revision);
}

/* Sending them ------------------------------------------------------------------------------ */

static size_t on_body(char *data, size_t size, size_t count, void *userdata) {
        Seat *seat = userdata;

        g_string_append_len(seat->answer, data, (gssize)(size * count));
        return size * count;
}

static void seat_send(PromisesBare *bare, Seat *seat) {
        const Body *body = seat->promised ? &seat->release : &seat->promise;
        g_autofree char *text = g_strdup_printf("%s%" G_GINT64_FORMAT "%s", body->before,
                                                seat->revision, body->after);

        g_string_truncate(seat->answer, 0);
        curl_easy_setopt(seat->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
        curl_easy_setopt(seat->curl, CURLOPT_COPYPOSTFIELDS, text);
        curl_multi_add_handle(bare->multi, seat->curl);
        bare->waiting++;
}

static void on_answer(PromisesBare *bare, Seat *seat) {
        static const char name[] = "\"revision\":\"";
        const char *revision = strstr(seat->answer->str, name);

        bare->waiting--;
        promises_check(revision && strstr(seat->answer->str, "\"succeeded\":true"),
                       seat->answer->str);
        seat->revision = g_ascii_strtoll(revision + strlen(name), NULL, 10);
        seat->promised = !seat->promised;
        if (!seat->promised)
                bare->count++;
        if (seat->promised || g_get_monotonic_time() < bare->end)
                seat_send(bare, seat);
}

static void take_answers(PromisesBare *bare) {
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(bare->multi, &left))) {
                Seat *seat = NULL;

                promises_check(message->data.result == CURLE_OK, "etcd does not answer");
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&seat);
                curl_multi_remove_handle(bare->multi, seat->curl);
                on_answer(bare, seat);
        }
}

unsigned promises_bare_run(PromisesBare *bare, double seconds) {
        int running;

        bare->count = 0;
        bare->end = g_get_monotonic_time() + (int64_t)(seconds * G_USEC_PER_SEC);
        for (unsigned i = 0; i < bare->n_seats; i++)
                seat_send(bare, &bare->seats[i]);
        while (bare->waiting > 0) {
                curl_multi_perform(bare->multi, &running);
                take_answers(bare);
                curl_multi_poll(bare->multi, NULL, 0, 1000, NULL);
        }
        return bare->count;
}

static void seat_open(PromisesBare *bare, Seat *seat) {
        seat->answer = g_string_new(NULL);
        seat->curl = curl_easy_init();
        curl_easy_setopt(seat->curl, CURLOPT_URL, bare->path);
        curl_easy_setopt(seat->curl, CURLOPT_HTTPHEADER, bare->headers);
        curl_easy_setopt(seat->curl, CURLOPT_WRITEFUNCTION, on_body);
        curl_easy_setopt(seat->curl, CURLOPT_WRITEDATA, seat);
        curl_easy_setopt(seat->curl, CURLOPT_PRIVATE, seat);
}

PromisesBare *promises_bare_new(const char *url, const ClusterCopy *copy, unsigned seats) {
        PromisesBare *bare = g_new0(PromisesBare, 1);

        bare->path = g_strconcat(url, "/v3/kv/txn", NULL);
        bare->headers = curl_slist_append(NULL, "Content-Type: application/json");
        bare->multi = curl_multi_init();
        curl_multi_setopt(bare->multi, CURLMOPT_MAXCONNECTS, (long)seats);
        bare->n_seats = seats;
        bare->seats = g_new0(Seat, seats);
        for (unsigned i = 0; i < seats; i++) {
                Seat *seat = &bare->seats[i];

                seat->host = cluster_fill_name(i);
                seat->domain = promises_domain(i);
                make_requests(seat, copy);
                seat_open(bare, seat);
        }
        return bare;
}

static void body_clear(Body *body) {
        g_free(body->before);
        g_free(body->after);
}

void promises_bare_free(PromisesBare *bare) {
        for (unsigned i = 0; i < bare->n_seats; i++) {
                Seat *seat = &bare->seats[i];

                curl_easy_cleanup(seat->curl);
                g_free(seat->host);
                g_free(seat->domain);
                body_clear(&seat->promise);
                body_clear(&seat->release);
                g_string_free(seat->answer, TRUE);
        }
        g_free(bare->seats);
        curl_multi_cleanup(bare->multi);
        curl_slist_free_all(bare->headers);
        g_free(bare->path);
        g_free(bare);
}
