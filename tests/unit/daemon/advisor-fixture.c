/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/advisor-fixture.h"

#include <math.h>
#include <string.h>

#include "daemon/core/sample.h"

#define PF      "0000:3b:00.0"
#define ADDRESS "<address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/>"

char *uuid_of(unsigned g) {
        return g_strdup_printf("11111111-2222-4333-8444-00000000000%u", g + 1);
}

char *interface_of(unsigned g, const char *source, const char *more) {
        return g_strdup_printf("<interface type='network'><mac address='52:54:00:00:00:0%u'/>"
                               "<source %s/><model type='virtio'/>%s" ADDRESS "</interface>",
                               g + 1, source, more);
}

char *vf_of(unsigned g, const char *vf) {
        return g_strdup_printf("<interface type='hostdev' managed='yes'>"
                               "<mac address='52:54:00:00:00:0%u'/><source><address type='pci' "
                               "domain='0x0000' bus='0x%.2s' slot='0x%.2s' function='0x%c'/>"
                               "</source>" ADDRESS "</interface>",
                               g + 1, vf + 5, vf + 8, vf[11]);
}

char *xml_of(unsigned g, const char *devices, const char *metadata) {
        g_autofree char *uuid = uuid_of(g);

        return g_strdup_printf("<domain><name>g%u</name><uuid>%s</uuid><metadata>"
                               "<f:domain xmlns:f='urn:virtferry:domain:1' version='1'>%s"
                               "</f:domain></metadata><devices>%s</devices></domain>",
                               g + 1, uuid, metadata, devices);
}

void run_saying(AdvisorFixture *a, unsigned g, const char *devices, const char *metadata) {
        g_autofree char *uuid = uuid_of(g), *xml = xml_of(g, devices, metadata);

        send_event(&a->f, GUEST_RUNNING, uuid, xml);
}

void run_guest(AdvisorFixture *a, unsigned g, const char *devices) {
        run_saying(a, g, devices, "");
}

void run_emulated(AdvisorFixture *a, unsigned g, const char *source) {
        g_autofree char *interface = interface_of(g, source, "");

        run_guest(a, g, interface);
}

void run_vf(AdvisorFixture *a, unsigned g, const char *vf) {
        g_autofree char *interface = vf_of(g, vf);

        run_guest(a, g, interface);
}

void stop_guest(AdvisorFixture *a, unsigned g) {
        g_autofree char *uuid = uuid_of(g);

        send_event(&a->f, GUEST_STOPPED, uuid, NULL);
}

void add_vfs(AdvisorFixture *a, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                a->vfs[i] = g_strdup(fake_root_add_vf(a->f.root, PF));
        g_assert_cmpint(inventory_scan(a->f.manager->inventory), ==, 0);
}

void advisor_set_up(AdvisorFixture *a, gconstpointer config) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };
        g_autofree char *first = uuid_of(0);

        fixture_set_up(&a->f, config);
        fixture_connect(&a->f);
        fixture_pass_time(20000 * G_TIME_SPAN_DAY);
        fake_root_add_pf(a->f.root, PF, &pf);
        a->monotonic = 1000 * G_USEC_PER_SEC;
        send_list(&a->f, first);
}

void advisor_tear_down(AdvisorFixture *a, gconstpointer config) {
        for (unsigned i = 0; i < GUESTS; i++)
                g_free(a->vfs[i]);
        g_free(a->answer);
        fixture_tear_down(&a->f, config);
}

void begin_guests(AdvisorFixture *a, unsigned n_guests) {
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

void let_pass(AdvisorFixture *a, int64_t usec) {
        for (int64_t i = 0; i < usec; i += MINUTE) {
                a->monotonic += MINUTE;
                fixture_pass_time(MINUTE);
                look(a);
        }
}

const GPtrArray *advised(AdvisorFixture *a) {
        return advisor_list(a->f.manager->advisor);
}

void assert_no_advice(AdvisorFixture *a) {
        g_assert_cmpuint(advised(a)->len, ==, 0);
}

double value_of(const AdvisorEntry *entry, const char *name) {
        const GArray *values = entry->draft->values;

        for (guint i = 0; i < values->len; i++)
                if (g_str_equal(g_array_index(values, AdvisorValue, i).name, name))
                        return g_array_index(values, AdvisorValue, i).value;
        return NAN;
}

static char *commands_of(const AdvisorEntry *entry) {
        const GPtrArray *commands = entry->draft->commands;
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < commands->len; i++)
                g_string_append_printf(text, "%s%s", i > 0 ? "; " : "",
                                       (const char *)commands->pdata[i]);
        return g_string_free(text, FALSE);
}

const AdvisorEntry *assert_advice(AdvisorFixture *a, const char *kind, const char *commands) {
        const AdvisorEntry *entry = advised(a)->len == 1 ? advised(a)->pdata[0] : NULL;
        g_auto(GStrv) parts = g_strsplit(commands, "@", -1);
        g_autofree char *expected = g_strjoinv(a->vfs[0], parts), *got = NULL;

        g_assert_nonnull(entry);
        got = commands_of(entry);
        g_assert_cmpstr(entry->draft->kind, ==, kind);
        g_assert_cmpstr(entry->draft->target, ==, a->vfs[0]);
        g_assert_cmpstr(got, ==, expected);
        return entry;
}

static void on_applied(void *userdata, const GError *error) {
        AdvisorFixture *a = userdata;

        g_assert_null(a->answer);
        a->answer = g_strdup(error ? error->message : "done");
}

void apply_advice(AdvisorFixture *a, const char *id) {
        g_clear_pointer(&a->answer, g_free);
        advisor_apply(a->f.manager->advisor, id, on_applied, a);
}

void answer_find(AdvisorFixture *a, unsigned g, const char *xml) {
        g_autoptr(GuestEvent) found = g_new0(GuestEvent, 1);

        found->kind = GUEST_FOUND;
        found->uuid = xml ? uuid_of(g) : NULL;
        found->name = g_strdup_printf("g%u", g + 1);
        found->xml = g_strdup(xml);
        found->detail = xml ? NULL : g_strdup("There is no such guest");
        found->running = xml;
        a->f.finder(a->f.asker, found);
}

void begin_apply(AdvisorFixture *a) {
        g_autofree char *id = NULL;

        begin_guests(a, 2);
        a->rates[0] = 900 * KILOBYTE;
        a->rates[1] = 10 * KILOBYTE;
        let_pass(a, HOUR);
        id = g_strdup(assert_advice(a, "promote", PROMOTE_1)->id);
        apply_advice(a, id);
        assert_asked(&a->f, "find 11111111-2222-4333-8444-000000000001\n");
        g_assert_null(a->answer);
        assert_no_advice(a);
}

char *note_of(const char *vf, const char *element) {
        g_autofree char *escaped = g_markup_escape_text(element, -1);

        return g_strdup_printf("<f:device address='0000:05:00.0'><f:unplugged strategy='replug' "
                               "source='%s'>%s</f:unplugged></f:device>",
                               vf, escaped);
}

void give_vf(AdvisorFixture *a) {
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

void freeze_policy(AdvisorFixture *a, bool frozen) {
        g_autoptr(GError) error = NULL;

        g_assert_true(advisor_freeze(a->f.manager->advisor, frozen, &error));
        g_assert_no_error(error);
}

unsigned moves_left(const AdvisorFixture *a) {
        return advisor_state(a->f.manager->advisor).moves_left;
}
