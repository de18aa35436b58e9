/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* All that the record of one migration has, on a page for a person. */

#include "cli/command.h"
#include "cli/object.h"

/* On standard output, with empty parts left out. `cut_off`: how long the guest was, as the packets
 * of both hosts tell; NULL not known. */
void migration_sheet_print(const Options *options, const Object *migration, const char *cut_off);
