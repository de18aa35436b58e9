/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an operator reads. Under systemd all that is logged goes to the journal with its fields,
 * elsewhere to standard error with a priority as in sd-daemon(3).
 */

/* Once, before the first word: takes over GLib's log. */
void journal_init(void);
