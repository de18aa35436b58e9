/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor.h"

#include <string.h>

#include "daemon/core/sample.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

#define PF       "0000:3b:00.0"
#define MINUTE   G_TIME_SPAN_MINUTE
#define HOUR     G_TIME_SPAN_HOUR
#define GUESTS   6
#define ADDRESS  "<address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/>"
#define TEAMING  "<teaming type='persistent'/>"
#define KILOBYTE 1000u

/* Guests with one interface each, whose traffic is seen once a minute. */
typedef struct AdvisorFixture {
        Fixture f;
        int64_t monotonic;
        unsigned n_guests;
        unsigned rates[GUESTS]; /* bytes a second, each way */
        uint64_t totals[GUESTS];
        char *vfs[GUESTS];
        char *answer;        /* of advisor_apply(): "done", or the error */
        const char *refusal; /* of the check; NULL: there is none */
} AdvisorFixture;

static char *uuid_of(unsigned g) {
        return g_strdup_printf("11111111-2222-4333-8444-00000000000%u", g + 1);
}

static char *interface_of(unsigned g, const char *source, const char *more) {
        return g_strdup_printf("<interface type='network'><mac address='52:54:00:00:00:0%u'/>"
                               "<source %s/><model type='virtio'/>%s" ADDRESS "</interface>",
                               g + 1, source, more);
}

static char *vf_of(unsigned g, const char *vf) {
        return g_strdup_printf("<interface type='hostdev' managed='yes'>"
                               "<mac address='52:54:00:00:00:0%u'/><source><address type='pci' "
                               "domain='0x0000' bus='0x%.2s' slot='0x%.2s' function='0x%c'/>"
                               "</source>" ADDRESS "</interface>",
                               g + 1, vf + 5, vf + 8, vf[11]);
}

static char *xml_of(unsigned g, const char *devices, const char *metadata) {
        g_autofree char *uuid = uuid_of(g);

        return g_strdup_printf("<domain><name>g%u</name><uuid>%s</uuid><metadata>"
                               "<f:domain xmlns:f='urn:virtferry:domain:1' version='1'>%s"
                               "</f:domain></metadata><devices>%s</devices></domain>",
                               g + 1, uuid, metadata, devices);
}

/* It is found to run with these. */
static void run_saying(AdvisorFixture *a, unsigned g, const char *devices, const char *metadata) {
        g_autofree char *uuid = uuid_of(g), *xml = xml_of(g, devices, metadata);

        send_event(&a->f, GUEST_RUNNING, uuid, xml);
}

static void run_with(AdvisorFixture *a, unsigned g, const char *devices) {
        run_saying(a, g, devices, "");
}

static void run_emulated(AdvisorFixture *a, unsigned g, const char *source) {
        g_autofree char *interface = interface_of(g, source, "");

        run_with(a, g, interface);
}

static void run_vf(AdvisorFixture *a, unsigned g, const char *vf) {
        g_autofree char *interface = vf_of(g, vf);

        run_with(a, g, interface);
}

static void stop(AdvisorFixture *a, unsigned g) {
        g_autofree char *uuid = uuid_of(g);

        send_event(&a->f, GUEST_STOPPED, uuid, NULL);
}

static void add_vfs(AdvisorFixture *a, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                a->vfs[i] = g_strdup(fake_root_add_vf(a->f.root, PF));
        g_assert_cmpint(inventory_scan(a->f.manager->inventory), ==, 0);
}

static void set_up(AdvisorFixture *a, gconstpointer config) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };
        g_autofree char *first = uuid_of(0);

        fixture_set_up(&a->f, config);
        fixture_connect(&a->f);
        fixture_pass_time(20000 * G_TIME_SPAN_DAY);
        fake_root_add_pf(a->f.root, PF, &pf);
        a->monotonic = 1000 * G_USEC_PER_SEC;
        send_list(&a->f, first);
}

static void tear_down(AdvisorFixture *a, gconstpointer config) {
        for (unsigned i = 0; i < GUESTS; i++)
                g_free(a->vfs[i]);
        g_free(a->answer);
        fixture_tear_down(&a->f, config);
}

/* With one VF, and so many guests of which none has it. */
static void begin(AdvisorFixture *a, unsigned n_guests) {
        add_vfs(a, 1);
        a->n_guests = n_guests;
        for (unsigned g = 0; g < n_guests; g++)
                run_emulated(a, g, "network='default'");
        g_string_truncate(a->f.asked, 0);
}

static GuestSample *sample(AdvisorFixture *a, unsigned g) {
        g_autofree char *uuid = uuid_of(g), *name = g_strdup_printf("g%u", g + 1);
        GuestSample *guest = guest_sample_new(uuid, name);

        a->totals[g] += 60ul * a->rates[g];
        guest->sample.values[METRIC_RECEIVE_BYTES] = a->totals[g];
        guest->sample.values[METRIC_TRANSMIT_BYTES] = a->totals[g];
        return guest;
}

static void look(AdvisorFixture *a) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_STATS;
        event->sampled = a->monotonic;
        event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
        for (unsigned g = 0; g < a->n_guests; g++)
                g_ptr_array_add(event->samples, sample(a, g));
        manager_on_guest_event(a->f.manager, event);
}

static void run(AdvisorFixture *a, int64_t usec) {
        for (int64_t i = 0; i < usec; i += MINUTE) {
                a->monotonic += MINUTE;
                fixture_pass_time(MINUTE);
                look(a);
        }
}

static const GPtrArray *entries(AdvisorFixture *a) {
        return advisor_list(a->f.manager->advisor);
}

static void assert_nothing(AdvisorFixture *a) {
        g_assert_cmpuint(entries(a)->len, ==, 0);
}

static char *commands_of(const AdvisorEntry *entry) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < entry->moves->len; i++) {
                g_autofree char *command = advisor_move_command(entry->moves->pdata[i]);

                g_string_append_printf(text, "%s%s", i > 0 ? "; " : "", command);
        }
        return g_string_free(text, FALSE);
}

/* One, carried out by these commands; "@" is the VF. */
static const AdvisorEntry *assert_one(AdvisorFixture *a, AdviceKind kind, const char *commands) {
        const AdvisorEntry *entry = entries(a)->len == 1 ? entries(a)->pdata[0] : NULL;
        g_auto(GStrv) parts = g_strsplit(commands, "@", -1);
        g_autofree char *expected = g_strjoinv(a->vfs[0], parts), *got = NULL;

        g_assert_nonnull(entry);
        got = commands_of(entry);
        g_assert_cmpint(entry->advice->kind, ==, kind);
        g_assert_cmpstr(entry->advice->seat, ==, a->vfs[0]);
        g_assert_cmpstr(got, ==, expected);
        return entry;
}

#define PROMOTE_1 "virt-ferry move g1 52:54:00:00:00:01 @"

static void test_who_has_the_most_traffic_should_have_the_vf(AdvisorFixture *a,
                                                             gconstpointer unused) {
        const AdvisorEntry *entry;

        begin(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        run(a, 2 * HOUR);
        entry = assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        g_assert_cmpfloat_with_epsilon(entry->advice->in.seen, 1800e3, 1e3);
        g_assert_cmpfloat(entry->advice->gain, >, entry->advice->cost);
        assert_asked(&a->f, "");
}

static void test_nothing_is_said_of_whom_nothing_is_known(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 2);
        run(a, 4 * MINUTE);
        assert_nothing(a);
}

static void test_who_observes_says_nothing(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        run(a, 2 * HOUR);
        assert_nothing(a);
        assert_asked(&a->f, "");
}

static void test_advice_that_is_still_so_stays_the_same(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *id = NULL;
        int64_t since;

        begin(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        run(a, HOUR);
        id = g_strdup(assert_one(a, ADVICE_PROMOTE, PROMOTE_1)->id);
        since = assert_one(a, ADVICE_PROMOTE, PROMOTE_1)->since;
        run(a, HOUR);
        g_assert_cmpstr(assert_one(a, ADVICE_PROMOTE, PROMOTE_1)->id, ==, id);
        g_assert_cmpint(assert_one(a, ADVICE_PROMOTE, PROMOTE_1)->since, ==, since);
}

static void test_advice_about_who_is_gone_is_withdrawn(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        run(a, HOUR);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        stop(a, 0);
        assert_nothing(a);
}

static void test_advice_is_withdrawn_while_libvirt_is_away(AdvisorFixture *a,
                                                           gconstpointer unused) {
        begin(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        run(a, HOUR);
        send_event(&a->f, GUEST_LOST_LIBVIRT, NULL, NULL);
        assert_nothing(a);
        run(a, HOUR);
        assert_nothing(a);
}

static void test_a_vf_that_another_guest_took_is_not_free(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        run(a, HOUR);
        run_vf(a, 1, a->vfs[0]); /* of it, nothing is known */
        run(a, 10 * MINUTE);
        assert_nothing(a);
}

#define EXCHANGE \
        "virt-ferry move g1 52:54:00:00:00:01 virtio; virt-ferry move g2 52:54:00:00:00:02 @"

/* Settled, it gives way to one that has more. */
static void test_who_has_moved_is_left_alone_for_a_while(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        run(a, 2 * HOUR);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        run_with(a, 0, ""); /* for a moment */
        run_vf(a, 0, a->vfs[0]);
        assert_nothing(a);

        a->rates[0] = 10 * KILOBYTE;
        a->rates[1] = 9000 * KILOBYTE;
        run(a, 55 * MINUTE);
        assert_nothing(a);
        run(a, 3 * HOUR);
        assert_one(a, ADVICE_EXCHANGE, EXCHANGE);
}

static void test_who_idles_gives_its_vf_back(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 1);
        a->rates[0] = 1 * KILOBYTE;
        run_vf(a, 0, a->vfs[0]);
        run(a, 12 * HOUR);
        assert_one(a, ADVICE_DEMOTE, "virt-ferry move g1 52:54:00:00:00:01 virtio:br0");
}

static void test_guests_of_another_kind_are_left_alone(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *one = interface_of(0, "network='default'", ""), *two = NULL, *half = NULL;
        g_autofree char *both = NULL;

        two = interface_of(1, "network='default'", "");
        both = g_strconcat(one, two, NULL);
        half = interface_of(2, "network='default'", TEAMING);
        begin(a, 4);
        run_with(a, 0, both);
        run_with(a, 1, "");
        run_with(a, 2, half);
        run_emulated(a, 3, "bridge='br7'");
        for (unsigned g = 0; g < 4; g++)
                a->rates[g] = 900 * KILOBYTE;
        run(a, 2 * HOUR);
        assert_nothing(a);
}

static void test_the_bridge_of_the_policy_counts(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 2);
        run_emulated(a, 0, "bridge='br0'");
        a->rates[0] = 100 * KILOBYTE;
        a->rates[1] = 900 * KILOBYTE;
        run(a, HOUR);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
}

static void test_a_guest_of_priority_goes_first(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *interface = interface_of(0, "network='default'", "");

        begin(a, 2);
        run_saying(a, 0, interface, "<f:policy priority='3'/>");
        a->rates[0] = 200 * KILOBYTE;
        a->rates[1] = 900 * KILOBYTE;
        run(a, HOUR);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        assert_asked(&a->f, ""); /* what it says needs not be written */
}

static void test_who_opted_out_has_no_vf(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *vf = NULL;

        begin(a, 2);
        vf = vf_of(0, a->vfs[0]);
        run_saying(a, 0, vf, "<f:policy offload='never'/>");
        g_assert_nonnull(strstr(a->f.asked->str, "<policy offload='never'/>")); /* it is kept */
        a->rates[0] = 900 * KILOBYTE;
        run(a, HOUR);
        assert_one(a, ADVICE_DEMOTE, "virt-ferry move g1 52:54:00:00:00:01 virtio");
}

static bool has(GHashTable *seen, const char *id) {
        return id && !g_hash_table_add(seen, (void *)id);
}

static void assert_nobody_shares(AdvisorFixture *a) {
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 0; i < entries(a)->len; i++) {
                const Advice *advice = ((const AdvisorEntry *)entries(a)->pdata[i])->advice;

                g_assert_false(has(seen, advice->seat));
                g_assert_false(has(seen, advice->in.id));
                g_assert_false(has(seen, advice->out.id));
        }
}

static void test_no_two_are_advised_to_share_a_vf(AdvisorFixture *a, gconstpointer unused) {
        guint most = 0;

        add_vfs(a, 3);
        a->n_guests = GUESTS;
        for (unsigned g = 0; g < GUESTS; g++)
                run_emulated(a, g, "network='default'");
        for (unsigned hour = 0; hour < 12; hour++) {
                for (unsigned g = 0; g < GUESTS; g++)
                        a->rates[g] = (1 + (g + hour) % GUESTS) * 100 * KILOBYTE;
                for (unsigned i = 0; i < 12; i++) {
                        run(a, 5 * MINUTE);
                        assert_nobody_shares(a);
                        most = MAX(most, entries(a)->len);
                }
                if (hour == 6)
                        run_vf(a, 0, a->vfs[0]);
        }
        g_assert_cmpuint(most, ==, 3);
}

/* By hand --------------------------------------------------------------------------------- */

static void on_applied(void *userdata, const GError *error) {
        AdvisorFixture *a = userdata;

        g_assert_null(a->answer);
        a->answer = g_strdup(error ? error->message : "done");
}

static void apply(AdvisorFixture *a, const char *id) {
        g_clear_pointer(&a->answer, g_free);
        advisor_apply(a->f.manager->advisor, id, on_applied, a);
}

/* libvirt knows the guest so; NULL: not at all. */
static void answer_find(AdvisorFixture *a, unsigned g, const char *xml) {
        g_autoptr(GuestEvent) found = g_new0(GuestEvent, 1);

        found->kind = GUEST_FOUND;
        found->uuid = xml ? uuid_of(g) : NULL;
        found->name = g_strdup_printf("g%u", g + 1);
        found->xml = g_strdup(xml);
        found->detail = xml ? NULL : g_strdup("There is no such guest");
        found->running = xml;
        a->f.finder(a->f.asker, found);
}

static void begin_apply(AdvisorFixture *a) {
        g_autofree char *id = NULL;

        begin(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        run(a, HOUR);
        id = g_strdup(assert_one(a, ADVICE_PROMOTE, PROMOTE_1)->id);
        apply(a, id);
        assert_asked(&a->f, "find 11111111-2222-4333-8444-000000000001\n");
        g_assert_null(a->answer);
        assert_nothing(a);
}

static char *note_of(const char *vf, const char *element) {
        g_autofree char *escaped = g_markup_escape_text(element, -1);

        return g_strdup_printf("<f:device address='0000:05:00.0'><f:unplugged strategy='replug' "
                               "source='%s'>%s</f:unplugged></f:device>",
                               vf, escaped);
}

/* From where swaps_begin() has asked for the first guest. */
static void give_vf(AdvisorFixture *a) {
        g_autofree char *emulated = interface_of(0, "network='default'", ""), *with = NULL;
        g_autofree char *uuid = uuid_of(0), *vf = NULL, *note = NULL, *without = NULL, *now = NULL;

        vf = vf_of(0, a->vfs[0]);
        note = note_of(a->vfs[0], vf);
        with = xml_of(0, emulated, "<f:policy priority='1'/>");
        without = xml_of(0, "", note);
        now = xml_of(0, vf, note);
        answer_find(a, 0, with);
        assert_asked(&a->f, "unplug 11111111-2222-4333-8444-000000000001 52:54:00:00:00:01 in "
                            "30000 ms\n");
        g_assert_nonnull(strstr(a->f.note, "<policy priority='1'/>"));
        send_event(&a->f, GUEST_UNPLUGGED, uuid, without);
        g_assert_true(g_str_has_prefix(a->f.asked->str, "plug "));
        g_assert_null(a->answer);
        send_event(&a->f, GUEST_PLUGGED, uuid, now);
}

static void test_an_advice_is_carried_out_by_hand(AdvisorFixture *a, gconstpointer unused) {
        begin_apply(a);
        give_vf(a);
        g_assert_cmpstr(a->answer, ==, "done");

        a->rates[0] = 10 * KILOBYTE;
        a->rates[1] = 9000 * KILOBYTE;
        run(a, 55 * MINUTE);
        assert_nothing(a); /* it has settled too short a time */
}

static void test_what_is_not_advised_is_not_carried_out(AdvisorFixture *a, gconstpointer unused) {
        g_autofree char *id = NULL;

        begin(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        run(a, HOUR);
        id = g_strdup(assert_one(a, ADVICE_PROMOTE, PROMOTE_1)->id);
        stop(a, 0);
        g_string_truncate(a->f.asked, 0);
        apply(a, id);
        g_assert_cmpstr(a->answer, ==,
                        "Advice '1' is not given, or not any more: 'virt-ferry advice' shows what "
                        "is");
        assert_asked(&a->f, "");
}

static void test_one_is_carried_out_at_a_time(AdvisorFixture *a, gconstpointer unused) {
        begin_apply(a);
        g_clear_pointer(&a->answer, g_free);
        apply(a, "2");
        g_assert_cmpstr(a->answer, ==,
                        "Advice 1 is carried out just now: try it again when that has ended");
        run(a, 10 * MINUTE);
        assert_nothing(a);
        g_clear_pointer(&a->answer, g_free);
        answer_find(a, 0, NULL);
}

static void test_one_that_fails_is_told_and_given_again(AdvisorFixture *a, gconstpointer unused) {
        begin_apply(a);
        answer_find(a, 0, NULL);
        g_assert_cmpstr(a->answer, ==, "There is no such guest");
        run(a, 10 * MINUTE);
        g_assert_cmpstr(assert_one(a, ADVICE_PROMOTE, PROMOTE_1)->id, ==, "2");
}

/* It is carried out up to where the other guest is asked for. */
static void give_back(AdvisorFixture *a, bool freezes) {
        g_autofree char *emulated = interface_of(0, "network='default'", ""), *with = NULL;
        g_autofree char *uuid = uuid_of(0), *vf = NULL, *note = NULL, *without = NULL, *now = NULL;

        begin(a, 2);
        vf = vf_of(0, a->vfs[0]);
        run_vf(a, 0, a->vfs[0]);
        a->rates[0] = 10 * KILOBYTE;
        a->rates[1] = 9000 * KILOBYTE;
        run(a, 2 * HOUR);
        g_string_truncate(a->f.asked, 0);
        apply(a, assert_one(a, ADVICE_EXCHANGE, EXCHANGE)->id);

        note = note_of(a->vfs[0], vf);
        with = xml_of(0, vf, "");
        without = xml_of(0, "", note);
        now = xml_of(0, emulated, note);
        answer_find(a, 0, with);
        if (freezes)
                g_assert_true(advisor_freeze(a->f.manager->advisor, true, NULL));
        send_event(&a->f, GUEST_UNPLUGGED, uuid, without);
        send_event(&a->f, GUEST_PLUGGED, uuid, now);
}

#define OTHER_ASKED "find 11111111-2222-4333-8444-000000000002\n"

static void test_half_an_exchange_is_told_and_left_alone(AdvisorFixture *a, gconstpointer unused) {
        give_back(a, false);
        g_assert_nonnull(strstr(a->f.asked->str, OTHER_ASKED));
        answer_find(a, 1, NULL);
        g_assert_cmpstr(a->answer, ==,
                        "There is no such guest; guest g1 has given its VF back already");
        run(a, 55 * MINUTE);
        assert_nothing(a);
}

static void test_frozen_meanwhile_an_exchange_ends_half_way(AdvisorFixture *a,
                                                            gconstpointer unused) {
        give_back(a, true);
        g_assert_null(strstr(a->f.asked->str, OTHER_ASKED));
        g_assert_cmpstr(
                a->answer, ==,
                "The policy was frozen meanwhile: 'virt-ferry policy thaw' ends that; guest "
                "g1 has given its VF back already");
}

/* Frozen -------------------------------------------------------------------------------- */

static void freeze(AdvisorFixture *a, bool frozen) {
        g_autoptr(GError) error = NULL;

        g_assert_true(advisor_freeze(a->f.manager->advisor, frozen, &error));
        g_assert_no_error(error);
}

#define FROZEN                                                       \
        "Advice '1' is not carried out while the policy is frozen: " \
        "'virt-ferry policy thaw' ends that"

static void test_frozen_nothing_is_advised_nor_done(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 1);
        a->rates[0] = 900 * KILOBYTE;
        run(a, HOUR);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        freeze(a, true);
        assert_nothing(a);
        run(a, HOUR);
        assert_nothing(a);
        apply(a, "1");
        g_assert_cmpstr(a->answer, ==, FROZEN);
        assert_asked(&a->f, "");

        freeze(a, false);
        run(a, 10 * MINUTE);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
}

static void test_what_cannot_be_kept_is_not_frozen(AdvisorFixture *a, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        store_fail_write(a->f.manager->store, 0);
        g_assert_false(advisor_freeze(a->f.manager->advisor, true, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_STORE);
        g_assert_false(advisor_state(a->f.manager->advisor).frozen);
}

static void test_it_stays_frozen_over_a_restart(AdvisorFixture *a, gconstpointer unused) {
        fixture_use_file(&a->f);
        fixture_restart(&a->f);
        g_assert_false(advisor_state(a->f.manager->advisor).frozen);
        freeze(a, true);
        fixture_restart(&a->f);
        g_assert_true(advisor_state(a->f.manager->advisor).frozen);
        freeze(a, false);
        fixture_restart(&a->f);
        g_assert_false(advisor_state(a->f.manager->advisor).frozen);
}

/* Restarts ------------------------------------------------------------------------------ */

/* Of the whole host: its clock begins again. The first guest has the VF. */
static void restart(AdvisorFixture *a) {
        g_autofree char *first = uuid_of(0);

        fixture_restart(&a->f);
        a->monotonic = 50 * G_USEC_PER_SEC;
        send_list(&a->f, first);
        run_vf(a, 0, a->vfs[0]);
        run_emulated(a, 1, "network='default'");
}

/* The first guest gets the VF, and then the other one has all the traffic. */
static void promote_and_restart(AdvisorFixture *a) {
        g_autofree char *first = uuid_of(0);

        fixture_use_file(&a->f);
        fixture_restart(&a->f);
        send_list(&a->f, first);
        begin(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        run(a, 2 * HOUR);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        run_vf(a, 0, a->vfs[0]);
        assert_nothing(a);
        a->rates[0] = 10 * KILOBYTE;
        a->rates[1] = 9000 * KILOBYTE;
        restart(a);
}

static unsigned moves_left(const AdvisorFixture *a) {
        return advisor_state(a->f.manager->advisor).moves_left;
}

static void test_who_has_moved_is_left_alone_after_a_restart(AdvisorFixture *a,
                                                             gconstpointer unused) {
        promote_and_restart(a);
        g_assert_cmpuint(moves_left(a), ==, 23);
        run(a, 11 * HOUR);
        assert_nothing(a);
        run(a, 2 * HOUR);
        assert_one(a, ADVICE_EXCHANGE, EXCHANGE);
}

static void test_moves_of_before_a_restart_count(AdvisorFixture *a, gconstpointer unused) {
        promote_and_restart(a);
        g_assert_cmpuint(moves_left(a), ==, 0);
        run(a, 20 * HOUR);
        assert_nothing(a);
        run(a, 5 * HOUR);
        assert_one(a, ADVICE_EXCHANGE, EXCHANGE);
        g_assert_cmpuint(moves_left(a), ==, 1);
}

static void test_a_clock_that_was_wrong_makes_no_move_old(AdvisorFixture *a, gconstpointer unused) {
        promote_and_restart(a);
        fixture_pass_time(-10 * G_TIME_SPAN_DAY);
        restart(a);
        g_assert_cmpuint(moves_left(a), ==, 0);
}

/* By itself ------------------------------------------------------------------------------- */

#define FIND_1 "find 11111111-2222-4333-8444-000000000001\n"

static char *check(void *userdata, const GuestEvent *found) {
        const AdvisorFixture *a = userdata;

        g_assert_nonnull(found->xml);
        return g_strdup(a->refusal);
}

static void begin_act(AdvisorFixture *a) {
        begin(a, 2);
        advisor_set_check(a->f.manager->advisor, check, a);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        run(a, HOUR);
        assert_asked(&a->f, FIND_1);
}

static void answer_check(AdvisorFixture *a) {
        g_autofree char *emulated = interface_of(0, "network='default'", "");
        g_autofree char *xml = xml_of(0, emulated, "");

        answer_find(a, 0, xml);
}

static void expect_failure(const char *why) {
        g_autofree char *words = g_strdup_printf("Guest g1 does not get 0000:3b:10.0 by itself, "
                                                 "and is left alone for a while: %s",
                                                 why);

        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, words);
}

static void test_who_acts_does_what_is_advised(AdvisorFixture *a, gconstpointer unused) {
        begin_act(a);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        answer_check(a);
        assert_asked(&a->f, FIND_1);
        assert_nothing(a);
        run(a, 10 * MINUTE);
        assert_asked(&a->f, ""); /* one at a time */
        give_vf(a);
        g_assert_cmpuint(moves_left(a), ==, 23);
}

static void test_what_a_check_refuses_is_not_done(AdvisorFixture *a, gconstpointer unused) {
        a->refusal = "QEMU: it is too old";
        begin_act(a);
        expect_failure(a->refusal);
        answer_check(a);
        g_test_assert_expected_messages();
        run(a, 55 * MINUTE);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        assert_asked(&a->f, "");

        run(a, 10 * MINUTE);
        assert_asked(&a->f, FIND_1);
        freeze(a, true); /* before the answer */
        a->refusal = NULL;
        answer_check(a);
        assert_asked(&a->f, "");
}

static void test_what_has_failed_is_left_alone(AdvisorFixture *a, gconstpointer unused) {
        begin_act(a);
        answer_check(a);
        assert_asked(&a->f, FIND_1);
        expect_failure("There is no such guest");
        answer_find(a, 0, NULL);
        g_test_assert_expected_messages();
        run(a, 55 * MINUTE);
        assert_asked(&a->f, "");
}

static void test_without_a_check_nothing_is_done(AdvisorFixture *a, gconstpointer unused) {
        begin(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        run(a, HOUR);
        assert_one(a, ADVICE_PROMOTE, PROMOTE_1);
        assert_asked(&a->f, "");
}

#define ACT "[Policy]\nMode=act\n"

#define ADD_CONFIGURED(name, config, function) \
        g_test_add("/advisor/" name, AdvisorFixture, config, set_up, function, tear_down)
#define ADD(name, function) ADD_CONFIGURED(name, NULL, function)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("who has the most traffic should have the VF",
            test_who_has_the_most_traffic_should_have_the_vf);
        ADD("nothing is said of whom nothing is known",
            test_nothing_is_said_of_whom_nothing_is_known);
        ADD_CONFIGURED("who observes says nothing", "[Policy]\nMode=observe\n",
                       test_who_observes_says_nothing);
        ADD("advice that is still so stays the same", test_advice_that_is_still_so_stays_the_same);
        ADD("advice about who is gone is withdrawn", test_advice_about_who_is_gone_is_withdrawn);
        ADD("advice is withdrawn while libvirt is away",
            test_advice_is_withdrawn_while_libvirt_is_away);
        ADD("a VF that another guest took is not free",
            test_a_vf_that_another_guest_took_is_not_free);
        ADD("who has moved is left alone for a while",
            test_who_has_moved_is_left_alone_for_a_while);
        ADD_CONFIGURED("who idles gives its VF back", "[Policy]\nIdleKbit=100\nBridge=br0\n",
                       test_who_idles_gives_its_vf_back);
        ADD("guests of another kind are left alone", test_guests_of_another_kind_are_left_alone);
        ADD_CONFIGURED("the bridge of the policy counts", "[Policy]\nBridge=br0\n",
                       test_the_bridge_of_the_policy_counts);
        ADD("a guest of priority goes first", test_a_guest_of_priority_goes_first);
        ADD("who opted out has no VF", test_who_opted_out_has_no_vf);
        ADD("no two are advised to share a VF", test_no_two_are_advised_to_share_a_vf);
        ADD("an advice is carried out by hand", test_an_advice_is_carried_out_by_hand);
        ADD("what is not advised is not carried out", test_what_is_not_advised_is_not_carried_out);
        ADD("one is carried out at a time", test_one_is_carried_out_at_a_time);
        ADD("one that fails is told, and given again", test_one_that_fails_is_told_and_given_again);
        ADD("half an exchange is told, and left alone",
            test_half_an_exchange_is_told_and_left_alone);
        ADD("frozen, nothing is advised nor done", test_frozen_nothing_is_advised_nor_done);
        ADD("what cannot be kept is not frozen", test_what_cannot_be_kept_is_not_frozen);
        ADD("it stays frozen over a restart", test_it_stays_frozen_over_a_restart);
        ADD_CONFIGURED("who has moved is left alone after a restart",
                       "[Policy]\nSettlingTimeSec=43200\n",
                       test_who_has_moved_is_left_alone_after_a_restart);
        ADD_CONFIGURED("moves of before a restart count",
                       "[Policy]\nMovesPerDay=1\nSettlingTimeSec=0\n",
                       test_moves_of_before_a_restart_count);
        ADD_CONFIGURED("a clock that was wrong makes no move old", "[Policy]\nMovesPerDay=1\n",
                       test_a_clock_that_was_wrong_makes_no_move_old);
        ADD_CONFIGURED("who acts does what is advised", ACT, test_who_acts_does_what_is_advised);
        ADD_CONFIGURED("what a check refuses is not done", ACT,
                       test_what_a_check_refuses_is_not_done);
        ADD_CONFIGURED("what has failed is left alone", ACT, test_what_has_failed_is_left_alone);
        ADD_CONFIGURED("without a check nothing is done", ACT,
                       test_without_a_check_nothing_is_done);
        ADD("frozen meanwhile, an exchange ends half way",
            test_frozen_meanwhile_an_exchange_ends_half_way);
        return g_test_run();
}
