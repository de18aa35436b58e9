/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A sentence that is being written for a person. Words from outside are cut at
 * SENTENCE_WORD bytes; a sentence that is too long all the same is written
 * again without its details.
 */

#include <glib.h>
#include <stdbool.h>

#define SENTENCE_WORD "%.32s"
#define SENTENCE_MAX  299 /* bytes */

typedef struct Sentence {
        GString *text;
        bool detailed;
} Sentence;

typedef void (*SentenceWriter)(Sentence *sentence, const void *subject);

/* Calls the writer, and a second time when its sentence was too long. Free it. */
char *sentence_write(SentenceWriter writer, const void *subject);

void sentence_add(Sentence *sentence, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* "g2", "g2 and g3", "g2, g3 and 4 more" */
void sentence_add_names(Sentence *sentence, const GPtrArray *names);
/* Adds a word to those for sentence_add_names(), unless it is there. Takes it; NULL: nothing. */
void sentence_collect(GPtrArray *names, char *name);
