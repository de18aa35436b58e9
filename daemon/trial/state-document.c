/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/trial/state-document.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <zstd.h>

#include "daemon/facts/fd.h"
#include "daemon/trial/state-format.h"
#include "xml/ferry-error.h"

#define COMPRESSION_LEVEL 3

StateDocument *state_document_new(Fingerprint *fingerprint, GBytes *state) {
        StateDocument *document = g_new0(StateDocument, 1);

        document->fingerprint = fingerprint;
        document->state = state;
        return document;
}

void state_document_free(StateDocument *document) {
        if (!document)
                return;

        fingerprint_free(document->fingerprint);
        g_bytes_unref(document->state);
        g_free(document);
}

bool state_document_equal(const StateDocument *a, const StateDocument *b) {
        return fingerprint_equal(a->fingerprint, b->fingerprint) &&
               g_bytes_equal(a->state, b->state);
}

void state_format_checksum(const void *data, size_t size, uint8_t ret_sum[STATE_FORMAT_SUM]) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        gsize length = STATE_FORMAT_SUM;

        for (const uint8_t *p = data; size > 0;) {
                gssize part = MIN(size, (size_t)G_MAXSSIZE);

                g_checksum_update(checksum, p, part);
                p += part;
                size -= part;
        }
        g_checksum_get_digest(checksum, ret_sum, &length);
}

/* Writing ------------------------------------------------------------------------- */

static void put(GByteArray *bytes, const void *data, size_t size) {
        g_byte_array_append(bytes, data, size);
}

static void put_u16(GByteArray *bytes, uint16_t value) {
        value = GUINT16_TO_LE(value);
        put(bytes, &value, sizeof(value));
}

static void put_u32(GByteArray *bytes, uint32_t value) {
        value = GUINT32_TO_LE(value);
        put(bytes, &value, sizeof(value));
}

static void put_u64(GByteArray *bytes, uint64_t value) {
        value = GUINT64_TO_LE(value);
        put(bytes, &value, sizeof(value));
}

static void put_section(GByteArray *bytes, const char *name, const void *payload, size_t size) {
        put(bytes, name, STATE_FORMAT_NAME);
        put_u64(bytes, size);
        put(bytes, payload, size);
}

/* Returns how many sections that were. */
static unsigned put_text(GByteArray *bytes, const char *name, const char *text) {
        if (!text)
                return 0;

        put_section(bytes, name, text, strlen(text));
        return 1;
}

static unsigned put_ids(GByteArray *bytes, const Fingerprint *fingerprint) {
        const int ids[] = { fingerprint->vendor, fingerprint->device, fingerprint->subsystem_vendor,
                            fingerprint->subsystem_device, fingerprint->revision };
        g_autoptr(GByteArray) payload = g_byte_array_new();

        for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
                put_u32(payload, (uint32_t)ids[i]);
        put_section(bytes, STATE_SECTION_IDS, payload->data, payload->len);
        return 1;
}

static unsigned put_state(GByteArray *bytes, GBytes *state) {
        g_autoptr(GByteArray) payload = g_byte_array_new();
        g_autofree uint8_t *frame = NULL;
        uint8_t sum[STATE_FORMAT_SUM];
        gsize size;
        const void *data = g_bytes_get_data(state, &size);
        size_t room = ZSTD_compressBound(size), length;

        frame = g_malloc(room);
        length = ZSTD_compress(frame, room, data, size, COMPRESSION_LEVEL);
        g_assert(!ZSTD_isError(length)); /* there is room for any input */

        put_u64(payload, size);
        state_format_checksum(data, size, sum);
        put(payload, sum, sizeof(sum));
        put(payload, frame, length);
        put_section(bytes, STATE_SECTION_STATE, payload->data, payload->len);
        return 1;
}

GBytes *state_document_to_bytes(const StateDocument *document) {
        const Fingerprint *fingerprint = document->fingerprint;
        GByteArray *sections = g_byte_array_new(), *bytes = g_byte_array_new();
        uint8_t sum[STATE_FORMAT_SUM];
        unsigned n = 0;

        n += put_text(sections, STATE_SECTION_DRIVER, fingerprint->driver);
        n += put_text(sections, STATE_SECTION_VERSION, fingerprint->driver_version);
        n += put_ids(sections, fingerprint);
        n += put_text(sections, STATE_SECTION_TYPE, fingerprint->mdev_type);
        n += put_state(sections, document->state);

        put(bytes, STATE_FORMAT_MAGIC, STATE_FORMAT_MAGIC_SIZE);
        put_u16(bytes, STATE_DOCUMENT_MAJOR);
        put_u16(bytes, STATE_DOCUMENT_MINOR);
        put_u32(bytes, n);
        put(bytes, sections->data, sections->len);
        g_byte_array_unref(sections);

        state_format_checksum(bytes->data, bytes->len, sum);
        put(bytes, sum, sizeof(sum));
        return g_byte_array_free_to_bytes(bytes);
}

/* Files --------------------------------------------------------------------------- */

bool state_document_save(const StateDocument *document, const char *path, GError **error) {
        g_autoptr(GBytes) bytes = state_document_to_bytes(document);
        g_autoptr(GError) cause = NULL;
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        if (g_file_set_contents_full(path, data, size,
                                     G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                     0600, &cause))
                return true;

        g_set_error(error, G_FILE_ERROR, cause->code, "The state cannot be saved: %s",
                    cause->message);
        return false;
}

static int read_all(int fd, size_t limit, GByteArray *bytes) {
        struct stat status;
        ssize_t n;

        if (fstat(fd, &status) < 0)
                return -errno;
        if (!S_ISREG(status.st_mode))
                return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
        if ((uint64_t)status.st_size > limit)
                return -EFBIG;

        g_byte_array_set_size(bytes, status.st_size);
        n = status.st_size > 0 ? pread(fd, bytes->data, bytes->len, 0) : 0;
        if (n < 0)
                return -errno;
        g_byte_array_set_size(bytes, n); /* shorter: it was cut off meanwhile, which shows */
        return 0;
}

StateDocument *state_document_read(int fd, const char *name, uint64_t limit, GError **error) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        StateDocument *document;
        int r;

        r = fd < 0 ? -errno : read_all(fd, ZSTD_compressBound(limit) + STATE_FORMAT_REST, bytes);
        if (r < 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, "%s cannot be read: %s",
                            name, r == -EINVAL ? "it is no file" : g_strerror(-r));
                return NULL;
        }

        document = state_document_from_bytes(bytes->data, bytes->len, limit, error);
        if (!document)
                g_prefix_error(error, "%s ", name);
        return document;
}

StateDocument *state_document_load(const char *path, uint64_t limit, GError **error) {
        g_auto(Fd) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

        return state_document_read(fd, path, limit, error);
}

bool state_document_write(const StateDocument *document, int fd, GError **error) {
        g_autoptr(GBytes) bytes = state_document_to_bytes(document);
        gsize size;
        const char *data = g_bytes_get_data(bytes, &size);

        for (gsize done = 0; done < size;) {
                ssize_t n = write(fd, data + done, size - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                                    "The state cannot be handed over: %s", g_strerror(errno));
                        return false;
                }
                done += n;
        }
        return true;
}
