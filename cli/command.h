/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every command gets and returns. Each one has a file of its name, and a
 * line in the table of main.c.
 */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum ExitStatus {
        EXIT_STATUS_OK,
        EXIT_STATUS_NO, /* the answer is no, or the daemon refused */
        EXIT_STATUS_USAGE,
        EXIT_STATUS_UNREACHABLE,
} ExitStatus;

typedef struct Options {
        const char *host; /* NULL: this one */
        bool json;
        bool no_legend;
        const char *class_name; /* --class */
        bool free;              /* --free */
        bool watch;             /* --watch */
        const char *xml;        /* --xml; "-" standard input */
        bool trial;             /* --trial */
        bool fix;               /* --fix */

        /* migrate; some of drain, too */
        const char *strategy; /* NULL auto */
        bool force;
        bool detach;
        bool dry_run;
        bool persistent;
        bool undefine_source;
        const char *new_name;    /* NULL as it is */
        uint64_t bandwidth;      /* MiB/s, 0 no limit */
        uint64_t max_downtime;   /* ms, 0 as it is */
        uint64_t connections;    /* in parallel, 0 as the daemon chooses */
        const char *compression; /* NULL as the daemon chooses */

        bool alone; /* drain */

        /* hosts limit; NULL: it stays as it is */
        const char *together, *per_host;

        uint64_t moves; /* balance; 0: as many as the daemon says */

        /* slice; and dry_run */
        bool explain;
        bool apply;
        bool functions;
        const char *goal; /* --for; "-" standard input */

        /* forecast; 0 where it was not said */
        const char *csv;                /* "-" standard input */
        const char *horizon;            /* NULL: a day; rows, or a duration.h */
        uint64_t origin, stride, count; /* rows */

        /* history */
        const char *since; /* NULL: 6 hours; a duration.h */
        const char *svg;   /* a file; NULL: a table */

        /* openstack */
        uint64_t nova; /* its first number; 0: the newest that is known */
} Options;

/* An ExitStatus; or -1 with an error, which main.c shows. */
typedef int (*CommandFunc)(const Options *options, char *const *arguments, GError **error);

int cmd_advice(const Options *options, char *const *arguments, GError **error);
int cmd_apply(const Options *options, char *const *arguments, GError **error);
int cmd_balance(const Options *options, char *const *arguments, GError **error);
int cmd_check(const Options *options, char *const *arguments, GError **error);
int cmd_devices(const Options *options, char *const *arguments, GError **error);
int cmd_drain(const Options *options, char *const *arguments, GError **error);
int cmd_forecast(const Options *options, char *const *arguments, GError **error);
int cmd_headroom(const Options *options, char *const *arguments, GError **error);
int cmd_history(const Options *options, char *const *arguments, GError **error);
int cmd_hosts(const Options *options, char *const *arguments, GError **error);
int cmd_leases(const Options *options, char *const *arguments, GError **error);
int cmd_migrate(const Options *options, char *const *arguments, GError **error);
int cmd_migrations(const Options *options, char *const *arguments, GError **error);
int cmd_move(const Options *options, char *const *arguments, GError **error);
int cmd_offers(const Options *options, char *const *arguments, GError **error);
int cmd_openstack(const Options *options, char *const *arguments, GError **error);
int cmd_place(const Options *options, char *const *arguments, GError **error);
int cmd_policy(const Options *options, char *const *arguments, GError **error);
int cmd_probe(const Options *options, char *const *arguments, GError **error);
int cmd_release(const Options *options, char *const *arguments, GError **error);
int cmd_rescan(const Options *options, char *const *arguments, GError **error);
int cmd_resources(const Options *options, char *const *arguments, GError **error);
int cmd_show(const Options *options, char *const *arguments, GError **error);
int cmd_slice(const Options *options, char *const *arguments, GError **error);
int cmd_top(const Options *options, char *const *arguments, GError **error);
int cmd_undrain(const Options *options, char *const *arguments, GError **error);
