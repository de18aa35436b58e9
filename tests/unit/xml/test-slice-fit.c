/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/slice-fit.h"

#include <string.h>

#include "xml/ferry-error.h"

#define HEAD "<?xml version='1.0'?>\n<domain type='kvm'>\n  <name>g1</name>\n"
#define TAIL                                                                          \
        "  <devices>\n    <disk type='file'/>\n  </devices>\n  <!-- <cputune/> -->\n" \
        "  <x:cputune xmlns:x='urn:x' a=\"cputune>\"/>\n"
#define END "</domain>\n"

static SliceFit *fit_of(const char *pins, const char *cpus, unsigned weight, const char *nodes) {
        g_auto(GStrv) words = g_strsplit(pins, " ", -1);
        SliceFit *fit = slice_fit_new();

        for (char **word = words; *word; word++)
                if (**word)
                        g_ptr_array_add(fit->pins, g_strdup(*word));
        fit->cpus = g_strdup(cpus);
        fit->weight = weight;
        fit->nodes = g_strdup(nodes);
        return fit;
}

static char *fit_xml(const char *xml, const SliceFit *fit) {
        g_autoptr(GError) error = NULL;
        char *text = domain_fit_slice(xml, strlen(xml), fit, &error);

        g_assert_no_error(error);
        return text;
}

/* And once more, which changes nothing. */
static void assert_fit(const char *xml, const SliceFit *fit, const char *expected) {
        g_autofree char *once = fit_xml(xml, fit), *twice = fit_xml(once, fit);

        g_assert_cmpstr(once, ==, expected);
        g_assert_cmpstr(twice, ==, expected);
}

#define PINS                                                                        \
        "<vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='1' cpuset='5'/><emulatorpin " \
        "cpuset='1,5'/>"

static void test_nothing_is_granted(void) {
        g_autoptr(SliceFit) fit = fit_of("", NULL, 0, NULL);

        assert_fit(HEAD "<vcpu cpuset='0'>2</vcpu>" TAIL END, fit,
                   HEAD "<vcpu cpuset='0'>2</vcpu>" TAIL END);
}

static void test_pins_are_put_where_none_are(void) {
        g_autoptr(SliceFit) fit = fit_of("1 5", "1,5", 0, NULL);

        assert_fit(HEAD "  <vcpu>2</vcpu>\n" TAIL END, fit,
                   HEAD "  <vcpu>2</vcpu>\n" TAIL "<cputune>" PINS "</cputune>" END);
        assert_fit(HEAD "  <vcpu>2</vcpu>\n  <cputune/>\n" TAIL END, fit,
                   HEAD "  <vcpu>2</vcpu>\n  <cputune>" PINS "</cputune>\n" TAIL END);
}

static void test_pins_of_elsewhere_are_replaced(void) {
        g_autoptr(SliceFit) fit = fit_of("1 5", "1,5", 0, NULL);

        assert_fit(HEAD "  <vcpu placement='static' cpuset=\"0-7\" current='1'>2</vcpu>\n"
                        "  <iothreads>2</iothreads>\n"
                        "  <cputune>\n    <shares>200</shares>\n"
                        "    <vcpupin vcpu='0' cpuset='7'/>\n"
                        "    <emulatorpin cpuset='7'></emulatorpin>\n"
                        "    <iothreadpin iothread='1' cpuset='7'/>\n"
                        "    <!-- <vcpupin vcpu='1' cpuset='7'/> -->\n  </cputune>\n" TAIL END,
                   fit,
                   HEAD "  <vcpu placement='static' cpuset=\"1,5\" current='1'>2</vcpu>\n"
                        "  <iothreads>2</iothreads>\n"
                        "  <cputune>\n    <shares>200</shares>\n"
                        "    \n"
                        "    \n"
                        "    \n"
                        "    <!-- <vcpupin vcpu='1' cpuset='7'/> -->\n  " PINS
                        "<iothreadpin iothread='1' cpuset='1,5'/>"
                        "<iothreadpin iothread='2' cpuset='1,5'/>"
                        "</cputune>\n" TAIL END);
}

static void test_vcpus_beyond_begin_again(void) {
        g_autoptr(SliceFit) fit = fit_of("4", "4", 50, NULL);

        assert_fit("<domain><vcpu current='1'>2</vcpu><cputune><shares>7</shares></cputune>"
                   "</domain>",
                   fit,
                   "<domain><vcpu current='1'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='4'/>"
                   "<vcpupin vcpu='1' cpuset='4'/><emulatorpin cpuset='4'/><shares>50</shares>"
                   "</cputune></domain>");
}

static void test_memory_is_on_nodes_of_here(void) {
        g_autoptr(SliceFit) fit = fit_of("", NULL, 0, "1");

        assert_fit("<domain><numatune><memory mode='strict' nodeset='0'/>"
                   "<memnode cellid='0' mode='strict' nodeset='0'/></numatune></domain>",
                   fit,
                   "<domain><numatune><memory mode='strict' nodeset='1'/>"
                   "<memnode cellid='0' mode='strict' nodeset='1'/></numatune></domain>");
        assert_fit("<domain></domain>", fit,
                   "<domain><numatune><memory mode='restrictive' nodeset='1'/></numatune>"
                   "</domain>");
        assert_fit("<domain><numatune><memory placement='auto'/></numatune></domain>", fit,
                   "<domain><numatune><memory mode='restrictive' nodeset='1'/></numatune>"
                   "</domain>");
}

/* libvirt takes <memory> of mode restrictive beside <memnode> of that mode alone. */
static void test_memory_beside_that_of_cells_is_what_libvirt_takes(void) {
        g_autoptr(SliceFit) fit = fit_of("", NULL, 0, "1");

        assert_fit("<domain><numatune><memnode cellid='0' mode='restrictive' nodeset='0'/>"
                   "<memnode cellid='1' mode='strict' nodeset='0'/></numatune></domain>",
                   fit,
                   "<domain><numatune><memnode cellid='0' mode='restrictive' nodeset='1'/>"
                   "<memnode cellid='1' mode='strict' nodeset='1'/>"
                   "<memory mode='strict' nodeset='1'/></numatune></domain>");
        assert_fit("<domain><numatune><memnode cellid='0' mode='restrictive' nodeset='0'/>"
                   "</numatune></domain>",
                   fit,
                   "<domain><numatune><memnode cellid='0' mode='restrictive' nodeset='1'/>"
                   "<memory mode='restrictive' nodeset='1'/></numatune></domain>");
}

static void test_what_is_no_domain_is_refused(void) {
        g_autoptr(SliceFit) fit = fit_of("1", "1", 0, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_fit_slice("<domain>", 8, fit, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_clear_error(&error);
        g_assert_null(domain_fit_slice("<domain><vcpu cpuset='&#48;'>2</vcpu></domain>", 46, fit,
                                       &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_nonnull(strstr(error->message, "write its value without '&'"));
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add_func("/slice-fit/" name, function)

        g_test_init(&argc, &argv, NULL);
        ADD("nothing is granted, nothing is changed", test_nothing_is_granted);
        ADD("pins are put where none are", test_pins_are_put_where_none_are);
        ADD("pins of elsewhere are replaced", test_pins_of_elsewhere_are_replaced);
        ADD("vCPUs beyond the pins begin again", test_vcpus_beyond_begin_again);
        ADD("memory is on nodes of here", test_memory_is_on_nodes_of_here);
        ADD("memory beside that of cells is what libvirt takes",
            test_memory_beside_that_of_cells_is_what_libvirt_takes);
        ADD("what is no domain is refused", test_what_is_no_domain_is_refused);
        return g_test_run();
}
