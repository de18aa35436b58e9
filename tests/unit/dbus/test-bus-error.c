/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/names.h"
#include "dbus/bus-error.h"
#include "dbus/bus-path.h"
#include "xml/ferry-error.h"

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sd_bus_error, sd_bus_error_free)

static void test_each_outcome_has_its_name_on_the_bus(void) {
        g_assert_cmpint(bus_error_register(), >=, 0);

        for (int code = 0; code < _FERRY_ERROR_MAX; code++) {
                g_auto(sd_bus_error) bus_error = SD_BUS_ERROR_NULL;
                g_autofree char *name = NULL;
                g_autoptr(GError) error = NULL;
                int r;

                error = g_error_new(FERRY_ERROR, code, "line %i: no", code);
                name = g_strconcat(FERRY_ERROR_PREFIX, ferry_error_to_string((FerryError)code),
                                   NULL);

                r = bus_error_from_gerror(&bus_error, error);
                g_assert_cmpstr(bus_error.name, ==, name);
                g_assert_cmpstr(bus_error.message, ==, error->message);
                g_assert_cmpint(r, <, 0);
                g_assert_cmpint(r, ==, -sd_bus_error_get_errno(&bus_error));
        }
}

static void test_everything_else_has_failed_with_its_words(void) {
        g_auto(sd_bus_error) bus_error = SD_BUS_ERROR_NULL;
        g_autoptr(GError) error = NULL;

        error = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOSPC, "The disk is full");
        g_assert_cmpint(bus_error_from_gerror(&bus_error, error), <, 0);
        g_assert_cmpstr(bus_error.name, ==, "org.virtferry1.Error.Failed");
        g_assert_cmpstr(bus_error.message, ==, "The disk is full");
}

static void test_a_path_leads_back_to_its_id(void) {
        static const char *const ids[] = { "0000:3b:00.2", "mtty", "a/b c", "",
                                           "bbbbbbbb-0000-4000-8000-000000000002" };

        for (guint i = 0; i < G_N_ELEMENTS(ids); i++) {
                g_autofree char *path = bus_path_encode(FERRY_OBJECT_DEVICE, ids[i]);
                g_autofree char *id = bus_path_decode(FERRY_OBJECT_DEVICE, path);

                g_assert_cmpstr(id, ==, ids[i]);
        }
        g_assert_null(bus_path_decode(FERRY_OBJECT_DEVICE, FERRY_OBJECT_DEVICE));
        g_assert_null(bus_path_decode(FERRY_OBJECT_DEVICE, FERRY_OBJECT_LEASE "/mtty"));
        g_assert_null(bus_path_decode(FERRY_OBJECT_DEVICE, FERRY_OBJECT_DEVICE "/mtty/more"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus-error/each outcome has its name on the bus",
                        test_each_outcome_has_its_name_on_the_bus);
        g_test_add_func("/bus-error/everything else has failed with its words",
                        test_everything_else_has_failed_with_its_words);
        g_test_add_func("/bus-path/a path leads back to its id", test_a_path_leads_back_to_its_id);
        return g_test_run();
}
