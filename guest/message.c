/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/message.h"

#include <string.h>

#include "daemon/names.h"

enum {
        FIELD_PATH = 1,
        FIELD_INTERFACE,
        FIELD_MEMBER,
        FIELD_ERROR,
        FIELD_ANSWERS,
        FIELD_SIGNATURE = 8,
};

/* Writing: little endian, whatever the machine is -------------------------------------- */

static void put_bytes(Call *call, const void *bytes, size_t size) {
        if (call->broken || size > sizeof(call->bytes) - call->size) {
                call->broken = true;
                return;
        }

        memcpy(call->bytes + call->size, bytes, size);
        call->size += size;
}

static void put_byte(Call *call, uint8_t byte) {
        put_bytes(call, &byte, 1);
}

static void align_to(Call *call, size_t size) {
        while (!call->broken && call->size % size != 0)
                put_byte(call, 0);
}

static void put_number(Call *call, uint64_t value, size_t size) {
        align_to(call, size);
        for (size_t i = 0; i < size; i++)
                put_byte(call, (uint8_t)(value >> 8 * i));
}

static void set_uint32(Call *call, size_t at, uint32_t value) {
        for (size_t i = 0; !call->broken && i < sizeof(value); i++)
                call->bytes[at + i] = (uint8_t)(value >> 8 * i);
}

static void put_text(Call *call, const char *text, size_t length) {
        put_number(call, length, sizeof(uint32_t));
        put_bytes(call, text, length);
        put_byte(call, 0);
}

static void put_signature(Call *call, const char *signature) {
        put_byte(call, (uint8_t)strlen(signature));
        put_bytes(call, signature, strlen(signature) + 1);
}

static void put_field(Call *call, uint8_t code, const char *type, const char *text) {
        align_to(call, 8);
        put_byte(call, code);
        put_signature(call, type);
        if (*type == 'g')
                put_signature(call, text);
        else
                put_text(call, text, strlen(text));
}

void call_begin(Call *call, const char *interface, const char *method, const char *signature) {
        static const uint8_t head[HEADER_SIZE] = { 'l', MESSAGE_CALL, 0, 1 };

        call->size = 0;
        call->broken = false;
        put_bytes(call, head, sizeof(head));
        put_field(call, FIELD_PATH, "o", FERRY_OBJECT_GUEST);
        put_field(call, FIELD_INTERFACE, "s", interface);
        put_field(call, FIELD_MEMBER, "s", method);
        if (*signature)
                put_field(call, FIELD_SIGNATURE, "g", signature);
        set_uint32(call, 12, (uint32_t)(call->size - HEADER_SIZE));
        align_to(call, 8);
        call->body = call->size;
}

void call_put_uint64(Call *call, uint64_t value) {
        put_number(call, value, sizeof(value));
}

void call_put_string(Call *call, const char *text) {
        put_text(call, text, strlen(text));
}

void call_put_words(Call *call, char *const *words, int n_words) {
        size_t length, begin;

        put_number(call, 0, sizeof(uint32_t));
        length = call->size - sizeof(uint32_t);
        align_to(call, 8);
        begin = call->size;
        for (int i = 0; i < n_words; i++) {
                const char *value = strchr(words[i], '=');

                align_to(call, 8);
                put_text(call, words[i], (size_t)(value - words[i]));
                put_signature(call, "s");
                put_text(call, value + 1, strlen(value + 1));
        }
        set_uint32(call, length, (uint32_t)(call->size - begin));
}

bool call_end(Call *call, uint32_t serial) {
        set_uint32(call, 4, (uint32_t)(call->size - call->body));
        set_uint32(call, 8, serial);
        return !call->broken;
}

/* Reading ------------------------------------------------------------------------------ */

static uint64_t number_at(const uint8_t *at, size_t size, bool big_endian) {
        uint64_t value = 0;

        for (size_t i = 0; i < size; i++)
                value = value << 8 | at[big_endian ? i : size - 1 - i];
        return value;
}

size_t message_size(const uint8_t *header) {
        bool big = header[0] == 'B';
        uint64_t size;

        if ((!big && header[0] != 'l') || header[3] != 1)
                return 0;

        size = HEADER_SIZE + number_at(header + 4, sizeof(uint32_t), big) +
               ((number_at(header + 12, sizeof(uint32_t), big) + 7) & ~UINT64_C(7));
        return size <= MESSAGE_MAX ? (size_t)size : 0;
}

/* Where `size` bytes are, which are behind it then; NULL: there are not so many. */
static const uint8_t *take(Message *message, size_t size) {
        const uint8_t *bytes = message->bytes + message->at;

        if (message->broken || size > message->end - message->at) {
                message->broken = true;
                return NULL;
        }

        message->at += size;
        return bytes;
}

static void skip_to(Message *message, size_t alignment) {
        size_t rest = message->at % alignment;

        if (rest != 0)
                (void)take(message, alignment - rest);
}

static uint64_t get_number(Message *message, size_t size) {
        const uint8_t *bytes;

        skip_to(message, size);
        bytes = take(message, size);
        return bytes ? number_at(bytes, size, message->big_endian) : 0;
}

/* With the NUL behind it, and with none inside. */
static const char *get_text(Message *message, uint64_t length) {
        const uint8_t *text = length < MESSAGE_MAX ? take(message, (size_t)length + 1) : NULL;

        if (!text || strnlen((const char *)text, (size_t)length + 1) != length) {
                message->broken = true;
                return "";
        }
        return (const char *)text;
}

static const char *get_signature(Message *message) {
        return get_text(message, get_number(message, 1));
}

uint64_t message_get_uint64(Message *message) {
        return get_number(message, sizeof(uint64_t));
}

const char *message_get_string(Message *message) {
        return get_text(message, get_number(message, sizeof(uint32_t)));
}

size_t message_enter_array(Message *message) {
        uint64_t size = get_number(message, sizeof(uint32_t));

        skip_to(message, 8);
        if (size > message->end - message->at)
                message->broken = true;
        return message->broken ? 0 : message->at + (size_t)size;
}

bool message_has_more(Message *message, size_t end) {
        if (message->broken || message->at >= end)
                return false;

        skip_to(message, 8);
        return !message->broken;
}

static void read_field(Message *message) {
        uint8_t code = (uint8_t)get_number(message, 1);
        const char *type = get_signature(message), *text = "";
        uint64_t number = 0;

        if (strcmp(type, "s") == 0 || strcmp(type, "o") == 0)
                text = message_get_string(message);
        else if (strcmp(type, "g") == 0)
                text = get_signature(message);
        else if (strcmp(type, "u") == 0)
                number = get_number(message, sizeof(uint32_t));
        else
                message->broken = true; /* none that the specification knows */

        if (code == FIELD_MEMBER)
                message->member = text;
        else if (code == FIELD_ERROR)
                message->error = text;
        else if (code == FIELD_SIGNATURE)
                message->signature = text;
        else if (code == FIELD_ANSWERS)
                message->answers = (uint32_t)number;
}

bool message_open(Message *message, const uint8_t *bytes, size_t size) {
        size_t fields;

        *message = (Message){
                .bytes = bytes,
                .at = HEADER_SIZE - sizeof(uint32_t),
                .end = size,
                .big_endian = bytes[0] == 'B',
                .type = (MessageType)bytes[1],
                .member = "",
                .error = "",
                .signature = "",
        };
        fields = message_enter_array(message);
        while (message_has_more(message, fields))
                read_field(message);
        skip_to(message, 8);
        return !message->broken;
}
