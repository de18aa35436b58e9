/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/fake-model.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "daemon/facts/vfio-uapi.h"

/* What a VFIO fd is can be read from the name of its file: a node is an empty file, a device its
 * own directory. So the model has to follow no fd, and sees which are still open. NULL: none of
 * ours. */
static char *path_of_fd(const FakeRoot *root, int fd) {
        g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
        char target[PATH_MAX];
        ssize_t length = readlink(link, target, sizeof(target) - 1);

        if (length < 0)
                return NULL;

        target[length] = '\0';
        if (!g_str_has_prefix(target, root->path))
                return NULL;
        return g_strdup(target + strlen(root->path) + 1);
}

static bool is_open(FakeRoot *root, const char *path) {
        GHashTableIter iter;
        void *fd;

        g_hash_table_iter_init(&iter, root->opened);
        while (g_hash_table_iter_next(&iter, &fd, NULL)) {
                g_autofree char *other = path_of_fd(root, GPOINTER_TO_INT(fd));

                if (other && (!path || strcmp(other, path) == 0))
                        return true;
        }
        return false;
}

bool fake_vfio_is_idle(FakeRoot *root) {
        return !is_open(root, NULL) && fake_migration_is_idle(root);
}

static GPtrArray *members(FakeRoot *root, int group) {
        g_autofree char *path = g_strdup_printf("sys/kernel/iommu_groups/%d/devices", group);
        GPtrArray *names;

        g_assert_cmpint(sysfs_list(root->sysfs, path, &names), ==, 0);
        return names;
}

static bool is_held(FakeRoot *root, int group) {
        g_autoptr(GPtrArray) names = members(root, group);

        for (guint i = 0; i < names->len; i++)
                if (g_hash_table_contains(root->held, names->pdata[i]))
                        return true;
        return false;
}

/* -1: this is not a group's node. */
static int group_of_path(const char *path) {
        guint64 group;

        if (!g_str_has_prefix(path, "dev/vfio/") ||
            !g_ascii_string_to_unsigned(path + strlen("dev/vfio/"), 10, 0, INT_MAX, &group, NULL))
                return -1;
        return group;
}

static int open_path(FakeRoot *root, const char *path, int flags) {
        int fd = openat(root->fd, path, flags | O_CLOEXEC);

        if (fd < 0)
                return -errno;

        g_hash_table_add(root->opened, GINT_TO_POINTER(fd));
        return fd;
}

int fake_vfio_open(void *userdata, const char *path) {
        FakeRoot *root = userdata;
        int group = group_of_path(path);

        /* A group has one opener at a time: a guest, or us. */
        if (group >= 0 && (is_held(root, group) || is_open(root, path)))
                return -EBUSY;

        return open_path(root, path, O_RDWR);
}

/* The driver that VFIO asks for a member: its own, or for an mdev the parent's. NULL: no vfio
 * driver. */
static const char *vfio_driver(FakeRoot *root, const char *name) {
        const FakeFunction *function = fake_function_find(root, name);
        const FakeMdev *mdev = g_hash_table_lookup(root->mdevs, name);

        if (mdev)
                return mdev->parent->driver;
        return function && fake_driver_is_vfio(function->driver) ? function->driver : NULL;
}

/* Members without any driver do no harm: vfio.rst. */
static bool is_viable(FakeRoot *root, int group) {
        g_autoptr(GPtrArray) names = members(root, group);

        for (guint i = 0; i < names->len; i++) {
                const FakeFunction *function = fake_function_find(root, names->pdata[i]);

                if (function && function->driver && !fake_driver_is_vfio(function->driver))
                        return false;
        }
        return true;
}

static int open_member(FakeRoot *root, int group, const char *name) {
        g_autofree char *path = g_strdup_printf("sys/kernel/iommu_groups/%d/devices/%s", group,
                                                name);

        if (root->attached_group != group)
                return -EINVAL;
        if (!tree_has(root->fd, path) || !vfio_driver(root, name))
                return -ENODEV;

        return open_path(root, path, O_RDONLY | O_DIRECTORY);
}

static int group_ioctl(FakeRoot *root, int group, unsigned long request, void *argument) {
        switch (request) {
        case VFIO_GROUP_SET_CONTAINER:
                if (!is_viable(root, group))
                        return -EPERM;
                root->attached_group = group;
                return 0;
        case VFIO_GROUP_GET_DEVICE_FD:
                return open_member(root, group, argument);
        default:
                return -ENOTTY;
        }
}

static int container_ioctl(FakeRoot *root, unsigned long request, void *argument) {
        switch (request) {
        case VFIO_GET_API_VERSION:
                return VFIO_API_VERSION;
        case VFIO_SET_IOMMU:
                if (GPOINTER_TO_UINT(argument) != VFIO_TYPE1v2_IOMMU)
                        return -ENODEV;
                return root->attached_group < 0 ? -EINVAL : 0;
        case VFIO_IOMMU_MAP_DMA:
                return 0;
        default:
                return -ENOTTY;
        }
}

static uint64_t migration_flags(int caps) {
        return (caps & VFIO_CAP_STOP_COPY ? VFIO_MIGRATION_STOP_COPY : 0) |
               (caps & VFIO_CAP_P2P ? VFIO_MIGRATION_P2P : 0) |
               (caps & VFIO_CAP_PRE_COPY ? VFIO_MIGRATION_PRE_COPY : 0);
}

/* Either asks whether the feature is there or gets its one number of 64 bit. */
static int answer_feature(struct vfio_device_feature *feature, bool has, uint64_t value) {
        if (!has)
                return -ENOTTY;
        if (feature->flags & VFIO_DEVICE_FEATURE_PROBE)
                return 0;
        if (!(feature->flags & VFIO_DEVICE_FEATURE_GET) ||
            feature->argsz < sizeof(*feature) + sizeof(value))
                return -EINVAL;

        memcpy(feature->data, &value, sizeof(value));
        return 0;
}

/* Devices of one driver and mdev type take each other's state. */
static FakeMigration *find_migration(FakeRoot *root, const char *name, const char *driver) {
        const FakeMdev *mdev = g_hash_table_lookup(root->mdevs, name);
        FakeMigration *migration = g_hash_table_lookup(root->migrations, name);
        g_autofree char *kind = NULL;

        if (migration)
                return migration;

        kind = g_strdup_printf("%s %s", driver, mdev ? mdev->type : "function");
        migration = fake_migration_new(name, kind);
        g_hash_table_insert(root->migrations, g_strdup(name), migration);
        return migration;
}

static int feature_ioctl(FakeRoot *root, FakeMigration *migration, const VfioProbe *offer,
                         struct vfio_device_feature *feature) {
        bool migrates = offer->caps & VFIO_CAP_STOP_COPY, logs = offer->caps & VFIO_CAP_DMA_LOG;

        switch (feature->flags & VFIO_DEVICE_FEATURE_MASK) {
        case VFIO_DEVICE_FEATURE_MIGRATION:
                return answer_feature(feature, migrates, migration_flags(offer->caps));
        case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
                return migrates ? fake_migration_state(root, migration, offer->caps, feature)
                                : -ENOTTY;
        case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
        case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
        case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
                if (feature->flags & VFIO_DEVICE_FEATURE_PROBE)
                        return answer_feature(feature, logs, 0);
                return logs ? fake_migration_dma_log(migration, feature) : -ENOTTY;
        case VFIO_DEVICE_FEATURE_MIG_DATA_SIZE:
                return answer_feature(feature, offer->caps & VFIO_CAP_DATA_SIZE, offer->state_size);
        default:
                return -ENOTTY;
        }
}

static bool sets_state(unsigned long request, const struct vfio_device_feature *feature) {
        return request == VFIO_DEVICE_FEATURE && feature->flags & VFIO_DEVICE_FEATURE_SET &&
               (feature->flags & VFIO_DEVICE_FEATURE_MASK) == VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
}

static int device_ioctl(FakeRoot *root, const char *name, unsigned long request, void *argument) {
        const char *driver = vfio_driver(root, name);
        const VfioProbe *offer = NULL;
        FakeMigration *migration;

        if (driver)
                offer = g_hash_table_lookup(root->offers, driver);
        if (!offer)
                return -ENOTTY;

        migration = find_migration(root, name, driver);
        if (fake_migration_fails(root, sets_state(request, argument) ? migration : NULL))
                return -root->fail_ioctl_error;
        if (request == VFIO_DEVICE_RESET)
                return fake_migration_reset(migration);
        return request == VFIO_DEVICE_FEATURE ? feature_ioctl(root, migration, offer, argument)
                                              : -ENOTTY;
}

static int stream_ioctl(FakeRoot *root, int fd, unsigned long request, void *argument) {
        FakeMigration *migration = fake_migration_of_stream(root, fd);

        if (!migration)
                return -EBADF;
        if (fake_migration_fails(root, NULL))
                return -root->fail_ioctl_error;
        return fake_migration_ioctl(migration, fd, request, argument);
}

int fake_vfio_ioctl(void *userdata, int fd, unsigned long request, void *argument) {
        FakeRoot *root = userdata;
        g_autofree char *path = path_of_fd(root, fd);
        g_autofree char *name = NULL;

        if (!path)
                return stream_ioctl(root, fd, request, argument);
        if (strcmp(path, "dev/vfio/vfio") == 0)
                return container_ioctl(root, request, argument);
        if (group_of_path(path) >= 0)
                return group_ioctl(root, group_of_path(path), request, argument);

        name = g_path_get_basename(path);
        return device_ioctl(root, name, request, argument);
}

void fake_root_set_vfio(FakeRoot *root, const char *driver, int caps, uint64_t state_size) {
        VfioProbe *offer = g_new0(VfioProbe, 1);

        offer->caps = caps;
        offer->state_size = state_size;
        g_hash_table_insert(root->offers, g_strdup(driver), offer);
}

void fake_root_hold(FakeRoot *root, const char *name) {
        g_hash_table_add(root->held, g_strdup(name));
}

void fake_root_release(FakeRoot *root, const char *name) {
        g_hash_table_remove(root->held, name);
}

void fake_must_be_free(FakeRoot *root, const char *name, const char *what) {
        if (g_hash_table_contains(root->held, name))
                g_error("a guest holds %s: the kernel would block the %s for ever", name, what);
}
