/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of the reader of a SwitchState share. Nobody else includes this. */

#include "xml/switch-more.h"

/* "a second <ferry:vf> in <ferry:switch>: remove one"; always false. */
bool switch_fail_second(const xmlNode *element, GError **error);
/* All of these attributes; `names` ends with NULL. */
bool switch_require(const xmlNode *element, const char *const *names, GError **error);
bool switch_read_mac(const xmlNode *element, char **ret_mac, GError **error);

bool switch_read_port(const xmlNode *element, SwitchState *state, MoreReader *more, GError **error);
bool switch_read_filters(const xmlNode *element, SwitchState *state, MoreReader *more,
                         GError **error);
