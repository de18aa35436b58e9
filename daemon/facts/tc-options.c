/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/tc-options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_csum.h>
#include <linux/tc_act/tc_ct.h>
#include <linux/tc_act/tc_gact.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_pedit.h>
#include <linux/tc_act/tc_skbedit.h>
#include <linux/tc_act/tc_skbmod.h>
#include <linux/tc_act/tc_tunnel_key.h>
#include <linux/tc_act/tc_vlan.h>
#include <netlink/attr.h>
#include <string.h>

#define ACTION_NESTED_MAX 32 /* TCA_ACT_MAX_PRIO */
#define FLAGS_FROM_USER   (TCA_CLS_FLAGS_SKIP_HW | TCA_CLS_FLAGS_SKIP_SW | TCA_CLS_FLAGS_VERBOSE)

/* Numbers of attributes; 0 where there is none. */
typedef struct FilterKind {
        const char *name;
        int actions, flags, counters;
        int protocol; /* must be the filter's, though the kernel sends what is inside of a VLAN */
} FilterKind;

static const FilterKind filter_kinds[] = {
        { "flower", TCA_FLOWER_ACT, TCA_FLOWER_FLAGS, TCA_FLOWER_IN_HW_COUNT,
          TCA_FLOWER_KEY_ETH_TYPE },
        { "matchall", TCA_MATCHALL_ACT, TCA_MATCHALL_FLAGS, TCA_MATCHALL_PCNT, 0 },
};

/* All of these have a struct that begins with tc_gen, and the times of their use. */
typedef struct ActionKind {
        const char *name;
        int parameters, times, padding;
} ActionKind;

static const ActionKind action_kinds[] = {
        { "mirred", TCA_MIRRED_PARMS, TCA_MIRRED_TM, TCA_MIRRED_PAD },
        { "gact", TCA_GACT_PARMS, TCA_GACT_TM, TCA_GACT_PAD },
        { "vlan", TCA_VLAN_PARMS, TCA_VLAN_TM, TCA_VLAN_PAD },
        { "tunnel_key", TCA_TUNNEL_KEY_PARMS, TCA_TUNNEL_KEY_TM, TCA_TUNNEL_KEY_PAD },
        { "pedit", TCA_PEDIT_PARMS, TCA_PEDIT_TM, TCA_PEDIT_PAD },
        { "csum", TCA_CSUM_PARMS, TCA_CSUM_TM, TCA_CSUM_PAD },
        { "skbedit", TCA_SKBEDIT_PARMS, TCA_SKBEDIT_TM, TCA_SKBEDIT_PAD },
        { "skbmod", TCA_SKBMOD_PARMS, TCA_SKBMOD_TM, TCA_SKBMOD_PAD },
        { "ct", TCA_CT_PARMS, TCA_CT_TM, TCA_CT_PAD },
};

typedef struct Rewriter {
        TcNetdev netdev;
        void *userdata;
} Rewriter;

static const FilterKind *find_filter_kind(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(filter_kinds); i++)
                if (g_strcmp0(filter_kinds[i].name, name) == 0)
                        return &filter_kinds[i];

        return NULL;
}

static const ActionKind *find_action_kind(const char *name) {
        for (size_t i = 0; i < G_N_ELEMENTS(action_kinds); i++)
                if (strcmp(action_kinds[i].name, name) == 0)
                        return &action_kinds[i];

        return NULL;
}

bool tc_kind_is_known(const char *kind) {
        return find_filter_kind(kind) != NULL;
}

/* The type keeps its bit for "nested" as the kernel sent it. */
static void append(GByteArray *out, unsigned type, const void *data, size_t size) {
        struct nlattr header = { .nla_len = (uint16_t)(NLA_HDRLEN + size),
                                 .nla_type = (uint16_t)type };
        static const guint8 zeros[NLA_ALIGNTO];

        g_byte_array_append(out, (const guint8 *)&header, sizeof(header));
        if (size > 0)
                g_byte_array_append(out, data, (guint)size);
        g_byte_array_append(out, zeros, (guint)(NLA_ALIGN(size) - size));
}

static void append_copy(GByteArray *out, const struct nlattr *attribute) {
        append(out, attribute->nla_type, nla_data(attribute), (size_t)nla_len(attribute));
}

/* Attributes all the way, and nothing behind the last. */
static bool is_stream(const void *data, size_t size) {
        const struct nlattr *attribute = data;
        int rest = (int)size;

        while (nla_ok(attribute, rest))
                attribute = nla_next(attribute, &rest);
        return rest == 0;
}

/* tc_gen: index, capab, action, refcnt, bindcnt. tc_mirred goes on with eaction and ifindex. */
static int rewrite_parameters(const Rewriter *rewriter, const ActionKind *kind,
                              const struct nlattr *attribute, GByteArray *out) {
        g_autofree guint32 *words = g_memdup2(nla_data(attribute), (gsize)nla_len(attribute));
        size_t size = (size_t)nla_len(attribute);
        int r = 0;

        if (size < 5 * sizeof(guint32))
                return -EBADMSG;
        words[0] = words[3] = words[4] = 0;

        if (g_str_equal(kind->name, "mirred")) {
                if (size < sizeof(struct tc_mirred))
                        return -EBADMSG;
                r = rewriter->netdev(rewriter->userdata, &words[6]);
        }
        if (r >= 0)
                append(out, attribute->nla_type, words, size);
        return r;
}

static int rewrite_action_options(const Rewriter *rewriter, const ActionKind *kind,
                                  const struct nlattr *options, GByteArray *out) {
        const struct nlattr *attribute;
        int rest, r = 0;

        if (!is_stream(nla_data(options), (size_t)nla_len(options)))
                return -EBADMSG;

        nla_for_each_nested(attribute, options, rest) {
                int type = nla_type(attribute);

                if (type == kind->parameters)
                        r = rewrite_parameters(rewriter, kind, attribute, out);
                else if (type > TCA_MIRRED_PAD && g_str_equal(kind->name, "mirred"))
                        r = -EOPNOTSUPP; /* a block of this host's */
                else if (type != kind->times && type != kind->padding)
                        append_copy(out, attribute);
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool action_attribute_is_kept(int type) {
        return type == TCA_ACT_KIND || type == TCA_ACT_COOKIE || type == TCA_ACT_FLAGS ||
               type == TCA_ACT_HW_STATS;
}

static const ActionKind *action_kind(const struct nlattr *action) {
        const struct nlattr *kind = nla_find(nla_data(action), nla_len(action), TCA_ACT_KIND);

        if (!kind || nla_len(kind) < 1 || memchr(nla_data(kind), 0, (size_t)nla_len(kind)) == NULL)
                return NULL;

        return find_action_kind(nla_data(kind));
}

static int rewrite_action(const Rewriter *rewriter, const struct nlattr *action, GByteArray *out) {
        const ActionKind *kind = action_kind(action);
        const struct nlattr *attribute;
        int rest, r;

        if (!is_stream(nla_data(action), (size_t)nla_len(action)))
                return -EBADMSG;
        if (!kind)
                return -EOPNOTSUPP;

        nla_for_each_nested(attribute, action, rest) {
                g_autoptr(GByteArray) inside = g_byte_array_new();

                if (action_attribute_is_kept(nla_type(attribute)))
                        append_copy(out, attribute);
                if (nla_type(attribute) != TCA_ACT_OPTIONS)
                        continue;

                r = rewrite_action_options(rewriter, kind, attribute, inside);
                if (r < 0)
                        return r;
                append(out, attribute->nla_type, inside->data, inside->len);
        }
        return 0;
}

static int rewrite_actions(const Rewriter *rewriter, const struct nlattr *actions,
                           GByteArray *out) {
        const struct nlattr *action;
        int rest, r;

        if (!is_stream(nla_data(actions), (size_t)nla_len(actions)))
                return -EBADMSG;

        nla_for_each_nested(action, actions, rest) {
                g_autoptr(GByteArray) inside = g_byte_array_new();

                if (nla_type(action) < 1 || nla_type(action) > ACTION_NESTED_MAX)
                        continue; /* TCA_ROOT_... of a newer kernel */
                r = rewrite_action(rewriter, action, inside);
                if (r < 0)
                        return r;
                append(out, action->nla_type, inside->data, inside->len);
        }
        return 0;
}

static int rewrite_option(const Rewriter *rewriter, const FilterKind *kind,
                          const struct nlattr *attribute, GByteArray *out) {
        g_autoptr(GByteArray) inside = g_byte_array_new();
        guint32 flags;
        int r;

        if (nla_type(attribute) == kind->counters || nla_type(attribute) == kind->protocol)
                return 0;

        if (nla_type(attribute) == kind->flags) {
                if (nla_len(attribute) != sizeof(flags))
                        return -EBADMSG;
                flags = nla_get_u32(attribute) & FLAGS_FROM_USER;
                append(out, attribute->nla_type, &flags, sizeof(flags));
                return 0;
        }

        if (nla_type(attribute) != kind->actions) {
                append_copy(out, attribute);
                return 0;
        }

        r = rewrite_actions(rewriter, attribute, inside);
        if (r >= 0)
                append(out, attribute->nla_type, inside->data, inside->len);
        return r;
}

/* As tc(8) does it. A filter of a VLAN's frames that comes back without it matches every frame. */
static void append_protocol(GByteArray *out, const FilterKind *kind, unsigned protocol) {
        guint16 value = htons((uint16_t)protocol);

        if (kind->protocol != 0 && protocol != ETH_P_ALL)
                append(out, (unsigned)kind->protocol, &value, sizeof(value));
}

int tc_options_rewrite(const char *kind, unsigned protocol, const void *data, size_t size,
                       TcNetdev netdev, void *userdata, GByteArray **ret_options) {
        const Rewriter rewriter = { .netdev = netdev, .userdata = userdata };
        g_autoptr(GByteArray) out = g_byte_array_new();
        const FilterKind *known = find_filter_kind(kind);
        const struct nlattr *attribute;
        int rest, r;

        if (!known)
                return -EOPNOTSUPP;
        if (!is_stream(data, size))
                return -EBADMSG;

        append_protocol(out, known, protocol);
        nla_for_each_attr(attribute, (const struct nlattr *)data, (int)size, rest) {
                r = rewrite_option(&rewriter, known, attribute, out);
                if (r < 0)
                        return r;
        }
        *ret_options = g_steal_pointer(&out);
        return 0;
}
