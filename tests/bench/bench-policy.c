/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the policy carries, and what a decision costs.
 *
 * 96 guests, 16 slots, a week to learn from and 14 days that count. VIRTFERRY_TRACES names a
 * directory of real series (FILE.csv as `virt-ferry forecast` reads it), which are cut, scaled,
 * shifted and mixed with jobs, bursts and noise; without it they are made up. Peers run in the
 * same replay, with the best of their bars in hindsight. Draws into the file that is its argument.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/series-file.h"
#include "daemon/core/policy.h"
#include "daemon/replay/replay-report.h"
#include "tests/unit/core/made-up-series.h"

#define GUESTS 96
#define SLOTS  16
#define TRAIN  7
#define DAYS   (TRAIN + 14)
#define STEPS  (DAYS * MADE_UP_DAY)
#define SEED   11 /* of the mixture; the policy was tuned on others */
#define MOST   8  /* times the average, of a step */

typedef struct Base {
        unsigned n;
        double values[]; /* around 1 */
} Base;

/* Bases ----------------------------------------------------------------------------------- */

/* What is missing is as the step before it. */
static Base *base_new(const double *values, unsigned n) {
        Base *base = g_malloc0(sizeof(Base) + n * sizeof(double));
        double sum = 0, last = 0;

        base->n = n;
        for (unsigned i = 0; i < n; i++) {
                last = isnan(values[i]) ? last : MAX(values[i], 0);
                base->values[i] = last;
                sum += last;
        }
        for (unsigned i = 0; i < n && sum > 0; i++)
                base->values[i] *= n / sum;
        return base;
}

static Base *made_up_base(unsigned kind) {
        const MadeUpSeries series = {
                .level = 30,
                .daily = kind % 3 == 0 ? 0 : 10.0 * (kind % 3),
                .weekly = kind % 4 == 3 ? 15 : 0,
                .noise = 1 + kind % 5,
                .seed = kind,
        };
        g_autofree double *values = g_new(double, STEPS);

        for (unsigned i = 0; i < STEPS; i++)
                values[i] = made_up_series_value(&series, i);
        return base_new(values, STEPS);
}

static void read_base(GPtrArray *bases, const char *folder, const char *name) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(Series) series = series_read(path, &error);

        if (!series)
                printf("# left out: %s\n", error->message);
        else if (series->step == MADE_UP_STEP)
                g_ptr_array_add(bases, base_new((const double *)(const void *)series->values->data,
                                                series->values->len));
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void read_bases(GPtrArray *bases, const char *folder) {
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GError) error = NULL;
        g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
        const char *name;

        if (!dir) {
                fprintf(stderr, "%s\n", error->message);
                exit(EXIT_FAILURE);
        }
        while ((name = g_dir_read_name(dir)))
                if (g_str_has_suffix(name, ".csv"))
                        g_ptr_array_add(names, g_strdup(name));
        g_ptr_array_sort(names, compare_names);
        for (guint i = 0; i < names->len; i++)
                read_base(bases, folder, names->pdata[i]);
}

/* Guests ---------------------------------------------------------------------------------- */

typedef struct Dice {
        uint32_t seed;
        unsigned n;
} Dice;

static double roll(Dice *dice) {
        return made_up_chance(dice->seed, dice->n++);
}

static double roll_normal(Dice *dice) {
        double radius = sqrt(-2 * log(roll(dice) + 1e-12));

        return radius * cos(2 * G_PI * roll(dice));
}

/* What one guest is made of; sizes are in averages of its base. */
typedef struct Recipe {
        const Base *base;
        unsigned shift;
        double power, scale, noise, received;
        unsigned job_at, job_length; /* steps of each day */
        double job;
        double burst, burst_chance, burst_length;
        double level_chance; /* that it is another one from now on */
} Recipe;

/* One roll after the other: the same for each compiler. */
static Recipe recipe_new(const GPtrArray *bases, Dice *dice) {
        static const double powers[] = { 0.7, 1, 1, 1.5, 2, 3 };
        Recipe recipe = { .base = bases->pdata[(guint)(roll(dice) * bases->len)] };

        recipe.shift = (unsigned)(roll(dice) * STEPS);
        recipe.power = powers[(guint)(roll(dice) * G_N_ELEMENTS(powers))];
        recipe.scale = 1e5 * exp(1.5 * fmin(roll_normal(dice), 2));
        recipe.noise = 0.1 + 0.6 * roll(dice);
        recipe.received = 0.2 + 0.6 * roll(dice);
        if (roll(dice) < 0.6) {
                recipe.job_at = (unsigned)(roll(dice) * MADE_UP_DAY);
                recipe.job_length = (unsigned)(3 + 20 * roll(dice));
                recipe.job = 8 * fmin(exp(1 + 1.2 * roll_normal(dice)), 12);
        }
        if (roll(dice) < 0.8) {
                recipe.burst = 5 * fmin(exp(1 + roll_normal(dice)), 12);
                recipe.burst_chance = 2 * exp(roll_normal(dice)) / MADE_UP_DAY;
                recipe.burst_length = 3 + 12 * roll(dice);
        }
        if (roll(dice) < 0.5)
                recipe.level_chance = 1 / (MADE_UP_DAY * (1.5 + 6 * roll(dice)));
        return recipe;
}

static double noisy(Dice *dice, double value, double noise) {
        return value * exp(noise * roll_normal(dice) - noise * noise / 2);
}

static void cook(ReplayGuest *guest, const Recipe *recipe, Dice *dice) {
        double level = 1;
        unsigned burst = 0;
        bool job = false;

        for (unsigned i = 0; i < STEPS; i++) {
                double own = recipe->base->values[(i + recipe->shift) % recipe->base->n];
                unsigned of_job = (i + MADE_UP_DAY - recipe->job_at) % MADE_UP_DAY;
                double value;

                if (roll(dice) < recipe->level_chance)
                        level = exp(1.2 * roll_normal(dice));
                if (of_job == 0)
                        job = roll(dice) < 0.9;
                if (burst > 0)
                        burst--;
                else if (roll(dice) < recipe->burst_chance)
                        burst = (unsigned)(1 - recipe->burst_length * log(roll(dice) + 1e-9));

                value = level * fmin(pow(own, recipe->power), MOST);
                value += job && of_job < recipe->job_length ? recipe->job : 0;
                value += burst > 0 ? recipe->burst : 0;
                value *= recipe->scale;
                guest->values[REPLAY_RECEIVE][i] = (float)noisy(dice, value * recipe->received,
                                                                recipe->noise);
                guest->values[REPLAY_TRANSMIT][i] = (float)noisy(
                        dice, value * (1 - recipe->received), recipe->noise);
        }
}

static ReplayTrace *mix(const GPtrArray *bases) {
        ReplayTrace *trace = replay_trace_new(MADE_UP_BEGIN, DAYS * 24);

        for (unsigned g = 0; g < GUESTS; g++) {
                g_autofree char *name = g_strdup_printf("guest%02u", g);
                Dice dice = { .seed = 1000 * SEED + g };
                Recipe recipe = recipe_new(bases, &dice);

                cook(replay_trace_add(trace, name), &recipe, &dice);
        }
        return trace;
}

/* Results --------------------------------------------------------------------------------- */

static double msec_now(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The project's one form of a benchmark's result; less is better. */
static bool report(const char *name, double ours, double peer, double bound) {
        printf("bench policy-%s ours %.4f peer %.4f ratio %.3f bound %g\n", name, ours, peer,
               ours / peer, bound);
        return ours / peer <= bound;
}

/* What of the best is not carried, in percent. */
static double lost(const ReplayResult *result, ReplayPlayer player) {
        return 100 - 100 * replay_chosen(result, player)->carried / result->best;
}

static bool report_replay(const ReplayResult *result) {
        double moves = replay_moves_a_day(result, replay_chosen(result, REPLAY_OURS)->moves);
        double peer = MIN(lost(result, REPLAY_REACTIVE), lost(result, REPLAY_SMOOTHED));
        bool good;

        peer = MIN(peer, lost(result, REPLAY_STATIC));
        good = report("lost-percent", lost(result, REPLAY_OURS), peer, 0.9);
        return report("moves-a-day", moves, REPLAY_MOVES, 1) && good;
}

/* A host of 1,000 guests and 64 VFs, in the worst case: nobody is where it should be. */
static bool report_decision(void) {
        enum {
                N_GUESTS = 1000,
                N_SEATS = 64
        };
        const PolicySettings settings = { .mode = POLICY_ACT, .moves = N_SEATS };
        g_autofree PolicyAhead *aheads = g_new0(PolicyAhead, N_GUESTS);
        g_autofree PolicyGuest *guests = g_new0(PolicyGuest, N_GUESTS);
        g_autofree PolicySeat *seats = g_new0(PolicySeat, N_SEATS);
        g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(Policy) policy = policy_new(&settings);
        g_autoptr(GPtrArray) advice = NULL;
        double begin;

        for (unsigned i = 0; i < N_GUESTS; i++) {
                char *name = g_strdup_printf("guest%u", i);

                g_ptr_array_add(names, name);
                for (unsigned hour = 0; hour < POLICY_HOURS; hour++)
                        aheads[i].hours[hour].mean = i * i;
                guests[i] = (PolicyGuest){ .id = name, .name = name };
                guests[i].ahead[METRIC_RECEIVE_BYTES] = &aheads[i];
                guests[i].ahead[METRIC_TRANSMIT_BYTES] = &aheads[i];
                if (i < N_SEATS)
                        seats[i] = (PolicySeat){ .id = name, .guest = name };
        }
        begin = msec_now();
        advice = policy_decide(policy, 0, guests, N_GUESTS, seats, N_SEATS);
        if (advice->len != N_SEATS)
                return false;
        return report("decision-msec", msec_now() - begin, 1000, 1);
}

static bool draw(const ReplayResult *result, const char *path) {
        g_autofree char *svg = replay_to_svg(result);
        g_autoptr(GError) error = NULL;

        if (g_file_set_contents(path, svg, -1, &error))
                return true;
        fprintf(stderr, "%s\n", error->message);
        return false;
}

int main(int argc, char **argv) {
        const char *folder = g_getenv("VIRTFERRY_TRACES");
        g_autoptr(GPtrArray) bases = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(ReplayResult) result = NULL;
        g_autoptr(ReplayTrace) trace = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        double begin = msec_now();
        bool good;

        if (folder)
                read_bases(bases, folder);
        else
                printf("# real series are left out: VIRTFERRY_TRACES names no directory of them\n");
        for (unsigned kind = 0; !folder && kind < 12; kind++)
                g_ptr_array_add(bases, made_up_base(kind));
        if (bases->len == 0) {
                fprintf(stderr, "%s has no series of 5 minutes\n", folder);
                return EXIT_FAILURE;
        }

        trace = mix(bases);
        result = replay_run(trace, SLOTS, TRAIN, &error);
        if (!result) {
                fprintf(stderr, "%s\n", error->message);
                return EXIT_FAILURE;
        }
        text = replay_to_text(result);
        printf("%s", text);
        good = argc < 2 || draw(result, argv[1]);
        good = report_replay(result) && good;
        good = report_decision() && good;
        return report("replay-seconds", (msec_now() - begin) / 1e3, 120, 1) && good ? EXIT_SUCCESS
                                                                                    : EXIT_FAILURE;
}
