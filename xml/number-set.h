/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A set of small numbers, as CPUs and NUMA nodes are: a value, to be copied.
 * Its text is that of the kernel and of libvirt: "0-3,8", libvirt's with "^2"
 * for what is taken out again.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define NUMBER_SET_MAX 4096 /* 0 to 4095; the kernel is built for 8192 CPUs at most */

typedef struct NumberSet {
        uint64_t bits[NUMBER_SET_MAX / 64];
} NumberSet;

/* False when it is no such text or a number is too large; the set is as it was then. */
bool number_set_from_text(const char *text, NumberSet *ret_set);
char *number_set_to_text(const NumberSet *set); /* "0-3,8"; "" when empty. Free it. */

NumberSet number_set_of(unsigned number); /* alone; below NUMBER_SET_MAX */
bool number_set_has(const NumberSet *set, unsigned number);
unsigned number_set_count(const NumberSet *set);
/* The lowest member that is not below `from`; NUMBER_SET_MAX: there is none. */
unsigned number_set_next(const NumberSet *set, unsigned from);
void number_set_add(NumberSet *set, const NumberSet *other);
/* What is in this set and not in the other. */
NumberSet number_set_without(const NumberSet *set, const NumberSet *other);
