/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What an operator reads. Under systemd all that is logged goes to the journal
 * with its fields, elsewhere to standard error with a priority as in
 * sd-daemon(3).
 */

#include "daemon/core/agent-book.h"
#include "daemon/core/drain-record.h"
#include "daemon/core/lease.h"
#include "daemon/core/migration.h"
#include "daemon/core/slice-book.h"
#include "daemon/trial/report.h"

/* Once, before the first word: takes over GLib's log for every ring. */
void journal_init(void);

typedef struct Journal Journal;

Journal *journal_new(void);
void journal_free(Journal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Journal, journal_free)

/* The events that have a MESSAGE_ID. */
void journal_lease(LeaseChange change, const Lease *lease);
void journal_migration(Journal *journal, MigrationChange change, const Migration *migration);
/* What has changed, as a DrainListener has it. */
void journal_drain(const DrainRecord *before, const DrainRecord *now);
/* One that had to give way is told so once, however much else of it is news until it is back. */
void journal_slice(Journal *journal, SliceChange change, const SliceEntry *entry);
/* What the daemon finds when it starts is no news. */
void journal_know_slices(Journal *journal, const GPtrArray *entries);
/* Another state, or more or less than before, as an AgentListener has it. */
void journal_agent(AgentState before, const AgentEntry *agent);
void journal_rules_passed_over(const char *problem); /* one of compat_problems() */
/* The end of a trial, as a TrialListener has it. */
void journal_trial(const char *device, const TrialReport *report, const GError *error);
void journal_store_damaged(const char *path, const char *moved_to);
