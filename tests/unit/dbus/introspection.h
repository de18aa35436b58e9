/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Introspection XML as sorted lines that can be compared:
 * "org.virtferry1.Hook.FilterDomain argument 0 in s operation",
 * "org.virtferry1.Lease.Id property s read". Interfaces of others are left out. */

#include <glib.h>

/* Of one interface, or of all of ours (NULL). Free it. */
char *introspection_to_text(const char *xml, const char *interface);
/* Names of the child nodes, and of our interfaces, sorted, separated by blanks. Free them. */
char *introspection_nodes(const char *xml);
char *introspection_interfaces(const char *xml);
