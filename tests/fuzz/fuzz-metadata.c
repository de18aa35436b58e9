/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fuzz/fuzz.h"
#include "xml/ferry-error.h"
#include "xml/metadata.h"

static void assert_reads_as(const char *xml, const Metadata *metadata) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Metadata) again = metadata_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        g_assert_true(metadata_equal(metadata, again));
}

/* What is read is written so that it is read again, in both forms. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Metadata) metadata = metadata_from_xml((const char *)data, size, &error);
        g_autofree char *xml = NULL, *libvirt = NULL;

        if (!metadata) {
                assert_refusal(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
                return 0;
        }

        xml = metadata_to_xml(metadata);
        libvirt = metadata_to_libvirt(metadata);
        assert_reads_as(xml, metadata);
        assert_reads_as(libvirt, metadata);
        return 0;
}
