/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-tuning.h"

#include <inttypes.h>
#include <string.h>

#include "xml/from-node.h"
#include "xml/reader.h"
#include "xml/size.h"

#define IOTHREADS_MAX 1024u /* nobody has so many, and each is looked for among all */

static void disk_free(gpointer p) {
        DomainDisk *disk = p;

        g_free(disk->target);
        g_free(disk);
}

static void iothread_free(gpointer p) {
        DomainIoThread *iothread = p;

        g_free(iothread->pin);
        g_free(iothread);
}

static void nic_free(gpointer p) {
        DomainNic *nic = p;

        g_free(nic->mac);
        g_free(nic);
}

static void virtio_mem_free(DomainVirtioMem *virtio_mem) {
        if (!virtio_mem)
                return;

        g_free(virtio_mem->element);
        g_free(virtio_mem);
}

void domain_tuning_free(DomainTuning *tuning) {
        if (!tuning)
                return;

        g_ptr_array_unref(tuning->pins);
        g_ptr_array_unref(tuning->iothreads);
        g_ptr_array_unref(tuning->disks);
        g_ptr_array_unref(tuning->nics);
        virtio_mem_free(tuning->virtio_mem);
        g_free(tuning->name);
        g_free(tuning->cpuset);
        g_free(tuning->emulator);
        g_free(tuning->numa_mode);
        g_free(tuning->nodes);
        g_free(tuning);
}

/* As all sets are written, so that the same set is the same text. NULL for what is none. */
static char *read_set(const xmlNode *element, const char *name) {
        g_autofree char *text = element ? xml_prop(element, name) : NULL;
        NumberSet set;

        if (!text || !number_set_from_text(text, &set) || number_set_count(&set) == 0)
                return NULL;
        return number_set_to_text(&set);
}

static uint64_t read_number(const xmlNode *element) {
        g_autofree char *text = xml_content_of(element);
        guint64 value;

        return g_ascii_string_to_unsigned(text ?: "", 10, 0, G_MAXINT64, &value, NULL) ? value : 0;
}

static unsigned read_small(const xmlNode *element) {
        return (unsigned)MIN(read_number(element), G_MAXINT);
}

/* CPUs ------------------------------------------------------------------------------ */

/* libvirt tells them one by one as soon as one could be unplugged. */
static void read_fixed(const xmlNode *domain, DomainTuning *tuning) {
        const xmlNode *vcpus = xml_first_child(domain, "vcpus");

        tuning->vcpus_fixed = vcpus ? 0 : 1;
        for (xmlNode *vcpu = xml_first_child(vcpus, "vcpu"); vcpu; vcpu = xml_next_same(vcpu))
                tuning->vcpus_fixed += xml_prop_is(vcpu, "enabled", "yes") &&
                                       xml_prop_is(vcpu, "hotpluggable", "no");
}

static void read_vcpus(const xmlNode *domain, DomainTuning *tuning) {
        const xmlNode *vcpu = xml_first_child(domain, "vcpu");

        tuning->vcpus_max = CLAMP(read_small(vcpu), 1, NUMBER_SET_MAX);
        tuning->vcpus = tuning->vcpus_max;
        if (vcpu)
                (void)xml_prop_uint(vcpu, "current", 1, tuning->vcpus_max, &tuning->vcpus, NULL);
        if (vcpu && !xml_prop_is(vcpu, "placement", "auto"))
                tuning->cpuset = read_set(vcpu, "cpuset");
        read_fixed(domain, tuning);
}

static void read_pins(const xmlNode *domain, DomainTuning *tuning) {
        const xmlNode *tune = xml_first_child(domain, "cputune");

        g_ptr_array_set_size(tuning->pins, (gint)tuning->vcpus_max);
        for (xmlNode *pin = xml_first_child(tune, "vcpupin"); pin; pin = xml_next_same(pin)) {
                unsigned vcpu = tuning->vcpus_max;

                (void)xml_prop_uint(pin, "vcpu", 0, G_MAXUINT, &vcpu, NULL);
                if (vcpu >= tuning->vcpus_max)
                        continue;
                g_free(tuning->pins->pdata[vcpu]);
                tuning->pins->pdata[vcpu] = read_set(pin, "cpuset");
        }
        tuning->emulator = read_set(xml_first_child(tune, "emulatorpin"), "cpuset");
        tuning->shares = read_small(xml_first_child(tune, "shares"));
}

/* 0 is none. */
static unsigned read_iothread(const xmlNode *element, const char *name) {
        unsigned id = 0;

        (void)xml_prop_uint(element, name, 1, G_MAXUINT, &id, NULL);
        return id;
}

static DomainIoThread *find_iothread(const DomainTuning *tuning, unsigned id) {
        for (guint i = 0; i < tuning->iothreads->len; i++) {
                DomainIoThread *iothread = tuning->iothreads->pdata[i];

                if (iothread->id == id)
                        return iothread;
        }
        return NULL;
}

static void add_iothread(DomainTuning *tuning, unsigned id) {
        DomainIoThread *iothread;

        if (id == 0 || find_iothread(tuning, id) || tuning->iothreads->len >= IOTHREADS_MAX)
                return;

        iothread = g_new0(DomainIoThread, 1);
        iothread->id = id;
        g_ptr_array_add(tuning->iothreads, iothread);
}

/* <iothreads> says how many there are; those that have no <iothread id=''/> have the lowest numbers
 * that are left. */
static void read_iothreads(const xmlNode *domain, DomainTuning *tuning) {
        const xmlNode *ids = xml_first_child(domain, "iothreadids");
        const xmlNode *tune = xml_first_child(domain, "cputune");
        unsigned count = MIN(read_small(xml_first_child(domain, "iothreads")), IOTHREADS_MAX);

        for (xmlNode *node = xml_first_child(ids, "iothread"); node; node = xml_next_same(node))
                add_iothread(tuning, read_iothread(node, "id"));
        for (unsigned id = 1; tuning->iothreads->len < count; id++)
                add_iothread(tuning, id);

        for (xmlNode *pin = xml_first_child(tune, "iothreadpin"); pin; pin = xml_next_same(pin)) {
                DomainIoThread *iothread = find_iothread(tuning, read_iothread(pin, "iothread"));

                if (!iothread)
                        continue;
                g_free(iothread->pin);
                iothread->pin = read_set(pin, "cpuset");
        }
}

/* Memory ---------------------------------------------------------------------------- */

static void read_nodes(const xmlNode *domain, DomainTuning *tuning) {
        const xmlNode *memory = xml_first_child(xml_first_child(domain, "numatune"), "memory");

        if (!memory)
                return;

        tuning->numa_mode = xml_prop(memory, "mode") ?: g_strdup("strict");
        tuning->nodes = read_set(memory, "nodeset");
}

static DomainVirtioMem *read_virtio_mem(xmlNode *memory) {
        const xmlNode *target = xml_first_child(memory, "target");
        DomainVirtioMem *virtio_mem;
        char *element;

        element = domain_element_text(memory, NULL);
        if (!element)
                return NULL;

        virtio_mem = g_new0(DomainVirtioMem, 1);
        virtio_mem->element = element;
        virtio_mem->size = xml_size_of(xml_first_child(target, "size"));
        virtio_mem->block = xml_size_of(xml_first_child(target, "block"));
        virtio_mem->requested = xml_size_of(xml_first_child(target, "requested"));
        return virtio_mem;
}

static void read_pages(const xmlNode *domain, DomainTuning *tuning) {
        const xmlNode *backing = xml_first_child(domain, "memoryBacking");
        const xmlNode *hugepages = xml_first_child(backing, "hugepages");
        const xmlNode *page = xml_first_child(hugepages, "page");

        tuning->hugepages = hugepages;
        if (page && !xml_next_same(page))
                tuning->page_kib = xml_size_of_prop(page, "size") / 1024;
}

/* <memory> has that of all memory devices in it. A DIMM is memory like that of the boot, and the
 * balloon takes from it, too; the others are outside of it. Sources: virDomainDefGetMemoryTotal();
 * QEMU's get_current_ram_size(). */
static void read_memory(const xmlNode *domain, const xmlNode *devices, DomainTuning *tuning) {
        const xmlNode *current = xml_first_child(domain, "currentMemory");
        const xmlNode *balloon = xml_first_child(devices, "memballoon");

        tuning->memory_max = xml_size_of(xml_first_child(domain, "memory"));
        tuning->memory = current ? xml_size_of(current) : tuning->memory_max;
        tuning->balloon = balloon && !xml_prop_is(balloon, "model", "none");
        if (xml_first_child(balloon, "stats"))
                (void)xml_prop_uint(xml_first_child(balloon, "stats"), "period", 0, G_MAXINT,
                                    &tuning->stats_period, NULL);

        for (xmlNode *memory = xml_first_child(devices, "memory"); memory;
             memory = xml_next_same(memory)) {
                uint64_t size = xml_size_of(
                        xml_first_child(xml_first_child(memory, "target"), "size"));

                if (!xml_prop_is(memory, "model", "dimm"))
                        tuning->memory_max -= MIN(size, tuning->memory_max);
                if (!tuning->virtio_mem && xml_prop_is(memory, "model", "virtio-mem"))
                        tuning->virtio_mem = read_virtio_mem(memory);
        }
        tuning->memory = MIN(tuning->memory, tuning->memory_max);
}

char *domain_virtio_mem_with(const DomainVirtioMem *virtio_mem, uint64_t requested) {
        g_autofree char *number = g_strdup_printf("%" PRIu64, requested / 1024);
        const char *element = virtio_mem->element;
        g_autoptr(xmlDoc) doc = xml_document_parse(element, strlen(element), DOMAIN_XML_MAX, NULL);
        xmlNode *memory = xmlDocGetRootElement(doc);
        xmlNode *target = xml_first_child(memory, "target");
        xmlNode *node = xml_first_child(target, "requested");

        if (!node)
                node = xmlNewChild(target, NULL, (const xmlChar *)"requested", NULL);
        xmlNodeSetContent(node, (const xmlChar *)number);
        xmlSetProp(node, (const xmlChar *)"unit", (const xmlChar *)"KiB");
        return domain_element_text(memory, NULL);
}

/* Disks and interfaces -------------------------------------------------------------- */

static void read_disk(const xmlNode *element, DomainTuning *tuning) {
        const xmlNode *tune = xml_first_child(element, "iotune");
        g_autofree char *device = xml_prop(element, "device");
        DomainDisk *disk;
        char *target;

        target = xml_child_prop(element, "target", "dev");
        if (!target || (device && !g_str_equal(device, "disk") && !g_str_equal(device, "lun"))) {
                g_free(target);
                return;
        }

        disk = g_new0(DomainDisk, 1);
        disk->target = target;
        disk->max_bytes = read_number(xml_first_child(tune, "total_bytes_sec"));
        disk->max_iops = read_number(xml_first_child(tune, "total_iops_sec"));
        g_ptr_array_add(tuning->disks, disk);
}

static unsigned read_rate(const xmlNode *element, const char *name) {
        unsigned value = 0;

        if (element)
                (void)xml_prop_uint(element, name, 0, G_MAXUINT, &value, NULL);
        return value;
}

static DomainRate read_rates(const xmlNode *element) {
        return (DomainRate){ .average = read_rate(element, "average"),
                             .peak = read_rate(element, "peak"),
                             .burst = read_rate(element, "burst") };
}

static DomainBandwidth read_bandwidth(const xmlNode *element) {
        const xmlNode *inbound = xml_first_child(element, "inbound");

        return (DomainBandwidth){ .inbound = read_rates(inbound),
                                  .outbound = read_rates(xml_first_child(element, "outbound")),
                                  .floor = read_rate(inbound, "floor") };
}

static void read_nic(const xmlNode *element, DomainTuning *tuning) {
        g_autofree char *mac = xml_child_prop(element, "mac", "address");
        DomainNic *nic;

        if (!mac || xml_prop_is(element, "type", "hostdev"))
                return;

        nic = g_new0(DomainNic, 1);
        nic->mac = g_ascii_strdown(mac, -1);
        nic->network = xml_prop_is(element, "type", "network");
        nic->bandwidth = read_bandwidth(xml_first_child(element, "bandwidth"));
        g_ptr_array_add(tuning->nics, nic);
}

static void read_devices(const xmlNode *devices, DomainTuning *tuning) {
        for (xmlNode *disk = xml_first_child(devices, "disk"); disk; disk = xml_next_same(disk))
                read_disk(disk, tuning);
        for (xmlNode *nic = xml_first_child(devices, "interface"); nic; nic = xml_next_same(nic))
                read_nic(nic, tuning);
}

DomainTuning *domain_tuning_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, DOMAIN_XML_MAX, error);
        const xmlNode *domain, *devices;
        DomainTuning *tuning;

        if (!doc)
                return NULL;

        domain = xmlDocGetRootElement(doc);
        devices = xml_first_child(domain, "devices");
        tuning = g_new0(DomainTuning, 1);
        tuning->pins = g_ptr_array_new_with_free_func(g_free);
        tuning->iothreads = g_ptr_array_new_with_free_func(iothread_free);
        tuning->disks = g_ptr_array_new_with_free_func(disk_free);
        tuning->nics = g_ptr_array_new_with_free_func(nic_free);
        tuning->name = xml_content_of(xml_first_child(domain, "name")) ?: g_strdup("");
        tuning->block_weight = read_small(
                xml_first_child(xml_first_child(domain, "blkiotune"), "weight"));
        read_vcpus(domain, tuning);
        read_pins(domain, tuning);
        read_iothreads(domain, tuning);
        read_nodes(domain, tuning);
        read_pages(domain, tuning);
        read_memory(domain, devices, tuning);
        read_devices(devices, tuning);
        return tuning;
}
