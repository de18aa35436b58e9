/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What was found about the move of a guest, on both hosts: one line each. */

#include "cli/command.h"
#include "cli/table.h"

typedef struct GuestReport GuestReport;

GuestReport *guest_report_new(void);
void guest_report_free(GuestReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestReport, guest_report_free)

/* `severity`: "error", "warning", or "note" for what is in nobody's way. `host` "": where the
 * command runs. */
void guest_report_add(GuestReport *report, const char *severity, const char *host,
                      const char *object, const char *sentence);
/* All of a(sss). */
void guest_report_add_findings(GuestReport *report, const char *host, GVariant *findings);

/* For people or as JSON, and the ExitStatus. `host` NULL: no destination was asked for. */
int guest_report_print(const GuestReport *report, const Options *options, const char *guest,
                       const char *host);
