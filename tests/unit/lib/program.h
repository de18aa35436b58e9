/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A program under test: started on a loop that may serve its bus meanwhile,
 * with its standard streams in hand.
 */

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

typedef struct Program {
        sd_event *event;
        sd_event_source *child, *out_source, *err_source;
        int input; /* the writing end of standard input while it is kept open, else -1 */
        pid_t pid;
        GString *out, *err; /* so far */
        bool exited;
        int status; /* the exit status, or minus the signal that ended it */
} Program;

/* Standard input is `input`; NULL: it stays open and nothing ever comes. `environment` is
 * "NAME=VALUE", NULL-terminated, and nothing else is set. Borrows the event loop. */
Program *program_start(sd_event *event, const char *const *argv, const char *const *environment,
                       const char *input, size_t size);
/* The same with a terminal as its standard output, which turns "\n" into "\r\n", and no input. */
Program *program_start_on_terminal(sd_event *event, const char *const *argv,
                                   const char *const *environment);
/* Serves the loop until `text` stands in `where` (out or err); a program that ends before fails the
 * test. */
void program_await(Program *program, const GString *where, const char *text);
/* Serves the loop until the program has ended. */
void program_finish(Program *program);
void program_free(Program *program);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Program, program_free)
