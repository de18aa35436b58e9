/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/advisor.h"
#include "daemon/core/cluster-move-ops.h"
#include "daemon/core/sample.h"
#include "daemon/slices.h"
#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* Which guest should leave: a host of 4 CPUs and 16 GiB, whose guests take what a test says. */

#define MINUTE G_TIME_SPAN_MINUTE
#define HOUR   G_TIME_SPAN_HOUR
#define GUESTS 3
#define GIB    1073741824.0

#define PF     "0000:3b:00.0"
#define CPUS   "sys/devices/system/cpu/"

typedef struct LeaveFixture {
        Fixture f;
        int64_t monotonic;
        double cpus[GUESTS], resident[GUESTS], memory[GUESTS]; /* bytes */
        double cpu_time[GUESTS];
        FakeRtnl *links; /* NULL: the host has no PF */
        int pf;
        uint64_t traffic; /* bytes a second that the VF receives */
        char *answer;     /* of advisor_apply(): "done", or the error */
} LeaveFixture;

static const char *const uuids[GUESTS] = {
        "11111111-2222-4333-8444-000000000001",
        "11111111-2222-4333-8444-000000000002",
        "11111111-2222-4333-8444-000000000003",
};
static const char *const names[GUESTS] = { "g1", "g2", "g3" };

static void put_host(FakeRoot *root) {
        fake_root_put(root, CPUS "online", "0-3\n", -1);
        for (unsigned cpu = 0; cpu < 4; cpu++) {
                g_autofree char *path = NULL, *list = g_strdup_printf("%u\n", cpu);

                path = g_strdup_printf(CPUS "cpu%u/topology/thread_siblings_list", cpu);
                fake_root_put(root, path, list, -1);
        }
        fake_root_put(root, "proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 8388608 kB\n", -1);
}

static char *xml_of(unsigned g, const char *metadata) {
        return g_strdup_printf("<domain><name>%s</name><uuid>%s</uuid><metadata>"
                               "<f:domain xmlns:f='urn:virtferry:domain:1' version='1'>%s"
                               "</f:domain></metadata><devices/></domain>",
                               names[g], uuids[g], metadata);
}

static void run(LeaveFixture *l, unsigned g, const char *metadata) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_RUNNING;
        event->uuid = g_strdup(uuids[g]);
        event->name = g_strdup(names[g]);
        event->xml = xml_of(g, metadata);
        manager_on_guest_event(l->f.manager, event);
}

/* 4.5 CPUs of 4: without any of them it is enough. The move of the second is the cheapest, and that
 * of the third comes next. */
static void set_up(LeaveFixture *l, gconstpointer config) {
        static const double cpus[] = { 1.6, 1.5, 1.4 }, memory[] = { 4, 1, 2 };

        fixture_set_up(&l->f, config);
        put_host(l->f.root);
        slices_on_host_changed(l->f.manager->slices);
        fixture_connect(&l->f);
        fixture_pass_time(20000 * G_TIME_SPAN_DAY);
        l->monotonic = 1000 * G_USEC_PER_SEC;
        send_list(&l->f, uuids[0]);
        for (unsigned g = 0; g < GUESTS; g++) {
                l->cpus[g] = cpus[g];
                l->memory[g] = memory[g] * GIB;
                l->resident[g] = memory[g] * GIB;
                run(l, g, "");
        }
        g_string_truncate(l->f.asked, 0);
}

static void tear_down(LeaveFixture *l, gconstpointer config) {
        g_free(l->answer);
        end_questions(&l->f);
        fixture_tear_down(&l->f, config);
        fake_rtnl_free(l->links);
}

static GuestSample *sample(LeaveFixture *l, unsigned g) {
        GuestSample *guest = guest_sample_new(uuids[g], names[g]);
        uint64_t *values = guest->sample.values;

        l->cpu_time[g] += 60 * l->cpus[g];
        values[METRIC_CPU] = (uint64_t)(l->cpu_time[g] * metric_scale(METRIC_CPU));
        values[METRIC_BALLOON] = (uint64_t)(l->memory[g] * metric_scale(METRIC_BALLOON));
        values[METRIC_RESIDENT] = (uint64_t)(l->resident[g] * metric_scale(METRIC_RESIDENT));
        return guest;
}

static void look(LeaveFixture *l) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_STATS;
        event->sampled = l->monotonic;
        event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
        for (unsigned g = 0; g < GUESTS; g++)
                if (g_hash_table_contains(l->f.manager->active, uuids[g]))
                        g_ptr_array_add(event->samples, sample(l, g));
        manager_on_guest_event(l->f.manager, event);
}

static void let_pass(LeaveFixture *l, int64_t usec) {
        for (int64_t i = 0; i < usec; i += MINUTE) {
                l->monotonic += MINUTE;
                fixture_pass_time(MINUTE);
                if (l->links)
                        fake_rtnl_count_bytes(l->links, l->pf, 0, 60 * l->traffic, 0);
                look(l);
        }
}

static const AdvisorEntry *advised(LeaveFixture *l) {
        const GPtrArray *list = advisor_list(l->f.manager->advisor);

        g_assert_cmpuint(list->len, <=, 1);
        return list->len > 0 ? list->pdata[0] : NULL;
}

/* The commands of the advice; "" there is none. */
static const char *command(LeaveFixture *l) {
        const AdvisorEntry *entry = advised(l);

        if (!entry)
                return "";
        g_assert_cmpstr(entry->draft->kind, ==, "leave");
        g_assert_cmpuint(entry->draft->commands->len, ==, 1);
        return entry->draft->commands->pdata[0];
}

static double value_of(const AdvisorEntry *entry, const char *name) {
        const GArray *values = entry->draft->values;

        for (guint i = 0; i < values->len; i++)
                if (g_str_equal(g_array_index(values, AdvisorValue, i).name, name))
                        return g_array_index(values, AdvisorValue, i).value;
        g_assert_not_reached();
}

static void on_applied(void *userdata, const GError *error) {
        LeaveFixture *l = userdata;

        g_assert_null(l->answer);
        l->answer = g_strdup(error ? error->message : "done");
}

static void apply(LeaveFixture *l) {
        g_autofree char *id = g_strdup(advised(l)->id);

        g_string_truncate(l->f.asked, 0);
        advisor_apply(l->f.manager->advisor, id, on_applied, l);
}

/* What is said ---------------------------------------------------------------------------- */

static void test_the_cheapest_leaves_a_host_that_is_too_small(LeaveFixture *l,
                                                              gconstpointer unused) {
        const AdvisorEntry *entry;

        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g2 DESTINATION");
        entry = advised(l);
        g_assert_cmpstr(entry->draft->reason, ==, "cpu");
        g_assert_cmpstr(entry->draft->target, ==, "");
        g_assert_false(entry->draft->act);
        g_assert_cmpfloat_with_epsilon(value_of(entry, "expected"), 4.75, 0.25);
        g_assert_cmpfloat_with_epsilon(value_of(entry, "after"), 3.25, 0.25);
        g_assert_cmpfloat(value_of(entry, "size"), ==, 4);
        g_assert_cmpfloat(value_of(entry, "gain"), >, value_of(entry, "cost"));
        g_assert_true(g_str_has_prefix(entry->draft->sentence,
                                       "g2 should leave for another host: the guests of this one "
                                       "are expected to want 4."));
        g_assert_nonnull(
                strstr(entry->draft->sentence, " of 4 CPUs within the hour (p95), without it 3."));
        g_assert_cmpstr(l->f.asked->str, ==, "");
}

static void test_where_there_is_room_nobody_leaves(LeaveFixture *l, gconstpointer unused) {
        l->cpus[0] = 0.2;
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "");
}

static void test_who_is_to_stay_does_not_leave(LeaveFixture *l, gconstpointer unused) {
        run(l, 1, "<f:policy move='no'/>");
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g3 DESTINATION");
        run(l, 2, "<f:policy move='no'/>");
        run(l, 0, "<f:policy move='no'/>");
        let_pass(l, 10 * MINUTE);
        g_assert_cmpstr(command(l), ==, "");
}

static Migration *move(LeaveFixture *l, unsigned g, MigrationDirection direction) {
        Migration *migration = migration_new(direction, uuids[g], names[g]);
        g_autoptr(GError) error = NULL;

        migration = migration_log_add(l->f.manager->migrations, migration, MIGRATION_PRECOPY,
                                      &error);
        g_assert_no_error(error);
        return migration;
}

static void finish(LeaveFixture *l, Migration *migration) {
        g_autoptr(GError) error = NULL;

        migration_log_enter(l->f.manager->migrations, migration, MIGRATION_FINISHED, NULL, &error);
        g_assert_no_error(error);
}

static void test_who_has_come_settles(LeaveFixture *l, gconstpointer unused) {
        let_pass(l, 2 * HOUR);
        finish(l, move(l, 1, MIGRATION_INCOMING));
        let_pass(l, 10 * MINUTE);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g3 DESTINATION");
}

static void test_one_leaves_at_a_time(LeaveFixture *l, gconstpointer unused) {
        Migration *migration;

        let_pass(l, 2 * HOUR);
        migration = move(l, 0, MIGRATION_OUTGOING);
        let_pass(l, 10 * MINUTE);
        g_assert_cmpstr(command(l), ==, "");
        finish(l, migration);
        let_pass(l, 10 * MINUTE);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g2 DESTINATION");
}

static void test_a_day_has_so_many(LeaveFixture *l, gconstpointer unused) {
        let_pass(l, 2 * HOUR);
        for (unsigned i = 0; i < 2; i++)
                finish(l, move(l, 0, MIGRATION_OUTGOING));
        let_pass(l, 10 * MINUTE);
        g_assert_cmpstr(command(l), ==, "");
        let_pass(l, 24 * HOUR);
        g_assert_cmpstr(command(l), !=, "");
}

static void test_without_hours_nobody_leaves(LeaveFixture *l, gconstpointer unused) {
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "");
}

/* What is kept for the host is not there for guests. */
static void test_a_host_keeps_its_own(LeaveFixture *l, gconstpointer unused) {
        l->cpus[0] = 0.5;
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g2 DESTINATION");
        g_assert_cmpfloat(value_of(advised(l), "size"), ==, 3);
}

static void test_memory_is_what_guests_have_of_the_host(LeaveFixture *l, gconstpointer unused) {
        l->cpus[0] = l->cpus[1] = 0.1;
        l->resident[0] = l->resident[1] = l->resident[2] = 6 * GIB;
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(advised(l)->draft->reason, ==, "memory");
        g_assert_cmpfloat_with_epsilon(value_of(advised(l), "size"), 16 * GIB, 1);
}

/* The first guest has the VF of a PF of 100 Mbit/s. */
static void give_vf(LeaveFixture *l) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        Lease *lease = lease_new();
        g_autoptr(GError) error = NULL;

        fake_root_add_pf(l->f.root, PF, &pf);
        fake_root_put(l->f.root, "sys/class/net/eth0/speed", "100\n", -1);
        l->links = fake_rtnl_new();
        l->pf = fake_rtnl_add_netdev(l->links, "eth0");
        fake_rtnl_add_vf(l->links, l->pf, 0);
        l->f.manager->rtnl = fake_rtnl(l->links);

        lease->domain_uuid = g_strdup(uuids[0]);
        lease->domain_name = g_strdup(names[0]);
        lease->device = g_strdup(fake_root_add_vf(l->f.root, PF));
        lease->class_name = g_strdup("sriov");
        lease->pool = g_strdup("default");
        lease->parent = g_strdup(PF);
        g_ptr_array_add(leases, lease);
        lease_book_reserve(l->f.manager->leases, leases, &error);
        g_assert_no_error(error);
        g_assert_cmpint(inventory_scan(l->f.manager->inventory), ==, 0);
        slices_on_host_changed(l->f.manager->slices);
}

/* 15 MB/s are 120 Mbit/s. */
static void test_a_link_is_used_by_who_has_its_vf(LeaveFixture *l, gconstpointer unused) {
        l->cpus[0] = l->cpus[1] = 0.1;
        give_vf(l);
        l->traffic = 8000000;
        let_pass(l, HOUR);
        g_assert_cmpstr(command(l), ==, "");
        l->traffic = 15000000;
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g1 DESTINATION");
        g_assert_cmpstr(advised(l)->draft->reason, ==, "network");
        g_assert_nonnull(strstr(advised(l)->draft->sentence, " of 100 Mbit/s of PF " PF " "));
        g_assert_cmpfloat(value_of(advised(l), "after"), ==, 0);
}

static void on_slice(void *userdata, const SliceEntry *entry, const SlicePlacement *placement,
                     const GError *error) {
        g_assert_no_error(error);
}

/* It uses hardly any of them, and nobody else can. */
static void test_cores_that_are_somebodys_alone_are_used(LeaveFixture *l, gconstpointer unused) {
        static const char text[] = "<slice version='1'><cores count='2' exclusive='yes'/></slice>";
        g_autoptr(Slice) wish = slice_from_xml(text, strlen(text), NULL);

        l->cpus[0] = 0.1;
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "");
        slices_allocate(l->f.manager->slices, uuids[0], names[0], wish, on_slice, NULL);
        slices_flush(l->f.manager->slices);
        end_questions(&l->f);
        let_pass(l, 10 * MINUTE);
        g_assert_cmpstr(advised(l)->draft->reason, ==, "cpu");
        g_assert_cmpfloat_with_epsilon(value_of(advised(l), "expected"), 4.9, 0.3);
}

/* Carrying out ---------------------------------------------------------------------------- */

static void test_without_a_destination_it_is_not_carried_out(LeaveFixture *l,
                                                             gconstpointer unused) {
        let_pass(l, 2 * HOUR);
        apply(l);
        g_assert_cmpstr(l->answer, ==,
                        "It is not known where guest g2 could go: set Destinations= of [Policy] in "
                        "virtferry.conf, or use 'virt-ferry migrate g2 DESTINATION'");
        g_assert_cmpstr(l->f.asked->str, ==, "");
}

static void answer_find(LeaveFixture *l, unsigned g) {
        g_autofree char *xml = xml_of(g, "");
        GuestEvent found = { .kind = GUEST_FOUND,
                             .uuid = (char *)uuids[g],
                             .name = (char *)names[g],
                             .xml = xml,
                             .running = true };
        GuestFinder finder = g_steal_pointer(&l->f.finder);

        g_assert_nonnull(finder);
        g_string_truncate(l->f.asked, 0);
        finder(l->f.asker, &found);
}

static void end_move(LeaveFixture *l, unsigned g, const char *error) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_MOVED;
        event->uuid = g_strdup(uuids[g]);
        event->job = g_new0(GuestJob, 1);
        event->job->success = !error;
        event->job->error = g_strdup(error);
        manager_on_guest_event(l->f.manager, event);
}

static void leave(LeaveFixture *l, unsigned g) {
        send_event(&l->f, GUEST_ITERATING, uuids[g], NULL);
        send_event(&l->f, GUEST_LEAVING, uuids[g], NULL);
        end_move(l, g, NULL);
        send_event(&l->f, GUEST_LEFT, uuids[g], NULL);
}

#define TWO "[Policy]\nDestinations=qemu+ssh://hostb/system;qemu+ssh://hostc/system\n"

static void test_it_leaves_for_the_first_that_takes_it(LeaveFixture *l, gconstpointer unused) {
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g2 qemu+ssh://hostb/system");
        apply(l);
        g_assert_cmpstr(l->f.asked->str, ==, "find 11111111-2222-4333-8444-000000000002\n");
        answer_find(l, 1);
        g_assert_cmpstr(l->f.asked->str, ==,
                        "migrate 11111111-2222-4333-8444-000000000002 to "
                        "qemu+ssh://hostb/system\n");
        end_move(l, 1, "hostb is full");
        look(l);
        g_assert_null(l->answer);
        answer_find(l, 1);
        g_assert_cmpstr(l->f.asked->str, ==,
                        "migrate 11111111-2222-4333-8444-000000000002 to "
                        "qemu+ssh://hostc/system\n");
        leave(l, 1);
        look(l);
        g_assert_cmpstr(l->answer, ==, "done");
        let_pass(l, 10 * MINUTE);
        g_assert_cmpstr(command(l), ==, "");
}

static ClusterDestination *choose(void *userdata, const char *xml, const GPtrArray *tried,
                                  GError **error) {
        ClusterDestination *best = g_new0(ClusterDestination, 1);

        best->host = g_strdup("hostd");
        best->uri = g_strdup("qemu+ssh://hostd/system");
        best->why = g_strdup("hostd: all that is needed is offered");
        return best;
}

static void begin_at_once(void *userdata, const ClusterMoveWish *wish, ClusterMoveBegun begun,
                          void *begun_userdata) {
        begun(begun_userdata, NULL);
}

static void end_nothing(void *userdata, const char *uuid, bool left) {
}

static void test_in_a_cluster_it_leaves_for_the_best_host(LeaveFixture *l, gconstpointer unused) {
        static const ClusterMoveOps cluster = { .choose = choose,
                                                .begin = begin_at_once,
                                                .end = end_nothing };

        l->f.manager->cluster_moves = &cluster;
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g2");
        apply(l);
        answer_find(l, 1);
        g_assert_cmpstr(l->f.asked->str, ==,
                        "migrate 11111111-2222-4333-8444-000000000002 to "
                        "qemu+ssh://hostd/system\n");
        leave(l, 1);
        look(l);
        g_assert_cmpstr(l->answer, ==, "done");
}

static void test_where_nobody_takes_it_the_last_says_why(LeaveFixture *l, gconstpointer unused) {
        let_pass(l, 2 * HOUR);
        apply(l);
        answer_find(l, 1);
        end_move(l, 1, "hostb is full");
        look(l);
        answer_find(l, 1);
        end_move(l, 1, "hostc is full");
        look(l);
        g_assert_cmpstr(l->answer, ==, "hostc is full");
}

static void test_frozen_meanwhile_no_other_is_asked(LeaveFixture *l, gconstpointer unused) {
        let_pass(l, 2 * HOUR);
        apply(l);
        answer_find(l, 1);
        g_assert_true(advisor_freeze(l->f.manager->advisor, true, NULL));
        end_move(l, 1, "hostb is full");
        g_string_truncate(l->f.asked, 0);
        look(l);
        g_assert_cmpstr(l->f.asked->str, ==, "");
        g_assert_cmpstr(l->answer, ==,
                        "The policy was frozen meanwhile: 'virt-ferry policy thaw' ends that");
}

static void set_up_here(LeaveFixture *l, gconstpointer unused) {
        static char *config;

        if (!config)
                config = g_strdup_printf("[Policy]\nDestinations=qemu+ssh://%s/system;"
                                         "qemu+ssh://hostc/system\nMode=act\n",
                                         g_get_host_name());
        set_up(l, config);
}

static void test_this_host_is_passed_over(LeaveFixture *l, gconstpointer unused) {
        let_pass(l, 2 * HOUR);
        g_assert_cmpstr(command(l), ==, "virt-ferry migrate g2 qemu+ssh://hostc/system");
        g_assert_true(advised(l)->draft->act);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD_CONFIGURED(name, config, function) \
        g_test_add("/advisor-leave/" name, LeaveFixture, config, set_up, function, tear_down)
#define ADD(name, function) ADD_CONFIGURED(name, NULL, function)

        ADD("the cheapest leaves a host that is too small",
            test_the_cheapest_leaves_a_host_that_is_too_small);
        ADD("where there is room nobody leaves", test_where_there_is_room_nobody_leaves);
        ADD("who is to stay does not leave", test_who_is_to_stay_does_not_leave);
        ADD("who has come settles", test_who_has_come_settles);
        ADD("one leaves at a time", test_one_leaves_at_a_time);
        ADD_CONFIGURED("a day has so many", "[Policy]\nLeavesPerDay=2\n", test_a_day_has_so_many);
        ADD_CONFIGURED("without hours nobody leaves", "[Policy]\nLeaveHours=0\n",
                       test_without_hours_nobody_leaves);
        ADD_CONFIGURED("a host keeps its own", "[Slices]\nHostCpus=0\n", test_a_host_keeps_its_own);
        ADD("memory is what guests have of the host", test_memory_is_what_guests_have_of_the_host);
        ADD("a link is used by who has its VF", test_a_link_is_used_by_who_has_its_vf);
        ADD_CONFIGURED("cores that are somebody's alone are used", "[Slices]\nKeepOff=no\n",
                       test_cores_that_are_somebodys_alone_are_used);
        ADD("in a cluster it leaves for the best host",
            test_in_a_cluster_it_leaves_for_the_best_host);
        ADD("without a destination it is not carried out",
            test_without_a_destination_it_is_not_carried_out);
        ADD_CONFIGURED("it leaves for the first that takes it", TWO,
                       test_it_leaves_for_the_first_that_takes_it);
        ADD_CONFIGURED("where nobody takes it the last says why", TWO,
                       test_where_nobody_takes_it_the_last_says_why);
        ADD_CONFIGURED("frozen meanwhile, no other host is asked", TWO,
                       test_frozen_meanwhile_no_other_is_asked);
        g_test_add("/advisor-leave/this host is passed over", LeaveFixture, NULL, set_up_here,
                   test_this_host_is_passed_over, tear_down);
        return g_test_run();
}
