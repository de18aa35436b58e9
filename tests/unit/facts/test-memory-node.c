/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/memory-node.h"

#include <errno.h>

#include "daemon/facts/host-memory.h"
#include "tests/lib/fake-root.h"

#define NODES "sys/devices/system/node/"
#define PAGES "/hugepages/hugepages-"

typedef struct Fixture {
        FakeRoot *root;
        GPtrArray *nodes;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        fake_root_put(f->root, "sys/devices/system/cpu/online", "0-3\n", -1);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_clear_pointer(&f->nodes, g_ptr_array_unref);
        fake_root_free(f->root);
}

static const MemoryNode *read_node(Fixture *f, unsigned i, unsigned n_nodes) {
        if (!f->nodes)
                g_assert_cmpint(memory_nodes_read(fake_root_sysfs(f->root), &f->nodes), ==, 0);
        g_assert_cmpuint(f->nodes->len, ==, n_nodes);
        return f->nodes->pdata[i];
}

static void assert_pages(const MemoryNode *node, unsigned i, uint64_t kib, uint64_t total,
                         uint64_t left) {
        const HugePages *pages = &g_array_index(node->pages, HugePages, i);

        g_assert_cmpuint(i, <, node->pages->len);
        g_assert_cmpuint(pages->page_kib, ==, kib);
        g_assert_cmpuint(pages->total, ==, total);
        g_assert_cmpuint(pages->free, ==, left);
}

static void add_two_nodes(Fixture *f) {
        fake_root_put(f->root, NODES "online", "0,2\n", -1);
        fake_root_put(f->root, NODES "node0/meminfo",
                      "Node 0 MemTotal:       8000 kB\nNode 0 MemFree:        1000 kB\n"
                      "Node 0 Active(file):    300 kB\nNode 0 Inactive(file):  200 kB\n",
                      -1);
        fake_root_put(f->root, NODES "node0/cpulist", "0-3\n", -1);
        fake_root_put(f->root, NODES "node0/distance", "10 21\n", -1);
        fake_root_put(f->root, NODES "node0" PAGES "2048kB/nr_hugepages", "8\n", -1);
        fake_root_put(f->root, NODES "node0" PAGES "2048kB/free_hugepages", "3\n", -1);
        fake_root_put(f->root, NODES "node0" PAGES "1048576kB/nr_hugepages", "2\n", -1);
        fake_root_put(f->root, NODES "node0" PAGES "1048576kB/free_hugepages", "2\n", -1);
        fake_root_put(f->root, NODES "node2/meminfo", "Node 2 MemTotal:  0 kB\n", -1);
        fake_root_put(f->root, NODES "node2/cpulist", "\n", -1);
        fake_root_put(f->root, NODES "node2/distance", "21 10\n", -1);
}

static void test_node(Fixture *f, gconstpointer unused) {
        const MemoryNode *node;

        add_two_nodes(f);
        node = read_node(f, 0, 2);
        g_assert_cmpuint(node->total_kib, ==, 8000);
        g_assert_cmpuint(node->free_kib, ==, 1500);
        g_assert_cmpuint(number_set_count(&node->cpus), ==, 4);
        g_assert_cmpuint(node->distances->len, ==, 2);
        g_assert_cmpint(g_array_index(node->distances, int, 1), ==, 21);
        g_assert_cmpuint(node->pages->len, ==, 2);
        assert_pages(node, 0, 2048, 8, 3);
        assert_pages(node, 1, 1048576, 2, 2);
}

static void test_no_memory(Fixture *f, gconstpointer unused) {
        const MemoryNode *node;

        add_two_nodes(f);
        node = read_node(f, 1, 2);
        g_assert_cmpuint(node->node, ==, 2);
        g_assert_cmpuint(node->total_kib, ==, 0);
        g_assert_cmpuint(node->free_kib, ==, 0);
        g_assert_cmpuint(number_set_count(&node->cpus), ==, 0);
        g_assert_cmpuint(node->pages->len, ==, 0);
}

static void test_movable(Fixture *f, gconstpointer unused) {
        add_two_nodes(f);
        fake_root_put(f->root, NODES "node2/meminfo", "Node 2 MemTotal:  4000 kB\n", -1);
        fake_root_put(f->root, NODES "has_normal_memory", "0\n", -1);
        g_assert_false(read_node(f, 0, 2)->movable);
        g_assert_true(read_node(f, 1, 2)->movable);
        g_clear_pointer(&f->nodes, g_ptr_array_unref);
        fake_root_put(f->root, NODES "has_normal_memory", "0,2\n", -1);
        g_assert_false(read_node(f, 1, 2)->movable);
}

static void test_no_numa(Fixture *f, gconstpointer unused) {
        const MemoryNode *node;

        fake_root_put(f->root, "proc/meminfo",
                      "MemTotal:  9000 kB\nMemFree:  400 kB\nMemAvailable:  1 kB\n"
                      "Active(file):  50 kB\nInactive(file):  60 kB\n",
                      -1);
        fake_root_put(f->root, "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "4\n", -1);
        fake_root_put(f->root, "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "1\n",
                      -1);
        node = read_node(f, 0, 1);
        g_assert_cmpuint(node->node, ==, 0);
        g_assert_cmpuint(node->total_kib, ==, 9000);
        g_assert_cmpuint(node->free_kib, ==, 510);
        g_assert_cmpuint(number_set_count(&node->cpus), ==, 4);
        g_assert_cmpuint(node->distances->len, ==, 0);
        assert_pages(node, 0, 2048, 4, 1);
}

static void test_broken(Fixture *f, gconstpointer unused) {
        const MemoryNode *node;

        add_two_nodes(f);
        fake_root_put(f->root, NODES "node0" PAGES "2048kB/free_hugepages", "9\n", -1);
        fake_root_put(f->root, NODES "node0/distance", "10 near 300 21\n", -1);
        node = read_node(f, 0, 2);
        g_assert_cmpuint(node->pages->len, ==, 1);
        g_assert_cmpuint(node->distances->len, ==, 2);
}

static uint64_t free_pages(Fixture *f, uint64_t page_kib, const char *numbers) {
        NumberSet set = { 0 };

        if (numbers)
                g_assert_true(number_set_from_text(numbers, &set));
        return memory_nodes_free_pages(fake_root_sysfs(f->root), page_kib, numbers ? &set : NULL);
}

static void test_free_pages(Fixture *f, gconstpointer unused) {
        add_two_nodes(f);
        fake_root_put(f->root, NODES "node2" PAGES "2048kB/nr_hugepages", "4\n", -1);
        fake_root_put(f->root, NODES "node2" PAGES "2048kB/free_hugepages", "4\n", -1);

        g_assert_cmpuint(free_pages(f, 2048, NULL), ==, 7);
        g_assert_cmpuint(free_pages(f, 2048, "0"), ==, 3);
        g_assert_cmpuint(free_pages(f, 2048, "1-2"), ==, 4);
        g_assert_cmpuint(free_pages(f, 1048576, NULL), ==, 2);
        g_assert_cmpuint(free_pages(f, 64, NULL), ==, 0);
}

static void test_meminfo(Fixture *f, gconstpointer unused) {
        static const char text[] = "MemTotal:  9 kB\nSwapTotal:  7 kB\nInactive(file):  5 kB\n"
                                   "Active(file):  3 kB\n";
        uint64_t kib = 1;

        g_assert_false(meminfo_find(text, "Total", &kib));
        g_assert_false(meminfo_find(text, "Active", &kib));
        g_assert_cmpuint(kib, ==, 1);
        g_assert_true(meminfo_find(text, "MemTotal", &kib));
        g_assert_cmpuint(kib, ==, 9);
        g_assert_true(meminfo_find(text, "Active(file)", &kib));
        g_assert_cmpuint(kib, ==, 3);
        g_assert_true(meminfo_find("Node 0 MemFree:  4 kB", "MemFree", &kib));
        g_assert_cmpuint(kib, ==, 4);
}

static void test_host(Fixture *f, gconstpointer unused) {
        HostMemory memory;

        fake_root_put(f->root, "proc/meminfo", "MemTotal:  9 kB\n", -1);
        g_assert_cmpint(host_memory_read(fake_root_sysfs(f->root), &memory), ==, -EBADMSG);

        fake_root_put(f->root, "proc/meminfo",
                      "MemTotal:  9 kB\nMemAvailable:  5 kB\nSwapFree:  3 kB\n", -1);
        g_assert_cmpint(host_memory_read(fake_root_sysfs(f->root), &memory), ==, 0);
        g_assert_cmpuint(memory.available_kib, ==, 5);
        g_assert_cmpuint(memory.swap_kib, ==, 3);
        g_assert_cmpuint(memory.hugepage_kib, ==, 0);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/memory-node/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a node has memory, pages of each size and distances", test_node);
        ADD("a node without memory and CPUs is a node", test_no_memory);
        ADD("a node without memory of the kernel is movable", test_movable);
        ADD("a host without NUMA is node 0", test_no_numa);
        ADD("what cannot be true is passed over", test_broken);
        ADD("free pages of one size are counted on some nodes or all", test_free_pages);
        ADD("a line of meminfo is found by its whole name", test_meminfo);
        ADD("a host must tell what is available, and no more", test_host);
        return g_test_run();
}
