/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/offload-pool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "daemon/core/config-reader.h"
#include "daemon/facts/fd.h"
#include "xml/ferry-error.h"
#include "xml/pci-address.h"

#define POOLS_DIRECTORY "etc/virtferry/pools.d"
#define GROUP_RESOURCE  "Resource "
#define NAME_LENGTH_MAX 64
#define CORES_MAX       65536
#define MEMORY_MAX_MIB  (64u * 1024 * 1024) /* 64 TiB */
#define BANDWIDTH_MAX   100000000u          /* Mbit/s: 100 Tbit/s */
#define KEYS_MAX        65536

void offload_pool_free(OffloadPool *pool) {
        if (!pool)
                return;

        g_free(pool->name);
        g_free(pool->file);
        g_free(pool->parent);
        g_free(pool);
}

GPtrArray *offload_pools_new(void) {
        return g_ptr_array_new_with_free_func((GDestroyNotify)offload_pool_free);
}

static bool name_is_valid(const char *name) {
        size_t length = strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.");

        return length > 0 && length <= NAME_LENGTH_MAX && name[length] == '\0';
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
        static const char *const keys[] = { "Parent",        "Cores",          "MemoryMiB",
                                            "BandwidthMbit", "ProtectionKeys", NULL };

        return config_reader_check_keys(reader, group, keys, error) &&
               config_read_string(reader, group, "Parent", &pool->parent, error) &&
               config_read_uint(reader, group, "Cores", 1, CORES_MAX, &pool->cores, error) &&
               config_read_uint(reader, group, "MemoryMiB", 1, MEMORY_MAX_MIB, &pool->memory_mib,
                                error) &&
               config_read_uint(reader, group, "BandwidthMbit", 1, BANDWIDTH_MAX,
                                &pool->bandwidth_mbit, error) &&
               config_read_uint(reader, group, "ProtectionKeys", 1, KEYS_MAX, &pool->keys, error);
}

static bool check_values(const OffloadPool *pool, const ConfigReader *reader, const char *group,
                         GError **error) {
        if (!pool->parent)
                return config_reader_fail(reader, group, NULL, error,
                                          "must have Parent=, the PCI address of the device's PF");
        if (!pci_address_is_valid(pool->parent))
                return config_reader_refuse(reader, group, "Parent",
                                            "a PCI address as 0000:3b:00.0", pool->parent, error);
        if (pool->cores + pool->memory_mib + pool->bandwidth_mbit + pool->keys == 0)
                return config_reader_fail(reader, group, NULL, error,
                                          "has nothing to share out: give Cores, MemoryMiB, "
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

static void load_file(int root_fd, const char *name, GPtrArray *pools, GPtrArray *problems) {
        g_autofree char *path = g_build_filename(POOLS_DIRECTORY, name, NULL);
        g_autofree char *file = g_strconcat("/", path, NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        if (!config_read_file(root_fd, path, file, &text, &error) ||
            (text && !offload_pools_parse(pools, text, file, &error)))
                g_ptr_array_add(problems, g_strdup(error->message));
}

static int compare_names(gconstpointer a, gconstpointer b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* 0 or negative errno. */
static int list_files(int root_fd, GPtrArray *names) {
        int fd = openat(root_fd, POOLS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *entry;
        DIR *stream;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;

        stream = fdopendir(fd);
        if (!stream) {
                fd_close(fd);
                return -errno;
        }
        while ((entry = readdir(stream)))
                if (g_str_has_suffix(entry->d_name, ".conf"))
                        g_ptr_array_add(names, g_strdup(entry->d_name));
        (void)closedir(stream);
        g_ptr_array_sort(names, compare_names);
        return 0;
}

void offload_pools_load(int root_fd, GPtrArray **ret_pools, GPtrArray **ret_problems) {
        GPtrArray *pools = offload_pools_new();
        GPtrArray *problems = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        int r;

        r = list_files(root_fd, names);
        if (r < 0)
                g_ptr_array_add(problems, g_strdup_printf("/" POOLS_DIRECTORY
                                                          ": The directory cannot be read: %s",
                                                          g_strerror(-r)));
        for (guint i = 0; i < names->len; i++)
                load_file(root_fd, names->pdata[i], pools, problems);
        *ret_pools = pools;
        *ret_problems = problems;
}
