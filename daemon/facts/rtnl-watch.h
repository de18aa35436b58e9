/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What rtnetlink tells by itself of links, of entries of a bridge's forwarding
 * database that somebody has made, and of filters. What a bridge learns is told
 * all the time and is not meant. */

#include <stdbool.h>

/* A socket that becomes readable, or negative errno. Close it. */
int rtnl_watch_open(void);
/* Reads all that is there; whether something is meant, also when the kernel could not tell all. */
bool rtnl_watch_read(int fd);
