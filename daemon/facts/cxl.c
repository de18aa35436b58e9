/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/cxl.h"

#include <string.h>

#include "daemon/facts/device-path.h"
#include "daemon/facts/sysfs-dir.h"

#define CXL_DEVICES "sys/bus/cxl/devices"
#define DAX_DEVICES "sys/bus/dax/devices"

static void memory_free(gpointer p) {
        CxlMemory *memory = p;

        g_free(memory->name);
        g_free(memory);
}

static void decoder_free(gpointer p) {
        CxlDecoder *decoder = p;

        g_free(decoder->name);
        g_free(decoder->memory);
        g_free(decoder);
}

static void region_free(gpointer p) {
        CxlRegion *region = p;

        g_free(region->name);
        g_free(region->decoder);
        g_free(region);
}

void cxl_facts_free(CxlFacts *facts) {
        if (!facts)
                return;

        g_ptr_array_unref(facts->memories);
        g_ptr_array_unref(facts->decoders);
        g_ptr_array_unref(facts->regions);
        g_free(facts);
}

/* What the device does not tell is 0. */
static uint64_t read_size(const Sysfs *sysfs, const char *device, const char *attribute) {
        g_autofree char *path = g_build_filename(CXL_DEVICES, device, attribute, NULL);
        uint64_t size = 0;

        (void)sysfs_read_u64(sysfs, path, &size);
        return size;
}

static CxlMemory *read_memory(const Sysfs *sysfs, const char *name) {
        g_autofree char *node = g_build_filename(CXL_DEVICES, name, "numa_node", NULL);
        CxlMemory *memory = g_new0(CxlMemory, 1);

        memory->name = g_strdup(name);
        memory->ram_size = read_size(sysfs, name, "ram/size");
        memory->pmem_size = read_size(sysfs, name, "pmem/size");
        if (sysfs_read_int(sysfs, node, &memory->numa_node) < 0 || memory->numa_node < 0)
                memory->numa_node = -1;
        return memory;
}

/* "decoder2.0" belongs to "endpoint2", whose port is the memory device. */
static CxlDecoder *read_decoder(const Sysfs *sysfs, const char *name) {
        guint64 port = g_ascii_strtoull(name + strlen("decoder"), NULL, 10);
        g_autofree char *uport = g_strdup_printf(CXL_DEVICES "/endpoint%" G_GUINT64_FORMAT "/uport",
                                                 port);
        CxlDecoder *decoder = g_new0(CxlDecoder, 1);

        decoder->name = g_strdup(name);
        decoder->size = read_size(sysfs, name, "size");
        decoder->mapped = read_size(sysfs, name, "dpa_size");
        (void)sysfs_read_link_name(sysfs, uport, &decoder->memory);
        return decoder;
}

/* A dax device that hangs below the region. */
static bool is_below(const Sysfs *sysfs, const char *dax, const char *region) {
        g_autofree char *path = g_build_filename(DAX_DEVICES, dax, NULL);
        g_auto(GStrv) names = NULL;

        return device_path_read(sysfs, path, &names) >= 0 &&
               g_strv_contains((const char *const *)names, region);
}

static void read_dax(const Sysfs *sysfs, const char *dax, CxlRegion *region) {
        g_autofree char *node = g_build_filename(DAX_DEVICES, dax, "target_node", NULL);
        g_autofree char *driver = g_build_filename(DAX_DEVICES, dax, "driver", NULL);
        g_autofree char *bound = NULL;

        if (sysfs_read_int(sysfs, node, &region->node) < 0 || region->node < 0)
                region->node = -1;
        if (sysfs_read_link_name(sysfs, driver, &bound) >= 0)
                region->online = g_str_equal(bound, "kmem");
}

/* The device that it hangs below. */
static char *find_decoder(const Sysfs *sysfs, const char *region) {
        g_autofree char *path = g_build_filename(CXL_DEVICES, region, NULL);
        g_auto(GStrv) names = NULL;
        guint n;

        if (device_path_read(sysfs, path, &names) < 0)
                return NULL;

        n = g_strv_length(names);
        return n >= 2 ? g_strdup(names[n - 2]) : NULL;
}

static CxlRegion *read_region(const Sysfs *sysfs, const char *name) {
        CxlRegion *region = g_new0(CxlRegion, 1);
        g_autoptr(GPtrArray) names = NULL;

        region->name = g_strdup(name);
        region->node = -1;
        region->decoder = find_decoder(sysfs, name);
        region->size = read_size(sysfs, name, "size");
        if (sysfs_list(sysfs, DAX_DEVICES, &names) < 0)
                return region;

        for (guint i = 0; i < names->len; i++)
                if (is_below(sysfs, names->pdata[i], name))
                        read_dax(sysfs, names->pdata[i], region);
        return region;
}

static void count_mapped(CxlFacts *facts) {
        for (guint i = 0; i < facts->decoders->len; i++) {
                const CxlDecoder *decoder = facts->decoders->pdata[i];

                for (guint j = 0; j < facts->memories->len; j++) {
                        CxlMemory *memory = facts->memories->pdata[j];

                        if (g_strcmp0(decoder->memory, memory->name) == 0)
                                memory->mapped += decoder->mapped;
                }
        }
}

static bool is_named(const char *name, const char *kind) {
        return g_str_has_prefix(name, kind) && g_ascii_isdigit(name[strlen(kind)]);
}

int cxl_read(const Sysfs *sysfs, CxlFacts **ret_facts) {
        g_autoptr(CxlFacts) facts = g_new0(CxlFacts, 1);
        g_autoptr(GPtrArray) names = NULL;
        int r;

        facts->memories = g_ptr_array_new_with_free_func(memory_free);
        facts->decoders = g_ptr_array_new_with_free_func(decoder_free);
        facts->regions = g_ptr_array_new_with_free_func(region_free);
        r = sysfs_list(sysfs, CXL_DEVICES, &names);
        if (r < 0)
                return r;

        for (guint i = 0; i < names->len; i++) {
                const char *name = names->pdata[i];

                if (is_named(name, "mem"))
                        g_ptr_array_add(facts->memories, read_memory(sysfs, name));
                else if (is_named(name, "decoder"))
                        g_ptr_array_add(facts->decoders, read_decoder(sysfs, name));
                else if (is_named(name, "region"))
                        g_ptr_array_add(facts->regions, read_region(sysfs, name));
        }
        count_mapped(facts);
        *ret_facts = g_steal_pointer(&facts);
        return 0;
}
