/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/agent-usage.h"

#include "xml/ferry-error.h"

static void add(AgentUsage *usage, const char *metric, uint64_t value) {
        g_autoptr(GError) error = NULL;

        agent_usage_add(usage, metric, value, &error);
        g_assert_no_error(error);
}

static void begin(AgentUsage *usage, const char *port) {
        g_autoptr(GError) error = NULL;

        agent_usage_begin_port(usage, port, &error);
        g_assert_no_error(error);
}

static void assert_refused(bool taken, const GError *error, const char *sentence) {
        g_assert_false(taken);
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_cmpstr(error->message, ==, sentence);
}

static void assert_port_refused(AgentUsage *usage, const char *port, const char *sentence) {
        g_autoptr(GError) error = NULL;
        bool taken = agent_usage_begin_port(usage, port, &error);

        assert_refused(taken, error, sentence);
}

static void assert_value_refused(AgentUsage *usage, const char *metric, uint64_t value,
                                 const char *sentence) {
        g_autoptr(GError) error = NULL;
        bool taken = agent_usage_add(usage, metric, value, &error);

        assert_refused(taken, error, sentence);
}

static void test_ports_are_added_up(void) {
        g_autoptr(AgentUsage) usage = agent_usage_new(7);

        add(usage, "cpu", 12);
        begin(usage, "p0");
        add(usage, "receive-bytes", 100);
        add(usage, "transmit-drops", 0);
        begin(usage, "p1");
        add(usage, "receive-bytes", 23);
        g_assert_cmpuint(usage->monotonic, ==, 7);
        g_assert_cmpuint(usage->sample.values[METRIC_CPU], ==, 12);
        g_assert_cmpuint(usage->sample.values[METRIC_RECEIVE_BYTES], ==, 123);
        g_assert_cmpuint(usage->sample.values[METRIC_TRANSMIT_DROPS], ==, 0);
        g_assert_cmpuint(usage->sample.values[METRIC_TRANSMIT_BYTES], ==, METRIC_MISSING);
}

/* A sum of other ports goes on from nowhere: telemetry makes a gap of it. */
static void test_another_port_is_another_shape(void) {
        g_autoptr(AgentUsage) one = agent_usage_new(1), two = agent_usage_new(2);

        begin(one, "p0");
        add(one, "receive-bytes", 100);
        begin(two, "p1");
        add(two, "receive-bytes", 100);
        g_assert_cmpuint(one->sample.shapes[METRIC_RECEIVE_BYTES], !=,
                         two->sample.shapes[METRIC_RECEIVE_BYTES]);
}

static void test_what_is_not_known_counts_for_nothing(void) {
        g_autoptr(AgentUsage) usage = agent_usage_new(0);

        add(usage, "temperature", UINT64_MAX);
        add(usage, "receive-bytes", UINT64_MAX); /* of the device itself nobody counts it */
        add(usage, "balloon", UINT64_MAX);
        begin(usage, "p0");
        add(usage, "cpu", UINT64_MAX);
        for (int i = 0; i < _METRIC_MAX; i++)
                g_assert_cmpuint(usage->sample.values[i], ==, METRIC_MISSING);
}

static void test_lies(void) {
        g_autoptr(AgentUsage) usage = agent_usage_new(0);

        add(usage, "cpu", 1);
        assert_value_refused(usage, "cpu", 1, "it tells of cpu of the device itself twice");
        assert_value_refused(usage, "resident", METRIC_MISSING,
                             "with the device itself it would have more than 9223372036854775807 "
                             "as resident");
        assert_port_refused(usage, "", "it tells of a port '', which is no name of one");
        assert_port_refused(usage, "p\n0", "it tells of a port 'p 0', which is no name of one");
        assert_port_refused(usage, "0123456789abcdef",
                            "it tells of a port '0123456789abcdef', which is no name of one");
        begin(usage, "p0");
        add(usage, "receive-bytes", AGENT_TOTAL_MAX);
        assert_value_refused(usage, "receive-bytes", 0, "it tells of receive-bytes of p0 twice");
        assert_port_refused(usage, "p0", "it tells of port p0 twice");
        begin(usage, "p1");
        assert_value_refused(
                usage, "receive-bytes", 1,
                "with p1 it would have more than 9223372036854775807 as receive-bytes");
        g_assert_cmpuint(usage->sample.values[METRIC_RECEIVE_BYTES], ==, AGENT_TOTAL_MAX);
}

static void test_too_many(void) {
        g_autoptr(AgentUsage) usage = agent_usage_new(0);

        for (unsigned i = 0; i < AGENT_PORTS_MAX; i++) {
                g_autofree char *port = g_strdup_printf("p%u", i);

                begin(usage, port);
        }
        assert_port_refused(usage, "one-more", "it tells of more than 64 ports");
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add_func("/agent-usage/" name, function)

        g_test_init(&argc, &argv, NULL);
        ADD("what goes through the ports is added up", test_ports_are_added_up);
        ADD("another port is another sum", test_another_port_is_another_shape);
        ADD("what is not known counts for nothing", test_what_is_not_known_counts_for_nothing);
        ADD("a lie is refused, and nothing of it is kept", test_lies);
        ADD("there is an end to how many ports there may be", test_too_many);
        return g_test_run();
}
