/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/config.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "daemon/core/device-class.h"
#include "xml/ferry-error.h"

#define NAME "virtferry.conf"

/* All that a configuration says, as text. */
static char *dump(const Config *config) {
        GString *text = g_string_new(NULL);

        g_string_append_printf(text, "adopt=%d timeout=%" G_GUINT64_FORMAT "\n", config->adopt,
                               config->lease_timeout_usec);
        for (guint i = 0; i < config->pools->len; i++) {
                const Pool *pool = config->pools->pdata[i];
                g_autofree char *types = pool->types ? g_strjoinv("|", pool->types) : NULL;
                g_autofree char *devices = pool->devices ? g_strjoinv("|", pool->devices) : NULL;

                g_string_append_printf(text,
                                       "%s class=%s parent=%s types=%s devices=%s max=%u host=%d\n",
                                       pool->name, pool->class_name ?: "-", pool->parent ?: "-",
                                       types ?: "-", devices ?: "-", pool->max, pool->host_devices);
        }
        return g_string_free(text, FALSE);
}

static Config *parse(const char *text) {
        g_autoptr(GError) error = NULL;
        Config *config;

        config = config_parse(text, NAME, &error);
        g_assert_no_error(error);
        g_assert_nonnull(config);
        return config;
}

static void assert_says(const char *text, const char *expected) {
        g_autoptr(Config) config = parse(text);
        g_autofree char *said = dump(config);

        g_assert_cmpstr(said, ==, expected);
}

#define DEFAULTS     "adopt=1 timeout=120000000\n"
#define DEFAULT_POOL "default class=- parent=- types=- devices=- max=0 host=0\n"

/* What holds ------------------------------------------------------------------------ */

static void test_nothing_said_is_the_defaults(void) {
        g_autoptr(Config) config = config_new();
        g_autofree char *said = dump(config);

        g_assert_cmpstr(said, ==, DEFAULTS DEFAULT_POOL);
        assert_says("", DEFAULTS DEFAULT_POOL);
        assert_says("\n# nothing\n\n[Daemon]\n", DEFAULTS DEFAULT_POOL);
}

static void test_what_is_said_holds(void) {
        assert_says("[Daemon]\r\nAdopt = no \r\nLeaseTimeoutSec=30\r\n",
                    "adopt=0 timeout=30000000\n" DEFAULT_POOL);
        assert_says("[Pool fast]\n"
                    "Class=mdev\n"
                    "Parent=mtty\n"
                    "Types=mtty-1; mtty-2\n"
                    "Devices=0000:3b:00.*;\n"
                    "Max=4\n"
                    "HostDevices=yes\n"
                    "[Pool slow_2.x-y]\n",
                    DEFAULTS "fast class=mdev parent=mtty types=mtty-1|mtty-2 "
                             "devices=0000:3b:00.* max=4 host=1\n"
                             "slow_2.x-y class=- parent=- types=- devices=- max=0 "
                             "host=0\n" DEFAULT_POOL);
}

static void test_the_default_pool_is_the_last_wherever_it_stands(void) {
        assert_says("[Pool default]\nMax=2\nHostDevices=on\n[Pool fast]\nClass=sriov\n",
                    DEFAULTS "fast class=sriov parent=- types=- devices=- max=0 host=0\n"
                             "default class=- parent=- types=- devices=- max=2 host=1\n");
}

static void test_a_switch_has_four_pairs_of_words(void) {
        static const char *const yes[] = { "yes", "true", "on", "1" };
        static const char *const no[] = { "no", "false", "off", "0" };

        for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
                g_autofree char *on = g_strdup_printf("[Daemon]\nAdopt=%s\n", yes[i]);
                g_autofree char *off = g_strdup_printf("[Daemon]\nAdopt=%s\n", no[i]);

                assert_says(on, DEFAULTS DEFAULT_POOL);
                assert_says(off, "adopt=0 timeout=120000000\n" DEFAULT_POOL);
        }
}

static void test_numbers_hold_to_their_bounds(void) {
        assert_says("[Daemon]\nLeaseTimeoutSec=1\n", "adopt=1 timeout=1000000\n" DEFAULT_POOL);
        assert_says("[Daemon]\nLeaseTimeoutSec=86400\n",
                    "adopt=1 timeout=86400000000\n" DEFAULT_POOL);
        assert_says("[Pool default]\nMax=65535\n",
                    DEFAULTS "default class=- parent=- types=- devices=- max=65535 host=0\n");
}

/* What is refused ------------------------------------------------------------------- */

static void test_migrations_have_limits(void) {
        static const char text[] = "[Migration]\nAnnounce=no\nMaxDowntimeMSec=5\nMaxIncoming="
                                   "63\nMaxOutgoing=64\nMediation=no\nSettleSec="
                                   "0\nShutdownTimeoutSec=8\nUnplugTimeoutSec=7\n";
        g_autoptr(GError) error = NULL;
        g_autoptr(Config) set = config_parse(text, "test", &error), defaults = config_new();

        g_assert_no_error(error);
        g_assert_false(set->announce);
        g_assert_true(defaults->announce);
        g_assert_false(set->mediation);
        g_assert_true(defaults->mediation);
        g_assert_cmpuint(set->downtime_max_ms, ==, 5);
        g_assert_cmpuint(defaults->downtime_max_ms, ==, 1000);
        g_assert_cmpuint(set->incoming_max, ==, 63);
        g_assert_cmpuint(defaults->incoming_max, ==, 2);
        g_assert_cmpuint(set->outgoing_max, ==, 64);
        g_assert_cmpuint(set->settle_usec, ==, 0);
        g_assert_cmpuint(set->shutdown_timeout_ms, ==, 8000);
        g_assert_cmpuint(defaults->shutdown_timeout_ms, ==, 120000);
        g_assert_cmpuint(set->unplug_timeout_ms, ==, 7000);
        g_assert_cmpuint(defaults->unplug_timeout_ms, ==, 30000);
        g_assert_cmpuint(defaults->outgoing_max, ==, 2);
        g_assert_cmpuint(defaults->settle_usec, ==, 60 * G_USEC_PER_SEC);
}

static void test_a_policy_of_leaving_is_set(void) {
        static const char text[] = "[Policy]\nDestinations=qemu+ssh://b/system;test:///c\n"
                                   "LeaveHours=0\nLeavesPerDay=2\n";
        g_autoptr(Config) set = config_parse(text, "test", NULL), defaults = config_new();

        g_assert_cmpuint(g_strv_length(set->policy_destinations), ==, 2);
        g_assert_cmpstr(set->policy_destinations[1], ==, "test:///c");
        g_assert_null(defaults->policy_destinations);
        g_assert_cmpuint(set->policy_leave_hours, ==, 0);
        g_assert_cmpuint(defaults->policy_leave_hours, ==, 4);
        g_assert_cmpuint(set->policy_leaves, ==, 2);
        g_assert_cmpuint(defaults->policy_leaves, ==, 4);
}

static void test_a_policy_is_set(void) {
        static const char text[] = "[Policy]\nMode=observe\nBridge=br0\nIdleKbit=80\n"
                                   "MovesPerDay=3\nSettlingTimeSec=0\n";
        g_autoptr(GError) error = NULL;
        g_autoptr(Config) set = config_parse(text, "test", &error), defaults = config_new();
        g_autoptr(Config) act = config_parse("[Policy]\nMode=act\n", "test", NULL);

        g_assert_no_error(error);
        g_assert_cmpint(set->policy_mode, ==, POLICY_OBSERVE);
        g_assert_cmpint(defaults->policy_mode, ==, POLICY_ADVISE);
        g_assert_cmpint(act->policy_mode, ==, POLICY_ACT);
        g_assert_cmpstr(set->policy_bridge, ==, "br0");
        g_assert_null(defaults->policy_bridge);
        g_assert_cmpuint(set->policy_idle_kbit, ==, 80);
        g_assert_cmpuint(defaults->policy_idle_kbit, ==, 0);
        g_assert_cmpuint(set->policy_moves, ==, 3);
        g_assert_cmpuint(defaults->policy_moves, ==, 24);
        g_assert_cmpuint(set->policy_settle_sec, ==, 0);
        g_assert_cmpuint(defaults->policy_settle_sec, ==, 3600);
}

static void test_it_is_set_when_slices_grow_and_shrink(void) {
        static const char text[] = "[Policy]\nGrowAbove=90\nShrinkBelow=0\nTarget=60\n"
                                   "SliceChangesPerDay=2\nSliceSettlingTimeSec=60\n";
        g_autoptr(Config) defaults = config_new();
        g_autoptr(Config) set = config_parse(text, "test", NULL);

        g_assert_cmpuint(set->policy_slice.grow_above, ==, 90);
        g_assert_cmpuint(defaults->policy_slice.grow_above, ==, 85);
        g_assert_cmpuint(set->policy_slice.shrink_below, ==, 0);
        g_assert_cmpuint(defaults->policy_slice.shrink_below, ==, 40);
        g_assert_cmpuint(set->policy_slice.target, ==, 60);
        g_assert_cmpuint(defaults->policy_slice.target, ==, 70);
        g_assert_cmpuint(set->policy_slice.changes, ==, 2);
        g_assert_cmpuint(defaults->policy_slice.changes, ==, 6);
        g_assert_cmpuint(set->policy_slice.settle, ==, 60);
        g_assert_cmpuint(defaults->policy_slice.settle, ==, 3600);
}

static void test_a_host_keeps_something_for_itself(void) {
        static const char text[] =
                "[Slices]\nDefragment=apply\nGuests=no\nGuestPort=1023\nHostCpus=0-1,8\n"
                "HostMemoryMiB=2048\nKeepOff=no\n";
        g_autoptr(GError) error = NULL;
        g_autoptr(Config) set = config_parse(text, "test", &error), defaults = config_new();

        g_assert_no_error(error);
        g_assert_true(set->defragment_apply);
        g_assert_false(defaults->defragment_apply);
        g_assert_false(set->guests_ask);
        g_assert_true(defaults->guests_ask);
        g_assert_false(set->keep_off);
        g_assert_true(defaults->keep_off);
        g_assert_cmpuint(set->guest_port, ==, 1023);
        g_assert_cmpuint(defaults->guest_port, ==, 33779);
        g_assert_cmpstr(set->host_cpus, ==, "0-1,8");
        g_assert_null(defaults->host_cpus);
        g_assert_cmpuint(set->host_memory_mib, ==, 2048);
        g_assert_cmpuint(defaults->host_memory_mib, ==, 0);
}

static void test_claims_are_demanded_of_whom_it_says(void) {
        g_autoptr(Config) nova = config_parse("[OpenStack]\nClaims=nova\n", "test", NULL);
        g_autoptr(Config) all = config_parse("[OpenStack]\nClaims=all\n", "test", NULL);
        g_autoptr(Config) empty = config_parse("[OpenStack]\n", "test", NULL);

        g_assert_cmpint(nova->claims, ==, CLAIMS_NOVA);
        g_assert_cmpint(all->claims, ==, CLAIMS_ALL);
        g_assert_cmpint(empty->claims, ==, CLAIMS_NO);
}

static void test_a_host_is_one_of_a_cluster(void) {
        static const char text[] = "[Cluster]\nEtcd=https://a:2379; http://[::1]:2379\nName=east\n"
                                   "Host=hosta\nUri=qemu+tls://a/system\nCAFile=/ca\nCertFile=/c\n"
                                   "KeyFile=/k\nUser=u\nPasswordFile=/p\nShare=100\nTTLSec=2\n";
        g_autoptr(GError) error = NULL;
        g_autoptr(Config) set = config_parse(text, "test", &error), defaults = config_new();
        const ClusterConfig *cluster = set ? &set->cluster : NULL;

        g_assert_no_error(error);
        g_assert_cmpuint(g_strv_length(cluster->etcd), ==, 2);
        g_assert_cmpstr(cluster->etcd[1], ==, "http://[::1]:2379");
        g_assert_cmpstr(cluster->name, ==, "east");
        g_assert_cmpstr(cluster->host, ==, "hosta");
        g_assert_cmpstr(cluster->uri, ==, "qemu+tls://a/system");
        g_assert_cmpstr(cluster->ca_file, ==, "/ca");
        g_assert_cmpstr(cluster->cert_file, ==, "/c");
        g_assert_cmpstr(cluster->key_file, ==, "/k");
        g_assert_cmpstr(cluster->user, ==, "u");
        g_assert_cmpstr(cluster->password_file, ==, "/p");
        g_assert_cmpuint(cluster->share, ==, 100);
        g_assert_cmpuint(cluster->ttl, ==, 2);
        g_assert_null(defaults->cluster.etcd);
        g_assert_cmpstr(defaults->cluster.name, ==, "default");
        g_assert_cmpuint(defaults->cluster.share, ==, 50);
        g_assert_cmpuint(defaults->cluster.ttl, ==, 10);
}

static const struct {
        const char *text;
        const char *message; /* after "virtferry.conf:" */
} refusals[] = {
        { "[Deamon]\n",
          "1: [Deamon] is unknown: the groups are [Daemon], [Migration], [Policy], [Slices], "
          "[OpenStack], [Cluster] and [Pool NAME]" },
        { "[Policy]\nMode=do\n", "2: [Policy] Mode must be observe, advise or act, not 'do'" },
        { "[Policy]\nBridge=br 0\n",
          "2: [Policy] Bridge must be the name of a bridge, not 'br 0'" },
        { "[Policy]\nDestinations=qemu+ssh://b/system;hostc\n",
          "2: [Policy] Destinations must be URIs of libvirt, as qemu+ssh://HOST/system, not "
          "'hostc'" },
        { "[Policy]\nLeaveHours=25\n", "2: [Policy] LeaveHours must be 0 to 24, not '25'" },
        { "[Policy]\nLeavesPerDay=0\n", "2: [Policy] LeavesPerDay must be 1 to 1000, not '0'" },
        { "[Policy]\nMovesPerDay=0\n", "2: [Policy] MovesPerDay must be 1 to 1000, not '0'" },
        { "[Policy]\nSliceChangesPerDay=0\n",
          "2: [Policy] SliceChangesPerDay must be 1 to 1000, not '0'" },
        { "[Policy]\nGrowAbove=70\n",
          "1: [Policy] needs ShrinkBelow below Target and Target below GrowAbove, and they are 40, "
          "70 and 70" },
        { "[Policy]\nTarget=40\n",
          "1: [Policy] needs ShrinkBelow below Target and Target below GrowAbove, and they are 40, "
          "40 and 85" },
        { "[Cluster]\nEtcd=hosta:2379\n",
          "2: [Cluster] Etcd must be URLs as in https://HOST:2379, not 'hosta:2379'" },
        { "[Cluster]\nEtcd=http://\n",
          "2: [Cluster] Etcd must be URLs as in https://HOST:2379, not 'http://'" },
        { "[Cluster]\nEtcd=https://a:2379/v3\n",
          "2: [Cluster] Etcd must be URLs as in https://HOST:2379, not 'https://a:2379/v3'" },
        { "[Cluster]\nName=a/b\n",
          "2: [Cluster] Name must be 1 to 128 letters, digits and '-_.', not 'a/b'" },
        { "[Cluster]\nHost=a b\n",
          "2: [Cluster] Host must be 1 to 128 letters, digits and '-_.', not 'a b'" },
        { "[Cluster]\nUri=hosta\n", "2: [Cluster] Uri must be the URI of a libvirt, as "
                                    "qemu+ssh://HOST/system, of at most 128 "
                                    "bytes, not 'hosta'" },
        { "[Cluster]\nCAFile=ca.pem\n",
          "2: [Cluster] CAFile must be an absolute path, not 'ca.pem'" },
        { "[Cluster]\nKeyFile=/k\n", "2: [Cluster] KeyFile needs CertFile=, too" },
        { "[Cluster]\nUser=u\n", "2: [Cluster] User needs PasswordFile=, too" },
        { "[Cluster]\nShare=101\n", "2: [Cluster] Share must be 0 to 100, not '101'" },
        { "[Cluster]\nTTLSec=1\n", "2: [Cluster] TTLSec must be 2 to 3600, not '1'" },
        { "[OpenStack]\nClaims=yes\n", "2: [OpenStack] Claims must be no, nova or all, not 'yes'" },
        { "\n[Pool]\n",
          "2: [Pool] is unknown: the groups are [Daemon], [Migration], [Policy], [Slices], "
          "[OpenStack], [Cluster] and [Pool NAME]" },
        { "[Pool ]\n", "1: [Pool ] must have a name of 1 to 64 letters, digits and '-_.'" },
        { "[Pool a b]\n", "1: [Pool a b] must have a name of 1 to 64 letters, digits and '-_.'" },
        { "[Pool  a]\n", "1: [Pool  a] must have a name of 1 to 64 letters, digits and '-_.'" },
        { "[Daemon]\n# Adopt=no\n  Adapt = no\n",
          "3: [Daemon] Adapt is unknown: the keys are Adopt, LeaseTimeoutSec" },
        { "[Daemon]\nAdopt[de]=no\n",
          "2: [Daemon] Adopt[de] is unknown: the keys are Adopt, LeaseTimeoutSec" },
        { "[Pool a]\nSize=4\n",
          "2: [Pool a] Size is unknown: the keys are Class, Parent, Types, Devices, Max, "
          "HostDevices" },
        { "[Pool default]\nClass=mdev\n",
          "2: [Pool default] Class is unknown: the keys are Max, HostDevices" },

        { "[Migration]\nMaxDowntimeMSec=0\n",
          "2: [Migration] MaxDowntimeMSec must be 1 to 3600000, not '0'" },
        { "[Migration]\nMaxIncoming=0\n", "2: [Migration] MaxIncoming must be 1 to 64, not '0'" },
        { "[Migration]\nMaxOutgoing=0\n", "2: [Migration] MaxOutgoing must be 1 to 64, not '0'" },
        { "[Migration]\nMaxOutgoing=65\n", "2: [Migration] MaxOutgoing must be 1 to 64, not '65'" },
        { "[Migration]\nShutdownTimeoutSec=0\n",
          "2: [Migration] ShutdownTimeoutSec must be 1 to 3600, not '0'" },
        { "[Migration]\nUnplugTimeoutSec=0\n",
          "2: [Migration] UnplugTimeoutSec must be 1 to 3600, not '0'" },
        { "[Migration]\nSettleSec=86401\n",
          "2: [Migration] SettleSec must be 0 to 86400, not '86401'" },
        { "[Slices]\nGuestPort=0\n", "2: [Slices] GuestPort must be 1 to 4294967294, not '0'" },
        { "[Slices]\nGuestPort=4294967295\n",
          "2: [Slices] GuestPort must be 1 to 4294967294, not '4294967295'" },
        { "[Slices]\nHostCpus=two\n",
          "2: [Slices] HostCpus must be CPUs as in '0-1,8', not 'two'" },
        { "[Slices]\nHostMemoryMiB=2GiB\n",
          "2: [Slices] HostMemoryMiB must be 0 to 1073741824, not '2GiB'" },
        { "[Daemon]\nAdopt=maybe\n", "2: [Daemon] Adopt must be yes or no, not 'maybe'" },
        { "[Daemon]\nAdopt=\n", "2: [Daemon] Adopt must be yes or no, not ''" },
        { "[Daemon]\nLeaseTimeoutSec=0\n",
          "2: [Daemon] LeaseTimeoutSec must be 1 to 86400, not '0'" },
        { "[Daemon]\nLeaseTimeoutSec=86401\n",
          "2: [Daemon] LeaseTimeoutSec must be 1 to 86400, not '86401'" },
        { "[Daemon]\nLeaseTimeoutSec=2min\n",
          "2: [Daemon] LeaseTimeoutSec must be 1 to 86400, not '2min'" },
        { "[Pool a]\nMax=-1\n", "2: [Pool a] Max must be 0 to 65535, not '-1'" },
        { "[Pool a]\nMax=65536\n", "2: [Pool a] Max must be 0 to 65535, not '65536'" },
        { "[Pool a]\nMax=99999999999999999999999\n",
          "2: [Pool a] Max must be 0 to 65535, not '99999999999999999999999'" },
        { "[Pool a]\nMax=4 # leases\n", "2: [Pool a] Max must be 0 to 65535, not '4 # leases'" },
        { "[Pool a]\n\nClass=gpu\n", "3: [Pool a] Class must be sriov or mdev, not 'gpu'" },
        { "[Pool a]\nClass=\n", "2: [Pool a] Class must not be empty" },
        { "[Pool a]\nParent= \n", "2: [Pool a] Parent must not be empty" },
        { "[Pool a]\nTypes=\n", "2: [Pool a] Types must not be empty" },
        { "[Pool a]\nTypes=mtty-1,mtty-2\n",
          "2: [Pool a] Types must be entries with ';' between them, not 'mtty-1,mtty-2'" },
        { "[Pool a]\nDevices=0000:3b:00.* 0000:3c:00.*\n",
          "2: [Pool a] Devices must be entries with ';' between them, not '0000:3b:00.* "
          "0000:3c:00.*'" },
        { "[Pool a]\nDevices=a;;b\n",
          "2: [Pool a] Devices must be entries with ';' between them, not ''" },
        { "[Pool a]\nParent=\\q\n",
          "2: [Pool a] Parent has a backslash that escapes nothing: write two for one" },

        { "[Pool a]\nTypes=a;\\q;\n",
          "2: [Pool a] Types has a backslash that escapes nothing: write two for one" },

        { "[Pool a]\nMax=1\\n2\\t\n", "2: [Pool a] Max must be 0 to 65535, not '1 2'" },

        { "[Pool a]\nMax=1\n[Daemon]\n[Pool a]\nMax=2\n",
          "4: [Pool a] is in line 1 already: once is enough" },
        { "[Pool default]\n[Pool default]\n",
          "2: [Pool default] is in line 1 already: once is enough" },
        { "[Daemon]\nAdopt=no\n\nAdopt =yes\n",
          "4: [Daemon] Adopt is in line 2 already: once is enough" },

        { "Adopt=no\n", " Key file does not start with a group" },
        { "[Daemon]\nAdopt\n",
          " Key file contains line “Adopt” which is not a key-value pair, group, or comment" },
        { "[Daemon]\nAdopt=\xff\n", " The text is not UTF-8" },
};

static void test_what_it_does_not_know_is_refused_with_its_place(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
                g_autofree char *expected = g_strconcat(NAME ":", refusals[i].message, NULL);
                g_autoptr(GError) error = NULL;

                g_test_message("%s", refusals[i].message);
                g_assert_null(config_parse(refusals[i].text, NAME, &error));
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
                g_assert_cmpstr(error->message, ==, expected);
        }
}

static void test_a_name_of_a_pool_has_a_limit(void) {
        g_autofree char *name = g_strnfill(64, 'n');
        g_autofree char *fits = g_strdup_printf("[Pool %s]\n", name);
        g_autofree char *too_long = g_strdup_printf("[Pool %sn]\n", name);
        g_autoptr(Config) config = parse(fits);

        g_assert_nonnull(config_find_pool(config, name));
        g_assert_null(config_parse(too_long, NAME, NULL));
}

/* The file -------------------------------------------------------------------------- */

static void test_a_file_that_is_not_there_is_the_defaults(void) {
        g_autoptr(Config) config = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *said = NULL;

        config = config_load("/nonexistent/virtferry.conf", &error);
        g_assert_no_error(error);
        said = dump(config);
        g_assert_cmpstr(said, ==, DEFAULTS DEFAULT_POOL);
}

static char *write_file(const char *contents, gssize size) {
        g_autofree char *path = NULL;
        g_autoptr(GError) error = NULL;
        int fd;

        fd = g_file_open_tmp("config-XXXXXX", &path, &error);
        g_assert_no_error(error);
        close(fd);
        g_assert_true(g_file_set_contents(path, contents, size, &error));
        g_assert_no_error(error);
        return g_steal_pointer(&path);
}

static void assert_file(const char *contents, gssize size, const char *said,
                        const char *complaint) {
        g_autofree char *path = write_file(contents, size);
        g_autoptr(Config) config = NULL;
        g_autoptr(GError) error = NULL;

        config = config_load(path, &error);
        g_assert_cmpint(g_unlink(path), ==, 0);
        if (complaint) {
                g_autofree char *expected = g_strconcat(path, complaint, NULL);

                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
                g_assert_cmpstr(error->message, ==, expected);
        } else {
                g_autofree char *text = dump(config);

                g_assert_cmpstr(text, ==, said);
        }
}

static void test_a_file_is_read_whole_or_refused_by_its_path(void) {
        g_autofree char *longest = g_strnfill(1024 * 1024, '\n');
        g_autofree char *too_long = g_strnfill(1024 * 1024 + 1, '\n');

        assert_file("[Daemon]\nAdopt=no", -1, "adopt=0 timeout=120000000\n" DEFAULT_POOL, NULL);
        assert_file("", 0, DEFAULTS DEFAULT_POOL, NULL);
        assert_file(longest, -1, DEFAULTS DEFAULT_POOL, NULL);
        assert_file("[Daemon]\nAdopt=x", -1, NULL, ":2: [Daemon] Adopt must be yes or no, not 'x'");
        assert_file(too_long, -1, NULL,
                    ": The file cannot be read: it is no text, or longer than 1 MiB");
        assert_file("[Daemon]\n\0Adopt=no\n", 19, NULL,
                    ": The file cannot be read: it is no text, or longer than 1 MiB");
}

static void test_a_folder_in_its_place_is_refused(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(config_load("/", &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_true(g_str_has_prefix(error->message, "/: The file cannot be read: "));
}

/* Choosing -------------------------------------------------------------------------- */

static void assert_pool(const Config *config, const DeviceClass *class_of, const char *parent,
                        const char *type, const char *id, const char *expected) {
        g_assert_cmpstr(config_pool_for(config, class_of, parent, type, id)->name, ==, expected);
}

static void test_the_first_pool_that_takes_a_device_has_it(void) {
        g_autoptr(Config) config = parse("[Pool ports]\nClass=mdev\nTypes=mtty-1;mtty-2;\n"
                                         "[Pool card]\nParent=0000:3b:00.[01]\n"
                                         "[Pool some]\nDevices=0000:5*;0000:6*;\n"
                                         "[Pool vfs]\nClass=sriov\n");
        const DeviceClass *mdev = device_class_from_string("mdev");
        const DeviceClass *sriov = device_class_from_string("sriov");

        assert_pool(config, mdev, "mtty", "mtty-2", NULL, "ports");
        assert_pool(config, mdev, "mtty", "mtty-3", NULL, "default");
        assert_pool(config, mdev, "0000:3B:00.1", "nvidia-63", NULL, "card");
        assert_pool(config, sriov, "0000:3b:00.0", NULL, "0000:5b:02.0", "card");
        assert_pool(config, sriov, "0000:3b:00.2", NULL, "0000:5b:02.0", "some");
        assert_pool(config, sriov, NULL, NULL, "0000:6b:02.0", "some");
        assert_pool(config, sriov, NULL, "mtty-1", "0000:7b:02.0", "vfs");
        assert_pool(config, mdev, NULL, NULL, NULL, "default");
}

static void test_pools_are_found_by_name(void) {
        g_autoptr(Config) config = parse("[Pool ports]\n");

        g_assert_cmpstr(config_find_pool(config, "ports")->name, ==, "ports");
        g_assert_cmpstr(config_find_pool(config, "default")->name, ==, "default");
        g_assert_null(config_find_pool(config, "Ports"));
}

/* What is installed ----------------------------------------------------------------- */

static char *read_data(const char *name) {
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", name, NULL);
        g_autoptr(GError) error = NULL;
        char *text;

        g_file_get_contents(path, &text, NULL, &error);
        g_assert_no_error(error);
        return text;
}

/* A setting has no blank behind its #, and prose has one. */
static char *uncomment(const char *text) {
        g_autoptr(GRegex) setting = g_regex_new("^#(?=[^ \n])", G_REGEX_MULTILINE, 0, NULL);

        return g_regex_replace_literal(setting, text, -1, 0, "", 0, NULL);
}

static void test_the_example_is_the_defaults(void) {
        g_autofree char *text = read_data("virtferry.conf"), *uncommented = uncomment(text);

        assert_says(text, DEFAULTS DEFAULT_POOL);
        assert_says(uncommented,
                    DEFAULTS "fast class=sriov parent=0000:3b:00.* types=mtty-1|mtty-2 "
                             "devices=0000:3b:02.*|0000:3b:03.* max=0 host=0\n" DEFAULT_POOL);
}

static void test_every_key_is_in_the_example_and_on_the_page(void) {
        static const char *const keys[] = { "Adopt",
                                            "LeaseTimeoutSec",
                                            "Announce",
                                            "MaxDowntimeMSec",
                                            "MaxIncoming",
                                            "MaxOutgoing",
                                            "Mediation",
                                            "SettleSec",
                                            "UnplugTimeoutSec",
                                            "ShutdownTimeoutSec",
                                            "Mode",
                                            "Bridge",
                                            "IdleKbit",
                                            "MovesPerDay",
                                            "SettlingTimeSec",
                                            "GrowAbove",
                                            "ShrinkBelow",
                                            "Target",
                                            "SliceChangesPerDay",
                                            "SliceSettlingTimeSec",
                                            "Destinations",
                                            "LeaveHours",
                                            "LeavesPerDay",
                                            "Defragment",
                                            "Guests",
                                            "GuestPort",
                                            "HostCpus",
                                            "HostMemoryMiB",
                                            "KeepOff",
                                            "Claims",
                                            "Etcd",
                                            "Name",
                                            "Host",
                                            "Uri",
                                            "CAFile",
                                            "CertFile",
                                            "KeyFile",
                                            "User",
                                            "PasswordFile",
                                            "Share",
                                            "TTLSec",
                                            "Class",
                                            "Parent",
                                            "Types",
                                            "Devices",
                                            "Max",
                                            "HostDevices" };
        g_autofree char *example = read_data("virtferry.conf");
        g_autofree char *page = read_data("virtferry.conf.5");

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                g_autofree char *line = g_strdup_printf("\n#%s=", keys[i]);
                g_autofree char *tag = g_strdup_printf(" %s= ", keys[i]);

                g_assert_nonnull(strstr(example, line));
                g_assert_nonnull(strstr(page, tag));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/config/nothing said is the defaults", test_nothing_said_is_the_defaults);
        g_test_add_func("/config/what is said holds", test_what_is_said_holds);
        g_test_add_func("/config/migrations have limits", test_migrations_have_limits);
        g_test_add_func("/config/a policy of leaving is set", test_a_policy_of_leaving_is_set);
        g_test_add_func("/config/a policy is set", test_a_policy_is_set);
        g_test_add_func("/config/it is set when slices grow and shrink",
                        test_it_is_set_when_slices_grow_and_shrink);
        g_test_add_func("/config/claims are demanded of whom it says",
                        test_claims_are_demanded_of_whom_it_says);
        g_test_add_func("/config/a host is one of a cluster", test_a_host_is_one_of_a_cluster);
        g_test_add_func("/config/a host keeps something for itself",
                        test_a_host_keeps_something_for_itself);
        g_test_add_func("/config/the default pool is the last wherever it stands",
                        test_the_default_pool_is_the_last_wherever_it_stands);
        g_test_add_func("/config/a switch has four pairs of words",
                        test_a_switch_has_four_pairs_of_words);
        g_test_add_func("/config/numbers hold to their bounds", test_numbers_hold_to_their_bounds);
        g_test_add_func("/config/what it does not know is refused with its place",
                        test_what_it_does_not_know_is_refused_with_its_place);
        g_test_add_func("/config/a name of a pool has a limit", test_a_name_of_a_pool_has_a_limit);
        g_test_add_func("/config/a file that is not there is the defaults",
                        test_a_file_that_is_not_there_is_the_defaults);
        g_test_add_func("/config/a file is read whole or refused by its path",
                        test_a_file_is_read_whole_or_refused_by_its_path);
        g_test_add_func("/config/a folder in its place is refused",
                        test_a_folder_in_its_place_is_refused);
        g_test_add_func("/config/the first pool that takes a device has it",
                        test_the_first_pool_that_takes_a_device_has_it);
        g_test_add_func("/config/pools are found by name", test_pools_are_found_by_name);
        g_test_add_func("/config/the example is the defaults", test_the_example_is_the_defaults);
        g_test_add_func("/config/every key is in the example and on the page",
                        test_every_key_is_in_the_example_and_on_the_page);
        return g_test_run();
}
