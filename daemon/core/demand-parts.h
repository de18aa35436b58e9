/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a Demand is made of, and how its files share the work. Private to demand*.c.
 *
 *   demand-past    the samples of four weeks, and what they say by themselves
 *   demand-place   what each expert says of a slot: the likely value
 *   demand-band    how much is above that: the upper quantiles
 *   demand-learn   a sample that comes: scores all, then is part of all
 *   demand-ahead   the bands of the slots ahead
 *   demand-blob    all of it as bytes
 *
 * A slot is a step since the epoch; an origin is the state right before a slot, and a knot is a
 * distance from there at which forecasts are scored. What is not known is NAN.
 */

#include <math.h>

#include "daemon/core/demand-math.h"
#include "daemon/core/demand.h"

#define DEMAND_DAYS            28
#define DEMAND_WEEK            7
#define DEMAND_HOURS           24
#define DEMAND_AGE_MAX(demand) (DEMAND_WEEK * (demand)->day)
#define DEMAND_EVIDENCE        12 /* scores of one that is believed */

/* Upper ones, by the percent below. */
enum {
        TAIL_95,
        TAIL_99,
        _TAIL_MAX,
};

extern const float tail_shares[_TAIL_MAX]; /* of all, that is above */

/* How far ahead: 1 step, 20 minutes, 1, 3, 6, 12 and 24 hours. */
#define KNOTS 7

typedef enum Expert {
        EXPERT_FAST,      /* smoothed over half an hour */
        EXPERT_HOURS,     /* median of 3 hours */
        EXPERT_DAY,       /* median of 24 hours */
        EXPERT_PROFILE,   /* median of this time of 7 days */
        EXPERT_NARROW,    /* of 3 days, and a wider time */
        EXPERT_WEEKLY,    /* of this time of this day in 4 weeks */
        EXPERT_YESTERDAY, /* smoothed a bit */
        EXPERT_RECENT,    /* the profile, and what was beside it of late */
        EXPERT_SEASON,    /* Holt-Winters with a day and a week, as in Taylor 2003 */
        _EXPERT_MAX,
} Expert;

/* What an expert needs to know of an origin, since it changes. */
typedef struct Origin {
        float fast, hours, day;
        float beside;      /* the profile, smoothed over half an hour */
        float level, miss; /* of the season */
        float swing;       /* how much it moves of late */
} Origin;

/* What is known of a slot a day before. */
typedef struct Profile {
        float week, days, weekly; /* as the experts PROFILE, NARROW and WEEKLY */
} Profile;

/* Likely values, to which what they missed is added. */
enum {
        BASE_PLACE, /* all experts, weighted */
        BASE_SEASON,
        BASE_RECENT,
        BASE_YESTERDAY,
        _BASE_MAX,
};

/* Each is a way to an upper quantile. */
enum {
        WAY_FLAT,                           /* base + what it missed, four of these */
        WAY_HOURLY = WAY_FLAT + _BASE_MAX,  /* the same, by how much at that hour */
        WAY_SWING = WAY_HOURLY + _BASE_MAX, /* by how much the series moves of late */
        WAY_RATIO,                          /* place * what it missed */
        WAY_VALUES,                         /* of the last values, with a half-life of a day */
        WAY_HOUR,                           /* of the values at that hour */
        _WAY_MAX,
};

typedef struct Knot {
        Average loss[_EXPERT_MAX];   /* of the likely value */
        Average bias[_EXPERT_MAX];   /* of the mean */
        Average square[_EXPERT_MAX]; /* loss of the mean */
        Average scale[_BASE_MAX];
        Average hour_scale[_BASE_MAX][DEMAND_HOURS];
        Histogram flat[_BASE_MAX], hourly[_BASE_MAX], swing, ratio;
        Average pinball[_TAIL_MAX][_WAY_MAX];
        float offset[_TAIL_MAX]; /* in scales of BASE_PLACE: brings the share above to its goal */
} Knot;

/* Quantiles of the values themselves. */
typedef struct Tails {
        float of[_TAIL_MAX];
} Tails;

/* Everything behind `n_known` is floats: demand-blob.c. */
struct Demand {
        unsigned step, day;     /* seconds; slots a day */
        unsigned ahead[KNOTS];  /* in slots */
        unsigned issued[KNOTS]; /* where those of a knot begin in `issues` */
        unsigned n_issues;
        int64_t next;     /* slot */
        unsigned age;     /* slots since the last known sample, DEMAND_AGE_MAX at most */
        unsigned n_known; /* samples */

        Origin now;
        float weight; /* of what is added to histograms: grows, instead of that all shrink */
        Tails values, hours[DEMAND_HOURS];
        Knot knots[KNOTS];
        float *samples;     /* DEMAND_DAYS * day */
        Origin *origins;    /* day: those of the last day */
        Profile *profiles;  /* day: those of the day ahead */
        float *day_season;  /* day */
        float *week_season; /* DEMAND_WEEK * day */
        Tails *issues;      /* what was forecast for a knot, until it comes */
        float block[];      /* of the six above */
};

/* From 0 also for what is before the epoch. */
static inline unsigned slot_modulo(int64_t slot, unsigned n) {
        return (unsigned)((slot % n + n) % n);
}

unsigned slot_hour(const Demand *demand, int64_t slot); /* of the day, in UTC */

/* demand-past.c ---------------------------------------------------------------------------- */

float past_at(const Demand *demand, int64_t slot);
float past_median(const Demand *demand, unsigned n); /* of the last `n` slots, a day's at most */
float past_yesterday(const Demand *demand, int64_t slot); /* a bit smoothed */
/* NAN: missing. The next slot is the one after it. */
void past_learn(Demand *demand, float value);

/* demand-place.c --------------------------------------------------------------------------- */

typedef struct Opinions {
        float of[_EXPERT_MAX];
} Opinions;

/* How much each expert counts at a knot. */
typedef struct PlaceSheet {
        float place[_EXPERT_MAX], mean[_EXPERT_MAX];
} PlaceSheet;

/* (best / loss)^power, 0 without evidence. */
void losses_weigh(const Average *losses, unsigned n, int power, float *ret_weights);

Opinions place_opinions(const Demand *demand, const Origin *origin, int64_t slot, unsigned ahead);
void place_sheet(const Knot *knot, PlaceSheet *ret_sheet);
float place_value(const PlaceSheet *sheet, const Opinions *opinions);
float place_mean(const PlaceSheet *sheet, const Knot *knot, const Opinions *opinions);
void place_score(Demand *demand, unsigned k, const Opinions *opinions, float value);
/* The next slot is that of `value`. */
void place_learn(Demand *demand, float value);

/* demand-band.c ---------------------------------------------------------------------------- */

/* What a knot says of a tail, for any slot. */
typedef struct BandSheet {
        float flat[_BASE_MAX], hourly[_BASE_MAX], swing, ratio;
        float weights[_WAY_MAX];
} BandSheet;

/* A slot, seen from an origin. */
typedef struct View {
        const Origin *origin;
        int64_t slot;
        float bases[_BASE_MAX];
} View;

void band_sheet(const Knot *knot, int tail, BandSheet *ret_sheet);
bool band_sheet_is_known(const BandSheet *sheet);
float band_tail(const Demand *demand, const Knot *knot, const BandSheet *sheet, const View *view,
                int tail);
/* `sheets`: one a tail. The next slot is that of `value` and `view`. */
void band_score(Demand *demand, unsigned k, const BandSheet *sheets, const View *view, float value);

/* demand-ahead.c --------------------------------------------------------------------------- */

/* All weights and quantiles of a moment. */
typedef struct Sheet {
        PlaceSheet place[KNOTS];
        BandSheet band[KNOTS][_TAIL_MAX];
} Sheet;

void sheet_fill(const Demand *demand, Sheet *ret_sheet);
View view_at(const Demand *demand, const Sheet *sheet, unsigned k, const Origin *origin,
             const Opinions *opinions, int64_t slot);
/* By what one knot knows; NAN where it does not. */
DemandBand band_by_knot(const Demand *demand, const Sheet *sheet, unsigned k, int64_t slot,
                        unsigned ahead);
