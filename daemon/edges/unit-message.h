/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A call of systemd's StartTransientUnit() for a service that runs one program.
 * Source: org.freedesktop.systemd1(5).
 */

#include <systemd/sd-bus.h>

#define SYSTEMD           "org.freedesktop.systemd1"
#define SYSTEMD_PATH      "/org/freedesktop/systemd1"
#define SYSTEMD_INTERFACE "org.freedesktop.systemd1.Manager"

/* All borrowed. */
typedef struct UnitOrder {
        const char *name;        /* "virtferry-cold-1.service" */
        const char *description; /* for people */
        const char *type;        /* "oneshot": the job ends when the program has */
        const char *const *argv; /* the path first */
        int stream;              /* its standard input and output; -1 none */
        int words;               /* its standard error */
        const char *part_of;     /* it is stopped with this unit; NULL none */
} UnitOrder;

int unit_message_new(sd_bus *bus, const UnitOrder *order, sd_bus_message **ret_call);

/* A file for the words of a program: what no longer goes into it is lost, so a program that never
 * ends to complain fills no memory. Negative errno. */
int unit_words_new(void);
/* The last line, free it; "" when there is none. */
char *unit_words_last(int words);
