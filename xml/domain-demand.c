/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-demand.h"

#include "xml/domain.h"
#include "xml/reader.h"
#include "xml/size.h"

/* A cell of the guest: how much of its memory is where. */
typedef struct Cell {
        unsigned id;
        uint64_t memory_kib;
} Cell;

/* Memory --------------------------------------------------------------------------- */

static GArray *read_cells(const xmlNode *domain) {
        const xmlNode *numa = xml_first_child(xml_first_child(domain, "cpu"), "numa");
        GArray *cells = g_array_new(false, true, sizeof(Cell));

        for (xmlNode *child = xml_first_child(numa, "cell"); child; child = xml_next_same(child)) {
                Cell cell = { .id = cells->len };

                (void)xml_prop_uint(child, "id", 0, NUMBER_SET_MAX - 1, &cell.id, NULL);
                cell.memory_kib = xml_size_of_prop(child, "memory") / 1024;
                g_array_append_val(cells, cell);
        }
        return cells;
}

static uint64_t memory_of_cells(const GArray *cells, const NumberSet *ids) {
        uint64_t sum = 0;

        for (guint i = 0; i < cells->len; i++) {
                const Cell *cell = &g_array_index(cells, Cell, i);

                if (number_set_has(ids, cell->id))
                        sum += cell->memory_kib;
        }
        return sum;
}

static void add_pages(DomainDemand *demand, uint64_t page_kib, uint64_t memory_kib) {
        const DemandPages pages = { page_kib, memory_kib };

        if (memory_kib > 0)
                g_array_append_val(demand->pages, pages);
}

/* A <page> for some cells has their memory, the one without a nodeset all that is left. */
static void read_pages(const xmlNode *hugepages, const GArray *cells, DomainDemand *demand) {
        uint64_t rest = demand->memory_kib, page_of_rest = 0;
        bool all = true;

        for (xmlNode *child = xml_first_child(hugepages, "page"); child;
             child = xml_next_same(child)) {
                g_autofree char *nodeset = xml_prop(child, "nodeset");
                uint64_t size = xml_size_of_prop(child, "size") / 1024, memory;
                NumberSet ids;

                if (!nodeset) {
                        page_of_rest = size;
                        all = true;
                        break;
                }

                all = false;
                memory = number_set_from_text(nodeset, &ids) ? memory_of_cells(cells, &ids) : 0;
                memory = MIN(memory, rest);
                add_pages(demand, size, memory);
                rest -= memory;
        }
        if (all)
                add_pages(demand, page_of_rest, rest);
}

static void read_memory(const xmlNode *domain, DomainDemand *demand) {
        const xmlNode *backing = xml_first_child(domain, "memoryBacking");
        const xmlNode *hugepages = xml_first_child(backing, "hugepages");
        g_autoptr(GArray) cells = read_cells(domain);

        demand->memory_kib = xml_size_of(xml_first_child(domain, "memory")) / 1024;
        if (hugepages)
                read_pages(hugepages, cells, demand);
}

/* CPUs and nodes ------------------------------------------------------------------- */

static void add_set(const xmlNode *element, const char *name, NumberSet *set) {
        g_autofree char *text = xml_prop(element, name);
        NumberSet named;

        if (text && number_set_from_text(text, &named))
                number_set_add(set, &named);
}

static void read_cpus(const xmlNode *domain, DomainDemand *demand) {
        static const char *const pins[] = { "vcpupin", "emulatorpin", "iothreadpin" };
        const xmlNode *vcpu = xml_first_child(domain, "vcpu");
        const xmlNode *tune = xml_first_child(domain, "cputune");
        g_autofree char *all = xml_content_of(vcpu);
        guint64 vcpus;

        if (vcpu && g_ascii_string_to_unsigned(all ?: "", 10, 1, G_MAXUINT16, &vcpus, NULL))
                demand->vcpus = (unsigned)vcpus;
        if (vcpu)
                (void)xml_prop_uint(vcpu, "current", 1, G_MAXUINT16, &demand->vcpus, NULL);
        if (vcpu && !xml_prop_is(vcpu, "placement", "auto"))
                add_set(vcpu, "cpuset", &demand->cpus);

        for (xmlNode *pin = tune ? xmlFirstElementChild((xmlNode *)tune) : NULL; pin;
             pin = xmlNextElementSibling(pin))
                for (guint i = 0; i < G_N_ELEMENTS(pins); i++)
                        if (xml_is(pin, NULL, pins[i]))
                                add_set(pin, "cpuset", &demand->cpus);
}

/* Where nothing is said it is strict: virDomainNumatuneMemMode. */
static void read_nodes(const xmlNode *domain, DomainDemand *demand) {
        const xmlNode *tune = xml_first_child(domain, "numatune");

        for (xmlNode *child = tune ? xmlFirstElementChild((xmlNode *)tune) : NULL; child;
             child = xmlNextElementSibling(child)) {
                g_autofree char *mode = xml_prop(child, "mode");

                if (!xml_is(child, NULL, "memory") && !xml_is(child, NULL, "memnode"))
                        continue;

                add_set(child, "nodeset", &demand->nodes);
                demand->strict = demand->strict || !mode || g_str_equal(mode, "strict") ||
                                 g_str_equal(mode, "restrictive");
        }
}

DomainDemand *domain_demand_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        const xmlNode *domain;
        DomainDemand *demand;

        if (!doc)
                return NULL;

        domain = xmlDocGetRootElement(doc);
        demand = g_new0(DomainDemand, 1);
        demand->pages = g_array_new(false, true, sizeof(DemandPages));
        read_memory(domain, demand);
        read_cpus(domain, demand);
        read_nodes(domain, demand);
        return demand;
}

void domain_demand_free(DomainDemand *demand) {
        if (!demand)
                return;

        g_array_unref(demand->pages);
        g_free(demand);
}
