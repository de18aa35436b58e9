/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The real virtferryd over a made-up host, on a bus of the test's own, and a
 * client of that bus. No kernel: what the daemon writes goes into plain files.
 * No libvirt but its own test driver, where a test asks for that.
 *
 * VIRTFERRYD (a path) comes from the build.
 */

#include <systemd/sd-bus.h>

#include "tests/lib/fake-root.h"
#include "tests/unit/lib/private-bus.h"
#include "tests/unit/lib/program.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sd_bus_error, sd_bus_error_free)

#define GUEST_UUID  "11111111-2222-4333-8444-555555555555"
#define SOURCE_MDEV "aaaaaaaa-0000-4000-8000-000000000001" /* of the host it comes from */
#define HERE_MDEV   "bbbbbbbb-0000-4000-8000-000000000002" /* an mtty-1 of this host */

typedef struct DaemonFixture {
        sd_event *event;
        PrivateBus *bus;
        FakeRoot *root;
        char *directory;         /* of the database and the configuration */
        const char *libvirt;     /* URI, NULL: the daemon goes without */
        const char *const *more; /* options of the daemon beside the usual ones; NULL none */
        const char *const *by;   /* a program, with its arguments, that starts it; NULL none */
        Program *daemon;
        sd_bus *client;
        bool has_name;    /* org.virtferry1 has an owner */
        GString *signals; /* "InterfacesAdded PATH INTERFACE\n", "PropertiesChanged PATH NAMES\n" */
} DaemonFixture;

/* A host with mtty and HERE_MDEV; `config` is the text of its configuration, NULL without. */
void daemon_fixture_set_up(DaemonFixture *fixture, gconstpointer config);
void daemon_fixture_tear_down(DaemonFixture *fixture, gconstpointer config);

/* Another virtferryd of the same files on the same bus. */
Program *daemon_fixture_spawn(DaemonFixture *fixture);
/* Starts the daemon and waits until it answers. */
void daemon_fixture_start(DaemonFixture *fixture);
/* Ends the daemon by this signal, waits until it is gone and returns its exit status, or minus the
 * signal. */
int daemon_fixture_end(DaemonFixture *fixture, int signal);

/* Calls; `types` and what follows as in sd_bus_call_method(3). Without `error` a call that fails
 * fails the test; with it the reply may be NULL. */
sd_bus_message *daemon_fixture_call(DaemonFixture *fixture, const char *interface,
                                    const char *method, sd_bus_error *error, const char *types,
                                    ...);
/* A property of type "s" or "o"; NULL when there is no such object. Free it. */
char *daemon_fixture_get(DaemonFixture *fixture, const char *path, const char *interface,
                         const char *property, const char *type);
/* The object of this id below a prefix of names.h. Free it. */
char *object_path(const char *prefix, const char *id);
/* Serves the loop until this line stands in `signals`. */
void daemon_fixture_await(DaemonFixture *fixture, const char *signal);

/* Guest "g1" with one mtty-1 of this uuid, which the metadata describes. Free it. */
char *guest_with_mdev(const char *mdev);
