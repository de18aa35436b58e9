/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/claims.h"

#include <string.h>

#include "daemon/names.h"
#include "tests/unit/lib/private-bus.h"
#include "xml/ferry-error.h"

/* Asked on a bus of the test's own, where the test itself is virtferry-placement. */

#define CONSUMER "11111111-2222-4333-8444-555555555555"
#define PF       "0000:3b:00.0"

typedef struct Fixture {
        sd_event *event;
        PrivateBus *bus;
        sd_bus *here, *placement;
        ClaimsEdge *claims;
        sd_bus_message *call;               /* that waits */
        int (*reply)(sd_bus_message *call); /* NULL: it waits */
        GString *outcome;
} Fixture;

/* No vtable, which would hold the replies to their types. */
static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Fixture *f = userdata;
        const char *consumer;

        g_assert_true(sd_bus_message_is_method_call(m, FERRY_PLACEMENT_INTERFACE, "GetClaim"));
        g_assert_cmpint(sd_bus_message_read(m, "s", &consumer), >, 0);
        g_assert_cmpstr(consumer, ==, CONSUMER);
        if (f->reply)
                return f->reply(m);

        f->call = sd_bus_message_ref(m);
        return 1;
}

static sd_bus *connect_to(Fixture *f) {
        sd_bus *bus;

        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_address(bus, f->bus->address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(bus, true), >=, 0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(bus, f->event, 0), >=, 0);
        return bus;
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sd_event_new(&f->event), >=, 0);
        f->bus = private_bus_new();
        f->here = connect_to(f);
        f->placement = connect_to(f);
        f->outcome = g_string_new(NULL);
        g_assert_cmpint(claims_edge_new(f->here, 50 * 1000, &f->claims), >=, 0);
}

static void serve(Fixture *f) {
        g_assert_cmpint(sd_bus_add_object(f->placement, NULL, FERRY_PLACEMENT_OBJECT, on_call, f),
                        >=, 0);
        g_assert_cmpint(sd_bus_request_name(f->placement, FERRY_PLACEMENT_BUS_NAME, 0), >=, 0);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        claims_edge_free(f->claims);
        sd_bus_message_unref(f->call);
        sd_bus_flush_close_unref(f->here);
        sd_bus_flush_close_unref(f->placement);
        private_bus_free(f->bus);
        (void)g_string_free(f->outcome, TRUE);
        sd_event_unref(f->event);
}

/* A ClaimAnswer: "found vfs 2 lanes 4\n", or the error's words. */
static void note(void *userdata, const Claim *claim, const GError *error) {
        GString *outcome = ((Fixture *)userdata)->outcome;

        if (error) {
                g_assert_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE);
                g_string_append_printf(outcome, "%s\n", error->message);
                return;
        }
        g_string_append(outcome, claim->found ? "found" : "nothing");
        for (int i = 0; i < _HEADROOM_RESOURCE_MAX; i++)
                if (claim_sum(claim, (HeadroomResource)i) > 0)
                        g_string_append_printf(outcome, " %s %" G_GUINT64_FORMAT,
                                               headroom_resource_to_string((HeadroomResource)i),
                                               claim_sum(claim, (HeadroomResource)i));
        g_string_append_c(outcome, '\n');
}

static void ask(Fixture *f) {
        const ClaimOps *ops = claims_edge_ops(f->claims);

        ops->ask(ops->userdata, CONSUMER, note, f);
}

static void assert_told(Fixture *f, const char *words) {
        while (f->outcome->len == 0)
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        if (!strstr(f->outcome->str, words))
                g_error("no '%s' in '%s'", words, f->outcome->str);
        (void)g_string_truncate(f->outcome, 0);
}

/* "disk" is of a release to come, and "" is the host. */
static int reply_some(sd_bus_message *call) {
        return sd_bus_reply_method_return(call, "ba(sst)", 1, 5, PF, "vfs", UINT64_C(2), PF,
                                          "lanes", UINT64_C(4), "dpu0", "cores", UINT64_C(1),
                                          "dpu0", "disk", UINT64_C(9), "", "memory", UINT64_C(512));
}

static int reply_nothing(sd_bus_message *call) {
        return sd_bus_reply_method_return(call, "ba(sst)", 0, 0);
}

static void test_a_claim_is_what_placement_says(Fixture *f, gconstpointer unused) {
        serve(f);
        f->reply = reply_some;
        ask(f);
        g_assert_cmpuint(f->outcome->len, ==, 0); /* it does not wait */
        assert_told(f, "found vfs 2 cores 1 lanes 4\n");

        f->reply = reply_nothing;
        ask(f);
        ask(f);
        assert_told(f, "nothing\n");
        assert_told(f, "nothing\n");
}

static int reply_unavailable(sd_bus_message *call) {
        return sd_bus_reply_method_errorf(call, FERRY_ERROR_PREFIX "Unavailable",
                                          "Placement does not answer: timeout");
}

static int reply_at_length(sd_bus_message *call) {
        g_autofree char *words = g_strnfill(100000, 'x');

        return sd_bus_reply_method_errorf(call, FERRY_ERROR_PREFIX "Unavailable", "%s", words);
}

static int reply_wrong(sd_bus_message *call) {
        return sd_bus_reply_method_return(call, "bas", 1, 1, "vfs");
}

static int reply_too_much(sd_bus_message *call) {
        sd_bus_message *reply = NULL;
        int r;

        g_assert_cmpint(sd_bus_message_new_method_return(call, &reply), >=, 0);
        g_assert_cmpint(sd_bus_message_append(reply, "b", 1), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(reply, 'a', "(sst)"), >=, 0);
        for (int i = 0; i <= CLAIMS_ROWS_MAX; i++)
                g_assert_cmpint(sd_bus_message_append(reply, "(sst)", PF, "vfs", UINT64_C(1)), >=,
                                0);
        g_assert_cmpint(sd_bus_message_close_container(reply), >=, 0);
        r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

static void test_why_it_is_not_known_is_said(Fixture *f, gconstpointer unused) {
        serve(f);
        f->reply = reply_unavailable;
        ask(f);
        assert_told(f, "Placement does not answer: timeout\n");

        f->reply = reply_at_length;
        ask(f);
        while (f->outcome->len == 0)
                g_assert_cmpint(sd_event_run(f->event, UINT64_MAX), >=, 0);
        g_assert_cmpuint(f->outcome->len, <, 500);
        (void)g_string_truncate(f->outcome, 0);

        f->reply = reply_wrong;
        ask(f);
        assert_told(f, "answers what is no claim");
        f->reply = reply_too_much;
        ask(f);
        assert_told(f, "answers what is no claim");
}

static void test_nobody_there_is_said_at_once(Fixture *f, gconstpointer unused) {
        g_autoptr(ClaimsEdge) patient = NULL;
        const ClaimOps *ops;

        g_assert_cmpint(claims_edge_new(f->here, UINT64_MAX, &patient), >=, 0);
        ops = claims_edge_ops(patient);
        ops->ask(ops->userdata, CONSUMER, note, f);
        assert_told(f, "virtferry-placement does not run: start it with 'systemctl start "
                       "virtferry-placement'\n");
}

static void test_who_does_not_answer_is_given_up(Fixture *f, gconstpointer unused) {
        serve(f);
        ask(f);
        assert_told(f, "virtferry-placement does not answer in time: ");
        g_assert_nonnull(f->call);
}

static void test_who_waits_at_the_end_is_told(Fixture *f, gconstpointer unused) {
        serve(f);
        ask(f);
        ask(f);
        claims_edge_free(g_steal_pointer(&f->claims));
        g_assert_cmpstr(f->outcome->str, ==,
                        "virtferryd is about to end: try again\n"
                        "virtferryd is about to end: try again\n");
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add("/claims/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("a claim is what Placement says", test_a_claim_is_what_placement_says);
        ADD("why it is not known is said", test_why_it_is_not_known_is_said);
        ADD("nobody there is said at once", test_nobody_there_is_said_at_once);
        ADD("who does not answer is given up", test_who_does_not_answer_is_given_up);
        ADD("who waits at the end is told", test_who_waits_at_the_end_is_told);
        return g_test_run();
}
