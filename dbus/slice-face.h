/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the faces of hardware slices share: the objects (slice-face.c), and the
 * calls that change them (slice-call.c). `userdata` is the faces. Private to
 * this folder.
 */

#include "daemon/slices.h"
#include "dbus/face.h"

/* As a(sstb). */
int slice_append_grants(sd_bus_message *reply, const GPtrArray *grants, const Slice *wish);

/* Of the manager: */
int slice_method_allocate_resource(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int slice_method_deallocate_resource(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int slice_method_allocate(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int slice_method_defragment(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int slice_method_list(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
/* Of a slice: */
int slice_method_change(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int slice_method_deallocate(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
