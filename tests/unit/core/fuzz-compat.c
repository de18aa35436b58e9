/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/compat.h"
#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"

static void assert_rule(const Compat *compat, const char *driver, int vendor, int device) {
        g_autoptr(Fingerprint) source = fingerprint_new();
        const CompatRule *rule;

        source->driver = g_strdup(driver);
        source->vendor = vendor;
        source->device = device;
        rule = compat_find(compat, source);
        g_assert_cmpuint(rule->equal & rule->not_older, ==, 0);
        g_assert_cmpuint(rule->not_older & ~COMPAT_FACTS_VERSIONS, ==, 0);
        g_assert_true(rule->why && *rule->why);
        /* A device takes its own state, whatever the rule is. */
        g_assert_cmpint(compat_difference(rule, COMPAT_FACTS_ALL, source, source), ==,
                        _COMPAT_FACT_MAX);
}

static void read_as(const char *text, const char *file) {
        g_autoptr(Compat) compat = compat_new();
        g_autoptr(GError) error = NULL;

        if (!compat_add(compat, text, file, &error))
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);

        assert_rule(compat, NULL, -1, -1);
        assert_rule(compat, "mlx5_vfio_pci", 0x15b3, 0x101e);
        assert_rule(compat, "vfio-pci", 0x8086, 0x10ca);
}

/* What a version is shown as is that version. */
static void read_version(const char *text) {
        char shown[VERSION_STRING_MAX];
        Version version, again;

        if (version_from_text(text, &version) < 0)
                return;

        g_assert_cmpint(version_from_string(version_to_string(&version, shown), &again), ==, 0);
        g_assert_cmpint(version_compare(&version, &again), ==, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *)data, size);

        read_as(text, "x.conf");
        read_as(text, "default.conf");
        read_version(text);
        return 0;
}
