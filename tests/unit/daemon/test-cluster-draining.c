/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/draining.h"

#include "tests/unit/daemon/cluster-store.h"
#include "xml/ferry-error.h"

#define DRAINED(hosts) "{\"schema\":1,\"hosts\":{" hosts "}}"
#define ENTRY(host)    "\"" host "\":{\"since\":1,\"nonce\":\"n\"}"

typedef struct Bed {
        ClusterStore store;
        GString *ends; /* of what was asked for: "begun\n", or why not */
} Bed;

/* As the daemon has it. */
static void on_drain(void *userdata, const DrainRecord *before, const DrainRecord *now) {
        const Bed *bed = userdata;

        if (bed->store.cluster)
                draining_wake(cluster_draining(bed->store.cluster));
}

static void set_up(Bed *bed, gconstpointer unused) {
        cluster_store_set_up(&bed->store, NULL);
        bed->ends = g_string_new(NULL);
        fixture_connect(&bed->store.manager);
        send_list(&bed->store.manager, NULL);
        drain_set_listener(bed->store.manager.manager->drain, on_drain, bed);
        cluster_store_run(&bed->store);
}

static void tear_down(Bed *bed, gconstpointer unused) {
        cluster_store_tear_down(&bed->store, NULL);
        g_string_free(bed->ends, TRUE);
}

/* What is asked for ----------------------------------------------------------------- */

static void on_begun(void *userdata, const GError *error) {
        Bed *bed = userdata;

        g_string_append_printf(bed->ends, "%s\n", error ? error->message : "begun");
}

static void begin_to(Bed *bed, const char *first, const char *second) {
        const char *uris[] = { first, second, NULL };
        const DrainWish wish = { .destinations = uris };

        draining_begin(cluster_draining(bed->store.cluster), &wish, on_begun, bed);
}

static void begin(Bed *bed) {
        begin_to(bed, NULL, NULL);
}

static void begin_alone(Bed *bed) {
        const char *uris[] = { "qemu+ssh://hostb/system", NULL };
        const DrainWish wish = { .destinations = uris };

        g_assert_true(drain_begin(bed->store.manager.manager->drain, &wish, NULL));
}

static void undrain(Bed *bed) {
        g_assert_true(drain_end(bed->store.manager.manager->drain, NULL));
        draining_give_up(cluster_draining(bed->store.cluster));
}

static void assert_ended(Bed *bed, const char *expected) {
        g_assert_cmpstr(bed->ends->str, ==, expected);
        g_string_truncate(bed->ends, 0);
}

/* What has become of it ------------------------------------------------------------- */

static void assert_drained(const Bed *bed, bool here, bool entered) {
        const char *text = cluster_store_value(&bed->store, "drains");

        g_assert_cmpint(drain_get(bed->store.manager.manager->drain) != NULL, ==, here);
        g_assert_cmpint(text && strstr(text, "hosta\":{\"since\""), ==, entered);
}

/* Of the entry of this host, where it goes: "hostb hostc", "" anywhere. */
static void assert_goes_to(const Bed *bed, const char *expected) {
        int64_t revision;
        const ClusterDrains *drains = cluster_copy_drains(cluster_copy(bed->store.cluster),
                                                          &revision);
        const ClusterDrain *drain = g_hash_table_lookup(drains->hosts, "hosta");
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < drain->to->len; i++)
                g_string_append_printf(text, "%s%s", i > 0 ? " " : "",
                                       (const char *)drain->to->pdata[i]);
        g_assert_cmpstr(text->str, ==, expected);
}

/* Agreed ---------------------------------------------------------------------------- */

static void test_all_agree_before_it_begins(Bed *bed, gconstpointer unused) {
        begin(bed);
        assert_ended(bed, "");
        assert_drained(bed, false, false);
        g_assert_true(cluster_store_answer(&bed->store));
        g_assert_cmpuint(cluster_store_requests(&bed->store), ==, 0);
        assert_ended(bed, "begun\n");
        cluster_store_tell(&bed->store);
        assert_drained(bed, true, true);
        assert_goes_to(bed, "");
        cluster_store_pass(&bed->store, 3);
        cluster_store_run(&bed->store);
        g_assert_cmpuint(cluster_store_requests(&bed->store), ==, 0);
}

static void test_destinations_are_hosts_by_their_uris(Bed *bed, gconstpointer unused) {
        cluster_store_write(&bed->store, "hosts/dc1-b",
                            "{\"schema\":1,\"uri\":\"qemu+tls://10.0.0.2/system\"}");
        begin_to(bed, "qemu+tls://10.0.0.2/system", "qemu+ssh://root@hostc:22/system");
        cluster_store_run(&bed->store);
        assert_goes_to(bed, "dc1-b hostc");
        begin_to(bed, "qemu+ssh://hostbc/system", "qemu+ssh://hos/system");
        cluster_store_run(&bed->store);
        assert_goes_to(bed, ""); /* what is no host of the cluster is no limit */
        assert_ended(bed, "begun\nbegun\n");
}

/* The host has no guest, so it is empty as soon as it is drained. */
static void test_an_empty_host_leaves_nobody_in_the_way(Bed *bed, gconstpointer unused) {
        begin_to(bed, "qemu+ssh://hostb/system", NULL);
        cluster_store_run(&bed->store);
        assert_goes_to(bed, "hostb");
        draining_wake(cluster_draining(bed->store.cluster));
        cluster_store_lose_answer(&bed->store, true);
        cluster_store_tell(&bed->store);
        g_assert_cmpuint(cluster_store_requests(&bed->store), ==, 0);
        assert_goes_to(bed, "");
        cluster_store_pass(&bed->store, 2);
        cluster_store_run(&bed->store);
        g_assert_cmpuint(cluster_store_requests(&bed->store), ==, 0);
        assert_drained(bed, true, true);
}

static void test_while_guests_leave_it_has_destinations(Bed *bed, gconstpointer unused) {
        send_list(&bed->store.manager, GUEST_UUID);
        begin_to(bed, "qemu+ssh://hostb/system", NULL);
        cluster_store_run(&bed->store);
        cluster_store_pass(&bed->store, 2);
        cluster_store_run(&bed->store);
        assert_goes_to(bed, "hostb");
        end_questions(&bed->store.manager);
}

static void test_of_the_last_two_one_is_refused(Bed *bed, gconstpointer unused) {
        cluster_store_write(&bed->store, "drains", DRAINED(ENTRY("hostc")));
        begin(bed);
        cluster_store_write(&bed->store, "drains", DRAINED(ENTRY("hostb") "," ENTRY("hostc")));
        cluster_store_run(&bed->store);
        assert_ended(bed, "Host hosta: all others that are alive are being drained, host hostb "
                          "among them: end that by 'virt-ferry undrain' there, or start another "
                          "host\n");
        assert_drained(bed, false, false);
}

static void test_it_is_asked_for_once(Bed *bed, gconstpointer unused) {
        begin(bed);
        begin(bed);
        assert_ended(bed, "Host hosta is about to be drained already: wait for that\n");
        cluster_store_run(&bed->store);
        assert_ended(bed, "begun\n");
        assert_drained(bed, true, true);
}

/* Before anybody else is asked. */
static void test_libvirt_must_be_there(Bed *bed, gconstpointer unused) {
        bed->store.manager.manager->libvirt_known = false;
        begin(bed);
        g_assert_cmpuint(cluster_store_requests(&bed->store), ==, 0);
        g_assert_true(g_str_has_prefix(bed->ends->str, "libvirt has not told yet"));
        assert_drained(bed, false, false);
}

static void test_undrain_leaves_at_once(Bed *bed, gconstpointer unused) {
        begin(bed);
        cluster_store_run(&bed->store);
        undrain(bed);
        cluster_store_run(&bed->store);
        assert_drained(bed, false, false);
        begin(bed);
        undrain(bed);
        cluster_store_run(&bed->store);
        assert_ended(bed, "begun\nThe drain of host hosta was ended by 'virt-ferry undrain' before "
                          "it began\n");
        cluster_store_pass(&bed->store, 1);
        cluster_store_run(&bed->store);
        assert_drained(bed, false, false);
}

/* What was sent is lost, and is not wanted any more when it could be sent again. */
static void test_who_changes_his_mind(Bed *bed, gconstpointer unused) {
        begin_alone(bed);
        cluster_store_write(&bed->store, "drains", DRAINED(ENTRY("hostc")));
        undrain(bed);
        cluster_store_run(&bed->store);
        assert_drained(bed, false, false);

        begin_alone(bed);
        cluster_store_run(&bed->store);
        undrain(bed);
        cluster_store_write(&bed->store, "drains", DRAINED(ENTRY("hosta")));
        begin_alone(bed);
        cluster_store_run(&bed->store);
        assert_drained(bed, true, true);
}

/* Away ------------------------------------------------------------------------------ */

static void test_without_etcd_it_is_refused(Bed *bed, gconstpointer unused) {
        cluster_store_go_down(&bed->store);
        begin(bed);
        assert_ended(bed, "Host hosta is not drained: no member answers; try again, or drain it "
                          "with --alone\n");
        cluster_store_come_up(&bed->store);
        begin(bed);
        cluster_store_go_down(&bed->store);
        cluster_store_lose_answer(&bed->store, true);
        cluster_store_pass(&bed->store, DRAINING_WAIT_USEC / G_USEC_PER_SEC - 1);
        assert_ended(bed, "");
        cluster_store_pass(&bed->store, 1);
        assert_ended(bed, "Host hosta is not drained: etcd does not answer; try again, or drain it "
                          "with --alone\n");
        assert_drained(bed, false, true);

        cluster_store_come_up(&bed->store);
        cluster_store_pass(&bed->store, 2);
        cluster_store_run(&bed->store);
        assert_drained(bed, false, false);
        assert_ended(bed, "");
}

static void test_nobody_answers_and_it_was_done(Bed *bed, gconstpointer unused) {
        begin(bed);
        cluster_store_lose_answer(&bed->store, true);
        cluster_store_tell(&bed->store);
        g_assert_cmpuint(cluster_store_requests(&bed->store), ==, 0);
        assert_ended(bed, "begun\n");
        assert_drained(bed, true, true);
}

static void test_nobody_answers_and_it_was_not(Bed *bed, gconstpointer unused) {
        begin(bed);
        cluster_store_lose_answer(&bed->store, false);
        cluster_store_pass(&bed->store, 1);
        cluster_store_lose_answer(&bed->store, false);
        cluster_store_write(&bed->store, "drains", DRAINED(ENTRY("hostc")));
        cluster_store_run(&bed->store);
        assert_ended(bed, "begun\n");
        assert_drained(bed, true, true);
}

static void test_alone_it_is_entered_later(Bed *bed, gconstpointer unused) {
        cluster_store_go_down(&bed->store);
        begin_alone(bed);
        assert_drained(bed, true, false);
        cluster_store_pass(&bed->store, 5);
        cluster_store_come_up(&bed->store);
        cluster_store_pass(&bed->store, 1);
        cluster_store_run(&bed->store);
        assert_drained(bed, true, true);
        assert_goes_to(bed, "hostb");
}

static void test_alone_and_the_others_do_not_agree(Bed *bed, gconstpointer unused) {
        cluster_store_write(&bed->store, "drains", DRAINED(ENTRY("hostb") "," ENTRY("hostc")));
        g_test_expect_message(
                NULL, G_LOG_LEVEL_WARNING,
                "This host is drained, and the cluster does not follow: Host hostb is "
                "being drained itself: *");
        begin_alone(bed);
        cluster_store_pass(&bed->store, 3); /* once */
        g_test_assert_expected_messages();
        assert_drained(bed, true, false);
        cluster_store_write(&bed->store, "drains", DRAINED(ENTRY("hostc")));
        cluster_store_pass(&bed->store, 1);
        cluster_store_run(&bed->store);
        assert_drained(bed, true, true);
}

static void test_undrain_waits_for_nobody(Bed *bed, gconstpointer unused) {
        begin(bed);
        cluster_store_run(&bed->store);
        cluster_store_go_down(&bed->store);
        undrain(bed);
        assert_drained(bed, false, true);
        cluster_store_come_up(&bed->store);
        cluster_store_pass(&bed->store, 1);
        cluster_store_run(&bed->store);
        assert_drained(bed, false, false);
}

/* The end of a daemon --------------------------------------------------------------- */

static void test_killed_before_it_began(Bed *bed, gconstpointer unused) {
        begin(bed);
        cluster_store_lose_answer(&bed->store, true);
        cluster_store_end(&bed->store);
        assert_ended(bed, "Host hosta is not drained: The cluster cannot be asked: virtferryd is "
                          "about to end; try again, or drain it with --alone\n");
        cluster_store_begin(&bed->store);
        assert_drained(bed, false, true);
        cluster_store_pass(&bed->store, 1);
        cluster_store_run(&bed->store);
        assert_drained(bed, false, false);
}

static void test_who_waits_is_told_of_the_end(Bed *bed, gconstpointer unused) {
        begin_alone(bed);
        cluster_store_run(&bed->store);
        undrain(bed);
        begin(bed); /* behind that */
        cluster_store_end(&bed->store);
        assert_ended(bed, "Host hosta is not drained: virtferryd is about to end; try again, or "
                          "drain it with --alone\n");
        cluster_store_begin(&bed->store);
}

static void test_forgotten_while_it_was_away(Bed *bed, gconstpointer unused) {
        begin(bed);
        cluster_store_run(&bed->store);
        cluster_store_end(&bed->store);
        bed->store.down = true;
        cluster_store_write(&bed->store, "drains", DRAINED());
        cluster_store_begin(&bed->store);
        assert_drained(bed, true, false);
        cluster_store_pass(&bed->store, 1);
        cluster_store_run(&bed->store);
        assert_drained(bed, true, true);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-draining/" name, Bed, NULL, set_up, function, tear_down)
        ADD("all agree before it begins", test_all_agree_before_it_begins);
        ADD("destinations are hosts by their URIs", test_destinations_are_hosts_by_their_uris);
        ADD("an empty host leaves nobody in the way", test_an_empty_host_leaves_nobody_in_the_way);
        ADD("while guests leave it has destinations", test_while_guests_leave_it_has_destinations);
        ADD("of the last two hosts one is refused", test_of_the_last_two_one_is_refused);
        ADD("it is asked for once", test_it_is_asked_for_once);
        ADD("libvirt must be there", test_libvirt_must_be_there);
        ADD("undrain leaves at once", test_undrain_leaves_at_once);
        ADD("who changes his mind is followed", test_who_changes_his_mind);
        ADD("without etcd it is refused", test_without_etcd_it_is_refused);
        ADD("nobody answers, and it was done", test_nobody_answers_and_it_was_done);
        ADD("nobody answers, and it was not done", test_nobody_answers_and_it_was_not);
        ADD("alone, it is entered later", test_alone_it_is_entered_later);
        ADD("alone, and the others do not agree", test_alone_and_the_others_do_not_agree);
        ADD("undrain waits for nobody", test_undrain_waits_for_nobody);
        ADD("killed before it began, it has not begun", test_killed_before_it_began);
        ADD("who waits is told of the end", test_who_waits_is_told_of_the_end);
        ADD("forgotten while it was away, it is entered again", test_forgotten_while_it_was_away);
        return g_test_run();
}
