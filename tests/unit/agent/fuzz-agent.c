/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All that an agent may send, from its first byte on: the host keeps to its limits, and ends with a
 * report, with a loss that has a reason, or waiting. */

#include <sys/socket.h>
#include <unistd.h>

#include "daemon/core/offload-pool.h"
#include "daemon/edges/agent-link.h"
#include "tests/fuzz/fuzz.h"

#define NEVER (3600 * UINT64_C(1000000))

typedef struct Host {
        AgentLink *link;
        bool lost;
} Host;

static void on_report(void *userdata, AgentReport *report) {
        g_assert_cmpuint(report->cores, <=, OFFLOAD_CORES_MAX);
        g_assert_cmpuint(report->memory, <=, (uint64_t)OFFLOAD_MEMORY_MAX_MIB << 20);
        g_assert_cmpuint(report->memory_used, <=, report->memory);
        g_assert_cmpuint(report->bandwidth, <=, OFFLOAD_BANDWIDTH_MAX);
        g_assert_cmpuint(report->keys, <=, OFFLOAD_KEYS_MAX);
        g_assert_cmpuint(g_hash_table_size(report->ids), <=, AGENT_ROWS_MAX);
        agent_report_free(report);
}

static void on_usage(void *userdata, AgentUsage *usage) {
        if (!usage)
                return;

        for (int i = 0; i < _METRIC_MAX; i++)
                g_assert_true(usage->sample.values[i] <= AGENT_TOTAL_MAX ||
                              usage->sample.values[i] == METRIC_MISSING);
        g_assert_cmpuint(g_hash_table_size(usage->ports), <=, AGENT_PORTS_MAX);
        agent_usage_free(usage);
}

static void on_lost(void *userdata, const char *reason) {
        Host *host = userdata;

        g_assert_false(host->lost);
        g_assert_true(g_utf8_validate(reason, -1, NULL));
        g_assert_null(strpbrk(reason, "\r\n"));
        g_assert_cmpuint(strlen(reason), <, 1024);
        host->lost = true;
        g_clear_pointer(&host->link, agent_link_free);
}

static void serve(sd_event *loop, const Host *host) {
        while (host->link && sd_event_run(loop, 0) > 0)
                ;
}

/* As much as there is room for at a time. */
static void send_all(sd_event *loop, const Host *host, int fd, const uint8_t *data, size_t size) {
        for (size_t sent = 0; host->link && sent < size;) {
                ssize_t n = send(fd, data + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (n > 0)
                        sent += (size_t)n;
                serve(loop, host);
        }
}

/* What has come along with the last line of a handshake sd-bus reads with the next byte only. */
static size_t measure_line(const uint8_t *data, size_t size) {
        const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;

        return end ? (size_t)(end - data) + 1 : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const AgentLinkListener listener = { on_report, on_lost, on_usage };
        static const AgentPatience patience = { NEVER, NEVER, NEVER, NEVER };
        size_t line = measure_line(data, size);
        Host host = { 0 };
        sd_event *loop;
        int ends[2];

        g_assert_cmpint(sd_event_new(&loop), >=, 0);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
        g_assert_cmpint(agent_link_new(loop, ends[0], &patience, &listener, &host, &host.link), >=,
                        0);
        serve(loop, &host);
        send_all(loop, &host, ends[1], data, line);
        send_all(loop, &host, ends[1], data + line, size - line);
        serve(loop, &host);
        agent_link_free(host.link);
        (void)close(ends[1]);
        sd_event_unref(loop);
        return 0;
}
