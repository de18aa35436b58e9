/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/domain-tuning.h"

#include <string.h>

#include "xml/ferry-error.h"

#define MIB (UINT64_C(1) << 20)

static DomainTuning *read_domain(const char *inside, const char *devices) {
        g_autofree char *xml = g_strdup_printf(
                "<domain><name>g1</name>%s<devices>%s</devices></domain>", inside, devices);
        g_autoptr(GError) error = NULL;
        DomainTuning *tuning = domain_tuning_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return tuning;
}

static void test_vcpus_have_pins(void) {
        g_autoptr(DomainTuning) tuning = read_domain(
                "<vcpu placement='static' cpuset='0-7,^3' current='2'>4</vcpu>"
                "<cputune><shares>200</shares><vcpupin vcpu='0' cpuset='3,1,2'/>"
                "<vcpupin vcpu='9' cpuset='0'/><emulatorpin cpuset='1'/></cputune>",
                "");

        g_assert_cmpstr(tuning->name, ==, "g1");
        g_assert_cmpuint(tuning->vcpus, ==, 2);
        g_assert_cmpuint(tuning->vcpus_max, ==, 4);
        g_assert_cmpuint(tuning->vcpus_fixed, ==, 1);
        g_assert_cmpuint(tuning->pins->len, ==, 4);
        g_assert_cmpstr(tuning->pins->pdata[0], ==, "1-3");
        g_assert_cmpstr(tuning->pins->pdata[1], ==, NULL);
        g_assert_cmpstr(tuning->cpuset, ==, "0-2,4-7");
        g_assert_cmpstr(tuning->emulator, ==, "1");
        g_assert_cmpuint(tuning->shares, ==, 200);
}

static void assert_iothread(const DomainTuning *tuning, guint i, unsigned id, const char *pin) {
        const DomainIoThread *iothread = tuning->iothreads->pdata[i];

        g_assert_cmpuint(iothread->id, ==, id);
        g_assert_cmpstr(iothread->pin, ==, pin);
}

/* libvirt gives those without a number the lowest that are left. */
static void test_iothreads_have_pins(void) {
        g_autoptr(DomainTuning) tuning = read_domain(
                "<iothreads>3</iothreads><iothreadids><iothread id='2'/></iothreadids><cputune>"
                "<iothreadpin iothread='3' cpuset='4,5'/><iothreadpin iothread='9' cpuset='1'/>"
                "</cputune>",
                "");

        g_assert_cmpuint(tuning->iothreads->len, ==, 3);
        assert_iothread(tuning, 0, 2, NULL);
        assert_iothread(tuning, 1, 1, NULL);
        assert_iothread(tuning, 2, 3, "4-5");
}

static void test_vcpus_of_the_boot_stay(void) {
        g_autoptr(DomainTuning)
                tuning = read_domain("<vcpu current='3'>4</vcpu><vcpus>"
                                     "<vcpu id='0' enabled='yes' hotpluggable='no'/>"
                                     "<vcpu id='1' enabled='yes' hotpluggable='no'/>"
                                     "<vcpu id='2' enabled='yes' hotpluggable='yes'/>"
                                     "<vcpu id='3' enabled='no' hotpluggable='yes'/></vcpus>",
                                     "");

        g_assert_cmpuint(tuning->vcpus_fixed, ==, 2);
}

static void test_nothing_is_told(void) {
        g_autoptr(DomainTuning) tuning = read_domain("", "");

        g_assert_cmpuint(tuning->vcpus, ==, 1);
        g_assert_cmpuint(tuning->vcpus_max, ==, 1);
        g_assert_cmpstr(tuning->cpuset, ==, NULL);
        g_assert_cmpstr(tuning->emulator, ==, NULL);
        g_assert_cmpstr(tuning->numa_mode, ==, NULL);
        g_assert_cmpuint(tuning->memory, ==, 0);
        g_assert_false(tuning->balloon);
        g_assert_null(tuning->virtio_mem);
        g_assert_cmpuint(tuning->disks->len + tuning->nics->len, ==, 0);
}

static void test_memory_has_nodes_and_a_balloon(void) {
        g_autoptr(DomainTuning) tuning = read_domain(
                "<memory unit='KiB'>131072</memory><currentMemory unit='MiB'>96</currentMemory>"
                "<numatune><memory nodeset='0,1'/></numatune>",
                "<memballoon model='virtio'/>");

        g_assert_cmpuint(tuning->memory, ==, 96 * MIB);
        g_assert_cmpuint(tuning->memory_max, ==, 128 * MIB);
        g_assert_cmpstr(tuning->numa_mode, ==, "strict");
        g_assert_cmpstr(tuning->nodes, ==, "0-1");
        g_assert_true(tuning->balloon);
        g_assert_cmpuint(tuning->stats_period, ==, 0);
}

static void test_a_balloon_tells_so_often(void) {
        g_autoptr(DomainTuning)
                tuning = read_domain("<memory unit='KiB'>131072</memory>",
                                     "<memballoon model='virtio'><stats period='7'/></memballoon>");

        g_assert_cmpuint(tuning->stats_period, ==, 7);
}

#define VIRTIO_MEM                                                                             \
        "<memory model='virtio-mem'><target><size unit='KiB'>1048576</size>"                   \
        "<node>0</node><block unit='KiB'>2048</block><requested unit='KiB'>524288</requested>" \
        "</target><alias name='ua-more'/></memory>"

static void test_a_virtio_mem_is_asked_for_more(void) {
        g_autoptr(DomainTuning) tuning = read_domain("<memory unit='KiB'>2097152</memory>",
                                                     "<memballoon model='none'/>" VIRTIO_MEM);
        g_autofree char *more = NULL;

        g_assert_nonnull(tuning->virtio_mem);
        g_assert_cmpuint(tuning->memory_max, ==, 1024 * MIB);
        g_assert_cmpuint(tuning->memory, ==, 1024 * MIB);
        g_assert_false(tuning->balloon);
        g_assert_cmpuint(tuning->virtio_mem->size, ==, 1024 * MIB);
        g_assert_cmpuint(tuning->virtio_mem->block, ==, 2 * MIB);
        g_assert_cmpuint(tuning->virtio_mem->requested, ==, 512 * MIB);

        more = domain_virtio_mem_with(tuning->virtio_mem, 768 * MIB);
        g_assert_nonnull(strstr(more, "<requested unit=\"KiB\">786432</requested>"));
        g_assert_nonnull(strstr(more, "<alias name=\"ua-more\"/>"));
}

static void test_disks_and_interfaces_have_limits(void) {
        g_autoptr(DomainTuning) tuning = read_domain(
                "<blkiotune><weight>300</weight></blkiotune>",
                "<disk type='file' device='cdrom'><target dev='sda'/></disk>"
                "<disk type='file' device='disk'><target dev='vda'/><iotune>"
                "<total_bytes_sec>1000</total_bytes_sec><total_iops_sec>20</total_iops_sec>"
                "</iotune></disk><disk><target dev='vdb'/></disk>"
                "<interface type='hostdev'><mac address='52:54:00:00:00:01'/></interface>"
                "<interface type='network'><mac address='52:54:00:00:00:AB'/><bandwidth>"
                "<inbound average='1250' peak='2000' burst='3000' floor='125'/>"
                "<outbound average='1251'/></bandwidth>"
                "</interface><interface type='bridge'><mac address='52:54:00:00:00:03'/>"
                "</interface>");
        const DomainDisk *disk;
        const DomainNic *nic;

        g_assert_cmpuint(tuning->block_weight, ==, 300);
        g_assert_cmpuint(tuning->disks->len, ==, 2);
        disk = tuning->disks->pdata[0];
        g_assert_cmpstr(disk->target, ==, "vda");
        g_assert_cmpuint(disk->max_bytes, ==, 1000);
        g_assert_cmpuint(disk->max_iops, ==, 20);

        g_assert_cmpuint(tuning->nics->len, ==, 2);
        nic = tuning->nics->pdata[0];
        g_assert_cmpstr(nic->mac, ==, "52:54:00:00:00:ab");
        g_assert_true(nic->network);
        g_assert_cmpuint(nic->bandwidth.floor, ==, 125);
        g_assert_cmpuint(nic->bandwidth.inbound.average, ==, 1250);
        g_assert_cmpuint(nic->bandwidth.inbound.peak, ==, 2000);
        g_assert_cmpuint(nic->bandwidth.inbound.burst, ==, 3000);
        g_assert_cmpuint(nic->bandwidth.outbound.average, ==, 1251);
        nic = tuning->nics->pdata[1];
        g_assert_false(nic->network);
        g_assert_cmpuint(nic->bandwidth.outbound.average, ==, 0);
}

static void test_what_is_no_xml_is_refused(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(domain_tuning_from_xml("<domain>", 8, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add_func("/domain-tuning/" name, function)

        g_test_init(&argc, &argv, NULL);
        ADD("vCPUs have pins", test_vcpus_have_pins);
        ADD("I/O threads have pins", test_iothreads_have_pins);
        ADD("vCPUs of the boot stay", test_vcpus_of_the_boot_stay);
        ADD("nothing is told", test_nothing_is_told);
        ADD("memory has nodes and a balloon", test_memory_has_nodes_and_a_balloon);
        ADD("a balloon tells so often", test_a_balloon_tells_so_often);
        ADD("a virtio-mem is asked for more", test_a_virtio_mem_is_asked_for_more);
        ADD("disks and interfaces have limits", test_disks_and_interfaces_have_limits);
        ADD("what is no XML is refused", test_what_is_no_xml_is_refused);
        return g_test_run();
}
