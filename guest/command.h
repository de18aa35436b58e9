/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What virt-ferry-guest does: one function a command. Each returns the exit
 * status and has said on standard error why it is not 0.
 */

#include "guest/link.h"

enum {
        EXIT_GOOD,
        EXIT_NO,          /* the host has refused */
        EXIT_USAGE,       /* wrong usage */
        EXIT_UNREACHABLE, /* there is no host that answers */
};

#define PATIENCE_SEC     60u
#define PATIENCE_SEC_MAX 86400u

typedef struct Options {
        const char *address;
        bool json;
        bool less;             /* of command_change(): release */
        unsigned patience_sec; /* of command_watch(): with a host that is lost */
} Options;

int command_show(const Options *options, char *const *arguments, int n_arguments);
/* KIND AMOUNT [NAME=VALUE...] */
int command_change(const Options *options, char *const *arguments, int n_arguments);
/* Until it is interrupted, or the host stays away. */
int command_watch(const Options *options, char *const *arguments, int n_arguments);

/* "virt-ferry-guest: ..."; returns the status. */
int fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
