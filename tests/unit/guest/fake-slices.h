/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Hardware slices that are what the test says: they note who asks for what, and
 * answer when they are flushed. In the place of daemon/slices.c.
 */

#include "daemon/slices.h"

#define WEB_UUID "11111111-2222-4333-8444-555555555555"
#define DB_UUID  "99999999-2222-4333-8444-555555555555"
#define WEB_CID  3u
#define DB_CID   4u

typedef struct FakeSlices FakeSlices;

FakeSlices *fake_slices_new(void);
void fake_slices_free(FakeSlices *fake);
Slices *fake_slices(FakeSlices *fake);

/* As xml/slice.h has it; NULL: it has none any more. */
void fake_slices_set(FakeSlices *fake, const char *uuid, const char *xml, SliceState state);
/* What the next asks are answered with; NULL: they are granted. */
void fake_slices_refuse(FakeSlices *fake, const GError *error);
/* Answers come before slices_ask() returns. */
void fake_slices_answer_at_once(FakeSlices *fake);
/* "UUID +2 cores name=nic\n" of each ask so far; the fake's. */
const char *fake_slices_asked(const FakeSlices *fake);
