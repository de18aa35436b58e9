/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/strategy.h"

#include "daemon/core/fit.h"
#include "daemon/core/sentence.h"
#include "daemon/core/string-table.h"
#include "xml/ferry-error.h"

static const char *const words[] = {
        [STRATEGY_LIVE] = "live",         [STRATEGY_VFIO] = "vfio",
        [STRATEGY_FAILOVER] = "failover", [STRATEGY_MEDIATED] = "mediated",
        [STRATEGY_REPLUG] = "replug",     [STRATEGY_COLD] = "cold",
};
G_STATIC_ASSERT(G_N_ELEMENTS(words) == _STRATEGY_MAX);

const char *strategy_to_string(Strategy strategy) {
        return string_table_word(words, _STRATEGY_MAX, strategy);
}

Strategy strategy_from_string(const char *text) {
        return (Strategy)string_table_value(words, _STRATEGY_MAX, text);
}

void strategy_choice_done(StrategyChoice *choice) {
        g_free(choice->why);
        if (choice->unplugged)
                g_ptr_array_unref(choice->unplugged);
}

/* What the guest's devices are. */
typedef struct Picture {
        const Domain *domain;
        const Inventory *inventory;
        unsigned devices;
        unsigned transient;
        unsigned with_precopy;
        GPtrArray *stuck;   /* DomainDevice: can neither migrate nor does QEMU unplug it */
        GPtrArray *staying; /* DomainDevice: the others that are not transient */
        bool unplugged;     /* one is so already */
        Strategy of_a_team;
} Picture;

static void picture_done(Picture *picture) {
        g_ptr_array_unref(picture->stuck);
        g_ptr_array_unref(picture->staying);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Picture, picture_done)

/* Of this host now, else as it was seen when the guest had just got it. */
static const Fingerprint *fingerprint_of(const Picture *picture, const DomainDevice *device) {
        const Device *found = inventory_find(picture->inventory, device->source);
        const Metadata *metadata = picture->domain->metadata;
        const MetadataDevice *entry = NULL;

        if (metadata)
                entry = metadata_find(metadata, device->address, device->alias);
        if (entry && entry->seen && (!found || found->fingerprint->vfio_caps == VFIO_CAPS_UNKNOWN))
                return entry->seen;
        return found ? found->fingerprint : NULL;
}

/* What nobody could ask may migrate: QEMU will say. */
static bool is_stuck(const Fingerprint *fingerprint) {
        return fingerprint && fingerprint->vfio_caps != VFIO_CAPS_UNKNOWN &&
               !fit_can_migrate(fingerprint->vfio_caps);
}

static bool has_precopy(const Fingerprint *fingerprint) {
        return fingerprint && fingerprint->vfio_caps != VFIO_CAPS_UNKNOWN &&
               (fingerprint->vfio_caps & VFIO_CAP_PRE_COPY);
}

static void look_at(Picture *picture, DomainDevice *device) {
        const Fingerprint *fingerprint = fingerprint_of(picture, device);

        picture->devices++;
        if (device->unplugged) {
                picture->unplugged = true;
                return;
        }
        if (device->transient) {
                picture->transient++;
                return;
        }

        if (has_precopy(fingerprint))
                picture->with_precopy++;
        g_ptr_array_add(is_stuck(fingerprint) ? picture->stuck : picture->staying, device);
}

static Picture look(const Domain *domain, const Inventory *inventory) {
        Picture picture = { .domain = domain,
                            .inventory = inventory,
                            .of_a_team = inventory_mediates(inventory) ? STRATEGY_MEDIATED
                                                                       : STRATEGY_FAILOVER,
                            .stuck = g_ptr_array_new(),
                            .staying = g_ptr_array_new() };

        for (guint i = 0; i < domain->devices->len; i++)
                look_at(&picture, domain->devices->pdata[i]);
        return picture;
}

static Strategy best(const Picture *picture) {
        if (picture->devices == 0)
                return STRATEGY_LIVE;
        if (picture->stuck->len > 0 || picture->unplugged)
                return STRATEGY_REPLUG;
        return picture->transient > 0 ? picture->of_a_team : STRATEGY_VFIO;
}

/* The reasons ---------------------------------------------------------------------- */

static const char *driver_of(const Picture *picture, const DomainDevice *device) {
        const Fingerprint *fingerprint = fingerprint_of(picture, device);

        return fingerprint && fingerprint->driver ? fingerprint->driver : "not known";
}

typedef struct Unplugging {
        const Picture *picture;
        const GPtrArray *devices;
} Unplugging;

static void write_name(Sentence *sentence, const Picture *picture, const DomainDevice *device) {
        g_autofree char *name = domain_device_name(picture->domain, device);

        sentence_add(sentence, SENTENCE_WORD, name);
        if (sentence->detailed)
                sentence_add(sentence, " (%s, driver " SENTENCE_WORD ")", device->source,
                             driver_of(picture, device));
}

static void write_unplugging(Sentence *sentence, const void *subject) {
        const Unplugging *unplugging = subject;
        const GPtrArray *devices = unplugging->devices;
        const Picture *picture = unplugging->picture;
        bool one = devices->len == 1;

        for (guint i = 0; i < devices->len; i++) {
                if (i > 0)
                        sentence_add(sentence, i + 1 == devices->len ? " and " : ", ");
                write_name(sentence, picture, devices->pdata[i]);
        }

        sentence_add(sentence, one ? " is" : " are");
        sentence_add(sentence, " unplugged while it moves");
        if (picture->stuck->len == devices->len)
                sentence_add(sentence, one ? ", since its driver has no migration support"
                                           : ", since their drivers have no migration support");
        sentence_add(sentence, ": the guest is without %s from then until it has arrived",
                     one ? "it" : "them");
}

static char *why_replug(const Picture *picture, const GPtrArray *devices) {
        Unplugging unplugging = { picture, devices };

        if (devices->len == 0)
                return g_strdup("a device of it is unplugged already, and is plugged in where it "
                                "arrives");
        return sentence_write(write_unplugging, &unplugging);
}

static char *why(const Picture *picture, Strategy strategy, const GPtrArray *unplugged) {
        switch (strategy) {
        case STRATEGY_LIVE:
                return g_strdup("it has no passthrough device");
        case STRATEGY_VFIO:
                if (picture->with_precopy == picture->devices)
                        return g_strdup("its devices carry their state, most of it while it runs");
                return g_strdup("its devices carry their state, once it is paused");
        case STRATEGY_FAILOVER:
                return g_strdup_printf("%u of its devices %s unplugged while it moves, and the "
                                       "virtio half of the team carries the traffic",
                                       picture->transient, picture->transient == 1 ? "is" : "are");
        case STRATEGY_MEDIATED:
                return g_strdup_printf("%u of its devices %s unplugged while it moves, the virtio "
                                       "half of the team carries the traffic, and both hosts see "
                                       "that little of it is lost",
                                       picture->transient, picture->transient == 1 ? "is" : "are");
        case STRATEGY_REPLUG:
                return why_replug(picture, unplugged);
        case STRATEGY_COLD:
                return g_strdup("it is shut down here and started there, and nobody has it in "
                                "between");
        case _STRATEGY_MAX:
        case _STRATEGY_INVALID:
                break;
        }
        g_assert_not_reached();
}

/* The choice ----------------------------------------------------------------------- */

static bool refuse_stuck(const Picture *picture, const char *wish, GError **error) {
        const DomainDevice *stuck = picture->stuck->pdata[0];
        g_autofree char *name = domain_device_name(picture->domain, stuck);

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                    "%s (%s) cannot come along with strategy %s, since driver %s has no migration "
                    "support: leave the choice to 'auto', which unplugs it for the move",
                    name, stuck->source, wish, driver_of(picture, stuck));
        return false;
}

static bool is_possible(const Picture *picture, Strategy wanted) {
        if (wanted == STRATEGY_REPLUG && picture->staying->len > 0)
                return true; /* a device that could migrate is unplugged all the same */
        return wanted == STRATEGY_COLD || wanted == best(picture);
}

static bool check_wish(const Picture *picture, const char *wish, Strategy wanted, GError **error) {
        if (is_possible(picture, wanted))
                return true;

        if (wanted < 0)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "Strategy '%.32s' is not one of auto, live, vfio, failover, mediated, "
                            "replug and "
                            "cold",
                            wish);
        else if (wanted != STRATEGY_LIVE && picture->stuck->len > 0)
                (void)refuse_stuck(picture, wish, error);
        else
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                            "Strategy %s is not possible with the devices of this guest, %s is: "
                            "leave the choice to 'auto'",
                            wish, strategy_to_string(best(picture)));
        return false;
}

static void add_all(GPtrArray *devices, const GPtrArray *others) {
        for (guint i = 0; i < others->len; i++)
                g_ptr_array_add(devices, others->pdata[i]);
}

/* By name: all that go by themselves with no other strategy. */
static GPtrArray *choose_unplugged(const Picture *picture, Strategy strategy, bool by_name) {
        GPtrArray *devices = g_ptr_array_new();

        if (strategy != STRATEGY_REPLUG)
                return devices;

        add_all(devices, picture->stuck);
        if (by_name)
                add_all(devices, picture->staying);
        return devices;
}

bool strategy_choose(const Domain *domain, const Inventory *inventory, const char *wish,
                     StrategyChoice *ret_choice, GError **error) {
        bool by_name = wish && *wish && !g_str_equal(wish, "auto");
        g_auto(Picture) picture = look(domain, inventory);
        Strategy strategy = by_name ? strategy_from_string(wish) : best(&picture);
        g_autoptr(GPtrArray) unplugged = NULL;

        if (by_name && !check_wish(&picture, wish, strategy, error))
                return false;

        unplugged = choose_unplugged(&picture, strategy, by_name);
        *ret_choice = (StrategyChoice){ .strategy = strategy,
                                        .why = why(&picture, strategy, unplugged),
                                        .unplugged = g_steal_pointer(&unplugged) };
        return true;
}
