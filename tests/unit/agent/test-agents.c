/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who is connected to and when, with a clock and connections of the test's own. */

#include "daemon/agents.h"

#include "tests/lib/fake-root.h"

#define POOL   "etc/virtferry/pools.d/dpu.conf"
#define DPU0   "[Resource dpu0]\nParent=0000:3b:00.0\nAgent=root@dpu0\n"
#define SECOND ((int64_t)G_USEC_PER_SEC)

typedef struct Fixture {
        FakeRoot *root;
        Agents *agents;
        AgentOps ops;
        int result;   /* of connect() */
        GString *log; /* what was done and told, a line each */
        GString *usages;
} Fixture;

static int64_t now;

static int64_t get_now(void) {
        return now;
}

static int do_connect(void *userdata, const char *name, const char *destination) {
        Fixture *f = userdata;

        g_string_append_printf(f->log, "connect %s %s\n", name, destination);
        return f->result;
}

static void do_disconnect(void *userdata, const char *name) {
        Fixture *f = userdata;

        g_string_append_printf(f->log, "disconnect %s\n", name);
}

static void on_agent(void *userdata, AgentState before, const AgentEntry *entry) {
        static const char *const words[] = { "connecting", "connected", "away", "gone" };
        Fixture *f = userdata;

        g_string_append_printf(f->log, "%s: %s, was %s\n", entry->name, words[entry->state],
                               words[before]);
}

static void on_usage(void *userdata, const char *name, const AgentUsage *usage, int64_t monotonic) {
        Fixture *f = userdata;

        g_assert_cmpint(monotonic, ==, now);
        if (usage)
                g_string_append_printf(f->usages, "%s %" G_GUINT64_FORMAT "\n", name,
                                       usage->monotonic);
        else
                g_string_append_printf(f->usages, "%s nothing\n", name);
}

static void set_up(Fixture *f, gconstpointer unused) {
        now = 1000 * SECOND;
        f->root = fake_root_new();
        f->log = g_string_new(NULL);
        f->usages = g_string_new(NULL);
        f->ops = (AgentOps){ do_connect, do_disconnect, f };
        f->agents = agents_new(fake_root_sysfs(f->root));
        agents_set_clock(f->agents, get_now);
        agents_set_listener(f->agents, on_agent, f);
        agents_set_usage_listener(f->agents, on_usage, f);
        agents_set_ops(f->agents, &f->ops);
        fake_root_put(f->root, POOL, DPU0, -1);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        agents_free(f->agents);
        g_string_free(f->log, TRUE);
        g_string_free(f->usages, TRUE);
        fake_root_free(f->root);
}

static void assert_log(Fixture *f, const char *expected) {
        g_assert_cmpstr(f->log->str, ==, expected);
        g_string_truncate(f->log, 0);
}

/* As the edge does it. */
static void let_pass(Fixture *f, int64_t time) {
        int64_t end = now + time;

        while (agents_next_time(f->agents) <= end) {
                now = MAX(now, agents_next_time(f->agents));
                agents_on_time(f->agents);
        }
        now = end;
}

static void report(Fixture *f, uint64_t cores) {
        AgentReport *report = agent_report_new();

        report->cores = cores;
        agents_on_report(f->agents, "dpu0", report);
}

static const AgentEntry *entry(const Fixture *f) {
        return agent_book_find(agents_book(f->agents), "dpu0");
}

static void test_connects(Fixture *f, gconstpointer unused) {
        fake_root_put(f->root, "etc/virtferry/pools.d/plain.conf",
                      "[Resource plain]\nParent=0000:5e:00.0\nCores=1\n", -1);
        let_pass(f, 0);
        assert_log(f, "connect dpu0 root@dpu0\n");
        g_assert_cmpint(entry(f)->state, ==, AGENT_CONNECTING);
        report(f, 8);
        assert_log(f, "dpu0: connected, was connecting\n");
        g_assert_cmpuint(entry(f)->report->cores, ==, 8);
        let_pass(f, 100 * SECOND);
        assert_log(f, "");
}

static void test_changes(Fixture *f, gconstpointer unused) {
        let_pass(f, 0);
        report(f, 8);
        assert_log(f, "connect dpu0 root@dpu0\ndpu0: connected, was connecting\n");
        report(f, 8);
        assert_log(f, "");
        report(f, 4);
        assert_log(f, "dpu0: connected, was connected\n");
}

/* 1 + 2 + 4 + 8 + 16 + 32 + 60 + 60 s */
static void test_backs_off(Fixture *f, gconstpointer unused) {
        static const int pauses[] = { 1, 2, 4, 8, 16, 32, 60, 60 };

        let_pass(f, 0);
        assert_log(f, "connect dpu0 root@dpu0\n");
        for (size_t i = 0; i < G_N_ELEMENTS(pauses); i++) {
                agents_on_lost(f->agents, "dpu0", "No route to host");
                assert_log(f, i == 0 ? "dpu0: away, was connecting\n" : "");
                g_assert_cmpstr(entry(f)->reason, ==, "No route to host");
                let_pass(f, pauses[i] * SECOND - 1);
                assert_log(f, "");
                let_pass(f, 1);
                assert_log(f, "connect dpu0 root@dpu0\n");
        }
}

static void lose_after(Fixture *f, int64_t time) {
        report(f, 8);
        let_pass(f, time);
        agents_on_lost(f->agents, "dpu0", "the connection has ended");
        g_string_truncate(f->log, 0);
}

static void test_comes_and_goes(Fixture *f, gconstpointer unused) {
        let_pass(f, 0);
        lose_after(f, SECOND);
        g_assert_null(entry(f)->report);
        let_pass(f, SECOND);
        assert_log(f, "connect dpu0 root@dpu0\n");
        lose_after(f, SECOND);
        let_pass(f, SECOND);
        assert_log(f, "");
        let_pass(f, SECOND);
        assert_log(f, "connect dpu0 root@dpu0\n");
        lose_after(f, AGENTS_STEADY_USEC);
        let_pass(f, SECOND);
        assert_log(f, "connect dpu0 root@dpu0\n");
}

static void test_cannot_connect(Fixture *f, gconstpointer unused) {
        f->result = -EMFILE;
        let_pass(f, 0);
        assert_log(f, "connect dpu0 root@dpu0\ndpu0: away, was connecting\n");
        g_assert_cmpstr(entry(f)->reason, ==, g_strerror(EMFILE));
        f->result = 0;
        let_pass(f, SECOND);
        assert_log(f, "connect dpu0 root@dpu0\n");
}

static void test_file_goes(Fixture *f, gconstpointer unused) {
        let_pass(f, 0);
        g_string_truncate(f->log, 0);
        fake_root_put(f->root, POOL, "", -1);
        let_pass(f, AGENTS_LOOK_USEC);
        assert_log(f, "disconnect dpu0\ndpu0: gone, was connecting\n");
        g_assert_null(entry(f));
        report(f, 8); /* it was on its way */
        agents_on_lost(f->agents, "dpu0", "the connection has ended");
        let_pass(f, 100 * SECOND);
        assert_log(f, "");
}

static void test_destination_changes(Fixture *f, gconstpointer unused) {
        let_pass(f, 0);
        report(f, 8);
        g_string_truncate(f->log, 0);
        fake_root_put(f->root, POOL, "[Resource dpu0]\nParent=0000:3b:00.0\nAgent=root@dpu9\n", -1);
        let_pass(f, AGENTS_LOOK_USEC);
        assert_log(f, "disconnect dpu0\n"
                      "dpu0: connecting, was connected\n"
                      "connect dpu0 root@dpu9\n");
        g_assert_null(entry(f)->report);
        g_assert_cmpint(entry(f)->state, ==, AGENT_CONNECTING);
        g_assert_cmpstr(entry(f)->destination, ==, "root@dpu9");
}

static void use(Fixture *f, const char *name, uint64_t monotonic) {
        g_autoptr(AgentUsage) usage = agent_usage_new(monotonic);

        agents_on_usage(f->agents, name, usage);
}

static void assert_usages(Fixture *f, const char *expected) {
        g_assert_cmpstr(f->usages->str, ==, expected);
        g_string_truncate(f->usages, 0);
}

static void test_usage(Fixture *f, gconstpointer unused) {
        let_pass(f, 0);
        report(f, 8);
        use(f, "dpu0", 7);
        use(f, "dpu9", 7);
        assert_usages(f, "dpu0 7\n");
        agents_on_lost(f->agents, "dpu0", "the connection has ended");
        assert_usages(f, "dpu0 nothing\n");
        let_pass(f, SECOND);
        use(f, "dpu0", 8);
        assert_usages(f, "dpu0 8\n");
        fake_root_put(f->root, POOL, "", -1);
        let_pass(f, AGENTS_LOOK_USEC);
        assert_usages(f, "dpu0 nothing\n");
        use(f, "dpu0", 9);
        assert_usages(f, "");
}

static void test_older(Fixture *f, gconstpointer unused) {
        let_pass(f, 0);
        report(f, 8);
        g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE,
                              "Agent root@dpu0 of offload device dpu0 is of an older virt-ferry*");
        agents_on_usage(f->agents, "dpu0", NULL);
        g_test_assert_expected_messages();
        agents_on_lost(f->agents, "dpu0", "the connection has ended");
        let_pass(f, SECOND);
        report(f, 8);
        g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "nothing before this");
        agents_on_usage(f->agents, "dpu0", NULL);
        g_message("nothing before this");
        g_test_assert_expected_messages();
        g_assert_cmpint(entry(f)->state, ==, AGENT_CONNECTED);
}

static void test_nobody_connects(Fixture *f, gconstpointer unused) {
        agents_set_ops(f->agents, NULL);
        g_assert_cmpint(agents_next_time(f->agents), ==, INT64_MAX);
        agents_on_time(f->agents);
        assert_log(f, "");
}

int main(int argc, char **argv) {
#define ADD(name, function) g_test_add("/agents/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("each file with an agent is one connection", test_connects);
        ADD("more or less is told, and the same is not", test_changes);
        ADD("an agent that stays away is tried less and less often", test_backs_off);
        ADD("an agent that comes and goes is no better than one that is away", test_comes_and_goes);
        ADD("a connection that cannot be made is tried again", test_cannot_connect);
        ADD("an agent whose file has gone is let go, and that is told", test_file_goes);
        ADD("another destination is another connection, and that is told",
            test_destination_changes);
        ADD("what a device uses is told, and when nobody knows it", test_usage);
        ADD("that an agent is too old to tell is said once", test_older);
        ADD("without an edge nobody is connected to", test_nobody_connects);
        return g_test_run();
}
