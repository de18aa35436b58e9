/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What ends a daemon while it keeps what guests use: it is killed in the middle of the n-th write
 * to a file, for each n, of the log or of the database; or the disk is full. The daemon is a child
 * of the test, and its looks at a guest are numbers of a course that both know. */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/lease.h"
#include "daemon/core/store-history.h"
#include "daemon/core/store-query.h"
#include "daemon/meter.h"
#include "tests/lib/temp-folder.h"
#include "tests/unit/daemon/manager-fixture.h"

#define SEC         INT64_C(1000000)
#define START       (INT64_C(1800000000) * SEC) /* a multiple of both steps */
#define LOOKS       20
#define WRITE_LOOKS 6
#define SKIPPED     77
#define SLOT_SIZE   8 /* bytes of a slot with one number */

typedef struct Course {
        int look;      /* that has begun */
        int warnings;  /* so far */
        double cpu;    /* as seen at the last look */
        bool promised; /* something else could be stored on the full disk */
} Course;

typedef struct CrashFixture {
        FakeRoot *root;
        char *folder, *path;
        Course *course; /* shared with the daemon */
} CrashFixture;

static void set_up(CrashFixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        f->folder = temp_folder_new();
        f->path = g_build_filename(f->folder, "state.db", NULL);
        f->course = mmap(NULL, sizeof(Course), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);
        g_assert_true(f->course != MAP_FAILED);
}

static void tear_down(CrashFixture *f, gconstpointer unused) {
        (void)munmap(f->course, sizeof(Course));
        temp_folder_remove(f->folder);
        fake_root_free(f->root);
        g_free(f->path);
}

/* The course ------------------------------------------------------------------------ */

/* CPUs from look `i` to the next, without a fraction that a float does not have. */
static double demand(int i) {
        return 0.125 * (1 + i % 7);
}

static uint64_t cpu_nsec(int look) {
        double seconds = 0;

        for (int i = 0; i < look; i++)
                seconds += demand(i) * 10;
        return (uint64_t)(seconds * 1e9);
}

static Course *course; /* of this process */

static int64_t course_now(void) {
        return START + course->look * 10 * SEC;
}

static void look(Manager *manager, int number) {
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);
        GuestSample *guest = guest_sample_new(GUEST_UUID, "g1");

        course->look = number;
        guest->sample.values[METRIC_CPU] = cpu_nsec(number);
        event->kind = GUEST_STATS;
        event->sampled = (1000 + number * 10) * SEC;
        event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
        g_ptr_array_add(event->samples, guest);
        manager_on_guest_event(manager, event);
}

static double seen_cpu(const Manager *manager) {
        g_autoptr(GPtrArray) list = telemetry_list(meter_telemetry(manager->meter));

        return list->len > 0 ? ((const Subject *)list->pdata[0])->values[METRIC_CPU] : -1;
}

/* The daemon ------------------------------------------------------------------------ */

/* The methods of an open file of SQLite's, of which one is ours. */
typedef struct Spy {
        sqlite3_io_methods methods; /* the first: what the file points to */
        const sqlite3_io_methods *real;
} Spy;

static int writes_left; /* until it is killed, -1 never */

/* Half of it arrives. */
static int spy_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset) {
        const Spy *spy = (const Spy *)file->pMethods;

        if (writes_left == 0) {
                (void)spy->real->xWrite(file, data, size / 2, offset);
                (void)kill(getpid(), SIGKILL);
        }
        if (writes_left > 0)
                writes_left--;
        return spy->real->xWrite(file, data, size, offset);
}

static void spy_on(Spy *spy, sqlite3 *db, int which) {
        sqlite3_file *file = NULL;

        if (sqlite3_file_control(db, "main", which, &file) != SQLITE_OK || !file->pMethods)
                _exit(3);
        spy->real = file->pMethods;
        spy->methods = *spy->real;
        spy->methods.xWrite = spy_write;
        file->pMethods = &spy->methods;
}

/* The log is written into the database again and again, not only when it is long. */
static void spy_on_files(sqlite3 *db) {
        static Spy database, log;

        if (sqlite3_exec(db, "PRAGMA wal_autocheckpoint=4", NULL, NULL, NULL) != SQLITE_OK)
                _exit(3);
        spy_on(&database, db, SQLITE_FCNTL_FILE_POINTER);
        spy_on(&log, db, SQLITE_FCNTL_JOURNAL_POINTER);
}

static Manager *daemon_new(const CrashFixture *f) {
        Manager *manager = manager_new(config_new(), fake_root_sysfs(f->root), f->path, NULL, NULL);

        course = f->course;
        if (!manager)
                _exit(2);
        manager_set_clock(manager, course_now);
        return manager;
}

/* Forks; the child looks from `first` on and before `end`. Its status. */
static int run_daemon(const CrashFixture *f, int first, int end, int writes) {
        pid_t pid = fork();
        int status;

        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                Manager *manager = daemon_new(f);

                writes_left = writes;
                spy_on_files(manager->store->db);
                for (int i = first; i < end; i++)
                        look(manager, i);
                meter_flush(manager->meter);
                _exit(0); /* without closing the database: there is no more to be written */
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        return status;
}

/* What it left ---------------------------------------------------------------------- */

static int64_t number_of(Store *store, const char *sql) {
        sqlite3_stmt *statement = NULL;
        int64_t n;

        g_assert_cmpint(sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        n = sqlite3_column_int64(statement, 0);
        (void)sqlite3_finalize(statement);
        return n;
}

/* Each as it was, none twice; says which there are, as bits. */
static uint64_t check_slots(const CrashFixture *f) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Store) store = store_open(f->path, &error);
        g_autoptr(GPtrArray) slots = NULL;
        uint64_t there = 0;

        g_assert_no_error(error);
        g_assert_null(store_damaged_path(store));
        slots = store_load_history(store, SUBJECT_GUEST, GUEST_UUID, SLOT_SHORT, 0, INT64_MAX,
                                   &error);
        g_assert_no_error(error);
        for (guint i = 0; i < slots->len; i++) {
                const Slot *slot = slots->pdata[i];
                int number = (int)((slot->start - START) / (10 * SEC));

                g_assert_cmpfloat(slot->mean[METRIC_CPU], ==, demand(number));
                there |= UINT64_C(1) << number;
        }
        g_assert_cmpint(number_of(store, "SELECT total(length(data)) FROM history_short"), ==,
                        slots->len * SLOT_SIZE);
        return there;
}

static uint64_t bits(int from, int to) {
        return to > from ? ((UINT64_C(1) << to) - 1) & ~((UINT64_C(1) << from) - 1) : 0;
}

/* A slot ends at the second look after it began. */
static void test_a_kill_loses_one_interval_at_most(CrashFixture *f, gconstpointer unused) {
        int status, n;

        for (n = 0;; n++) {
                uint64_t expected, there;

                status = run_daemon(f, 0, LOOKS, n);
                if (!WIFSIGNALED(status))
                        break;
                g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
                expected = bits(0, f->course->look - WRITE_LOOKS - 1);
                there = check_slots(f);
                g_assert_cmpuint(there & expected, ==, expected);

                /* the next daemon goes on behind it, and nothing is there twice */
                expected = there | bits(f->course->look + 3, f->course->look + 3 + LOOKS - 1);
                status = run_daemon(f, f->course->look + 3, f->course->look + 3 + LOOKS, -1);
                g_assert_cmpint(status, ==, 0);
                g_assert_cmpuint(check_slots(f), ==, expected);
                temp_folder_remove(f->folder);
                g_free(f->path);
                f->folder = temp_folder_new();
                f->path = g_build_filename(f->folder, "state.db", NULL);
        }
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpint(n, >, 10); /* the spy was asked */
        g_assert_cmpuint(check_slots(f), ==, bits(0, LOOKS - 1));
}

/* A full disk ----------------------------------------------------------------------- */

/* A small one at the place of the folder, that nobody else sees: in a chroot there is no telling
 * what others see, since / is no mount there (EINVAL). */
static void mount_small_disk(const CrashFixture *f) {
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", f->folder, "tmpfs", 0, "size=18m") < 0)
                _exit(errno == EPERM || errno == EINVAL ? SKIPPED : 3);
}

static void count_warning(const char *domain, GLogLevelFlags level, const char *message,
                          void *unused) {
        course->warnings++;
}

static bool promise(Manager *manager) {
        g_autoptr(Lease) lease = lease_new();

        lease->id = g_strdup("1");
        lease->device = g_strdup("device");
        lease->domain_uuid = g_strdup(OTHER_UUID);
        lease->domain_name = g_strdup("g2");
        lease->class_name = g_strdup("mdev");
        lease->pool = g_strdup("default");
        return store_put_lease(manager->store, lease, NULL);
}

static int run_on_small_disk(const CrashFixture *f) {
        pid_t pid = fork();
        int status;

        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                g_autofree char *filler = g_build_filename(f->folder, "filler", NULL);
                g_autofree char *data = g_malloc0(4 * 1024 * 1024);
                Manager *manager;

                mount_small_disk(f);
                manager = daemon_new(f);
                g_log_set_always_fatal(G_LOG_FATAL_MASK);
                g_log_set_handler(NULL, G_LOG_LEVEL_WARNING, count_warning, NULL);
                for (int i = 0; i < 10; i++)
                        look(manager, i);
                if (!g_file_set_contents(filler, data, 4 * 1024 * 1024, NULL))
                        _exit(4);
                for (int i = 10; i < 40; i++)
                        look(manager, i);
                course->cpu = seen_cpu(manager);
                course->promised = promise(manager);
                if (unlink(filler) < 0)
                        _exit(4);
                for (int i = 40; i < 60; i++)
                        look(manager, i);
                meter_flush(manager->meter);
                manager_free(manager);
                _exit(check_slots(f) == (bits(0, 5) | bits(35, 59)) ? 0 : 5);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        return status;
}

static void test_a_full_disk_stops_history_alone(CrashFixture *f, gconstpointer unused) {
        int status = run_on_small_disk(f);

        if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) {
                g_test_skip("may not mount a small disk, or not for itself alone");
                return;
        }
        g_assert_cmpint(status, ==, 0);
        g_assert_cmpint(f->course->warnings, ==, 1);
        g_assert_cmpfloat(f->course->cpu, ==, demand(38)); /* what is seen goes on */
        g_assert_true(f->course->promised);
}

#define ADD(name, function) \
        g_test_add("/meter-crash/" name, CrashFixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("a kill loses one interval at most", test_a_kill_loses_one_interval_at_most);
        ADD("a full disk stops history alone", test_a_full_disk_stops_history_alone);
        return g_test_run();
}
