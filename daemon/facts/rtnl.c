/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/rtnl-message.h"

#include <errno.h>
#include <string.h>

#include "daemon/facts/rtnl-kernel.h"

#define DUMP_TRIES 3

struct Rtnl {
        const RtnlOps *ops;
        void *userdata;
        RtnlKernel *kernel; /* NULL: a table of somebody else's */
};

Rtnl *rtnl_new(const RtnlOps *ops, void *userdata) {
        Rtnl *rtnl = g_new0(Rtnl, 1);

        rtnl->ops = ops;
        rtnl->userdata = userdata;
        return rtnl;
}

int rtnl_open(Rtnl **ret_rtnl) {
        RtnlKernel *kernel;
        int r;

        r = rtnl_kernel_open(&kernel);
        if (r < 0)
                return r;

        *ret_rtnl = rtnl_new(&rtnl_kernel_ops, kernel);
        (*ret_rtnl)->kernel = kernel;
        return 0;
}

void rtnl_free(Rtnl *rtnl) {
        if (!rtnl)
                return;

        rtnl_kernel_close(rtnl->kernel);
        g_free(rtnl);
}

RtnlMessage *rtnl_message_new(int type, int flags, const void *header, size_t size) {
        RtnlMessage *message = nlmsg_alloc_size(RTNL_MESSAGE_SIZE);

        if (!message || !nlmsg_put(message, 0, 0, type, 0, NLM_F_REQUEST | NLM_F_ACK | flags) ||
            nlmsg_append(message, (void *)header, size, NLMSG_ALIGNTO) < 0)
                g_error("out of memory");
        return message;
}

void rtnl_put(RtnlMessage *message, int type, const void *data, size_t size) {
        if (nla_put(message, type, (int)size, data) < 0)
                g_assert_not_reached();
}

void rtnl_put_u32(RtnlMessage *message, int type, uint32_t value) {
        rtnl_put(message, type, &value, sizeof(value));
}

void rtnl_put_string(RtnlMessage *message, int type, const char *value) {
        rtnl_put(message, type, value, strlen(value) + 1);
}

struct nlattr *rtnl_begin(RtnlMessage *message, int type) {
        struct nlattr *nest = nla_nest_start(message, type);

        g_assert(nest);
        return nest;
}

int rtnl_talk(Rtnl *rtnl, RtnlMessage *request, GPtrArray **ret_answers) {
        int r = -EAGAIN;

        for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
                g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func(g_free);

                r = rtnl->ops->talk(rtnl->userdata, nlmsg_hdr(request), answers);
                if (r >= 0 && ret_answers)
                        *ret_answers = g_steal_pointer(&answers);
        }
        return r;
}

int rtnl_index(Rtnl *rtnl, const char *name) {
        return rtnl->ops->index(rtnl->userdata, name);
}

int rtnl_name(Rtnl *rtnl, int index, char ret_name[IFNAMSIZ]) {
        return rtnl->ops->name(rtnl->userdata, index, ret_name);
}

bool rtnl_parse(const struct nlmsghdr *message, int type, size_t header_size, int max,
                struct nlattr **ret_attributes) {
        return message->nlmsg_type == (unsigned)type &&
               message->nlmsg_len >= NLMSG_LENGTH(header_size) &&
               nlmsg_parse((struct nlmsghdr *)message, (int)header_size, ret_attributes, max,
                           NULL) >= 0;
}

const void *rtnl_payload(const struct nlattr *attribute, size_t size) {
        if (!attribute || nla_len(attribute) < (int)size)
                return NULL;

        return nla_data(attribute);
}
