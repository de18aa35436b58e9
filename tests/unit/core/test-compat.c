/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/compat.h"

#include <fcntl.h>

#include "daemon/facts/fd.h"
#include "tests/lib/fake-root.h"
#include "xml/ferry-error.h"

#define SHIPPED "usr/share/virtferry/compat.d"
#define OWN     "etc/virtferry/compat.d"
#define NONE    _COMPAT_FACT_MAX

static const char *const directories[] = { SHIPPED, OWN, NULL };

/* What is shipped ------------------------------------------------------------------- */

static Compat *load_shipped(void) {
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", NULL);
        static const char *const shipped[] = { "compat.d", NULL };
        g_auto(Fd) fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        return compat_load(fd, shipped);
}

static void test_each_shipped_file_has_no_fault(void) {
        g_autoptr(Compat) compat = load_shipped();
        const GPtrArray *problems = compat_problems(compat);

        if (problems->len > 0)
                g_error("%s", (const char *)problems->pdata[0]);
}

/* The daemon does the same without it. */
static void test_the_shipped_default_is_the_one_that_is_built_in(void) {
        g_autoptr(Compat) shipped = load_shipped(), built_in = compat_new();
        g_autoptr(Fingerprint) unknown = fingerprint_new();
        const CompatRule *left = compat_find(shipped, unknown);
        const CompatRule *right = compat_find(built_in, unknown);

        g_assert_cmpstr(left->file, ==, "/compat.d/default.conf");
        g_assert_cmpuint(left->equal, ==, right->equal);
        g_assert_cmpuint(left->not_older, ==, right->not_older);
        g_assert_cmpstr(left->why, ==, right->why);
        g_assert_cmpint(version_compare(&left->kernel_min, &right->kernel_min), ==, 0);
        g_assert_cmpint(version_compare(&left->qemu_min, &right->qemu_min), ==, 0);
        g_assert_cmpint(version_compare(&left->libvirt_min, &right->libvirt_min), ==, 0);
        g_assert_true(left->migrates && left->several);
}

/* A device, in a line: what is not said is unknown. */
typedef struct Look {
        int vendor, device, subsystem, revision; /* 0 unknown */
        const char *driver, *driver_version, *firmware, *mdev_type;
} Look;

static Fingerprint *fingerprint_of(const Look *look) {
        Fingerprint *fingerprint = fingerprint_new();

        if (look->vendor)
                fingerprint->vendor = fingerprint->subsystem_vendor = look->vendor;
        if (look->device)
                fingerprint->device = look->device;
        if (look->subsystem)
                fingerprint->subsystem_device = look->subsystem;
        if (look->revision)
                fingerprint->revision = look->revision;
        fingerprint->driver = g_strdup(look->driver);
        fingerprint->driver_version = g_strdup(look->driver_version);
        fingerprint->firmware = g_strdup(look->firmware);
        fingerprint->mdev_type = g_strdup(look->mdev_type);
        return fingerprint;
}

#define MLX(fw) \
        { 0x15b3, 0x101e, 0x58, 1, "mlx5_vfio_pci", "A1B2", fw, NULL }
#define HISI(id, v) \
        { 0x19e5, id, 0, 1, "hisi-acc-vfio-pci", v, NULL, NULL }
#define PDS(sub, fw) \
        { 0x1dd8, 0x1003, sub, 1, "pds-vfio-pci", NULL, fw, NULL }
#define QAT(v) \
        { 0x8086, 0x4941, 0, 0x40, "qat_vfio_pci", v, NULL, NULL }
#define VIRTIO(s, fw) \
        { 0x1af4, 0x1041, s, 1, "virtio_vfio_pci", NULL, fw, NULL }
#define XE(id, rev) \
        { 0x8086, id, 0, rev, "xe-vfio-pci", NULL, NULL, NULL }
#define VGPU(sub, v) \
        { 0x10de, 0x2236, sub, 0xa1, "nvidia", v, NULL, "nvidia-600" }
#define MTTY(type, v) \
        { 0, 0, 0, 0, "mtty", v, NULL, type }
#define IGB(id) \
        { 0x8086, id, 0, 1, "vfio-pci", NULL, NULL, NULL }
#define OTHER(v) \
        { 0x1234, 0x5678, 0, 1, "acme_vfio_pci", v, "1.0", NULL }

static const struct {
        const char *name, *rule;
        Look source, destination;
        CompatFact difference;
} moves[] = {
        { "mlx5, all the same", "mlx5", MLX("28.41.1000 (MT_1)"), MLX("28.41.1000 (MT_1)"), NONE },
        { "mlx5, a newer firmware", "mlx5", MLX("28.41.1000 (MT_1)"), MLX("28.43.1000 (MT_1)"),
          COMPAT_FACT_FIRMWARE },
        { "mlx5, another PSID", "mlx5", MLX("28.41.1000 (MT_1)"), MLX("28.41.1000 (MT_2)"),
          COMPAT_FACT_FIRMWARE },
        { "mlx5, a firmware that nobody knows", "mlx5", MLX("28.41.1000 (MT_1)"), MLX(NULL), NONE },
        { "mlx5, the plain driver", "mlx5", MLX("28.41.1000 (MT_1)"), IGB(0x10ca),
          COMPAT_FACT_VENDOR },
        { "hisi_acc, another build", "hisi_acc", HISI(0xa256, "AAAA"), HISI(0xa256, "BBBB"), NONE },
        { "hisi_acc, another accelerator", "hisi_acc", HISI(0xa256, NULL), HISI(0xa259, NULL),
          COMPAT_FACT_DEVICE },
        { "pds, another firmware", "pds", PDS(0x5000, "1.79.0"), PDS(0x5000, "1.80.0"),
          COMPAT_FACT_FIRMWARE },
        { "pds, another board", "pds", PDS(0x5000, "1.79.0"), PDS(0x5001, "1.79.0"),
          COMPAT_FACT_SUBSYSTEM },
        { "qat, a newer driver", "qat", QAT("1.0.40"), QAT("1.0.50"), NONE },
        { "qat, an older driver", "qat", QAT("1.0.50"), QAT("1.0.40"), COMPAT_FACT_DRIVER_VERSION },
        { "qat, builds that cannot be compared", "qat", QAT("F00D"), QAT("BEEF"), NONE },
        { "virtio, a newer firmware", "virtio", VIRTIO(0x41, "2.9"), VIRTIO(0x41, "2.10"), NONE },
        { "virtio, an older firmware", "virtio", VIRTIO(0x41, "2.10"), VIRTIO(0x41, "2.9"),
          COMPAT_FACT_FIRMWARE },
        { "virtio, another board", "virtio", VIRTIO(0x41, "2.9"), VIRTIO(0x42, "2.9"),
          COMPAT_FACT_SUBSYSTEM },
        { "xe, the same", "xe", XE(0xe20b, 1), XE(0xe20b, 1), NONE },
        { "xe, another revision", "xe", XE(0xe20b, 1), XE(0xe20b, 2), COMPAT_FACT_REVISION },
        { "nvidia, the same", "nvidia", VGPU(0x1482, "550.54.10"), VGPU(0x1482, "550.54.10"),
          NONE },
        { "nvidia, a newer driver", "nvidia", VGPU(0x1482, "550.54.10"), VGPU(0x1482, "570.1.2"),
          COMPAT_FACT_DRIVER_VERSION },
        { "nvidia, another board", "nvidia", VGPU(0x1482, "550.54.10"), VGPU(0x1483, "550.54.10"),
          COMPAT_FACT_SUBSYSTEM },
        { "mtty, the same", "mtty", MTTY("mtty-1", "0.1"), MTTY("mtty-1", "0.1"), NONE },
        { "mtty, more ports", "mtty", MTTY("mtty-1", "0.1"), MTTY("mtty-2", "0.1"),
          COMPAT_FACT_MDEV_TYPE },
        { "mtty, another version", "mtty", MTTY("mtty-1", "0.1"), MTTY("mtty-1", "0.2"),
          COMPAT_FACT_DRIVER_VERSION },
        { "igbvf, the same", "igbvf", IGB(0x10ca), IGB(0x10ca), NONE },
        { "igbvf, another", "igbvf", IGB(0x10ca), IGB(0x1520), COMPAT_FACT_DEVICE },
        { "a driver without a file, another version", "default", OTHER("1.0"), OTHER("2.0"), NONE },
        { "a driver without a file, another driver",
          "default",
          OTHER("1.0"),
          { 0x1234, 0x5678, 0, 1, "acme2_vfio_pci", NULL, NULL, NULL },
          COMPAT_FACT_DRIVER },
};

static void test_a_move(gconstpointer data) {
        guint i = GPOINTER_TO_UINT(data);
        g_autoptr(Compat) compat = load_shipped();
        g_autoptr(Fingerprint) source = fingerprint_of(&moves[i].source);
        g_autoptr(Fingerprint) destination = fingerprint_of(&moves[i].destination);
        const CompatRule *rule = compat_find(compat, source);

        g_assert_cmpstr(rule->name, ==, moves[i].rule);
        g_assert_cmpint(compat_difference(rule, COMPAT_FACTS_ALL, source, destination), ==,
                        moves[i].difference);
}

static void test_what_the_files_say_of_hosts_and_guests(void) {
        g_autoptr(Compat) compat = load_shipped();
        static const Look igb = IGB(0x1520), hisi = HISI(0xa256, NULL), mlx = MLX(NULL);
        g_autoptr(Fingerprint) unplugged = fingerprint_of(&igb);
        g_autoptr(Fingerprint) alone = fingerprint_of(&hisi);
        g_autoptr(Fingerprint) many = fingerprint_of(&mlx);
        char text[VERSION_STRING_MAX];

        g_assert_false(compat_find(compat, unplugged)->migrates);
        g_assert_false(compat_find(compat, alone)->several);
        g_assert_true(compat_find(compat, many)->several);
        g_assert_cmpstr(version_to_string(&compat_find(compat, many)->kernel_min, text), ==,
                        "5.18");
        /* Of the default, which the file does not speak of. */
        g_assert_cmpstr(version_to_string(&compat_find(compat, alone)->qemu_min, text), ==, "8.1");
}

/* Reading --------------------------------------------------------------------------- */

static void assert_refused(const char *text, const char *expected) {
        g_autoptr(Compat) compat = compat_new();
        g_autoptr(GError) error = NULL;

        g_assert_false(compat_add(compat, text, "/etc/x.conf", &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_cmpstr(error->message, ==, expected);
}

#define R     "[Rule a]\nDrivers=a;\n"
#define FACTS "vendor device subsystem revision driver driver-version firmware mdev-type"

static void test_what_is_wrong_is_said_with_its_line(void) {
        assert_refused("Equal=vendor\n", "/etc/x.conf: Key file does not start with a group");
        assert_refused("[Rule a]\n",
                       "/etc/x.conf:1: [Rule a] must say Drivers= or Devices= that it is about");
        assert_refused("[Default]\n", "/etc/x.conf:1: [Default] is unknown: the groups are [Rule "
                                      "NAME], and [Default] in default.conf alone");
        assert_refused("[Rule ../x]\nDrivers=a\n",
                       "/etc/x.conf:1: [Rule ../x] must have a name of 1 to 64 letters, digits and "
                       "'._+:-'");
        assert_refused(R "Equals=vendor\n",
                       "/etc/x.conf:3: [Rule a] Equals is unknown: the keys are Drivers, Devices, "
                       "Equal, NotOlder, Migrates, Several, KernelMin, PreCopyKernelMin, QemuMin, "
                       "LibvirtMin, Why");
        assert_refused(R "Equal=colour;\n",
                       "/etc/x.conf:3: [Rule a] Equal must be words of " FACTS ", not 'colour'");
        assert_refused(R "NotOlder=driver;\n", "/etc/x.conf:3: [Rule a] NotOlder must be words of "
                                               "driver-version firmware, not 'driver'");
        assert_refused(R "Equal=firmware;\nNotOlder=firmware;\n",
                       "/etc/x.conf:4: [Rule a] NotOlder has a word that Equal= has too: keep it "
                       "in one of them");
        assert_refused(R "QemuMin=8\n",
                       "/etc/x.conf:3: [Rule a] QemuMin must be a version like 6.2 or 8.1.0, not "
                       "'8'");
        assert_refused("[Rule a]\nDevices=15b3\n",
                       "/etc/x.conf:2: [Rule a] Devices must be PCI ids like 15b3:101e or 15b3:*, "
                       "not '15b3'");
        assert_refused("[Rule a]\nDevices=*:*\n",
                       "/etc/x.conf:2: [Rule a] Devices must be PCI ids like 15b3:101e or 15b3:*, "
                       "not '*:*'");
        assert_refused("[Rule a]\nDrivers=a/b\n",
                       "/etc/x.conf:2: [Rule a] Drivers must be names of drivers, not 'a/b'");
        assert_refused(R "Several=some\n",
                       "/etc/x.conf:3: [Rule a] Several must be yes or no, not 'some'");
        assert_refused(R "Why=\\t\n", "/etc/x.conf:3: [Rule a] Why must not be empty");
        assert_refused(R "Why=a\\nb\n",
                       "/etc/x.conf:3: [Rule a] Why must be one line of up to 120 bytes");
        assert_refused(R "[Rule b]\nDrivers=c;a;\n",
                       "/etc/x.conf: [Rule b] Drivers has a, for which [Rule a] of /etc/x.conf is "
                       "already: keep one of them");
}

static void test_of_a_file_with_a_fault_nothing_holds(void) {
        g_autoptr(Compat) compat = compat_new();
        static const Look look = { .driver = "a" };
        g_autoptr(Fingerprint) source = fingerprint_of(&look);

        g_assert_false(compat_add(compat, R "[Rule b]\nDrivers=a;\n", "x.conf", NULL));
        g_assert_cmpstr(compat_find(compat, source)->name, ==, "default");
        g_assert_true(compat_add(compat, R, "x.conf", NULL));
        g_assert_cmpstr(compat_find(compat, source)->name, ==, "a");
}

static void test_ids_go_before_drivers(void) {
        static const Look looks[] = { { 0x1234, 1, .driver = "a" },
                                      { 0x1234, 2, .driver = "a" },
                                      { 0x1234, 2, .driver = "b" },
                                      { 0x1235, 2, .driver = "b" } };
        static const char *const rules[] = { "one", "all-of-1234", "any-driver", "default" };
        g_autoptr(Compat) compat = compat_new();
        g_autoptr(GError) error = NULL;

        (void)compat_add(compat,
                         "[Rule by-driver]\nDrivers=a\n"
                         "[Rule one]\nDrivers=a\nDevices=1234:0001\n"
                         "[Rule all-of-1234]\nDrivers=a\nDevices=1234:*\n"
                         "[Rule any-driver]\nDevices=1234:0002\n",
                         "x.conf", &error);
        g_assert_no_error(error);
        for (size_t i = 0; i < G_N_ELEMENTS(looks); i++) {
                g_autoptr(Fingerprint) source = fingerprint_of(&looks[i]);

                g_assert_cmpstr(compat_find(compat, source)->name, ==, rules[i]);
        }
}

static void test_what_a_rule_says_goes_before_the_default(void) {
        g_autoptr(Compat) compat = compat_new();
        static const Look look = { .driver = "a" };
        g_autoptr(Fingerprint) source = fingerprint_of(&look);
        const CompatRule *rule;

        g_assert_true(compat_add(compat, "[Default]\nEqual=driver;firmware\nWhy=so\nSeveral=no\n",
                                 "default.conf", NULL));
        g_assert_true(compat_add(compat, R "NotOlder=firmware\nSeveral=yes\n", "x.conf", NULL));
        rule = compat_find(compat, source);
        g_assert_cmpuint(rule->equal, ==, COMPAT_FACT_BIT(COMPAT_FACT_DRIVER));
        g_assert_true(compat_is_minimum(rule, COMPAT_FACT_FIRMWARE));
        g_assert_true(rule->several);
        g_assert_cmpstr(rule->why, ==, "so");
}

/* Directories ----------------------------------------------------------------------- */

static Compat *load_of(FakeRoot *root) {
        return compat_load(sysfs_root_fd(fake_root_sysfs(root)), directories);
}

static const CompatRule *rule_of(const Compat *compat, const char *driver) {
        Look look = { .driver = driver };
        g_autoptr(Fingerprint) source = fingerprint_of(&look);

        return compat_find(compat, source);
}

static void test_no_directory_is_the_default(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(Compat) compat = load_of(root);

        g_assert_cmpuint(compat_problems(compat)->len, ==, 0);
        g_assert_cmpstr(rule_of(compat, "mlx5_vfio_pci")->name, ==, "default");
}

static void test_a_file_of_the_operator_goes_before_ours_of_its_name(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(Compat) compat = NULL;

        fake_root_put(root, SHIPPED "/a.conf", "[Rule ours]\nDrivers=a\n", -1);
        fake_root_put(root, SHIPPED "/b.conf", "[Rule b]\nDrivers=b\n", -1);
        fake_root_put(root, SHIPPED "/z.txt", "nothing\n", -1);
        fake_root_put(root, OWN "/a.conf", "[Rule own]\nDrivers=a\n", -1);
        fake_root_put(root, OWN "/default.conf", "[Default]\nWhy=by order\n", -1);
        compat = load_of(root);
        g_assert_cmpuint(compat_problems(compat)->len, ==, 0);
        g_assert_cmpstr(rule_of(compat, "a")->name, ==, "own");
        g_assert_cmpstr(rule_of(compat, "a")->file, ==, "/" OWN "/a.conf");
        g_assert_cmpstr(rule_of(compat, "b")->why, ==, "by order");
}

static void test_an_empty_file_masks_ours(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autofree char *path = g_build_filename(fake_root_path(root), OWN "/b.conf", NULL);
        g_autoptr(Compat) compat = NULL;

        fake_root_put(root, SHIPPED "/a.conf", "[Rule a]\nDrivers=a\n", -1);
        fake_root_put(root, SHIPPED "/b.conf", "[Rule b]\nDrivers=b\n", -1);
        fake_root_put(root, OWN "/a.conf", "", 0);
        g_assert_cmpint(symlink("/dev/null", path), ==, 0);
        compat = load_of(root);
        g_assert_cmpuint(compat_problems(compat)->len, ==, 0);
        g_assert_cmpstr(rule_of(compat, "a")->name, ==, "default");
        g_assert_cmpstr(rule_of(compat, "b")->name, ==, "default");
}

static void test_a_bad_file_is_passed_over_and_told(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(Compat) compat = NULL;
        const GPtrArray *problems;

        fake_root_put(root, OWN "/a.conf", "[Rule a]\nDrivers=a\nWhat=x\n", -1);
        fake_root_put(root, OWN "/b.conf", "[Rule b]\nDrivers=b\n", -1);
        fake_root_put(root, OWN "/c.conf/d", "", 0);
        fake_root_put(root, OWN "/n.conf", "a\0b", 3);
        compat = load_of(root);
        problems = compat_problems(compat);
        g_assert_cmpuint(problems->len, ==, 3);
        g_assert_true(g_str_has_prefix(problems->pdata[0],
                                       "/" OWN "/a.conf:3: [Rule a] What is unknown: "));
        g_assert_cmpstr(problems->pdata[1], ==,
                        "/" OWN "/c.conf: The file cannot be read: Is a directory");
        g_assert_cmpstr(problems->pdata[2], ==,
                        "/" OWN "/n.conf: The file cannot be read: it is no text, or longer than "
                        "1 MiB");
        g_assert_cmpstr(rule_of(compat, "a")->name, ==, "default");
        g_assert_cmpstr(rule_of(compat, "b")->name, ==, "b");
}

static void test_a_directory_that_is_none_is_told(void) {
        g_autoptr(FakeRoot) root = fake_root_new();
        g_autoptr(Compat) compat = NULL;

        fake_root_put(root, OWN, "", 0);
        compat = load_of(root);
        g_assert_cmpuint(compat_problems(compat)->len, ==, 1);
        g_assert_cmpstr(compat_problems(compat)->pdata[0], ==,
                        "/" OWN ": The directory cannot be read: Not a directory");
}

static void test_facts_have_words_for_people(void) {
        static const Look look = { 0x15b3, 0x101e, 0x58, 1, "mlx5_vfio_pci", "A1", "28.41", NULL };
        static const char *const words[] = { "15b3",          "101e", "15b3:0058", "01",
                                             "mlx5_vfio_pci", "A1",   "28.41",     "unknown" };
        g_autoptr(Fingerprint) fingerprint = fingerprint_of(&look);

        for (int fact = 0; fact < _COMPAT_FACT_MAX; fact++) {
                g_autofree char *text = compat_fact_text(fact, fingerprint);

                g_assert_cmpstr(text, ==, words[fact]);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define TEST(name, function) g_test_add_func("/compat/" name, function)
        TEST("each shipped file has no fault", test_each_shipped_file_has_no_fault);
        TEST("the shipped default is the one that is built in",
             test_the_shipped_default_is_the_one_that_is_built_in);
        for (guint i = 0; i < G_N_ELEMENTS(moves); i++) {
                g_autofree char *name = g_strdup_printf("/compat/moves/%s", moves[i].name);

                g_test_add_data_func(name, GUINT_TO_POINTER(i), test_a_move);
        }
        TEST("what the files say of hosts and guests", test_what_the_files_say_of_hosts_and_guests);
        TEST("what is wrong is said with its line", test_what_is_wrong_is_said_with_its_line);
        TEST("of a file with a fault nothing holds", test_of_a_file_with_a_fault_nothing_holds);
        TEST("ids go before drivers", test_ids_go_before_drivers);
        TEST("what a rule says goes before the default",
             test_what_a_rule_says_goes_before_the_default);
        TEST("no directory is the default", test_no_directory_is_the_default);
        TEST("a file of the operator goes before ours of its name",
             test_a_file_of_the_operator_goes_before_ours_of_its_name);
        TEST("an empty file masks ours", test_an_empty_file_masks_ours);
        TEST("a bad file is passed over and told", test_a_bad_file_is_passed_over_and_told);
        TEST("a directory that is none is told", test_a_directory_that_is_none_is_told);
        TEST("facts have words for people", test_facts_have_words_for_people);
        return g_test_run();
}
