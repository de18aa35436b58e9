/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/offload-pool.h"
#include "tests/lib/fake-root.h"

#define POOLS "etc/virtferry/pools.d/"

typedef struct Fixture {
        FakeRoot *root;
        GPtrArray *pools, *problems;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_ptr_array_unref(f->pools);
        g_ptr_array_unref(f->problems);
        fake_root_free(f->root);
}

static void load(Fixture *f) {
        offload_pools_load(sysfs_root_fd(fake_root_sysfs(f->root)), &f->pools, &f->problems);
}

static void test_reads(Fixture *f, gconstpointer unused) {
        const OffloadPool *pool;

        fake_root_put(f->root, POOLS "b.conf", "[Resource dpu1]\nParent=0000:5e:00.0\nCores=8\n",
                      -1);
        fake_root_put(f->root, POOLS "a.conf",
                      "[Resource dpu0]\nParent=0000:3b:00.0\nCores=16\nMemoryMiB=32768\n"
                      "BandwidthMbit=200000\nProtectionKeys=64\n",
                      -1);
        fake_root_put(f->root, POOLS "a.conf.bak", "[Resource old]\n", -1);
        load(f);
        g_assert_cmpuint(f->problems->len, ==, 0);
        g_assert_cmpuint(f->pools->len, ==, 2);
        pool = f->pools->pdata[0];
        g_assert_cmpstr(pool->name, ==, "dpu0");
        g_assert_cmpstr(pool->file, ==, "/" POOLS "a.conf");
        g_assert_cmpstr(pool->parent, ==, "0000:3b:00.0");
        g_assert_cmpuint(pool->cores, ==, 16);
        g_assert_cmpuint(pool->memory_mib, ==, 32768);
        g_assert_cmpuint(pool->bandwidth_mbit, ==, 200000);
        g_assert_cmpuint(pool->keys, ==, 64);
}

static void test_agent(Fixture *f, gconstpointer unused) {
        const OffloadPool *pool;

        fake_root_put(f->root, POOLS "a.conf",
                      "[Resource a]\nParent=0000:3b:00.0\nAgent=root@dpu0\n", -1);
        load(f);
        g_assert_cmpuint(f->problems->len, ==, 0);
        pool = f->pools->pdata[0];
        g_assert_cmpstr(pool->agent, ==, "root@dpu0");
        g_assert_cmpuint(pool->cores, ==, 0);
}

static void test_none(Fixture *f, gconstpointer unused) {
        load(f);
        g_assert_cmpuint(f->pools->len + f->problems->len, ==, 0);
}

#define FILE_NAME "/" POOLS "x.conf"

static void test_wrong(void) {
        static const struct {
                const char *text, *problem;
        } cases[] = {
                { "[Pool x]\n",
                  FILE_NAME ":1: [Pool x] is unknown: the groups are [Resource NAME]" },
                { "[Resource a b]\nCores=1\n",
                  FILE_NAME ":1: [Resource a b] must have a name of 1 to 64 letters, digits and "
                            "'-_.'" },
                { "[Resource x]\nParent=0000:3b:00.0\nCores=0\n",
                  FILE_NAME ":3: [Resource x] Cores must be 1 to 65536, not '0'" },
                { "[Resource x]\nParent=eth0\nCores=1\n",
                  FILE_NAME ":2: [Resource x] Parent must be a PCI address as 0000:3b:00.0, not "
                            "'eth0'" },
                { "[Resource x]\nCores=1\n",
                  FILE_NAME ":1: [Resource x] must have Parent=, the PCI address of the device's "
                            "PF" },
                { "[Resource x]\nParent=0000:3b:00.0\nAgent=-F/tmp\n",
                  FILE_NAME ":3: [Resource x] Agent must be a destination of ssh as root@dpu0, "
                            "not '-F/tmp'" },
                { "[Resource x]\nParent=0000:3b:00.0\nAgent=dpu0 id\n",
                  FILE_NAME ":3: [Resource x] Agent must be a destination of ssh as root@dpu0, "
                            "not 'dpu0 id'" },
                { "[Resource x]\nParent=0000:3b:00.0\n",
                  FILE_NAME ":1: [Resource x] has nothing to share out: give Agent, Cores, "
                            "MemoryMiB, BandwidthMbit or ProtectionKeys" },
                { "[Resource x]\nGpus=1\n",
                  FILE_NAME ":2: [Resource x] Gpus is unknown: the keys are Parent, Agent, "
                            "Cores, MemoryMiB, BandwidthMbit, ProtectionKeys" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Fixture f = { 0 };

                set_up(&f, NULL);
                fake_root_put(f.root, POOLS "x.conf", cases[i].text, -1);
                load(&f);
                g_assert_cmpuint(f.problems->len, ==, 1);
                g_assert_cmpstr(f.problems->pdata[0], ==, cases[i].problem);
                g_assert_cmpuint(f.pools->len, ==, 0);
                tear_down(&f, NULL);
        }
}

static void test_twice(Fixture *f, gconstpointer unused) {
        fake_root_put(f->root, POOLS "a.conf", "[Resource x]\nParent=0000:3b:00.0\nCores=1\n", -1);
        fake_root_put(f->root, POOLS "b.conf",
                      "[Resource y]\nParent=0000:3b:00.0\nCores=1\n"
                      "[Resource x]\nParent=0000:3b:00.0\nCores=2\n",
                      -1);
        load(f);
        g_assert_cmpuint(f->pools->len, ==, 1);
        g_assert_cmpuint(f->problems->len, ==, 1);
        g_assert_cmpstr(f->problems->pdata[0], ==,
                        "/" POOLS "b.conf:4: [Resource x] is in /" POOLS "a.conf already");
}

static void test_no_directory(Fixture *f, gconstpointer unused) {
        fake_root_put(f->root, "etc/virtferry/pools.d", "", -1);
        load(f);
        g_assert_cmpuint(f->problems->len, ==, 1);
        g_assert_cmpstr(f->problems->pdata[0], ==,
                        "/etc/virtferry/pools.d: The directory cannot be read: Not a directory");
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/offload-pool/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("the files are read in the order of their names", test_reads);
        ADD("without files there are none", test_none);
        ADD("an agent can know all of it", test_agent);
        g_test_add_func("/offload-pool/what is wrong is said in one sentence", test_wrong);
        ADD("a name that is there already spoils its own file alone", test_twice);
        ADD("a directory that is none is said", test_no_directory);
        return g_test_run();
}
