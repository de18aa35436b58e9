/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/refusal-parts.h"

/* What the host has instead. */
typedef char *(*Word)(const Fingerprint *fingerprint, const char *mdev_type);

static char *type_word(const Fingerprint *fingerprint, const char *mdev_type) {
        return g_strdup(mdev_type);
}

static char *ids_word(const Fingerprint *fingerprint, const char *mdev_type) {
        if (fingerprint->vendor < 0 || fingerprint->device < 0)
                return g_strdup("devices without ids");
        return g_strdup_printf("%04x:%04x", fingerprint->vendor, fingerprint->device);
}

static char *revision_word(const Fingerprint *fingerprint, const char *mdev_type) {
        return g_strdup_printf("0x%02x", fingerprint->revision);
}

static char *driver_word(const Fingerprint *fingerprint, const char *mdev_type) {
        return g_strdup(fingerprint->driver);
}

static char *subsystem_word(const Fingerprint *fingerprint, const char *mdev_type) {
        return compat_fact_text(COMPAT_FACT_SUBSYSTEM, fingerprint);
}

static char *driver_version_word(const Fingerprint *fingerprint, const char *mdev_type) {
        return compat_fact_text(COMPAT_FACT_DRIVER_VERSION, fingerprint);
}

static char *firmware_word(const Fingerprint *fingerprint, const char *mdev_type) {
        return compat_fact_text(COMPAT_FACT_FIRMWARE, fingerprint);
}

static void collect_made(GPtrArray *words, const Want *want, const Device *device, Fit fit,
                         Word word) {
        const Fingerprint *fingerprint = device->fingerprint;
        const char *type = fingerprint->mdev_type;

        if (device->role == DEVICE_ROLE_FUNCTION &&
            fit_kind(want, fingerprint, type, fingerprint->vfio_caps) == fit)
                sentence_collect(words, word(fingerprint, type));
}

static void collect_offered(GPtrArray *words, const Want *want, const Device *device, Fit fit,
                            Word word) {
        const Fingerprint *fingerprint = device->fingerprint;
        const char *type;

        for (guint i = 0; device->types && i < device->types->len; i++) {
                type = ((const MdevType *)device->types->pdata[i])->id;
                if (fit_kind(want, fingerprint, type, VFIO_CAPS_UNKNOWN) == fit)
                        sentence_collect(words, word(fingerprint, type));
        }
}

/* Of all devices that are there and break this rule, and of those that could be made. */
static GPtrArray *collect(const Survey *survey, Fit fit, Word word, bool offered) {
        g_autoptr(GPtrArray) devices = inventory_list(usage_inventory(survey->usage));
        GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (device->class != survey->want->class)
                        continue;
                collect_made(words, survey->want, device, fit, word);
                if (offered)
                        collect_offered(words, survey->want, device, fit, word);
        }
        return words;
}

static void add_words(Sentence *sentence, const Survey *survey, Fit fit, Word word) {
        g_autoptr(GPtrArray) words = collect(survey, fit, word, true);

        sentence_add_names(sentence, words);
}

void add_other_types(Sentence *sentence, const Survey *survey) {
        g_autoptr(GPtrArray) types = collect(survey, FIT_TYPE, type_word, false);

        if (types->len == 0)
                return;
        sentence_add(sentence, ", this host has only ");
        sentence_add_names(sentence, types);
}

static void begin(Sentence *sentence, const Survey *survey) {
        g_autofree char *what = want_to_text(survey->want);

        sentence_add(sentence, SENTENCE_WORD " needs %s", survey->want->name, what);
}

static bool wants_mdev(const Survey *survey) {
        return survey->want->device->kind == DOMAIN_DEVICE_MDEV;
}

static void write_pool(Sentence *sentence, const Survey *survey) {
        begin(sentence, survey);
        sentence_add(sentence,
                     " in pool '" SENTENCE_WORD "', and what fits is in pool '" SENTENCE_WORD
                     "': change the pool in its <ferry:need>, or the pools in virtferry.conf",
                     survey->want->pool, survey->pool[FIT_POOL]->name);
}

static void write_migration(Sentence *sentence, const Survey *survey) {
        sentence_add(sentence, SENTENCE_WORD " must be able to migrate, and driver ",
                     survey->want->name);
        sentence_add(sentence, SENTENCE_WORD,
                     survey->first[FIT_MIGRATION]->fingerprint->driver ?: "of this type");
        sentence_add(sentence,
                     " on this host has no migration support: choose a host whose driver "
                     "has it%s",
                     survey->want->operator_says_migrate
                             ? ", or do not ask for it in its <ferry:need>"
                             : "");
}

static void write_driver(Sentence *sentence, const Survey *survey) {
        const char *driver = survey->want->driver;

        sentence_add(sentence,
                     SENTENCE_WORD " brings the state of driver " SENTENCE_WORD
                                   ", and this host has ",
                     survey->want->name, driver);
        add_words(sentence, survey, FIT_DRIVER, driver_word);
        sentence_add(sentence,
                     " for such devices: install " SENTENCE_WORD ", or choose another host",
                     driver);
}

static Word state_word(CompatFact fact) {
        if (fact == COMPAT_FACT_SUBSYSTEM)
                return subsystem_word;
        return fact == COMPAT_FACT_FIRMWARE ? firmware_word : driver_version_word;
}

static void write_state(Sentence *sentence, const Survey *survey) {
        const Want *want = survey->want;
        CompatFact fact = fit_state_difference(want, survey->first[FIT_STATE]->fingerprint);
        const char *name = fit_state_name(fact);
        g_autofree char *there = compat_fact_text(fact, want->state);

        sentence_add(sentence,
                     SENTENCE_WORD " brings the state of %s " SENTENCE_WORD ", and this host has ",
                     want->name, name, there);
        add_words(sentence, survey, FIT_STATE, state_word(fact));
        sentence_add(sentence, ": choose a host with the same%s",
                     compat_is_minimum(want->rule, fact) ? " or a newer one" : "");
        if (sentence->detailed)
                sentence_add(sentence, ", since %s", want->rule->why);
}

static void write_revision(Sentence *sentence, const Survey *survey) {
        begin(sentence, survey);
        sentence_add(sentence, " of revision 0x%02x, and this host has revision ",
                     (unsigned)survey->want->revision);
        add_words(sentence, survey, FIT_REVISION, revision_word);
        sentence_add(sentence, ", which QEMU does not give its state to: choose another host");
}

static void write_ids(Sentence *sentence, const Survey *survey) {
        g_autofree char *ids = want_ids_to_text(survey->want);

        begin(sentence, survey);
        if (wants_mdev(survey))
                sentence_add(sentence, " on %s, and this host makes it on ", ids);
        else
                sentence_add(sentence, ", and this host has only ");
        add_words(sentence, survey, FIT_IDS, ids_word);
        sentence_add(sentence, ": choose a host that has %s", ids);
}

static void write_type(Sentence *sentence, const Survey *survey) {
        const char *type = survey->want->type;

        begin(sentence, survey);
        sentence_add(sentence, ", and this host makes only ");
        add_words(sentence, survey, FIT_TYPE, type_word);
        sentence_add(sentence,
                     ": load or configure a parent that offers " SENTENCE_WORD
                     ", or choose another host",
                     type);
}

static const Device *find_parent(const Survey *survey) {
        g_autoptr(GPtrArray) devices = inventory_list(usage_inventory(survey->usage));

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];

                if (device->class == survey->want->class && device->role == DEVICE_ROLE_PARENT)
                        return device;
        }
        return NULL;
}

static void write_nothing(Sentence *sentence, const Survey *survey) {
        const Device *parent = find_parent(survey);

        begin(sentence, survey);
        if (wants_mdev(survey))
                sentence_add(sentence,
                             ", and no driver on this host makes mdevs: load one that offers "
                             "the type, or choose another host");
        else if (parent)
                sentence_add(sentence,
                             ", and this host has made no VFs: write a number to sriov_numvfs of "
                             "%s, or choose another host",
                             parent->id);
        else
                sentence_add(sentence, ", and this host has no device with SR-IOV: choose another "
                                       "host");
}

void write_wrong_kind(Sentence *sentence, const Survey *survey) {
        static const struct {
                Fit fit;
                void (*write)(Sentence *sentence, const Survey *survey);
        } writers[] = {
                { FIT_POOL, write_pool },         { FIT_MIGRATION, write_migration },
                { FIT_STATE, write_state },       { FIT_DRIVER, write_driver },
                { FIT_REVISION, write_revision }, { FIT_IDS, write_ids },
                { FIT_TYPE, write_type },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(writers); i++)
                if (survey->count[writers[i].fit] > 0) {
                        writers[i].write(sentence, survey);
                        return;
                }
        write_nothing(sentence, survey);
}
