/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/cpu-topology.h"

#include <errno.h>

#include "daemon/facts/host-memory.h"
#include "daemon/facts/sysfs-dir.h"

#define CPUS        "sys/devices/system/cpu"
#define PACKAGE_MAX 1023 /* physical_package_id is -1 where the firmware tells none */
#define CACHES_MAX  16   /* indexes of one CPU; x86 has 4 */

void cpu_topology_free(CpuTopology *topology) {
        if (!topology)
                return;

        g_array_unref(topology->cores);
        g_array_unref(topology->caches);
        g_free(topology);
}

static CpuTopology *topology_new(void) {
        CpuTopology *topology = g_new0(CpuTopology, 1);

        topology->cores = g_array_new(FALSE, FALSE, sizeof(CpuCore));
        topology->caches = g_array_new(FALSE, FALSE, sizeof(CpuCache));
        return topology;
}

/* What is missing or broken is empty. */
static NumberSet read_set(const Sysfs *sysfs, const char *path) {
        g_autofree char *text = NULL;
        NumberSet set = { 0 };

        if (sysfs_read_string(sysfs, path, &text) >= 0)
                (void)number_set_from_text(text, &set);
        return set;
}

static unsigned find_node(const Sysfs *sysfs, const NumberSet *nodes, unsigned cpu) {
        for (unsigned node = number_set_next(nodes, 0); node < NUMBER_SET_MAX;
             node = number_set_next(nodes, node + 1)) {
                char path[SYSFS_PATH_MAX];

                g_snprintf(path, sizeof(path), CPUS "/cpu%u/node%u", cpu, node);
                if (sysfs_exists(sysfs, path))
                        return node;
        }
        return 0;
}

static bool dir_read_set(const SysfsDir *dir, const char *name, NumberSet *ret_set) {
        char text[SYSFS_VALUE_MAX];

        return sysfs_dir_read(dir, name, text) > 0 && number_set_from_text(text, ret_set);
}

static CpuCore read_core(const Sysfs *sysfs, const NumberSet *nodes, unsigned cpu) {
        CpuCore core = { .first = cpu, .node = find_node(sysfs, nodes, cpu) };
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        int package = 0;

        core.cpus = number_set_of(cpu);
        if (sysfs_dir_open(sysfs, &dir, CPUS "/cpu%u/topology", cpu) < 0)
                return core;

        if (sysfs_dir_read_int(&dir, "physical_package_id", &package) >= 0 && package >= 0 &&
            package <= PACKAGE_MAX)
                core.package = package;
        /* Before it is believed: it must name the CPU itself. */
        if (!dir_read_set(&dir, "thread_siblings_list", &core.cpus) ||
            !number_set_has(&core.cpus, cpu))
                core.cpus = number_set_of(cpu);
        return core;
}

static void read_cores(CpuTopology *topology, const Sysfs *sysfs, const NumberSet *nodes) {
        NumberSet rest = topology->online;

        for (unsigned cpu = number_set_next(&rest, 0); cpu < NUMBER_SET_MAX;
             cpu = number_set_next(&rest, cpu + 1)) {
                CpuCore core = read_core(sysfs, nodes, cpu);

                rest = number_set_without(&rest, &core.cpus);
                g_array_append_val(topology->cores, core);
        }
}

/* "32768K" */
static uint64_t parse_size(const char *text) {
        char *end;
        uint64_t size = g_ascii_strtoull(text, &end, 10);
        unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 0;

        return size <= G_MAXUINT32 ? size << shift : 0;
}

static bool read_cache(const Sysfs *sysfs, unsigned cpu, unsigned index, CpuCache *cache) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        char size[SYSFS_VALUE_MAX];
        int level;

        if (sysfs_dir_open(sysfs, &dir, CPUS "/cpu%u/cache/index%u", cpu, index) < 0 ||
            sysfs_dir_read_int(&dir, "level", &level) < 0 || level <= (int)cache->level ||
            sysfs_dir_read(&dir, "size", size) <= 0 ||
            !dir_read_set(&dir, "shared_cpu_list", &cache->cpus))
                return false;

        cache->level = level;
        cache->size = parse_size(size);
        return true;
}

static void read_caches(CpuTopology *topology, const Sysfs *sysfs) {
        NumberSet seen = { 0 };

        for (guint i = 0; i < topology->cores->len; i++) {
                const CpuCore *core = &g_array_index(topology->cores, CpuCore, i);
                CpuCache cache = { .package = core->package };

                if (number_set_has(&seen, core->first))
                        continue;
                for (unsigned index = 0; index < CACHES_MAX; index++)
                        (void)read_cache(sysfs, core->first, index, &cache);
                if (cache.level == 0)
                        continue;
                number_set_add(&seen, &cache.cpus);
                g_array_append_val(topology->caches, cache);
        }
}

int cpu_topology_read(const Sysfs *sysfs, CpuTopology **ret_topology) {
        g_autoptr(CpuTopology) topology = topology_new();
        NumberSet nodes, present;
        int r;

        r = host_cpus_read(sysfs, &topology->online);
        if (r < 0)
                return r;
        r = host_nodes_read(sysfs, &nodes);
        if (r < 0)
                return r;

        present = read_set(sysfs, CPUS "/present");
        topology->offline = number_set_without(&present, &topology->online);
        topology->isolated = read_set(sysfs, CPUS "/isolated");
        read_cores(topology, sysfs, &nodes);
        read_caches(topology, sysfs);
        *ret_topology = g_steal_pointer(&topology);
        return 0;
}
