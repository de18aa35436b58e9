/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* virtferryd --agent: another program under the same name, so that an offload
 * device needs no other file than its host. */

#include <glib.h>
#include <stdbool.h>

/* Speaks on standard input and output until the input ends. */
bool agent_program_run(const char *root, GError **error);
