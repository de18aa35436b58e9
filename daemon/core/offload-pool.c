/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/offload-pool.h"

#include <string.h>

#include "daemon/core/config-directory.h"
#include "daemon/core/config-reader.h"
#include "xml/ferry-error.h"
#include "xml/pci-address.h"

#define GROUP_RESOURCE   "Resource "
#define NAME_LENGTH_MAX  64
#define AGENT_LENGTH_MAX 255

void offload_pool_free(OffloadPool *pool) {
        if (!pool)
                return;

        g_free(pool->name);
        g_free(pool->file);
        g_free(pool->parent);
        g_free(pool->agent);
        g_free(pool);
}

GPtrArray *offload_pools_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)offload_pool_free);
}

static bool name_is_valid(const char *name) {
        size_t length = strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.");

        return length > 0 && length <= NAME_LENGTH_MAX && name[length] == '\0';
}

/* It becomes an argument of ssh, which a hyphen would make an option, and a blank another. */
static bool agent_is_valid(const char *agent) {
        size_t length = strspn(agent, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.@:[]%/");

        return length > 0 && length <= AGENT_LENGTH_MAX && agent[length] == '\0' && agent[0] != '-';
}

static const OffloadPool *find(const GPtrArray *pools, const char *name) {
        for (guint i = 0; i < pools->len; i++) {
                const OffloadPool *pool = pools->pdata[i];

                if (g_str_equal(pool->name, name))
                        return pool;
        }
        return NULL;
}

static bool read_values(OffloadPool *pool, const ConfigReader *reader, const char *group,
                        GError **error) {
        static const char *const keys[] = { "Parent",        "Agent",          "Cores", "MemoryMiB",
                                            "BandwidthMbit", "ProtectionKeys", NULL };

        return config_reader_check_keys(reader, group, keys, error) &&
               config_read_string(reader, group, "Parent", &pool->parent, error) &&
               config_read_string(reader, group, "Agent", &pool->agent, error) &&
               config_read_uint(reader, group, "Cores", 1, OFFLOAD_CORES_MAX, &pool->cores,
                                error) &&
               config_read_uint(reader, group, "MemoryMiB", 1, OFFLOAD_MEMORY_MAX_MIB,
                                &pool->memory_mib, error) &&
               config_read_uint(reader, group, "BandwidthMbit", 1, OFFLOAD_BANDWIDTH_MAX,
                                &pool->bandwidth_mbit, error) &&
               config_read_uint(reader, group, "ProtectionKeys", 1, OFFLOAD_KEYS_MAX, &pool->keys,
                                error);
}

static bool check_values(const OffloadPool *pool, const ConfigReader *reader, const char *group,
                         GError **error) {
        if (!pool->parent)
                return config_reader_fail(reader, group, NULL, error,
                                          "must have Parent=, the PCI address of the device's PF");
        if (!pci_address_is_valid(pool->parent))
                return config_reader_refuse(reader, group, "Parent",
                                            "a PCI address as 0000:3b:00.0", pool->parent, error);
        if (pool->agent && !agent_is_valid(pool->agent))
                return config_reader_refuse(reader, group, "Agent",
                                            "a destination of ssh as root@dpu0", pool->agent,
                                            error);
        if (!pool->agent && pool->cores + pool->memory_mib + pool->bandwidth_mbit + pool->keys == 0)
                return config_reader_fail(reader, group, NULL, error,
                                          "has nothing to share out: give Agent, Cores, MemoryMiB, "
                                          "BandwidthMbit or ProtectionKeys");
        return true;
}

static OffloadPool *parse_group(const ConfigReader *reader, const char *group, const char *file,
                                GError **error) {
        g_autoptr(OffloadPool) pool = g_new0(OffloadPool, 1);

        if (!g_str_has_prefix(group, GROUP_RESOURCE)) {
                config_reader_fail(reader, group, NULL, error,
                                   "is unknown: the groups are [Resource NAME]");
                return NULL;
        }
        if (!name_is_valid(group + strlen(GROUP_RESOURCE))) {
                config_reader_fail(reader, group, NULL, error,
                                   "must have a name of 1 to %d letters, digits and '-_.'",
                                   NAME_LENGTH_MAX);
                return NULL;
        }

        pool->name = g_strdup(group + strlen(GROUP_RESOURCE));
        pool->file = g_strdup(file);
        if (!read_values(pool, reader, group, error) || !check_values(pool, reader, group, error))
                return NULL;
        return g_steal_pointer(&pool);
}

bool offload_pools_parse(GPtrArray *pools, const char *text, const char *file, GError **error) {
        g_autoptr(ConfigReader) reader = config_reader_new(text, file, error);
        g_auto(GStrv) groups = reader ? config_reader_groups(reader) : NULL;
        guint before = pools->len;

        for (char **group = groups; group && *group; group++) {
                g_autoptr(OffloadPool) pool = parse_group(reader, *group, file, error);
                const OffloadPool *other = pool ? find(pools, pool->name) : NULL;

                if (other)
                        config_reader_fail(reader, *group, NULL, error, "is in %s already",
                                           other->file);
                if (!pool || other) {
                        g_ptr_array_set_size(pools, (int)before);
                        return false;
                }
                g_ptr_array_add(pools, g_steal_pointer(&pool));
        }
        return reader != NULL;
}

static bool take_file(void *userdata, const char *text, const char *file, GError **error) {
        return offload_pools_parse(userdata, text, file, error);
}

void offload_pools_load(int root_fd, GPtrArray **ret_pools, GPtrArray **ret_problems) {
        static const char *const directories[] = { "etc/virtferry/pools.d", NULL };
        GPtrArray *pools = offload_pools_new();
        GPtrArray *problems = g_ptr_array_new_with_free_func(g_free);

        config_directories_load(root_fd, directories, NULL, take_file, pools, problems);
        *ret_pools = pools;
        *ret_problems = problems;
}
