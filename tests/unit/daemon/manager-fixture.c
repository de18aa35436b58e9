/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/manager-fixture.h"

#include <string.h>

#include "daemon/core/tuning.h"

#include "tests/lib/temp-folder.h"

static int64_t fake_time;

static int64_t fake_now(void) {
        return fake_time;
}

void fixture_pass_time(int64_t usec) {
        fake_time += usec;
}

static void abort_with_text(void *userdata, const char *uuid, const char *xml) {
        g_error("A hook reached libvirt, which waits for the hook");
}

static void abort_with_uuid(void *userdata, const char *uuid) {
        abort_with_text(userdata, uuid, NULL);
}

static void abort_with_name(void *userdata, const char *name, GuestFinder finder, void *asker) {
        abort_with_text(userdata, name, NULL);
}

static void abort_with_request(void *userdata, const MoveRequest *request) {
        abort_with_text(userdata, request->uuid, NULL);
}

static void abort_with_time(void *userdata, const char *uuid, int64_t downtime_ms) {
        abort_with_text(userdata, uuid, NULL);
}

static void abort_with_unplug(void *userdata, const UnplugRequest *request) {
        abort_with_text(userdata, request->uuid, NULL);
}

static void abort_with_elements(void *userdata, const char *uuid, const char *const *elements) {
        abort_with_text(userdata, uuid, NULL);
}

static void abort_with_timeout(void *userdata, const char *uuid, const char *metadata,
                               unsigned timeout_ms) {
        abort_with_text(userdata, uuid, NULL);
}

static void abort_with_steps(void *userdata, const char *uuid, const GPtrArray *steps) {
        abort_with_text(userdata, uuid, NULL);
}

static void abort_with_period(void *userdata, const char *uuid, unsigned period) {
        abort_with_text(userdata, uuid, NULL);
}

static void abort_alone(void *userdata) {
        g_assert_not_reached();
}

/* The edge does it when the hook is answered. */
static void look_later(void *userdata, const char *uuid) {
}

static const VirtOps no_virt = {
        .set_metadata = abort_with_text,
        .redefine = abort_with_text,
        .follow_job = abort_with_uuid,
        .look_again = look_later,
        .find = abort_with_name,
        .measure = abort_with_name,
        .migrate = abort_with_request,
        .abort_job = abort_with_uuid,
        .unplug = abort_with_unplug,
        .plug = abort_with_elements,
        .shut_down = abort_with_timeout,
        .start = abort_with_uuid,
        .tune = abort_with_steps,
        .raise_max_downtime = abort_with_time,
        .set_stats_period = abort_with_period,
        .sample = abort_alone,
};

static void note_metadata(void *userdata, const char *uuid, const char *xml) {
        g_string_append_printf(((Fixture *)userdata)->asked, "metadata %s %s\n", uuid, xml);
}

static void note_redefine(void *userdata, const char *uuid, const char *xml) {
        g_string_append_printf(((Fixture *)userdata)->asked, "redefine %s %s\n", uuid, xml);
}

static void note_follow(void *userdata, const char *uuid) {
        g_string_append_printf(((Fixture *)userdata)->asked, "follow %s\n", uuid);
}

static void note_look(void *userdata, const char *uuid) {
        g_string_append_printf(((Fixture *)userdata)->asked, "look again %s\n", uuid);
}

static void note_find(void *userdata, const char *name, GuestFinder finder, void *asker) {
        Fixture *fixture = userdata;

        g_string_append_printf(fixture->asked, "find %s\n", name);
        fixture->finder = finder;
        fixture->asker = asker;
}

static void note_migrate(void *userdata, const MoveRequest *request) {
        g_string_append_printf(((Fixture *)userdata)->asked, "migrate %s to %s%s%s%s%s\n",
                               request->uuid, request->uri, request->off ? " off" : "",
                               request->persistent ? " persistent" : "",
                               request->undefine_source ? " undefine" : "",
                               request->bandwidth > 0 ? " slowly" : "");
}

static void note_abort(void *userdata, const char *uuid) {
        g_string_append_printf(((Fixture *)userdata)->asked, "abort %s\n", uuid);
}

static void note_downtime(void *userdata, const char *uuid, int64_t downtime_ms) {
        g_string_append_printf(((Fixture *)userdata)->asked, "downtime %s %" G_GINT64_FORMAT "\n",
                               uuid, downtime_ms);
}

static void note_unplug(void *userdata, const UnplugRequest *request) {
        g_autofree char *devices = g_strjoinv(" ", request->devices);
        Fixture *fixture = userdata;

        g_string_append_printf(fixture->asked, "unplug %s %s in %u ms\n", request->uuid, devices,
                               request->timeout_ms);
        g_free(fixture->note);
        fixture->note = g_strdup(request->metadata);
}

static void note_plug(void *userdata, const char *uuid, const char *const *elements) {
        g_autofree char *joined = g_strjoinv("\n  ", (char **)elements);

        g_string_append_printf(((Fixture *)userdata)->asked, "plug %s\n  %s\n", uuid, joined);
}

static void note_shut_down(void *userdata, const char *uuid, const char *metadata,
                           unsigned timeout_ms) {
        Fixture *fixture = userdata;

        g_string_append_printf(fixture->asked, "shut down %s in %u ms\n", uuid, timeout_ms);
        g_free(fixture->note);
        fixture->note = g_strdup(metadata);
}

static void note_start(void *userdata, const char *uuid) {
        g_string_append_printf(((Fixture *)userdata)->asked, "start %s\n", uuid);
}

static void note_tune(void *userdata, const char *uuid, const GPtrArray *steps) {
        GString *asked = ((Fixture *)userdata)->asked;

        g_string_append_printf(asked, "tune %s\n", uuid);
        for (guint i = 0; i < steps->len; i++) {
                g_autofree char *what = tuning_describe(((TuningStep *)steps->pdata[i])->wanted);

                g_string_append_printf(asked, "  %s\n", what);
        }
}

static void note_period(void *userdata, const char *uuid, unsigned period) {
        g_string_append_printf(((Fixture *)userdata)->asked, "stats %s each %u s\n", uuid, period);
}

static void note_sample(void *userdata) {
        g_string_append(((Fixture *)userdata)->asked, "sample\n");
}

static const VirtOps noted_virt = {
        .set_metadata = note_metadata,
        .redefine = note_redefine,
        .follow_job = note_follow,
        .look_again = note_look,
        .find = note_find,
        .measure = note_find,
        .migrate = note_migrate,
        .abort_job = note_abort,
        .unplug = note_unplug,
        .plug = note_plug,
        .shut_down = note_shut_down,
        .start = note_start,
        .tune = note_tune,
        .raise_max_downtime = note_downtime,
        .set_stats_period = note_period,
        .sample = note_sample,
};

static void start(Fixture *fixture) {
        g_autoptr(GError) error = NULL;
        Config *parsed;

        parsed = fixture->config ? config_parse(fixture->config, "test.conf", &error)
                                 : config_new();
        g_assert_no_error(error);

        fixture->manager = manager_new(parsed, fake_root_sysfs(fixture->root),
                                       fixture->path ?: ":memory:", NULL, &error);
        g_assert_no_error(error);
        manager_set_clock(fixture->manager, fake_now);
        manager_start(fixture->manager, &error);
        g_assert_no_error(error);
        fixture->manager->virt = &fixture->virt;
}

void fixture_use_file(Fixture *fixture) {
        fixture->folder = temp_folder_new();
        fixture->path = g_build_filename(fixture->folder, "state.db", NULL);
}

void fixture_set_up(Fixture *fixture, gconstpointer config) {
        fake_time = 1000 * G_USEC_PER_SEC;
        fixture->root = fake_root_new();
        fake_root_add_mtty(fixture->root);
        fake_root_set_vfio(fixture->root, "mtty",
                           VFIO_CAP_STOP_COPY | VFIO_CAP_P2P | VFIO_CAP_PRE_COPY, 0);

        fixture->asked = g_string_new(NULL);
        fixture->config = config;
        fixture->virt = no_virt;
        start(fixture);
}

void fixture_restart(Fixture *fixture) {
        manager_free(fixture->manager);
        start(fixture);
}

void fixture_connect(Fixture *fixture) {
        fixture->virt = noted_virt;
        fixture->virt.userdata = fixture;
}

void fixture_tear_down(Fixture *fixture, gconstpointer config) {
        manager_free(fixture->manager);
        fake_root_free(fixture->root);
        g_string_free(fixture->asked, TRUE);
        g_free(fixture->note);
        g_free(fixture->path);
        g_clear_pointer(&fixture->folder, temp_folder_remove);
}

char *guest_xml(const char *name, const char *uuid, const char *mdev, const char *seen) {
        g_autofree char *metadata = NULL;

        metadata = !seen ? g_strdup("")
                         : g_strdup_printf("  <metadata>\n"
                                           "    <ferry:domain xmlns:ferry='urn:virtferry:domain:1' "
                                           "version='1'>\n"
                                           "      <ferry:device address='0000:00:05.0'>\n"
                                           "        <ferry:seen class='mdev' driver='mtty' "
                                           "mdev-type='%s' vfio='stop-copy p2p pre-copy'/>\n"
                                           "      </ferry:device>\n"
                                           "    </ferry:domain>\n"
                                           "  </metadata>\n",
                                           seen);

        return g_strdup_printf("<domain type='kvm'>\n"
                               "  <name>%s</name>\n"
                               "  <uuid>%s</uuid>\n"
                               "%s"
                               "  <devices>\n"
                               "    <hostdev mode='subsystem' type='mdev' model='vfio-pci'>\n"
                               "      <source>\n"
                               "        <address uuid='%s'/>\n"
                               "      </source>\n"
                               "      <address type='pci' domain='0x0000' bus='0x00' slot='0x05' "
                               "function='0x0'/>\n"
                               "    </hostdev>\n"
                               "  </devices>\n"
                               "</domain>\n",
                               name, uuid, metadata, mdev);
}

void send_event(Fixture *fixture, GuestEventKind kind, const char *uuid, const char *xml) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = kind;
        event->uuid = g_strdup(uuid);
        event->name = g_strdup("g1");
        event->xml = g_strdup(xml);
        manager_on_guest_event(fixture->manager, event);
}

void send_list(Fixture *fixture, const char *uuid) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = GUEST_LIST;
        event->active = g_new0(char *, 2);
        event->active[0] = g_strdup(uuid);
        manager_on_guest_event(fixture->manager, event);
}

void tell_guest(Fixture *fixture, GuestEventKind kind, char *taken_xml, const char *detail) {
        g_autofree char *xml = taken_xml;
        GuestEvent event = { .kind = kind,
                             .uuid = (char *)GUEST_UUID,
                             .name = (char *)"g1",
                             .xml = xml,
                             .detail = (char *)detail };

        manager_on_guest_event(fixture->manager, &event);
}

static void answer(Fixture *fixture, const GuestEvent *found) {
        GuestFinder finder = g_steal_pointer(&fixture->finder);

        g_assert_nonnull(finder);
        finder(fixture->asker, found);
}

void answer_with(Fixture *fixture, char *taken_xml) {
        g_autofree char *xml = taken_xml;

        answer(fixture, &(GuestEvent){ .kind = GUEST_FOUND,
                                       .uuid = (char *)GUEST_UUID,
                                       .name = (char *)"g1",
                                       .xml = xml,
                                       .running = true });
}

void end_questions(Fixture *fixture) {
        if (fixture->finder)
                answer(fixture,
                       &(GuestEvent){ .kind = GUEST_FOUND, .detail = (char *)"virtferryd ends" });
}

void assert_asked(Fixture *fixture, const char *expected) {
        g_assert_cmpstr(fixture->asked->str, ==, expected);
        g_string_truncate(fixture->asked, 0);
}

static int compare_devices(gconstpointer a, gconstpointer b) {
        const Lease *const *x = a, *const *y = b;

        return strcmp((*x)->device, (*y)->device);
}

char *leases_text(Fixture *fixture) {
        g_autoptr(GPtrArray) leases = lease_book_list(fixture->manager->leases);
        GString *text = g_string_new(NULL);

        g_ptr_array_sort(leases, compare_devices);
        for (guint i = 0; i < leases->len; i++) {
                const Lease *lease = leases->pdata[i];

                g_string_append_printf(text, "%s %s%s\n", lease->device,
                                       lease_state_to_string(lease->state),
                                       lease->expires ? " expires" : "");
        }
        return g_string_free(text, FALSE);
}

void assert_leases(Fixture *fixture, const char *expected) {
        g_autofree char *text = leases_text(fixture);

        g_assert_cmpstr(text, ==, expected);
}
