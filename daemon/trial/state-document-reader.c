/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <zstd.h>

#include "daemon/trial/state-document.h"
#include "daemon/trial/state-format.h"
#include "xml/ferry-error.h"

/* What is left to read. A reader takes from its beginning, and fails when there is not enough. */
typedef struct Cursor {
        const uint8_t *data;
        size_t size;
} Cursor;

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool refuse(GError **error, const char *format, ...) {
        va_list arguments;

        if (!error || *error)
                return false;

        va_start(arguments, format);
        *error = g_error_new_valist(FERRY_ERROR, FERRY_ERROR_INVALID_ARGS, format, arguments);
        va_end(arguments);
        return false;
}

static bool refuse_damaged(GError **error) {
        return refuse(error, "is cut off or damaged (its checksum is wrong): copy it again, or "
                             "save the state anew");
}

/* The checksum is right: whoever wrote it does not write as we do. */
static bool refuse_broken(GError **error, const char *what) {
        return refuse(error, "is not as version %d.%d of saved states is (%s): save the state anew",
                      STATE_DOCUMENT_MAJOR, STATE_DOCUMENT_MINOR, what);
}

static const void *take(Cursor *cursor, size_t size) {
        const uint8_t *data = cursor->data;

        if (size > cursor->size)
                return NULL;

        cursor->data += size;
        cursor->size -= size;
        return data;
}

static bool take_u64(Cursor *cursor, uint64_t *ret_value) {
        const void *data = take(cursor, sizeof(*ret_value));

        if (!data)
                return false;

        memcpy(ret_value, data, sizeof(*ret_value));
        *ret_value = GUINT64_FROM_LE(*ret_value);
        return true;
}

/* Sections ------------------------------------------------------------------------ */

typedef struct Reader {
        uint64_t limit;
        Fingerprint *fingerprint;
        GBytes *state;
        unsigned seen; /* set of positions in sections[] */
} Reader;

static void reader_done(Reader *reader) {
        fingerprint_free(reader->fingerprint);
        g_clear_pointer(&reader->state, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reader, reader_done)

static bool read_text(const Cursor *payload, char **ret_text, GError **error) {
        const char *text = (const char *)payload->data;

        if (payload->size == 0 || payload->size > STATE_FORMAT_TEXT_MAX ||
            !g_utf8_validate(text, payload->size, NULL))
                return refuse_broken(error, "a word is none");
        for (size_t i = 0; i < payload->size; i++)
                if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
                        return refuse_broken(error, "a word is none");

        *ret_text = g_strndup(text, payload->size);
        return true;
}

static bool read_driver(Reader *reader, Cursor *payload, GError **error) {
        return read_text(payload, &reader->fingerprint->driver, error);
}

static bool read_version(Reader *reader, Cursor *payload, GError **error) {
        return read_text(payload, &reader->fingerprint->driver_version, error);
}

static bool read_type(Reader *reader, Cursor *payload, GError **error) {
        return read_text(payload, &reader->fingerprint->mdev_type, error);
}

static bool read_ids(Reader *reader, Cursor *payload, GError **error) {
        Fingerprint *fingerprint = reader->fingerprint;
        int *const ids[STATE_FORMAT_IDS] = { &fingerprint->vendor, &fingerprint->device,
                                             &fingerprint->subsystem_vendor,
                                             &fingerprint->subsystem_device,
                                             &fingerprint->revision };

        if (payload->size != STATE_FORMAT_IDS * sizeof(int32_t))
                return refuse_broken(error, "its ids are none");

        for (int i = 0; i < STATE_FORMAT_IDS; i++) {
                int32_t id;

                memcpy(&id, payload->data + i * sizeof(id), sizeof(id));
                id = GINT32_FROM_LE(id);
                if (id < -1 || id > 0xffff)
                        return refuse_broken(error, "its ids are none");
                *ids[i] = id;
        }
        return true;
}

/* The frame must say itself how long it gets, and be alone. */
static bool frame_is_whole(const Cursor *frame, uint64_t size) {
        return ZSTD_getFrameContentSize(frame->data, frame->size) == size &&
               ZSTD_findFrameCompressedSize(frame->data, frame->size) == frame->size;
}

static bool unpack(Reader *reader, const Cursor *frame, uint64_t size, const void *expected,
                   GError **error) {
        g_autofree uint8_t *state = NULL;
        uint8_t sum[STATE_FORMAT_SUM];

        if (!frame_is_whole(frame, size))
                return refuse_broken(error, "its state is not as long as it says");

        state = g_malloc(MAX(size, 1));
        if (ZSTD_decompress(state, size, frame->data, frame->size) != size)
                return refuse_broken(error, "its state cannot be unpacked");

        state_format_checksum(state, size, sum);
        if (memcmp(sum, expected, sizeof(sum)) != 0)
                return refuse_broken(error, "its state is another one");

        reader->state = g_bytes_new_take(g_steal_pointer(&state), size);
        return true;
}

static bool read_state(Reader *reader, Cursor *payload, GError **error) {
        const void *sum;
        uint64_t size;

        if (!take_u64(payload, &size))
                return refuse_broken(error, "its state is cut off");
        sum = take(payload, STATE_FORMAT_SUM);
        if (!sum)
                return refuse_broken(error, "its state is cut off");
        if (size > reader->limit)
                return refuse(error,
                              "has a state of %" G_GUINT64_FORMAT
                              " bytes, more than the %" G_GUINT64_FORMAT
                              " that are allowed: raise --limit",
                              size, reader->limit);

        return unpack(reader, payload, size, sum, error);
}

static const struct {
        const char *name;
        bool (*read)(Reader *reader, Cursor *payload, GError **error);
        bool needed;
} sections[] = {
        { STATE_SECTION_DRIVER, read_driver, true }, { STATE_SECTION_VERSION, read_version, false },
        { STATE_SECTION_IDS, read_ids, false },      { STATE_SECTION_TYPE, read_type, false },
        { STATE_SECTION_STATE, read_state, true },
};

static bool read_section(Reader *reader, const char *name, Cursor *payload, unsigned minor,
                         GError **error) {
        for (unsigned i = 0; i < G_N_ELEMENTS(sections); i++) {
                if (memcmp(name, sections[i].name, STATE_FORMAT_NAME) != 0)
                        continue;
                if (reader->seen & (1u << i))
                        return refuse_broken(error, "a section is there twice");

                reader->seen |= 1u << i;
                return sections[i].read(reader, payload, error);
        }
        return minor > STATE_DOCUMENT_MINOR || refuse_broken(error, "a section is unknown");
}

static bool read_sections(Reader *reader, Cursor *cursor, uint32_t n, unsigned minor,
                          GError **error) {
        for (; n > 0; n--) {
                const char *name = take(cursor, STATE_FORMAT_NAME);
                Cursor payload;
                uint64_t size;

                if (!name || !take_u64(cursor, &size) || size > cursor->size)
                        return refuse_broken(error, "a section is cut off");

                payload = (Cursor){ take(cursor, size), size };
                if (!read_section(reader, name, &payload, minor, error))
                        return false;
        }
        if (cursor->size > 0)
                return refuse_broken(error, "something is behind its end");

        for (unsigned i = 0; i < G_N_ELEMENTS(sections); i++)
                if (sections[i].needed && !(reader->seen & (1u << i)))
                        return refuse_broken(error, "a section is missing");
        return true;
}

/* The whole ----------------------------------------------------------------------- */

static bool check_whole(Cursor *cursor, GError **error) {
        uint8_t sum[STATE_FORMAT_SUM];
        size_t size;

        if (cursor->size < STATE_FORMAT_HEAD + STATE_FORMAT_SUM)
                return refuse_damaged(error);

        size = cursor->size - STATE_FORMAT_SUM;
        state_format_checksum(cursor->data, size, sum);
        if (memcmp(sum, cursor->data + size, sizeof(sum)) != 0)
                return refuse_damaged(error);

        cursor->size = size;
        return true;
}

static bool check_magic(const Cursor *cursor, GError **error) {
        size_t size = MIN(cursor->size, STATE_FORMAT_MAGIC_SIZE);

        if (size > 0 && memcmp(cursor->data, STATE_FORMAT_MAGIC, size) == 0)
                return true;
        return refuse(error, "is no saved state of a device: save one with --save");
}

/* A version that we do not know may have its checksum elsewhere. */
static bool check_version(const Cursor *cursor, GError **error) {
        uint16_t version[2];

        if (cursor->size < STATE_FORMAT_HEAD)
                return refuse_damaged(error);

        memcpy(version, cursor->data + STATE_FORMAT_MAGIC_SIZE, sizeof(version));
        if (GUINT16_FROM_LE(version[0]) == STATE_DOCUMENT_MAJOR)
                return true;
        return refuse(error,
                      "is of version %u.%u, and this virt-ferry reads version %d: load it with a "
                      "virt-ferry of that version",
                      GUINT16_FROM_LE(version[0]), GUINT16_FROM_LE(version[1]),
                      STATE_DOCUMENT_MAJOR);
}

StateDocument *state_document_from_bytes(const void *data, size_t size, uint64_t limit,
                                         GError **error) {
        g_auto(Reader) reader = { .limit = limit, .fingerprint = fingerprint_new() };
        Cursor cursor = { data, size };
        const uint8_t *head;
        uint16_t minor;
        uint32_t n;

        if (!check_magic(&cursor, error) || !check_version(&cursor, error) ||
            !check_whole(&cursor, error))
                return NULL;

        head = take(&cursor, STATE_FORMAT_HEAD);
        memcpy(&minor, head + STATE_FORMAT_MAGIC_SIZE + 2, sizeof(minor));
        memcpy(&n, head + STATE_FORMAT_MAGIC_SIZE + 4, sizeof(n));
        if (!read_sections(&reader, &cursor, GUINT32_FROM_LE(n), GUINT16_FROM_LE(minor), error))
                return NULL;

        return state_document_new(g_steal_pointer(&reader.fingerprint),
                                  g_steal_pointer(&reader.state));
}
