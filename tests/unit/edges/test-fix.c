/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "daemon/fix.h"
#include "tests/unit/edges/causes-fixture.h"
#include "xml/ferry-error.h"

/* What can be mended of a host where all is well but for one thing. */

#define HOOK_COPY_HERE FERRY_LIBEXECDIR "/virtferry-hook"

static void make_executable(Scene *s, const char *path) {
        g_autofree char *file = g_build_filename(fake_root_path(s->base.root), path, NULL);

        fake_root_put(s->base.root, &path[1], "#!/bin/true\n", -1);
        g_assert_cmpint(g_chmod(file, 0755), ==, 0);
}

static void hook_not_executable(Scene *s) {
        g_autofree char *hook = g_build_filename(fake_root_path(s->base.root), HOOK_PATH, NULL);

        make_executable(s, HOOK_COPY_HERE);
        g_assert_cmpint(g_chmod(hook, 0644), ==, 0);
}

static void hook_missing(Scene *s) {
        make_executable(s, HOOK_COPY_HERE);
        fake_root_remove(s->base.root, &HOOK_PATH[1]);
}

static void hook_missing_of_the_package_too(Scene *s) {
        fake_root_remove(s->base.root, &HOOK_PATH[1]);
}

static void libvirt_older_than_the_hook(Scene *s) {
        fake_root_put(s->base.root, "proc/812/comm", "virtqemud\n", -1);
        fake_root_put(
                s->base.root, "proc/812/stat",
                "812 (virtqemud) S 1 812 812 0 -1 4194560 1 0 0 0 5 5 0 0 20 0 19 0 1 1 2 3\n", -1);
}

static void while_a_guest_moves(Scene *s) {
        g_autoptr(GError) error = NULL;
        MigrationLog *log = s->base.manager->migrations;

        libvirt_older_than_the_hook(s);
        (void)migration_log_add(log, migration_new(MIGRATION_OUTGOING, GUEST_UUID, "g1"),
                                MIGRATION_PLANNED, &error);
        g_assert_no_error(error);
}

static void driver_not_loaded(Scene *s) {
        s->pf.vf_driver = NULL;
        fake_root_put(s->base.root, "lib/modules/6.12.0-test/modules.alias",
                      "alias vfio_pci:v000015B3d0000101Esv*sd*bc*sc*i* mlx5_vfio_pci\n", -1);
}

static void no_vfs(Scene *s) {
        s->vfs = 0;
        fake_root_put(s->base.root, "sys/module/vfio/initstate", "live\n", -1);
}

static const struct {
        const char *name;
        void (*make)(Scene *scene);
        const char *fix; /* "ID: WHAT [UNIT]"; "" none */
} cases[] = {
        { "a hook that is not executable", hook_not_executable,
          "install-hook hook: puts the hook in its place, for all to execute "
          "[virtferry-hook.service]" },
        { "a hook that is missing", hook_missing,
          "install-hook hook: puts the hook in its place, for all to execute "
          "[virtferry-hook.service]" },
        { "a hook that the package does not have", hook_missing_of_the_package_too, "" },
        { "a libvirt that is older than the hook", libvirt_older_than_the_hook,
          "restart-libvirt virtqemud: restarts virtqemud, which looks for hooks when it starts "
          "[virtqemud.service]" },
        { "a libvirt that moves a guest", while_a_guest_moves, "" },
        { "a driver that is not loaded", driver_not_loaded,
          "load-driver mlx5_vfio_pci: loads mlx5_vfio_pci [modprobe@mlx5_vfio_pci.service]" },
        { "VFs that nobody has made", no_vfs, "" },
};

static char *fixes_text(Scene *scene) {
        g_autoptr(GPtrArray) list = fixes_list(scene->base.manager, &scene->state);
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < list->len; i++) {
                const Fix *fix = list->pdata[i];

                g_assert_true(*fix->object && *fix->finding);
                g_string_append_printf(text, "%s: %s [%s]", fix->id, fix->what, fix->unit ?: "");
        }
        return g_string_free(text, FALSE);
}

static void test_case(gconstpointer data) {
        guint i = GPOINTER_TO_UINT(data);
        g_autofree char *text = NULL;
        Scene scene = { 0 };

        scene_set_up(&scene, ASKED_HOST, NULL);
        cases[i].make(&scene);
        scene_play(&scene);
        text = fixes_text(&scene);
        g_assert_cmpstr(text, ==, cases[i].fix);
        scene_tear_down(&scene);
}

/* Of a guest of which nobody has told that it ended. */
static void test_a_lease_without_its_guest_is_given_back(void) {
        g_autofree char *id = NULL, *expected = NULL, *text = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(Fix) fix = NULL;
        Scene scene = { 0 };
        LeaseBook *book;
        Lease *lease;

        scene_set_up(&scene, ASKED_HOST, NULL);
        scene_play(&scene);
        scene_lease(&scene, VF0, "db1");
        book = scene.base.manager->leases;
        lease = lease_book_find_device(book, VF0);
        after = fixes_text(&scene);
        g_assert_cmpstr(after, ==, ""); /* a guest that is on its way */

        lease_book_enter(book, lease, LEASE_RUNNING, 0, &error);
        g_assert_no_error(error);
        id = g_strdup_printf("release-lease %s", lease->id);
        expected = g_strdup_printf("%s: gives the device of lease %s back []", id, lease->id);
        text = fixes_text(&scene);
        g_assert_cmpstr(text, ==, expected);

        fix = fix_find(scene.base.manager, &scene.state, id, &error);
        g_assert_no_error(error);
        fix_do(scene.base.manager, fix, &error);
        g_assert_no_error(error);
        g_assert_null(lease_book_find_device(book, VF0));
        g_assert_null(fix_find(scene.base.manager, &scene.state, id, &error));
        scene_tear_down(&scene);
}

static void test_what_nothing_is_there_for_is_refused(void) {
        static const char *const ids[] = {
                "", "x", "load-driver", "load-driver x", "restart-libvirt sshd", "release-lease "
        };
        Scene scene = { 0 };

        scene_set_up(&scene, ASKED_HOST, NULL);
        scene_play(&scene);
        for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
                g_autoptr(GError) error = NULL;
                g_autofree char *words = g_strdup_printf("'%s' would mend", ids[i]);

                g_assert_null(fix_find(scene.base.manager, &scene.state, ids[i], &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND);
                g_assert_nonnull(strstr(error->message, words));
        }
        scene_tear_down(&scene);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strconcat("/fix/", cases[i].name, NULL);

                g_test_add_data_func(path, GUINT_TO_POINTER(i), test_case);
        }
        g_test_add_func("/fix/a lease without its guest is given back",
                        test_a_lease_without_its_guest_is_given_back);
        g_test_add_func("/fix/what nothing is there for is refused",
                        test_what_nothing_is_there_for_is_refused);
        return g_test_run();
}
