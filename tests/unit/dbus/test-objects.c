/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/names.h"
#include "tests/unit/dbus/daemon-fixture.h"
#include "tests/unit/dbus/introspection.h"

#define NEW_MDEV "cccccccc-0000-4000-8000-000000000003"

static char *introspect(DaemonFixture *f, const char *path) {
        g_autoptr(sd_bus_message) reply = NULL;
        const char *xml;

        g_assert_cmpint(sd_bus_call_method(f->client, FERRY_BUS_NAME, path,
                                           "org.freedesktop.DBus.Introspectable", "Introspect",
                                           NULL, &reply, ""),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &xml), >, 0);
        return g_strdup(xml);
}

static void call(DaemonFixture *f, const char *interface, const char *method, const char *types,
                 const char *argument) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;

        reply = daemon_fixture_call(f, interface, method, &error, types, argument);
        g_assert_cmpstr(error.message, ==, NULL);
}

/* The object below `prefix` that is alone there. */
static char *only_child(DaemonFixture *f, const char *prefix) {
        g_autofree char *xml = introspect(f, prefix);
        g_autofree char *node = introspection_nodes(xml);

        g_assert_cmpstr(node, !=, "");
        g_assert_null(strchr(node, ' '));
        return g_strconcat(prefix, "/", node, NULL);
}

static void check_object(DaemonFixture *f, const char *path, const char *interfaces) {
        g_autofree char *found = NULL, *contract = NULL, *is = introspect(f, path);
        g_auto(GStrv) names = g_strsplit(interfaces, " ", 0);
        g_autoptr(GError) error = NULL;

        g_file_get_contents(FERRY_CONTRACT, &contract, NULL, &error);
        g_assert_no_error(error);

        found = introspection_interfaces(is);
        g_assert_cmpstr(found, ==, interfaces);
        for (char **name = names; *name; name++) {
                g_autofree char *promised = introspection_to_text(contract, *name);
                g_autofree char *there = introspection_to_text(is, *name);

                g_assert_cmpstr(promised, !=, "");
                g_assert_cmpstr(there, ==, promised);
        }
}

static void test_every_object_is_what_the_contract_says(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *lease = NULL, *migration = NULL, *device = NULL, *slice = NULL;
        g_autofree char *xml = guest_with_mdev(SOURCE_MDEV);
        g_autoptr(sd_bus_message) reply = NULL, allocated = NULL;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_HOOK, "FilterDomain", NULL, "ss", "migrate",
                                    xml);
        g_assert_nonnull(reply);
        device = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV);
        lease = only_child(f, FERRY_OBJECT_LEASE);
        migration = only_child(f, FERRY_OBJECT_MIGRATION);

        check_object(f, FERRY_OBJECT_ROOT, FERRY_INTERFACE_HOOK " " FERRY_INTERFACE_MANAGER);
        check_object(f, FERRY_OBJECT_DEVICE, "");
        check_object(f, device, FERRY_INTERFACE_DEVICE);
        check_object(f, lease, FERRY_INTERFACE_LEASE);
        check_object(f, migration, FERRY_INTERFACE_MIGRATION);

        allocated = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "AllocateResource", NULL,
                                        "ssta{sv}", GUEST_UUID, "cores", UINT64_C(0), 1, "priority",
                                        "s", "burstable");
        slice = only_child(f, FERRY_OBJECT_SLICE);
        check_object(f, slice, FERRY_INTERFACE_SLICE);
}

/* All values of an interface of an object in GetManagedObjects, as "NAME=VALUE" for strings,
 * booleans, numbers and paths. */
static char *properties_text(sd_bus_message *m) {
        g_autoptr(GString) text = g_string_new(NULL);

        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sv}"), >, 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                const char *name, *type, *string;
                union {
                        int i;
                        uint64_t t;
                } value;

                g_assert_cmpint(sd_bus_message_read(m, "s", &name), >, 0);
                g_assert_cmpint(sd_bus_message_peek_type(m, NULL, &type), >, 0);
                if (g_str_equal(type, "s") || g_str_equal(type, "o")) {
                        g_assert_cmpint(sd_bus_message_read(m, "v", type, &string), >, 0);
                        g_string_append_printf(text, "%s=%s\n", name, string);
                } else if (g_str_equal(type, "i") || g_str_equal(type, "b")) {
                        g_assert_cmpint(sd_bus_message_read(m, "v", type, &value.i), >, 0);
                        g_string_append_printf(text, "%s=%i\n", name, value.i);
                } else
                        g_assert_cmpint(sd_bus_message_skip(m, "v"), >, 0);
                g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
        }
        g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
        return g_string_free(g_steal_pointer(&text), false);
}

/* By path, of our own interface each. */
static GHashTable *managed_objects(DaemonFixture *f) {
        GHashTable *objects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        g_autoptr(sd_bus_message) m = NULL;
        const char *path, *interface;

        m = daemon_fixture_call(f, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL,
                                "");
        g_assert_nonnull(m);
        g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}"), >, 0);
        while (sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}") > 0) {
                g_assert_cmpint(sd_bus_message_read(m, "o", &path), >, 0);
                g_assert_cmpint(sd_bus_message_enter_container(m, 'a', "{sa{sv}}"), >, 0);
                while (sd_bus_message_enter_container(m, 'e', "sa{sv}") > 0) {
                        g_autofree char *text = NULL;

                        g_assert_cmpint(sd_bus_message_read(m, "s", &interface), >, 0);
                        text = properties_text(m);
                        if (g_str_has_prefix(interface, FERRY_BUS_NAME "."))
                                g_hash_table_insert(objects, g_strdup(path),
                                                    g_steal_pointer(&text));
                        g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
                }
                g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
                g_assert_cmpint(sd_bus_message_exit_container(m), >, 0);
        }
        return objects;
}

static void assert_has(const char *text, const char *line) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

        if (!g_strv_contains((const char *const *)lines, line))
                g_error("no '%s' in\n%s", line, text);
}

static void test_the_object_manager_lists_devices_with_all_they_are(DaemonFixture *f,
                                                                    gconstpointer unused) {
        g_autoptr(GHashTable) objects = managed_objects(f);
        g_autofree char *mdev = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV);
        const char *text;

        g_assert_cmpuint(g_hash_table_size(objects), ==, 2);
        text = g_hash_table_lookup(objects, FERRY_OBJECT_DEVICE "/mtty");
        g_assert_nonnull(text);
        assert_has(text, "Role=parent");
        assert_has(text, "Parent=");

        text = g_hash_table_lookup(objects, mdev);
        g_assert_nonnull(text);
        assert_has(text, "Id=" HERE_MDEV);
        assert_has(text, "Class=mdev");
        assert_has(text, "Role=function");
        assert_has(text, "Parent=mtty");
        assert_has(text, "MdevType=mtty-1");
        assert_has(text, "MigrationDriver=mtty");
        assert_has(text, "VfioCapsKnown=0");
        assert_has(text, "NumaNode=-1");
        assert_has(text, "Pool=default");
        assert_has(text, "Lease=/");
}

static void test_a_device_is_found_by_its_id(DaemonFixture *f, gconstpointer unused) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = NULL;
        g_autofree char *expected = object_path(FERRY_OBJECT_DEVICE, HERE_MDEV);
        const char *path;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "GetDevice", &error, "s",
                                    HERE_MDEV);
        g_assert_cmpint(sd_bus_message_read(reply, "o", &path), >, 0);
        g_assert_cmpstr(path, ==, expected);

        g_assert_null(daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "GetDevice", &error, "s",
                                          "0000:ff:1f.7"));
        g_assert_cmpstr(error.name, ==, "org.virtferry1.Error.NotFound");
        g_assert_cmpstr(error.message, ==,
                        "This host has no device '0000:ff:1f.7' that a guest could be given: "
                        "'virt-ferry devices' lists those it has");
}

static void test_offers_are_what_could_be_made(DaemonFixture *f, gconstpointer unused) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(sd_bus_message) reply = NULL;
        const char *class, *parent, *type, *name, *pool;
        unsigned left;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListOffers", NULL, "");
        g_assert_nonnull(reply);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(ssssus)"), >, 0);
        while (sd_bus_message_read(reply, "(ssssus)", &class, &parent, &type, &name, &left, &pool) >
               0)
                g_string_append_printf(text, "%s %s %s %u %s\n", class, parent, type, left, pool);
        g_assert_cmpstr(text->str, ==,
                        "mdev mtty mtty-1 23 default\n"
                        "mdev mtty mtty-2 11 default\n");
}

static void test_resources_are_what_could_be_shared_out(DaemonFixture *f, gconstpointer unused) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(sd_bus_message) reply = NULL;
        const char *id, *parent, *kind, *name, *unit;
        uint64_t total, used, promised;

        fake_root_put(f->root, "sys/devices/system/cpu/online", "0\n", -1);
        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "ListResources", NULL, "");
        g_assert_nonnull(reply);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sssstttsa{ss})"), >, 0);
        while (sd_bus_message_enter_container(reply, 'r', "sssstttsa{ss}") > 0) {
                g_assert_cmpint(sd_bus_message_read(reply, "sssstt", &id, &parent, &kind, &name,
                                                    &total, &used),
                                >, 0);
                g_assert_cmpint(sd_bus_message_read(reply, "ts", &promised, &unit), >, 0);
                g_assert_cmpint(sd_bus_message_skip(reply, "a{ss}"), >, 0);
                g_assert_cmpint(sd_bus_message_exit_container(reply), >, 0);
                g_string_append_printf(text, "%s < %s (%s): %u of %u %s\n", id, parent, kind,
                                       (unsigned)used, (unsigned)total, unit);
        }
        g_assert_true(g_str_has_prefix(text->str, "host <  (host): 0 of 0 \n"));
        g_assert_nonnull(strstr(text->str, "core:0 < package:0 (core): 0 of 1 CPUs\n"));
        g_assert_nonnull(strstr(text->str, "mdev-type:mtty/mtty-1 < host (mdev-type): 1 of 24 "
                                           "instances\n"));
}

static void test_a_rescan_tells_what_came_and_went(DaemonFixture *f, gconstpointer unused) {
        g_autofree char *path = object_path(FERRY_OBJECT_DEVICE, NEW_MDEV);
        g_autofree char *added = NULL, *removed = NULL;

        added = g_strconcat("InterfacesAdded ", path, " " FERRY_INTERFACE_DEVICE, NULL);
        removed = g_strconcat("InterfacesRemoved ", path, " " FERRY_INTERFACE_DEVICE, NULL);

        fake_root_add_mdev(f->root, "mtty", "mtty-2", NEW_MDEV);
        call(f, FERRY_INTERFACE_MANAGER, "Rescan", "", NULL);
        daemon_fixture_await(f, added);

        g_assert_cmpint(sysfs_write(fake_root_sysfs(f->root),
                                    "sys/bus/mdev/devices/" NEW_MDEV "/remove", "1"),
                        ==, 0);
        call(f, FERRY_INTERFACE_MANAGER, "Rescan", "", NULL);
        daemon_fixture_await(f, removed);
}

static void test_a_host_without_the_hook_is_told_so(DaemonFixture *f, gconstpointer unused) {
        const char *severity, *object, *sentence;
        g_autoptr(sd_bus_message) reply = NULL;
        bool told = false;

        reply = daemon_fixture_call(f, FERRY_INTERFACE_MANAGER, "CheckHost", NULL, "");
        g_assert_nonnull(reply);
        g_assert_cmpint(sd_bus_message_enter_container(reply, 'a', "(sss)"), >, 0);
        while (sd_bus_message_read(reply, "(sss)", &severity, &object, &sentence) > 0)
                if (g_str_equal(object, "/etc/libvirt/hooks/qemu.d/50-virtferry")) {
                        g_assert_cmpstr(severity, ==, "error");
                        g_assert_nonnull(strstr(sentence, "is not there"));
                        told = true;
                }
        g_assert_true(told);
}

static void test_the_manager_shows_its_configuration(DaemonFixture *f, gconstpointer unused) {
        g_auto(GStrv) pools = NULL;
        uint64_t timeout;
        int adopt;

        g_assert_cmpint(sd_bus_get_property_strv(f->client, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                 FERRY_INTERFACE_MANAGER, "Pools", NULL, &pools),
                        >=, 0);
        g_assert_cmpstr(pools[0], ==, "fast");
        g_assert_cmpstr(pools[1], ==, "default");
        g_assert_cmpint(sd_bus_get_property_trivial(f->client, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                    FERRY_INTERFACE_MANAGER, "LeaseTimeoutUSec",
                                                    NULL, 't', &timeout),
                        >=, 0);
        g_assert_cmpuint(timeout, ==, 7 * G_USEC_PER_SEC);
        g_assert_cmpint(sd_bus_get_property_trivial(f->client, FERRY_BUS_NAME, FERRY_OBJECT_ROOT,
                                                    FERRY_INTERFACE_MANAGER, "Adopt", NULL, 'b',
                                                    &adopt),
                        >=, 0);
        g_assert_false(adopt);
}

int main(int argc, char **argv) {
        static const char config[] = "[Daemon]\nAdopt=no\nLeaseTimeoutSec=7\n"
                                     "[Pool fast]\nClass=mdev\nTypes=mtty-2;\n";
#define ADD(name, config, function)                                                          \
        g_test_add("/objects/" name, DaemonFixture, config, daemon_fixture_set_up, function, \
                   daemon_fixture_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("every object is what the contract says", NULL,
            test_every_object_is_what_the_contract_says);
        ADD("the object manager lists devices with all they are", NULL,
            test_the_object_manager_lists_devices_with_all_they_are);
        ADD("a device is found by its id", NULL, test_a_device_is_found_by_its_id);
        ADD("offers are what could be made", NULL, test_offers_are_what_could_be_made);
        ADD("resources are what could be shared out", NULL,
            test_resources_are_what_could_be_shared_out);
        ADD("a rescan tells what came and went", NULL, test_a_rescan_tells_what_came_and_went);
        ADD("a host without the hook is told so", NULL, test_a_host_without_the_hook_is_told_so);
        ADD("the manager shows its configuration", config,
            test_the_manager_shows_its_configuration);
        return g_test_run();
}
