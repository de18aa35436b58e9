/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A program that systemd runs outside of the daemon's own sandbox, which has no
 * network and no home: a transient unit. Waits for its end, so it is for a
 * thread that may. Source: org.freedesktop.systemd1(5), StartTransientUnit().
 */

/* 0: it ended well; 1: it did not, and `ret_words` has the last line of its standard error, free
 * it; or negative errno: systemd cannot be asked. `name` is that of a service. */
int unit_run(const char *name, const char *description, const char *const *argv, char **ret_words);
