/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/cpu-topology.h"
#include "tests/lib/fake-root.h"

#define CPUS "sys/devices/system/cpu/"

typedef struct Fixture {
        FakeRoot *root;
        CpuTopology *topology;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        fake_root_put(f->root, CPUS "online", "0-3\n", -1);
        fake_root_put(f->root, CPUS "present", "0-3\n", -1);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        cpu_topology_free(f->topology);
        fake_root_free(f->root);
}

G_GNUC_PRINTF(3, 4)
static void put(Fixture *f, const char *value, const char *format, ...) {
        g_autofree char *path = NULL;
        va_list args;

        va_start(args, format);
        path = g_strdup_vprintf(format, args);
        va_end(args);
        fake_root_put(f->root, path, value, -1);
}

static void add_cpu(Fixture *f, unsigned cpu, const char *package, const char *siblings) {
        put(f, package, CPUS "cpu%u/topology/physical_package_id", cpu);
        put(f, siblings, CPUS "cpu%u/topology/thread_siblings_list", cpu);
}

static void add_cache(Fixture *f, unsigned cpu, unsigned index, const char *level, const char *size,
                      const char *cpus) {
        put(f, level, CPUS "cpu%u/cache/index%u/level", cpu, index);
        put(f, size, CPUS "cpu%u/cache/index%u/size", cpu, index);
        put(f, cpus, CPUS "cpu%u/cache/index%u/shared_cpu_list", cpu, index);
}

static void read_topology(Fixture *f) {
        g_assert_cmpint(cpu_topology_read(fake_root_sysfs(f->root), &f->topology), ==, 0);
}

static void assert_set(const NumberSet *set, const char *expected) {
        g_autofree char *text = number_set_to_text(set);

        g_assert_cmpstr(text, ==, expected);
}

static void assert_core(const Fixture *f, unsigned i, const char *cpus, unsigned package,
                        unsigned node) {
        const CpuCore *core = &g_array_index(f->topology->cores, CpuCore, i);

        g_assert_cmpuint(i, <, f->topology->cores->len);
        assert_set(&core->cpus, cpus);
        g_assert_cmpuint(core->package, ==, package);
        g_assert_cmpuint(core->node, ==, node);
}

static void test_threads(Fixture *f, gconstpointer unused) {
        add_cpu(f, 0, "0\n", "0,2\n");
        add_cpu(f, 1, "1\n", "1,3\n");
        add_cpu(f, 2, "0\n", "0,2\n");
        add_cpu(f, 3, "1\n", "1,3\n");
        fake_root_put(f->root, "sys/devices/system/node/online", "0-1\n", -1);
        fake_root_link(f->root, CPUS "cpu1/node1", "sys/devices/system/node/node1");
        fake_root_put(f->root, "sys/devices/system/node/node1/cpulist", "1,3\n", -1);
        fake_root_put(f->root, CPUS "isolated", "3\n", -1);

        read_topology(f);
        g_assert_cmpuint(f->topology->cores->len, ==, 2);
        assert_core(f, 0, "0,2", 0, 0);
        assert_core(f, 1, "1,3", 1, 1);
        assert_set(&f->topology->isolated, "3");
}

static void test_no_smt(Fixture *f, gconstpointer unused) {
        for (unsigned cpu = 0; cpu < 4; cpu++) {
                g_autofree char *itself = g_strdup_printf("%u\n", cpu);

                add_cpu(f, cpu, "0\n", itself);
        }
        read_topology(f);
        g_assert_cmpuint(f->topology->cores->len, ==, 4);
        assert_core(f, 3, "3", 0, 0);
}

/* The kernel takes the directory away, and the CPU out of its sibling's list. */
static void test_offline(Fixture *f, gconstpointer unused) {
        fake_root_put(f->root, CPUS "online", "0-1,3\n", -1);
        add_cpu(f, 0, "0\n", "0\n");
        add_cpu(f, 1, "0\n", "1,3\n");
        add_cpu(f, 3, "0\n", "1,3\n");
        read_topology(f);
        g_assert_cmpuint(f->topology->cores->len, ==, 2);
        assert_core(f, 0, "0", 0, 0);
        assert_core(f, 1, "1,3", 0, 0);
        assert_set(&f->topology->offline, "2");
}

static void test_untold(Fixture *f, gconstpointer unused) {
        add_cpu(f, 0, "-1\n", "1\n"); /* nonsense: it is not among its siblings */
        read_topology(f);
        g_assert_cmpuint(f->topology->cores->len, ==, 4);
        assert_core(f, 0, "0", 0, 0);
        assert_core(f, 2, "2", 0, 0);
        g_assert_cmpuint(f->topology->caches->len, ==, 0);
}

static void test_caches(Fixture *f, gconstpointer unused) {
        const CpuCache *cache;

        for (unsigned cpu = 0; cpu < 4; cpu++) {
                add_cpu(f, cpu, cpu < 2 ? "0\n" : "1\n", cpu < 2 ? "0-1\n" : "2-3\n");
                add_cache(f, cpu, 4, "1\n", "48K\n", cpu < 2 ? "0-1\n" : "2-3\n");
                add_cache(f, cpu, 3, "3\n", "32768K\n", cpu < 2 ? "0-1\n" : "2-3\n");
        }
        read_topology(f);
        g_assert_cmpuint(f->topology->caches->len, ==, 2);
        cache = &g_array_index(f->topology->caches, CpuCache, 1);
        assert_set(&cache->cpus, "2-3");
        g_assert_cmpuint(cache->level, ==, 3);
        g_assert_cmpuint(cache->size, ==, 32 * 1024 * 1024);
        g_assert_cmpuint(cache->package, ==, 1);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/cpu-topology/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("threads of one core are one core, of its package and node", test_threads);
        ADD("with SMT off each CPU is a core", test_no_smt);
        ADD("a CPU that is offline is no core, and is told", test_offline);
        ADD("a CPU that tells nothing is a core by itself", test_untold);
        ADD("the last level of cache is counted once", test_caches);
        return g_test_run();
}
