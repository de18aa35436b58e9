/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/resource-map.h"

#include <glib/gstdio.h>

#include "daemon/facts/sriov.h"
#include "tests/lib/fake-root.h"
#include "tests/lib/fake-rtnl.h"

#define PF    "0000:3b:00.0"
#define PF1   "0000:3b:00.1"
#define PORT  "0000:00:1c.0"
#define VF0   "0000:3b:10.0"
#define VF1   "0000:3b:10.2"
#define CPUS  "sys/devices/system/cpu/"
#define NODES "sys/devices/system/node/"
#define MDEV  "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"

typedef struct Fixture {
        FakeRoot *root;
        FakeRtnl *rtnl;
        Config *config;
        Inventory *inventory;
        Store *store;
        LeaseBook *leases;
        AgentBook *agents;
        ResourceMap *map;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        f->root = fake_root_new();
        f->rtnl = fake_rtnl_new();
        f->config = config_new();
        f->inventory = inventory_new(fake_root_sysfs(f->root), f->config, NULL);
        f->store = store_open(":memory:", &error);
        g_assert_no_error(error);
        f->leases = lease_book_new(f->store);
        fake_root_put(f->root, CPUS "online", "0-1\n", -1);
        fake_root_put(f->root, "proc/meminfo", "MemTotal: 1024 kB\nMemFree: 256 kB\n", -1);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        resource_map_free(f->map);
        agent_book_free(f->agents);
        lease_book_free(f->leases);
        store_close(f->store);
        inventory_free(f->inventory);
        config_free(f->config);
        fake_rtnl_free(f->rtnl);
        fake_root_free(f->root);
}

static void read_map(Fixture *f) {
        ResourceSources sources = { fake_root_sysfs(f->root), f->inventory, f->leases,
                                    fake_rtnl(f->rtnl), f->agents };

        g_assert_cmpint(inventory_scan(f->inventory), ==, 0);
        g_clear_pointer(&f->map, resource_map_free);
        f->map = resource_map_read(&sources);
}

/* "id < parent used/total unit" a line. */
static void assert_map(const Fixture *f, const char *expected) {
        const GPtrArray *list = resource_map_list(f->map);
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < list->len; i++) {
                const Resource *r = list->pdata[i];

                g_string_append_printf(
                        text, "%s < %s %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT " %s\n", r->id,
                        r->parent ? r->parent->id : "-", r->used, r->total, r->unit);
                g_assert_cmpuint(r->promised, ==, 0);
        }
        g_assert_cmpstr(text->str, ==, expected);
}

static void assert_attribute(const Fixture *f, const char *id, const char *key,
                             const char *expected) {
        const Resource *resource = resource_map_find(f->map, id);

        g_assert_nonnull(resource);
        g_assert_cmpstr(resource_attribute(resource, key), ==, expected);
}

static const Resource *find(const Fixture *f, const char *id) {
        const Resource *resource = resource_map_find(f->map, id);

        g_assert_nonnull(resource);
        return resource;
}

static void lease(Fixture *f, const char *device) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GError) error = NULL;
        Lease *one = lease_new();

        one->domain_uuid = g_strdup("4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
        one->domain_name = g_strdup("db1");
        one->device = g_strdup(device);
        one->class_name = g_strdup("sriov");
        one->pool = g_strdup("default");
        g_ptr_array_add(leases, one);
        g_assert_true(lease_book_reserve(f->leases, leases, &error));
        g_assert_no_error(error);
}

/* A function below the root port, which the model has at a root of its own. */
static void plug(Fixture *f, const char *address) {
        g_autofree char *nested = g_strdup_printf("sys/devices/pci0000:00/" PORT "/%s", address);
        g_autofree char *flat = g_strdup_printf("sys/devices/pci0000:3b/%s", address);
        g_autofree char *bus = g_strdup_printf("sys/bus/pci/devices/%s", address);
        g_autofree char *speed = g_build_filename(flat, "current_link_speed", NULL);
        g_autofree char *width = g_build_filename(flat, "current_link_width", NULL);

        fake_root_put(f->root, speed, "16.0 GT/s PCIe\n", -1);
        fake_root_put(f->root, width, "8\n", -1);
        fake_root_link(f->root, nested, flat);
        fake_root_link(f->root, bus, nested);
}

static void test_small_host(Fixture *f, gconstpointer unused) {
        read_map(f);
        assert_map(f, "host < - 0/0 \n"
                      "package:0 < host 0/2 CPUs\n"
                      "core:0 < package:0 0/1 CPUs\n"
                      "core:1 < package:0 0/1 CPUs\n"
                      "node:0 < host 0/2 CPUs\n"
                      "memory:0 < node:0 786432/1048576 bytes\n");
        assert_attribute(f, "host", "cpus", "0-1");
        assert_attribute(f, "host", "cpus-isolated", NULL);
        g_assert_nonnull(resource_attribute(find(f, "memory:0"), "page-kib"));
}

static void test_hugepages(Fixture *f, gconstpointer unused) {
        fake_root_put(f->root, NODES "online", "0-1\n", -1);
        fake_root_put(f->root, NODES "node0/meminfo",
                      "Node 0 MemTotal: 10240 kB\nNode 0 MemFree: 3072 kB\n", -1);
        fake_root_put(f->root, NODES "node0/hugepages/hugepages-2048kB/nr_hugepages", "3\n", -1);
        fake_root_put(f->root, NODES "node0/hugepages/hugepages-2048kB/free_hugepages", "1\n", -1);
        fake_root_put(f->root, NODES "node1/meminfo", "Node 1 MemTotal: 0 kB\n", -1);
        read_map(f);
        g_assert_cmpuint(find(f, "memory:0")->total, ==, 4 << 20);
        g_assert_cmpuint(find(f, "memory:0")->used, ==, 1 << 20);
        g_assert_cmpuint(find(f, "memory:0/2048KiB")->total, ==, 6 << 20);
        g_assert_cmpuint(find(f, "memory:0/2048KiB")->used, ==, 4 << 20);
        g_assert_nonnull(resource_map_find(f->map, "node:1"));
        g_assert_null(resource_map_find(f->map, "memory:1"));
}

static void add_card(Fixture *f) {
        fake_root_add_pf(f->root, PF, &(FakePci){ .driver = "igb", .netdev = "eth2" });
        fake_root_add_pf(f->root, PF1, &(FakePci){ .driver = "igb", .netdev = "eth3" });
        plug(f, PF);
        plug(f, PF1);
        fake_root_put(f->root, "sys/class/net/eth2/speed", "1000\n", -1);
        fake_root_put(f->root, "sys/class/net/eth3/speed", "-1\n", -1);
        fake_root_put(f->root, NODES "online", "0\n", -1);
        fake_root_put(f->root, NODES "node0/cpulist", "0-1\n", -1);
}

static void test_shared_link(Fixture *f, gconstpointer unused) {
        add_card(f);
        read_map(f);
        g_assert_cmpuint(find(f, "link:" PORT)->total, ==, UINT64_C(15753846153));
        assert_attribute(f, "link:" PORT, "speed", "16");
        assert_attribute(f, "link:" PORT, "width", "8");
        assert_attribute(f, "link:" PORT, "state", "up");
        g_assert_true(find(f, "link:" PORT)->parent == find(f, "node:0"));
        g_assert_true(find(f, "pf:" PF)->parent == find(f, "link:" PORT));
        g_assert_true(find(f, "pf:" PF1)->parent == find(f, "link:" PORT));
        assert_attribute(f, "pf:" PF1, "narrowest-link", "link:" PORT);
        assert_attribute(f, "pf:" PF1, "bytes-per-second", "15753846153");
        g_assert_cmpuint(find(f, "pf:" PF)->total, ==, 1000);
        g_assert_cmpuint(find(f, "pf:" PF1)->total, ==, 0);
}

static void test_link_down(Fixture *f, gconstpointer unused) {
        add_card(f);
        fake_root_put(f->root, "sys/devices/pci0000:3b/" PF "/current_link_speed", "Unknown\n", -1);
        fake_root_put(f->root, "sys/devices/pci0000:3b/" PF "/current_link_width", "0\n", -1);
        read_map(f);
        g_assert_cmpuint(find(f, "link:" PORT)->total, ==, 0);
        assert_attribute(f, "link:" PORT, "state", "down");
        assert_attribute(f, "link:" PORT, "speed", NULL);
}

static void test_vfs(Fixture *f, gconstpointer unused) {
        SwitchVf *limits;
        int index;

        add_card(f);
        (void)fake_root_add_vf(f->root, PF);
        (void)fake_root_add_vf(f->root, PF);
        index = fake_rtnl_add_netdev(f->rtnl, "eth2");
        fake_rtnl_add_vf(f->rtnl, index, 0);
        fake_rtnl_add_vf(f->rtnl, index, 1);
        g_assert_cmpint(vf_link_read(fake_rtnl(f->rtnl), index, 1, &limits), ==, 0);
        limits->min_tx_rate = 100;
        limits->max_tx_rate = 500;
        g_assert_cmpint(vf_link_set(fake_rtnl(f->rtnl), index, 1, VF_SETTING_RATE, limits), ==, 0);
        switch_vf_free(limits);

        lease(f, VF0);
        read_map(f);
        g_assert_cmpuint(find(f, "vf-pool:" PF)->total, ==, 7);
        g_assert_cmpuint(find(f, "vf-pool:" PF)->used, ==, 1);
        g_assert_cmpuint(find(f, "vf-pool:" PF1)->used, ==, 0);
        assert_attribute(f, "vf-pool:" PF, "made", "2");
        assert_attribute(f, "vf-pool:" PF, "vf0-rate", NULL);
        assert_attribute(f, "vf-pool:" PF, "vf1-rate", "100-500");
        g_assert_cmpuint(find(f, "pf:" PF)->used, ==, 100);
        g_assert_cmpuint(find(f, "key:iommu-groups")->used, ==, 1);
}

static void test_function_attributes(Fixture *f, gconstpointer unused) {
        add_card(f);
        fake_root_add_mtty(f->root);
        (void)fake_root_add_vf(f->root, PF);
        read_map(f);
        assert_attribute(f, "vf-pool:" PF, "class", "sriov");
        assert_attribute(f, "vf-pool:" PF, "parent", PF);
        assert_attribute(f, "vf-pool:" PF, "pool", "default");
        assert_attribute(f, "vf-pool:" PF, "shared-group", NULL);
        assert_attribute(f, "mdev-type:mtty/mtty-2", "class", "mdev");
        assert_attribute(f, "mdev-type:mtty/mtty-2", "type", "mtty-2");
        assert_attribute(f, "mdev-type:mtty/mtty-2", "pool", "default");
}

static void join_group(Fixture *f, const char *function) {
        g_autofree char *link = g_strdup_printf("sys/devices/pci0000:3b/%s/iommu_group", function);
        g_autofree char *path = g_build_filename(fake_root_path(f->root), link, NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
        fake_root_link(f->root, link, "sys/kernel/iommu_groups/99");
}

static void test_shared_group(Fixture *f, gconstpointer unused) {
        add_card(f);
        (void)fake_root_add_vf(f->root, PF);
        (void)fake_root_add_vf(f->root, PF);
        fake_root_put(f->root, "sys/kernel/iommu_groups/99/type", "DMA\n", -1);
        join_group(f, VF0);
        read_map(f);
        assert_attribute(f, "vf-pool:" PF, "shared-group", NULL);
        join_group(f, VF1);
        read_map(f);
        assert_attribute(f, "vf-pool:" PF, "shared-group", "99");
        assert_attribute(f, "vf-pool:" PF1, "shared-group", NULL);
}

static void test_pools(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        config_free(f->config);
        inventory_free(f->inventory);
        f->config = config_parse("[Pool fast]\nDevices=" VF0 "\n[Pool odd]\nTypes=mtty-2\nMax=3\n",
                                 "file", &error);
        g_assert_no_error(error);
        f->inventory = inventory_new(fake_root_sysfs(f->root), f->config, NULL);
        add_card(f);
        fake_root_add_mtty(f->root);
        (void)fake_root_add_vf(f->root, PF);
        read_map(f);
        assert_attribute(f, "vf-pool:" PF, "pool", "fast");
        assert_attribute(f, "vf-pool:" PF1, "pool", "default");
        assert_attribute(f, "mdev-type:mtty/mtty-1", "pool", "default");
        assert_attribute(f, "mdev-type:mtty/mtty-1", "pool-max", NULL);
        assert_attribute(f, "mdev-type:mtty/mtty-2", "pool", "odd");
        assert_attribute(f, "mdev-type:mtty/mtty-2", "pool-max", "3");
        (void)fake_root_add_vf(f->root, PF);
        read_map(f);
        assert_attribute(f, "vf-pool:" PF, "pool", NULL);
}

static void test_mdevs(Fixture *f, gconstpointer unused) {
        fake_root_add_mtty(f->root);
        fake_root_add_mdev(f->root, "mtty", "mtty-2", MDEV);
        read_map(f);
        g_assert_cmpuint(find(f, "mdev-type:mtty/mtty-1")->total, ==, 22);
        g_assert_cmpuint(find(f, "mdev-type:mtty/mtty-1")->used, ==, 0);
        g_assert_cmpuint(find(f, "mdev-type:mtty/mtty-2")->total, ==, 12);
        g_assert_cmpuint(find(f, "mdev-type:mtty/mtty-2")->used, ==, 1);
        g_assert_true(find(f, "mdev-type:mtty/mtty-1")->parent == find(f, "host"));
}

static void test_shares(Fixture *f, gconstpointer unused) {
        fake_root_put(f->root, "sys/fs/resctrl/schemata", "MB:0=100\n", -1);
        fake_root_put(f->root, "sys/fs/resctrl/info/MB/num_closids", "8\n", -1);
        fake_root_put(f->root, "sys/fs/resctrl/info/L3/num_closids", "16\n", -1);
        fake_root_put(f->root, "sys/fs/resctrl/info/L3/cbm_mask", "7ff\n", -1);
        fake_root_put(f->root, "sys/fs/cgroup/misc.capacity", "sev 410\nsev 1\n", -1);
        fake_root_put(f->root, "sys/fs/cgroup/misc.current", "sev 3\n", -1);
        read_map(f);
        g_assert_cmpuint(find(f, "cache:groups")->total, ==, 16);
        g_assert_cmpuint(find(f, "cache:groups")->used, ==, 1);
        assert_attribute(f, "cache:groups", "ways", "11");
        g_assert_cmpuint(find(f, "cache:ways")->total, ==, 11);
        g_assert_cmpuint(find(f, "bandwidth:percent")->total, ==, 100);
        g_assert_cmpuint(find(f, "bandwidth:groups")->total, ==, 8);
        g_assert_nonnull(find(f, "key:sev"));
}

static void test_cxl(Fixture *f, gconstpointer unused) {
        fake_root_put(f->root, "sys/bus/cxl/devices/mem0/ram/size", "0x10000000\n", -1);
        fake_root_put(f->root, "sys/bus/cxl/devices/decoder0.0/size", "0x40000000\n", -1);
        fake_root_put(f->root, "sys/devices/root0/decoder0.0/region0/size", "0x1000\n", -1);
        fake_root_link(f->root, "sys/bus/cxl/devices/region0",
                       "sys/devices/root0/decoder0.0/region0");
        read_map(f);
        g_assert_cmpuint(find(f, "cxl:mem0")->total, ==, 256 << 20);
        g_assert_cmpuint(find(f, "cxl:decoder0.0")->used, ==, 0x1000);
        g_assert_true(find(f, "cxl:region0")->parent == find(f, "cxl:decoder0.0"));
        assert_attribute(f, "cxl:region0", "online", "no");
}

static void test_offload(Fixture *f, gconstpointer unused) {
        add_card(f);
        fake_root_put(f->root, "etc/virtferry/pools.d/dpu.conf",
                      "[Resource dpu0]\nParent=" PF "\nCores=16\nMemoryMiB=2\n"
                      "[Resource lost]\nParent=0000:99:00.0\nCores=1\n",
                      -1);
        fake_root_put(f->root, "etc/virtferry/pools.d/wrong.conf", "[Resource x]\n", -1);
        read_map(f);
        g_assert_true(find(f, "offload:dpu0")->parent == find(f, "pf:" PF));
        g_assert_cmpint(find(f, "offload:dpu0/cores")->kind, ==, RESOURCE_CORE);
        g_assert_cmpuint(find(f, "offload:dpu0/cores")->total, ==, 16);
        g_assert_cmpuint(find(f, "offload:dpu0/memory")->total, ==, 2 << 20);
        g_assert_null(resource_map_find(f->map, "offload:dpu0/bandwidth"));
        assert_attribute(f, "offload:dpu0", "problem", NULL);
        assert_attribute(f, "offload:lost", "problem",
                         "/etc/virtferry/pools.d/dpu.conf: [Resource lost] Parent is 0000:99:00.0, "
                         "and this host has no such PF: 'virt-ferry devices' lists those it has");
        assert_attribute(f, "offload:/0", "problem",
                         "/etc/virtferry/pools.d/wrong.conf:1: [Resource x] must have Parent=, the "
                         "PCI address of the device's PF");
}

#define POOL "etc/virtferry/pools.d/dpu.conf"

/* A connected agent with 8 cores, 4 GiB of which one is used, and 16 keys. */
static void set_up_agent(Fixture *f, const char *keys) {
        g_autofree char *text = g_strconcat("[Resource dpu0]\nParent=" PF "\nAgent=root@dpu0\n",
                                            keys, NULL);
        AgentReport *report = agent_report_new();

        fake_root_put(f->root, POOL, text, -1);
        f->agents = agent_book_new();
        agent_book_add(f->agents, "dpu0", "root@dpu0");
        report->cores = 8;
        report->memory = UINT64_C(4) << 30;
        report->memory_used = UINT64_C(1) << 30;
        report->keys = 16;
        agent_book_note(f->agents, "dpu0", report);
}

static void test_agent(Fixture *f, gconstpointer unused) {
        set_up_agent(f, "Cores=6\nMemoryMiB=8192\nBandwidthMbit=1000\n");
        read_map(f);
        assert_attribute(f, "offload:dpu0", "agent", "connected");
        g_assert_cmpuint(find(f, "offload:dpu0/cores")->total, ==, 6);
        g_assert_cmpuint(find(f, "offload:dpu0/memory")->total, ==, UINT64_C(4) << 30);
        g_assert_cmpuint(find(f, "offload:dpu0/memory")->used, ==, UINT64_C(1) << 30);
        g_assert_cmpuint(find(f, "offload:dpu0/bandwidth")->total, ==, 1000);
        g_assert_cmpuint(find(f, "offload:dpu0/keys")->total, ==, 16);
}

static void test_agent_is_away(Fixture *f, gconstpointer unused) {
        set_up_agent(f, "Cores=6\n");
        fake_root_put(f->root, "etc/virtferry/pools.d/more.conf",
                      "[Resource bare]\nParent=0000:99:00.0\nAgent=dpu1\n", -1);
        agent_book_note_away(f->agents, "dpu0", "No route to host");
        agent_book_add(f->agents, "bare", "dpu1");
        agent_book_note_away(f->agents, "bare", "Permission denied");
        read_map(f);
        assert_attribute(f, "offload:dpu0", "agent", "away: No route to host");
        g_assert_cmpuint(find(f, "offload:dpu0/cores")->total, ==, 6);
        g_assert_null(resource_map_find(f->map, "offload:dpu0/memory"));
        assert_attribute(f, "offload:bare", "agent", "away: Permission denied");
}

static void test_agent_is_not_asked(Fixture *f, gconstpointer unused) {
        set_up_agent(f, "");
        agent_entry_free(agent_book_take(f->agents, "dpu0"));
        read_map(f);
        assert_attribute(f, "offload:dpu0", "agent",
                         "away: virtferryd has had no answer from it yet");
        g_assert_null(resource_map_find(f->map, "offload:dpu0/cores"));
}

static void test_parents_first(Fixture *f, gconstpointer unused) {
        g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
        const GPtrArray *list;

        add_card(f);
        fake_root_add_mtty(f->root);
        read_map(f);
        list = resource_map_list(f->map);
        for (guint i = 0; i < list->len; i++) {
                const Resource *resource = list->pdata[i];

                g_assert_true(!resource->parent == (i == 0));
                g_assert_true(i == 0 || g_hash_table_contains(seen, resource->parent));
                g_hash_table_add(seen, (gpointer)resource);
        }
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/resource-map/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a host has CPUs and memory, and what it lacks is not there", test_small_host);
        ADD("hugepages are counted by size, and not twice", test_hugepages);
        ADD("a link that two functions share is one", test_shared_link);
        ADD("a link that is down carries nothing", test_link_down);
        ADD("VFs that are leased are used, and their limits are told", test_vfs);
        ADD("functions have a class, a parent and a pool", test_function_attributes);
        ADD("an IOMMU group that VFs share is told", test_shared_group);
        ADD("the pool is told where all functions are of one", test_pools);
        ADD("mdevs that are made are used", test_mdevs);
        ADD("shares and keys are counted, and what is told twice once", test_shares);
        ADD("a CXL region takes from its window", test_cxl);
        ADD("an offload device hangs below its PF, and what is wrong is told", test_offload);
        ADD("what an agent tells is there, and no more than its file allows", test_agent);
        ADD("an agent that is away leaves what its file says", test_agent_is_away);
        ADD("an agent that nobody has asked yet is away", test_agent_is_not_asked);
        ADD("a parent is before its children", test_parents_first);
        return g_test_run();
}
