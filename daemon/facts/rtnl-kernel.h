/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel's end of a Rtnl: a socket. By hand and not by libnl, which turns
 * the kernel's errno into fewer codes of its own. Only rtnl.c includes this. */

#include "daemon/facts/rtnl.h"

typedef struct RtnlKernel RtnlKernel;

extern const RtnlOps rtnl_kernel_ops; /* userdata: RtnlKernel */

int rtnl_kernel_open(RtnlKernel **ret_kernel);
void rtnl_kernel_close(RtnlKernel *kernel);
