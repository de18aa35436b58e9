/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/config-cluster.h"

#include <string.h>

#define NAME_DEFAULT  "default"
#define NAME_MAX_SIZE 128u /* as what hosts share may have */
#define MEMBERS_MAX   64u
#define SHARE         50
#define TTL_SEC       10
#define TTL_MIN_SEC   2
#define TTL_MAX_SEC   (60 * 60)

void cluster_config_init(ClusterConfig *config) {
        *config = (ClusterConfig){ .name = g_strdup(NAME_DEFAULT), .share = SHARE, .ttl = TTL_SEC };
}

void cluster_config_clear(ClusterConfig *config) {
        g_strfreev(config->etcd);
        g_free(config->name);
        g_free(config->host);
        g_free(config->uri);
        g_free(config->ca_file);
        g_free(config->cert_file);
        g_free(config->key_file);
        g_free(config->user);
        g_free(config->password_file);
}

/* A path would be lost: keys and gateway have theirs. */
static bool is_member(const char *url) {
        const char *host = g_str_has_prefix(url, "https://")  ? url + strlen("https://")
                           : g_str_has_prefix(url, "http://") ? url + strlen("http://")
                                                              : "";

        return *host && !strpbrk(host, "/?#@ \t");
}

static bool check_etcd(const ConfigReader *reader, const char *group, char *const *urls,
                       GError **error) {
        unsigned n = 0;

        for (; urls && urls[n]; n++)
                if (!is_member(urls[n]))
                        return config_reader_refuse(reader, group, "Etcd",
                                                    "URLs as in https://HOST:2379", urls[n], error);
        return n <= MEMBERS_MAX || config_reader_fail(reader, group, "Etcd", error,
                                                      "must be %u at most, not %u", MEMBERS_MAX, n);
}

/* It is a part of keys. */
static bool check_name(const ConfigReader *reader, const char *group, const char *key,
                       const char *name, GError **error) {
        size_t length = name ? strspn(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.") : 0;

        return !name || (length > 0 && length <= NAME_MAX_SIZE && name[length] == '\0') ||
               config_reader_refuse(reader, group, key, "1 to 128 letters, digits and '-_.'", name,
                                    error);
}

static bool check_uri(const ConfigReader *reader, const char *group, const char *uri,
                      GError **error) {
        return !uri || (strstr(uri, "://") && strlen(uri) <= NAME_MAX_SIZE) ||
               config_reader_refuse(reader, group, "Uri",
                                    "the URI of a libvirt, as qemu+ssh://HOST/system, of at most "
                                    "128 bytes",
                                    uri, error);
}

static bool read_path(const ConfigReader *reader, const char *group, const char *key, char **ret,
                      GError **error) {
        return config_read_string(reader, group, key, ret, error) &&
               (!*ret || g_path_is_absolute(*ret) ||
                config_reader_refuse(reader, group, key, "an absolute path", *ret, error));
}

static bool check_pair(const ConfigReader *reader, const char *group, const char *first, bool has,
                       const char *second, bool has_too, GError **error) {
        return has == has_too || config_reader_fail(reader, group, has ? first : second, error,
                                                    "needs %s=, too", has ? second : first);
}

static bool read_access(ClusterConfig *config, const ConfigReader *reader, const char *group,
                        GError **error) {
        return read_path(reader, group, "CAFile", &config->ca_file, error) &&
               read_path(reader, group, "CertFile", &config->cert_file, error) &&
               read_path(reader, group, "KeyFile", &config->key_file, error) &&
               check_pair(reader, group, "CertFile", config->cert_file, "KeyFile", config->key_file,
                          error) &&
               config_read_string(reader, group, "User", &config->user, error) &&
               read_path(reader, group, "PasswordFile", &config->password_file, error) &&
               check_pair(reader, group, "User", config->user, "PasswordFile",
                          config->password_file, error);
}

bool cluster_config_parse(ClusterConfig *config, const ConfigReader *reader, const char *group,
                          GError **error) {
        static const char *const keys[] = { "CAFile",  "CertFile", "Etcd",         "Host",
                                            "KeyFile", "Name",     "PasswordFile", "Share",
                                            "TTLSec",  "Uri",      "User",         NULL };

        return config_reader_check_keys(reader, group, keys, error) &&
               config_read_list(reader, group, "Etcd", &config->etcd, error) &&
               check_etcd(reader, group, config->etcd, error) &&
               config_read_string(reader, group, "Name", &config->name, error) &&
               check_name(reader, group, "Name", config->name, error) &&
               config_read_string(reader, group, "Host", &config->host, error) &&
               check_name(reader, group, "Host", config->host, error) &&
               config_read_string(reader, group, "Uri", &config->uri, error) &&
               check_uri(reader, group, config->uri, error) &&
               read_access(config, reader, group, error) &&
               config_read_uint(reader, group, "Share", 0, 100, &config->share, error) &&
               config_read_uint(reader, group, "TTLSec", TTL_MIN_SEC, TTL_MAX_SEC, &config->ttl,
                                error);
}
