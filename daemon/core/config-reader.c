/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/config-reader.h"

#include <fcntl.h>
#include <string.h>

#include "daemon/facts/fd.h"
#include "xml/excerpt.h"
#include "xml/ferry-error.h"

struct ConfigReader {
        GKeyFile *file;
        GHashTable *lines; /* "group\nkey", or "group\n" for the group itself, to its line */
        char *name;
};

/* Files ------------------------------------------------------------------------------- */

static bool fail_file(const char *name, const char *why, GError **error) {
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, "%s: The file cannot be read: %s",
                    name, why);
        return false;
}

/* One byte more than it may have, at most. Reading, not mapping: /dev/null is an empty file. */
static int read_all(int fd, GString *text) {
        char buffer[4096];
        ssize_t size;

        while (text->len <= CONFIG_FILE_MAX) {
                size = read(fd, buffer, sizeof(buffer));
                if (size < 0)
                        return -errno;
                if (size == 0)
                        return 0;
                g_string_append_len(text, buffer, size);
        }
        return 0;
}

bool config_read_file(int directory_fd, const char *path, const char *name, char **ret_text,
                      GError **error) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_auto(Fd) fd = -1;
        int r;

        *ret_text = NULL;
        fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return errno == ENOENT || fail_file(name, g_strerror(errno), error);

        r = read_all(fd, text);
        if (r < 0)
                return fail_file(name, g_strerror(-r), error);
        if (text->len > CONFIG_FILE_MAX || memchr(text->str, '\0', text->len))
                return fail_file(name, "it is no text, or longer than 1 MiB", error);

        *ret_text = g_string_free(g_steal_pointer(&text), FALSE);
        return true;
}

/* Errors ------------------------------------------------------------------------------ */

static unsigned find_line(const ConfigReader *reader, const char *group, const char *key) {
        g_autofree char *place = g_strdup_printf("%s\n%s", group, key ?: "");

        return GPOINTER_TO_UINT(g_hash_table_lookup(reader->lines, place));
}

bool config_reader_fail(const ConfigReader *reader, const char *group, const char *key,
                        GError **error, const char *format, ...) {
        g_autofree char *group_words = excerpt(group), *key_words = excerpt(key ?: "");
        g_autofree char *words = NULL;
        va_list arguments;

        va_start(arguments, format);
        words = g_strdup_vprintf(format, arguments);
        va_end(arguments);

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, "%s:%u: [%s]%s%s %s",
                    reader->name, find_line(reader, group, key), group_words, key ? " " : "",
                    key_words, words);
        return false;
}

/* Lines: GKeyFile tells of none, and joins what is there twice ------------------------ */

static bool note_line(ConfigReader *reader, const char *group, const char *key, unsigned line,
                      GError **error) {
        g_autofree char *group_words = NULL, *key_words = NULL;
        unsigned first = find_line(reader, group, key);

        if (first == 0) {
                g_hash_table_insert(reader->lines, g_strdup_printf("%s\n%s", group, key ?: ""),
                                    GUINT_TO_POINTER(line));
                return true;
        }

        group_words = excerpt(group);
        key_words = excerpt(key ?: "");
        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                    "%s:%u: [%s]%s%s is in line %u already: once is enough", reader->name, line,
                    group_words, key ? " " : "", key_words, first);
        return false;
}

/* Writes into the line. */
static bool note_lines_of(ConfigReader *reader, char *line, unsigned number, const char **group,
                          GError **error) {
        char *end;

        g_strstrip(line);
        if (line[0] == '[' && (end = strchr(line, ']'))) {
                *end = '\0';
                *group = line + 1;
                return note_line(reader, *group, NULL, number, error);
        }

        end = strchr(line, '=');
        if (line[0] == '#' || !end || !*group)
                return true; /* a comment, or something that GKeyFile has refused */
        *end = '\0';
        return note_line(reader, *group, g_strchomp(line), number, error);
}

static bool note_lines(ConfigReader *reader, const char *text, GError **error) {
        g_auto(GStrv) lines = g_strsplit_set(text, "\n", -1);
        const char *group = NULL;

        for (unsigned i = 0; lines[i]; i++)
                if (!note_lines_of(reader, lines[i], i + 1, &group, error))
                        return false;
        return true;
}

ConfigReader *config_reader_new(const char *text, const char *name, GError **error) {
        g_autoptr(ConfigReader) reader = g_new0(ConfigReader, 1);
        g_autoptr(GError) failure = NULL;

        reader->file = g_key_file_new();
        reader->lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        reader->name = g_strdup(name);

        /* Key[de]= would be dropped without a word if translations were not kept. */
        if (!g_utf8_validate(text, -1, NULL)) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "%s: The text is not UTF-8", name);
                return NULL;
        }
        if (!g_key_file_load_from_data(reader->file, text, strlen(text),
                                       G_KEY_FILE_KEEP_TRANSLATIONS, &failure)) {
                g_autofree char *words = excerpt(failure->message);

                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, "%s: %s", name, words);
                return NULL;
        }
        return note_lines(reader, text, error) ? g_steal_pointer(&reader) : NULL;
}

void config_reader_free(ConfigReader *reader) {
        if (!reader)
                return;

        g_key_file_unref(reader->file);
        g_hash_table_unref(reader->lines);
        g_free(reader->name);
        g_free(reader);
}

char **config_reader_groups(const ConfigReader *reader) {
        return g_key_file_get_groups(reader->file, NULL);
}

bool config_reader_check_keys(const ConfigReader *reader, const char *group,
                              const char *const *keys, GError **error) {
        g_auto(GStrv) given = g_key_file_get_keys(reader->file, group, NULL, NULL);

        for (char **key = given; *key; key++)
                if (!g_strv_contains(keys, *key)) {
                        g_autofree char *known = g_strjoinv(", ", (char **)keys);

                        return config_reader_fail(reader, group, *key, error,
                                                  "is unknown: the keys are %s", known);
                }
        return true;
}

/* Values ---------------------------------------------------------------------------- */

bool config_reader_refuse(const ConfigReader *reader, const char *group, const char *key,
                          const char *rule, const char *value, GError **error) {
        g_autofree char *words = excerpt(value);

        return config_reader_fail(reader, group, key, error, "must be %s, not '%s'", rule, words);
}

/* All that GKeyFile finds wrong in a value that is there and is UTF-8. */
static bool fail_escape(const ConfigReader *reader, const char *group, const char *key,
                        GError **error) {
        return config_reader_fail(reader, group, key, error,
                                  "has a backslash that escapes nothing: write two for one");
}

/* True with NULL where the key is not given. */
static bool read_value(const ConfigReader *reader, const char *group, const char *key,
                       char **ret_value, GError **error) {
        g_autoptr(GError) failure = NULL;
        g_autofree char *value = NULL;

        *ret_value = NULL;
        if (!g_key_file_has_key(reader->file, group, key, NULL))
                return true;

        value = g_key_file_get_string(reader->file, group, key, &failure);
        if (failure) /* and there may be a value all the same */
                return fail_escape(reader, group, key, error);

        *ret_value = g_strstrip(g_steal_pointer(&value));
        return true;
}

bool config_read_bool(const ConfigReader *reader, const char *group, const char *key,
                      bool *ret_value, GError **error) {
        static const char *const yes[] = { "yes", "true", "on", "1", NULL };
        static const char *const no[] = { "no", "false", "off", "0", NULL };
        g_autofree char *value = NULL;

        if (!read_value(reader, group, key, &value, error))
                return false;
        if (!value)
                return true;
        if (!g_strv_contains(yes, value) && !g_strv_contains(no, value))
                return config_reader_refuse(reader, group, key, "yes or no", value, error);

        *ret_value = g_strv_contains(yes, value);
        return true;
}

bool config_read_uint(const ConfigReader *reader, const char *group, const char *key, unsigned min,
                      unsigned max, unsigned *ret_value, GError **error) {
        g_autofree char *value = NULL;
        guint64 number;

        if (!read_value(reader, group, key, &value, error))
                return false;
        if (!value)
                return true;
        if (!g_ascii_string_to_unsigned(value, 10, min, max, &number, NULL)) {
                g_autofree char *rule = g_strdup_printf("%u to %u", min, max);

                return config_reader_refuse(reader, group, key, rule, value, error);
        }

        *ret_value = (unsigned)number;
        return true;
}

bool config_read_string(const ConfigReader *reader, const char *group, const char *key,
                        char **ret_value, GError **error) {
        g_autofree char *value = NULL;

        if (!read_value(reader, group, key, &value, error))
                return false;
        if (!value)
                return true;
        if (!*value)
                return config_reader_fail(reader, group, key, error, "must not be empty");

        g_free(*ret_value);
        *ret_value = g_steal_pointer(&value);
        return true;
}

/* Another separator would make one long entry, which nothing ever matches. */
static bool check_entry(const ConfigReader *reader, const char *group, const char *key,
                        const char *entry, GError **error) {
        if (*entry && !strpbrk(entry, ", \t"))
                return true;

        return config_reader_refuse(reader, group, key, "entries with ';' between them", entry,
                                    error);
}

bool config_read_list(const ConfigReader *reader, const char *group, const char *key,
                      char ***ret_values, GError **error) {
        g_autoptr(GError) failure = NULL;
        g_auto(GStrv) values = NULL;

        if (!g_key_file_has_key(reader->file, group, key, NULL))
                return true;

        values = g_key_file_get_string_list(reader->file, group, key, NULL, &failure);
        if (failure)
                return fail_escape(reader, group, key, error);
        if (!values[0])
                return config_reader_fail(reader, group, key, error, "must not be empty");
        for (char **value = values; *value; value++)
                if (!check_entry(reader, group, key, g_strstrip(*value), error))
                        return false;

        g_strfreev(*ret_values);
        *ret_values = g_steal_pointer(&values);
        return true;
}
