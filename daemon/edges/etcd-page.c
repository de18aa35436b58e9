/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/etcd-page.h"

#include <glib.h>
#include <string.h>

typedef struct Reader {
        const char *at, *end;
        GString *key, *value, *last; /* the former two of the key that is read */
        EtcdPageTell tell;
        void *userdata;
} Reader;

/* A part of the answer: of a text what is between the quotes. */
typedef struct Part {
        const char *text;
        size_t size;
} Part;

/* JSON ------------------------------------------------------------------------------------ */

static bool is_space(char c) {
        return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The next character that counts; NUL: there is none. */
static char peek(Reader *reader) {
        while (reader->at < reader->end && is_space(*reader->at))
                reader->at++;
        return reader->at < reader->end ? *reader->at : '\0';
}

static bool take(Reader *reader, char wanted) {
        if (wanted != peek(reader))
                return false;

        reader->at++;
        return true;
}

static bool read_text(Reader *reader, Part *ret) {
        const char *begin, *quote, *escape;

        if (!take(reader, '"'))
                return false;

        begin = reader->at;
        while ((quote = memchr(reader->at, '"', (size_t)(reader->end - reader->at)))) {
                escape = memchr(reader->at, '\\', (size_t)(quote - reader->at));
                if (!escape) {
                        *ret = (Part){ begin, (size_t)(quote - begin) };
                        reader->at = quote + 1;
                        return true;
                }
                reader->at = MIN(escape + 2, reader->end);
        }
        return false;
}

/* A text, a number, or a word. */
static bool read_scalar(Reader *reader, Part *ret) {
        const char *begin;

        if (peek(reader) == '"')
                return read_text(reader, ret);

        begin = reader->at;
        while (reader->at < reader->end &&
               (g_ascii_isalnum(*reader->at) || strchr("+-.", *reader->at)))
                reader->at++;
        *ret = (Part){ begin, (size_t)(reader->at - begin) };
        return ret->size > 0;
}

/* However deep, without recursion. */
static bool skip_value(Reader *reader) {
        size_t depth = 0;
        Part part;

        do {
                char c = peek(reader);

                if (c == '{' || c == '[')
                        depth++;
                else if (depth > 0 && (c == '}' || c == ']'))
                        depth--;
                else if (depth == 0 || (c != ',' && c != ':')) {
                        if (!read_scalar(reader, &part))
                                return false;
                        continue;
                }
                reader->at++;
        } while (depth > 0);
        return true;
}

typedef bool (*ReadMember)(Reader *reader, const Part *name, void *userdata);

static bool read_object(Reader *reader, ReadMember read, void *userdata) {
        bool first = true;
        Part name;

        if (!take(reader, '{'))
                return false;

        while (!take(reader, '}')) {
                if ((!first && !take(reader, ',')) || !read_text(reader, &name) ||
                    !take(reader, ':') || !read(reader, &name, userdata))
                        return false;
                first = false;
        }
        return true;
}

/* Etcd's members --------------------------------------------------------------------------- */

static bool is_name(const Part *part, const char *name) {
        return part->size == strlen(name) && memcmp(part->text, name, part->size) == 0;
}

/* No digit follows it. */
static bool read_number(Reader *reader, int64_t *ret) {
        Part part;

        if (!read_scalar(reader, &part))
                return false;

        *ret = g_ascii_strtoll(part.text, NULL, 10);
        return true;
}

/* Into what was there. */
static bool read_base64(Reader *reader, GString *ret) {
        unsigned save = 0;
        int state = 0;
        Part part;

        if (!read_text(reader, &part))
                return false;

        g_string_set_size(ret, part.size / 4 * 3 + 3);
        g_string_truncate(
                ret, g_base64_decode_step(part.text, part.size, (guchar *)ret->str, &state, &save));
        return true;
}

static bool is_text(const GString *text) {
        return g_utf8_validate(text->str, (gssize)text->len, NULL);
}

/* A ReadMember. */
static bool read_header(Reader *reader, const Part *name, void *userdata) {
        EtcdPage *page = userdata;
        Part part;

        if (is_name(name, "revision"))
                return read_number(reader, &page->revision);
        if (!is_name(name, "cluster_id"))
                return skip_value(reader);
        if (!read_scalar(reader, &part))
                return false;

        page->cluster_id = g_ascii_strtoull(part.text, NULL, 10);
        return true;
}

/* A ReadMember. */
static bool read_key(Reader *reader, const Part *name, void *userdata) {
        EtcdPageKey *key = userdata;

        if (is_name(name, "key"))
                return read_base64(reader, reader->key);
        if (is_name(name, "value"))
                return read_base64(reader, reader->value);
        if (is_name(name, "create_revision"))
                return read_number(reader, &key->create_revision);
        if (is_name(name, "mod_revision"))
                return read_number(reader, &key->mod_revision);
        return skip_value(reader);
}

static bool take_key(Reader *reader) {
        EtcdPageKey key = { 0 };

        g_string_truncate(reader->key, 0);
        g_string_truncate(reader->value, 0);
        if (!read_object(reader, read_key, &key))
                return false;
        if (reader->key->len == 0 || !is_text(reader->key))
                return true;

        g_string_assign(reader->last, reader->key->str);
        key.key = reader->key->str;
        key.value = is_text(reader->value) ? reader->value->str : NULL;
        if (key.create_revision > 0 && key.mod_revision > 0)
                reader->tell(reader->userdata, &key);
        return true;
}

static bool take_keys(Reader *reader) {
        if (!take(reader, '['))
                return false;
        if (take(reader, ']'))
                return true;

        do {
                if (!take_key(reader))
                        return false;
        } while (take(reader, ','));
        return take(reader, ']');
}

/* A ReadMember. */
static bool read_page(Reader *reader, const Part *name, void *userdata) {
        EtcdPage *page = userdata;
        Part part;

        if (is_name(name, "header"))
                return read_object(reader, read_header, page);
        if (is_name(name, "kvs"))
                return take_keys(reader);
        if (!is_name(name, "more"))
                return skip_value(reader);
        if (!read_scalar(reader, &part))
                return false;

        page->more = is_name(&part, "true");
        return true;
}

bool etcd_page_read(const char *text, size_t size, EtcdPageTell tell, void *userdata,
                    EtcdPage *ret_page) {
        g_autoptr(GString) key = g_string_new(NULL), value = g_string_new(NULL),
                           last = g_string_new(NULL);
        Reader reader = { .at = text,
                          .end = text + size,
                          .key = key,
                          .value = value,
                          .last = last,
                          .tell = tell,
                          .userdata = userdata };
        EtcdPage page = { 0 };

        if (!read_object(&reader, read_page, &page) || peek(&reader) != '\0')
                return false;

        page.last = last->len > 0 ? g_strdup(last->str) : NULL;
        *ret_page = page;
        return true;
}
