/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* org.virtferry1 with answers of the test's own, to see what a client asks and
 * how it takes the answer. Each call and each answer is held against
 * dbus/org.virtferry1.xml. It shows the client's logic only.
 *
 * FERRY_CONTRACT (a path) comes from the build.
 */

#include <systemd/sd-bus.h>

#include "tests/unit/lib/contract.h"
#include "tests/unit/lib/program.h"

typedef struct MockDaemon {
        sd_event *event;
        sd_bus *bus;
        Contract *contract;
        GHashTable *replies; /* method → GVariant tuple */
        char *error_name, *error_text;
        bool silent;      /* takes calls and never answers */
        GPtrArray *calls; /* "FilterDomain(migrate, XML)" */
        char *xml;        /* the last one that came */
        void (*on_call)(struct MockDaemon *mock, const char *method, void *userdata);
        void *userdata; /* on_call runs when the answer is out */
} MockDaemon;

/* Without a name on the bus it is the daemon that is not there. */
MockDaemon *mock_daemon_new(const char *address, bool with_name);
void mock_daemon_free(MockDaemon *mock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MockDaemon, mock_daemon_free)

/* What a method returns, as GVariant text of a tuple; a method without one returns nothing. */
void mock_daemon_set_reply(MockDaemon *mock, const char *interface, const char *method,
                           const char *text);
/* What GetManagedObjects returns, as GVariant text of a{oa{sa{sv}}}. */
void mock_daemon_set_objects(MockDaemon *mock, const char *text);
/* What GetAll returns of this interface, as GVariant text of a{sv}; not all need be there. */
void mock_daemon_set_properties(MockDaemon *mock, const char *interface, const char *text);
/* Every call fails with this from now on; NULL: none does. */
void mock_daemon_set_error(MockDaemon *mock, const char *name, const char *text);

/* Signals; `properties` is GVariant text of a{sv}. */
void mock_daemon_emit_changed(MockDaemon *mock, const char *path, const char *interface,
                              const char *properties);
void mock_daemon_emit_added(MockDaemon *mock, const char *path, const char *interface,
                            const char *properties);
void mock_daemon_emit_removed(MockDaemon *mock, const char *path, const char *interface);

/* "A(...), B(...)" of the calls so far, which are forgotten. */
char *mock_daemon_take_calls(MockDaemon *mock);
