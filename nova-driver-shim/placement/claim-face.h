/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The face of virtferry-placement on the bus, org.virtferry1.Placement: what a guest has
 * claimed of this host, and whether Placement has what this host is
 * (dbus/org.virtferry1.Placement.xml). Each question is one request to Placement, of so many as may
 * be under way. Main thread.
 */

#include <systemd/sd-bus.h>

#include "nova-driver-shim/placement/api.h"
#include "nova-driver-shim/placement/publish.h"

#define CLAIM_QUESTIONS_MAX 64

typedef struct ClaimFace ClaimFace;

/* Borrows all. -EEXIST: there is another virtferry-placement on this bus, -EACCES: its policy does
 * not let us be one. */
int claim_face_new(sd_bus *bus, Api *api, const Publisher *publisher, ClaimFace **ret_face);
/* Who still waits is told that we go. */
void claim_face_free(ClaimFace *face);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClaimFace, claim_face_free)

/* What the publisher says is new. */
void claim_face_changed(ClaimFace *face);
