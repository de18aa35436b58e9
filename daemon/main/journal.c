/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/main/journal.h"

#include <stdio.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/main/message-ids.h"

struct Journal {
        GHashTable *told;      /* ids of migrations whose end was told */
        GHashTable *preempted; /* UUIDs of guests whose slices had to give way, and it was told */
};

static int priority_of(GLogLevelFlags level) {
        if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
                return LOG_ERR;
        if (level & G_LOG_LEVEL_WARNING)
                return LOG_WARNING;
        if (level & G_LOG_LEVEL_MESSAGE)
                return LOG_NOTICE;
        return level & G_LOG_LEVEL_INFO ? LOG_INFO : LOG_DEBUG;
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                  void *unused) {
        if (g_log_writer_is_journald(STDERR_FILENO) &&
            g_log_writer_journald(level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED)
                return G_LOG_WRITER_HANDLED;

        if (level & G_LOG_LEVEL_DEBUG)
                return G_LOG_WRITER_HANDLED;

        for (gsize i = 0; i < n_fields; i++)
                if (g_str_equal(fields[i].key, "MESSAGE"))
                        (void)fprintf(stderr, "<%d>%s\n", priority_of(level),
                                      (const char *)fields[i].value);
        return G_LOG_WRITER_HANDLED;
}

void journal_init(void) {
        g_log_set_writer_func(write_log, NULL, NULL);
}

Journal *journal_new(void) {
        Journal *journal = g_new0(Journal, 1);

        journal->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        journal->preempted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return journal;
}

void journal_free(Journal *journal) {
        if (!journal)
                return;

        g_hash_table_unref(journal->told);
        g_hash_table_unref(journal->preempted);
        g_free(journal);
}

void journal_lease(LeaseChange change, const Lease *lease) {
        if (change == LEASE_CHANGED)
                return;

        g_log_structured(
                NULL, change == LEASE_ADDED ? G_LOG_LEVEL_MESSAGE : G_LOG_LEVEL_INFO, "MESSAGE_ID",
                change == LEASE_ADDED ? MESSAGE_LEASE_GIVEN : MESSAGE_LEASE_ENDED, "FERRY_LEASE",
                lease->id, "FERRY_DEVICE", lease->device, "FERRY_DOMAIN_UUID", lease->domain_uuid,
                "FERRY_DOMAIN_NAME", lease->domain_name, "MESSAGE",
                change == LEASE_ADDED ? "%s is leased to guest %s"
                                      : "The lease of %s to guest %s has ended",
                lease->device, lease->domain_name);
}

static void tell(GLogLevelFlags level, const char *id, const Migration *migration,
                 const char *what) {
        g_autofree char *because = NULL;

        if (migration->reason)
                because = g_strdup_printf(": %s", migration->reason);
        g_log_structured(NULL, level, "MESSAGE_ID", id, "FERRY_MIGRATION", migration->id,
                         "FERRY_DOMAIN_UUID", migration->domain_uuid, "FERRY_DOMAIN_NAME",
                         migration->domain_name, "MESSAGE", "Guest %s %s%s", migration->domain_name,
                         what, because ?: "");
}

static void tell_rolled_back(const Migration *migration) {
        if (migration->direction == MIGRATION_OUTGOING)
                tell(G_LOG_LEVEL_WARNING, MESSAGE_ROLLED_BACK, migration,
                     "did not move and runs on here");
        else if (migration->entered[MIGRATION_RESERVED] == 0)
                tell(G_LOG_LEVEL_WARNING, MESSAGE_GUEST_REFUSED, migration,
                     "was refused on this host");
        else
                tell(G_LOG_LEVEL_WARNING, MESSAGE_ROLLED_BACK, migration,
                     "did not arrive, and its devices are given back");
}

static void tell_end(const Migration *migration) {
        if (migration->state == MIGRATION_ROLLED_BACK)
                tell_rolled_back(migration);
        else if (migration->state == MIGRATION_FAILED)
                tell(G_LOG_LEVEL_CRITICAL, MESSAGE_UNDO_FAILED, migration,
                     "did not move, and this was not undone");
        else if (migration->direction == MIGRATION_INCOMING)
                tell(G_LOG_LEVEL_MESSAGE, MESSAGE_GUEST_ARRIVED, migration,
                     "has arrived with its devices");
        else
                tell(G_LOG_LEVEL_MESSAGE, MESSAGE_GUEST_LEFT, migration,
                     "has left with its devices");
}

/* Only the end of a move is news, and once: its last figures come after it. */
void journal_migration(Journal *journal, MigrationChange change, const Migration *migration) {
        if (change == MIGRATION_REMOVED)
                g_hash_table_remove(journal->told, migration->id);
        else if (migration_state_is_final(migration->state) &&
                 g_hash_table_add(journal->told, g_strdup(migration->id)))
                tell_end(migration);
}

static void tell_drain(const DrainRecord *now) {
        g_autofree char *what = NULL;

        if (!now)
                what = g_strdup("takes guests again");
        else if (now->state == DRAIN_DRAINING)
                what = g_strdup_printf("is being drained of %u guests", now->guests->len);
        else if (now->state == DRAIN_DRAINED)
                what = g_strdup("is drained: no guest is left");
        else
                what = g_strdup_printf("is drained but for %u guests that have stayed",
                                       drain_record_count(now, DRAIN_GUEST_STAYED));

        g_log_structured(NULL, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID", MESSAGE_DRAIN, "MESSAGE",
                         "Host %s %s", g_get_host_name(), what);
}

static void tell_stayed(const DrainRecord *before, const DrainGuest *guest) {
        const DrainGuest *then = before ? drain_record_find(before, guest->uuid) : NULL;

        if (guest->state != DRAIN_GUEST_STAYED || (then && then->state == DRAIN_GUEST_STAYED))
                return;

        g_log_structured(NULL, G_LOG_LEVEL_WARNING, "MESSAGE_ID", MESSAGE_GUEST_STAYED,
                         "FERRY_DOMAIN_UUID", guest->uuid, "FERRY_DOMAIN_NAME", guest->name,
                         "MESSAGE", "Guest %s stays on this host, which is drained: %s",
                         guest->name, guest->reason);
}

void journal_drain(const DrainRecord *before, const DrainRecord *now) {
        for (guint i = 0; now && i < now->guests->len; i++)
                tell_stayed(before, now->guests->pdata[i]);
        if (!before || !now || before->state != now->state)
                tell_drain(now);
}

/* Returns whether that is news. */
static bool note_preempted(Journal *journal, const SliceEntry *entry) {
        if (entry->state == SLICE_PREEMPTED)
                return g_hash_table_add(journal->preempted, g_strdup(entry->domain_uuid));

        g_hash_table_remove(journal->preempted, entry->domain_uuid);
        return false;
}

void journal_know_slices(Journal *journal, const GPtrArray *entries) {
        for (guint i = 0; i < entries->len; i++)
                (void)note_preempted(journal, entries->pdata[i]);
}

void journal_slice(Journal *journal, SliceChange change, const SliceEntry *entry) {
        bool preempted = entry->state == SLICE_PREEMPTED, news = note_preempted(journal, entry);

        if (change == SLICE_REMOVED)
                g_hash_table_remove(journal->preempted, entry->domain_uuid);
        if (change == SLICE_CHANGED && !news)
                return;

        g_log_structured(NULL, preempted ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                         change == SLICE_REMOVED ? MESSAGE_SLICE_ENDED
                         : preempted             ? MESSAGE_SLICE_PREEMPTED
                                                 : MESSAGE_SLICE_GIVEN,
                         "FERRY_DOMAIN_UUID", entry->domain_uuid, "FERRY_DOMAIN_NAME",
                         entry->domain_name, "MESSAGE",
                         change == SLICE_REMOVED ? "The hardware slice of guest %s has ended"
                         : preempted ? "The hardware slice of guest %s had to give way to another"
                                     : "Guest %s is promised a hardware slice",
                         entry->domain_name);
}

static char *describe_agent(const AgentEntry *agent) {
        switch (agent->state) {
        case AGENT_CONNECTING:
                return g_strdup("is asked from now on, in the place of another");
        case AGENT_CONNECTED:
                return g_strdup("is connected");
        case AGENT_AWAY:
                return g_strdup_printf("is away: %s", agent->reason);
        case AGENT_GONE:
                return g_strdup("is asked no more: no file names it");
        }
        g_assert_not_reached();
}

void journal_agent(AgentState before, const AgentEntry *agent) {
        bool away = agent->state == AGENT_AWAY;
        g_autofree char *what = NULL;

        if (agent->state == before)
                return;

        what = describe_agent(agent);
        g_log_structured(NULL, away ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                         MESSAGE_AGENT, "FERRY_DEVICE", agent->name, "MESSAGE",
                         "Agent %s of offload device %s %s", agent->destination, agent->name, what);
}

void journal_rules_passed_over(const char *problem) {
        g_log_structured(NULL, G_LOG_LEVEL_WARNING, "MESSAGE_ID", MESSAGE_RULES_PASSED_OVER,
                         "MESSAGE", "A file of rules is passed over: %s", problem);
}

void journal_trial(const char *device, const TrialReport *report, const GError *error) {
        g_log_structured(NULL, error ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                         error ? MESSAGE_TRIAL_BROKEN : MESSAGE_DEVICE_TRIED, "FERRY_DEVICE",
                         device, "MESSAGE", "%s", error ? error->message : report->verdict);
}

void journal_store_damaged(const char *path, const char *moved_to) {
        g_log_structured(
                NULL, G_LOG_LEVEL_CRITICAL, "MESSAGE_ID", MESSAGE_STORE_DAMAGED, "MESSAGE",
                "The database %s is damaged and was moved to %s; leases are taken anew from "
                "the guests that run",
                path, moved_to);
}
