/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/advice.h"

#include <math.h>

#include "daemon/core/sentence.h"
#include "daemon/core/string-table.h"

static const char *const kind_words[] = {
        [ADVICE_PROMOTE] = "promote",
        [ADVICE_EXCHANGE] = "exchange",
        [ADVICE_DEMOTE] = "demote",
};
G_STATIC_ASSERT(G_N_ELEMENTS(kind_words) == _ADVICE_KIND_MAX);

static const char *const reason_words[] = {
        [ADVICE_GAINS] = "gains", [ADVICE_RISES] = "rises",
        [ADVICE_FALLS] = "falls", [ADVICE_OVERLOADS] = "overloads",
        [ADVICE_IDLES] = "idles", [ADVICE_OPTED_OUT] = "opted-out",
};
G_STATIC_ASSERT(G_N_ELEMENTS(reason_words) == _ADVICE_REASON_MAX);

const char *advice_kind_to_string(AdviceKind kind) {
        return string_table_word(kind_words, _ADVICE_KIND_MAX, kind);
}

AdviceKind advice_kind_from_string(const char *text) {
        return string_table_value(kind_words, _ADVICE_KIND_MAX, text);
}

const char *advice_reason_to_string(AdviceReason reason) {
        return string_table_word(reason_words, _ADVICE_REASON_MAX, reason);
}

AdviceReason advice_reason_from_string(const char *text) {
        return string_table_value(reason_words, _ADVICE_REASON_MAX, text);
}

static void guest_done(AdviceGuest *guest) {
        g_free(guest->id);
        g_free(guest->name);
}

void advice_free(Advice *advice) {
        if (!advice)
                return;

        guest_done(&advice->in);
        guest_done(&advice->out);
        g_free(advice->seat);
        g_free(advice);
}

char *advice_bytes(double bytes) {
        static const char *const units[] = { "kB", "MB", "GB", "TB", "PB" };
        double value = bytes / 1e3;
        unsigned i = 0;

        while (fabs(value) >= 999.5 && i + 1 < G_N_ELEMENTS(units)) {
                value /= 1e3;
                i++;
        }
        return g_strdup_printf(fabs(value) < 9.95 ? "%.1f %s" : "%.0f %s", value, units[i]);
}

/* "g7 had 1.0 MB/s and is expected to have 9.0 MB/s (8.0 MB/s to 12 MB/s)" */
static void write_guest(Sentence *sentence, const AdviceGuest *guest) {
        g_autofree char *seen = advice_bytes(guest->seen), *mean = advice_bytes(guest->mean);
        g_autofree char *p50 = advice_bytes(guest->p50), *p95 = advice_bytes(guest->p95);

        sentence_add(sentence, SENTENCE_WORD, guest->name);
        if (!isnan(guest->seen))
                sentence_add(sentence, " had %s/s and", seen);
        sentence_add(sentence, " is expected to have %s/s", mean);
        if (sentence->detailed)
                sentence_add(sentence, " (%s/s to %s/s)", p50, p95);
}

static void write_reason(Sentence *sentence, const Advice *advice) {
        switch (advice->reason) {
        case ADVICE_GAINS:
                sentence_add(sentence, "since %s", advice->because);
                return;
        case ADVICE_RISES:
                sentence_add(sentence, "before its traffic rises");
                return;
        case ADVICE_FALLS:
                sentence_add(sentence, "since that of " SENTENCE_WORD " falls", advice->out.name);
                return;
        case ADVICE_OVERLOADS:
                sentence_add(sentence, "since the host may not carry what it wants");
                return;
        case ADVICE_IDLES:
                sentence_add(sentence, "since it hardly uses it for hours");
                return;
        case ADVICE_OPTED_OUT:
                sentence_add(sentence, "since it does not want one");
                return;
        case _ADVICE_REASON_MAX:
        case _ADVICE_REASON_INVALID:
                g_assert_not_reached();
        }
}

static void write_demotion(Sentence *sentence, const Advice *advice) {
        sentence_add(sentence, SENTENCE_WORD " should give " SENTENCE_WORD " back, ",
                     advice->out.name, advice->seat);
        write_reason(sentence, advice);
        sentence_add(sentence, ": ");
        write_guest(sentence, &advice->out);
}

static void write_promotion(Sentence *sentence, const Advice *advice) {
        g_autofree char *gain = advice_bytes(advice->gain), *cost = advice_bytes(advice->cost);

        sentence_add(sentence, SENTENCE_WORD " should have " SENTENCE_WORD, advice->in.name,
                     advice->seat);
        if (advice->kind == ADVICE_EXCHANGE)
                sentence_add(sentence, " instead of " SENTENCE_WORD, advice->out.name);
        sentence_add(sentence, " now, ");
        write_reason(sentence, advice);
        sentence_add(sentence, ": ");
        write_guest(sentence, &advice->in);
        if (advice->kind == ADVICE_EXCHANGE) {
                sentence_add(sentence, ", ");
                write_guest(sentence, &advice->out);
        }
        sentence_add(sentence, "; an hour gains %s, and the exchange costs %s", gain, cost);
}

static void write_advice(Sentence *sentence, const void *subject) {
        const Advice *advice = subject;

        if (advice->kind == ADVICE_DEMOTE)
                write_demotion(sentence, advice);
        else
                write_promotion(sentence, advice);
}

char *advice_to_sentence(const Advice *advice) {
        return sentence_write(write_advice, advice);
}
