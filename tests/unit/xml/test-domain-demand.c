/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-demand.h"

#include <string.h>

#include "xml/ferry-error.h"

#define DOMAIN(inside) "<domain type='kvm'><name>g1</name>" inside "</domain>"

static DomainDemand *read_demand(const char *xml) {
        g_autoptr(GError) error = NULL;
        DomainDemand *demand = domain_demand_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return demand;
}

/* "PAGE:MEMORY ..." in KiB. */
static void assert_pages(const DomainDemand *demand, const char *expected) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < demand->pages->len; i++) {
                const DemandPages *pages = &g_array_index(demand->pages, DemandPages, i);

                g_string_append_printf(text, "%s%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT,
                                       i > 0 ? " " : "", pages->page_kib, pages->memory_kib);
        }
        g_assert_cmpstr(text->str, ==, expected);
}

static void assert_set(const NumberSet *set, const char *expected) {
        g_autofree char *text = number_set_to_text(set);

        g_assert_cmpstr(text, ==, expected);
}

static void test_a_domain_that_asks_for_nothing(void) {
        g_autoptr(DomainDemand) demand = read_demand(DOMAIN(""));

        g_assert_cmpuint(demand->memory_kib, ==, 0);
        g_assert_cmpuint(demand->vcpus, ==, 0);
        g_assert_false(demand->strict);
        assert_pages(demand, "");
        assert_set(&demand->cpus, "");
        assert_set(&demand->nodes, "");
}

static void test_memory_has_units(void) {
        static const struct {
                const char *memory;
                uint64_t kib;
        } cases[] = {
                { "<memory>2048</memory>", 2048 },
                { "<memory unit='KiB'> 2048\n</memory>", 2048 },
                { "<memory unit='MiB'>3</memory>", 3072 },
                { "<memory unit='g'>2</memory>", 2097152 },
                { "<memory unit='KB'>1024</memory>", 1000 },
                { "<memory unit='bytes'>4096</memory>", 4 },
                { "<memory unit='TiB'>1</memory>", UINT64_C(1) << 30 },
                { "<memory unit='furlong'>2</memory>", 0 },
                { "<memory>-1</memory>", 0 },
                { "<memory>99999999999999999999</memory>", 0 },
                { "<memory unit='TiB'>4398046511103</memory>", 0 },
                { "<memory/>", 0 },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *xml = g_strdup_printf(DOMAIN("%s"), cases[i].memory);
                g_autoptr(DomainDemand) demand = read_demand(xml);

                g_assert_cmpuint(demand->memory_kib, ==, cases[i].kib);
        }
}

#define MEMORY      "<memory unit='MiB'>8</memory>"
#define CELLS       "<cpu><numa><cell id='0' memory='6' unit='MiB'/><cell memory='2048'/></numa></cpu>"
#define HUGE(pages) "<memoryBacking><hugepages>" pages "</hugepages></memoryBacking>"

static void test_hugepages_are_for_all_memory_or_for_cells(void) {
        static const struct {
                const char *inside, *pages;
        } cases[] = {
                { MEMORY HUGE(""), "0:8192" },
                { MEMORY HUGE("<page size='2' unit='MiB'/>"), "2048:8192" },
                { MEMORY CELLS HUGE("<page size='1' unit='GiB' nodeset='0'/>"), "1048576:6144" },
                { MEMORY CELLS HUGE("<page size='1' unit='GiB' nodeset='0'/><page size='2048'/>"),
                  "1048576:6144 2048:2048" },
                { MEMORY CELLS HUGE("<page size='2048' nodeset='0-1'/>"), "2048:8192" },
                { MEMORY HUGE("<page size='2048' nodeset='0'/>"), "" },
                { "<memoryBacking><nosharepages/></memoryBacking>" MEMORY, "" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *xml = g_strdup_printf(DOMAIN("%s"), cases[i].inside);
                g_autoptr(DomainDemand) demand = read_demand(xml);

                assert_pages(demand, cases[i].pages);
        }
}

static void test_cpus_are_those_of_all_pins(void) {
        g_autoptr(DomainDemand)
                demand = read_demand(DOMAIN("<vcpu cpuset='0-3,^2' current='2'>4</vcpu><cputune>"
                                            "<shares>7</shares><vcpupin vcpu='0' cpuset='5'/>"
                                            "<emulatorpin cpuset='6'/>"
                                            "<iothreadpin iothread='1' cpuset='8-9'/></cputune>"));
        g_autoptr(DomainDemand)
                automatic = read_demand(DOMAIN("<vcpu placement='auto' cpuset='0-3'>4</vcpu>"));

        g_assert_cmpuint(demand->vcpus, ==, 2);
        assert_set(&demand->cpus, "0-1,3,5-6,8-9");
        g_assert_cmpuint(automatic->vcpus, ==, 4);
        assert_set(&automatic->cpus, "");
}

static void test_nodes_are_strict_or_not(void) {
        static const struct {
                const char *tune, *nodes;
                bool strict;
        } cases[] = {
                { "<memory mode='strict' nodeset='1'/>", "1", true },
                { "<memory nodeset='1'/>", "1", true },
                { "<memory mode='preferred' nodeset='0-1'/>", "0-1", false },
                { "<memory mode='strict' placement='auto'/>", "", true },
                { "<memory mode='interleave' nodeset='0'/><memnode cellid='0' mode='strict' "
                  "nodeset='2'/>",
                  "0,2", true },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *xml = NULL;
                g_autoptr(DomainDemand) demand = NULL;

                xml = g_strdup_printf(DOMAIN("<numatune>%s</numatune>"), cases[i].tune);
                demand = read_demand(xml);
                assert_set(&demand->nodes, cases[i].nodes);
                g_assert_cmpint(demand->strict, ==, cases[i].strict);
        }
}

static void test_what_is_no_xml_is_refused(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_demand_from_xml("<domain", 7, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add_func("/domain-demand/" name, function)

        g_test_init(&argc, &argv, NULL);
        ADD("a domain that asks for nothing", test_a_domain_that_asks_for_nothing);
        ADD("memory has units", test_memory_has_units);
        ADD("hugepages are for all memory or for cells",
            test_hugepages_are_for_all_memory_or_for_cells);
        ADD("cpus are those of all pins", test_cpus_are_those_of_all_pins);
        ADD("nodes are strict or not", test_nodes_are_strict_or_not);
        ADD("what is no XML is refused", test_what_is_no_xml_is_refused);
        return g_test_run();
}
