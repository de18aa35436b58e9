/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/refusal.h"

#include "daemon/core/refusal-parts.h"

static void write_refusal(Sentence *sentence, const void *subject) {
        const Survey *survey = subject;

        if (survey->count[FIT_POOL_FULL] > 0)
                write_pool_full(sentence, survey);
        else if (survey_is_busy(survey))
                write_busy(sentence, survey);
        else if (survey->count[FIT_EXHAUSTED] > 0)
                write_exhausted(sentence, survey);
        else
                write_wrong_kind(sentence, survey);
}

char *refuse(const Survey *survey) {
        return sentence_write(write_refusal, survey);
}

static void write_undescribed(Sentence *sentence, const void *subject) {
        const Want *want = subject;
        bool mdev = want->device->kind == DOMAIN_DEVICE_MDEV;

        sentence_add(sentence,
                     SENTENCE_WORD " is not described: say its %s in <ferry:need>, or run "
                                   "virtferryd on the host that it comes from",
                     want->name, mdev ? "type" : "vendor and device");
}

char *refuse_undescribed(const Want *want) {
        return sentence_write(write_undescribed, want);
}
