/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A manager over a made-up host, a database in memory, a clock that stands
 * still, and a libvirt that writes down what it is asked, or aborts.
 */

#include "daemon/manager.h"
#include "tests/lib/fake-root.h"

#define GUEST_UUID  "11111111-2222-4333-8444-555555555555"
#define OTHER_UUID  "99999999-2222-4333-8444-555555555555"
#define SOURCE_MDEV "aaaaaaaa-0000-4000-8000-000000000001" /* of the host it comes from */
#define HERE_MDEV   "bbbbbbbb-0000-4000-8000-000000000002"
#define HERE_MDEV_2 "bbbbbbbb-0000-4000-8000-000000000003"

typedef struct Fixture {
        const char *path; /* of the database, before the set-up; NULL: in memory */
        const char *config;
        FakeRoot *root;
        Manager *manager;
        VirtOps virt;
        GuestFinder finder; /* of the last find(), for the test to answer */
        void *asker;
        GString *asked; /* "set_metadata UUID XML\n" ... */
        char *note;     /* the metadata of the last unplug() or shut_down() */
} Fixture;

/* With mtty on the host. `config` NULL: the defaults. libvirt aborts until fixture_connect(). */
void fixture_set_up(Fixture *fixture, gconstpointer config);
void fixture_tear_down(Fixture *fixture, gconstpointer config);
void fixture_connect(Fixture *fixture);
/* A new manager over the same root and store, as after a restart; needs a path. */
void fixture_restart(Fixture *fixture);
void fixture_pass_time(int64_t usec);

/* A domain with one mdev of that source; `seen` is the mdev type in its metadata, NULL without. */
char *guest_xml(const char *name, const char *uuid, const char *mdev, const char *seen);
/* Sends an event about the guest; owned members are made from the arguments. */
void send_event(Fixture *fixture, GuestEventKind kind, const char *uuid, const char *xml);
void send_list(Fixture *fixture, const char *uuid); /* active: that one, or none */

/* "DEVICE STATE[ expires]\n" of every lease, sorted by device. Free it. */
char *leases_text(Fixture *fixture);
