/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advisor-slice-words.h"

#include <inttypes.h>
#include <math.h>

#include "daemon/core/sentence.h"

#define GIB        1073741824.0
#define MIB        1048576.0
#define UNIT_BYTES 5

/* In the largest unit in which it is a whole number. */
static char *memory_text(uint64_t bytes, const char *between) {
        static const char *const units[UNIT_BYTES] = { "B", "KiB", "MiB", "GiB", "TiB" };
        unsigned unit = 0;

        for (; bytes > 0 && bytes % 1024 == 0 && unit + 1 < UNIT_BYTES; unit++)
                bytes /= 1024;
        return g_strdup_printf("%" PRIu64 "%s%s", bytes, between, units[unit]);
}

char *slice_advice_amount(const SlicePart *part, uint64_t amount) {
        if (g_str_equal(part->kind, "memory"))
                return memory_text(amount, "");
        return g_strdup_printf("%" PRIu64, amount);
}

/* "1", "512 MiB", "400": it has been said of what */
static char *plain_text(const SlicePart *part, uint64_t amount) {
        if (g_str_equal(part->kind, "memory"))
                return memory_text(amount, " ");
        return g_strdup_printf("%" PRIu64, amount);
}

/* "1 core", "512 MiB of memory", "400 Mbit/s for nic" */
static char *amount_text(const SlicePart *part, uint64_t amount) {
        g_autofree char *memory = NULL;

        if (g_str_equal(part->kind, "cores"))
                return g_strdup_printf("%" PRIu64 " %s", amount, amount == 1 ? "core" : "cores");
        if (g_str_equal(part->kind, "bandwidth"))
                return g_strdup_printf("%" PRIu64 " Mbit/s for " SENTENCE_WORD, amount,
                                       part->function);
        memory = memory_text(amount, " ");
        return g_strconcat(memory, " of memory", NULL);
}

/* Of what is measured: "1.62 CPUs", "1.4 GiB", "85 Mbit/s", "90% of it" */
static char *measured_text(const SlicePart *part, double value) {
        if (part->type)
                return g_strdup_printf("%.0f%% of it", value / part->unit);
        if (g_str_equal(part->kind, "cores"))
                return g_strdup_printf("%.2f CPUs", value);
        if (g_str_equal(part->kind, "bandwidth"))
                return g_strdup_printf("%.0f Mbit/s", value / part->unit);
        return value < GIB ? g_strdup_printf("%.0f MiB", value / MIB)
                           : g_strdup_printf("%.1f GiB", value / GIB);
}

static void write_rise(Sentence *sentence, const SliceAdvice *advice) {
        g_autofree char *seen = measured_text(advice->part, advice->part->part.seen);
        g_autofree char *ahead = measured_text(advice->part, advice->change->p99);
        unsigned hours = advice->change->hour + 1;

        sentence_add(sentence, "before it needs that: it used up to %s in the last hour", seen);
        if (hours == 1)
                sentence_add(sentence, ", and may use more in the next one");
        else
                sentence_add(sentence, ", and may use more within %u hours", hours);
        sentence_add(sentence, ", up to %s", ahead);
}

static void write_saturation(Sentence *sentence, const SliceAdvice *advice) {
        const PolicySlicePart *part = &advice->part->part;
        g_autofree char *seen = measured_text(advice->part, part->seen);
        g_autofree char *has = measured_text(advice->part, part->has);
        g_autofree char *waits = measured_text(advice->part, part->waits);

        sentence_add(sentence, "since it needs more than can be seen: it used up to %s", seen);
        if (!advice->part->type)
                sentence_add(sentence, " of its %s", has);
        if (part->waits > 0)
                sentence_add(sentence, ", and waited for %s", waits);
}

static void write_type(Sentence *sentence, const SliceAdvice *advice) {
        sentence_add(sentence,
                     SENTENCE_WORD " should have " SENTENCE_WORD " instead of " SENTENCE_WORD
                                   " for its function " SENTENCE_WORD ", ",
                     advice->guest->name, advice->room->type, advice->part->type,
                     advice->part->function);
}

static void write_amounts(Sentence *sentence, const SliceAdvice *advice) {
        const SlicePart *part = advice->part;
        g_autofree char *amount = amount_text(part, advice->room->amount);
        g_autofree char *has = plain_text(part, part->has);

        sentence_add(sentence, SENTENCE_WORD " should have %s instead of %s now, ",
                     advice->guest->name, amount, has);
}

static void write_growth(Sentence *sentence, const SliceAdvice *advice) {
        if (advice->part->type)
                write_type(sentence, advice);
        else
                write_amounts(sentence, advice);
        if (advice->change->reason == POLICY_SLICE_RISES)
                write_rise(sentence, advice);
        else
                write_saturation(sentence, advice);
}

/* A forecast that is not believed is not told. */
static void write_idle_day(Sentence *sentence, const SliceAdvice *advice) {
        g_autofree char *ahead = NULL;

        if (isnan(advice->change->p99)) {
                sentence_add(sentence, ", and was not at its limit");
                return;
        }
        ahead = measured_text(advice->part, advice->change->p99);
        sentence_add(sentence, ", and will use no more than %s in the next", ahead);
}

static void write_given(Sentence *sentence, const SliceAdvice *advice) {
        const SlicePart *part = advice->part;
        g_autofree char *given = amount_text(part, part->has - advice->room->amount);
        g_autofree char *has = plain_text(part, part->has);

        sentence_add(sentence,
                     SENTENCE_WORD " should give %s of its %s back, which others can have then: ",
                     advice->guest->name, given, has);
}

static void write_shrinking(Sentence *sentence, const SliceAdvice *advice) {
        const SlicePart *part = advice->part;
        g_autofree char *seen = measured_text(part, part->part.seen_day);

        if (part->type) {
                write_type(sentence, advice);
                sentence_add(sentence, "and others can have the rest then: ");
        } else {
                write_given(sentence, advice);
        }
        sentence_add(sentence, "it used no more than %s in the last day", seen);
        write_idle_day(sentence, advice);
}

static void write_room(Sentence *sentence, const SliceAdvice *advice) {
        const SlicePart *part = advice->part;
        uint64_t wants = (uint64_t)llround(advice->change->wants / part->unit);
        g_autofree char *wanted = part->type ? g_strdup(advice->room->better)
                                             : plain_text(part, wants);

        if (advice->room->obstacle)
                sentence_add(sentence, "; %s would be better, which it cannot have now", wanted);
        if (advice->room->obstacle && sentence->detailed)
                sentence_add(sentence, " (%s)", advice->room->obstacle);
        if (advice->room->preempted->len == 0)
                return;
        sentence_add(sentence, "; of best effort, ");
        sentence_add_names(sentence, advice->room->preempted);
        sentence_add(sentence, " would have to give way");
}

static void write_sentence(Sentence *sentence, const void *subject) {
        const SliceAdvice *advice = subject;

        if (advice->room->amount > advice->part->has)
                write_growth(sentence, advice);
        else
                write_shrinking(sentence, advice);
        write_room(sentence, advice);
        if (advice->part->type)
                sentence_add(sentence, "; while they are exchanged it is without the function");
}

char *slice_advice_sentence(const SliceAdvice *advice) {
        return sentence_write(write_sentence, advice);
}
