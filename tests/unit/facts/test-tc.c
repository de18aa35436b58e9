/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <string.h>

#include "daemon/facts/rtnl-message.h"
#include "daemon/facts/tc-options.h"
#include "daemon/facts/tc.h"
#include "tests/lib/fake-rtnl.h"

typedef struct Fixture {
        FakeRtnl *fake;
        Rtnl *rtnl;
        int port, uplink;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->fake = fake_rtnl_new();
        f->rtnl = fake_rtnl(f->fake);
        f->port = fake_rtnl_add_netdev(f->fake, "pf0vf2");
        f->uplink = fake_rtnl_add_netdev(f->fake, "uplink");
}

static void tear_down(Fixture *f, gconstpointer unused) {
        fake_rtnl_free(f->fake);
}

/* What a kernel dumps of a flower filter that redirects; `moment` is in all that changes. */
static GBytes *flower_options(uint32_t moment, uint32_t netdev, const char *action) {
        const struct tcf_t times = { .install = moment, .lastuse = moment };
        struct tc_mirred parameters = { .index = moment, .refcnt = 1, .bindcnt = 1 };
        g_autoptr(RtnlMessage) message = rtnl_message_new(0, 0, NULL, 0);
        struct nlattr *actions, *one, *options;
        const uint8_t mac[] = { 0x52, 0x54, 0, 0x76, 0, 1 };

        parameters.action = TC_ACT_STOLEN;
        parameters.eaction = TCA_EGRESS_REDIR;
        parameters.ifindex = netdev;
        rtnl_put(message, TCA_FLOWER_KEY_ETH_DST, mac, sizeof(mac));
        actions = rtnl_begin(message, TCA_FLOWER_ACT);
        one = rtnl_begin(message, 1);
        rtnl_put_string(message, TCA_ACT_KIND, action);
        rtnl_put(message, TCA_ACT_STATS, &moment, sizeof(moment));
        rtnl_put(message, TCA_ACT_COOKIE, "cookie", 6);
        options = rtnl_begin(message, TCA_ACT_OPTIONS | NLA_F_NESTED);
        rtnl_put(message, TCA_MIRRED_PARMS, &parameters, sizeof(parameters));
        rtnl_put(message, TCA_MIRRED_TM, &times, sizeof(times));
        nla_nest_end(message, options);
        rtnl_put_u32(message, TCA_ACT_IN_HW_COUNT, moment);
        nla_nest_end(message, one);
        nla_nest_end(message, actions);
        rtnl_put_u32(message, TCA_FLOWER_FLAGS,
                     TCA_CLS_FLAGS_SKIP_SW |
                             (moment == 1 ? TCA_CLS_FLAGS_IN_HW : TCA_CLS_FLAGS_NOT_IN_HW));
        rtnl_put_u32(message, TCA_FLOWER_IN_HW_COUNT, moment);
        return g_bytes_new(nlmsg_data(nlmsg_hdr(message)),
                           (gsize)nlmsg_datalen(nlmsg_hdr(message)));
}

static int keep(void *userdata, guint32 *index) {
        *(guint32 *)userdata = *index;
        *index = 0;
        return 0;
}

static GByteArray *rewrite(GBytes *bytes, int expected) {
        g_autoptr(GByteArray) options = NULL;
        gsize size;
        gconstpointer data = g_bytes_get_data(bytes, &size);
        guint32 index = 0;

        g_assert_cmpint(tc_options_rewrite("flower", 0x0800, data, size, keep, &index, &options),
                        ==, expected);
        return g_steal_pointer(&options);
}

static void test_what_belongs_to_one_host_or_one_moment_is_left_out(void) {
        g_autoptr(GBytes) now = flower_options(1, 5, "mirred"),
                          later = flower_options(2, 6, "mirred");
        g_autoptr(GByteArray) a = rewrite(now, 0), b = rewrite(later, 0), c = NULL;
        g_autoptr(GBytes) again = g_bytes_new(a->data, a->len);

        g_assert_cmpmem(a->data, a->len, b->data, b->len);
        g_assert_cmpuint(a->len, <, g_bytes_get_size(now));
        c = rewrite(again, 0);
        g_assert_cmpmem(a->data, a->len, c->data, c->len);
}

static void test_what_is_not_known_is_not_carried(void) {
        g_autoptr(GBytes) police = flower_options(1, 5, "police"),
                          good = flower_options(1, 5, "gact");
        g_autoptr(GByteArray) options = NULL;

        g_assert_null(rewrite(police, -EOPNOTSUPP));
        options = rewrite(good, 0);
        g_assert_true(tc_kind_is_known("matchall"));
        g_assert_false(tc_kind_is_known("bpf"));
        g_assert_false(tc_kind_is_known(NULL));
        g_assert_cmpint(tc_options_rewrite("u32", 0x0800, "", 0, keep, NULL, &options), ==,
                        -EOPNOTSUPP);
}

static const struct nlattr *find_type(const GByteArray *options) {
        return nla_find((const struct nlattr *)options->data, (int)options->len,
                        TCA_FLOWER_KEY_ETH_TYPE);
}

/* The kernel dumps what is inside of the VLAN, or nothing, and wants to be told the VLAN's. */
static void test_a_filter_of_vlans_stays_one(void) {
        g_autoptr(GBytes) dumped = flower_options(1, 5, "mirred");
        g_autoptr(GByteArray) options = NULL, again = NULL, all = NULL;
        gsize size;
        gconstpointer data = g_bytes_get_data(dumped, &size);
        guint32 index;

        g_assert_cmpint(tc_options_rewrite("flower", 0x8100, data, size, keep, &index, &options),
                        ==, 0);
        g_assert_nonnull(find_type(options));
        g_assert_cmphex(nla_get_u16((struct nlattr *)find_type(options)), ==,
                        GUINT16_TO_BE(0x8100));

        g_assert_cmpint(tc_options_rewrite("flower", 0x8100, options->data, options->len, keep,
                                           &index, &again),
                        ==, 0);
        g_assert_cmpmem(options->data, options->len, again->data, again->len);
        g_assert_cmpint(tc_options_rewrite("flower", 0x0003, data, size, keep, &index, &all), ==,
                        0);
        g_assert_null(find_type(all));
}

/* Cut off at each byte, and with each byte changed: never more than a refusal. */
static void test_bytes_of_an_enemy_are_refused(void) {
        g_autoptr(GBytes) bytes = flower_options(1, 5, "mirred");
        gsize size;
        const guint8 *data = g_bytes_get_data(bytes, &size);

        for (gsize i = 0; i < size; i++)
                for (int change = 0; change < 256; change += 5) {
                        g_autofree guint8 *copy = g_memdup2(data, size);
                        g_autofree guint8 *cut = g_memdup2(data, i);
                        g_autoptr(GByteArray) a = NULL, b = NULL;
                        guint32 index;

                        copy[i] = (guint8)change;
                        (void)tc_options_rewrite("flower", 0x0800, copy, size, keep, &index, &a);
                        (void)tc_options_rewrite("flower", 0x0800, cut, i, keep, &index, &b);
                }
}

static SwitchFilter *example(GBytes *options) {
        SwitchFilter *filter = g_new0(SwitchFilter, 1);
        g_autoptr(GByteArray) clean = rewrite(options, 0);
        const char *const names[] = { "uplink", NULL };

        filter->direction = SWITCH_EGRESS;
        filter->priority = 49152;
        filter->chain = 7;
        filter->handle = 0x80000001;
        filter->protocol = 0x0800;
        filter->kind = g_strdup("flower");
        filter->options = g_bytes_new(clean->data, clean->len);
        filter->netdevs = g_strdupv((char **)names);
        return filter;
}

static void test_a_filter_comes_back_as_it_was_set(Fixture *f, gconstpointer unused) {
        g_autoptr(GBytes) options = flower_options(1, 99, "mirred");
        g_autoptr(SwitchFilters) filters = NULL, gone = NULL;
        SwitchFilter *filter = example(options);
        unsigned left_out = 1;

        g_assert_cmpint(tc_add_qdisc(f->rtnl, f->port, SWITCH_QDISC_CLSACT), ==, 0);
        g_assert_cmpint(tc_add_filter(f->rtnl, f->port, filter, NULL), ==, 0);
        g_assert_cmpint(tc_add_filter(f->rtnl, f->port, filter, NULL), ==, -EEXIST);
        g_assert_cmpint(tc_read(f->rtnl, f->port, &filters, &left_out), ==, 0);
        g_assert_cmpuint(left_out, ==, 0);
        g_assert_cmpint(filters->qdisc, ==, SWITCH_QDISC_CLSACT);
        g_assert_cmpuint(filters->filters->len, ==, 1);
        g_assert_true(switch_filter_equal(filters->filters->pdata[0], filter));

        g_assert_cmpint(tc_remove_filter(f->rtnl, f->port, filter), ==, 0);
        g_assert_cmpint(tc_read(f->rtnl, f->port, &gone, NULL), ==, 0);
        g_assert_cmpuint(gone->filters->len, ==, 0);
        switch_filter_free(filter);
}

/* The kernel is told the index of this host, and never a number that came along. */
static void test_a_name_becomes_this_hosts_index(Fixture *f, gconstpointer unused) {
        g_autoptr(GBytes) options = flower_options(1, 99, "mirred");
        SwitchFilter *filter = example(options);
        g_autofree char *good = NULL, *same = NULL;

        g_assert_cmpint(tc_add_qdisc(f->rtnl, f->port, SWITCH_QDISC_CLSACT), ==, 0);
        g_assert_cmpint(tc_add_filter(f->rtnl, f->port, filter, NULL), ==, 0);
        good = fake_rtnl_dump(f->fake);
        g_assert_cmpint(tc_remove_filter(f->rtnl, f->port, filter), ==, 0);

        g_bytes_unref(filter->options);
        filter->options = flower_options(77, 99, "mirred");
        g_assert_cmpint(tc_add_filter(f->rtnl, f->port, filter, NULL), ==, 0);
        same = fake_rtnl_dump(f->fake);
        g_assert_cmpstr(good, ==, same);
        switch_filter_free(filter);
}

static void test_a_netdev_that_is_not_here_is_named(Fixture *f, gconstpointer unused) {
        g_autoptr(GBytes) options = flower_options(1, 99, "mirred");
        g_autoptr(SwitchFilter) filter = example(options);
        g_autofree char *missing = NULL;

        g_free(filter->netdevs[0]);
        filter->netdevs[0] = g_strdup("bond7");
        g_assert_cmpint(tc_add_filter(f->rtnl, f->port, filter, &missing), ==, -ENXIO);
        g_assert_cmpstr(missing, ==, "bond7");

        g_clear_pointer(&filter->netdevs, g_strfreev);
        g_assert_cmpint(tc_add_filter(f->rtnl, f->port, filter, NULL), ==, -EBADMSG);
}

static void test_no_qdisc_is_no_filters(Fixture *f, gconstpointer unused) {
        g_autoptr(SwitchFilters) filters = NULL, ingress = NULL;

        g_assert_cmpint(tc_read(f->rtnl, f->port, &filters, NULL), ==, 0);
        g_assert_cmpint(filters->qdisc, ==, SWITCH_QDISC_NONE);

        g_assert_cmpint(tc_add_qdisc(f->rtnl, f->port, SWITCH_QDISC_INGRESS), ==, 0);
        g_assert_cmpint(tc_add_qdisc(f->rtnl, f->port, SWITCH_QDISC_CLSACT), ==, -EEXIST);
        g_assert_cmpint(tc_read(f->rtnl, f->port, &ingress, NULL), ==, 0);
        g_assert_cmpint(ingress->qdisc, ==, SWITCH_QDISC_INGRESS);
        g_assert_cmpint(tc_remove_qdisc(f->rtnl, f->port, SWITCH_QDISC_INGRESS), ==, 0);
}

/* No privilege is needed to ask. */
static void test_the_kernel_has_no_filters_on_lo(void) {
        g_autoptr(SwitchFilters) filters = NULL;
        g_autoptr(Rtnl) rtnl = NULL;

        g_assert_cmpint(rtnl_open(&rtnl), ==, 0);
        g_assert_cmpint(tc_read(rtnl, rtnl_index(rtnl, "lo"), &filters, NULL), ==, 0);
        g_assert_cmpint(filters->qdisc, ==, SWITCH_QDISC_NONE);
}

#define ADD(name, function) g_test_add("/tc/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/tc/what-belongs-to-one-host-or-one-moment-is-left-out",
                        test_what_belongs_to_one_host_or_one_moment_is_left_out);
        g_test_add_func("/tc/what-is-not-known-is-not-carried",
                        test_what_is_not_known_is_not_carried);
        g_test_add_func("/tc/a-filter-of-vlans-stays-one", test_a_filter_of_vlans_stays_one);
        g_test_add_func("/tc/bytes-of-an-enemy-are-refused", test_bytes_of_an_enemy_are_refused);
        ADD("a-filter-comes-back-as-it-was-set", test_a_filter_comes_back_as_it_was_set);
        ADD("a-name-becomes-this-hosts-index", test_a_name_becomes_this_hosts_index);
        ADD("a-netdev-that-is-not-here-is-named", test_a_netdev_that_is_not_here_is_named);
        ADD("no-qdisc-is-no-filters", test_no_qdisc_is_no_filters);
        g_test_add_func("/tc/the-kernel-has-no-filters-on-lo",
                        test_the_kernel_has_no_filters_on_lo);

        return g_test_run();
}
