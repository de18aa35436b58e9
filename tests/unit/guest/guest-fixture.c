/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/guest/guest-fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/names.h"

#define TURNS_MAX 1000000u

static int64_t clock_usec;

static int64_t read_clock(void) {
        return clock_usec;
}

void guest_fixture_pass_time(int64_t usec) {
        clock_usec += usec;
}

/* Set-up ------------------------------------------------------------------------------ */

static int open_face(void *userdata, GuestSession *session, int fd, void **ret_face) {
        GuestFixture *fixture = userdata;
        GuestFace *face;
        int r;

        r = guest_face_new(fixture->loop, VSOCK_PRIORITY, session, fd, &face);
        if (r >= 0)
                *ret_face = face;
        return r;
}

static void close_face(void *userdata, void *face) {
        guest_face_free(face);
}

void guest_fixture_tell(GuestFixture *fixture, GuestEventKind kind, const char *uuid,
                        unsigned cid) {
        g_autofree char *vsock = g_strdup_printf("<vsock><cid auto='yes' address='%u'/></vsock>",
                                                 cid);
        g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

        event->kind = kind;
        event->uuid = g_strdup(uuid);
        event->name = g_strdup("guest");
        event->xml = g_strdup_printf("<domain><devices>%s</devices></domain>", cid ? vsock : "");
        guest_api_on_guest_event(fixture->api, event);
}

void guest_fixture_set_up(GuestFixture *fixture, gconstpointer unused) {
        VsockFaces faces = { open_face, close_face, fixture };

        clock_usec = 1000 * G_USEC_PER_SEC;
        g_assert_cmpint(sd_event_new(&fixture->loop), >=, 0);
        fixture->slices = fake_slices_new();
        fixture->api = guest_api_new(fake_slices(fixture->slices));
        guest_api_set_clock(fixture->api, read_clock);
        g_assert_cmpint(vsock_new(fixture->loop, fixture->api, &faces, &fixture->vsock), >=, 0);

        fake_slices_set(fixture->slices, WEB_UUID, WEB_SLICE, SLICE_ENFORCED);
        guest_fixture_tell(fixture, GUEST_RUNNING, WEB_UUID, WEB_CID);
        guest_fixture_tell(fixture, GUEST_RUNNING, DB_UUID, DB_CID);
}

void guest_fixture_tear_down(GuestFixture *fixture, gconstpointer unused) {
        vsock_free(fixture->vsock);
        guest_api_free(fixture->api);
        fake_slices_free(fixture->slices);
        sd_event_unref(fixture->loop);
}

unsigned guest_fixture_serve(GuestFixture *fixture) {
        unsigned turns = 0;

        while (sd_event_run(fixture->loop, 0) > 0)
                g_assert_cmpuint(++turns, <, TURNS_MAX);
        return turns;
}

/* Bytes ------------------------------------------------------------------------------- */

int guest_fixture_connect(GuestFixture *fixture, unsigned cid, unsigned port) {
        int fds[2];

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                        0);
        vsock_take(fixture->vsock, fds[0], cid, port);
        return fds[1];
}

bool guest_fixture_is_hung_up(GuestFixture *fixture, int fd) {
        char buffer[4096];
        ssize_t n;

        do {
                (void)guest_fixture_serve(fixture);
                n = recv(fd, buffer, sizeof(buffer), 0);
        } while (n > 0);
        return n == 0 || errno != EAGAIN;
}

GByteArray *guest_fixture_read(GuestFixture *fixture, int fd) {
        GByteArray *bytes = g_byte_array_new();
        uint8_t buffer[4096];
        ssize_t n;

        (void)guest_fixture_serve(fixture);
        while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0) {
                g_byte_array_append(bytes, buffer, (guint)n);
                (void)guest_fixture_serve(fixture);
        }
        return bytes;
}

static void append_uint32(GByteArray *bytes, uint32_t value) {
        uint8_t little[] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                             (uint8_t)(value >> 24) };

        g_byte_array_append(bytes, little, sizeof(little));
}

static void align(GByteArray *bytes, guint begin) {
        while ((bytes->len - begin) % 8 != 0)
                g_byte_array_append(bytes, (const uint8_t *)"", 1);
}

static void append_field(GByteArray *bytes, guint begin, uint8_t code, char type,
                         const char *text) {
        const uint8_t head[] = { code, 1, (uint8_t)type, 0 };

        align(bytes, begin);
        g_byte_array_append(bytes, head, sizeof(head));
        append_uint32(bytes, (uint32_t)strlen(text));
        g_byte_array_append(bytes, (const uint8_t *)text, (guint)strlen(text) + 1);
}

void append_call(GByteArray *bytes, const char *interface, const char *method, unsigned serial) {
        static const uint8_t head[] = { 'l', 1, 0, 1 };
        guint begin = bytes->len, fields;
        uint32_t size;

        g_byte_array_append(bytes, head, sizeof(head));
        append_uint32(bytes, 0);
        append_uint32(bytes, serial);
        append_uint32(bytes, 0);
        fields = bytes->len;
        append_field(bytes, begin, 1, 'o', FERRY_OBJECT_GUEST);
        append_field(bytes, begin, 2, 's', interface);
        append_field(bytes, begin, 3, 's', method);
        size = bytes->len - fields;
        memcpy(bytes->data + begin + 12, &(uint32_t){ GUINT32_TO_LE(size) }, sizeof(uint32_t));
        align(bytes, begin);
}

static uint32_t uint32_at(const GByteArray *bytes, size_t at) {
        uint32_t value;

        memcpy(&value, bytes->data + at, sizeof(value));
        return GUINT32_FROM_LE(value);
}

unsigned count_messages(const GByteArray *bytes, unsigned type) {
        const uint8_t *end = memmem(bytes->data, bytes->len, "\r\n", 2);
        unsigned n = 0;

        g_assert_nonnull(end);
        for (size_t at = (size_t)(end + 2 - bytes->data); at + 16 <= bytes->len;) {
                n += bytes->data[at + 1] == type;
                at += 16 + ((uint32_at(bytes, at + 12) + 7) & ~7u) + uint32_at(bytes, at + 4);
        }
        return n;
}

/* sd-bus ------------------------------------------------------------------------------ */

sd_bus *guest_fixture_bus(GuestFixture *fixture, unsigned cid, unsigned port) {
        int fd = guest_fixture_connect(fixture, cid, port);
        sd_bus *bus;

        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(bus, fd, fd), >=, 0);
        g_assert_cmpint(sd_bus_set_anonymous(bus, true), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(bus, fixture->loop, SD_EVENT_PRIORITY_NORMAL), >=, 0);
        (void)guest_fixture_serve(fixture);
        return bus;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        sd_bus_message **ret_reply = userdata;

        *ret_reply = sd_bus_message_ref(m);
        return 1;
}

sd_bus_message *guest_fixture_call(GuestFixture *fixture, sd_bus *bus, sd_bus_error *reterr,
                                   const char *interface, const char *method, const char *types,
                                   ...) {
        g_autoptr(sd_bus_message) m = NULL, reply = NULL;
        va_list args;

        g_assert_cmpint(sd_bus_message_new_method_call(bus, &m, NULL, FERRY_OBJECT_GUEST, interface,
                                                       method),
                        >=, 0);
        va_start(args, types);
        if (types)
                g_assert_cmpint(sd_bus_message_appendv(m, types, args), >=, 0);
        va_end(args);

        g_assert_cmpint(sd_bus_call_async(bus, NULL, m, on_reply, &reply, UINT64_MAX), >=, 0);
        (void)guest_fixture_serve(fixture);
        slices_flush(fake_slices(fixture->slices));
        (void)guest_fixture_serve(fixture);
        g_assert_nonnull(reply);
        if (sd_bus_message_is_method_error(reply, NULL) <= 0)
                return g_steal_pointer(&reply);

        (void)sd_bus_error_copy(reterr, sd_bus_message_get_error(reply));
        return NULL;
}

bool guest_fixture_answers(GuestFixture *fixture, sd_bus *bus) {
        g_auto(sd_bus_error) error = SD_BUS_ERROR_NULL;
        g_autoptr(sd_bus_message) reply = guest_fixture_call(fixture, bus, &error,
                                                             FERRY_INTERFACE_GUEST, "Show", NULL);

        return reply != NULL;
}
