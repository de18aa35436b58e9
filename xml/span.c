/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/span.h"

#include <glib.h>
#include <string.h>

/* Behind the next `mark`, or the end. */
static size_t behind(const char *xml, size_t from, size_t end, const char *mark) {
        const char *found = g_strstr_len(xml + from, (gssize)(end - from), mark);

        return found ? (size_t)(found - xml) + strlen(mark) : end;
}

/* Behind the '>' of a tag: one that stands in a value is none. */
static size_t behind_tag(const char *xml, size_t from, size_t end) {
        char quote = '\0';

        for (; from < end; from++) {
                char c = xml[from];

                if (quote && c == quote)
                        quote = '\0';
                else if (!quote && (c == '"' || c == '\''))
                        quote = c;
                else if (!quote && c == '>')
                        return from + 1;
        }
        return end;
}

static bool begins(const char *xml, size_t at, size_t end, const char *mark) {
        return end - at >= strlen(mark) && memcmp(xml + at, mark, strlen(mark)) == 0;
}

/* Comments, processing instructions and CDATA have no tags in them. */
static size_t behind_other(const char *xml, size_t at, size_t end) {
        if (begins(xml, at, end, "<!--"))
                return behind(xml, at, end, "-->");
        if (begins(xml, at, end, "<![CDATA["))
                return behind(xml, at, end, "]]>");
        if (begins(xml, at, end, "<?"))
                return behind(xml, at, end, "?>");
        return at;
}

/* The next tag at `from` or behind it; `end` when there is none. */
static size_t next_tag(const char *xml, size_t from, size_t end) {
        while (from < end) {
                const char *found = memchr(xml + from, '<', end - from);
                size_t at = found ? (size_t)(found - xml) : end, other;

                other = at < end ? behind_other(xml, at, end) : at;
                if (other == at)
                        return at;
                from = other;
        }
        return end;
}

/* The element whose start tag begins at `at`. */
static XmlSpan span_at(const char *xml, size_t at, size_t end) {
        XmlSpan span = { .start = at, .inner_start = behind_tag(xml, at, end) };
        unsigned depth = 1;

        if (xml[span.inner_start - 2] == '/') {
                span.end = span.inner_end = span.inner_start;
                return span;
        }

        for (size_t tag = span.inner_start; depth > 0 && span.end < end; tag = span.end) {
                span.inner_end = next_tag(xml, tag, end);
                span.end = span.inner_end < end ? behind_tag(xml, span.inner_end, end) : end;
                if (begins(xml, span.inner_end, end, "</"))
                        depth--;
                else if (span.end >= 2 && xml[span.end - 2] != '/')
                        depth++;
        }
        return span;
}

XmlSpan xml_span_root(const char *xml, size_t size) {
        return span_at(xml, next_tag(xml, 0, size), size);
}

static bool has_name(const char *xml, const XmlSpan *span, const char *name) {
        size_t length = strlen(name);
        const char *text = xml + span->start + 1;

        return span->inner_start - span->start > length + 1 && memcmp(text, name, length) == 0 &&
               strchr(" \t\r\n/>", text[length]);
}

bool xml_span_child(const char *xml, const XmlSpan *parent, size_t from, const char *name,
                    XmlSpan *ret_child) {
        size_t at;

        while ((at = next_tag(xml, from, parent->inner_end)) < parent->inner_end) {
                XmlSpan span = span_at(xml, at, parent->inner_end);

                if (has_name(xml, &span, name)) {
                        *ret_child = span;
                        return true;
                }
                from = span.end;
        }
        return false;
}
