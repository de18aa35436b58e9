/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/facts/vfio-migration.h"

#include <errno.h>

#include "daemon/facts/vfio-uapi.h"
#include "xml/fingerprint.h"

#define CHUNK ((size_t)64 * 1024)

static const char *const state_words[] = {
        [VFIO_STATE_ERROR] = "error",       [VFIO_STATE_STOP] = "stop",
        [VFIO_STATE_RUNNING] = "running",   [VFIO_STATE_STOP_COPY] = "stop-copy",
        [VFIO_STATE_RESUMING] = "resuming", [VFIO_STATE_RUNNING_P2P] = "running-p2p",
        [VFIO_STATE_PRE_COPY] = "pre-copy", [VFIO_STATE_PRE_COPY_P2P] = "pre-copy-p2p",
};
G_STATIC_ASSERT(G_N_ELEMENTS(state_words) == _VFIO_STATE_MAX);
G_STATIC_ASSERT((int)VFIO_STATE_RUNNING_P2P == (int)VFIO_DEVICE_STATE_RUNNING_P2P);
G_STATIC_ASSERT((int)VFIO_STATE_PRE_COPY_P2P == (int)VFIO_DEVICE_STATE_PRE_COPY_P2P);

const char *vfio_state_to_string(VfioState state) {
        return state >= 0 && state < _VFIO_STATE_MAX ? state_words[state] : NULL;
}

VfioState vfio_state_from_string(const char *text) {
        for (int i = 0; i < _VFIO_STATE_MAX; i++)
                if (g_strcmp0(state_words[i], text) == 0)
                        return (VfioState)i;
        return _VFIO_STATE_INVALID;
}

int vfio_migration_get_state(const VfioDevice *device, VfioState *ret_state) {
        struct vfio_device_feature_mig_state value = { .data_fd = -1 };
        int r;

        r = vfio_device_feature(device,
                                VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
                                &value, sizeof(value));
        if (r < 0)
                return r;
        if (value.device_state >= _VFIO_STATE_MAX)
                return -ERANGE;

        *ret_state = (VfioState)value.device_state;
        return 0;
}

int vfio_migration_set_state(const VfioDevice *device, VfioState state, Fd *ret_data) {
        struct vfio_device_feature_mig_state value = { .device_state = state, .data_fd = -1 };
        int r;

        r = vfio_device_feature(device,
                                VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
                                &value, sizeof(value));
        if (r < 0)
                return r;

        if (ret_data)
                *ret_data = value.data_fd;
        else if (value.data_fd >= 0)
                fd_close(value.data_fd);
        return 0;
}

int vfio_migration_get_size(const VfioDevice *device, uint64_t *ret_bytes) {
        uint64_t value = 0;
        int r;

        r = vfio_device_feature(device, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
                                &value, sizeof(value));
        if (r < 0)
                return r;

        *ret_bytes = value;
        return 0;
}

int vfio_migration_suspend(const VfioDevice *device, int caps) {
        int r = 0;

        if (caps & VFIO_CAP_P2P)
                r = vfio_migration_set_state(device, VFIO_STATE_RUNNING_P2P, NULL);
        return r < 0 ? r : vfio_migration_set_state(device, VFIO_STATE_STOP, NULL);
}

int vfio_migration_resume(const VfioDevice *device, int caps) {
        int r = 0;

        if (caps & VFIO_CAP_P2P)
                r = vfio_migration_set_state(device, VFIO_STATE_RUNNING_P2P, NULL);
        return r < 0 ? r : vfio_migration_set_state(device, VFIO_STATE_RUNNING, NULL);
}

/* The stream ---------------------------------------------------------------------- */

/* Bytes that were appended, 0 at the end. */
static int read_some(Fd data, size_t size, size_t limit, GByteArray *stream) {
        g_autofree uint8_t *chunk = g_malloc(MIN(size, CHUNK));
        ssize_t n;

        do
                n = read(data, chunk, MIN(size, CHUNK));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        if ((size_t)n > limit || stream->len > limit - (size_t)n)
                return -EFBIG;

        g_byte_array_append(stream, chunk, n);
        return (int)n;
}

static int read_all(Fd data, size_t limit, GByteArray *stream) {
        int n;

        do
                n = read_some(data, CHUNK, limit, stream);
        while (n > 0);
        return n;
}

static int write_all(Fd data, const uint8_t *bytes, size_t size) {
        while (size > 0) {
                ssize_t n = write(data, bytes, MIN(size, CHUNK));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                bytes += n;
                size -= n;
        }
        return 0;
}

/* Leaving STOP_COPY ends the session, with the fd still open, as drivers want it. */
static int finish_reading(const VfioDevice *device, Fd data, size_t limit, GByteArray *stream) {
        int r;

        if (data < 0)
                return -EBADF; /* the driver began no stream */

        r = read_all(data, limit, stream);
        return r < 0 ? r : vfio_migration_set_state(device, VFIO_STATE_STOP, NULL);
}

int vfio_migration_save(const VfioDevice *device, size_t limit, GByteArray *stream) {
        g_auto(Fd) data = -1;
        int r;

        r = vfio_migration_set_state(device, VFIO_STATE_STOP_COPY, &data);
        return r < 0 ? r : finish_reading(device, data, limit, stream);
}

int vfio_migration_load(const VfioDevice *device, const void *stream, size_t size) {
        g_auto(Fd) data = -1;
        int r;

        r = vfio_migration_set_state(device, VFIO_STATE_RESUMING, &data);
        if (r < 0)
                return r;
        if (data < 0)
                return -EBADF;

        r = write_all(data, stream, size);
        return r < 0 ? r : vfio_migration_set_state(device, VFIO_STATE_STOP, NULL);
}

/* Pre-copy ------------------------------------------------------------------------ */

/* The initial part alone: what a running device changes meanwhile need never end. -ENOMSG and the
 * end of the stream both say that there is no more for now. */
static int read_initial(const VfioDevice *device, Fd data, size_t limit, GByteArray *stream) {
        int n;

        do {
                struct vfio_precopy_info info = { .argsz = sizeof(info) };
                int r;

                r = sysfs_ioctl(device->sysfs, data, VFIO_MIG_GET_PRECOPY_INFO, &info);
                if (r < 0)
                        return r;
                if (info.initial_bytes == 0)
                        return 0;
                n = read_some(data, MIN(info.initial_bytes, CHUNK), limit, stream);
        } while (n > 0);

        return n == -ENOMSG ? 0 : n;
}

int vfio_migration_pre_copy(const VfioDevice *device, size_t limit, GByteArray *stream,
                            Fd *ret_data) {
        g_auto(Fd) data = -1;
        int r;

        r = vfio_migration_set_state(device, VFIO_STATE_PRE_COPY, &data);
        if (r < 0)
                return r;
        if (data < 0)
                return -EBADF;

        r = read_initial(device, data, limit, stream);
        if (r < 0)
                return r;

        *ret_data = g_steal_fd(&data);
        return 0;
}

int vfio_migration_stop_copy(const VfioDevice *device, Fd taken, size_t limit, GByteArray *stream) {
        g_auto(Fd) data = taken;
        int r;

        r = vfio_migration_set_state(device, VFIO_STATE_STOP_COPY, NULL);
        return r < 0 ? r : finish_reading(device, data, limit, stream);
}

/* The way back -------------------------------------------------------------------- */

int vfio_migration_recover(const VfioDevice *device) {
        VfioState state;
        int r;

        (void)sysfs_ioctl(device->sysfs, device->fd, VFIO_DEVICE_RESET, NULL);
        r = vfio_migration_set_state(device, VFIO_STATE_RUNNING, NULL);
        if (r < 0) {
                /* Reset once more, where that has not helped the first time. */
                r = sysfs_ioctl(device->sysfs, device->fd, VFIO_DEVICE_RESET, NULL);
                if (r < 0)
                        return r;
        }

        r = vfio_migration_get_state(device, &state);
        if (r < 0)
                return r;
        return state == VFIO_STATE_RUNNING ? 0 : -EIO;
}
