/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "tests/lib/fake-rtnl-model.h"

static void filter_free(void *userdata) {
        FakeFilter *filter = userdata;

        g_free(filter->kind);
        g_bytes_unref(filter->options);
        g_free(filter);
}

void fake_qdisc_free(void *userdata) {
        FakeQdisc *qdisc = userdata;

        g_free(qdisc->kind);
        g_ptr_array_unref(qdisc->filters);
        g_free(qdisc);
}

static FakeQdisc *find_qdisc(FakeRtnl *fake, int netdev) {
        for (guint i = 0; i < fake->qdiscs->len; i++) {
                FakeQdisc *qdisc = fake->qdiscs->pdata[i];

                if (qdisc->netdev == netdev)
                        return qdisc;
        }
        return NULL;
}

static const char *kind_of(struct nlmsghdr *request) {
        const struct nlattr *kind = nlmsg_find_attr(request, sizeof(struct tcmsg), TCA_KIND);

        return kind ? nla_data(kind) : NULL;
}

static int new_qdisc(FakeRtnl *fake, struct nlmsghdr *request, int netdev) {
        FakeQdisc *qdisc;

        if (find_qdisc(fake, netdev))
                return -EEXIST;

        qdisc = g_new0(FakeQdisc, 1);
        qdisc->netdev = netdev;
        qdisc->kind = g_strdup(kind_of(request));
        qdisc->filters = g_ptr_array_new_with_free_func(filter_free);
        g_ptr_array_add(fake->qdiscs, qdisc);
        return 0;
}

/* Asked for one of them, the kernel would tell everybody but who asks. */
static int list_qdiscs(FakeRtnl *fake, struct nlmsghdr *request, GPtrArray *answers) {
        g_assert_cmpint(request->nlmsg_flags & NLM_F_DUMP, ==, NLM_F_DUMP);

        for (guint i = 0; i < fake->qdiscs->len; i++) {
                const FakeQdisc *qdisc = fake->qdiscs->pdata[i];
                struct tcmsg header = { .tcm_ifindex = qdisc->netdev, .tcm_parent = TC_H_CLSACT };
                struct nl_msg *message;

                message = rtnl_message_new(RTM_NEWQDISC, NLM_F_MULTI, &header, sizeof(header));
                rtnl_put_string(message, TCA_KIND, qdisc->kind);
                fake_rtnl_answer(answers, message);
        }
        return 0;
}

int fake_tc_qdisc(FakeRtnl *fake, struct nlmsghdr *request, GPtrArray *answers) {
        const struct tcmsg *header = NLMSG_DATA(request);
        FakeQdisc *qdisc = find_qdisc(fake, header->tcm_ifindex);

        if (request->nlmsg_type == RTM_GETQDISC)
                return list_qdiscs(fake, request, answers);

        g_assert_cmphex(header->tcm_parent, ==, TC_H_CLSACT);
        if (request->nlmsg_type == RTM_NEWQDISC)
                return new_qdisc(fake, request, header->tcm_ifindex);
        if (!qdisc)
                return -ENOENT;

        g_ptr_array_remove(fake->qdiscs, qdisc);
        return 0;
}

static void answer_filter(GPtrArray *answers, const FakeFilter *filter) {
        gsize size;
        gconstpointer data = g_bytes_get_data(filter->options, &size);
        struct nl_msg *message;

        message = rtnl_message_new(RTM_NEWTFILTER, NLM_F_MULTI, &filter->header,
                                   sizeof(filter->header));
        rtnl_put_string(message, TCA_KIND, filter->kind);
        rtnl_put_u32(message, TCA_CHAIN, filter->chain);
        rtnl_put(message, TCA_OPTIONS, data, size);
        fake_rtnl_answer(answers, message);
}

static int list_filters(const FakeQdisc *qdisc, const struct tcmsg *wanted, GPtrArray *answers) {
        for (guint i = 0; i < qdisc->filters->len; i++) {
                const FakeFilter *filter = qdisc->filters->pdata[i];

                if (filter->header.tcm_parent == wanted->tcm_parent)
                        answer_filter(answers, filter);
        }
        return 0;
}

static FakeFilter *find_filter(const FakeQdisc *qdisc, const struct tcmsg *wanted, uint32_t chain) {
        for (guint i = 0; i < qdisc->filters->len; i++) {
                FakeFilter *filter = qdisc->filters->pdata[i];

                if (memcmp(&filter->header, wanted, sizeof(*wanted)) == 0 && filter->chain == chain)
                        return filter;
        }
        return NULL;
}

int fake_tc_filter(FakeRtnl *fake, struct nlmsghdr *request, GPtrArray *answers) {
        const struct nlattr *options, *chain;
        const struct tcmsg *header = NLMSG_DATA(request);
        FakeQdisc *qdisc = find_qdisc(fake, header->tcm_ifindex);
        FakeFilter *filter;

        if (!qdisc)
                return -EINVAL;
        if (request->nlmsg_type == RTM_GETTFILTER)
                return list_filters(qdisc, header, answers);

        chain = nlmsg_find_attr(request, sizeof(*header), TCA_CHAIN);
        filter = find_filter(qdisc, header, nla_get_u32((struct nlattr *)chain));
        if (request->nlmsg_type == RTM_DELTFILTER)
                return filter && g_ptr_array_remove(qdisc->filters, filter) ? 0 : -ENOENT;
        if (filter)
                return -EEXIST;

        options = nlmsg_find_attr(request, sizeof(*header), TCA_OPTIONS);
        filter = g_new0(FakeFilter, 1);
        filter->header = *header;
        filter->chain = nla_get_u32((struct nlattr *)chain);
        filter->kind = g_strdup(kind_of(request));
        filter->options = g_bytes_new(nla_data(options), (gsize)nla_len(options));
        g_ptr_array_add(qdisc->filters, filter);
        return 0;
}

static int by_key(gconstpointer a, gconstpointer b) {
        const FakeFilter *const *x = a, *const *y = b;

        return memcmp(&(*x)->header, &(*y)->header, sizeof((*x)->header));
}

void fake_tc_dump(FakeRtnl *fake, GString *text) {
        for (guint i = 0; i < fake->qdiscs->len; i++) {
                const FakeQdisc *qdisc = fake->qdiscs->pdata[i];

                g_string_append_printf(text, "netdev %d qdisc %s\n", qdisc->netdev, qdisc->kind);
                g_ptr_array_sort(qdisc->filters, by_key);
                for (guint k = 0; k < qdisc->filters->len; k++) {
                        const FakeFilter *filter = qdisc->filters->pdata[k];
                        gsize size;
                        gconstpointer data = g_bytes_get_data(filter->options, &size);
                        g_autofree char *options = g_base64_encode(data, size);

                        g_string_append_printf(text, "filter %s %x %x %x chain %u %s\n",
                                               filter->kind, filter->header.tcm_parent,
                                               filter->header.tcm_info, filter->header.tcm_handle,
                                               filter->chain, options);
                }
        }
}
