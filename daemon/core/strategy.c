/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/strategy.h"

#include "daemon/core/fit.h"
#include "daemon/core/string-table.h"
#include "xml/ferry-error.h"

static const char *const words[] = {
        [STRATEGY_LIVE] = "live",
        [STRATEGY_VFIO] = "vfio",
        [STRATEGY_FAILOVER] = "failover",
};
G_STATIC_ASSERT(G_N_ELEMENTS(words) == _STRATEGY_MAX);

const char *strategy_to_string(Strategy strategy) {
        return string_table_word(words, _STRATEGY_MAX, strategy);
}

Strategy strategy_from_string(const char *text) {
        return (Strategy)string_table_value(words, _STRATEGY_MAX, text);
}

/* What the guest's devices are, counted. */
typedef struct Picture {
        unsigned devices;
        unsigned transient;
        unsigned with_precopy;
        const DomainDevice *stuck; /* the first that can neither migrate nor be unplugged */
        const char *stuck_driver;
} Picture;

/* Of this host now, else as it was seen when the guest had just got it. */
static const Fingerprint *fingerprint_of(const Domain *domain, const Inventory *inventory,
                                         const DomainDevice *device) {
        const Device *found = inventory_find(inventory, device->source);
        const MetadataDevice *entry = NULL;

        if (domain->metadata)
                entry = metadata_find(domain->metadata, device->address, device->alias);
        if (entry && entry->seen && (!found || found->fingerprint->vfio_caps == VFIO_CAPS_UNKNOWN))
                return entry->seen;
        return found ? found->fingerprint : NULL;
}

static void look_at(Picture *picture, const Domain *domain, const Inventory *inventory,
                    const DomainDevice *device) {
        const Fingerprint *fingerprint = fingerprint_of(domain, inventory, device);

        picture->devices++;
        if (device->transient) {
                picture->transient++;
                return;
        }

        /* What nobody could ask may migrate: QEMU will say. */
        if (!fingerprint || fingerprint->vfio_caps == VFIO_CAPS_UNKNOWN)
                return;
        if (fingerprint->vfio_caps & VFIO_CAP_PRE_COPY)
                picture->with_precopy++;
        if (!fit_can_migrate(fingerprint->vfio_caps) && !picture->stuck) {
                picture->stuck = device;
                picture->stuck_driver = fingerprint->driver;
        }
}

static Picture look(const Domain *domain, const Inventory *inventory) {
        Picture picture = { 0 };

        for (guint i = 0; i < domain->devices->len; i++)
                look_at(&picture, domain, inventory, domain->devices->pdata[i]);
        return picture;
}

static Strategy best(const Picture *picture) {
        if (picture->devices == 0)
                return STRATEGY_LIVE;
        return picture->transient > 0 ? STRATEGY_FAILOVER : STRATEGY_VFIO;
}

static char *why(const Picture *picture, Strategy strategy) {
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
        case _STRATEGY_MAX:
        case _STRATEGY_INVALID:
                break;
        }
        g_assert_not_reached();
}

static bool refuse_stuck(const Domain *domain, const Picture *picture, GError **error) {
        g_autofree char *name = domain_device_name(domain, picture->stuck);

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                    "%s (%s) cannot come along, since driver %s has no migration support: give it "
                    "a <teaming type='transient'> with a virtio interface, or unplug it",
                    name, picture->stuck->source, picture->stuck_driver ?: "of the device");
        return false;
}

static bool check_wish(const char *wish, Strategy possible, GError **error) {
        Strategy wanted = strategy_from_string(wish);

        if (wanted < 0)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS,
                            "Strategy '%.32s' is not one of auto, live, vfio and failover", wish);
        else if (wanted != possible)
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                            "Strategy %s is not possible with the devices of this guest, %s is: "
                            "leave the choice to 'auto'",
                            wish, strategy_to_string(possible));
        return wanted == possible;
}

bool strategy_choose(const Domain *domain, const Inventory *inventory, const char *wish,
                     Strategy *ret_strategy, char **ret_why, GError **error) {
        Picture picture = look(domain, inventory);
        Strategy strategy = best(&picture);

        if (wish && *wish && !g_str_equal(wish, "auto") && !check_wish(wish, strategy, error))
                return false;
        if (picture.stuck)
                return refuse_stuck(domain, &picture, error);

        *ret_why = why(&picture, strategy);
        *ret_strategy = strategy;
        return true;
}
