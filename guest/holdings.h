/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What Show() has answered, for a person or for a program. */

#include "guest/message.h"

#define HOLDINGS_MAX  16u
#define FUNCTIONS_MAX 64u /* as many as a slice may have */

typedef struct Holding {
        const char *kind;
        uint64_t wanted, granted, least, most;
} Holding;

typedef struct Function {
        const char *name;
        uint64_t min_mbit, max_mbit;
} Function;

/* Its words are in the message. */
typedef struct Holdings {
        const char *state;
        Holding rows[HOLDINGS_MAX];
        unsigned n_rows;
        Function functions[FUNCTIONS_MAX];
        unsigned n_functions;
} Holdings;

/* False: that is no such answer. */
bool holdings_read(Holdings *holdings, Message *answer);
void holdings_print(const Holdings *holdings);
void holdings_print_json(const Holdings *holdings); /* on one line */
