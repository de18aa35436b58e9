/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Where guests go, as an operator writes it. */

/* A host alone stands for its libvirt of the system, through ssh. New. */
char *destination_uri(const char *destination);
/* Where the daemon of that host is asked, as ssh(1) takes it; NULL of one that ssh does not lead
 * to. New. */
char *destination_host(const char *uri);
