/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A call about a hardware slice while it waits: for libvirt to say which domain
 * is meant, then for the slices to be stored. Private to this folder.
 */

#include "dbus/slice-face.h"

typedef struct SliceCall SliceCall;
struct SliceCall {
        Faces *faces;
        sd_bus_message *m; /* what is borrowed is borrowed from it */
        Slice *wish;
        int explain, dry_run;
        SliceAsk ask;
        GPtrArray *qos; /* of `ask`; ends with NULL */
        /* The domain is known. Takes the call. */
        void (*go_on)(SliceCall *call, const char *uuid, const char *name);
};

SliceCall *slice_call_new(Faces *faces, sd_bus_message *m);
void slice_call_free(SliceCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SliceCall, slice_call_free)

/* Looks the domain up, and goes on. */
void slice_call_begin(SliceCall *taken, const char *domain);

/* InvalidRequest when it breaks a rule, with the line. */
int slice_call_read_wish(SliceCall *call, const char *definition, sd_bus_error *reterr);
/* a{sv}: attributes of a definition; values are strings, booleans and numbers. */
int slice_call_read_qos(SliceCall *call, sd_bus_error *reterr);

/* The ends of a call, each with what the method returns. */
int slice_call_reply_error(SliceCall *call, const GError *error);
int slice_call_reply_placement(SliceCall *call, const char *uuid, const SlicePlacement *placement);
int slice_call_reply_reasons(SliceCall *call, const char *uuid, const SlicePlacement *placement);
