/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/tuning-away.h"

#include <string.h>

#include "daemon/core/tuning-draft.h"

TuningAway *tuning_away_new(const char *affinity, const char *cpus) {
        TuningAway *away = g_new0(TuningAway, 1);

        away->affinity = g_strdup(affinity);
        away->cpus = g_strdup(cpus);
        return away;
}

void tuning_away_free(TuningAway *away) {
        if (!away)
                return;

        g_free(away->affinity);
        g_free(away->cpus);
        g_free(away);
}

/* Where a thread may run -------------------------------------------------------------- */

typedef struct Draft {
        const DomainTuning *now, *had; /* `had` NULL: nothing is known */
        char **kept_off;               /* sets, one of which has been until now; NULL none */
        NumberSet cpus;                /* and from now on */
        char *all;                     /* where whoever has no word may run */
        GString *affinity;
        char *stuck;
        bool moved; /* some thread is not where it could be */
        GPtrArray *steps;
} Draft;

static char *without(const char *text, const NumberSet *cpus) {
        NumberSet set = { 0 }, left;

        (void)number_set_from_text(text, &set);
        left = number_set_without(&set, cpus);
        return number_set_to_text(number_set_count(&left) > 0 ? &left : &set);
}

static bool is_inside(const char *text, const NumberSet *cpus) {
        NumberSet set = { 0 }, left;

        (void)number_set_from_text(text, &set);
        left = number_set_without(&set, cpus);
        return number_set_count(&left) == 0;
}

/* `had`: what is known of the thread, as `pin` of `draft->had`. Where it is where we have put it it
 * had that; else somebody has pinned it since. */
static const char *choose_own(const Draft *draft, const char *had, const char *present) {
        for (char **off = draft->kept_off; had && off && *off; off++) {
                NumberSet cpus = { 0 };
                g_autofree char *put = NULL;

                (void)number_set_from_text(*off, &cpus);
                put = without(had, &cpus);
                if (g_str_equal(put, present))
                        return had;
        }
        return present;
}

/* The set of CPUs that the thread could run on without us; borrowed from the others. */
static const char *add_thread(Draft *draft, TuningKind kind, unsigned number, const char *pin,
                              const char *had_pin) {
        const char *present = pin ?: draft->now->cpuset ?: draft->all, *had = NULL, *own;
        g_autofree char *wanted = NULL;
        TuningStep *step;

        if (draft->had)
                had = had_pin ?: draft->had->cpuset ?: draft->all;
        own = choose_own(draft, had, present);
        wanted = without(own, &draft->cpus);
        draft->moved |= !g_str_equal(own, wanted);
        if (!draft->stuck && is_inside(own, &draft->cpus))
                draft->stuck = g_strdup(own);
        if (g_str_equal(wanted, present))
                return own;

        step = g_new0(TuningStep, 1);
        step->wanted = tuning_new_set(kind, number, wanted);
        step->before = tuning_new_set(kind, number, present);
        g_ptr_array_add(draft->steps, step);
        return own;
}

static const char *pin_of(const DomainTuning *tuning, unsigned vcpu) {
        return tuning && vcpu < tuning->pins->len ? tuning->pins->pdata[vcpu] : NULL;
}

static const char *iothread_pin_of(const DomainTuning *tuning, unsigned id) {
        for (guint i = 0; tuning && i < tuning->iothreads->len; i++) {
                const DomainIoThread *iothread = tuning->iothreads->pdata[i];

                if (iothread->id == id)
                        return iothread->pin;
        }
        return NULL;
}

static void add_threads(Draft *draft) {
        const DomainTuning *now = draft->now, *had = draft->had;
        const char *own;

        for (unsigned i = 0; i < now->vcpus; i++) {
                own = add_thread(draft, TUNE_VCPU_PIN, i, pin_of(now, i), pin_of(had, i));
                g_string_append_printf(draft->affinity, "<vcpupin vcpu='%u' cpuset='%s'/>", i, own);
        }
        for (guint i = 0; i < now->iothreads->len; i++) {
                const DomainIoThread *iothread = now->iothreads->pdata[i];

                own = add_thread(draft, TUNE_IOTHREAD_PIN, iothread->id, iothread->pin,
                                 iothread_pin_of(had, iothread->id));
                g_string_append_printf(draft->affinity, "<iothreadpin iothread='%u' cpuset='%s'/>",
                                       iothread->id, own);
        }
        own = add_thread(draft, TUNE_EMULATOR_PIN, 0, now->emulator, had ? had->emulator : NULL);
        g_string_append_printf(draft->affinity, "<emulatorpin cpuset='%s'/>", own);
}

/* What is kept ------------------------------------------------------------------------ */

static GString *begin_affinity(const DomainTuning *now) {
        GString *text = g_string_new("<domain>");

        g_string_append_printf(text, "<vcpu>%u</vcpu><iothreadids>", now->vcpus_max);
        for (guint i = 0; i < now->iothreads->len; i++)
                g_string_append_printf(text, "<iothread id='%u'/>",
                                       ((DomainIoThread *)now->iothreads->pdata[i])->id);
        g_string_append(text, "</iothreadids><cputune>");
        return text;
}

static TuningAway *end_affinity(GString *text, const NumberSet *cpus, char **kept_off) {
        g_autofree char *off = number_set_to_text(cpus), *both = NULL;

        if (kept_off && !g_str_equal(off, kept_off[0]))
                both = g_strdup_printf("%s %s", off, kept_off[0]);
        g_string_append(text, "</cputune></domain>");
        return tuning_away_new(text->str, both ?: off);
}

void tuning_away_settle(TuningAway *away) {
        char *space = strchr(away->cpus, ' ');

        if (space)
                *space = 0;
}

TuningAway *tuning_away_from_anywhere(const char *xml, const NumberSet *cpus, GError **error) {
        g_autoptr(DomainTuning) now = domain_tuning_from_xml(xml, strlen(xml), error);
        g_autoptr(GString) text = now ? begin_affinity(now) : NULL;

        return text ? end_affinity(text, cpus, NULL) : NULL;
}

static bool read_before(const TuningAway *before, Draft *draft, DomainTuning **ret_had,
                        GError **error) {
        *ret_had = NULL;
        if (!before)
                return true;

        draft->kept_off = g_strsplit(before->cpus, " ", 0);
        *ret_had = domain_tuning_from_xml(before->affinity, strlen(before->affinity), error);
        draft->had = *ret_had;
        return *ret_had;
}

GPtrArray *tuning_plan_away(const char *xml, const TuningAway *before, const NumberSet *cpus,
                            const ResourceMap *map, TuningAway **ret_after, char **ret_stuck,
                            GError **error) {
        g_autoptr(DomainTuning) now = domain_tuning_from_xml(xml, strlen(xml), error), had = NULL;
        g_autofree char *all = tuning_all_cpus(map, NULL);
        g_autoptr(GString) affinity = NULL;
        Draft draft = { .now = now, .cpus = *cpus, .all = all };

        if (!now || !read_before(before, &draft, &had, error)) {
                g_strfreev(draft.kept_off);
                return NULL;
        }

        affinity = draft.affinity = begin_affinity(now);
        draft.steps = tuning_steps_new();
        add_threads(&draft);
        *ret_after = draft.moved ? end_affinity(affinity, cpus, draft.kept_off) : NULL;
        g_strfreev(draft.kept_off);
        *ret_stuck = draft.stuck;
        return draft.steps;
}
