/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/dbus/daemon-fixture.h"

#include <signal.h>
#include <string.h>

#include "daemon/names.h"
#include "tests/lib/temp-folder.h"

/* What the client hears ----------------------------------------------------------- */

static int on_name(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *name, *old_owner, *new_owner;
        DaemonFixture *fixture = userdata;

        g_assert_cmpint(sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner), >, 0);
        if (g_str_equal(name, FERRY_BUS_NAME))
                fixture->has_name = *new_owner;
        return 0;
}

static int on_objects(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        bool added = sd_bus_message_is_signal(m, NULL, "InterfacesAdded");
        DaemonFixture *fixture = userdata;
        const char *path, *interface;

        g_assert_cmpint(sd_bus_message_read(m, "o", &path), >, 0);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', added ? "{sa{sv}}" : "s"), >, 0);
        if (added)
                g_assert_cmpint(sd_bus_message_enter_container(m, 'e', "sa{sv}"), >, 0);
        g_assert_cmpint(sd_bus_message_read(m, "s", &interface), >, 0);

        g_string_append_printf(fixture->signals, "%s %s %s\n", sd_bus_message_get_member(m), path,
                               interface);
        return 0;
}

static int on_properties(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        DaemonFixture *fixture = userdata;
        const char *name;

        g_assert_cmpint(sd_bus_message_skip(m, "s"), >, 0);
        g_string_append_printf(fixture->signals, "%s %s", sd_bus_message_get_member(m),
                               sd_bus_message_get_path(m));
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sv}"), >, 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                g_assert_cmpint(sd_bus_message_read(m, "s", &name), >, 0);
                g_string_append_printf(fixture->signals, " %s", name);
                g_assert_cmpint(sd_bus_message_skip(m, "v"), >, 0);
                g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
        }
        g_string_append_c(fixture->signals, '\n');
        return 0;
}

static void match(DaemonFixture *fixture, const char *sender, const char *interface,
                  const char *member, sd_bus_message_handler_t handler) {
        g_assert_cmpint(sd_bus_match_signal(fixture->client, NULL, sender, NULL, interface, member,
                                            handler, fixture),
                        >=, 0);
}

static void open_client(DaemonFixture *fixture) {
        g_assert_cmpint(sd_bus_new(&fixture->client), >=, 0);
        g_assert_cmpint(sd_bus_set_address(fixture->client, fixture->bus->address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(fixture->client, true), >=, 0);
        g_assert_cmpint(sd_bus_start(fixture->client), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(fixture->client, fixture->event, 0), >=, 0);

        match(fixture, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged", on_name);
        match(fixture, FERRY_BUS_NAME, "org.freedesktop.DBus.ObjectManager", NULL, on_objects);
        match(fixture, FERRY_BUS_NAME, "org.freedesktop.DBus.Properties", NULL, on_properties);
}

/* The daemon ---------------------------------------------------------------------- */

static char *file_of(DaemonFixture *fixture, const char *name) {
        return g_build_filename(fixture->directory, name, NULL);
}

static const char *environment(const char *name) {
        return g_getenv(name) ?: "";
}

Program *daemon_fixture_spawn(DaemonFixture *fixture) {
        g_autofree char *state = file_of(fixture, "ferry.db");
        g_autofree char *config = file_of(fixture, "ferry.conf");
        g_autofree char *bus = g_strconcat("DBUS_SYSTEM_BUS_ADDRESS=", fixture->bus->address, NULL);
        g_autofree char *asan = g_strconcat("ASAN_OPTIONS=", environment("ASAN_OPTIONS"), NULL);
        g_autofree char *ubsan = g_strconcat("UBSAN_OPTIONS=", environment("UBSAN_OPTIONS"), NULL);
        g_autoptr(GPtrArray) argv = g_ptr_array_new();
        const char *const usual[] = {
                VIRTFERRYD, "--root", fake_root_path(fixture->root), "--state", state,
                "--config", config,
        };
        const char *const env[] = { bus, asan, ubsan, NULL };

        for (size_t i = 0; fixture->by && fixture->by[i]; i++)
                g_ptr_array_add(argv, (void *)fixture->by[i]);
        for (size_t i = 0; i < G_N_ELEMENTS(usual); i++)
                g_ptr_array_add(argv, (void *)usual[i]);
        if (fixture->libvirt) {
                g_ptr_array_add(argv, (void *)"--libvirt-uri");
                g_ptr_array_add(argv, (void *)fixture->libvirt);
        } else
                g_ptr_array_add(argv, (void *)"--no-libvirt");
        for (size_t i = 0; fixture->more && fixture->more[i]; i++)
                g_ptr_array_add(argv, (void *)fixture->more[i]);
        g_ptr_array_add(argv, NULL);
        return program_start(fixture->event, (const char *const *)argv->pdata, env, "", 0);
}

/* It has its name when it has read the host. */
void daemon_fixture_start(DaemonFixture *fixture) {
        g_autofree char *version = NULL;

        fixture->daemon = daemon_fixture_spawn(fixture);
        while (!fixture->has_name) {
                if (fixture->daemon->exited)
                        g_error("virtferryd ended: %s", fixture->daemon->err->str);
                g_assert_cmpint(sd_event_run(fixture->event, UINT64_MAX), >=, 0);
        }

        version = daemon_fixture_get(fixture, FERRY_OBJECT_ROOT, FERRY_INTERFACE_MANAGER, "Version",
                                     "s");
        g_assert_nonnull(version);
}

int daemon_fixture_end(DaemonFixture *fixture, int signal) {
        int status;

        g_assert_cmpint(kill(fixture->daemon->pid, signal), ==, 0);
        program_finish(fixture->daemon);
        while (fixture->has_name)
                g_assert_cmpint(sd_event_run(fixture->event, UINT64_MAX), >=, 0);

        status = fixture->daemon->status;
        if (status > 0)
                g_test_message("virtferryd said: %s", fixture->daemon->err->str);
        g_clear_pointer(&fixture->daemon, program_free);
        return status;
}

void daemon_fixture_set_up(DaemonFixture *fixture, gconstpointer config) {
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(sd_event_new(&fixture->event), >=, 0);
        fixture->signals = g_string_new(NULL);
        fixture->bus = private_bus_new();
        fixture->root = fake_root_new();
        fake_root_add_mtty(fixture->root);
        fake_root_add_mdev(fixture->root, "mtty", "mtty-1", HERE_MDEV);

        fixture->directory = temp_folder_new();
        if (config) {
                g_autofree char *path = file_of(fixture, "ferry.conf");

                g_file_set_contents(path, config, -1, &error);
                g_assert_no_error(error);
        }

        open_client(fixture);
        daemon_fixture_start(fixture);
}

void daemon_fixture_tear_down(DaemonFixture *fixture, gconstpointer config) {
        if (fixture->daemon)
                g_assert_cmpint(daemon_fixture_end(fixture, SIGTERM), ==, 0);

        sd_bus_flush_close_unref(fixture->client);
        private_bus_free(fixture->bus);
        fake_root_free(fixture->root);
        temp_folder_remove(fixture->directory);
        (void)g_string_free(fixture->signals, true);
        sd_event_unref(fixture->event);
}

/* The client ---------------------------------------------------------------------- */

sd_bus_message *daemon_fixture_call(DaemonFixture *fixture, const char *interface,
                                    const char *method, sd_bus_error *error, const char *types,
                                    ...) {
        g_auto(sd_bus_error) unexpected = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) m = NULL;
        sd_bus_message *reply = NULL;
        va_list arguments;

        g_assert_cmpint(sd_bus_message_new_method_call(fixture->client, &m, FERRY_BUS_NAME,
                                                       FERRY_OBJECT_ROOT, interface, method),
                        >=, 0);
        va_start(arguments, types);
        g_assert_cmpint(sd_bus_message_appendv(m, types, arguments), >=, 0);
        va_end(arguments);

        if (sd_bus_call(fixture->client, m, 0, error ?: &unexpected, &reply) < 0 && !error)
                g_error("%s has failed: %s", method, unexpected.message);
        return reply;
}

char *daemon_fixture_get(DaemonFixture *fixture, const char *path, const char *interface,
                         const char *property, const char *type) {
        g_autoptr(sd_bus_message) reply = NULL;
        const char *value;

        if (sd_bus_get_property(fixture->client, FERRY_BUS_NAME, path, interface, property, NULL,
                                &reply, type) < 0)
                return NULL;
        g_assert_cmpint(sd_bus_message_read(reply, type, &value), >, 0);
        return g_strdup(value);
}

char *object_path(const char *prefix, const char *id) {
        char *path;

        g_assert_cmpint(sd_bus_path_encode(prefix, id, &path), >=, 0);
        return path;
}

static bool has_line(const GString *text, const char *line) {
        g_auto(GStrv) lines = g_strsplit(text->str, "\n", 0);

        return g_strv_contains((const char *const *)lines, line);
}

void daemon_fixture_await(DaemonFixture *fixture, const char *signal) {
        while (!has_line(fixture->signals, signal)) {
                if (fixture->daemon->exited)
                        g_error("virtferryd ended before '%s': %s", signal,
                                fixture->daemon->err->str);
                g_assert_cmpint(sd_event_run(fixture->event, UINT64_MAX), >=, 0);
        }
}

char *guest_with_mdev(const char *mdev) {
        return g_strdup_printf(
                "<domain type='kvm'>\n"
                "  <name>g1</name>\n"
                "  <uuid>" GUEST_UUID "</uuid>\n"
                "  <metadata>\n"
                "    <ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>\n"
                "      <ferry:device address='0000:00:05.0'>\n"
                "        <ferry:seen class='mdev' driver='mtty' mdev-type='mtty-1'/>\n"
                "      </ferry:device>\n"
                "    </ferry:domain>\n"
                "  </metadata>\n"
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
                mdev);
}
