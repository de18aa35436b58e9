/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"
#include "xml/rewrite.h"

/* One source for each device; the formats get its number. */
static GStrv make_sources(const Domain *domain, const char *pci, const char *mdev) {
        GStrv sources = g_new0(char *, domain->devices->len + 1);

        for (unsigned i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                sources[i] = g_strdup_printf(device->kind == DOMAIN_DEVICE_PCI ? pci : mdev, i);
#pragma GCC diagnostic pop
        }
        return sources;
}

static GStrv present_sources(const Domain *domain) {
        GStrv sources = g_new0(char *, domain->devices->len + 1);

        for (unsigned i = 0; i < domain->devices->len; i++)
                sources[i] = g_strdup(((DomainDevice *)domain->devices->pdata[i])->source);
        return sources;
}

/* NULL with a refusal: a value behind a character reference, or a limit that was near. */
static char *try_rewrite(const char *xml, char **sources) {
        g_autoptr(GError) error = NULL;
        char *text = domain_rewrite(xml, strlen(xml), (const char *const *)sources,
                                    g_strv_length(sources), &error);

        if (!text)
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        return text;
}

static char *rewrite(const char *xml, char **sources) {
        char *text = try_rewrite(xml, sources);

        g_assert_nonnull(text);
        return text;
}

static void assert_device(const DomainDevice *have, const DomainDevice *want, const char *source) {
        g_assert_cmpint(have->kind, ==, want->kind);
        g_assert_cmpstr(have->source, ==, source);
        g_assert_cmpstr(have->address, ==, want->address);
        g_assert_cmpstr(have->alias, ==, want->alias);
        g_assert_cmpstr(have->mac, ==, want->mac);
        g_assert_true(have->managed == want->managed);
        g_assert_true(have->network == want->network);
        g_assert_true(have->transient == want->transient);
        g_assert_true(have->unplugged == want->unplugged);
        g_assert_cmpuint(have->line, ==, want->line);
}

/* What is unplugged has its source in the metadata. */
static void forget_sources(Metadata *metadata) {
        for (unsigned i = 0; metadata && i < metadata->devices->len; i++) {
                MetadataDevice *device = metadata->devices->pdata[i];

                if (device->unplugged)
                        g_clear_pointer(&device->unplugged->source, g_free);
        }
}

/* The same domain, but for these sources. */
static void assert_domain(const char *xml, const Domain *want, char **sources) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Domain) have = domain_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        g_assert_cmpstr(have->name, ==, want->name);
        g_assert_cmpstr(have->uuid, ==, want->uuid);
        forget_sources(have->metadata);
        forget_sources(want->metadata);
        g_assert_true(metadata_equal(have->metadata, want->metadata));
        g_assert_cmpuint(have->devices->len, ==, want->devices->len);
        for (unsigned i = 0; i < want->devices->len; i++)
                assert_device(have->devices->pdata[i], want->devices->pdata[i], sources[i]);
}

/* `text` has the sources `here`: going to `there` and back changes nothing. */
static void assert_returns(const char *text, char **here, char **there) {
        g_autofree char *gone = rewrite(text, there), *back = rewrite(gone, here);

        g_assert_cmpstr(back, ==, text);
}

/* `narrow` and `wide` differ in every number, so after both all numbers are of our own writing, and
 * `wide` has all digits that a number may have: from there, no way is without return. */
static void check_ways(const char *xml, const Domain *domain, char **present) {
        g_auto(GStrv)
                narrow = make_sources(domain, "%04x:01:01.0", "%08x-0000-0000-0000-000000000000");
        g_auto(GStrv) wide = make_sources(domain, "f%03x:a5:1f.7",
                                          "aaaaaaaa-509f-382f-3c1e-e6bfe0fa%04x");
        g_autofree char *there = NULL, *further = NULL;

        there = try_rewrite(xml, narrow);
        further = there ? try_rewrite(there, wide) : NULL;
        if (!further)
                return;

        assert_domain(there, domain, narrow);
        assert_domain(further, domain, wide);
        assert_returns(further, wide, narrow);
        assert_returns(further, wide, present);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *xml = g_strndup((const char *)data, size), *same = NULL;
        g_autoptr(Domain) domain = domain_from_xml(xml, strlen(xml), NULL);
        g_auto(GStrv) present = NULL;

        if (!domain)
                return 0;

        present = present_sources(domain);
        same = rewrite(xml, present);
        g_assert_cmpstr(same, ==, xml);

        check_ways(xml, domain, present);
        return 0;
}
