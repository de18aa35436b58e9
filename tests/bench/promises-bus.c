/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/names.h"
#include "tests/bench/promises.h"
#include "tests/unit/dbus/daemon-fixture.h"

#define LOOK_USEC 20000u
#define ASKER     "asker"

typedef struct Seat {
        PromisesBus *bus;
        char *host, *domain;
} Seat;

struct PromisesBus {
        DaemonFixture fixture;
        Seat *seats;
        unsigned n_seats;
        int64_t end; /* no promise is asked for any more */
        unsigned done, waiting;
};

static void ask(Seat *seat);

static sd_bus_message *new_call(const Seat *seat, const char *method) {
        sd_bus_message *m = NULL;

        g_assert_cmpint(sd_bus_message_new_method_call(seat->bus->fixture.client, &m,
                                                       FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                       FERRY_INTERFACE_MANAGER, method),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "s", seat->domain), >=, 0);
        return m;
}

static void send_call(Seat *seat, sd_bus_message *m, sd_bus_message_handler_t on_reply) {
        g_assert_cmpint(sd_bus_call_async(seat->bus->fixture.client, NULL, m, on_reply, seat, 0),
                        >=, 0);
        sd_bus_message_unref(m);
}

static void check(sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        promises_check(!error, error ? error->message : "");
}

static int on_released(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Seat *seat = userdata;

        check(reply);
        seat->bus->done++;
        seat->bus->waiting--;
        if (g_get_monotonic_time() < seat->bus->end)
                ask(seat);
        return 0;
}

static int on_promised(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        sd_bus_message *m = new_call(userdata, "Release");
        const char *nonce;

        check(reply);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &nonce), >, 0);
        g_assert_cmpint(sd_bus_message_append(m, "s", nonce), >=, 0);
        send_call(userdata, m, on_released);
        return 0;
}

static void ask(Seat *seat) {
        sd_bus_message *m = new_call(seat, "Promise");

        g_assert_cmpint(sd_bus_message_append(m, "a(ssx)a{sv}", 1, seat->host, CLUSTER_FILL_VF,
                                              INT64_C(1), 0),
                        >=, 0);
        seat->bus->waiting++;
        send_call(seat, m, on_promised);
}

unsigned promises_bus_run(PromisesBus *bus, double seconds) {
        bus->done = 0;
        bus->end = g_get_monotonic_time() + (int64_t)(seconds * G_USEC_PER_SEC);
        for (unsigned i = 0; i < bus->n_seats; i++)
                ask(&bus->seats[i]);
        while (bus->waiting > 0)
                g_assert_cmpint(sd_event_run(bus->fixture.event, UINT64_MAX), >=, 0);
        return bus->done;
}

/* It sees itself there. */
static bool is_in_cluster(PromisesBus *bus) {
        g_autoptr(sd_bus_message) reply = daemon_fixture_call(
                &bus->fixture, FERRY_INTERFACE_MANAGER, "ListHosts", NULL, "");
        const char *away, *name;
        int alive, found = 0;

        g_assert_cmpint(sd_bus_message_read(reply, "s", &away), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sbbtsssss)"), >, 0);
        while (sd_bus_message_enter_container(reply, 'r', "sbbtsssss") > 0) {
                g_assert_cmpint(sd_bus_message_read(reply, "sb", &name, &alive), >, 0);
                g_assert_cmpint(sd_bus_message_skip(reply, "btsssss"), >, 0);
                g_assert_cmpint(sd_bus_message_exit_container(reply), >, 0);
                found |= alive && g_str_equal(name, ASKER);
        }
        return !*away && found;
}

PromisesBus *promises_bus_new(const char *url, unsigned seats) {
        g_autofree char *config = g_strdup_printf(
                "[Cluster]\nEtcd=%s\nName=" PROMISES_CLUSTER "\nHost=" ASKER "\n", url);
        PromisesBus *bus = g_new0(PromisesBus, 1);

        daemon_fixture_set_up(&bus->fixture, config);
        while (!is_in_cluster(bus))
                g_assert_cmpint(sd_event_run(bus->fixture.event, LOOK_USEC), >=, 0);
        bus->n_seats = seats;
        bus->seats = g_new0(Seat, seats);
        for (unsigned i = 0; i < seats; i++)
                bus->seats[i] = (Seat){ bus, cluster_fill_name(i), promises_domain(i) };
        return bus;
}

void promises_bus_free(PromisesBus *bus) {
        for (unsigned i = 0; i < bus->n_seats; i++) {
                g_free(bus->seats[i].host);
                g_free(bus->seats[i].domain);
        }
        g_free(bus->seats);
        daemon_fixture_tear_down(&bus->fixture, NULL);
        g_free(bus);
}
