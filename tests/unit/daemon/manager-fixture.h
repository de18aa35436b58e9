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
        char *folder, *path; /* of the database; NULL: in memory */
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
/* Before the set-up, or a restart: from then on the database is in a file. */
void fixture_use_file(Fixture *fixture);
/* A new manager over the same root and store, as after a restart; needs a file. */
void fixture_restart(Fixture *fixture);
void fixture_pass_time(int64_t usec);

/* The device of a guest_xml(), as it is kept while it is unplugged. */
#define KEPT_ELEMENT(mdev)                                                                      \
        "<hostdev mode=\"subsystem\" type=\"mdev\" model=\"vfio-pci\"><source>"                 \
        "<address uuid=\"" mdev "\"/></source>"                                                 \
        "<address type=\"pci\" domain=\"0x0000\" bus=\"0x00\" slot=\"0x05\" function=\"0x0\"/>" \
        "</hostdev>"

/* Guest g1 is GUEST_UUID. */

/* An event about it; the XML and `detail` may be NULL. */
void tell_guest(Fixture *fixture, GuestEventKind kind, char *taken_xml, const char *detail);
/* To the last question for it: it runs so. */
void answer_with(Fixture *fixture, char *taken_xml);
/* As the edge answers when the daemon ends. */
void end_questions(Fixture *fixture);

/* What libvirt was asked since the last time; all leases, as leases_text(). */
void assert_asked(Fixture *fixture, const char *expected);
void assert_leases(Fixture *fixture, const char *expected);

/* A domain with one mdev of that source; `seen` is the mdev type in its metadata, NULL without. */
char *guest_xml(const char *name, const char *uuid, const char *mdev, const char *seen);
/* Sends an event about the guest; owned members are made from the arguments. */
void send_event(Fixture *fixture, GuestEventKind kind, const char *uuid, const char *xml);
void send_list(Fixture *fixture, const char *uuid); /* active: that one, or none */

/* "DEVICE STATE[ expires]\n" of every lease, sorted by device. Free it. */
char *leases_text(Fixture *fixture);
