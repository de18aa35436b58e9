/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/tuning.h"

#include <string.h>

#include "tests/unit/core/read-map.h"
#include "xml/ferry-error.h"

/* A host of four cores with two threads each, core N being CPUs N and N+4, on two NUMA nodes, the
 * second of which is cores 2 and 3; CPU 0 is isolated. */

#define UUID  "11111111-2222-4333-8444-555555555555"
#define MAC   "52:54:00:00:00:01"
#define CPUS  "sys/devices/system/cpu/"
#define NODES "sys/devices/system/node/"
#define MIB   (UINT64_C(1) << 20)

typedef struct Test {
        FakeRoot *root;
        ResourceMap *map;
        SliceEntry *entry, *had;
        TuningHost host;
        GPtrArray *functions;
        const char *inside, *devices; /* of the domain */
} Test;

static void add_core(FakeRoot *root, int core) {
        for (int cpu = core; cpu < 8; cpu += 4) {
                g_autofree char *siblings = g_strdup_printf("%d,%d\n", core, core + 4);
                g_autofree char *list = g_strdup_printf(CPUS "cpu%d/topology/thread_siblings_list",
                                                        cpu);
                g_autofree char *node = g_strdup_printf(CPUS "cpu%d/node%d/x", cpu, core / 2);

                fake_root_put(root, list, siblings, -1);
                fake_root_put(root, node, "", -1);
        }
}

static void set_up(Test *t, gconstpointer unused) {
        t->root = fake_root_new();
        fake_root_put(t->root, CPUS "online", "0-7\n", -1);
        fake_root_put(t->root, CPUS "isolated", "0\n", -1);
        fake_root_put(t->root, NODES "online", "0-1\n", -1);
        fake_root_put(t->root, NODES "node0/meminfo", "Node 0 MemTotal: 1048576 kB\n", -1);
        fake_root_put(t->root, NODES "node1/meminfo", "Node 1 MemTotal: 1048576 kB\n", -1);
        fake_root_put(t->root, NODES "node1/hugepages/hugepages-2048kB/nr_hugepages", "9\n", -1);
        fake_root_put(t->root, NODES "node1/hugepages/hugepages-2048kB/free_hugepages", "9\n", -1);
        for (int core = 0; core < 4; core++)
                add_core(t->root, core);
        t->map = read_map(t->root);
        t->entry = slice_entry_new(UUID, "g1", slice_new());
        t->functions = g_ptr_array_new();
        t->host.functions = t->functions;
        t->inside = t->devices = "";
}

static void tear_down(Test *t, gconstpointer unused) {
        slice_entry_free(t->entry);
        slice_entry_free(t->had);
        g_ptr_array_unref(t->functions);
        resource_map_free(t->map);
        fake_root_free(t->root);
}

static void grant(Test *t, const char *resource, const char *part, uint64_t amount) {
        g_ptr_array_add(t->entry->grants, slice_grant_new(resource, part, amount));
}

static char *domain_xml(const Test *t) {
        return g_strdup_printf("<domain type='kvm'><name>g1</name><uuid>" UUID "</uuid>%s"
                               "<devices>%s</devices></domain>",
                               t->inside, t->devices);
}

/* "what is to be <- what was" a line, "-" before what shrinks. */
static char *plan(const Test *t, GError **error) {
        g_autofree char *xml = domain_xml(t);
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GPtrArray) steps = NULL;

        steps = tuning_plan(xml, t->entry, t->had, t->map, &t->host, error);
        for (guint i = 0; steps && i < steps->len; i++) {
                const TuningStep *step = steps->pdata[i];
                g_autofree char *wanted = tuning_describe(step->wanted);
                g_autofree char *before = tuning_describe(step->before);

                g_string_append_printf(text, "%s%s <- %s\n", step->shrinks ? "-" : "", wanted,
                                       before);
        }
        return steps ? g_strdup(text->str) : NULL;
}

static void assert_plan(const Test *t, const char *expected) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = plan(t, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, expected);
}

static void assert_refused(const Test *t, int code, const char *words) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = plan(t, &error);

        g_assert_cmpstr(text, ==, NULL);
        g_assert_error(error, FERRY_ERROR, code);
        if (!strstr(error->message, words))
                g_error("not '%s' but '%s'", words, error->message);
}

/* CPUs ------------------------------------------------------------------------------ */

static void ask_cores(Test *t, unsigned count, bool exclusive) {
        t->entry->wish->cores = (SliceCores){
                .count = count, .exclusive = exclusive, .share = SLICE_SHARE_FULL, .node = -1
        };
}

static void lose_slice(Test *t) {
        t->had = g_steal_pointer(&t->entry);
}

static void test_exclusive_cores(Test *t, gconstpointer unused) {
        t->inside = "<vcpu current='2'>8</vcpu>";
        ask_cores(t, 2, true);
        grant(t, "core:1", "cores", 2000);
        grant(t, "core:3", "cores", 2000);
        assert_plan(t, "it has 4 vCPUs <- it has 2 vCPUs\n"
                       "the emulator runs on CPUs 1,3,5,7 <- the emulator runs on CPUs 1-7\n"
                       "vCPU 0 runs on CPUs 1 <- vCPU 0 runs on CPUs 1-7\n"
                       "vCPU 1 runs on CPUs 5 <- vCPU 1 runs on CPUs 1-7\n"
                       "vCPU 2 runs on CPUs 3 <- vCPU 2 runs on CPUs 1-7\n"
                       "vCPU 3 runs on CPUs 7 <- vCPU 3 runs on CPUs 1-7\n");
}

static void test_iothreads_run_where_the_emulator_does(Test *t, gconstpointer unused) {
        t->inside = "<vcpu>2</vcpu><iothreads>2</iothreads><cputune><vcpupin vcpu='0' cpuset='1'/>"
                    "<vcpupin vcpu='1' cpuset='5'/><emulatorpin cpuset='1,5'/>"
                    "<iothreadpin iothread='2' cpuset='2'/></cputune>";
        ask_cores(t, 1, true);
        grant(t, "core:1", "cores", 2000);
        assert_plan(t, "I/O thread 1 runs on CPUs 1,5 <- I/O thread 1 runs on CPUs 1-7\n"
                       "I/O thread 2 runs on CPUs 1,5 <- I/O thread 2 runs on CPUs 2\n");

        t->inside = "<vcpu>1</vcpu><iothreads>1</iothreads><cputune>"
                    "<iothreadpin iothread='1' cpuset='1,5'/></cputune>";
        lose_slice(t);
        assert_plan(t, "I/O thread 1 runs on CPUs 1-7 <- I/O thread 1 runs on CPUs 1,5\n");
}

static void test_shared_cores(Test *t, gconstpointer unused) {
        t->inside = "<vcpu cpuset='2-3' current='3'>4</vcpu>";
        ask_cores(t, 2, false);
        grant(t, "core:2", "cores", 500);
        grant(t, "core:3", "cores", 500);
        assert_plan(t, "the emulator runs on CPUs 2-3,6-7 <- the emulator runs on CPUs 2-3\n"
                       "vCPU 0 runs on CPUs 2-3,6-7 <- vCPU 0 runs on CPUs 2-3\n"
                       "vCPU 1 runs on CPUs 2-3,6-7 <- vCPU 1 runs on CPUs 2-3\n"
                       "-it has 2 vCPUs <- it has 3 vCPUs\n");

        t->entry->grants = (g_ptr_array_set_size(t->entry->grants, 1), t->entry->grants);
        t->inside = "<vcpu current='2'>4</vcpu><cputune><shares>100</shares>"
                    "<vcpupin vcpu='0' cpuset='6,2'/><vcpupin vcpu='1' cpuset='2,6'/>"
                    "<emulatorpin cpuset='2,6'/></cputune>";
        assert_plan(t, "-its CPU weight is 50 <- its CPU weight is 100\n");
}

static void test_what_is_right_is_no_step(Test *t, gconstpointer unused) {
        t->inside = "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/>"
                    "<vcpupin vcpu='1' cpuset='5'/><emulatorpin cpuset='1,5'/></cputune>";
        ask_cores(t, 1, true);
        grant(t, "core:1", "cores", 2000);
        assert_plan(t, "");
}

static void test_nothing_is_asked(Test *t, gconstpointer unused) {
        t->inside = "<vcpu cpuset='1'>2</vcpu><memory unit='MiB'>64</memory>"
                    "<blkiotune><weight>300</weight></blkiotune>"
                    "<numatune><memory nodeset='1'/></numatune>";
        t->devices = "<disk><target dev='vda'/><iotune><total_iops_sec>5</total_iops_sec></iotune>"
                     "</disk>";
        assert_plan(t, "");
}

static void test_vcpus_that_cannot_be(Test *t, gconstpointer unused) {
        t->inside = "<vcpu>2</vcpu>";
        ask_cores(t, 3, false);
        grant(t, "core:1", "cores", 2000);
        grant(t, "core:2", "cores", 1000);
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST,
                       "Guest g1 can have 2 vCPUs while it runs, not 3: raise <vcpu>");

        t->inside = "<vcpu current='2'>4</vcpu><vcpus>"
                    "<vcpu id='0' enabled='yes' hotpluggable='no'/>"
                    "<vcpu id='1' enabled='yes' hotpluggable='no'/></vcpus>";
        ask_cores(t, 1, false);
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST,
                       "has booted with 2 vCPUs that cannot be unplugged, and is to have 1");
}

static void test_cores_that_are_gone(Test *t, gconstpointer unused) {
        ask_cores(t, 1, true);
        grant(t, "core:9", "cores", 1000);
        assert_refused(t, FERRY_ERROR_NO_RESOURCES, "core:9 is not on this host any more");
}

static void test_a_slice_that_is_lost(Test *t, gconstpointer unused) {
        t->inside = "<memory unit='MiB'>64</memory><vcpu current='1'>4</vcpu><cputune>"
                    "<vcpupin vcpu='0' cpuset='1'/><vcpupin vcpu='3' cpuset='1'/></cputune>"
                    "<numatune><memory mode='restrictive' nodeset='1'/></numatune>"
                    "<blkiotune><weight>300</weight></blkiotune>";
        ask_cores(t, 1, true);
        t->entry->wish->memory.size = 64 * MIB;
        t->entry->wish->block_weight = 300;
        lose_slice(t);
        assert_plan(t, "its I/O weight is 100 <- its I/O weight is 300\n"
                       "vCPU 0 runs on CPUs 1-7 <- vCPU 0 runs on CPUs 1\n"
                       "its memory is on NUMA nodes 0-1 <- its memory is on NUMA nodes 1\n");
}

/* Memory ----------------------------------------------------------------------------- */

static void ask_memory(Test *t, const char *resource, uint64_t mib) {
        t->entry->wish->memory.size = mib * MIB;
        grant(t, resource, "memory", mib * MIB);
}

#define BALLOON "<memballoon model='virtio'/>"
#define DIMM                                                                             \
        "<memory model='dimm'><target><size unit='MiB'>64</size><node>0</node></target>" \
        "</memory>"

static void test_memory_grows_where_it_is(Test *t, gconstpointer unused) {
        t->inside = "<memory unit='MiB'>128</memory><currentMemory unit='MiB'>64</currentMemory>"
                    "<numatune><memory mode='strict' nodeset='1'/></numatune>";
        t->devices = BALLOON;
        ask_memory(t, "memory:1/2048KiB", 96);
        assert_plan(t, "it has 96 MiB <- it has 64 MiB\n");
}

static void test_memory_shrinks(Test *t, gconstpointer unused) {
        t->inside = "<memory unit='MiB'>128</memory>";
        t->devices = BALLOON;
        ask_memory(t, "memory:0", 96);
        grant(t, "memory:1", "memory", 0);
        assert_plan(t, "-it has 96 MiB <- it has 128 MiB\n");
}

/* There is less to move then, and never more on the new node than was granted. */
static void test_memory_shrinks_before_it_moves(Test *t, gconstpointer unused) {
        t->inside = "<memory unit='MiB'>128</memory>";
        t->devices = BALLOON;
        ask_memory(t, "memory:1", 96);
        assert_plan(t, "it has 96 MiB <- it has 128 MiB\n"
                       "its memory is on NUMA nodes 1 <- its memory is on NUMA nodes 0-1\n");
}

static void test_a_mode_is_chosen_where_none_is(Test *t, gconstpointer unused) {
        g_autoptr(GPtrArray) steps = NULL;
        g_autofree char *xml = NULL;
        const TuningStep *step;

        t->inside = "<memory unit='MiB'>96</memory>";
        ask_memory(t, "memory:1", 96);
        xml = domain_xml(t);
        steps = tuning_plan(xml, t->entry, NULL, t->map, &t->host, NULL);
        g_assert_cmpuint(steps->len, ==, 1);
        step = steps->pdata[0];
        g_assert_cmpstr(step->wanted->target, ==, "restrictive");
        g_assert_cmpstr(step->before->target, ==, NULL);

        t->inside = "<memory unit='MiB'>96</memory><numatune><memory mode='interleave' "
                    "nodeset='0-1'/></numatune>";
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST, "with mode 'interleave', which is not");
}

static void test_memory_that_cannot_be(Test *t, gconstpointer unused) {
        t->inside = "<memory unit='MiB'>128</memory>";
        t->devices = BALLOON;
        t->entry->wish->memory.size = 256 * MIB;
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST,
                       "can have 128 MiB of memory while it runs, not 256");
        t->devices = "<memballoon model='none'/>";
        t->entry->wish->memory.size = 64 * MIB;
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST, "has no memory balloon and no virtio-mem");
        grant(t, "cxl:region0", "memory", 64 * MIB);
        assert_refused(t, FERRY_ERROR_NO_RESOURCES, "cxl:region0 is not on this host any more");
}

static void test_pages_are_those_of_the_start(Test *t, gconstpointer unused) {
        t->inside = "<memory unit='MiB'>96</memory><numatune><memory nodeset='1'/></numatune>";
        ask_memory(t, "memory:1/2048KiB", 96);
        t->entry->wish->memory.page_kib = 2048;
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST,
                       "The memory of guest g1 is not in pages of 2048 KiB: define it with");
        t->inside = "<memory unit='MiB'>96</memory><numatune><memory nodeset='1'/></numatune>"
                    "<memoryBacking><hugepages><page size='1' unit='G'/></hugepages>"
                    "</memoryBacking>";
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST, "is not in pages of 2048 KiB");
        t->inside = "<memory unit='MiB'>96</memory><numatune><memory nodeset='1'/></numatune>"
                    "<memoryBacking><hugepages><page size='2' unit='M'/></hugepages>"
                    "</memoryBacking>";
        assert_plan(t, "");
        t->inside = "<memory unit='MiB'>96</memory><numatune><memory nodeset='1'/></numatune>"
                    "<memoryBacking><hugepages/></memoryBacking>";
        assert_plan(t, "");
}

static void test_virtio_mem(Test *t, gconstpointer unused) {
        t->inside = "<memory unit='MiB'>192</memory>";
        t->devices = "<memory model='virtio-mem'><target><size unit='MiB'>128</size>"
                     "<node>0</node><block unit='MiB'>2</block><requested unit='MiB'>32"
                     "</requested></target></memory>" BALLOON;
        t->entry->wish->memory.size = 127 * MIB;
        assert_plan(t, "its virtio-mem has 64 MiB <- its virtio-mem has 32 MiB\n");
        t->entry->wish->memory.size = 64 * MIB;
        assert_plan(t, "-its virtio-mem has 0 MiB <- its virtio-mem has 32 MiB\n");
        t->entry->wish->memory.size = 60 * MIB;
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST,
                       "has 64 MiB of memory and up to 128 MiB of virtio-mem");
        t->entry->wish->memory.size = 200 * MIB;
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST, "so it cannot have 200 MiB");
}

/* 64 MiB of the boot, 64 of a DIMM, 32 of 128 of virtio-mem. */
static void test_dimms_are_memory_as_that_of_the_boot(Test *t, gconstpointer unused) {
        t->inside = "<memory unit='MiB'>256</memory>";
        t->devices = DIMM "<memory model='virtio-mem'><target><size unit='MiB'>128</size>"
                          "<node>0</node><block unit='MiB'>2</block><requested unit='MiB'>32"
                          "</requested></target></memory>" BALLOON;
        t->entry->wish->memory.size = 192 * MIB;
        assert_plan(t, "its virtio-mem has 64 MiB <- its virtio-mem has 32 MiB\n");

        t->inside = "<memory unit='MiB'>128</memory>";
        t->devices = DIMM BALLOON;
        t->entry->wish->memory.size = 96 * MIB;
        assert_plan(t, "-it has 96 MiB <- it has 128 MiB\n");
}

/* Devices ---------------------------------------------------------------------------- */

static void ask_function(Test *t, const char *name, unsigned min, unsigned max) {
        SliceFunction *function = slice_function_new(name);

        function->min_mbit = min;
        function->max_mbit = max;
        g_ptr_array_add(t->entry->wish->functions, function);
}

static void test_rates_of_vfs(Test *t, gconstpointer unused) {
        TuningFunction nic = { (char *)"nic", (char *)"0000:3b:10.0", NULL, true, 100, 500 };

        g_ptr_array_add(t->functions, &nic);
        ask_function(t, "nic", 200, 500);
        assert_plan(t, "VF 0000:3b:10.0 has 200 to 500 Mbit/s <- "
                       "VF 0000:3b:10.0 has 100 to 500 Mbit/s\n");
        nic.min_mbit = 300;
        assert_plan(t, "-VF 0000:3b:10.0 has 200 to 500 Mbit/s <- "
                       "VF 0000:3b:10.0 has 300 to 500 Mbit/s\n");
        nic.min_mbit = nic.max_mbit = 0;
        lose_slice(t);
        assert_plan(t, "");
        nic.max_mbit = 100;
        assert_plan(t, "VF 0000:3b:10.0 has no limit <- "
                       "VF 0000:3b:10.0 has at most 100 Mbit/s\n");
}

/* As they came with the guest from another host. */
static void test_rates_that_nobody_asked_for_stay(Test *t, gconstpointer unused) {
        TuningFunction nic = { (char *)"nic", (char *)"0000:3b:10.0", NULL, true, 100, 500 };

        g_ptr_array_add(t->functions, &nic);
        ask_function(t, "nic", 0, 0);
        assert_plan(t, "");
        nic.element = (char *)"<x/>"; /* one that had another owner */
        assert_plan(t, "VF 0000:3b:10.0 has no limit <- VF 0000:3b:10.0 has 100 to 500 Mbit/s\n"
                       "0000:3b:10.0 is plugged in <- 0000:3b:10.0 is unplugged\n");

        nic.element = NULL;
        lose_slice(t);
        assert_plan(t, "");
}

#define DEVICE                                                                \
        "<hostdev mode='subsystem' type='pci' managed='no'><source><address " \
        "domain='0x0000' bus='0x3b' slot='0x10' function='0x0'/></source><alias name='"

static void test_functions_come_and_go(Test *t, gconstpointer unused) {
        TuningFunction nic = { (char *)"nic", (char *)"0000:3b:10.2", (char *)"<x/>", true, 0, 0 };

        ask_function(t, "kept", 0, 0);
        t->devices = DEVICE "ua-ferry-old'/></hostdev>" DEVICE "ua-ferry-kept'/></hostdev>" DEVICE
                            "hostdev1'/></hostdev>";
        g_ptr_array_add(t->functions, &nic);
        ask_function(t, "nic", 0, 100);
        assert_plan(t, "VF 0000:3b:10.2 has at most 100 Mbit/s <- VF 0000:3b:10.2 has no limit\n"
                       "0000:3b:10.2 is plugged in <- 0000:3b:10.2 is unplugged\n"
                       "-0000:3b:10.0 is unplugged <- 0000:3b:10.0 is plugged in\n");
}

static void test_limits_of_disks(Test *t, gconstpointer unused) {
        t->devices = "<disk><target dev='vda'/></disk>";
        t->entry->wish->block_max_bytes = 1000;
        t->entry->wish->block_weight = 500;
        assert_plan(t, "its I/O weight is 500 <- its I/O weight is 100\n"
                       "disk vda has at most 1000 bytes/s <- disk vda has no limit\n");
        t->devices = "<disk><target dev='vda'/><iotune><total_bytes_sec>1000</total_bytes_sec>"
                     "</iotune></disk>";
        t->inside = "<blkiotune><weight>500</weight></blkiotune>";
        assert_plan(t, "");
        lose_slice(t);
        assert_plan(t, "its I/O weight is 100 <- its I/O weight is 500\n"
                       "disk vda has no limit <- disk vda has at most 1000 bytes/s\n");
}

static void test_limits_of_interfaces(Test *t, gconstpointer unused) {
        t->devices = "<interface type='network'><mac address='" MAC "'/></interface>";
        t->entry->wish->network_min_mbit = 10;
        t->entry->wish->network_max_mbit = 100;
        assert_plan(t,
                    "interface " MAC " has 10 to 100 Mbit/s <- interface " MAC " has no limit\n");
        t->devices = "<interface type='network'><mac address='" MAC "'/><bandwidth>"
                     "<inbound average='12500' floor='1250'/><outbound average='12500'/>"
                     "</bandwidth></interface>";
        assert_plan(t, "");
        t->devices = "<interface type='bridge'><mac address='" MAC "'/></interface>";
        assert_refused(t, FERRY_ERROR_INVALID_REQUEST,
                       "Interface " MAC " of guest g1 is not one of a libvirt network");
}

/* What was is no round number of Mbit/s, and has more than the slice has words for. */
static void test_limits_of_interfaces_are_undone_to_the_byte(Test *t, gconstpointer unused) {
        g_autoptr(GPtrArray) steps = NULL;
        g_autofree char *xml = NULL;
        const DomainBandwidth before = { { 130, 131, 132 }, { 133, 134, 135 }, 136 };
        const DomainBandwidth *undo;

        t->devices = "<interface type='network'><mac address='" MAC "'/><bandwidth>"
                     "<inbound average='130' peak='131' burst='132' floor='136'/>"
                     "<outbound average='133' peak='134' burst='135'/></bandwidth></interface>";
        t->entry->wish->network_max_mbit = 1;
        xml = domain_xml(t);
        steps = tuning_plan(xml, t->entry, NULL, t->map, &t->host, NULL);
        g_assert_cmpuint(steps->len, ==, 1);
        undo = &((const TuningStep *)steps->pdata[0])->before->bandwidth;
        g_assert_cmpmem(undo, sizeof(*undo), &before, sizeof(before));
}

static void test_cache_and_memory_bandwidth(Test *t, gconstpointer unused) {
        t->entry->wish->cache_ways = 2;
        assert_plan(t, "it has 2 ways of the cache alone <- "
                       "it has no share of cache and memory bandwidth of its own\n");
        t->host.cache_ways = 2;
        assert_plan(t, "");
        t->entry->wish->cache_ways = 0;
        assert_plan(t, "-it has no share of cache and memory bandwidth of its own <- "
                       "it has 2 ways of the cache alone\n");
}

static void test_copies_are_their_own(void) {
        g_autoptr(GPtrArray) steps = tuning_steps_new(), copies = NULL;
        TuningStep *step = g_new0(TuningStep, 1);
        const TuningStep *copy;

        step->wanted = tuning_new(TUNE_VF_RATE, "0000:3b:10.0", 1, 2);
        step->before = tuning_new(TUNE_VF_RATE, "0000:3b:10.0", 0, 0);
        step->shrinks = true;
        g_ptr_array_add(steps, step);
        copies = tuning_steps_copy(steps);
        g_ptr_array_set_size(steps, 0);
        copy = copies->pdata[0];
        g_assert_true(copy->shrinks);
        g_assert_cmpstr(copy->wanted->target, ==, "0000:3b:10.0");
        g_assert_cmpuint(copy->wanted->number2, ==, 2);
        g_assert_cmpuint(copy->before->number2, ==, 0);
        g_assert_true(tuning_is_kernel(copy->wanted->kind));
        g_assert_false(tuning_is_kernel(TUNE_PLUG));
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add("/tuning/" name, Test, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("each vCPU has a thread of an exclusive core", test_exclusive_cores);
        ADD("I/O threads run where the emulator does", test_iothreads_run_where_the_emulator_does);
        ADD("vCPUs share cores by weight", test_shared_cores);
        ADD("what is right is no step", test_what_is_right_is_no_step);
        ADD("what is not asked for is left", test_nothing_is_asked);
        ADD("vCPUs that cannot be are refused", test_vcpus_that_cannot_be);
        ADD("cores that are gone are named", test_cores_that_are_gone);
        ADD("a slice that is lost binds no longer", test_a_slice_that_is_lost);
        ADD("memory grows where it is", test_memory_grows_where_it_is);
        ADD("memory shrinks", test_memory_shrinks);
        ADD("memory shrinks before it moves", test_memory_shrinks_before_it_moves);
        ADD("a NUMA mode is chosen where none is", test_a_mode_is_chosen_where_none_is);
        ADD("memory that cannot be is refused", test_memory_that_cannot_be);
        ADD("pages are those of the start", test_pages_are_those_of_the_start);
        ADD("a virtio-mem grows in blocks", test_virtio_mem);
        ADD("DIMMs are memory as that of the boot", test_dimms_are_memory_as_that_of_the_boot);
        ADD("rates of VFs grow and shrink", test_rates_of_vfs);
        ADD("rates that nobody asked for stay", test_rates_that_nobody_asked_for_stay);
        ADD("functions come and go", test_functions_come_and_go);
        ADD("disks have limits", test_limits_of_disks);
        ADD("interfaces have limits", test_limits_of_interfaces);
        ADD("limits of interfaces are undone to the byte",
            test_limits_of_interfaces_are_undone_to_the_byte);
        ADD("cache and memory bandwidth", test_cache_and_memory_bandwidth);
        g_test_add_func("/tuning/copies are their own", test_copies_are_their_own);
        return g_test_run();
}
