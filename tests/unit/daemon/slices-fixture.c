/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/daemon/slices-fixture.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/advisor-slices.h"
#include "daemon/core/sample.h"
#include "daemon/facts/usage-file.h"
#include "daemon/slices.h"

#define NSEC 1e9

static const char *const uuids[GUESTS] = { GUEST_UUID, OTHER_UUID };
static const char *const names[GUESTS] = { "g1", "g2" };

/* Of libvirt. */
static GQueue questions = G_QUEUE_INIT;

typedef struct Question {
        GuestFinder finder;
        void *asker;
} Question;

static void note_question(void *userdata, const char *domain, GuestFinder finder, void *asker) {
        g_queue_push_tail(&questions, g_memdup2(&(Question){ finder, asker }, sizeof(Question)));
}

void end_all_questions(void) {
        while (!g_queue_is_empty(&questions)) {
                g_autofree Question *question = g_queue_pop_head(&questions);
                g_autoptr(GuestEvent) found = g_new0(GuestEvent, 1);

                found->kind = GUEST_FOUND;
                found->detail = g_strdup("The daemon ends");
                question->finder(question->asker, found);
        }
}

void answer_last(const char *devices) {
        g_autofree Question *question = g_queue_pop_tail(&questions);
        g_autofree char *xml = g_strconcat("<domain><name>g1</name><uuid>" GUEST_UUID "</uuid>"
                                           "<devices>",
                                           devices, "</devices></domain>", NULL);

        question->finder(question->asker, &(GuestEvent){ .kind = GUEST_FOUND,
                                                         .uuid = (char *)GUEST_UUID,
                                                         .name = (char *)"g1",
                                                         .xml = xml,
                                                         .running = true });
}

void slices_use_this_way_alone(Manager *manager) {
        static const AdvisorWay *const ways[] = { &advisor_slices_way, NULL };

        advisor_free(manager->advisor);
        manager->advisor = advisor_new(manager, ways);
}

void slices_set_up(SlicesFixture *s, gconstpointer config) {
        fixture_set_up(&s->f, config);
        fake_root_put(s->f.root, "sys/devices/system/cpu/online", "0-7\n", -1);
        fake_root_put(s->f.root, "proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 8388608 kB\n",
                      -1);
        fixture_connect(&s->f);
        s->f.virt.find = note_question;
        fixture_pass_time(20000 * DAY);
        s->monotonic = 1000 * G_USEC_PER_SEC;
        s->busy = -1;
        slices_use_this_way_alone(s->f.manager);
        send_list(&s->f, uuids[0]);
}

void slices_tear_down(SlicesFixture *s, gconstpointer config) {
        end_all_questions();
        fixture_tear_down(&s->f, config);
        g_free(s->answer); /* which may be that the daemon ends */
        if (s->rtnl)
                fake_rtnl_free(s->rtnl);
}

void run_with(SlicesFixture *s, unsigned g, const char *has, const char *devices,
              const char *metadata) {
        g_autofree char *xml = NULL;

        xml = g_strdup_printf("<domain><name>%s</name><uuid>%s</uuid><metadata><f:domain "
                              "xmlns:f='urn:virtferry:domain:1' version='1'>%s</f:domain>"
                              "</metadata>%s<devices>%s<memballoon model='virtio'/></devices>"
                              "</domain>",
                              names[g], uuids[g], metadata, has, devices);
        send_event(&s->f, GUEST_RUNNING, uuids[g], xml);
}

void run_guest(SlicesFixture *s, unsigned g) {
        run_with(s, g, ROOMY, "", "");
}

void give_saying(SlicesFixture *s, unsigned g, const char *attributes, const char *children) {
        Slices *slices = s->f.manager->slices;
        g_autofree char *xml = g_strconcat("<slice version='1' ", attributes, ">", children,
                                           "</slice>", NULL);
        g_autoptr(SlicePlacement) placement = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(Slice) wish = NULL;

        wish = slice_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        placement = slices_try(slices, uuids[g], wish, &error);
        g_assert_no_error(error);
        slice_book_allocate(slices_book(slices), uuids[g], names[g], wish, 0, NULL, &error);
        g_assert_no_error(error);
        slice_book_enter(slices_book(slices), uuids[g], SLICE_ENFORCED, &error);
        g_assert_no_error(error);
}

void give(SlicesFixture *s, unsigned g, const char *children) {
        give_saying(s, g, "", children);
}

void begin(SlicesFixture *s, const char *children, double cpus, uint64_t used_mib) {
        run_guest(s, 0);
        give(s, 0, children);
        s->cpus[0] = cpus;
        s->used[0] = used_mib * MIB;
}

static GuestSample *sample(SlicesFixture *s, unsigned g) {
        GuestSample *guest = guest_sample_new(uuids[g], names[g]);

        s->cpu_time[g] += s->cpus[g] * 60 * NSEC;
        s->waited[g] += s->delay[g] * 60 * NSEC;
        guest->sample.values[METRIC_CPU] = (uint64_t)s->cpu_time[g];
        guest->sample.values[METRIC_VCPU_DELAY] = (uint64_t)s->waited[g];
        if (s->used[g] > 0)
                guest->sample.values[METRIC_USED] = s->used[g];
        return guest;
}

/* An exporter writes it now. */
static void export_usage(SlicesFixture *s) {
        static const char path[] = USAGE_FILE_FOLDER "/" HERE_MDEV;
        int64_t now = s->f.manager->now() / G_USEC_PER_SEC;
        struct timespec times[2] = { { .tv_sec = now }, { .tv_sec = now } };
        g_autofree char *text = NULL;

        s->busy_time += s->busy * 60;
        text = g_strdup_printf("busy-seconds %.3f\n", s->busy_time);
        fake_root_put(s->f.root, path, text, -1);
        g_assert_cmpint(utimensat(sysfs_root_fd(s->f.manager->sysfs), path, times, 0), ==, 0);
}

void let_pass(SlicesFixture *s, int64_t usec) {
        for (int64_t i = 0; i < usec; i += MINUTE) {
                g_autoptr(GuestEvent) event = g_new0(GuestEvent, 1);

                s->monotonic += MINUTE;
                fixture_pass_time(MINUTE);
                if (s->rtnl)
                        fake_rtnl_count_bytes(s->rtnl, s->pf, 0, 60ul * s->receives * MBIT,
                                              60ul * s->sends * MBIT);
                if (s->busy >= 0)
                        export_usage(s);
                event->kind = GUEST_STATS;
                event->sampled = s->monotonic;
                event->samples = g_ptr_array_new_with_free_func((GDestroyNotify)guest_sample_free);
                for (unsigned g = 0; g < GUESTS; g++)
                        g_ptr_array_add(event->samples, sample(s, g));
                manager_on_guest_event(s->f.manager, event);
        }
}

const GPtrArray *advised(const SlicesFixture *s) {
        return advisor_list(s->f.manager->advisor);
}

void assert_no_advice(const SlicesFixture *s) {
        g_assert_cmpuint(advised(s)->len, ==, 0);
}

const AdvisorDraft *assert_advice(const SlicesFixture *s, const char *kind, const char *reason,
                                  const char *command) {
        const AdvisorDraft *draft;

        g_assert_cmpuint(advised(s)->len, ==, 1);
        draft = ((const AdvisorEntry *)advised(s)->pdata[0])->draft;
        g_assert_cmpstr(draft->kind, ==, kind);
        g_assert_cmpstr(draft->reason, ==, reason);
        g_assert_cmpuint(draft->commands->len, ==, 1);
        g_assert_cmpstr(draft->commands->pdata[0], ==, command);
        return draft;
}

double value_of(const AdvisorDraft *draft, const char *name) {
        for (guint i = 0; i < draft->values->len; i++) {
                const AdvisorValue *value = &g_array_index(draft->values, AdvisorValue, i);

                if (g_str_equal(value->name, name))
                        return value->value;
        }
        return NAN;
}

static void note_answer(void *userdata, const GError *error) {
        SlicesFixture *s = userdata;

        g_free(s->answer);
        s->answer = g_strdup(error ? error->message : "done");
}

void begin_apply(SlicesFixture *s) {
        g_autofree char *id = g_strdup(((const AdvisorEntry *)advised(s)->pdata[0])->id);

        advisor_apply(s->f.manager->advisor, id, note_answer, s);
}
