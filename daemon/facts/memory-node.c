/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/memory-node.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/host-memory.h"
#include "daemon/facts/sysfs-dir.h"

#define DISTANCE_MAX 255 /* ACPI Specification, SLIT: one byte, 255 is unreachable */

void memory_node_free(MemoryNode *node) {
        if (!node)
                return;

        g_array_unref(node->pages);
        g_array_unref(node->distances);
        g_free(node);
}

static MemoryNode *node_new(unsigned number) {
        MemoryNode *node = g_new0(MemoryNode, 1);

        node->node = number;
        node->pages = g_array_new(FALSE, FALSE, sizeof(HugePages));
        node->distances = g_array_new(FALSE, FALSE, sizeof(int));
        return node;
}

/* 0 when it is not told. */
static uint64_t find_field(const char *text, const char *name) {
        uint64_t kib = 0;

        (void)meminfo_find(text, name, &kib);
        return kib;
}

/* MemAvailable is told of the host alone; of a node it is what nobody has, and the files that are
 * read again from the disk. */
static void take_memory(MemoryNode *node, const char *text) {
        uint64_t free_kib = find_field(text, "MemFree") + find_field(text, "Active(file)") +
                            find_field(text, "Inactive(file)");

        node->total_kib = find_field(text, "MemTotal");
        node->free_kib = MIN(free_kib, node->total_kib);
}

/* "hugepages-2048kB" */
static bool read_pages(const Sysfs *sysfs, const char *directory, const char *name,
                       HugePages *pages) {
        g_autofree char *total = g_build_filename(directory, name, "nr_hugepages", NULL);
        g_autofree char *left = g_build_filename(directory, name, "free_hugepages", NULL);
        char *end;

        if (!g_str_has_prefix(name, "hugepages-"))
                return false;

        pages->page_kib = g_ascii_strtoull(name + strlen("hugepages-"), &end, 10);
        return pages->page_kib > 0 && g_str_equal(end, "kB") &&
               sysfs_read_u64(sysfs, total, &pages->total) >= 0 &&
               sysfs_read_u64(sysfs, left, &pages->free) >= 0 && pages->free <= pages->total;
}

static int compare_pages(gconstpointer a, gconstpointer b) {
        const HugePages *x = a, *y = b;

        return x->page_kib < y->page_kib ? -1 : x->page_kib > y->page_kib;
}

static void take_pages(MemoryNode *node, const Sysfs *sysfs, const char *directory) {
        g_autoptr(GPtrArray) names = NULL;

        if (sysfs_list(sysfs, directory, &names) < 0)
                return;

        for (guint i = 0; i < names->len; i++) {
                HugePages pages;

                if (read_pages(sysfs, directory, names->pdata[i], &pages))
                        g_array_append_val(node->pages, pages);
        }
        g_array_sort(node->pages, compare_pages);
}

/* "10 21" */
static void take_distances(MemoryNode *node, const SysfsDir *dir) {
        char text[SYSFS_VALUE_MAX], *rest = text, *word;

        if (sysfs_dir_read(dir, "distance", text) <= 0)
                return;

        while ((word = strsep(&rest, " "))) {
                guint64 number;
                int distance;

                if (!g_ascii_string_to_unsigned(word, 10, 0, DISTANCE_MAX, &number, NULL))
                        continue;
                distance = (int)number;
                g_array_append_val(node->distances, distance);
        }
}

/* Kernels without movable memory, and those of which it is not known, have the file not at all. */
static bool is_movable(const Sysfs *sysfs, unsigned number) {
        g_autofree char *text = NULL;
        NumberSet normal;

        return sysfs_read_string(sysfs, "sys/devices/system/node/has_normal_memory", &text) >= 0 &&
               number_set_from_text(text, &normal) && !number_set_has(&normal, number);
}

static int read_node(const Sysfs *sysfs, unsigned number, MemoryNode **ret_node) {
        g_autoptr(MemoryNode) node = node_new(number);
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;
        g_autofree char *pages = NULL;
        char text[SYSFS_VALUE_MAX];
        int r;

        r = sysfs_dir_open(sysfs, &dir, "sys/devices/system/node/node%u", number);
        if (r < 0)
                return r;

        if (sysfs_dir_read(&dir, "meminfo", text) > 0)
                take_memory(node, text);
        if (sysfs_dir_read(&dir, "cpulist", text) > 0)
                (void)number_set_from_text(text, &node->cpus);
        node->movable = node->total_kib > 0 && is_movable(sysfs, number);
        take_distances(node, &dir);
        pages = g_build_filename(dir.path, "hugepages", NULL);
        take_pages(node, sysfs, pages);
        *ret_node = g_steal_pointer(&node);
        return 0;
}

static int read_host(const Sysfs *sysfs, MemoryNode **ret_node) {
        g_autoptr(MemoryNode) node = node_new(0);
        g_autofree char *text = NULL;
        int r;

        r = sysfs_read_string(sysfs, "proc/meminfo", &text);
        if (r < 0)
                return r;
        r = host_cpus_read(sysfs, &node->cpus);
        if (r < 0)
                return r;

        take_memory(node, text);
        take_pages(node, sysfs, "sys/kernel/mm/hugepages");
        *ret_node = g_steal_pointer(&node);
        return 0;
}

int memory_nodes_read(const Sysfs *sysfs, GPtrArray **ret_nodes) {
        g_autoptr(GPtrArray)
                nodes = g_ptr_array_new_with_free_func((GDestroyNotify)memory_node_free);
        bool numa = sysfs_exists(sysfs, "sys/devices/system/node/online");
        NumberSet numbers;
        int r;

        r = host_nodes_read(sysfs, &numbers);
        if (r < 0)
                return r;

        for (unsigned i = number_set_next(&numbers, 0); i < NUMBER_SET_MAX;
             i = number_set_next(&numbers, i + 1)) {
                MemoryNode *node;

                r = numa ? read_node(sysfs, i, &node) : read_host(sysfs, &node);
                if (r < 0)
                        return r;
                g_ptr_array_add(nodes, node);
        }

        *ret_nodes = g_steal_pointer(&nodes);
        return 0;
}

static uint64_t count_free_pages(const MemoryNode *node, uint64_t page_kib) {
        for (guint i = 0; i < node->pages->len; i++) {
                const HugePages *pages = &g_array_index(node->pages, HugePages, i);

                if (pages->page_kib == page_kib)
                        return pages->free;
        }
        return 0;
}

uint64_t memory_nodes_free_pages(const Sysfs *sysfs, uint64_t page_kib, const NumberSet *numbers) {
        g_autoptr(GPtrArray) nodes = NULL;
        uint64_t sum = 0;

        if (memory_nodes_read(sysfs, &nodes) < 0)
                return 0;

        for (guint i = 0; i < nodes->len; i++) {
                const MemoryNode *node = nodes->pdata[i];

                if (!numbers || number_set_has(numbers, node->node))
                        sum += count_free_pages(node, page_kib);
        }
        return sum;
}
