/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/agents.h"

#include "daemon/core/offload-pool.h"

/* The way to one agent. */
typedef struct Course {
        char *destination;
        int64_t since;    /* of the first answer of this connection; 0 none yet */
        int64_t retry_at; /* 0: it is connected, or about to be */
        int64_t pause;    /* the last one */
        bool wanted;      /* its file is still there */
        bool told_silent; /* that it cannot tell what its device uses */
} Course;

struct Agents {
        Sysfs *sysfs;
        const AgentOps *ops;
        AgentListener listener;
        void *userdata;
        AgentUsageListener usage_listener;
        void *usage_userdata;
        int64_t (*now)(void);
        AgentBook *book;
        GHashTable *courses; /* name → Course */
        int64_t look_at;
};

static void course_free(gpointer p) {
        Course *course = p;

        g_free(course->destination);
        g_free(course);
}

Agents *agents_new(Sysfs *sysfs) {
        Agents *agents = g_new0(Agents, 1);

        agents->sysfs = sysfs;
        agents->now = g_get_monotonic_time;
        agents->book = agent_book_new();
        agents->courses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, course_free);
        return agents;
}

void agents_free(Agents *agents) {
        if (!agents)
                return;

        g_hash_table_unref(agents->courses);
        agent_book_free(agents->book);
        g_free(agents);
}

void agents_set_ops(Agents *agents, const AgentOps *ops) {
        agents->ops = ops;
}

void agents_set_listener(Agents *agents, AgentListener listener, void *userdata) {
        agents->listener = listener;
        agents->userdata = userdata;
}

void agents_set_usage_listener(Agents *agents, AgentUsageListener listener, void *userdata) {
        agents->usage_listener = listener;
        agents->usage_userdata = userdata;
}

void agents_set_clock(Agents *agents, int64_t (*now)(void)) {
        agents->now = now;
}

const AgentBook *agents_book(const Agents *agents) {
        return agents->book;
}

/* What comes ------------------------------------------------------------------------ */

static void tell_of(const Agents *agents, AgentState before, const AgentEntry *entry) {
        if (agents->listener)
                agents->listener(agents->userdata, before, entry);
}

static void tell(const Agents *agents, const char *name, AgentState before) {
        tell_of(agents, before, agent_book_find(agents->book, name));
}

/* What is used comes and goes. */
static bool is_same(const AgentReport *a, const AgentReport *b) {
        return a && a->cores == b->cores && a->memory == b->memory &&
               a->bandwidth == b->bandwidth && a->keys == b->keys;
}

void agents_on_report(Agents *agents, const char *name, AgentReport *report) {
        Course *course = g_hash_table_lookup(agents->courses, name);
        const AgentEntry *entry = agent_book_find(agents->book, name);
        AgentState before;
        bool same;

        if (!course || !entry) {
                agent_report_free(report);
                return;
        }

        if (course->since == 0)
                course->since = agents->now();
        before = entry->state;
        same = is_same(entry->report, report);
        agent_book_note(agents->book, name, report);
        if (!same)
                tell(agents, name, before);
}

static void tell_usage(const Agents *agents, const char *name, const AgentUsage *usage) {
        if (agents->usage_listener)
                agents->usage_listener(agents->usage_userdata, name, usage, agents->now());
}

void agents_on_usage(Agents *agents, const char *name, const AgentUsage *usage) {
        Course *course = g_hash_table_lookup(agents->courses, name);

        if (!course)
                return;

        if (!usage && !course->told_silent)
                g_message("Agent %s of offload device %s is of an older virt-ferry, which does not "
                          "tell what the device uses",
                          course->destination, name);
        course->told_silent = !usage;
        tell_usage(agents, name, usage);
}

/* One that was there for long has earned a quick try; one that comes and goes has not. */
static int64_t choose_pause(const Course *course, int64_t now) {
        if (course->pause == 0 || (course->since > 0 && now - course->since >= AGENTS_STEADY_USEC))
                return AGENTS_PAUSE_MIN;
        return MIN(2 * course->pause, AGENTS_PAUSE_MAX);
}

void agents_on_lost(Agents *agents, const char *name, const char *reason) {
        Course *course = g_hash_table_lookup(agents->courses, name);
        const AgentEntry *entry = agent_book_find(agents->book, name);
        int64_t now = agents->now();
        AgentState before;

        if (!course || !entry)
                return;

        course->pause = choose_pause(course, now);
        course->since = 0;
        course->retry_at = now + course->pause;
        before = entry->state;
        agent_book_note_away(agents->book, name, reason);
        tell_usage(agents, name, NULL);
        if (before != AGENT_AWAY)
                tell(agents, name, before);
}

/* What is done ---------------------------------------------------------------------- */

static void connect_to(Agents *agents, const char *name, Course *course) {
        int r;

        course->retry_at = 0;
        r = agents->ops->connect(agents->ops->userdata, name, course->destination);
        if (r < 0)
                agents_on_lost(agents, name, g_strerror(-r));
}

static Course *begin_course(Agents *agents, const OffloadPool *pool) {
        Course *course = g_new0(Course, 1);

        course->destination = g_strdup(pool->agent);
        course->retry_at = agents->now();
        g_hash_table_replace(agents->courses, g_strdup(pool->name), course);
        agent_book_add(agents->book, pool->name, pool->agent);
        return course;
}

/* What the one before has told is not what the other has. */
static Course *change_course(Agents *agents, const OffloadPool *pool) {
        AgentState before = agent_book_find(agents->book, pool->name)->state;
        Course *course;

        agents->ops->disconnect(agents->ops->userdata, pool->name);
        course = begin_course(agents, pool);
        tell_usage(agents, pool->name, NULL);
        tell(agents, pool->name, before);
        return course;
}

static void want(Agents *agents, const OffloadPool *pool) {
        Course *course = g_hash_table_lookup(agents->courses, pool->name);

        if (!course)
                course = begin_course(agents, pool);
        else if (!g_str_equal(course->destination, pool->agent))
                course = change_course(agents, pool);
        course->wanted = true;
}

static void drop(Agents *agents, const char *name) {
        AgentState before = agent_book_find(agents->book, name)->state;
        g_autoptr(AgentEntry) entry = agent_book_take(agents->book, name);

        agents->ops->disconnect(agents->ops->userdata, name);
        tell_usage(agents, name, NULL);
        tell_of(agents, before, entry);
}

static void drop_unwanted(Agents *agents) {
        GHashTableIter iter;
        void *name, *p;

        g_hash_table_iter_init(&iter, agents->courses);
        while (g_hash_table_iter_next(&iter, &name, &p)) {
                Course *course = p;

                if (course->wanted) {
                        course->wanted = false; /* until the next look */
                        continue;
                }
                drop(agents, name);
                g_hash_table_iter_remove(&iter);
        }
}

/* What is wrong with a file the resource map tells. */
static void look(Agents *agents) {
        g_autoptr(GPtrArray) pools = NULL, problems = NULL;

        offload_pools_load(sysfs_root_fd(agents->sysfs), &pools, &problems);
        for (guint i = 0; i < pools->len; i++) {
                const OffloadPool *pool = pools->pdata[i];

                if (pool->agent)
                        want(agents, pool);
        }
        drop_unwanted(agents);
}

void agents_on_time(Agents *agents) {
        int64_t now = agents->now();
        GHashTableIter iter;
        void *name, *p;

        if (!agents->ops)
                return;

        if (now >= agents->look_at) {
                look(agents);
                agents->look_at = now + AGENTS_LOOK_USEC;
        }

        g_hash_table_iter_init(&iter, agents->courses);
        while (g_hash_table_iter_next(&iter, &name, &p)) {
                Course *course = p;

                if (course->retry_at > 0 && course->retry_at <= now)
                        connect_to(agents, name, course);
        }
}

int64_t agents_next_time(const Agents *agents) {
        int64_t next = agents->look_at;
        GHashTableIter iter;
        void *p;

        if (!agents->ops)
                return INT64_MAX;

        g_hash_table_iter_init(&iter, agents->courses);
        while (g_hash_table_iter_next(&iter, NULL, &p)) {
                const Course *course = p;

                if (course->retry_at > 0)
                        next = MIN(next, course->retry_at);
        }
        return next;
}
