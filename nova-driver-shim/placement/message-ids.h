/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an operator may look for: 'journalctl MESSAGE_ID=...'. Each has an entry
 * in data/virtferry.catalog.
 */

#define MESSAGE_PLACEMENT_BEHIND    "e726273550174023ad9f9f10f5162c04"
#define MESSAGE_PLACEMENT_PUBLISHED "6b7a5ba98cea4960a8f5d29bfc1b2f19"
