/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Writing and reading of rtnetlink's messages, for the files that know what is
 * in them. The attributes themselves are libnl's (netlink/attr.h). */

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "daemon/facts/rtnl.h"

#define RTNL_MESSAGE_SIZE (16u * 1024) /* of a request */

typedef struct nl_msg RtnlMessage;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RtnlMessage, nlmsg_free)

/* NLM_F_REQUEST and NLM_F_ACK go without saying; a dump has NLM_F_DUMP in `flags`. */
RtnlMessage *rtnl_message_new(int type, int flags, const void *header, size_t size);
/* Aborts when the message is full: the caller has limited what goes in. */
void rtnl_put(RtnlMessage *message, int type, const void *data, size_t size);
void rtnl_put_u32(RtnlMessage *message, int type, uint32_t value);
void rtnl_put_string(RtnlMessage *message, int type, const char *value);
struct nlattr *rtnl_begin(RtnlMessage *message, int type);

/* A dump that was disturbed is asked again. `ret_answers` NULL: only whether it succeeds. */
int rtnl_talk(Rtnl *rtnl, RtnlMessage *request, GPtrArray **ret_answers);

/* The attributes after a header of this size; `max` + 1 of them. False for a message that is too
 * short or of another type. */
bool rtnl_parse(const struct nlmsghdr *message, int type, size_t header_size, int max,
                struct nlattr **ret_attributes);
/* NULL when it is not there or the kernel sent less than it must. */
const void *rtnl_payload(const struct nlattr *attribute, size_t size);
#define RTNL_PAYLOAD(attribute, type) ((const type *)rtnl_payload(attribute, sizeof(type)))
