/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/config.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#include "daemon/core/config-reader.h"
#include "daemon/core/device-class.h"
#include "daemon/core/string-table.h"
#include "xml/ferry-error.h"
#include "xml/number-set.h"
#include "xml/reader.h"

#define GROUP_CLUSTER         "Cluster"
#define GROUP_DAEMON          "Daemon"
#define GROUP_MIGRATION       "Migration"
#define GROUP_OPENSTACK       "OpenStack"
#define GROUP_POLICY          "Policy"
#define GROUP_SLICES          "Slices"
#define GROUP_POOL            "Pool "
#define POOL_DEFAULT          "default"
#define POOL_NAME_MAX         64
#define POOL_LEASES_MAX       65535
#define HOST_MEMORY_MAX_MIB   (1024u * 1024 * 1024)
#define GUEST_PORT            33779
#define GUEST_PORT_MAX        0xfffffffe
#define LEASE_TIMEOUT_SEC     120
#define LEASE_TIMEOUT_MAX_SEC (24 * 60 * 60)
#define INCOMING              2
#define INCOMING_MAX          64
#define OUTGOING              2
#define OUTGOING_MAX          64
#define DOWNTIME_MSEC         1000
#define DOWNTIME_MAX_MSEC     (60 * 60 * 1000)
#define SHUTDOWN_SEC          120
#define SHUTDOWN_MAX_SEC      (60 * 60)
#define UNPLUG_SEC            30
#define UNPLUG_MAX_SEC        (60 * 60)
#define SETTLE_SEC            60
#define SETTLE_MAX_SEC        (24 * 60 * 60)
#define MOVES_A_DAY           24
#define MOVES_A_DAY_MAX       1000
#define POLICY_SETTLE_SEC     3600
#define POLICY_SETTLE_MAX_SEC (7 * 24 * 60 * 60)
#define IDLE_MAX_KBIT         1000000000
#define GROW_ABOVE            85 /* percent */
#define SHRINK_BELOW          40
#define TARGET                70
#define CHANGES_A_DAY         6
#define LEAVE_HOURS           4
#define LEAVES_A_DAY          4
#define DESTINATIONS_MAX      64

static Pool *pool_new(const char *name) {
        Pool *pool = g_new0(Pool, 1);

        pool->name = g_strdup(name);
        return pool;
}

static void pool_free(Pool *pool) {
        if (!pool)
                return;

        g_free(pool->name);
        g_free(pool->class_name);
        g_free(pool->parent);
        g_strfreev(pool->types);
        g_strfreev(pool->devices);
        g_free(pool);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pool, pool_free)

Config *config_new(void) {
        Config *config = g_new0(Config, 1);

        config->adopt = true;
        config->lease_timeout_usec = LEASE_TIMEOUT_SEC * G_USEC_PER_SEC;
        config->announce = config->mediation = true;
        config->incoming_max = INCOMING;
        config->outgoing_max = OUTGOING;
        config->settle_usec = SETTLE_SEC * G_USEC_PER_SEC;
        config->downtime_max_ms = DOWNTIME_MSEC;
        config->unplug_timeout_ms = UNPLUG_SEC * 1000;
        config->shutdown_timeout_ms = SHUTDOWN_SEC * 1000;
        config->policy_mode = POLICY_ADVISE;
        config->policy_moves = MOVES_A_DAY;
        config->policy_settle_sec = POLICY_SETTLE_SEC;
        config->policy_leave_hours = LEAVE_HOURS;
        config->policy_leaves = LEAVES_A_DAY;
        config->policy_slice = (PolicySliceSettings){ GROW_ABOVE, SHRINK_BELOW, TARGET,
                                                      POLICY_SETTLE_SEC, CHANGES_A_DAY };
        config->guests_ask = config->keep_off = true;
        config->guest_port = GUEST_PORT;
        cluster_config_init(&config->cluster);
        config->pools = g_ptr_array_new_with_free_func((GDestroyNotify)pool_free);
        g_ptr_array_add(config->pools, pool_new(POOL_DEFAULT));
        config->compat = compat_new();
        return config;
}

void config_free(Config *config) {
        if (!config)
                return;

        g_free(config->host_cpus);
        g_free(config->policy_bridge);
        g_strfreev(config->policy_destinations);
        cluster_config_clear(&config->cluster);
        g_ptr_array_unref(config->pools);
        compat_free(config->compat);
        g_free(config);
}

static const char *const claims_words[] = {
        [CLAIMS_NO] = "no",
        [CLAIMS_NOVA] = "nova",
        [CLAIMS_ALL] = "all",
};
G_STATIC_ASSERT(G_N_ELEMENTS(claims_words) == _CLAIMS_MAX);

const char *claims_mode_to_string(ClaimsMode mode) {
        return string_table_word(claims_words, _CLAIMS_MAX, mode);
}

ClaimsMode claims_mode_from_string(const char *text) {
        return (ClaimsMode)string_table_value(claims_words, _CLAIMS_MAX, text);
}

/* Reading --------------------------------------------------------------------------- */

static bool parse_daemon(Config *config, const ConfigReader *reader, const char *group,
                         GError **error) {
        static const char *const keys[] = { "Adopt", "LeaseTimeoutSec", NULL };
        unsigned timeout = LEASE_TIMEOUT_SEC;

        if (!config_reader_check_keys(reader, group, keys, error) ||
            !config_read_bool(reader, group, "Adopt", &config->adopt, error) ||
            !config_read_uint(reader, group, "LeaseTimeoutSec", 1, LEASE_TIMEOUT_MAX_SEC, &timeout,
                              error))
                return false;

        config->lease_timeout_usec = (uint64_t)timeout * G_USEC_PER_SEC;
        return true;
}

static bool parse_migration(Config *config, const ConfigReader *reader, const char *group,
                            GError **error) {
        static const char *const keys[] = { "Announce",           "MaxDowntimeMSec",  "MaxIncoming",
                                            "MaxOutgoing",        "Mediation",        "SettleSec",
                                            "ShutdownTimeoutSec", "UnplugTimeoutSec", NULL };
        unsigned settle = SETTLE_SEC, shutdown = SHUTDOWN_SEC, unplug = UNPLUG_SEC;

        if (!config_reader_check_keys(reader, group, keys, error) ||
            !config_read_bool(reader, group, "Announce", &config->announce, error) ||
            !config_read_bool(reader, group, "Mediation", &config->mediation, error) ||
            !config_read_uint(reader, group, "MaxIncoming", 1, INCOMING_MAX, &config->incoming_max,
                              error) ||
            !config_read_uint(reader, group, "MaxOutgoing", 1, OUTGOING_MAX, &config->outgoing_max,
                              error) ||
            !config_read_uint(reader, group, "MaxDowntimeMSec", 1, DOWNTIME_MAX_MSEC,
                              &config->downtime_max_ms, error) ||
            !config_read_uint(reader, group, "SettleSec", 0, SETTLE_MAX_SEC, &settle, error) ||
            !config_read_uint(reader, group, "ShutdownTimeoutSec", 1, SHUTDOWN_MAX_SEC, &shutdown,
                              error) ||
            !config_read_uint(reader, group, "UnplugTimeoutSec", 1, UNPLUG_MAX_SEC, &unplug, error))
                return false;

        config->settle_usec = (uint64_t)settle * G_USEC_PER_SEC;
        config->unplug_timeout_ms = unplug * 1000;
        config->shutdown_timeout_ms = shutdown * 1000;
        return true;
}

static bool read_mode(Config *config, const ConfigReader *reader, const char *group,
                      GError **error) {
        g_autofree char *word = NULL;

        if (!config_read_string(reader, group, "Mode", &word, error))
                return false;

        if (!word)
                return true;

        config->policy_mode = policy_mode_from_string(word);
        return config->policy_mode >= 0 ||
               config_reader_refuse(reader, group, "Mode", "observe, advise or act", word, error);
}

/* It goes into a command for a shell. */
static bool check_bridge(const ConfigReader *reader, const char *group, const char *bridge,
                         GError **error) {
        return !bridge || xml_name_is_valid(bridge) ||
               config_reader_refuse(reader, group, "Bridge", "the name of a bridge", bridge, error);
}

/* Whatever has changed is not to be beyond the other threshold. */
static bool check_thresholds(const PolicySliceSettings *settings, const ConfigReader *reader,
                             const char *group, GError **error) {
        if (settings->shrink_below < settings->target && settings->target < settings->grow_above)
                return true;

        return config_reader_fail(reader, group, NULL, error,
                                  "needs ShrinkBelow below Target and Target below GrowAbove, and "
                                  "they are %u, %u and %u",
                                  settings->shrink_below, settings->target, settings->grow_above);
}

static bool read_policy_of_slices(Config *config, const ConfigReader *reader, const char *group,
                                  GError **error) {
        PolicySliceSettings *settings = &config->policy_slice;

        return config_read_uint(reader, group, "GrowAbove", 2, 100, &settings->grow_above, error) &&
               config_read_uint(reader, group, "ShrinkBelow", 0, 98, &settings->shrink_below,
                                error) &&
               config_read_uint(reader, group, "Target", 1, 99, &settings->target, error) &&
               check_thresholds(settings, reader, group, error) &&
               config_read_uint(reader, group, "SliceSettlingTimeSec", 0, POLICY_SETTLE_MAX_SEC,
                                &settings->settle, error) &&
               config_read_uint(reader, group, "SliceChangesPerDay", 1, MOVES_A_DAY_MAX,
                                &settings->changes, error);
}

static bool check_destinations(const ConfigReader *reader, const char *group,
                               char *const *destinations, GError **error) {
        unsigned n = 0;

        for (; destinations && destinations[n]; n++)
                if (!strstr(destinations[n], "://"))
                        return config_reader_refuse(reader, group, "Destinations",
                                                    "URIs of libvirt, as qemu+ssh://HOST/system",
                                                    destinations[n], error);
        return n <= DESTINATIONS_MAX ||
               config_reader_fail(reader, group, "Destinations", error,
                                  "must be %d at most, not %u", DESTINATIONS_MAX, n);
}

static bool read_policy_of_leaving(Config *config, const ConfigReader *reader, const char *group,
                                   GError **error) {
        return config_read_list(reader, group, "Destinations", &config->policy_destinations,
                                error) &&
               check_destinations(reader, group, config->policy_destinations, error) &&
               config_read_uint(reader, group, "LeaveHours", 0, POLICY_HOURS,
                                &config->policy_leave_hours, error) &&
               config_read_uint(reader, group, "LeavesPerDay", 1, MOVES_A_DAY_MAX,
                                &config->policy_leaves, error);
}

static bool parse_policy(Config *config, const ConfigReader *reader, const char *group,
                         GError **error) {
        static const char *const keys[] = { "Bridge",
                                            "Destinations",
                                            "GrowAbove",
                                            "IdleKbit",
                                            "LeaveHours",
                                            "LeavesPerDay",
                                            "Mode",
                                            "MovesPerDay",
                                            "SettlingTimeSec",
                                            "ShrinkBelow",
                                            "SliceChangesPerDay",
                                            "SliceSettlingTimeSec",
                                            "Target",
                                            NULL };

        return config_reader_check_keys(reader, group, keys, error) &&
               read_mode(config, reader, group, error) &&
               read_policy_of_slices(config, reader, group, error) &&
               read_policy_of_leaving(config, reader, group, error) &&
               config_read_string(reader, group, "Bridge", &config->policy_bridge, error) &&
               check_bridge(reader, group, config->policy_bridge, error) &&
               config_read_uint(reader, group, "IdleKbit", 0, IDLE_MAX_KBIT,
                                &config->policy_idle_kbit, error) &&
               config_read_uint(reader, group, "MovesPerDay", 1, MOVES_A_DAY_MAX,
                                &config->policy_moves, error) &&
               config_read_uint(reader, group, "SettlingTimeSec", 0, POLICY_SETTLE_MAX_SEC,
                                &config->policy_settle_sec, error);
}

static bool check_cpus(const ConfigReader *reader, const char *group, const char *key,
                       const char *cpus, GError **error) {
        NumberSet set;

        return !cpus || number_set_from_text(cpus, &set) ||
               config_reader_refuse(reader, group, key, "CPUs as in '0-1,8'", cpus, error);
}

static bool read_defragment(Config *config, const ConfigReader *reader, const char *group,
                            GError **error) {
        g_autofree char *word = NULL;

        if (!config_read_string(reader, group, "Defragment", &word, error))
                return false;

        config->defragment_apply = g_strcmp0(word, "apply") == 0;
        return !word || config->defragment_apply || g_str_equal(word, "propose") ||
               config_reader_refuse(reader, group, "Defragment", "propose or apply", word, error);
}

static bool parse_slices(Config *config, const ConfigReader *reader, const char *group,
                         GError **error) {
        static const char *const keys[] = { "Defragment",    "GuestPort", "Guests", "HostCpus",
                                            "HostMemoryMiB", "KeepOff",   NULL };

        return config_reader_check_keys(reader, group, keys, error) &&
               read_defragment(config, reader, group, error) &&
               config_read_bool(reader, group, "Guests", &config->guests_ask, error) &&
               config_read_bool(reader, group, "KeepOff", &config->keep_off, error) &&
               config_read_uint(reader, group, "GuestPort", 1, GUEST_PORT_MAX, &config->guest_port,
                                error) &&
               config_read_string(reader, group, "HostCpus", &config->host_cpus, error) &&
               check_cpus(reader, group, "HostCpus", config->host_cpus, error) &&
               config_read_uint(reader, group, "HostMemoryMiB", 0, HOST_MEMORY_MAX_MIB,
                                &config->host_memory_mib, error);
}

static bool parse_openstack(Config *config, const ConfigReader *reader, const char *group,
                            GError **error) {
        static const char *const keys[] = { "Claims", NULL };
        g_autofree char *word = NULL;

        if (!config_reader_check_keys(reader, group, keys, error) ||
            !config_read_string(reader, group, "Claims", &word, error))
                return false;
        if (!word)
                return true;

        config->claims = claims_mode_from_string(word);
        return config->claims >= 0 ||
               config_reader_refuse(reader, group, "Claims", "no, nova or all", word, error);
}

static bool check_class(const ConfigReader *reader, const char *group, const char *name,
                        GError **error) {
        g_autoptr(GString) known = NULL;

        if (!name || device_class_from_string(name))
                return true;

        known = g_string_new(NULL);
        for (const DeviceClass *const *class = device_classes; *class; class ++)
                g_string_append_printf(known, "%s%s", known->len > 0 ? " or " : "", (*class)->name);
        return config_reader_refuse(reader, group, "Class", known->str, name, error);
}

/* What limits a pool, whatever is in it. */
static bool parse_limits(Pool *pool, const ConfigReader *reader, const char *group,
                         GError **error) {
        return config_read_uint(reader, group, "Max", 0, POOL_LEASES_MAX, &pool->max, error) &&
               config_read_bool(reader, group, "HostDevices", &pool->host_devices, error);
}

/* It takes what no other pool takes, so it has nothing to choose by. */
static bool parse_default_pool(Config *config, const ConfigReader *reader, const char *group,
                               GError **error) {
        static const char *const keys[] = { "Max", "HostDevices", NULL };
        Pool *pool = config->pools->pdata[config->pools->len - 1];

        return config_reader_check_keys(reader, group, keys, error) &&
               parse_limits(pool, reader, group, error);
}

static bool parse_pool(Config *config, const ConfigReader *reader, const char *group,
                       GError **error) {
        static const char *const keys[] = { "Class", "Parent",      "Types", "Devices",
                                            "Max",   "HostDevices", NULL };
        g_autoptr(Pool) pool = pool_new(group + strlen(GROUP_POOL));

        if (!config_reader_check_keys(reader, group, keys, error) ||
            !config_read_string(reader, group, "Class", &pool->class_name, error) ||
            !check_class(reader, group, pool->class_name, error) ||
            !config_read_string(reader, group, "Parent", &pool->parent, error) ||
            !config_read_list(reader, group, "Types", &pool->types, error) ||
            !config_read_list(reader, group, "Devices", &pool->devices, error) ||
            !parse_limits(pool, reader, group, error))
                return false;

        g_ptr_array_insert(config->pools, (int)config->pools->len - 1, g_steal_pointer(&pool));
        return true;
}

/* It goes into XML, onto the bus and through shells. */
static bool pool_name_is_valid(const char *name) {
        size_t length = strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.");

        return length > 0 && length <= POOL_NAME_MAX && name[length] == '\0';
}

static bool parse_group(Config *config, const ConfigReader *reader, const char *group,
                        GError **error) {
        const char *pool = group + strlen(GROUP_POOL);

        if (g_str_equal(group, GROUP_DAEMON))
                return parse_daemon(config, reader, group, error);
        if (g_str_equal(group, GROUP_MIGRATION))
                return parse_migration(config, reader, group, error);
        if (g_str_equal(group, GROUP_POLICY))
                return parse_policy(config, reader, group, error);
        if (g_str_equal(group, GROUP_SLICES))
                return parse_slices(config, reader, group, error);
        if (g_str_equal(group, GROUP_OPENSTACK))
                return parse_openstack(config, reader, group, error);
        if (g_str_equal(group, GROUP_CLUSTER))
                return cluster_config_parse(&config->cluster, reader, group, error);

        if (!g_str_has_prefix(group, GROUP_POOL))
                return config_reader_fail(
                        reader, group, NULL, error,
                        "is unknown: the groups are [Daemon], [Migration], "
                        "[Policy], [Slices], [OpenStack], [Cluster] and [Pool NAME]");
        if (!pool_name_is_valid(pool))
                return config_reader_fail(reader, group, NULL, error,
                                          "must have a name of 1 to %d letters, digits and '-_.'",
                                          POOL_NAME_MAX);

        return g_str_equal(pool, POOL_DEFAULT) ? parse_default_pool(config, reader, group, error)
                                               : parse_pool(config, reader, group, error);
}

Config *config_parse(const char *text, const char *name, GError **error) {
        g_autoptr(ConfigReader) reader = NULL;
        g_autoptr(Config) config = config_new();
        g_auto(GStrv) groups = NULL;

        reader = config_reader_new(text, name, error);
        if (!reader)
                return NULL;

        groups = config_reader_groups(reader);
        for (char **group = groups; *group; group++)
                if (!parse_group(config, reader, *group, error))
                        return NULL;
        return g_steal_pointer(&config);
}

Config *config_load(const char *path, GError **error) {
        g_autofree char *text = NULL;

        if (!config_read_file(AT_FDCWD, path, path, &text, error))
                return NULL;
        return text ? config_parse(text, path, error) : config_new();
}

/* Choosing -------------------------------------------------------------------------- */

static bool matches(const char *pattern, const char *text) {
        return text && fnmatch(pattern, text, FNM_CASEFOLD) == 0;
}

static bool any_matches(char *const *patterns, const char *text) {
        for (; *patterns; patterns++)
                if (matches(*patterns, text))
                        return true;
        return false;
}

static bool pool_takes(const Pool *pool, const DeviceClass *class, const char *parent,
                       const char *type, const char *id) {
        if (pool->class_name && !g_str_equal(pool->class_name, class->name))
                return false;
        if (pool->parent && !matches(pool->parent, parent))
                return false;
        if (pool->types && !(type && g_strv_contains((const char *const *)pool->types, type)))
                return false;
        return !pool->devices || any_matches(pool->devices, id);
}

const Pool *config_pool_for(const Config *config, const DeviceClass *class, const char *parent,
                            const char *type, const char *id) {
        guint last = config->pools->len - 1;

        for (guint i = 0; i < last; i++)
                if (pool_takes(config->pools->pdata[i], class, parent, type, id))
                        return config->pools->pdata[i];
        return config->pools->pdata[last];
}

const Pool *config_find_pool(const Config *config, const char *name) {
        for (guint i = 0; i < config->pools->len; i++) {
                const Pool *pool = config->pools->pdata[i];

                if (g_str_equal(pool->name, name))
                        return pool;
        }
        return NULL;
}
