/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/loads.h"

#include <string.h>

#include "daemon/advisor.h"
#include "daemon/core/balance.h"
#include "daemon/core/cluster-doc-load.h"
#include "daemon/slices.h"
#include "tests/unit/daemon/manager-fixture.h"

/* What a host of 4 CPUs and 16 GiB tells of its two guests, of which the second stays. */

#define MINUTE G_TIME_SPAN_MINUTE
#define GIB    1073741824.0
#define GUESTS 2
#define CPUS   "sys/devices/system/cpu/"

typedef struct LoadsFixture {
        Fixture f;
        Loads *loads;
        ClusterOps ops;
        int64_t monotonic;
        char *text; /* that was put last; NULL: none */
        ClusterAnswer answer;
        void *asker;
} LoadsFixture;

static const char *const uuids[GUESTS] = {
        "11111111-2222-4333-8444-000000000001",
        "11111111-2222-4333-8444-000000000002",
};
static const char *names[GUESTS] = { "g1", "g2" };
static const char *const policies[GUESTS] = { "", "<f:policy move='no'/>" };

static void transact(void *userdata, const ClusterTransaction *transaction, ClusterAnswer answer,
                     void *answer_userdata) {
        LoadsFixture *l = userdata;
        const ClusterPut *put = transaction->puts->pdata[0];

        g_assert_cmpuint(transaction->puts->len, ==, 1);
        g_assert_cmpstr(put->key, ==, "loads/hosta");
        g_assert_null(l->answer);
        l->text = g_strdup(put->value);
        l->answer = answer;
        l->asker = answer_userdata;
}

static void answer(LoadsFixture *l) {
        ClusterAnswer function = g_steal_pointer(&l->answer);

        function(l->asker, CLUSTER_UNKNOWN, "etcd is away");
}

static void put_host(FakeRoot *root) {
        fake_root_put(root, CPUS "online", "0-3\n", -1);
        for (unsigned cpu = 0; cpu < 4; cpu++) {
                g_autofree char *path = NULL, *list = g_strdup_printf("%u\n", cpu);

                path = g_strdup_printf(CPUS "cpu%u/topology/thread_siblings_list", cpu);
                fake_root_put(root, path, list, -1);
        }
        fake_root_put(root, "proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 8388608 kB\n", -1);
}

static void tell(LoadsFixture *l, const GuestEvent *event) {
        manager_on_guest_event(l->f.manager, event);
        loads_on_guest_event(l->loads, event);
}

static void run(LoadsFixture *l, unsigned g) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_RUNNING;
        event->uuid = g_strdup(uuids[g]);
        event->name = g_strdup(names[g]);
        event->xml = g_strdup_printf("<domain><name>%s</name><uuid>%s</uuid><metadata>"
                                     "<f:domain xmlns:f='urn:virtferry:domain:1' version='1'>%s"
                                     "</f:domain></metadata><devices/></domain>",
                                     names[g], uuids[g], policies[g]);
        tell(l, event);
}

/* A GUEST_LIST is of the others. */
static void leave_by(LoadsFixture *l, GuestEventKind kind, unsigned g) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = kind;
        if (kind == GUEST_LIST)
                event->active = g_strdupv((char *[]){ (char *)uuids[1 - g], NULL });
        else
                event->uuid = g_strdup(uuids[g]);
        tell(l, event);
}

static void leave(LoadsFixture *l, unsigned g) {
        leave_by(l, GUEST_STOPPED, g);
}

static void set_up(LoadsFixture *l, gconstpointer unused) {
        fixture_set_up(&l->f, "");
        put_host(l->f.root);
        slices_on_host_changed(l->f.manager->slices);
        fixture_pass_time(20000 * G_TIME_SPAN_DAY);
        l->monotonic = 1000 * G_USEC_PER_SEC;
        l->ops = (ClusterOps){ .transact = transact, .userdata = l };
        l->loads = loads_new(l->f.manager, "hosta");
}

static void connect_libvirt(LoadsFixture *l) {
        fixture_connect(&l->f);
        send_list(&l->f, uuids[0]);
        for (unsigned g = 0; g < GUESTS; g++)
                run(l, g);
}

static void tear_down(LoadsFixture *l, gconstpointer unused) {
        g_free(l->text);
        loads_free(l->loads);
        end_questions(&l->f);
        fixture_tear_down(&l->f, NULL);
}

/* Each uses 1.5 CPUs, and 2 GiB. */
static GuestSample *sample(const LoadsFixture *l, unsigned g) {
        GuestSample *guest = guest_sample_new(uuids[g], names[g]);
        double seconds = (double)l->monotonic / G_USEC_PER_SEC;
        uint64_t *values = guest->sample.values;

        values[METRIC_CPU] = (uint64_t)(1.5 * seconds * metric_scale(METRIC_CPU));
        values[METRIC_BALLOON] = (uint64_t)(4 * GIB * metric_scale(METRIC_BALLOON));
        values[METRIC_RESIDENT] = (uint64_t)(2 * GIB * metric_scale(METRIC_RESIDENT));
        return guest;
}

static void look(LoadsFixture *l) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_STATS;
        event->sampled = l->monotonic;
        event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
        for (unsigned g = 0; g < GUESTS; g++)
                if (g_hash_table_contains(l->f.manager->active, uuids[g]))
                        g_ptr_array_add(event->samples, sample(l, g));
        tell(l, event);
}

static void let_pass(LoadsFixture *l, unsigned minutes) {
        for (unsigned i = 0; i < minutes; i++) {
                l->monotonic += MINUTE;
                fixture_pass_time(MINUTE);
                look(l);
        }
}

/* What it tells now; NULL: nothing. */
static ClusterLoad *told(LoadsFixture *l) {
        g_autoptr(GError) error = NULL;
        ClusterLoad *load;

        g_clear_pointer(&l->text, g_free);
        loads_on_tick(l->loads, &l->ops);
        if (!l->text)
                return NULL;

        load = cluster_load_from_json(l->text, &error);
        g_assert_no_error(error);
        return load;
}

static int64_t mean_of(const ClusterLoadBands *bands, BalanceThing thing) {
        return bands->things[thing] ? g_array_index(bands->things[thing], int64_t, 0) : 0;
}

static void test_tells_what_each_guest_will_use_and_what_its_move_takes(LoadsFixture *l,
                                                                        gconstpointer unused) {
        g_autoptr(ClusterLoad) load = NULL;
        const ClusterLoadGuest *guest;

        connect_libvirt(l);
        let_pass(l, 120);
        load = told(l);
        g_assert_cmpint(load->size[BALANCE_CPU], ==, 400);
        g_assert_cmpint(load->size[BALANCE_MEMORY], ==, 16384);
        g_assert_cmpint(load->size[BALANCE_NETWORK], ==, 0);
        g_assert_cmpuint(load->guests->len, ==, 1);
        guest = load->guests->pdata[0];
        g_assert_cmpstr(guest->uuid, ==, uuids[0]);
        g_assert_cmpstr(guest->name, ==, "g1");
        g_assert_cmpint(guest->bytes, >, 1 << 30);
        g_assert_cmpint(guest->duration, >, 0);
        g_assert_cmpint(ABS(mean_of(&guest->bands, BALANCE_CPU) - 150), <, 20);
        g_assert_cmpint(ABS(mean_of(&guest->bands, BALANCE_MEMORY) - 2048), <, 100);
        g_assert_cmpint(mean_of(&guest->bands, BALANCE_NETWORK), ==, 0);
}

/* libvirt has no limit for it. */
static void test_a_long_name_is_cut(LoadsFixture *l, gconstpointer unused) {
        g_autofree char *a = g_strnfill(CLUSTER_NAME_MAX - 1, 'a'), *name = NULL;
        g_autoptr(ClusterLoad) load = NULL;

        name = g_strconcat(a, "\xc3\xa4\xc3\xa4", NULL);
        names[0] = name;
        connect_libvirt(l);
        let_pass(l, 10);
        load = told(l);
        names[0] = "g1";
        g_assert_cmpstr(((ClusterLoadGuest *)load->guests->pdata[0])->name, ==, a);
}

static void test_who_stays_is_a_part_of_the_host(LoadsFixture *l, gconstpointer unused) {
        g_autoptr(ClusterLoad) load = NULL, after = NULL;

        connect_libvirt(l);
        let_pass(l, 120);
        load = told(l);
        g_assert_cmpint(ABS(mean_of(&load->base, BALANCE_CPU) - 150), <, 20);
        answer(l);
        leave(l, 1);
        let_pass(l, 10);
        after = told(l);
        g_assert_cmpint(mean_of(&after->base, BALANCE_CPU), ==, 0);
        g_assert_cmpuint(after->guests->len, ==, 1);
}

static void test_tells_nothing_before_its_guests_are_known(LoadsFixture *l, gconstpointer unused) {
        g_autoptr(ClusterLoad) load = NULL;

        let_pass(l, 60);
        g_assert_null(told(l)); /* libvirt is not there */
        connect_libvirt(l);
        load = told(l);
        g_assert_nonnull(load);
}

static void test_tells_nothing_before_they_were_looked_at(LoadsFixture *l, gconstpointer unused) {
        g_autoptr(ClusterLoad) load = NULL;

        connect_libvirt(l);
        let_pass(l, 1); /* by one look nobody knows what is counted */
        g_assert_null(told(l));
        loads_tell_anew(l->loads);
        g_assert_null(told(l));
        let_pass(l, 1);
        load = told(l);
        g_assert_nonnull(load);
}

static void test_tells_each_ten_minutes_and_when_it_was_lost(LoadsFixture *l,
                                                             gconstpointer unused) {
        g_autoptr(ClusterLoad) first = NULL, second = NULL, third = NULL;

        connect_libvirt(l);
        let_pass(l, 60);
        first = told(l);
        g_assert_nonnull(first);
        answer(l);
        let_pass(l, 9);
        g_assert_null(told(l));
        let_pass(l, 1);
        second = told(l);
        g_assert_cmpint(second->at, ==, first->at + 600);
        loads_tell_anew(l->loads);
        g_assert_null(told(l)); /* one at a time */
        answer(l);
        third = told(l);
        g_assert_nonnull(third);
}

static void test_tells_soon_who_has_come_or_gone(LoadsFixture *l, gconstpointer unused) {
        g_autoptr(ClusterLoad) first = NULL, second = NULL;

        connect_libvirt(l);
        let_pass(l, 60);
        first = told(l);
        g_assert_cmpuint(first->guests->len, ==, 1);
        answer(l);
        leave(l, 0);
        g_assert_null(told(l));
        let_pass(l, 1);
        second = told(l);
        g_assert_cmpuint(second->guests->len, ==, 0);
        answer(l);
        run(l, 1); /* it was there */
        let_pass(l, 1);
        g_assert_null(told(l));
}

static void test_tells_soon_who_was_found_gone(LoadsFixture *l, gconstpointer kind) {
        g_autoptr(ClusterLoad) first = NULL, second = NULL;

        connect_libvirt(l);
        let_pass(l, 60);
        first = told(l);
        g_assert_cmpuint(first->guests->len, ==, 1);
        answer(l);
        leave_by(l, GPOINTER_TO_INT(kind), 0);
        let_pass(l, 1);
        second = told(l);
        g_assert_nonnull(second);
        g_assert_cmpuint(second->guests->len, ==, 0);
        answer(l);
        leave_by(l, GPOINTER_TO_INT(kind), 0);
        let_pass(l, 1);
        g_assert_null(told(l)); /* the other is there */
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-loads/" name, LoadsFixture, NULL, set_up, function, tear_down)
        ADD("it tells what each guest will use, and what its move takes",
            test_tells_what_each_guest_will_use_and_what_its_move_takes);
        ADD("a long name is cut", test_a_long_name_is_cut);
        ADD("who stays is a part of the host", test_who_stays_is_a_part_of_the_host);
        ADD("it tells nothing before its guests are known",
            test_tells_nothing_before_its_guests_are_known);
        ADD("it tells nothing before they were looked at",
            test_tells_nothing_before_they_were_looked_at);
        ADD("it tells each ten minutes, and when it was lost",
            test_tells_each_ten_minutes_and_when_it_was_lost);
        ADD("it tells soon who has come or gone", test_tells_soon_who_has_come_or_gone);
        g_test_add("/cluster-loads/it tells soon who was found gone", LoadsFixture,
                   GINT_TO_POINTER(GUEST_GONE), set_up, test_tells_soon_who_was_found_gone,
                   tear_down);
        g_test_add("/cluster-loads/it tells soon who is not listed", LoadsFixture,
                   GINT_TO_POINTER(GUEST_LIST), set_up, test_tells_soon_who_was_found_gone,
                   tear_down);
        return g_test_run();
}
