/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "daemon/facts/vfio.h"
#include "tests/lib/fake-root.h"

#define SYMBOLS "lib/modules/6.12.0-fake/modules.symbols"
#define CONFIG  "boot/config-6.12.0-fake"

typedef struct Case {
        const char *kallsyms; /* NULL: no such file */
        const char *symbols;
        const char *config;
        bool vfio_is_loaded;
        int expected;
} Case;

static void assert_case(const Case *c) {
        g_autoptr(FakeRoot) root = fake_root_new();

        if (c->kallsyms)
                fake_root_put(root, "proc/kallsyms", c->kallsyms, -1);
        if (c->symbols)
                fake_root_put(root, SYMBOLS, c->symbols, -1);
        if (c->config)
                fake_root_put(root, CONFIG, c->config, -1);
        if (c->vfio_is_loaded)
                fake_root_put(root, "sys/module/vfio/refcnt", "0\n", -1);

        g_assert_cmpint(vfio_kernel_reports_dma_log(fake_root_sysfs(root)), ==, c->expected);
}

#define OTHER_SYMBOLS                                          \
        "ffffffff81000000 T _stext\n"                          \
        "ffffffffc03f27e0 t __pfx_iova_bitmap_alloc\t[vfio]\n" \
        "0000000000000000 T iova_bitmap_alloc_more\n"

static void test_a_symbol_of_the_running_kernel_tells(void) {
        assert_case(&(Case){ .kallsyms = OTHER_SYMBOLS "ffffffff81b00000 T iova_bitmap_alloc\n",
                             .expected = 1 });
        assert_case(&(Case){ .kallsyms = "ffffffffc03f27f0 t iova_bitmap_alloc\t[vfio]\n",
                             .vfio_is_loaded = true,
                             .expected = 1 });
}

/* Debian's kernels: vfio is there, and what would make the report is not. */
static void test_a_loaded_vfio_without_the_symbol_tells_too(void) {
        assert_case(&(Case){ .kallsyms = OTHER_SYMBOLS, .vfio_is_loaded = true, .expected = 0 });
        assert_case(&(Case){ .kallsyms = OTHER_SYMBOLS,
                             .config = "CONFIG_IOMMUFD_DRIVER=y\n",
                             .vfio_is_loaded = true,
                             .expected = 0 });
}

static void test_before_vfio_is_loaded_its_files_tell(void) {
        assert_case(&(Case){ .kallsyms = OTHER_SYMBOLS,
                             .symbols = "alias symbol:iova_bitmap_alloc vfio\n",
                             .expected = 1 });
        assert_case(&(Case){ .symbols = "",
                             .config = "CONFIG_VFIO=m\nCONFIG_IOMMUFD_DRIVER=y\n",
                             .expected = 1 });
        assert_case(&(Case){ .symbols = "alias symbol:iova_bitmap_alloc_more vfio\n",
                             .config = "# CONFIG_IOMMUFD_DRIVER is not set\n",
                             .expected = 0 });
}

static void test_without_anything_to_read_nothing_is_said(void) {
        assert_case(&(Case){ .expected = -ENODATA });
        assert_case(&(Case){ .symbols = "", .expected = -ENODATA });
        assert_case(&(Case){ .kallsyms = OTHER_SYMBOLS, .expected = -ENODATA });
}

static void assert_version(FakeRoot *root, const char *module, const char *expected) {
        g_autofree char *version = vfio_driver_version(fake_root_sysfs(root), module);

        g_assert_cmpstr(version, ==, expected);
}

static void test_a_version_goes_before_a_checksum_of_the_sources(void) {
        g_autoptr(FakeRoot) root = fake_root_new();

        assert_version(root, "mtty", NULL);
        fake_root_put(root, "sys/module/mtty/srcversion", "ABCDEF0123456789\n", -1);
        assert_version(root, "mtty", "ABCDEF0123456789");
        fake_root_put(root, "sys/module/mtty/version", "0.1\n", -1);
        assert_version(root, "mtty", "0.1");
}

static void test_a_driver_with_a_dash_has_a_module_with_an_underscore(void) {
        g_autoptr(FakeRoot) root = fake_root_new();

        fake_root_put(root, "sys/module/vfio_pci/version", "0.2\n", -1);
        assert_version(root, "vfio-pci", "0.2");
        assert_version(root, "../module/vfio_pci", NULL);
        assert_version(root, "", NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/vfio-kernel/a-symbol-of-the-running-kernel-tells",
                        test_a_symbol_of_the_running_kernel_tells);
        g_test_add_func("/vfio-kernel/a-loaded-vfio-without-the-symbol-tells-too",
                        test_a_loaded_vfio_without_the_symbol_tells_too);
        g_test_add_func("/vfio-kernel/before-vfio-is-loaded-its-files-tell",
                        test_before_vfio_is_loaded_its_files_tell);
        g_test_add_func("/vfio-kernel/without-anything-to-read-nothing-is-said",
                        test_without_anything_to_read_nothing_is_said);
        g_test_add_func("/vfio-kernel/a-version-goes-before-a-checksum-of-the-sources",
                        test_a_version_goes_before_a_checksum_of_the_sources);
        g_test_add_func("/vfio-kernel/a-driver-with-a-dash-has-a-module-with-an-underscore",
                        test_a_driver_with_a_dash_has_a_module_with_an_underscore);

        return g_test_run();
}
