/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/facts/vfio-dma-log.h"
#include "daemon/facts/vfio-migration.h"
#include "daemon/facts/vfio.h"
#include "tests/lib/fake-root.h"

#define UUID     "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define OTHER    "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"
#define MIGRATES (VFIO_CAP_STOP_COPY | VFIO_CAP_P2P | VFIO_CAP_PRE_COPY | VFIO_CAP_DMA_LOG)
#define LIMIT    4096

typedef struct Fixture {
        FakeRoot *root;
        VfioDevice device;
        GByteArray *stream;
} Fixture;

static void offer(Fixture *f, int caps) {
        fake_root_set_vfio(f->root, "mtty", caps, 0);
}

static VfioDevice open_device(Fixture *f, const char *uuid, int group) {
        VfioDevice device = VFIO_DEVICE_NONE;

        g_assert_cmpint(vfio_device_open(&device, fake_root_sysfs(f->root), uuid, group), ==, 0);
        return device;
}

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        fake_root_add_mtty(f->root);
        offer(f, MIGRATES);
        fake_root_add_mdev(f->root, "mtty", "mtty-1", UUID);
        fake_root_add_mdev(f->root, "mtty", "mtty-2", OTHER);
        f->device = open_device(f, UUID, 1);
        f->stream = g_byte_array_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        vfio_device_close(&f->device);
        g_byte_array_unref(f->stream);
        fake_root_free(f->root); /* fails when a device or a stream was left open */
}

static VfioState state_of(Fixture *f) {
        VfioState state;

        g_assert_cmpint(vfio_migration_get_state(&f->device, &state), ==, 0);
        g_assert_cmpint(state, ==, fake_root_vfio_state(f->root, UUID));
        return state;
}

static void assert_arcs(Fixture *f, const char *expected) {
        g_autofree char *arcs = fake_root_take_arcs(f->root);

        g_assert_cmpstr(arcs, ==, expected);
}

/* Goes to STOP with no arc in the list. */
static void stop(Fixture *f) {
        g_autofree char *arcs = NULL;

        g_assert_cmpint(vfio_migration_set_state(&f->device, VFIO_STATE_STOP, NULL), ==, 0);
        arcs = fake_root_take_arcs(f->root);
}

static void test_each_state_has_a_word(void) {
        for (int i = 0; i < _VFIO_STATE_MAX; i++)
                g_assert_cmpint(vfio_state_from_string(vfio_state_to_string(i)), ==, i);
        g_assert_null(vfio_state_to_string(_VFIO_STATE_MAX));
        g_assert_cmpint(vfio_state_from_string("asleep"), ==, _VFIO_STATE_INVALID);
}

static void test_suspends_and_resumes_by_way_of_p2p(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(state_of(f), ==, VFIO_STATE_RUNNING);
        g_assert_cmpint(vfio_migration_suspend(&f->device, MIGRATES), ==, 0);
        g_assert_cmpint(state_of(f), ==, VFIO_STATE_STOP);
        g_assert_cmpint(vfio_migration_resume(&f->device, MIGRATES), ==, 0);
        g_assert_cmpint(state_of(f), ==, VFIO_STATE_RUNNING);
        assert_arcs(f, "running-p2p stop running-p2p running");

        offer(f, VFIO_CAP_STOP_COPY);
        g_assert_cmpint(vfio_migration_suspend(&f->device, VFIO_CAP_STOP_COPY), ==, 0);
        g_assert_cmpint(vfio_migration_resume(&f->device, VFIO_CAP_STOP_COPY), ==, 0);
        assert_arcs(f, "stop running");
        g_assert_cmpint(vfio_migration_suspend(&f->device, VFIO_CAP_P2P), ==, -EINVAL);
}

static void test_what_is_saved_is_loaded(Fixture *f, gconstpointer unused) {
        stop(f);
        g_assert_cmpint(vfio_migration_save(&f->device, LIMIT, f->stream), ==, 0);
        g_assert_cmpuint(f->stream->len, ==, sizeof("mtty mtty-1") + sizeof("registers"));
        assert_arcs(f, "stop-copy stop");

        g_assert_cmpint(vfio_migration_load(&f->device, f->stream->data, f->stream->len), ==, 0);
        assert_arcs(f, "resuming stop");
        g_assert_cmpint(state_of(f), ==, VFIO_STATE_STOP);
}

static void test_a_stream_that_is_too_long_is_not_read(Fixture *f, gconstpointer unused) {
        stop(f);
        g_assert_cmpint(vfio_migration_save(&f->device, 21, f->stream), ==, -EFBIG);
        g_assert_cmpuint(f->stream->len, <=, 21);
        g_assert_cmpint(vfio_migration_recover(&f->device), ==, 0);
        stop(f);
        g_assert_cmpint(vfio_migration_save(&f->device, 22, f->stream), ==, 0);
}

static void test_the_limit_is_that_of_both_parts(Fixture *f, gconstpointer unused) {
        Fd data = -1;

        g_assert_cmpint(vfio_migration_pre_copy(&f->device, 21, f->stream, &data), ==, 0);
        g_assert_cmpint(vfio_migration_stop_copy(&f->device, data, 21, f->stream), ==, -EFBIG);
        g_assert_cmpuint(f->stream->len, <=, 21);
}

static void test_the_driver_refuses_a_state_that_is_not_its_own(Fixture *f, gconstpointer unused) {
        g_auto(VfioDevice) other = VFIO_DEVICE_NONE;

        stop(f);
        g_assert_cmpint(vfio_migration_save(&f->device, LIMIT, f->stream), ==, 0);
        vfio_device_close(&f->device);

        other = open_device(f, OTHER, 2);
        g_assert_cmpint(vfio_migration_set_state(&other, VFIO_STATE_STOP, NULL), ==, 0);
        g_assert_cmpint(vfio_migration_load(&other, f->stream->data, f->stream->len), ==, -EINVAL);
        g_assert_cmpint(fake_root_vfio_state(f->root, OTHER), ==, VFIO_STATE_ERROR);
        g_assert_cmpint(vfio_migration_set_state(&other, VFIO_STATE_RUNNING, NULL), ==, -EINVAL);

        g_assert_cmpint(vfio_migration_recover(&other), ==, 0);
        g_assert_cmpint(fake_root_vfio_state(f->root, OTHER), ==, VFIO_STATE_RUNNING);
}

static void test_each_truncation_is_refused(Fixture *f, gconstpointer unused) {
        stop(f);
        g_assert_cmpint(vfio_migration_save(&f->device, LIMIT, f->stream), ==, 0);
        for (guint size = 0; size < f->stream->len; size++) {
                g_assert_cmpint(vfio_migration_load(&f->device, f->stream->data, size), ==,
                                -EINVAL);
                g_assert_cmpint(vfio_migration_recover(&f->device), ==, 0);
                stop(f);
        }
}

static void test_pre_copy_and_stop_copy_are_one_stream(Fixture *f, gconstpointer unused) {
        g_autoptr(GByteArray) whole = g_byte_array_new();
        Fd data = -1;

        g_assert_cmpint(vfio_migration_pre_copy(&f->device, LIMIT, f->stream, &data), ==, 0);
        g_assert_cmpint(state_of(f), ==, VFIO_STATE_PRE_COPY);
        g_assert_cmpuint(f->stream->len, ==, 8); /* what does not change while it runs */
        g_assert_cmpint(vfio_migration_stop_copy(&f->device, data, LIMIT, f->stream), ==, 0);
        g_assert_cmpint(state_of(f), ==, VFIO_STATE_STOP);
        assert_arcs(f, "pre-copy pre-copy-p2p stop-copy stop");

        g_assert_cmpint(vfio_migration_save(&f->device, LIMIT, whole), ==, 0);
        g_assert_cmpmem(f->stream->data, f->stream->len, whole->data, whole->len);
}

static void test_pre_copy_is_for_a_device_that_runs(Fixture *f, gconstpointer unused) {
        Fd data = -1;

        stop(f);
        g_assert_cmpint(vfio_migration_pre_copy(&f->device, LIMIT, f->stream, &data), ==, -EINVAL);
        g_assert_cmpint(data, ==, -1);
}

static void test_a_broken_stream_tells_its_errno(Fixture *f, gconstpointer unused) {
        Fd data = -1;

        fake_root_spoil_stream(f->root);
        stop(f);
        g_assert_cmpint(vfio_migration_save(&f->device, LIMIT, f->stream), ==, -EBADF);
        g_assert_cmpint(vfio_migration_recover(&f->device), ==, 0);
        stop(f);
        g_assert_cmpint(vfio_migration_load(&f->device, "x", 1), ==, -EBADF);
        g_assert_cmpint(vfio_migration_recover(&f->device), ==, 0);
        g_assert_cmpint(vfio_migration_pre_copy(&f->device, LIMIT, f->stream, &data), ==, -EBADF);
        g_assert_cmpint(vfio_migration_recover(&f->device), ==, 0);
        g_assert_cmpint(state_of(f), ==, VFIO_STATE_RUNNING);
}

/* From each state, and by way of each single failure. */
static void test_recovery_ends_in_running(Fixture *f, gconstpointer unused) {
        for (int state = VFIO_STATE_STOP; state < _VFIO_STATE_MAX; state++)
                for (int n = 0; n < 4; n++) {
                        g_assert_cmpint(vfio_migration_set_state(&f->device, state, NULL), ==, 0);
                        fake_root_fail_ioctl(f->root, n, EIO, n == 1);
                        (void)vfio_migration_recover(&f->device);
                        g_assert_cmpint(fake_root_vfio_state(f->root, UUID), ==,
                                        VFIO_STATE_RUNNING);
                        fake_root_fail_ioctl(f->root, 99, 0, false);
                }
}

static int save_and_load(Fixture *f) {
        int r;

        r = vfio_migration_suspend(&f->device, MIGRATES);
        if (r >= 0)
                r = vfio_migration_save(&f->device, LIMIT, f->stream);
        if (r >= 0)
                r = vfio_migration_load(&f->device, f->stream->data, f->stream->len);
        if (r >= 0)
                r = vfio_migration_resume(&f->device, MIGRATES);
        return r;
}

static void test_every_failure_keeps_its_errno_and_is_recovered(Fixture *f, gconstpointer unused) {
        static const int errors[] = { EIO, EFAULT, ENOMEM, ETIMEDOUT, EBUSY };
        int r = -1;

        for (unsigned n = 0; r < 0; n++) {
                int error = errors[n % G_N_ELEMENTS(errors)];

                g_byte_array_set_size(f->stream, 0);
                fake_root_fail_ioctl(f->root, n, error, n % 2 == 0);
                r = save_and_load(f);
                if (r >= 0) {
                        g_assert_cmpint(n, ==, 8); /* two ways there, two back, four around */
                        break;
                }
                g_assert_cmpint(r, ==, -error);
                g_assert_cmpint(vfio_migration_recover(&f->device), ==, 0);
                g_assert_cmpint(state_of(f), ==, VFIO_STATE_RUNNING);
        }
}

static void test_the_log_names_the_pages_that_were_written(Fixture *f, gconstpointer unused) {
        const VfioDmaRange range = { .iova = 1 << 20, .size = 16 * 4096, .page_size = 4096 };
        uint64_t bitmap = 0;

        g_assert_cmpint(vfio_dma_log_report(&f->device, &range, &bitmap), ==, -EINVAL);
        g_assert_cmpint(vfio_device_map(&f->device, range.iova, &bitmap, sizeof(bitmap)), ==, 0);
        g_assert_cmpint(vfio_dma_log_start(&f->device, &range), ==, 0);
        g_assert_cmpint(vfio_dma_log_start(&f->device, &range), ==, -EINVAL);
        g_assert_cmpint(vfio_dma_log_report(&f->device, &range, &bitmap), ==, 0);
        g_assert_cmphex(bitmap, ==, 1);
        g_assert_cmpint(vfio_dma_log_stop(&f->device), ==, 0);
        g_assert_cmpint(vfio_dma_log_stop(&f->device), ==, -EINVAL);

        offer(f, VFIO_CAP_STOP_COPY);
        g_assert_cmpint(vfio_dma_log_start(&f->device, &range), ==, -ENOTTY);
}

static void test_a_driver_without_migration_has_no_state(Fixture *f, gconstpointer unused) {
        uint64_t size = 42;
        VfioState state;

        offer(f, 0);
        g_assert_cmpint(vfio_migration_get_state(&f->device, &state), ==, -ENOTTY);
        g_assert_cmpint(vfio_migration_get_size(&f->device, &size), ==, -ENOTTY);
        g_assert_cmpuint(size, ==, 42);

        fake_root_set_vfio(f->root, "mtty", MIGRATES | VFIO_CAP_DATA_SIZE, 4711);
        g_assert_cmpint(vfio_migration_get_size(&f->device, &size), ==, 0);
        g_assert_cmpuint(size, ==, 4711);
}

#define ADD(name, function) \
        g_test_add("/vfio-migration/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/vfio-migration/each-state-has-a-word", test_each_state_has_a_word);
        ADD("suspends-and-resumes-by-way-of-p2p", test_suspends_and_resumes_by_way_of_p2p);
        ADD("what-is-saved-is-loaded", test_what_is_saved_is_loaded);
        ADD("a-stream-that-is-too-long-is-not-read", test_a_stream_that_is_too_long_is_not_read);
        ADD("the-limit-is-that-of-both-parts", test_the_limit_is_that_of_both_parts);
        ADD("the-driver-refuses-a-state-that-is-not-its-own",
            test_the_driver_refuses_a_state_that_is_not_its_own);
        ADD("each-truncation-is-refused", test_each_truncation_is_refused);
        ADD("pre-copy-and-stop-copy-are-one-stream", test_pre_copy_and_stop_copy_are_one_stream);
        ADD("pre-copy-is-for-a-device-that-runs", test_pre_copy_is_for_a_device_that_runs);
        ADD("a-broken-stream-tells-its-errno", test_a_broken_stream_tells_its_errno);
        ADD("recovery-ends-in-running", test_recovery_ends_in_running);
        ADD("every-failure-keeps-its-errno-and-is-recovered",
            test_every_failure_keeps_its_errno_and_is_recovered);
        ADD("the-log-names-the-pages-that-were-written",
            test_the_log_names_the_pages_that_were_written);
        ADD("a-driver-without-migration-has-no-state",
            test_a_driver_without_migration_has_no_state);

        return g_test_run();
}
