/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/guest-process.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/fake-root.h"

#define UUID    "11111111-2222-4333-8444-555555555555"
#define SCOPE   "0::/machine.slice/machine-qemu\\x2d1\\x2dg1.scope/libvirt/emulator\n"
#define COMMAND "/usr/bin/qemu-system-x86_64\0-name\0guest=g1\0-uuid\0" UUID "\0-S"

typedef struct Fixture {
        FakeRoot *root;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        fake_root_put(f->root, "proc/meminfo", "", 0);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_root_free(f->root);
}

static void put(Fixture *f, const char *pid, const char *name, const char *cgroup,
                const char *command, gssize size) {
        g_autofree char *comm = g_build_filename("proc", pid, "comm", NULL);
        g_autofree char *group = g_build_filename("proc", pid, "cgroup", NULL);
        g_autofree char *line = g_build_filename("proc", pid, "cmdline", NULL);

        fake_root_put(f->root, comm, name, -1);
        fake_root_put(f->root, group, cgroup, -1);
        fake_root_put(f->root, line, command, size);
}

static void assert_found(Fixture *f, const char *expected) {
        g_autofree char *pid = NULL;
        int r = guest_process_find(fake_root_sysfs(f->root), UUID, &pid);

        g_assert_cmpint(r, ==, expected ? 0 : -ENOENT);
        g_assert_cmpstr(pid, ==, expected);
}

static void test_it_is_found_by_its_uuid(Fixture *f, gconstpointer unused) {
        static const char other[] = "qemu\0-uuid\0"
                                    "99999999-2222-4333-8444-555555555555";

        assert_found(f, NULL);
        put(f, "811", "qemu-system-x86\n", SCOPE, other, sizeof(other));
        assert_found(f, NULL);
        put(f, "812", "qemu-system-x86\n", SCOPE, COMMAND, sizeof(COMMAND));
        assert_found(f, "812");
}

static void test_a_long_command_is_read(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) command = g_string_new("qemu");

        for (int i = 0; i < 1000; i++)
                g_string_append_len(command, "\0-device", 8);
        g_string_append_len(command, "\0-uuid\0" UUID, 7 + strlen(UUID));
        put(f, "812", "qemu-system-x86\n", SCOPE, command->str, (gssize)command->len);
        assert_found(f, "812");
}

static void test_whoever_says_so_elsewhere_is_not_it(Fixture *f, gconstpointer unused) {
        put(f, "810", "bash\n", SCOPE, COMMAND, sizeof(COMMAND));
        put(f, "811", "qemu-system-x86\n", "0::/user.slice/user-1000.slice\n", COMMAND,
            sizeof(COMMAND));
        put(f, "812", "qemu-system-x86\n", SCOPE, "qemu\0-uuid", 10);
        assert_found(f, NULL);
}

static void assert_cgroup(Fixture *f, const char *expected) {
        g_autoptr(GHashTable) cgroups = NULL;

        g_assert_cmpint(guest_process_list_cgroups(fake_root_sysfs(f->root), &cgroups), ==, 0);
        g_assert_cmpstr(g_hash_table_lookup(cgroups, UUID), ==, expected);
}

static void test_its_cgroup_is_the_guests_and_not_qemus_own(Fixture *f, gconstpointer unused) {
        assert_cgroup(f, NULL);
        put(f, "812", "qemu-system-x86\n", SCOPE, COMMAND, sizeof(COMMAND));
        assert_cgroup(f, "/machine.slice/machine-qemu\\x2d1\\x2dg1.scope");
        put(f, "812", "qemu-system-x86\n", "0::/machine/qemu-1-g1.libvirt-qemu/emulator\n", COMMAND,
            sizeof(COMMAND));
        assert_cgroup(f, "/machine/qemu-1-g1.libvirt-qemu");
        put(f, "812", "qemu-system-x86\n", "4:cpu:/machine/qemu-1-g1.libvirt-qemu/emulator\n",
            COMMAND, sizeof(COMMAND)); /* version 1 has no pressure */
        assert_cgroup(f, NULL);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/guest-process/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("it is found by its UUID", test_it_is_found_by_its_uuid);
        ADD("a long command is read", test_a_long_command_is_read);
        ADD("whoever says so elsewhere is not it", test_whoever_says_so_elsewhere_is_not_it);
        ADD("its cgroup is the guest's and not QEMU's own",
            test_its_cgroup_is_the_guests_and_not_qemus_own);
        return g_test_run();
}
