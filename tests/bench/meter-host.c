/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/meter-host.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "daemon/edges/virt-stats.h"
#include "daemon/facts/rtnl-message.h"

#define VCPUS        4
#define INTERFACES   2
#define DISKS        2
#define MESSAGE_SIZE (64u * 1024)
#define FIRST_PID    1000

/* What the kernel says of a PF. */
typedef struct Link {
        struct nlmsghdr *message;
        GArray *counters; /* their places in it, in bytes */
} Link;

struct MeterHost {
        unsigned n_guests;
        GPtrArray *names; /* of the numbers of a guest, the same for all */
        uint64_t *values; /* of all guests, in that order */
        char **uuids;
        GPtrArray *links; /* Link, by index */
        Rtnl *rtnl;
        GRand *random;
};

/* Guests ---------------------------------------------------------------------------------- */

static const char *const plain_names[] = {
        "state.state",
        "state.reason",
        "cpu.time",
        "cpu.user",
        "cpu.system",
        "balloon.current",
        "balloon.maximum",
        "balloon.swap_in",
        "balloon.swap_out",
        "balloon.major_fault",
        "balloon.unused",
        "balloon.available",
        "balloon.usable",
        "balloon.rss",
        "balloon.last-update",
        "vcpu.current",
        "vcpu.maximum",
        "net.count",
        "block.count",
};
static const char *const vcpu_names[] = { "state", "time", "wait", "delay" };
static const char *const net_names[] = {
        "rx.bytes", "rx.pkts", "rx.errs", "rx.drop", "tx.bytes", "tx.pkts", "tx.errs", "tx.drop",
};
static const char *const block_names[] = {
        "rd.reqs", "rd.bytes", "rd.times",   "wr.reqs",  "wr.bytes", "wr.times",
        "fl.reqs", "fl.times", "allocation", "capacity", "physical",
};

static void name_parts(GPtrArray *names, const char *group, unsigned n, const char *const *parts,
                       size_t n_parts) {
        for (unsigned i = 0; i < n; i++)
                for (size_t j = 0; j < n_parts; j++)
                        g_ptr_array_add(names, g_strdup_printf("%s.%u.%s", group, i, parts[j]));
}

static GPtrArray *name_numbers(void) {
        GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

        for (size_t i = 0; i < G_N_ELEMENTS(plain_names); i++)
                g_ptr_array_add(names, g_strdup(plain_names[i]));
        name_parts(names, "vcpu", VCPUS, vcpu_names, G_N_ELEMENTS(vcpu_names));
        name_parts(names, "net", INTERFACES, net_names, G_N_ELEMENTS(net_names));
        name_parts(names, "block", DISKS, block_names, G_N_ELEMENTS(block_names));
        return names;
}

static void put_process(FakeRoot *root, unsigned number, const char *uuid) {
        static const char *const pressures[] = { "cpu", "memory", "io" };
        g_autofree char *scope = g_strdup_printf("/machine.slice/machine-qemu\\x2d%u.scope",
                                                 number);
        g_autofree char *proc = g_strdup_printf("proc/%u", FIRST_PID + number);
        g_autofree char *comm = g_strdup_printf("%s/comm", proc);
        g_autofree char *cgroup = g_strdup_printf("%s/cgroup", proc);
        g_autofree char *cmdline = g_strdup_printf("%s/cmdline", proc);
        g_autofree char *line = g_strdup_printf("0::%s/libvirt/emulator\n", scope);
        char command[64];
        int n;

        n = snprintf(command, sizeof(command), "qemu-system-x86_64%c-uuid%c%s", 0, 0, uuid);
        fake_root_put(root, comm, "qemu-system-x86\n", -1);
        fake_root_put(root, cgroup, line, -1);
        fake_root_put(root, cmdline, command, n + 1);
        for (size_t i = 0; i < G_N_ELEMENTS(pressures); i++) {
                g_autofree char *path = g_strdup_printf("sys/fs/cgroup%s/%s.pressure", scope,
                                                        pressures[i]);

                fake_root_put(root, path,
                              "some avg10=0.12 avg60=0.31 avg300=0.22 total=27346211\n"
                              "full avg10=0.00 avg60=0.02 avg300=0.01 total=1346211\n",
                              -1);
        }
}

static void make_guests(MeterHost *host, FakeRoot *root) {
        host->names = name_numbers();
        host->values = g_new(uint64_t, host->n_guests * host->names->len);
        for (size_t i = 0; i < host->n_guests * host->names->len; i++)
                host->values[i] = g_rand_int(host->random);
        host->uuids = g_new0(char *, host->n_guests + 1);
        for (unsigned i = 0; i < host->n_guests; i++) {
                host->uuids[i] = g_strdup_printf("%08x-0000-4000-8000-000000000001", i);
                put_process(root, i, host->uuids[i]);
        }
}

static GuestSample *ask_guest(const MeterHost *host, unsigned number) {
        g_autofree char *name = g_strdup_printf("guest%u", number);
        GuestSample *guest = guest_sample_new(host->uuids[number], name);
        const uint64_t *values = &host->values[number * host->names->len];
        virTypedParameterPtr params = NULL;
        int n = 0, max = 0;

        for (guint i = 0; i < host->names->len; i++)
                g_assert_cmpint(virTypedParamsAddULLong(&params, &n, &max, host->names->pdata[i],
                                                        values[i]),
                                ==, 0);
        virt_stats_read(params, n, &guest->sample);
        virTypedParamsFree(params, n);
        return guest;
}

GPtrArray *meter_host_ask(const MeterHost *host) {
        GPtrArray *samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);

        for (unsigned i = 0; i < host->n_guests; i++)
                g_ptr_array_add(samples, ask_guest(host, i));
        return samples;
}

/* Links ----------------------------------------------------------------------------------- */

static void note_counters(Link *link, const void *begin, size_t n) {
        guint place = (guint)((const char *)begin - (const char *)link->message);

        for (size_t i = 0; i < n; i++, place += sizeof(uint64_t))
                g_array_append_val(link->counters, place);
}

static void put_settings(struct nl_msg *message, unsigned vf) {
        const uint32_t numbered[] = { vf, 0, 0, 0, 0 };

        nla_put(message, IFLA_VF_MAC, sizeof(struct ifla_vf_mac),
                &(struct ifla_vf_mac){ .vf = vf });
        nla_put(message, IFLA_VF_VLAN, sizeof(struct ifla_vf_vlan), numbered);
        nla_put(message, IFLA_VF_RATE, sizeof(struct ifla_vf_rate), numbered);
        nla_put(message, IFLA_VF_TX_RATE, sizeof(struct ifla_vf_tx_rate), numbered);
        nla_put(message, IFLA_VF_SPOOFCHK, sizeof(struct ifla_vf_spoofchk), numbered);
        nla_put(message, IFLA_VF_LINK_STATE, sizeof(struct ifla_vf_link_state), numbered);
        nla_put(message, IFLA_VF_RSS_QUERY_EN, sizeof(struct ifla_vf_rss_query_en), numbered);
        nla_put(message, IFLA_VF_TRUST, sizeof(struct ifla_vf_trust), numbered);
}

static void put_vf(struct nl_msg *message, Link *link, unsigned vf) {
        static const int counts[] = {
                IFLA_VF_STATS_RX_PACKETS, IFLA_VF_STATS_TX_PACKETS, IFLA_VF_STATS_RX_BYTES,
                IFLA_VF_STATS_TX_BYTES,   IFLA_VF_STATS_RX_DROPPED, IFLA_VF_STATS_TX_DROPPED,
        };
        struct nlattr *info = nla_nest_start(message, IFLA_VF_INFO), *stats;

        put_settings(message, vf);
        stats = nla_nest_start(message, IFLA_VF_STATS);
        for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
                note_counters(link, nla_data(nla_reserve(message, counts[i], sizeof(uint64_t))), 1);
        nla_nest_end(message, stats);
        nla_nest_end(message, info);
}

static void record_link(Link *link, int index) {
        struct nl_msg *message = nlmsg_alloc_size(MESSAGE_SIZE);
        struct ifinfomsg header = { .ifi_index = index };
        struct nlattr *list;

        link->message = nlmsg_put(message, 0, 0, RTM_NEWLINK, 0, 0);
        nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO);
        note_counters(
                link,
                nla_data(nla_reserve(message, IFLA_STATS64, sizeof(struct rtnl_link_stats64))),
                sizeof(struct rtnl_link_stats64) / sizeof(uint64_t));
        nla_put_u32(message, IFLA_NUM_VF, METER_HOST_PF_VFS);
        list = nla_nest_start(message, IFLA_VFINFO_LIST);
        for (unsigned i = 0; i < METER_HOST_PF_VFS; i++)
                put_vf(message, link, i);
        nla_nest_end(message, list);

        link->message = g_memdup2(link->message, link->message->nlmsg_len);
        nlmsg_free(message);
}

static void link_free(void *data) {
        Link *link = data;

        g_free(link->message);
        g_array_unref(link->counters);
        g_free(link);
}

static void make_pf(MeterHost *host, FakeRoot *root, unsigned number) {
        g_autofree char *address = g_strdup_printf("%04x:3b:00.0", number);
        g_autofree char *netdev = g_strdup_printf("eth%u", number);
        Link *link = g_new0(Link, 1);

        fake_root_add_pf(
                root, address,
                &(FakePci){ .driver = "igb", .netdev = netdev, .total_vfs = METER_HOST_PF_VFS });
        for (unsigned i = 0; i < METER_HOST_PF_VFS; i++)
                (void)fake_root_add_vf(root, address);

        link->counters = g_array_new(false, false, sizeof(guint));
        record_link(link, (int)number + 1);
        g_ptr_array_add(host->links, link);
}

static int talk(void *userdata, struct nlmsghdr *request, GPtrArray *answers) {
        const struct ifinfomsg *header = nlmsg_data(request);
        MeterHost *host = userdata;
        const Link *link;

        g_assert_cmpint(request->nlmsg_type, ==, RTM_GETLINK);
        g_assert_cmpint(header->ifi_index, <=, host->links->len);
        link = host->links->pdata[header->ifi_index - 1];
        g_ptr_array_add(answers, g_memdup2(link->message, link->message->nlmsg_len));
        return 0;
}

static int find_index(void *userdata, const char *name) {
        const MeterHost *host = userdata;
        unsigned number;

        return sscanf(name, "eth%u", &number) == 1 && number < host->links->len ? (int)number + 1
                                                                                : -ENODEV;
}

static const RtnlOps recorded_ops = { .talk = talk, .index = find_index };

Rtnl *meter_host_rtnl(MeterHost *host) {
        return host->rtnl;
}

unsigned meter_host_pfs(const MeterHost *host) {
        return host->links->len;
}

/* The host -------------------------------------------------------------------------------- */

static void advance_link(MeterHost *host, Link *link) {
        for (guint i = 0; i < link->counters->len; i++) {
                char *place = (char *)link->message + g_array_index(link->counters, guint, i);
                uint64_t value;

                memcpy(&value, place, sizeof(value));
                value += g_rand_int(host->random);
                memcpy(place, &value, sizeof(value));
        }
}

void meter_host_advance(MeterHost *host) {
        for (size_t i = 0; i < host->n_guests * host->names->len; i++)
                host->values[i] += g_rand_int(host->random);
        for (guint i = 0; i < host->links->len; i++)
                advance_link(host, host->links->pdata[i]);
}

MeterHost *meter_host_new(FakeRoot *root, unsigned n_guests) {
        MeterHost *host = g_new0(MeterHost, 1);

        g_assert_cmpint(virInitialize(), ==, 0); /* its errors have a place in each thread */
        host->n_guests = n_guests;
        host->random = g_rand_new_with_seed(n_guests);
        host->links = g_ptr_array_new_with_free_func(link_free);
        host->rtnl = rtnl_new(&recorded_ops, host);
        make_guests(host, root);
        for (unsigned i = 0; i < n_guests * METER_HOST_VFS / METER_HOST_PF_VFS; i++)
                make_pf(host, root, i);
        return host;
}

void meter_host_free(MeterHost *host) {
        rtnl_free(host->rtnl);
        g_ptr_array_unref(host->links);
        g_ptr_array_unref(host->names);
        g_strfreev(host->uuids);
        g_free(host->values);
        g_rand_free(host->random);
        g_free(host);
}
