/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/resctrl-group.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "daemon/facts/resctrl.h"

#define RESCTRL     "sys/fs/resctrl"
#define PERCENT_ALL 100u
#define LOOKS_MAX   10 /* for new threads */

typedef struct Group {
        char *name; /* "": the kernel's own */
        uint64_t mask;
} Group;

static void group_free(gpointer p) {
        Group *group = p;

        g_free(group->name);
        g_free(group);
}

static char *path_of(const char *group, const char *file) {
        return *group ? g_build_filename(RESCTRL, group, file, NULL)
                      : g_build_filename(RESCTRL, file, NULL);
}

static bool is_ours(const Group *group) {
        return g_str_has_prefix(group->name, RESCTRL_GROUP_PREFIX);
}

/* Whoever has the lowest way shares it. */
static bool shares(const Group *group) {
        return group->mask & 1;
}

/* Schemata -------------------------------------------------------------------------- */

/* The line of a resource: "0=fff;1=fff", one value for each of its domains; NULL without. */
static char *read_line(const Sysfs *sysfs, const char *group, const char *resource) {
        g_autofree char *path = path_of(group, "schemata"), *text = NULL;
        g_auto(GStrv) lines = NULL;

        if (sysfs_read_string(sysfs, path, &text) < 0)
                return NULL;

        lines = g_strsplit(text, "\n", -1);
        for (char **line = lines; *line; line++) {
                char *value = strchr(*line, ':');

                if (!value)
                        continue;
                *value++ = '\0';
                if (g_str_equal(g_strstrip(*line), resource))
                        return g_strdup(value);
        }
        return NULL;
}

/* That of the first domain: ours have the same in all. */
static int read_value(const Sysfs *sysfs, const char *group, const char *resource, unsigned base,
                      uint64_t *ret_value) {
        g_autofree char *line = read_line(sysfs, group, resource);
        const char *value = line ? strchr(line, '=') : NULL;

        if (!value)
                return -EOPNOTSUPP;

        *ret_value = g_ascii_strtoull(value + 1, NULL, base);
        return 0;
}

/* The same for each domain that the kernel's own group has. */
static int write_value(const Sysfs *sysfs, const char *group, const char *resource,
                       const char *value) {
        g_autofree char *path = path_of(group, "schemata"), *line = NULL;
        g_autoptr(GString) text = g_string_new(resource);
        g_auto(GStrv) domains = NULL;

        line = read_line(sysfs, "", resource);
        if (!line)
                return -EOPNOTSUPP;

        domains = g_strsplit(line, ";", -1);
        for (guint i = 0; domains[i]; i++)
                g_string_append_printf(text, "%c%.*s=%s", i == 0 ? ':' : ';',
                                       (int)strcspn(domains[i], "="), domains[i], value);
        g_string_append_c(text, '\n');
        return sysfs_write(sysfs, path, text->str);
}

static int write_mask(const Sysfs *sysfs, const char *group, uint64_t mask) {
        g_autofree char *value = g_strdup_printf("%" PRIx64, mask);

        return write_value(sysfs, group, "L3", value);
}

/* Ways ------------------------------------------------------------------------------- */

/* All but this one, which may not be there. */
static int list_groups(const Sysfs *sysfs, const char *but, GPtrArray **ret_groups) {
        g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(group_free), names = NULL;
        int r;

        r = sysfs_list(sysfs, RESCTRL, &names);
        if (r < 0)
                return r;

        g_ptr_array_add(names, g_strdup(""));
        for (guint i = 0; i < names->len; i++) {
                const char *name = names->pdata[i];
                uint64_t mask = 0;
                Group *group;

                if (g_str_equal(name, but) || read_value(sysfs, name, "L3", 16, &mask) < 0)
                        continue;
                group = g_new0(Group, 1);
                group->name = g_strdup(name);
                group->mask = mask;
                g_ptr_array_add(groups, group);
        }
        *ret_groups = g_steal_pointer(&groups);
        return 0;
}

/* What none of these groups leaves to be had alone. */
static uint64_t taken_by(const GPtrArray *groups) {
        uint64_t taken = 1;

        for (guint i = 0; i < groups->len; i++) {
                const Group *group = groups->pdata[i];

                if (!shares(group) || (*group->name && !is_ours(group)))
                        taken |= group->mask;
        }
        return taken;
}

/* What is left for those that share: from the lowest on, in one piece. */
static uint64_t shared_mask(const GPtrArray *groups, uint64_t full, uint64_t alone) {
        uint64_t rest, mask = 0;

        for (guint i = 0; i < groups->len; i++) {
                const Group *group = groups->pdata[i];

                if (!shares(group))
                        alone |= group->mask;
        }
        rest = full & ~alone;
        for (uint64_t way = 1; rest & way; way <<= 1)
                mask |= way;
        return mask;
}

/* As far up as there is room. 0: there is none. */
static uint64_t find_room(uint64_t full, uint64_t taken, unsigned ways) {
        uint64_t mask = ways < 64 ? (UINT64_C(1) << ways) - 1 : G_MAXUINT64;

        for (int shift = 64 - (int)ways; shift > 0; shift--)
                if ((mask << shift & ~full) == 0 && (mask << shift & taken) == 0)
                        return mask << shift;
        return 0;
}

static int share_rest(const Sysfs *sysfs, const GPtrArray *groups, uint64_t mask) {
        for (guint i = 0; i < groups->len; i++) {
                const Group *group = groups->pdata[i];
                int r;

                if (!shares(group) || group->mask == mask || (*group->name && !is_ours(group)))
                        continue;
                r = write_mask(sysfs, group->name, mask);
                if (r < 0)
                        return r;
        }
        return 0;
}

static uint64_t all_ways(const Resctrl *resctrl) {
        return resctrl->cache_ways < 64 ? (UINT64_C(1) << resctrl->cache_ways) - 1 : G_MAXUINT64;
}

static int set_ways(const Sysfs *sysfs, const char *name, const Resctrl *resctrl, unsigned ways) {
        g_autoptr(GPtrArray) groups = NULL;
        uint64_t full = all_ways(resctrl), alone = 0, rest;
        int r;

        r = list_groups(sysfs, name, &groups);
        if (r < 0)
                return r;

        if (ways > 0)
                alone = find_room(full, taken_by(groups), MAX(ways, resctrl->cache_ways_min));
        rest = shared_mask(groups, full, alone);
        if ((ways > 0 && alone == 0) ||
            (unsigned)__builtin_popcountll(rest) < MAX(resctrl->cache_ways_min, 1))
                return -ENOSPC;

        r = share_rest(sysfs, groups, rest);
        return r < 0 ? r : write_mask(sysfs, name, alone ?: rest);
}

/* Groups ----------------------------------------------------------------------------- */

int resctrl_group_read(const Sysfs *sysfs, const char *name, unsigned *ret_percent,
                       unsigned *ret_ways) {
        g_autofree char *path = path_of(name, "schemata");
        uint64_t percent = PERCENT_ALL, mask = 1;

        if (!sysfs_exists(sysfs, path))
                return -ENOENT;

        (void)read_value(sysfs, name, "MB", 10, &percent);
        (void)read_value(sysfs, name, "L3", 16, &mask);
        *ret_percent = percent >= PERCENT_ALL ? 0 : (unsigned)percent;
        *ret_ways = mask & 1 ? 0 : (unsigned)__builtin_popcountll(mask);
        return 0;
}

static int set_shares(const Sysfs *sysfs, const char *name, const Resctrl *resctrl,
                      unsigned percent, unsigned ways) {
        g_autofree char *value = g_strdup_printf("%u", percent > 0 ? percent : PERCENT_ALL);
        int r = 0;

        if (resctrl->cache_groups_max > 0)
                r = set_ways(sysfs, name, resctrl, ways);
        if (r >= 0 && resctrl->bandwidth_groups_max > 0)
                r = write_value(sysfs, name, "MB", value);
        return r;
}

int resctrl_group_set(const Sysfs *sysfs, const char *name, unsigned percent, unsigned ways) {
        g_autofree char *path = g_build_filename(RESCTRL, name, NULL);
        bool is_new = !sysfs_exists(sysfs, path);
        Resctrl resctrl;
        int r;

        r = resctrl_read(sysfs, &resctrl);
        if (r < 0)
                return r;
        if ((percent > 0 && resctrl.bandwidth_groups_max == 0) ||
            (ways > 0 && resctrl.cache_groups_max == 0))
                return -EOPNOTSUPP;

        r = is_new ? sysfs_make_directory(sysfs, path) : 0;
        if (r < 0)
                return r;

        r = set_shares(sysfs, name, &resctrl, percent, ways);
        if (r < 0 && is_new)
                (void)resctrl_group_remove(sysfs, name);
        return r;
}

int resctrl_group_remove(const Sysfs *sysfs, const char *name) {
        g_autofree char *path = g_build_filename(RESCTRL, name, NULL);
        g_autoptr(GPtrArray) groups = NULL;
        Resctrl resctrl;
        int r;

        r = sysfs_exists(sysfs, path) ? sysfs_remove_directory(sysfs, path) : 0;
        if (r >= 0)
                r = resctrl_read(sysfs, &resctrl);
        if (r < 0 || resctrl.cache_groups_max == 0)
                return r;

        r = list_groups(sysfs, name, &groups);
        return r < 0 ? r : share_rest(sysfs, groups, shared_mask(groups, all_ways(&resctrl), 0));
}

/* How many threads were not there before; one that ends meanwhile is no error. */
static int add_threads(const Sysfs *sysfs, const char *tasks, const char *directory,
                       GHashTable *seen) {
        g_autoptr(GPtrArray) threads = NULL;
        int n = 0, r;

        r = sysfs_list(sysfs, directory, &threads);
        if (r < 0)
                return r;

        for (guint i = 0; i < threads->len; i++) {
                if (!g_hash_table_add(seen, g_strdup(threads->pdata[i])))
                        continue;
                r = sysfs_write(sysfs, tasks, threads->pdata[i]);
                if (r < 0 && r != -ESRCH)
                        return r;
                n++;
        }
        return n;
}

int resctrl_group_add_process(const Sysfs *sysfs, const char *name, const char *pid) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_autofree char *tasks = path_of(name, "tasks");
        g_autofree char *directory = g_build_filename("proc", pid, "task", NULL);
        int r = 1;

        for (int i = 0; i < LOOKS_MAX && r > 0; i++)
                r = add_threads(sysfs, tasks, directory, seen);
        return MIN(r, 0);
}
