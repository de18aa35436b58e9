/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/trial/state-document.h"
#include "daemon/trial/state-format.h"
#include "xml/ferry-error.h"

#define LIMIT ((uint64_t)1024 * 1024)

static StateDocument *make_document(size_t size) {
        Fingerprint *fingerprint = fingerprint_new();
        uint8_t *state = g_malloc(size + 1);

        for (size_t i = 0; i < size; i++)
                state[i] = (uint8_t)(i * i / 7);
        fingerprint->driver = g_strdup("mtty");
        fingerprint->driver_version = g_strdup("A2B4C6");
        fingerprint->mdev_type = g_strdup("mtty-1");
        fingerprint->vendor = 0x4348;
        fingerprint->device = 0x3253;
        return state_document_new(fingerprint, g_bytes_new_take(state, size));
}

/* The bytes of a small one, with room behind them to change. */
static GByteArray *small_document(void) {
        g_autoptr(StateDocument) document = make_document(16);

        return g_bytes_unref_to_array(state_document_to_bytes(document));
}

static StateDocument *parse(const GByteArray *bytes, GError **error) {
        return state_document_from_bytes(bytes->data, bytes->len, LIMIT, error);
}

static void assert_refused(const GByteArray *bytes, const char *words) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(bytes, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_null(strchr(error->message, '\n'));
        if (!strstr(error->message, words))
                g_error("no '%s' in '%s'", words, error->message);
}

/* As whoever writes it otherwise than we do. */
static void put_checksum(GByteArray *bytes) {
        size_t size = bytes->len - STATE_FORMAT_SUM;

        state_format_checksum(bytes->data, size, bytes->data + size);
}

static void test_what_is_written_is_read(void) {
        static const size_t sizes[] = { 0, 1, 16, 4096, 100000, LIMIT };

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                g_autoptr(StateDocument) document = make_document(sizes[i]), again = NULL;
                g_autoptr(GBytes) bytes = state_document_to_bytes(document);
                g_autoptr(GError) error = NULL;

                again = state_document_from_bytes(g_bytes_get_data(bytes, NULL),
                                                  g_bytes_get_size(bytes), LIMIT, &error);
                g_assert_no_error(error);
                g_assert_true(state_document_equal(document, again));
        }
}

static void test_what_is_not_known_stays_unknown(void) {
        Fingerprint *fingerprint = fingerprint_new();
        g_autoptr(StateDocument) document = NULL, again = NULL;
        g_autoptr(GByteArray) bytes = NULL;
        g_autoptr(GError) error = NULL;

        fingerprint->driver = g_strdup("igb");
        document = state_document_new(fingerprint, g_bytes_new("x", 1));
        bytes = g_bytes_unref_to_array(state_document_to_bytes(document));
        again = parse(bytes, &error);
        g_assert_no_error(error);
        g_assert_true(state_document_equal(document, again));
        g_assert_null(again->fingerprint->mdev_type);
        g_assert_cmpint(again->fingerprint->vendor, ==, -1);
}

static void test_each_truncation_is_refused(void) {
        g_autoptr(GByteArray) bytes = small_document();

        for (guint size = bytes->len; size-- > 0;) {
                g_byte_array_set_size(bytes, size);
                assert_refused(bytes, size == 0 ? "is no saved state" : "is cut off or damaged");
        }
}

static void test_each_flipped_bit_is_refused(void) {
        g_autoptr(GByteArray) bytes = small_document();

        for (guint i = 0; i < bytes->len * 8; i++) {
                bytes->data[i / 8] ^= 1u << i % 8;
                assert_refused(bytes, "");
                bytes->data[i / 8] ^= 1u << i % 8;
        }
}

/* Another frame may hold the same state. */
static void test_a_flipped_bit_under_a_right_checksum_changes_no_state(void) {
        g_autoptr(GByteArray) bytes = small_document();
        g_autoptr(StateDocument) before = parse(bytes, NULL);
        unsigned refused = 0;

        for (guint i = STATE_FORMAT_MAGIC_SIZE * 8; i < (bytes->len - STATE_FORMAT_SUM) * 8; i++) {
                g_autoptr(StateDocument) document = NULL;

                bytes->data[i / 8] ^= 1u << i % 8;
                put_checksum(bytes);
                document = parse(bytes, NULL);
                g_assert_true(!document || g_bytes_equal(document->state, before->state));
                refused += !document;
                bytes->data[i / 8] ^= 1u << i % 8;
        }
        g_assert_cmpuint(refused, >, 1000);
}

static void test_what_is_foreign_is_refused(void) {
        static const char *const texts[] = { "<domain/>", "\x28\xb5\x2f\xfd", "QEVM",
                                             "\x89PNG\r\n\x1a\n" };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(GByteArray) bytes = g_byte_array_new();

                g_byte_array_append(bytes, (const uint8_t *)texts[i], strlen(texts[i]));
                assert_refused(bytes, "is no saved state of a device: save one with --save");
        }
}

static void set_version(GByteArray *bytes, uint8_t major, uint8_t minor) {
        bytes->data[STATE_FORMAT_MAGIC_SIZE] = major;
        bytes->data[STATE_FORMAT_MAGIC_SIZE + 2] = minor;
}

/* A section in front of the others, of one byte. */
static void add_section(GByteArray *bytes, const char *name) {
        static const uint8_t one[9] = { 1, 0, 0, 0, 0, 0, 0, 0, 'x' };
        g_autoptr(GByteArray) rest = g_byte_array_new();

        g_byte_array_append(rest, bytes->data + STATE_FORMAT_HEAD, bytes->len - STATE_FORMAT_HEAD);
        g_byte_array_set_size(bytes, STATE_FORMAT_HEAD);
        g_byte_array_append(bytes, (const uint8_t *)name, STATE_FORMAT_NAME);
        g_byte_array_append(bytes, one, sizeof(one));
        g_byte_array_append(bytes, rest->data, rest->len);
        bytes->data[STATE_FORMAT_MAGIC_SIZE + 4]++;
        put_checksum(bytes);
}

static void test_a_newer_major_is_refused_with_its_number(void) {
        g_autoptr(GByteArray) bytes = small_document();

        set_version(bytes, 2, 7);
        assert_refused(bytes, "is of version 2.7, and this virt-ferry reads version 1");
}

static void test_sections_of_a_newer_minor_are_passed_over(void) {
        g_autoptr(GByteArray) bytes = small_document();
        g_autoptr(StateDocument) before = parse(bytes, NULL), after = NULL;
        g_autoptr(GError) error = NULL;

        add_section(bytes, "HEAT");
        assert_refused(bytes, "a section is unknown");
        set_version(bytes, 1, 1);
        put_checksum(bytes);
        after = parse(bytes, &error);
        g_assert_no_error(error);
        g_assert_true(state_document_equal(before, after));
}

static void test_sections_come_once_and_are_all_there(void) {
        g_autoptr(GByteArray) twice = small_document(), none = small_document(),
                              behind = small_document();

        add_section(twice, "DRIV");
        assert_refused(twice, "a section is there twice");

        none->data[STATE_FORMAT_MAGIC_SIZE + 4] = 0;
        g_byte_array_set_size(none, STATE_FORMAT_HEAD + STATE_FORMAT_SUM);
        put_checksum(none);
        assert_refused(none, "a section is missing");

        g_byte_array_append(behind, (const uint8_t *)"more", 4);
        put_checksum(behind);
        assert_refused(behind, "something is behind its end");
}

static void test_a_state_is_limited_before_it_is_unpacked(void) {
        g_autoptr(StateDocument) document = make_document(4096), good = NULL;
        g_autoptr(GBytes) bytes = state_document_to_bytes(document);
        g_autoptr(GError) error = NULL;

        g_assert_null(state_document_from_bytes(g_bytes_get_data(bytes, NULL),
                                                g_bytes_get_size(bytes), 4095, &error));
        g_assert_nonnull(strstr(error->message, "4096 bytes, more than the 4095 that are allowed"));
        good = state_document_from_bytes(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                                         4096, NULL);
        g_assert_nonnull(good);
}

static void test_a_file_is_for_its_owner_and_is_read_again(void) {
        g_autofree char *directory = g_dir_make_tmp("ferry-XXXXXX", NULL);
        g_autofree char *path = g_build_filename(directory, "state", NULL);
        g_autoptr(StateDocument) document = make_document(5000), again = NULL;
        g_autoptr(GError) error = NULL;
        struct stat status;

        g_assert_true(state_document_save(document, path, &error));
        g_assert_no_error(error);
        g_assert_cmpint(g_stat(path, &status), ==, 0);
        g_assert_cmpint(status.st_mode & 0777, ==, 0600);
        again = state_document_load(path, LIMIT, &error);
        g_assert_no_error(error);
        g_assert_true(state_document_equal(document, again));

        g_assert_true(g_file_set_contents(path, "hello", -1, NULL));
        g_assert_null(state_document_load(path, LIMIT, &error));
        g_assert_true(g_str_has_prefix(error->message, path));
        g_clear_error(&error);
        g_assert_cmpint(g_unlink(path), ==, 0);

        g_assert_null(state_document_load(path, LIMIT, &error));
        g_assert_nonnull(strstr(error->message, "cannot be read: No such file or directory"));
        g_clear_error(&error);
        g_assert_null(state_document_load("/dev/zero", LIMIT, &error));
        g_assert_nonnull(strstr(error->message, "cannot be read: it is no file"));
        g_assert_cmpint(g_rmdir(directory), ==, 0);
}

static void test_an_open_file_is_as_good(void) {
        g_autoptr(StateDocument) document = make_document(5000), again = NULL;
        int fd = memfd_create("state", MFD_CLOEXEC);
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(fd, >=, 0);
        g_assert_null(state_document_read(fd, "The state", LIMIT, &error));
        g_assert_true(g_str_has_prefix(error->message, "The state is "));
        g_clear_error(&error);

        g_assert_true(state_document_write(document, fd, &error));
        again = state_document_read(fd, "The state", LIMIT, &error);
        g_assert_no_error(error);
        g_assert_true(state_document_equal(document, again));
        g_assert_cmpint(close(fd), ==, 0);

        g_assert_false(state_document_write(document, -1, &error));
        g_assert_nonnull(strstr(error->message, "cannot be handed over: Bad file descriptor"));
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add_func("/state-document/" name, function)

        g_test_init(&argc, &argv, NULL);
        ADD("what-is-written-is-read", test_what_is_written_is_read);
        ADD("what-is-not-known-stays-unknown", test_what_is_not_known_stays_unknown);
        ADD("each-truncation-is-refused", test_each_truncation_is_refused);
        ADD("each-flipped-bit-is-refused", test_each_flipped_bit_is_refused);
        ADD("a-flipped-bit-under-a-right-checksum-changes-no-state",
            test_a_flipped_bit_under_a_right_checksum_changes_no_state);
        ADD("what-is-foreign-is-refused", test_what_is_foreign_is_refused);
        ADD("a-newer-major-is-refused-with-its-number",
            test_a_newer_major_is_refused_with_its_number);
        ADD("sections-of-a-newer-minor-are-passed-over",
            test_sections_of_a_newer_minor_are_passed_over);
        ADD("sections-come-once-and-are-all-there", test_sections_come_once_and_are_all_there);
        ADD("a-state-is-limited-before-it-is-unpacked",
            test_a_state_is_limited_before_it_is_unpacked);
        ADD("a-file-is-for-its-owner-and-is-read-again",
            test_a_file_is_for_its_owner_and_is_read_again);
        ADD("an-open-file-is-as-good", test_an_open_file_is_as_good);
        return g_test_run();
}
