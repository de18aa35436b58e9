/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"

/* ListFixes() and Fix() of the real daemon, with a systemd of the test's own. */

#define HOOK_COPY FERRY_LIBEXECDIR "/virtferry-hook"
#define JOB       "/org/freedesktop/systemd1/job/7"

typedef struct FixFixture {
        DaemonFixture base;
        sd_bus *systemd;
        const char *result; /* of the job; NULL: systemd refuses */
        GString *asked;     /* "RestartUnit UNIT\n" */
        char *answer;       /* of Fix(): "done WHAT" or "NAME: MESSAGE" */
} FixFixture;

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        FixFixture *f = userdata;
        const char *unit, *mode;

        if (!sd_bus_message_is_method_call(m, "org.freedesktop.systemd1.Manager", NULL))
                return 0;

        g_assert_cmpint(sd_bus_message_read(m, "ss", &unit, &mode), >, 0);
        g_assert_cmpstr(mode, ==, "replace");
        g_string_append_printf(f->asked, "%s %s\n", sd_bus_message_get_member(m), unit);
        if (!f->result)
                return sd_bus_reply_method_errorf(m, "org.freedesktop.systemd1.NoSuchUnit",
                                                  "Unit %s not found.", unit);

        g_assert_cmpint(sd_bus_reply_method_return(m, "o", JOB), >=, 0);
        g_assert_cmpint(sd_bus_emit_signal(f->systemd, "/org/freedesktop/systemd1",
                                           "org.freedesktop.systemd1.Manager", "JobRemoved", "uoss",
                                           7, JOB, unit, f->result),
                        >=, 0);
        return 1;
}

/* A host whose package has its hook, and whose hook is nowhere else. */
static void set_up(FixFixture *f, gconstpointer result) {
        g_autofree char *copy = NULL;

        daemon_fixture_set_up(&f->base, NULL);
        fake_root_put(f->base.root, &HOOK_COPY[1], "#!/bin/true\n", -1);
        copy = g_build_filename(fake_root_path(f->base.root), HOOK_COPY, NULL);
        g_assert_cmpint(g_chmod(copy, 0755), ==, 0);

        f->result = result;
        f->asked = g_string_new(NULL);
        g_assert_cmpint(sd_bus_new(&f->systemd), >=, 0);
        g_assert_cmpint(sd_bus_set_address(f->systemd, f->base.bus->address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(f->systemd, true), >=, 0);
        g_assert_cmpint(sd_bus_start(f->systemd), >=, 0);
        g_assert_cmpint(sd_bus_add_filter(f->systemd, NULL, on_call, f), >=, 0);
        g_assert_cmpint(sd_bus_request_name(f->systemd, "org.freedesktop.systemd1", 0), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(f->systemd, f->base.event, 0), >=, 0);
}

static void tear_down(FixFixture *f, gconstpointer unused) {
        sd_bus_flush_close_unref(f->systemd);
        g_string_free(f->asked, TRUE);
        g_free(f->answer);
        daemon_fixture_tear_down(&f->base, NULL);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const sd_bus_error *error = sd_bus_message_get_error(m);
        FixFixture *f = userdata;
        const char *what;

        if (error)
                f->answer = g_strdup_printf("%s: %s", error->name, error->message);
        else {
                g_assert_cmpint(sd_bus_message_read(m, "s", &what), >, 0);
                f->answer = g_strconcat("done ", what, NULL);
        }
        return 0;
}

static const char *fix(FixFixture *f, const char *id) {
        g_assert_cmpint(sd_bus_call_method_async(f->base.client, NULL, FERRY_BUS_NAME,
                                                 FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Fix",
                                                 on_answer, f, "s", id),
                        >=, 0);
        while (!f->answer)
                g_assert_cmpint(sd_event_run(f->base.event, UINT64_MAX), >=, 0);
        return f->answer;
}

static void test_what_can_be_mended_is_listed(FixFixture *f, gconstpointer unused) {
        const char *id, *object, *finding, *what;
        g_autoptr(sd_bus_message) m = NULL;

        m = daemon_fixture_call(&f->base, FERRY_INTERFACE_MANAGER, "ListFixes", NULL, "");
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "(ssss)"), >, 0);
        g_assert_cmpint(sd_bus_message_read(m, "(ssss)", &id, &object, &finding, &what), >, 0);
        g_assert_cmpstr(id, ==, "install-hook hook");
        g_assert_cmpstr(object, ==, "/etc/libvirt/hooks/qemu.d/50-virtferry");
        g_assert_true(g_str_has_prefix(finding, "The libvirt hook is not there"));
        g_assert_cmpstr(what, ==, "puts the hook in its place, for all to execute");
        g_assert_cmpint(sd_bus_message_at_end(m, false), >, 0);
}

static void test_systemd_does_it(FixFixture *f, gconstpointer unused) {
        g_assert_cmpstr(fix(f, "install-hook hook"), ==,
                        "done puts the hook in its place, for all to execute");
        g_assert_cmpstr(f->asked->str, ==, "RestartUnit virtferry-hook.service\n");
}

static void test_a_job_that_fails_is_told(FixFixture *f, gconstpointer unused) {
        g_assert_cmpstr(fix(f, "install-hook hook"), ==,
                        FERRY_ERROR_PREFIX
                        "Unavailable: /etc/libvirt/hooks/qemu.d/50-virtferry: systemd has not done "
                        "it (failed): see 'journalctl -u virtferry-hook.service'");
}

static void test_a_unit_that_is_not_there_is_told(FixFixture *f, gconstpointer unused) {
        g_assert_nonnull(
                strstr(fix(f, "install-hook hook"),
                       "systemd has not done it (Unit virtferry-hook.service not found.)"));
}

static void test_what_nothing_is_there_for_asks_nobody(FixFixture *f, gconstpointer unused) {
        g_assert_cmpstr(fix(f, "load-driver x"), ==,
                        FERRY_ERROR_PREFIX
                        "NotFound: There is nothing on this host that 'load-driver x' would mend: "
                        "'virt-ferry check' says what is missing");
        g_assert_cmpstr(f->asked->str, ==, "");
}

int main(int argc, char **argv) {
#define ADD(name, result, function) \
        g_test_add("/fix-call/" name, FixFixture, result, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("what can be mended is listed", "done", test_what_can_be_mended_is_listed);
        ADD("systemd does it", "done", test_systemd_does_it);
        ADD("a job that fails is told", "failed", test_a_job_that_fails_is_told);
        ADD("a unit that is not there is told", NULL, test_a_unit_that_is_not_there_is_told);
        ADD("what nothing is there for asks nobody", "done",
            test_what_nothing_is_there_for_asks_nobody);
        return g_test_run();
}
