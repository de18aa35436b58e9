/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/place-parts.h"

#include "daemon/core/sentence.h"

typedef struct Subject {
        const Place *place;
        const PlaceVerdict *verdict;
        const PlaceHost *host;
} Subject;

static const struct {
        const char *name, *unit;
} resources[] = {
        [HEADROOM_VFS] = { "VFs", "" },           [HEADROOM_CORES] = { "cores", "" },
        [HEADROOM_MEMORY] = { "memory", " MiB" }, [HEADROOM_LANES] = { "PCIe lanes", "" },
        [HEADROOM_KEYS] = { "keys", "" },         [HEADROOM_BANDWIDTH] = { "bandwidth", " kbit/s" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(resources) == _HEADROOM_RESOURCE_MAX);

static const Want *want_of(const Subject *subject) {
        return subject->place->guest->wants->pdata[subject->verdict->what];
}

static void add_wanted(Sentence *sentence, const Want *want) {
        g_autofree char *ids = want_ids_to_text(want);

        if (want->type)
                sentence_add(sentence, "an mdev of type " SENTENCE_WORD, want->type);
        else if (want->vendor < 0 && want->product < 0)
                sentence_add(sentence, "%s",
                             want->class == &device_class_mdev ? "an mdev" : "a VF");
        else
                sentence_add(sentence, "a VF %s", ids);
}

/* The function that came furthest; NULL: there is none of its class. */
static const PlaceKind *nearest(const Subject *subject, Fit *ret_fit) {
        const PlaceKind *found = NULL;

        *ret_fit = FIT_NO_CANDIDATE;
        for (unsigned i = 0; i < subject->host->n_functions; i++) {
                unsigned kind = subject->host->functions[i].kind;
                Fit fit = place_fit(subject->place, subject->verdict->what, kind);

                if (fit <= *ret_fit)
                        continue;
                *ret_fit = fit;
                found = &subject->place->world->kinds[kind];
        }
        return found;
}

static void add_state(Sentence *sentence, const Want *want, const PlaceKind *kind) {
        CompatFact fact = fit_state_difference(want, kind->fingerprint);
        g_autofree char *there = compat_fact_text(fact, want->state);
        g_autofree char *here = compat_fact_text(fact, kind->fingerprint);

        sentence_add(sentence,
                     SENTENCE_WORD " brings the state of %s " SENTENCE_WORD
                                   ", and there it is " SENTENCE_WORD ": install the same%s",
                     want->name, fit_state_name(fact), there, here,
                     compat_is_minimum(want->rule, fact) ? " or a newer one" : "");
        if (sentence->detailed)
                sentence_add(sentence, ", since %s", want->rule->why);
}

/* The fact by which it is another one, and what it is there. */
static CompatFact fact_of(Fit fit) {
        if (fit == FIT_TYPE)
                return COMPAT_FACT_MDEV_TYPE;
        return fit == FIT_REVISION ? COMPAT_FACT_REVISION : COMPAT_FACT_DRIVER;
}

static void add_other(Sentence *sentence, const Want *want, Fit fit, const PlaceKind *kind) {
        g_autofree char *vendor = compat_fact_text(COMPAT_FACT_VENDOR, kind->fingerprint);
        g_autofree char *device = compat_fact_text(COMPAT_FACT_DEVICE, kind->fingerprint);
        g_autofree char *there = compat_fact_text(fact_of(fit), kind->fingerprint);

        sentence_add(sentence, SENTENCE_WORD " needs ", want->name);
        add_wanted(sentence, want);
        if (fit == FIT_IDS)
                sentence_add(sentence, ", and it offers %s:%s", vendor, device);
        else if (fit == FIT_DRIVER)
                sentence_add(sentence,
                             " of driver " SENTENCE_WORD ", and there it is " SENTENCE_WORD
                             ": install the former",
                             want->driver, there);
        else
                sentence_add(sentence, "%s, and there it is of %s " SENTENCE_WORD,
                             fit == FIT_REVISION ? " of the same revision" : "",
                             fit == FIT_REVISION ? "revision" : "type", there);
}

static void write_kind(Sentence *sentence, const Subject *subject) {
        const Want *want = want_of(subject);
        Fit fit;
        const PlaceKind *kind = nearest(subject, &fit);

        if (kind && fit == FIT_STATE) {
                add_state(sentence, want, kind);
        } else if (kind && fit < FIT_STATE) {
                add_other(sentence, want, fit, kind);
        } else {
                sentence_add(sentence, SENTENCE_WORD " needs ", want->name);
                add_wanted(sentence, want);
                if (fit == FIT_MIGRATION)
                        sentence_add(sentence, " that can migrate, and its driver there cannot");
                else if (fit == FIT_POOL)
                        sentence_add(sentence,
                                     " in pool '" SENTENCE_WORD "', and what fits is in pool "
                                     "'" SENTENCE_WORD "'",
                                     want->pool, kind->pool ?: "default");
                else
                        sentence_add(sentence, ", and it offers none: let it offer some");
        }
}

static void write_software(Sentence *sentence, const Subject *subject) {
        const Want *want = want_of(subject);
        const Version *qemu = &subject->host->qemu, *libvirt = &subject->host->libvirt;
        bool is_qemu = version_is_set(qemu) && version_compare(qemu, &want->rule->qemu_min) < 0;
        char have[VERSION_STRING_MAX], need[VERSION_STRING_MAX];

        sentence_add(
                sentence, SENTENCE_WORD " needs %s %s there, and it has %s: update it", want->name,
                is_qemu ? "QEMU" : "libvirt",
                version_to_string(is_qemu ? &want->rule->qemu_min : &want->rule->libvirt_min, need),
                version_to_string(is_qemu ? qemu : libvirt, have));
}

static void write_busy(Sentence *sentence, const Subject *subject) {
        sentence_add(sentence, SENTENCE_WORD " needs ", want_of(subject)->name);
        add_wanted(sentence, want_of(subject));
        sentence_add(sentence, ", and all that it offers are promised: wait, or let it offer more");
}

static void write_together(Sentence *sentence, const Subject *subject) {
        sentence_add(sentence,
                     "it offers a function for each of the %u that are needed, and not for all at "
                     "once: wait, or let it offer more",
                     subject->place->guest->wants->len);
}

static void write_amount(Sentence *sentence, const Subject *subject) {
        unsigned r = subject->verdict->what;

        sentence_add(sentence,
                     "%" G_GUINT64_FORMAT "%s of %s are needed, and %" G_GUINT64_FORMAT
                     "%s are offered and not promised: ask for less, or let it offer more",
                     subject->place->guest->amounts[r], resources[r].unit, resources[r].name,
                     place_free_amount(&subject->host->amounts[r]), resources[r].unit);
}

static void write_forecast(Sentence *sentence, const Subject *subject) {
        sentence_add(sentence,
                     "little %s is expected to be left there in the worst hour of the day ahead "
                     "(p95 of its forecast): move others away first",
                     resources[subject->verdict->what].name);
}

static void write_fits(Sentence *sentence, const Subject *subject) {
        bool high = subject->verdict->level == HEADROOM_HIGH;

        sentence_add(sentence, "all that is needed is offered");
        if (subject->verdict->left < 100)
                sentence_add(sentence, ", %.0f %% of it stays free where there is least",
                             subject->verdict->left);
        if (high)
                sentence_add(sentence, ", and nothing is expected to be scarce in the day ahead");
        else
                sentence_add(sentence, ", and of %s enough is expected to be left in the day ahead",
                             resources[subject->verdict->what].name);
}

static void write_state(Sentence *sentence, const Subject *subject) {
        const PlaceGuest *guest = subject->place->guest;

        switch (subject->verdict->rule) {
        case PLACE_HERE:
                sentence_add(sentence, SENTENCE_WORD " is there already", guest->name);
                break;
        case PLACE_AWAY:
                sentence_add(sentence, "it is away: nothing is promised of it before it is back");
                break;
        case PLACE_SETTLING:
                sentence_add(sentence,
                             SENTENCE_WORD " settles where it is: wait for %u s before it moves "
                                           "again",
                             guest->name, guest->settles);
                break;
        case PLACE_DRAINED:
                sentence_add(sentence, "it is being emptied: take the drain back, or wait");
                break;
        case PLACE_OFFLOAD:
                sentence_add(sentence, "no offload devices there have offered and not promised all "
                                       "that is needed: ask for less, or let it offer more");
                break;
        default:
                g_assert_not_reached();
        }
}

static void write_verdict(Sentence *sentence, const void *userdata) {
        static void (*const writers[_PLACE_RULE_MAX])(Sentence * sentence,
                                                      const Subject *subject) = {
                [PLACE_HERE] = write_state,        [PLACE_AWAY] = write_state,
                [PLACE_SETTLING] = write_state,    [PLACE_DRAINED] = write_state,
                [PLACE_SOFTWARE] = write_software, [PLACE_KIND] = write_kind,
                [PLACE_BUSY] = write_busy,         [PLACE_TOGETHER] = write_together,
                [PLACE_AMOUNT] = write_amount,     [PLACE_OFFLOAD] = write_state,
                [PLACE_FORECAST] = write_forecast, [PLACE_FITS] = write_fits,
        };
        const Subject *subject = userdata;

        sentence_add(sentence, SENTENCE_WORD ": ", subject->host->name);
        writers[subject->verdict->rule](sentence, subject);
}

char *place_sentence(const Place *place, const PlaceVerdict *verdict) {
        const Subject subject = { place, verdict, &place->world->hosts[verdict->host] };

        return sentence_write(write_verdict, &subject);
}
