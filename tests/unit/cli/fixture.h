/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The command, a bus, and a daemon of the test's own with one host's devices,
 * leases and migrations (objects.gvariant).
 *
 * CLI and CLI_TEST_DATA (paths) come from the build.
 */

#include "tests/unit/lib/mock-daemon.h"
#include "tests/unit/lib/private-bus.h"

#define DOMAIN_XML "<domain type='kvm'><name>db1</name></domain>"
#define EXPIRES    "@EXPIRES@" /* stands in the files for `cli_expires` */

extern PrivateBus *cli_bus;
extern char *cli_expires; /* 90.5 minutes from the beginning, which nobody calls 89 or 91 */

void cli_test_init(void);
void cli_test_done(void);

MockDaemon *cli_mock_new(void);

/* `command` is what stands behind "virt-ferry". Standard input is DOMAIN_XML. CLI_VARIABLE of the
 * test's environment is one "NAME=VALUE" more for the command's. */
Program *cli_start(MockDaemon *mock, const char *command, bool terminal);
Program *cli_run(MockDaemon *mock, const char *command); /* to the end */
void cli_check(const Program *program, int status, const char *out, const char *err);
/* The daemon's, since the last time: "Migrate(db1, qemu+tls://b/system), GetManagedObjects()". */
void cli_check_calls(MockDaemon *mock, const char *expected);
/* `out` is that of golden/`name`, which UPDATE_GOLDEN=1 writes anew. */
void cli_check_golden(const char *name, const char *out);
/* The command is wrong, and says so in these words and where its help is. */
void cli_check_usage(MockDaemon *mock, const char *command, const char *words);

char *cli_test_file(const char *name); /* its text */
char *cli_replace(const char *text, const char *from, const char *to);
