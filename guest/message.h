/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* As much of D-Bus's messages as org.virtferry1.Guest needs. No allocation:
 * what a call or an answer has fits into its buffer, or it is none. What is read
 * is checked: after anything that is not as it should be `broken` is set, and
 * all that is read then is nought and empty. Source: D-Bus Specification.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_MAX    4096u
#define MESSAGE_MAX 65536u
#define HEADER_SIZE 16u

typedef enum MessageType {
        MESSAGE_CALL = 1,
        MESSAGE_ANSWER,
        MESSAGE_ERROR,
        MESSAGE_SIGNAL,
} MessageType;

/* Written. */
typedef struct Call {
        uint8_t bytes[CALL_MAX];
        size_t size;
        size_t body; /* where it begins */
        bool broken; /* it did not fit */
} Call;

/* To the object of a guest. `signature` of the arguments that follow, "" for none. */
void call_begin(Call *call, const char *interface, const char *method, const char *signature);
void call_put_uint64(Call *call, uint64_t value);
void call_put_string(Call *call, const char *text);
/* a{sv} of texts: "name=value", so many. */
void call_put_words(Call *call, char *const *words, int n_words);
/* False: it did not fit. */
bool call_end(Call *call, uint32_t serial);

/* Read: points into the bytes that it was made of. */
typedef struct Message {
        const uint8_t *bytes;
        size_t at, end;
        bool big_endian, broken;
        MessageType type;
        uint32_t answers; /* the serial of a call, 0 none */
        const char *member, *error, *signature;
} Message;

/* The size that a header of HEADER_SIZE bytes promises; 0: that is no header, or too big. */
size_t message_size(const uint8_t *header);
/* Of whole messages alone. False: it is none. */
bool message_open(Message *message, const uint8_t *bytes, size_t size);
uint64_t message_get_uint64(Message *message);
const char *message_get_string(Message *message); /* never NULL */
/* Into an array of structs; `message_has_more()` is true as long as it has another one. */
size_t message_enter_array(Message *message);
bool message_has_more(Message *message, size_t end);
