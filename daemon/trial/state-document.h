/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The state of one device as a document that can be kept and carried: what the
 * device was, and the stream of its driver, which is opaque.
 *
 *   89 'V' 'F' 'S' 0d 0a 1a 0a     eight bytes that a transfer as text spoils
 *   u16 major, u16 minor, u32 n    version and number of sections
 *   n times: char name[4], u64 length, payload
 *   SHA-256 of all that is before it
 *
 * Numbers are little-endian. Version 1.0 has the sections "DRIV" (driver, text),
 * "VERS" (its version, text), "IDS " (vendor, device, subsystem vendor and
 * device, revision: i32, -1 unknown), "TYPE" (mdev type, text) and "STAT" (u64
 * size and SHA-256 of the state, then the state as one zstd frame); DRIV and
 * STAT are always there. A later minor version may add sections, which readers
 * of an older one pass over; what they could not do without takes a new major.
 *
 * It comes from outside: everything is checked before it is believed, and
 * limited before it is allocated. Used by the trial alone; may not touch a device.
 */

#include "xml/fingerprint.h"

#define STATE_DOCUMENT_MAJOR 1
#define STATE_DOCUMENT_MINOR 0
#define STATE_DOCUMENT_LIMIT ((uint64_t)64 * 1024 * 1024) /* of the state, unless said */

typedef struct StateDocument {
        Fingerprint *fingerprint; /* driver, driver_version, ids, mdev_type; the rest unknown */
        GBytes *state;
} StateDocument;

/* Takes both. */
StateDocument *state_document_new(Fingerprint *fingerprint, GBytes *state);
void state_document_free(StateDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StateDocument, state_document_free)
bool state_document_equal(const StateDocument *a, const StateDocument *b);

GBytes *state_document_to_bytes(const StateDocument *document);
/* FERRY_ERROR_INVALID_ARGS with what is wrong and the way out, for behind "FILE ": "is cut off or
 * damaged: ...". `limit` is the largest state, in bytes. */
StateDocument *state_document_from_bytes(const void *data, size_t size, uint64_t limit,
                                         GError **error);

/* The same with a file. Only whoever saved it may read it: a state holds what its guest sent. */
bool state_document_save(const StateDocument *document, const char *path, GError **error);
StateDocument *state_document_load(const char *path, uint64_t limit, GError **error);

/* The same through a file that is open; `name` is what the sentence calls it. */
bool state_document_write(const StateDocument *document, int fd, GError **error);
StateDocument *state_document_read(int fd, const char *name, uint64_t limit, GError **error);
