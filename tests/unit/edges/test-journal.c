/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/main/journal.h"

#include <string.h>

#include "daemon/main/message-ids.h"

static const struct {
        const char *id, *subject; /* words of the catalog's subject */
} entries[] = {
        { MESSAGE_LEASE_GIVEN, "is leased to" },
        { MESSAGE_LEASE_ENDED, "is free again" },
        { MESSAGE_GUEST_REFUSED, "was refused" },
        { MESSAGE_GUEST_ARRIVED, "has arrived" },
        { MESSAGE_GUEST_LEFT, "has left" },
        { MESSAGE_ROLLED_BACK, "was rolled back" },
        { MESSAGE_UNDO_FAILED, "was not undone" },
        { MESSAGE_DEVICE_TRIED, "was tried" },
        { MESSAGE_TRIAL_BROKEN, "did not come to its end" },
        { MESSAGE_STORE_DAMAGED, "was damaged" },
        { MESSAGE_RULES_PASSED_OVER, "is passed over" },
        { MESSAGE_DRAIN, "is drained" },
        { MESSAGE_GUEST_STAYED, "stays on this host" },
        { MESSAGE_SLICE_GIVEN, "is promised" },
        { MESSAGE_SLICE_ENDED, "has ended" },
        { MESSAGE_SLICE_PREEMPTED, "had to give way" },
        { MESSAGE_AGENT, "is connected or away" },
};

static char *read_data(const char *name) {
        g_autofree char *path = g_build_filename(FERRY_DATA, name, NULL), *text = NULL;
        g_autoptr(GError) error = NULL;

        g_file_get_contents(path, &text, NULL, &error);
        g_assert_no_error(error);
        return g_steal_pointer(&text);
}

static void test_every_message_has_its_entry_in_the_catalog(void) {
        g_autofree char *text = read_data("virtferry.catalog");
        g_auto(GStrv) parts = g_strsplit(text, "\n-- ", 0);

        g_assert_cmpuint(g_strv_length(parts), ==, G_N_ELEMENTS(entries) + 1);

        for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
                g_auto(GStrv) lines = g_strsplit(parts[i + 1], "\n", 3);

                g_assert_cmpstr(lines[0], ==, entries[i].id);
                g_assert_true(g_str_has_prefix(lines[1], "Subject: "));
                g_assert_nonnull(strstr(lines[1], entries[i].subject));
        }
}

static void test_every_message_is_on_the_manual_page(void) {
        g_autofree char *text = read_data("virtferryd.8");

        for (guint i = 0; i < G_N_ELEMENTS(entries); i++)
                if (!strstr(text, entries[i].id))
                        g_error("no %s on the page", entries[i].id);
}

/* What was logged: "MESSAGE_ID MESSAGE\n". */
static GLogWriterOutput note(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                             void *log) {
        const char *id = "-", *message = "";

        for (gsize i = 0; i < n_fields; i++)
                if (g_str_equal(fields[i].key, "MESSAGE_ID"))
                        id = fields[i].value;
                else if (g_str_equal(fields[i].key, "MESSAGE"))
                        message = fields[i].value;
        g_string_append_printf(log, "%s %s\n", id, message);
        return G_LOG_WRITER_HANDLED;
}

static GString *log_text;

static void assert_logged(const char *id, const char *message) {
        g_autofree char *line = id ? g_strdup_printf("%s %s\n", id, message) : g_strdup("");

        g_assert_cmpstr(log_text->str, ==, line);
        (void)g_string_truncate(log_text, 0);
}

static void test_the_end_of_a_move_is_told_once(void) {
        g_autoptr(Migration) migration = migration_new(MIGRATION_OUTGOING, "u", "g1");
        g_autoptr(Journal) journal = journal_new();

        migration->state = MIGRATION_PRECOPY;
        journal_migration(journal, MIGRATION_ADDED, migration);
        journal_migration(journal, MIGRATION_CHANGED, migration);
        assert_logged(NULL, NULL);

        migration->state = MIGRATION_FINISHED;
        journal_migration(journal, MIGRATION_CHANGED, migration);
        journal_migration(journal, MIGRATION_CHANGED, migration); /* its last figures */
        assert_logged(MESSAGE_GUEST_LEFT, "Guest g1 has left with its devices");
}

static void test_each_end_has_its_message(void) {
        static const struct {
                MigrationDirection direction;
                MigrationState state;
                bool reserved;
                const char *id, *message;
        } cases[] = {
                { MIGRATION_INCOMING, MIGRATION_FINISHED, true, MESSAGE_GUEST_ARRIVED,
                  "Guest g1 has arrived with its devices: why" },
                { MIGRATION_INCOMING, MIGRATION_ROLLED_BACK, true, MESSAGE_ROLLED_BACK,
                  "Guest g1 did not arrive, and its devices are given back: why" },
                { MIGRATION_INCOMING, MIGRATION_ROLLED_BACK, false, MESSAGE_GUEST_REFUSED,
                  "Guest g1 was refused on this host: why" },
                { MIGRATION_OUTGOING, MIGRATION_ROLLED_BACK, false, MESSAGE_ROLLED_BACK,
                  "Guest g1 did not move and runs on here: why" },
                { MIGRATION_OUTGOING, MIGRATION_FAILED, false, MESSAGE_UNDO_FAILED,
                  "Guest g1 did not move, and this was not undone: why" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(Migration) migration = migration_new(cases[i].direction, "u", "g1");
                g_autoptr(Journal) journal = journal_new();

                migration->reason = g_strdup("why");
                migration->state = cases[i].state;
                migration->entered[MIGRATION_RESERVED] = cases[i].reserved;
                journal_migration(journal, MIGRATION_CHANGED, migration);
                assert_logged(cases[i].id, cases[i].message);
        }
}

static void test_a_lease_is_told_at_its_ends(void) {
        g_autoptr(Lease) lease = lease_new();

        lease->id = g_strdup("l");
        lease->device = g_strdup("0000:3b:00.2");
        lease->domain_uuid = g_strdup("u");
        lease->domain_name = g_strdup("db1");

        journal_lease(LEASE_ADDED, lease);
        assert_logged(MESSAGE_LEASE_GIVEN, "0000:3b:00.2 is leased to guest db1");
        journal_lease(LEASE_CHANGED, lease);
        assert_logged(NULL, NULL);
        journal_lease(LEASE_REMOVED, lease);
        assert_logged(MESSAGE_LEASE_ENDED, "The lease of 0000:3b:00.2 to guest db1 has ended");
}

static void test_a_slice_is_told_at_its_ends_and_when_it_gives_way(void) {
        g_autoptr(SliceEntry) entry = slice_entry_new("u", "db1", slice_new());
        g_autoptr(Journal) journal = journal_new();

        journal_slice(journal, SLICE_ADDED, entry);
        assert_logged(MESSAGE_SLICE_GIVEN, "Guest db1 is promised a hardware slice");
        entry->state = SLICE_ENFORCED;
        journal_slice(journal, SLICE_CHANGED, entry);
        assert_logged(NULL, NULL);
        entry->state = SLICE_PREEMPTED;
        journal_slice(journal, SLICE_CHANGED, entry);
        assert_logged(MESSAGE_SLICE_PREEMPTED,
                      "The hardware slice of guest db1 had to give way to another");
        journal_slice(journal, SLICE_REMOVED, entry);
        assert_logged(MESSAGE_SLICE_ENDED, "The hardware slice of guest db1 has ended");
}

static void assert_told_to_give_way(Journal *journal, const SliceEntry *entry, bool told) {
        journal_slice(journal, SLICE_CHANGED, entry);
        assert_logged(told ? MESSAGE_SLICE_PREEMPTED : NULL,
                      told ? "The hardware slice of guest db1 had to give way to another" : NULL);
}

/* Its problem, or its expiry, may be news, again and again. */
static void test_a_slice_that_gives_way_is_told_once(void) {
        g_autoptr(SliceEntry) entry = slice_entry_new("u", "db1", slice_new());
        g_autoptr(Journal) journal = journal_new(), later = journal_new();
        g_autoptr(GPtrArray) found = g_ptr_array_new();

        entry->state = SLICE_PREEMPTED;
        assert_told_to_give_way(journal, entry, true);
        assert_told_to_give_way(journal, entry, false);
        entry->state = SLICE_PROMISED;
        assert_told_to_give_way(journal, entry, false);
        entry->state = SLICE_PREEMPTED;
        assert_told_to_give_way(journal, entry, true);

        g_ptr_array_add(found, entry);
        journal_know_slices(later, found);
        assert_told_to_give_way(later, entry, false);
}

static void test_an_agent_is_told_when_it_comes_and_goes(void) {
        AgentEntry agent = { .name = (char *)"dpu0", .destination = (char *)"root@dpu0" };

        agent.state = AGENT_CONNECTED;
        journal_agent(AGENT_CONNECTING, &agent);
        assert_logged(MESSAGE_AGENT, "Agent root@dpu0 of offload device dpu0 is connected");
        journal_agent(AGENT_CONNECTED, &agent); /* it has more or less */
        assert_logged(NULL, NULL);
        agent.state = AGENT_AWAY;
        agent.reason = (char *)"No route to host";
        journal_agent(AGENT_CONNECTED, &agent);
        assert_logged(MESSAGE_AGENT,
                      "Agent root@dpu0 of offload device dpu0 is away: No route to host");
        agent.state = AGENT_GONE;
        journal_agent(AGENT_AWAY, &agent);
        assert_logged(MESSAGE_AGENT,
                      "Agent root@dpu0 of offload device dpu0 is asked no more: no file names it");
        agent.state = AGENT_CONNECTING;
        agent.destination = (char *)"root@dpu9";
        journal_agent(AGENT_AWAY, &agent);
        assert_logged(MESSAGE_AGENT,
                      "Agent root@dpu9 of offload device dpu0 is asked from now on, in the place "
                      "of another");
}

static void test_a_trial_is_told_with_its_verdict_or_its_error(void) {
        g_autoptr(TrialReport) report = trial_report_new("0000:3b:00.2");
        g_autoptr(GError) error = g_error_new(G_FILE_ERROR, 0, "0000:3b:00.2: it hangs");

        report->verdict = g_strdup("0000:3b:00.2: it is good");
        journal_trial("0000:3b:00.2", report, NULL);
        assert_logged(MESSAGE_DEVICE_TRIED, "0000:3b:00.2: it is good");
        journal_trial("0000:3b:00.2", NULL, error);
        assert_logged(MESSAGE_TRIAL_BROKEN, "0000:3b:00.2: it hangs");
}

static void test_a_file_that_is_passed_over_is_told(void) {
        journal_rules_passed_over("/etc/x.conf:2: it is wrong");
        assert_logged(MESSAGE_RULES_PASSED_OVER,
                      "A file of rules is passed over: /etc/x.conf:2: it is wrong");
}

static void test_a_drain_is_told_by_its_steps(void) {
        g_autoptr(DrainRecord) begun = drain_record_new(), over = NULL, empty = NULL;
        g_autofree char *first = g_strdup_printf("Host %s is being drained of 1 guests",
                                                 g_get_host_name());
        g_autofree char *second = g_strdup_printf(
                MESSAGE_GUEST_STAYED
                " Guest g1 stays on this host, which is drained: no\n" MESSAGE_DRAIN
                " Host %s is drained but for 1 guests that have stayed\n",
                g_get_host_name());
        g_autofree char *third = g_strdup_printf("Host %s is drained: no guest is left",
                                                 g_get_host_name());
        g_autofree char *last = g_strdup_printf("Host %s takes guests again", g_get_host_name());
        DrainGuest *guest = drain_record_add(begun, "u", "g1");

        journal_drain(NULL, begun);
        assert_logged(MESSAGE_DRAIN, first);
        over = drain_record_copy(begun);
        guest->state = DRAIN_GUEST_MOVING;
        journal_drain(begun, begun);
        assert_logged(NULL, NULL);

        guest = over->guests->pdata[0];
        guest->state = DRAIN_GUEST_STAYED;
        guest->reason = g_strdup("no");
        over->state = DRAIN_PARTLY;
        journal_drain(begun, over);
        g_assert_cmpstr(log_text->str, ==, second);
        g_string_truncate(log_text, 0);
        journal_drain(over, over);
        assert_logged(NULL, NULL);

        empty = drain_record_new();
        empty->state = DRAIN_DRAINED;
        journal_drain(over, empty);
        assert_logged(MESSAGE_DRAIN, third);
        journal_drain(empty, NULL);
        assert_logged(MESSAGE_DRAIN, last);
}

int main(int argc, char **argv) {
        int r;

        g_test_init(&argc, &argv, NULL);
        log_text = g_string_new(NULL);
        g_log_set_writer_func(note, log_text, NULL);

        g_test_add_func("/journal/every message has its entry in the catalog",
                        test_every_message_has_its_entry_in_the_catalog);
        g_test_add_func("/journal/every message is on the manual page",
                        test_every_message_is_on_the_manual_page);
        g_test_add_func("/journal/the end of a move is told once",
                        test_the_end_of_a_move_is_told_once);
        g_test_add_func("/journal/each end has its message", test_each_end_has_its_message);
        g_test_add_func("/journal/a lease is told at its ends", test_a_lease_is_told_at_its_ends);
        g_test_add_func("/journal/a slice is told at its ends and when it gives way",
                        test_a_slice_is_told_at_its_ends_and_when_it_gives_way);
        g_test_add_func("/journal/a slice that gives way is told once",
                        test_a_slice_that_gives_way_is_told_once);
        g_test_add_func("/journal/an agent is told when it comes and goes",
                        test_an_agent_is_told_when_it_comes_and_goes);
        g_test_add_func("/journal/a trial is told with its verdict or its error",
                        test_a_trial_is_told_with_its_verdict_or_its_error);
        g_test_add_func("/journal/a file that is passed over is told",
                        test_a_file_that_is_passed_over_is_told);
        g_test_add_func("/journal/a drain is told by its steps", test_a_drain_is_told_by_its_steps);
        r = g_test_run();
        (void)g_string_free(log_text, true);
        return r;
}
