/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/agent-report.h"

#include <string.h>

#include "xml/ferry-error.h"

#define GIB (UINT64_C(1024) * 1024 * 1024)

static const AgentRow host = { "host", "", "host", "host", "", 0, 0, 0 };
static const AgentRow dpu = { "offload:x", "host", "offload", "offload device x", "", 0, 0, 0 };

static void add(AgentReport *report, const AgentRow *row) {
        g_autoptr(GError) error = NULL;

        agent_report_add(report, row, &error);
        g_assert_no_error(error);
}

static void assert_refused(AgentReport *report, const AgentRow *row, const char *expected) {
        g_autoptr(GError) error = NULL;

        g_assert_false(agent_report_add(report, row, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
        g_assert_cmpstr(error->message, ==, expected);
}

static void test_sums(void) {
        static const AgentRow rows[] = {
                { "package:0", "host", "package", "package 0", "CPUs", 4, 0, 0 },
                { "core:0", "package:0", "core", "core 0", "CPUs", 2, 0, 0 },
                { "core:2", "package:0", "core", "core 2", "CPUs", 2, 0, 0 },
                { "node:0", "host", "node", "node 0", "CPUs", 4, 0, 0 },
                { "memory:0", "node:0", "memory", "memory", "bytes", 3 * GIB, GIB, 0 },
                { "memory:0/2048KiB", "node:0", "memory", "pages", "bytes", GIB, 0, 0 },
                { "bandwidth:percent", "host", "bandwidth", "memory bandwidth", "percent", 100, 0,
                  0 },
                { "key:sev", "host", "key", "sev keys", "keys", 15, 0, 0 },
                { "future:0", "host", "future", "of a newer version", "", 7, 0, 0 },
        };
        g_autoptr(AgentReport) report = agent_report_new();

        add(report, &host);
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                add(report, &rows[i]);
        g_assert_cmpuint(report->cores, ==, 2);
        g_assert_cmpuint(report->memory, ==, 4 * GIB);
        g_assert_cmpuint(report->memory_used, ==, GIB);
        g_assert_cmpuint(report->bandwidth, ==, 0);
        g_assert_cmpuint(report->keys, ==, 0);
}

static void test_pools(void) {
        static const AgentRow rows[] = {
                { "offload:x/cores", "offload:x", "core", "cores", "cores", 8, 0, 0 },
                { "offload:x/bandwidth", "offload:x", "bandwidth", "bandwidth", "Mbit/s", 200000, 0,
                  0 },
                { "offload:x/keys", "offload:x", "key", "keys", "keys", 64, 0, 0 },
        };
        g_autoptr(AgentReport) report = agent_report_new();

        add(report, &host);
        add(report, &dpu);
        for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                add(report, &rows[i]);
        g_assert_cmpuint(report->cores, ==, 8);
        g_assert_cmpuint(report->bandwidth, ==, 200000);
        g_assert_cmpuint(report->keys, ==, 64);
}

static void test_more_used_than_there_is(void) {
        static const AgentRow row = { "memory:0", "host", "memory",   "memory",
                                      "bytes",    GIB,    UINT64_MAX, 0 };
        g_autoptr(AgentReport) report = agent_report_new();

        add(report, &host);
        add(report, &row);
        g_assert_cmpuint(report->memory_used, ==, GIB);
}

static void test_lies(void) {
        g_autofree char *word = g_strnfill(AGENT_TEXT_MAX + 1, 'x');
        const struct {
                AgentRow row;
                const char *sentence;
        } cases[] = {
                { { "memory:0", "host", "memory", "memory", "bytes", UINT64_MAX, 0, 0 },
                  "with memory:0 it would have more than 70368744177664 bytes" },
                { { "offload:x/cores", "offload:x", "core", "cores", "cores", 65537, 0, 0 },
                  "with offload:x/cores it would have more than 65536 cores" },
                { { "offload:x/bw", "offload:x", "bandwidth", "bw", "Mbit/s", 100000001, 0, 0 },
                  "with offload:x/bw it would have more than 100000000 Mbit/s" },
                { { "memory:1", "host", "memory", "memory", "by\ntes\033[2J", UINT64_MAX, 0, 0 },
                  "with memory:1 it would have more than 70368744177664 by tes [2J" },
                { { "offload:x/keys", "offload:x", "key", "keys", "keys", UINT64_MAX, 0, 0 },
                  "with offload:x/keys it would have more than 65536 keys" },
                { { "host", "", "host", "host", "", 0, 0, 0 }, "it tells of host twice" },
                { { "core:1", "node:9", "core", "core", "CPUs", 1, 0, 0 },
                  "it tells that core:1 is of 'node:9', of which it has not told" },
                { { "core:1", "core:1", "core", "core", "CPUs", 1, 0, 0 },
                  "it tells that core:1 is of 'core:1', of which it has not told" },
                { { "", "host", "core", "core", "CPUs", 1, 0, 0 },
                  "it tells of a resource '', which is no id" },
                { { "a\nb", "host", "core", "core", "CPUs", 1, 0, 0 },
                  "it tells of a resource 'a b', which is no id" },
                { { "core:1", "host", "core", word, "CPUs", 1, 0, 0 },
                  "it has a word longer than 255 bytes for core:1" },
        };
        g_autoptr(AgentReport) report = agent_report_new();

        add(report, &host);
        add(report, &dpu);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
                assert_refused(report, &cases[i].row, cases[i].sentence);
        g_assert_cmpuint(report->cores + report->memory + report->bandwidth + report->keys, ==, 0);
}

/* Each is within the limit. */
static void test_sums_that_overflow(void) {
        AgentRow row = { "memory:0", "host", "memory", "memory", "bytes", UINT64_C(1) << 45, 0, 0 };
        g_autoptr(AgentReport) report = agent_report_new();

        add(report, &host);
        add(report, &row);
        row.id = "memory:1";
        add(report, &row);
        row.id = "memory:2";
        assert_refused(report, &row, "with memory:2 it would have more than 70368744177664 bytes");
}

static void test_first_is_no_host(void) {
        static const AgentRow row = { "core:0", "host", "core", "core", "CPUs", 1, 0, 0 };
        g_autoptr(AgentReport) report = agent_report_new();

        assert_refused(report, &row, "its first resource is core:0 and not the host");
}

static void test_too_many(void) {
        AgentRow row = { NULL, "host", "cache", "cache", "bytes", 1, 0, 0 };
        g_autoptr(AgentReport) report = agent_report_new();

        add(report, &host);
        for (unsigned i = 1; i < AGENT_ROWS_MAX; i++) {
                g_autofree char *id = g_strdup_printf("cache:%u", i);

                row.id = id;
                add(report, &row);
        }
        row.id = "one-more";
        assert_refused(report, &row, "it tells of more than 4096 resources");
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add_func("/agent-report/" name, function)

        g_test_init(&argc, &argv, NULL);
        ADD("cores and memory are added up, and what is not for sharing is not", test_sums);
        ADD("what the device's own files say is added", test_pools);
        ADD("more used than there is is cut", test_more_used_than_there_is);
        ADD("a lie is refused, and nothing of it is kept", test_lies);
        ADD("sums do not overflow", test_sums_that_overflow);
        ADD("the first resource is the host", test_first_is_no_host);
        ADD("there is an end to how many they may be", test_too_many);
        return g_test_run();
}
