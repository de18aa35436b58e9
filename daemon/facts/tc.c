/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/tc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "daemon/facts/rtnl-message.h"
#include "daemon/facts/tc-options.h"

#define HANDLE_OF_QDISC TC_H_MAKE(TC_H_CLSACT, 0) /* ffff:0 */
#define PARENT_INGRESS  TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
#define PARENT_EGRESS   TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)

static uint32_t parent_of(SwitchDirection direction) {
        return direction == SWITCH_INGRESS ? PARENT_INGRESS : PARENT_EGRESS;
}

static const char *text_of(const struct nlattr *attribute) {
        if (!attribute || nla_len(attribute) < 1 ||
            !memchr(nla_data(attribute), 0, (size_t)nla_len(attribute)))
                return NULL;

        return nla_data(attribute);
}

/* The qdisc ------------------------------------------------------------------------ */

static SwitchQdisc qdisc_of(const struct nlmsghdr *message, int netdev) {
        const struct tcmsg *header = NLMSG_DATA(message);
        struct nlattr *attributes[TCA_MAX + 1];
        int qdisc;

        if (!rtnl_parse(message, RTM_NEWQDISC, sizeof(*header), TCA_MAX, attributes) ||
            header->tcm_ifindex != netdev || header->tcm_parent != TC_H_CLSACT)
                return SWITCH_QDISC_NONE;

        qdisc = switch_qdisc_from_string(text_of(attributes[TCA_KIND]));
        return qdisc > SWITCH_QDISC_NONE ? (SwitchQdisc)qdisc : SWITCH_QDISC_NONE;
}

/* All qdiscs of the host are asked for: the answer to a question for one is told to everybody who
 * listens, and so to us, who would ask again. */
static int read_qdisc(Rtnl *rtnl, int netdev, SwitchQdisc *ret_qdisc) {
        struct tcmsg header = { .tcm_ifindex = netdev };
        g_autoptr(RtnlMessage) request = NULL;
        g_autoptr(GPtrArray) answers = NULL;
        int r;

        request = rtnl_message_new(RTM_GETQDISC, NLM_F_DUMP, &header, sizeof(header));
        r = rtnl_talk(rtnl, request, &answers);
        if (r < 0)
                return r;

        *ret_qdisc = SWITCH_QDISC_NONE;
        for (guint i = 0; i < answers->len && *ret_qdisc == SWITCH_QDISC_NONE; i++)
                *ret_qdisc = qdisc_of(answers->pdata[i], netdev);
        return 0;
}

static int change_qdisc(Rtnl *rtnl, int type, int flags, int netdev, SwitchQdisc qdisc) {
        struct tcmsg header = { .tcm_ifindex = netdev,
                                .tcm_parent = TC_H_CLSACT,
                                .tcm_handle = HANDLE_OF_QDISC };
        g_autoptr(RtnlMessage) request = rtnl_message_new(type, flags, &header, sizeof(header));

        rtnl_put_string(request, TCA_KIND, switch_qdisc_to_string(qdisc));
        return rtnl_talk(rtnl, request, NULL);
}

int tc_add_qdisc(Rtnl *rtnl, int netdev, SwitchQdisc qdisc) {
        return change_qdisc(rtnl, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, netdev, qdisc);
}

int tc_remove_qdisc(Rtnl *rtnl, int netdev, SwitchQdisc qdisc) {
        return change_qdisc(rtnl, RTM_DELQDISC, 0, netdev, qdisc);
}

/* Reading filters ------------------------------------------------------------------ */

typedef struct NameList {
        Rtnl *rtnl;
        GPtrArray *names;
} NameList;

/* The index of this host becomes a name and 0. */
static int index_to_name(void *userdata, guint32 *index) {
        NameList *list = userdata;
        char name[IFNAMSIZ];
        int r;

        r = rtnl_name(list->rtnl, (int)*index, name);
        if (r < 0)
                return -EOPNOTSUPP; /* it has gone: the filter leads nowhere */

        *index = 0;
        g_ptr_array_add(list->names, g_strdup(name));
        return 0;
}

static int read_options(Rtnl *rtnl, const struct nlattr *options, SwitchFilter *filter) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        NameList list = { .rtnl = rtnl, .names = names };
        GByteArray *bytes = NULL;
        int r;

        r = tc_options_rewrite(filter->kind, filter->protocol, nla_data(options),
                               (size_t)nla_len(options), index_to_name, &list, &bytes);
        if (r < 0)
                return r;
        if (bytes->len > SWITCH_OPTIONS_MAX || names->len > SWITCH_NETDEVS_MAX) {
                g_byte_array_unref(bytes);
                return -EOPNOTSUPP;
        }

        filter->options = g_byte_array_free_to_bytes(bytes);
        if (names->len > 0) {
                g_ptr_array_add(names, NULL);
                filter->netdevs = (char **)g_ptr_array_steal(names, NULL);
        }
        return 0;
}

/* -ENOENT: no filter but the head of its list; -EOPNOTSUPP: it cannot be carried. */
static int read_filter(Rtnl *rtnl, const struct nlmsghdr *message, int netdev,
                       SwitchDirection direction, SwitchFilter **ret_filter) {
        const struct tcmsg *header = NLMSG_DATA(message);
        g_autoptr(SwitchFilter) filter = g_new0(SwitchFilter, 1);
        struct nlattr *attributes[TCA_MAX + 1];
        const uint32_t *chain;
        int r;

        if (!rtnl_parse(message, RTM_NEWTFILTER, sizeof(*header), TCA_MAX, attributes))
                return -EBADMSG;
        if (header->tcm_handle == 0 || !attributes[TCA_OPTIONS] || !text_of(attributes[TCA_KIND]))
                return -ENOENT;
        if (header->tcm_ifindex != netdev) /* TCM_IFINDEX_MAGIC_BLOCK: shared with other netdevs */
                return -EOPNOTSUPP;

        chain = RTNL_PAYLOAD(attributes[TCA_CHAIN], uint32_t);
        filter->direction = direction;
        filter->priority = TC_H_MAJ(header->tcm_info) >> 16;
        filter->protocol = ntohs((uint16_t)TC_H_MIN(header->tcm_info));
        filter->chain = chain ? *chain : 0;
        filter->handle = header->tcm_handle;
        filter->kind = g_strdup(text_of(attributes[TCA_KIND]));
        r = read_options(rtnl, attributes[TCA_OPTIONS], filter);
        if (r < 0)
                return r;

        *ret_filter = g_steal_pointer(&filter);
        return 0;
}

static int read_direction(Rtnl *rtnl, int netdev, SwitchDirection direction, GPtrArray *filters,
                          unsigned *left_out) {
        struct tcmsg header = { .tcm_ifindex = netdev, .tcm_parent = parent_of(direction) };
        g_autoptr(RtnlMessage) request = NULL;
        g_autoptr(GPtrArray) answers = NULL;
        int r;

        request = rtnl_message_new(RTM_GETTFILTER, NLM_F_DUMP, &header, sizeof(header));
        r = rtnl_talk(rtnl, request, &answers);
        for (guint i = 0; r >= 0 && i < answers->len; i++) {
                SwitchFilter *filter = NULL;

                r = read_filter(rtnl, answers->pdata[i], netdev, direction, &filter);
                if (filter)
                        g_ptr_array_add(filters, filter);
                else if (r == -EOPNOTSUPP)
                        (*left_out)++;
                if (r == -EOPNOTSUPP || r == -ENOENT)
                        r = 0;
        }
        return r;
}

static int by_key(gconstpointer a, gconstpointer b) {
        return switch_filter_compare(*(SwitchFilter *const *)a, *(SwitchFilter *const *)b);
}

int tc_read(Rtnl *rtnl, int netdev, SwitchFilters **ret_filters, unsigned *ret_left_out) {
        g_autoptr(SwitchFilters) filters = switch_filters_new(SWITCH_QDISC_NONE);
        unsigned left_out = 0;
        int r;

        if (G_BYTE_ORDER != G_LITTLE_ENDIAN)
                return -EOPNOTSUPP;

        r = read_qdisc(rtnl, netdev, &filters->qdisc);
        if (r >= 0 && filters->qdisc != SWITCH_QDISC_NONE)
                r = read_direction(rtnl, netdev, SWITCH_INGRESS, filters->filters, &left_out);
        if (r >= 0 && filters->qdisc == SWITCH_QDISC_CLSACT)
                r = read_direction(rtnl, netdev, SWITCH_EGRESS, filters->filters, &left_out);
        if (r < 0)
                return r;

        g_ptr_array_sort(filters->filters, by_key);
        *ret_filters = g_steal_pointer(&filters);
        if (ret_left_out)
                *ret_left_out = left_out;
        return 0;
}

/* Changing filters ----------------------------------------------------------------- */

typedef struct IndexList {
        Rtnl *rtnl;
        char **names; /* the rest of them, NULL for none */
        const char *missing;
} IndexList;

/* The next name becomes an index of this host, whatever number came. */
static int name_to_index(void *userdata, guint32 *index) {
        IndexList *list = userdata;
        int r;

        if (!list->names || !*list->names)
                return -EBADMSG;

        r = rtnl_index(list->rtnl, *list->names);
        if (r < 0) {
                list->missing = *list->names;
                return -ENXIO;
        }

        list->names++;
        *index = (guint32)r;
        return 0;
}

static RtnlMessage *filter_message(int type, int flags, int netdev, const SwitchFilter *filter) {
        struct tcmsg header = { .tcm_ifindex = netdev,
                                .tcm_parent = parent_of(filter->direction),
                                .tcm_handle = filter->handle };
        RtnlMessage *message;

        header.tcm_info = TC_H_MAKE(filter->priority << 16, htons((uint16_t)filter->protocol));
        message = rtnl_message_new(type, flags, &header, sizeof(header));
        rtnl_put_string(message, TCA_KIND, filter->kind);
        rtnl_put_u32(message, TCA_CHAIN, filter->chain);
        return message;
}

int tc_add_filter(Rtnl *rtnl, int netdev, const SwitchFilter *filter, char **ret_missing) {
        IndexList list = { .rtnl = rtnl, .names = filter->netdevs };
        g_autoptr(RtnlMessage) request = NULL;
        g_autoptr(GByteArray) options = NULL;
        gsize size;
        gconstpointer data = g_bytes_get_data(filter->options, &size);
        int r;

        r = tc_options_rewrite(filter->kind, filter->protocol, data, size, name_to_index, &list,
                               &options);
        if (r == -ENXIO && ret_missing)
                *ret_missing = g_strdup(list.missing);
        if (r < 0)
                return r;
        if (options->len > SWITCH_OPTIONS_MAX)
                return -EFBIG;

        request = filter_message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, netdev, filter);
        rtnl_put(request, TCA_OPTIONS, options->data, options->len);
        return rtnl_talk(rtnl, request, NULL);
}

int tc_remove_filter(Rtnl *rtnl, int netdev, const SwitchFilter *filter) {
        g_autoptr(RtnlMessage) request = filter_message(RTM_DELTFILTER, 0, netdev, filter);

        return rtnl_talk(rtnl, request, NULL);
}
