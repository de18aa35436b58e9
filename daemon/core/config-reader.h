/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A key file that is read strictly: nothing is there twice, nothing is unknown,
 * and every complaint names file, line, group and key. For config.c and
 * compat.c. All errors are FERRY_ERROR_INVALID_ARGS.
 */

#include <glib.h>
#include <stdbool.h>

typedef struct ConfigReader ConfigReader;

#define CONFIG_FILE_MAX (1024 * 1024)

/* The text of a file, up to CONFIG_FILE_MAX bytes, or NULL when it is not there. `name` is what to
 * call it before people. */
bool config_read_file(int directory_fd, const char *path, const char *name, char **ret_text,
                      GError **error);

ConfigReader *config_reader_new(const char *text, const char *name, GError **error);
void config_reader_free(ConfigReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfigReader, config_reader_free)

char **config_reader_groups(const ConfigReader *reader); /* in the order of the file */
/* `keys` ends with NULL. */
bool config_reader_check_keys(const ConfigReader *reader, const char *group,
                              const char *const *keys, GError **error);

/* Always false: "NAME:LINE: [GROUP] KEY " and the rest; `key` NULL is the group itself. */
bool config_reader_fail(const ConfigReader *reader, const char *group, const char *key,
                        GError **error, const char *format, ...) G_GNUC_PRINTF(5, 6);

/* Always false: "... must be RULE, not 'VALUE'". */
bool config_reader_refuse(const ConfigReader *reader, const char *group, const char *key,
                          const char *rule, const char *value, GError **error);

/* The value is written only where the key is given, so what is there before is the default. */
bool config_read_bool(const ConfigReader *reader, const char *group, const char *key,
                      bool *ret_value, GError **error);
bool config_read_uint(const ConfigReader *reader, const char *group, const char *key, unsigned min,
                      unsigned max, unsigned *ret_value, GError **error);
bool config_read_string(const ConfigReader *reader, const char *group, const char *key,
                        char **ret_value, GError **error);
bool config_read_list(const ConfigReader *reader, const char *group, const char *key,
                      char ***ret_values, GError **error);
