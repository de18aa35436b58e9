/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls of somebody else: the test runs itself as a child that becomes nobody.
 *
 *         if (other_user_is_asked(argc, argv))
 *                 return other_user_main(argv);
 */

#include "tests/unit/dbus/daemon-fixture.h"

bool other_user_is_asked(int argc, char **argv);
int other_user_main(char **argv);

/* Skips the test when it does not run as root. */
bool other_user_can_be(void);
/* A call to the daemon, with one string or none (NULL): "done", or the error as "NAME: MESSAGE".
 * The loop is served meanwhile. Free it. */
char *other_user_calls(DaemonFixture *fixture, const char *interface, const char *method,
                       const char *argument);
