/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The resources of a host as a tree for people, each with a bar of what is used
 * (#), promised (+) and free (.). Cores beside each other are one line, caches too.
 */

#include "cli/table.h"

#define RESOURCE_ROW "(sssstttsa{ss})"

/* `rows` as of ListResources(). The bars take what the figures leave of `width`. */
Table *resource_tree(GVariant *rows, unsigned width);
/* What is wrong with the files of offload devices, a sentence each; NULL-terminated. */
char **resource_problems(GVariant *rows);
