/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-model.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/facts/vfio-uapi.h"

/* The migration protocol of one device, as the kernel and a driver like mtty
 * have it: what RESUMING gets is judged when it is left, and a device that is
 * closed stays where it was. A stream is a memfd.
 */

/* What a device says once of itself; the rest of what pre-copy gives is what it has changed since.
 */
#define INITIAL_BYTES 8

struct FakeMigration {
        char *name;
        VfioState state;
        GByteArray *stream; /* what a save gives, and what was loaded last */
        int session;        /* our own fd of the stream; -1 none */
        ino_t session_inode;
        bool dma_log;
};

FakeMigration *fake_migration_new(const char *name, const char *kind) {
        FakeMigration *migration = g_new0(FakeMigration, 1);

        migration->name = g_strdup(name);
        migration->state = VFIO_STATE_RUNNING;
        migration->session = -1;
        migration->stream = g_byte_array_new();
        g_byte_array_append(migration->stream, (const uint8_t *)kind, strlen(kind) + 1);
        g_byte_array_append(migration->stream, (const uint8_t *)"registers", 10);
        return migration;
}

static void end_session(FakeMigration *migration) {
        if (migration->session >= 0)
                close(migration->session);
        migration->session = -1;
        migration->session_inode = 0;
}

void fake_migration_free(FakeMigration *migration) {
        end_session(migration);
        g_byte_array_unref(migration->stream);
        g_free(migration->name);
        g_free(migration);
}

/* The states and the ways between them -------------------------------------------- */

static bool is_arc(VfioState from, VfioState to, bool p2p, bool pre_copy) {
        switch (to) {
        case VFIO_STATE_ERROR:
                return false;
        case VFIO_STATE_STOP:
                return from == (p2p ? VFIO_STATE_RUNNING_P2P : VFIO_STATE_RUNNING) ||
                       from == VFIO_STATE_STOP_COPY || from == VFIO_STATE_RESUMING;
        case VFIO_STATE_RUNNING:
                return from == (p2p ? VFIO_STATE_RUNNING_P2P : VFIO_STATE_STOP) ||
                       from == VFIO_STATE_PRE_COPY;
        case VFIO_STATE_STOP_COPY:
                return from == VFIO_STATE_STOP ||
                       from == (p2p ? VFIO_STATE_PRE_COPY_P2P : VFIO_STATE_PRE_COPY);
        case VFIO_STATE_RESUMING:
                return from == VFIO_STATE_STOP;
        case VFIO_STATE_RUNNING_P2P:
                return p2p && (from == VFIO_STATE_RUNNING || from == VFIO_STATE_STOP ||
                               from == VFIO_STATE_PRE_COPY_P2P);
        case VFIO_STATE_PRE_COPY:
                return pre_copy && (from == VFIO_STATE_RUNNING || from == VFIO_STATE_PRE_COPY_P2P);
        case VFIO_STATE_PRE_COPY_P2P:
                return pre_copy && p2p &&
                       (from == VFIO_STATE_PRE_COPY || from == VFIO_STATE_RUNNING_P2P);
        case _VFIO_STATE_MAX:
        case _VFIO_STATE_INVALID:
                break;
        }
        return false;
}

/* A way never begins a stream in its middle: through these no way leads. */
static bool is_passable(VfioState from, VfioState to) {
        return to != VFIO_STATE_STOP_COPY || from == VFIO_STATE_PRE_COPY ||
               from == VFIO_STATE_PRE_COPY_P2P;
}

/* The first step of a shortest way, or INVALID: found from the end backwards. */
static VfioState next_state(VfioState from, VfioState to, bool p2p, bool pre_copy) {
        int distance[_VFIO_STATE_MAX];

        for (int state = 0; state < _VFIO_STATE_MAX; state++)
                distance[state] = state == to ? 0 : _VFIO_STATE_MAX;
        for (int round = 0; round < _VFIO_STATE_MAX; round++)
                for (int a = 0; a < _VFIO_STATE_MAX; a++)
                        for (int b = 0; b < _VFIO_STATE_MAX; b++)
                                if (is_arc(a, b, p2p, pre_copy) &&
                                    ((VfioState)b == to || is_passable(a, b)))
                                        distance[a] = MIN(distance[a], distance[b] + 1);

        for (int state = 0; state < _VFIO_STATE_MAX; state++)
                if (is_arc(from, state, p2p, pre_copy) && distance[state] == distance[from] - 1)
                        return (VfioState)state;
        return _VFIO_STATE_INVALID;
}

/* Pre-copy is for a device that runs. */
static bool is_refused(VfioState from, VfioState to) {
        return (to == VFIO_STATE_PRE_COPY || to == VFIO_STATE_PRE_COPY_P2P) &&
               (from == VFIO_STATE_STOP || from == VFIO_STATE_STOP_COPY ||
                from == VFIO_STATE_RESUMING);
}

/* The stream ---------------------------------------------------------------------- */

static void add_to_session(FakeMigration *migration, size_t from, size_t to) {
        struct stat status;

        g_assert_cmpint(fstat(migration->session, &status), ==, 0);
        g_assert_cmpint(pwrite(migration->session, migration->stream->data + from, to - from,
                               status.st_size),
                        ==, to - from);
}

static void begin_session(FakeMigration *migration, size_t bytes) {
        struct stat status;

        end_session(migration);
        migration->session = memfd_create("fake-migration", MFD_CLOEXEC);
        g_assert_cmpint(migration->session, >=, 0);
        g_assert_cmpint(fstat(migration->session, &status), ==, 0);
        migration->session_inode = status.st_ino;
        add_to_session(migration, 0, bytes);
}

/* The driver's judgement: of its own kind, and neither too short nor too long. */
static int take_stream(FakeMigration *migration) {
        g_autofree uint8_t *bytes = g_malloc(migration->stream->len + 1);
        const char *kind = (const char *)migration->stream->data;
        ssize_t size;

        size = pread(migration->session, bytes, migration->stream->len + 1, 0);
        if (size != (ssize_t)migration->stream->len || memcmp(bytes, kind, strlen(kind) + 1) != 0)
                return -EINVAL;

        memcpy(migration->stream->data, bytes, size);
        return 0;
}

static int leave(FakeMigration *migration, VfioState to) {
        bool ends = migration->state == VFIO_STATE_STOP_COPY ||
                    migration->state == VFIO_STATE_RESUMING ||
                    (migration->state == VFIO_STATE_PRE_COPY && to == VFIO_STATE_RUNNING);
        int r = migration->state == VFIO_STATE_RESUMING ? take_stream(migration) : 0;

        if (ends)
                end_session(migration);
        return r;
}

static void enter(FakeMigration *migration, VfioState state) {
        size_t half = migration->stream->len / 2;

        if (state == VFIO_STATE_PRE_COPY && migration->session < 0)
                begin_session(migration, half);
        else if (state == VFIO_STATE_STOP_COPY && migration->session >= 0)
                add_to_session(migration, half, migration->stream->len);
        else if (state == VFIO_STATE_STOP_COPY)
                begin_session(migration, migration->stream->len);
        else if (state == VFIO_STATE_RESUMING)
                begin_session(migration, 0);
        migration->state = state;
}

/* An fd of the session for the caller, with an offset of its own. */
static int hand_out(FakeRoot *root, const FakeMigration *migration) {
        g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", migration->session);
        int fd = open(link, O_RDWR | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        if (root->spoil_data) {
                close(fd);
                fd = open("/", O_PATH | O_CLOEXEC); /* can neither be read nor written */
        }
        g_hash_table_insert(root->streams, GINT_TO_POINTER(fd),
                            GSIZE_TO_POINTER(migration->session_inode));
        return fd;
}

static int set_state(FakeRoot *root, FakeMigration *migration, int caps,
                     struct vfio_device_feature_mig_state *value) {
        bool had_session = migration->session >= 0;
        VfioState to = (VfioState)value->device_state;

        value->data_fd = -1;
        if (to >= _VFIO_STATE_MAX || is_refused(migration->state, to))
                return -EINVAL;

        while (migration->state != to) {
                VfioState next = next_state(migration->state, to, caps & VFIO_CAP_P2P,
                                            caps & VFIO_CAP_PRE_COPY);
                int r;

                if (next == _VFIO_STATE_INVALID)
                        return -EINVAL;
                r = leave(migration, next);
                if (r < 0) {
                        migration->state = VFIO_STATE_ERROR;
                        return r;
                }
                enter(migration, next);
                g_string_append_printf(root->arcs, "%s ", vfio_state_to_string(next));
        }
        if (migration->session >= 0 && !had_session)
                value->data_fd = hand_out(root, migration);
        return 0;
}

/* What is asked of it ------------------------------------------------------------- */

int fake_migration_state(FakeRoot *root, FakeMigration *migration, int caps,
                         struct vfio_device_feature *feature) {
        struct vfio_device_feature_mig_state value;
        int r = 0;

        if (feature->argsz < sizeof(*feature) + sizeof(value))
                return -EINVAL;

        memcpy(&value, feature->data, sizeof(value));
        if (feature->flags & VFIO_DEVICE_FEATURE_SET)
                r = set_state(root, migration, caps, &value);
        else
                value = (struct vfio_device_feature_mig_state){ migration->state, -1 };
        memcpy(feature->data, &value, sizeof(value));
        return r;
}

int fake_migration_dma_log(FakeMigration *migration, struct vfio_device_feature *feature) {
        struct vfio_device_feature_dma_logging_report report;
        uint64_t first = 1;

        switch (feature->flags & VFIO_DEVICE_FEATURE_MASK) {
        case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
                if (migration->dma_log)
                        return -EINVAL;
                migration->dma_log = true;
                return 0;
        case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
                if (!migration->dma_log)
                        return -EINVAL;
                migration->dma_log = false;
                return 0;
        default: /* the device has written the first page */
                if (!migration->dma_log)
                        return -EINVAL;
                memcpy(&report, feature->data, sizeof(report));
                memcpy((void *)(uintptr_t)report.bitmap, &first, sizeof(first));
                return 0;
        }
}

int fake_migration_reset(FakeMigration *migration) {
        end_session(migration);
        migration->dma_log = false;
        migration->state = VFIO_STATE_RUNNING;
        return 0;
}

int fake_migration_ioctl(FakeMigration *migration, int fd, unsigned long request, void *argument) {
        struct vfio_precopy_info *info = argument;
        struct stat status;
        off_t offset;

        if (request != VFIO_MIG_GET_PRECOPY_INFO)
                return -ENOTTY;
        if (migration->state != VFIO_STATE_PRE_COPY)
                return -EINVAL;

        g_assert_cmpint(fstat(migration->session, &status), ==, 0);
        offset = MAX(lseek(fd, 0, SEEK_CUR), 0);
        info->initial_bytes = MAX(INITIAL_BYTES - offset, 0);
        info->dirty_bytes = status.st_size - offset - info->initial_bytes;
        return 0;
}

/* Streams that were handed out and are still open, whatever else has got their number since. */
static bool is_stream(FakeRoot *root, int fd, ino_t inode) {
        struct stat status;

        return fstat(fd, &status) == 0 && status.st_ino == inode;
}

FakeMigration *fake_migration_of_stream(FakeRoot *root, int fd) {
        gsize inode = GPOINTER_TO_SIZE(g_hash_table_lookup(root->streams, GINT_TO_POINTER(fd)));
        FakeMigration *migration;
        GHashTableIter iter;

        g_hash_table_iter_init(&iter, root->migrations);
        while (inode != 0 && g_hash_table_iter_next(&iter, NULL, (void **)&migration))
                if (migration->session_inode == inode)
                        return migration;
        return NULL;
}

bool fake_migration_is_idle(FakeRoot *root) {
        GHashTableIter iter;
        void *fd, *inode;

        g_hash_table_iter_init(&iter, root->streams);
        while (g_hash_table_iter_next(&iter, &fd, &inode))
                if (is_stream(root, GPOINTER_TO_INT(fd), GPOINTER_TO_SIZE(inode)))
                        return false;
        return true;
}

/* For tests ----------------------------------------------------------------------- */

VfioState fake_root_vfio_state(FakeRoot *root, const char *name) {
        const FakeMigration *migration = g_hash_table_lookup(root->migrations, name);

        return migration ? migration->state : VFIO_STATE_RUNNING;
}

char *fake_root_take_arcs(FakeRoot *root) {
        char *arcs = g_strchomp(g_strdup(root->arcs->str));

        g_string_truncate(root->arcs, 0);
        return arcs;
}

void fake_root_fail_ioctl(FakeRoot *root, unsigned n, int error, bool breaks) {
        root->fail_ioctl_in = n;
        root->fail_ioctl_error = error;
        root->fail_ioctl_breaks = breaks;
}

void fake_root_spoil_stream(FakeRoot *root) {
        root->spoil_data = true;
}

/* Whether this ioctl is the one that fails; it may break what was to be set. */
bool fake_migration_fails(FakeRoot *root, FakeMigration *migration) {
        if (root->fail_ioctl_in < 0 || root->fail_ioctl_in-- > 0)
                return false;

        if (migration && root->fail_ioctl_breaks) {
                end_session(migration);
                migration->state = VFIO_STATE_ERROR;
        }
        return true;
}
