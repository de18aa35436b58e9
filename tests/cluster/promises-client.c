/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One side of test-promises: asks virtferryd for promises of devices, many at a time on one bus
 * connection, releases each soon, and writes a history that linearizable.py reads.
 *
 *   promises-client BUS-ADDRESS NUMBER HISTORY    NUMBER: what makes names of domains its own
 *
 * Lines of standard input:
 *   device HOST RESOURCE   there is one
 *   go SEATS               so many ask at once, each for one device, or for two of two hosts
 *   count                  answered by "PROMISED REFUSED UNKNOWN GONE": promises that were done,
 *                          refused, of which nobody knows, and released by somebody else
 *   finish                 no more promises; it ends when all that it has are released
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <glib.h>

#include "daemon/names.h"

#define HOLD_USEC    20000u  /* a promise is held for up to that */
#define REFUSED_USEC 5000u   /* after which it is tried again */
#define UNKNOWN_USEC 200000u /* the same, when the cluster cannot be asked */
#define CALL_USEC    (300 * G_USEC_PER_SEC)
#define HOT_DEVICES  4u /* for which all seats of all sides compete */

typedef struct Device {
        char *host, *resource;
} Device;

static void device_clear(void *data) {
        Device *device = data;

        g_free(device->host);
        g_free(device->resource);
}

typedef struct Client {
        sd_event *event;
        sd_bus *bus;
        unsigned number;
        GArray *devices; /* of Device */
        FILE *history;
        unsigned seats;
        uint64_t calls;
        uint64_t promised, refused, unknown, gone;
        bool finishing;
} Client;

/* Who asks for one promise after the other. */
typedef struct Seat {
        Client *client;
        const Device *wanted[2]; /* the second may be NULL */
        uint64_t call;           /* the number of the one that is under way */
        int64_t since;           /* when that began */
        char domain[37];
        char *nonce;
        unsigned releases; /* of this promise, that were asked for */
        sd_event_source *timer;
        sd_event_time_handler_t next;
} Seat;

/* The history ----------------------------------------------------------------------- */

static void note_since(Seat *seat, const char *kind) {
        Client *client = seat->client;

        seat->call = client->calls++;
        fprintf(client->history,
                "{\"time\":%" PRId64 ",\"type\":\"invoke\",\"id\":\"%u.%" PRIu64 "\",\"op\":\"%s\","
                "\"domain\":\"%s\",\"devices\":[\"%s/%s\"",
                seat->since, client->number, seat->call, kind, seat->domain, seat->wanted[0]->host,
                seat->wanted[0]->resource);
        if (seat->wanted[1])
                fprintf(client->history, ",\"%s/%s\"", seat->wanted[1]->host,
                        seat->wanted[1]->resource);
        fputs("]}\n", client->history);
}

static void note_invoked(Seat *seat, const char *kind) {
        seat->since = g_get_monotonic_time();
        note_since(seat, kind);
}

static void note_answer(const Seat *seat, const char *type) {
        fprintf(seat->client->history,
                "{\"time\":%" PRId64 ",\"type\":\"%s\",\"id\":\"%u.%" PRIu64 "\"}\n",
                g_get_monotonic_time(), type, seat->client->number, seat->call);
}

/* Nobody heard that the promise was done: whoever keeps it may release it by himself. */
static void note_given_up(Seat *seat) {
        note_since(seat, "release");
        note_answer(seat, "info");
}

/* Calls ----------------------------------------------------------------------------- */

static bool is_error(sd_bus_message *reply, const char *name) {
        return sd_bus_message_is_method_error(reply, name);
}

/* It was not answered, or with words that leave it open. */
static bool is_unknown(sd_bus_message *reply) {
        return is_error(reply, FERRY_ERROR_PREFIX "Unavailable") ||
               is_error(reply, SD_BUS_ERROR_NO_REPLY) ||
               is_error(reply, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               is_error(reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static bool is_refusal(sd_bus_message *reply) {
        return is_error(reply, FERRY_ERROR_PREFIX "NoResources") ||
               is_error(reply, FERRY_ERROR_PREFIX "Busy");
}

static void fail_on(sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        g_error("an answer that nobody expects: %s: %s", error->name, error->message);
}

static sd_bus_message *new_call(const Seat *seat, const char *method) {
        sd_bus_message *m = NULL;

        g_assert_cmpint(sd_bus_message_new_method_call(seat->client->bus, &m, FERRY_BUS_NAME,
                                                       FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER,
                                                       method),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "s", seat->domain), >=, 0);
        return m;
}

static void send_call(Seat *seat, sd_bus_message *m, sd_bus_message_handler_t on_reply) {
        g_assert_cmpint(sd_bus_call_async(seat->client->bus, NULL, m, on_reply, seat, CALL_USEC),
                        >=, 0);
        sd_bus_message_unref(m);
}

static void seat_wait(Seat *seat, unsigned usec, sd_event_time_handler_t next) {
        g_assert_cmpint(sd_event_source_set_time_relative(seat->timer, usec), >=, 0);
        g_assert_cmpint(sd_event_source_set_enabled(seat->timer, SD_EVENT_ONESHOT), >=, 0);
        seat->next = next;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Seat *seat = userdata;

        return seat->next(source, usec, seat);
}

static int ask(sd_event_source *source, uint64_t usec, void *userdata);
static int release(sd_event_source *source, uint64_t usec, void *userdata);

/* Release --------------------------------------------------------------------------- */

static int on_released(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Seat *seat = userdata;

        if (is_unknown(reply) || is_refusal(reply)) {
                note_answer(seat, is_unknown(reply) ? "info" : "fail");
                seat_wait(seat, UNKNOWN_USEC, release);
                return 0;
        }

        if (is_error(reply, FERRY_ERROR_PREFIX "NotFound")) {
                note_answer(seat, "info"); /* or not known yet to a daemon that was started again */
                seat->client->gone += seat->releases == 1;
        } else if (sd_bus_message_is_method_error(reply, NULL)) {
                fail_on(reply);
        } else {
                note_answer(seat, "ok");
        }
        return ask(NULL, 0, seat);
}

static int release(sd_event_source *source, uint64_t usec, void *userdata) {
        Seat *seat = userdata;
        sd_bus_message *m = new_call(seat, "Release");

        g_assert_cmpint(sd_bus_message_append(m, "s", seat->nonce), >=, 0);
        seat->releases++;
        note_invoked(seat, "release");
        send_call(seat, m, on_released);
        return 0;
}

/* Promise --------------------------------------------------------------------------- */

static void on_promise(Seat *seat, sd_bus_message *reply) {
        const char *nonce;

        g_assert_cmpint(sd_bus_message_read(reply, "s", &nonce), >, 0);
        note_answer(seat, "ok");
        g_free(seat->nonce);
        seat->nonce = g_strdup(nonce);
        seat->releases = 0;
        seat->client->promised++;
        seat_wait(seat, g_random_int() % HOLD_USEC, release);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Seat *seat = userdata;

        if (!sd_bus_message_is_method_error(reply, NULL)) {
                on_promise(seat, reply);
        } else if (is_unknown(reply)) {
                note_answer(seat, "info");
                note_given_up(seat);
                seat->client->unknown++;
                seat_wait(seat, UNKNOWN_USEC, ask);
        } else if (is_refusal(reply)) {
                note_answer(seat, "fail");
                seat->client->refused++;
                seat_wait(seat, REFUSED_USEC, ask);
        } else {
                fail_on(reply);
        }
        return 0;
}

static const Device *any_device(const Client *client) {
        bool hot = g_random_int() % 8 == 0;
        guint n = hot ? MIN(HOT_DEVICES, client->devices->len) : client->devices->len;

        return &g_array_index(client->devices, Device, g_random_int() % n);
}

/* Every fourth time a second device, which is another host's. */
static void choose(Seat *seat) {
        seat->wanted[0] = any_device(seat->client);
        seat->wanted[1] = g_random_int() % 4 == 0 ? any_device(seat->client) : NULL;
        if (seat->wanted[1] && g_str_equal(seat->wanted[0]->host, seat->wanted[1]->host))
                seat->wanted[1] = NULL;
}

static int leave_seat(Seat *seat) {
        Client *client = seat->client;

        sd_event_source_disable_unref(seat->timer);
        g_free(seat->nonce);
        g_free(seat);
        return --client->seats > 0 ? 0 : sd_event_exit(client->event, 0);
}

static int ask(sd_event_source *source, uint64_t usec, void *userdata) {
        Seat *seat = userdata;
        Client *client = seat->client;
        sd_bus_message *m;

        if (client->finishing)
                return leave_seat(seat);

        choose(seat);
        (void)g_snprintf(seat->domain, sizeof(seat->domain), "%08x-0000-4000-8000-%012" PRIx64,
                         client->number, client->calls);
        m = new_call(seat, "Promise");
        g_assert_cmpint(sd_bus_message_open_container(m, 'a', "(ssx)"), >=, 0);
        for (unsigned i = 0; i < G_N_ELEMENTS(seat->wanted) && seat->wanted[i]; i++)
                g_assert_cmpint(sd_bus_message_append(m, "(ssx)", seat->wanted[i]->host,
                                                      seat->wanted[i]->resource, (int64_t)1),
                                >=, 0);
        g_assert_cmpint(sd_bus_message_close_container(m), >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "a{sv}", 0), >=, 0);
        note_invoked(seat, "promise");
        send_call(seat, m, on_answer);
        return 0;
}

/* Lines ----------------------------------------------------------------------------- */

static void take_seat(Client *client) {
        Seat *seat = g_new0(Seat, 1); /* until leave_seat() */

        seat->client = client;
        g_assert_cmpint(sd_event_add_time(client->event, &seat->timer, CLOCK_MONOTONIC, 0, 0,
                                          on_timer, seat),
                        >=, 0);
        seat_wait(seat, 0, ask);
        client->seats++;
}

static void obey(Client *client, char **words) {
        unsigned n = g_strv_length(words);

        if (n == 3 && g_str_equal(words[0], "device")) {
                const Device device = { g_strdup(words[1]), g_strdup(words[2]) };

                g_array_append_val(client->devices, device);
        } else if (n == 2 && g_str_equal(words[0], "go")) {
                for (int i = 0; i < atoi(words[1]); i++)
                        take_seat(client);
        } else if (n == 1 && g_str_equal(words[0], "count")) {
                printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", client->promised,
                       client->refused, client->unknown, client->gone);
        } else if (n == 1 && g_str_equal(words[0], "finish")) {
                client->finishing = true;
        } else {
                g_error("'%s' is not understood", words[0]);
        }
}

/* Whole lines only: what writes them writes no more than a pipe takes at once. */
static int on_stdin(sd_event_source *source, int fd, uint32_t what, void *userdata) {
        Client *client = userdata;
        char line[256];

        if (!fgets(line, sizeof(line), stdin))
                return sd_event_exit(client->event, EXIT_FAILURE);

        g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 0);
        obey(client, words);
        return 0;
}

static void client_open(Client *client, char **argv) {
        client->number = (unsigned)atoi(argv[2]);
        client->devices = g_array_new(FALSE, FALSE, sizeof(Device));
        g_array_set_clear_func(client->devices, device_clear);
        client->history = fopen(argv[3], "we");
        g_assert_nonnull(client->history);

        g_assert_cmpint(sd_event_default(&client->event), >=, 0);
        g_assert_cmpint(sd_bus_new(&client->bus), >=, 0);
        g_assert_cmpint(sd_bus_set_address(client->bus, argv[1]), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(client->bus, true), >=, 0);
        g_assert_cmpint(sd_bus_start(client->bus), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(client->bus, client->event, 0), >=, 0);
        g_assert_cmpint(
                sd_event_add_io(client->event, NULL, STDIN_FILENO, EPOLLIN, on_stdin, client), >=,
                0);
}

static bool client_close(Client *client) {
        sd_bus_flush_close_unref(client->bus);
        sd_event_unref(client->event);
        g_array_unref(client->devices);
        return fclose(client->history) == 0;
}

int main(int argc, char **argv) {
        Client client = { 0 };
        int r;

        if (argc != 4)
                return EXIT_FAILURE;

        setvbuf(stdin, NULL, _IONBF, 0);
        setvbuf(stdout, NULL, _IOLBF, 0);
        client_open(&client, argv);
        setvbuf(client.history, NULL, _IOLBF, 0); /* it is judged even if this does not end */
        r = sd_event_loop(client.event);
        return client_close(&client) ? r : EXIT_FAILURE;
}
