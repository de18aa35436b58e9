/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The kernel's migration protocol (version 2) on a device that this process has
 * open. Source: include/uapi/linux/vfio.h, "enum vfio_device_mig_state".
 *
 *   RUNNING ⇄ (RUNNING_P2P) ⇄ STOP ─► STOP_COPY ─► STOP     save
 *                               └───► RESUMING ──► STOP     load
 *   RUNNING ─► PRE_COPY ─► STOP_COPY ─► STOP                save while it runs
 *
 * Asked for a state that is not next to its own, the kernel takes the shortest
 * way. A call that fails leaves the device in the state before, somewhere on the
 * way, or in ERROR, which it leaves by a reset alone: vfio_migration_recover().
 * Every driver may block in every call for as long as its device takes.
 *
 * All functions: 0 or negative errno, silent.
 */

#include "daemon/facts/vfio-device.h"

/* The kernel's numbers. */
typedef enum VfioState {
        VFIO_STATE_ERROR,
        VFIO_STATE_STOP,
        VFIO_STATE_RUNNING,
        VFIO_STATE_STOP_COPY,
        VFIO_STATE_RESUMING,
        VFIO_STATE_RUNNING_P2P,  /* with VFIO_CAP_P2P */
        VFIO_STATE_PRE_COPY,     /* with VFIO_CAP_PRE_COPY */
        VFIO_STATE_PRE_COPY_P2P, /* with both */
        _VFIO_STATE_MAX,
        _VFIO_STATE_INVALID = -22,
} VfioState;

const char *vfio_state_to_string(VfioState state); /* "stop-copy" */
VfioState vfio_state_from_string(const char *text);

/* -ERANGE: a state that only a later kernel knows. */
int vfio_migration_get_state(const VfioDevice *device, VfioState *ret_state);
/* `ret_data` is where the stream goes or comes from when the state begins one, else -1; NULL: no
 * stream is wanted, and one that is opened all the same is closed. */
int vfio_migration_set_state(const VfioDevice *device, VfioState state, Fd *ret_data);

/* How long a stream STOP_COPY would give, by the driver's estimate; in any state. */
int vfio_migration_get_size(const VfioDevice *device, uint64_t *ret_bytes);

/* RUNNING → STOP and back, by way of RUNNING_P2P where the driver has it, as a VMM with several
 * devices goes. `caps` is a set of VfioCap. */
int vfio_migration_suspend(const VfioDevice *device, int caps);
int vfio_migration_resume(const VfioDevice *device, int caps);

/* STOP → STOP_COPY, the whole stream, → STOP. -EFBIG when it is longer than `limit`. Appends. */
int vfio_migration_save(const VfioDevice *device, size_t limit, GByteArray *stream);
/* STOP → RESUMING, the whole stream, → STOP, where the driver judges it. */
int vfio_migration_load(const VfioDevice *device, const void *stream, size_t size);

/* RUNNING → PRE_COPY, and what there is to read before the device stops. The session goes on. */
int vfio_migration_pre_copy(const VfioDevice *device, size_t limit, GByteArray *stream,
                            Fd *ret_data);
/* PRE_COPY → STOP_COPY, the rest of the stream, → STOP. Takes the session. */
int vfio_migration_stop_copy(const VfioDevice *device, Fd data, size_t limit, GByteArray *stream);

/* Whatever has happened: reset, and RUNNING. A device that cannot be reset goes back by the arcs.
 */
int vfio_migration_recover(const VfioDevice *device);
