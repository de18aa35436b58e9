/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "daemon/core/policy.h"
#include "daemon/replay/replay-course.h"

#define WARM_HOURS 72 /* before it counts: the policy learns how high its bar has to be */

static const Metric metrics[_REPLAY_WAY_MAX] = {
        [REPLAY_RECEIVE] = METRIC_RECEIVE_BYTES,
        [REPLAY_TRANSMIT] = METRIC_TRANSMIT_BYTES,
};

typedef struct Play {
        const ReplayCourse *course;
        Demand **demands;    /* _REPLAY_WAY_MAX a guest */
        PolicyAhead *aheads; /* the same */
        PolicyGuest *guests;
        char **seat_ids;
        PolicySeat *seats;
        bool *seated; /* one a guest */
        Policy *policy;
        DemandBand *bands;
        ReplayScore score;
        GPtrArray *decisions;
} Play;

static const ReplayGuest *guest_at(const Play *play, unsigned g) {
        return play->course->trace->guests->pdata[g];
}

/* Up to the end of the hour. */
static void learn(Play *play, unsigned hour) {
        const ReplayTrace *trace = play->course->trace;

        for (unsigned i = 0; i < play->course->n_guests * _REPLAY_WAY_MAX; i++) {
                const float *values =
                        guest_at(play, i / _REPLAY_WAY_MAX)->values[i % _REPLAY_WAY_MAX];

                for (unsigned s = hour * REPLAY_HOUR; s < (hour + 1) * REPLAY_HOUR; s++)
                        (void)demand_update(play->demands[i],
                                            trace->begin + (int64_t)s * REPLAY_STEP, values[s]);
        }
}

static double average(const float *values) {
        double sum = 0;
        unsigned n = 0;

        for (unsigned i = 0; i < REPLAY_HOUR; i++)
                if (!isnan(values[i])) {
                        sum += values[i];
                        n++;
                }
        return n > 0 ? sum / n : NAN;
}

static void foresee(Play *play, unsigned hour) {
        for (unsigned i = 0; i < play->course->n_guests * _REPLAY_WAY_MAX; i++) {
                unsigned g = i / _REPLAY_WAY_MAX, way = i % _REPLAY_WAY_MAX;
                const float *values = guest_at(play, g)->values[way];
                bool known = demand_forecast(play->demands[i], demand_day(REPLAY_STEP),
                                             play->bands);

                play->guests[g].ahead[metrics[way]] = known ? &play->aheads[i] : NULL;
                if (!known)
                        continue;
                play->aheads[i].seen = average(&values[(hour - 1) * REPLAY_HOUR]);
                policy_ahead_fill(&play->aheads[i], play->bands, REPLAY_STEP);
        }
}

static unsigned find_guest(const Play *play, const char *id) {
        unsigned g = 0;

        while (!g_str_equal(play->guests[g].id, id))
                g++;
        return g;
}

static void note(Play *play, int64_t time, const Advice *advice) {
        g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time);
        g_autofree char *when = g_date_time_format(date, "%Y-%m-%d %H:%M");
        g_autofree char *sentence = advice_to_sentence(advice);

        g_ptr_array_add(play->decisions, g_strdup_printf("%s %s", when, sentence));
}

static void carry_out(Play *play, unsigned hour, int64_t time, const Advice *advice) {
        unsigned s = 0;

        while (!g_str_equal(play->seats[s].id, advice->seat))
                s++;
        if (advice->out.id)
                play->seated[find_guest(play, advice->out.id)] = false;
        play->seats[s].guest = NULL;
        if (advice->in.id) {
                unsigned in = find_guest(play, advice->in.id);

                play->seated[in] = true;
                play->seats[s].guest = play->guests[in].id;
                if (hour >= play->course->begin)
                        replay_course_count_move(play->course, hour, in, &play->score);
        }
        policy_moved(play->policy, time, advice);
        if (hour >= play->course->begin)
                note(play, time, advice);
}

static void decide(Play *play, unsigned hour) {
        int64_t time = play->course->trace->begin + (int64_t)hour * 3600;
        g_autoptr(GPtrArray) advice = NULL;

        foresee(play, hour);
        advice = policy_decide(play->policy, time, play->guests, play->course->n_guests,
                               play->seats, play->course->n_slots);
        for (guint i = 0; i < advice->len; i++)
                carry_out(play, hour, time, advice->pdata[i]);
}

static void sit_down(Play *play, unsigned hour) {
        unsigned s = 0;

        play->seated = replay_course_start(play->course, hour);
        for (unsigned g = 0; g < play->course->n_guests; g++)
                if (play->seated[g])
                        play->seats[s++].guest = play->guests[g].id;
}

static void open_play(Play *play) {
        const PolicySettings settings = {
                .mode = POLICY_ACT,
                .moves = REPLAY_MOVES,
                .settle = POLICY_SETTLE_DEFAULT,
        };
        unsigned n = play->course->n_guests;

        play->policy = policy_new(&settings);
        play->bands = g_new0(DemandBand, demand_day(REPLAY_STEP));
        play->demands = g_new0(Demand *, n * _REPLAY_WAY_MAX);
        play->aheads = g_new0(PolicyAhead, n * _REPLAY_WAY_MAX);
        play->guests = g_new0(PolicyGuest, n);
        play->seats = g_new0(PolicySeat, play->course->n_slots);
        play->seat_ids = g_new0(char *, play->course->n_slots + 1);
        for (unsigned i = 0; i < n * _REPLAY_WAY_MAX; i++)
                play->demands[i] = demand_new(REPLAY_STEP);
        for (unsigned g = 0; g < n; g++) {
                const char *name = guest_at(play, g)->name;

                play->guests[g] =
                        (PolicyGuest){ .id = name, .name = name, .outage = REPLAY_OUTAGE };
        }
        for (unsigned s = 0; s < play->course->n_slots; s++) {
                play->seat_ids[s] = g_strdup_printf("slot %u", s + 1);
                play->seats[s].id = play->seat_ids[s];
        }
}

static void close_play(Play *play) {
        for (unsigned i = 0; i < play->course->n_guests * _REPLAY_WAY_MAX; i++)
                demand_free(play->demands[i]);
        g_free(play->demands);
        g_free(play->aheads);
        g_free(play->guests);
        g_free(play->seats);
        g_strfreev(play->seat_ids);
        g_free(play->seated);
        g_free(play->bands);
        policy_free(play->policy);
}

void replay_ours_run(const ReplayCourse *course, ReplayScores *ret_scores, GPtrArray *decisions) {
        Play play = { .course = course, .decisions = decisions };
        unsigned warm = course->begin - MIN(WARM_HOURS, course->begin / 2);

        open_play(&play);
        sit_down(&play, warm);
        for (unsigned hour = 0; hour < course->end; hour++) {
                if (hour >= warm)
                        decide(&play, hour);
                if (hour >= course->begin)
                        replay_course_count(course, hour, play.seated, &play.score);
                learn(&play, hour);
        }
        play.score.theta = policy_theta(play.policy);
        *ret_scores = (ReplayScores){ .of = { play.score }, .n = 1 };
        close_play(&play);
}
