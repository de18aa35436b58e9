/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/uuid5.h"

#include <assert.h>
#include <glib.h>
#include <stdint.h>
#include <string.h>

#define UUID_BYTES 16u

static bool is_dash(size_t position) {
        return position == 8 || position == 13 || position == 18 || position == 23;
}

bool uuid_is_valid(const char *text) {
        if (strlen(text) != 36)
                return false;

        for (size_t i = 0; i < 36; i++)
                if (is_dash(i) ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
                        return false;

        return true;
}

static void read_bytes(const char *text, uint8_t bytes[static UUID_BYTES]) {
        for (size_t i = 0; i < UUID_BYTES; text += 2) {
                if (*text == '-')
                        text++;
                bytes[i++] = g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]);
        }
}

char *uuid5_new(const char *space, const char *name) {
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
        uint8_t b[20];
        size_t size = sizeof(b);

        assert(uuid_is_valid(space));

        read_bytes(space, b);
        g_checksum_update(sum, b, UUID_BYTES);
        g_checksum_update(sum, (const guchar *)name, (gssize)strlen(name));
        g_checksum_get_digest(sum, b, &size);
        b[6] = (b[6] & 0x0f) | 0x50; /* version 5 */
        b[8] = (b[8] & 0x3f) | 0x80; /* variant of the RFC */

        return g_strdup_printf(
                "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                b[15]);
}
