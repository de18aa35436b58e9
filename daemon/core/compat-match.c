/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/compat.h"

#include "daemon/core/string-table.h"

static const char *const facts[] = {
        [COMPAT_FACT_VENDOR] = "vendor",       [COMPAT_FACT_DEVICE] = "device",
        [COMPAT_FACT_SUBSYSTEM] = "subsystem", [COMPAT_FACT_REVISION] = "revision",
        [COMPAT_FACT_DRIVER] = "driver",       [COMPAT_FACT_DRIVER_VERSION] = "driver-version",
        [COMPAT_FACT_FIRMWARE] = "firmware",   [COMPAT_FACT_MDEV_TYPE] = "mdev-type",
};
G_STATIC_ASSERT(G_N_ELEMENTS(facts) == _COMPAT_FACT_MAX);

const char *compat_fact_to_string(CompatFact fact) {
        return string_table_word(facts, _COMPAT_FACT_MAX, fact);
}

CompatFact compat_fact_from_string(const char *text) {
        return (CompatFact)string_table_value(facts, _COMPAT_FACT_MAX, text);
}

bool compat_same_driver(const char *a, const char *b) {
        for (; *a && *b; a++, b++)
                if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
                        return false;
        return *a == *b;
}

bool compat_is_minimum(const CompatRule *rule, CompatFact fact) {
        return rule->not_older & COMPAT_FACT_BIT(fact);
}

static bool same_number(int source, int destination) {
        return source < 0 || destination < 0 || source == destination;
}

static bool same_word(const char *source, const char *destination) {
        return !source || !destination || g_str_equal(source, destination);
}

/* What is no version cannot be older: a hash. */
static bool not_older(const char *source, const char *destination) {
        Version there, here;

        if (same_word(source, destination) || version_from_text(source, &there) < 0 ||
            version_from_text(destination, &here) < 0)
                return true;
        return version_compare(&here, &there) >= 0;
}

static bool is_equal(CompatFact fact, const Fingerprint *source, const Fingerprint *destination) {
        switch (fact) {
        case COMPAT_FACT_VENDOR:
                return same_number(source->vendor, destination->vendor);
        case COMPAT_FACT_DEVICE:
                return same_number(source->device, destination->device);
        case COMPAT_FACT_SUBSYSTEM:
                return same_number(source->subsystem_vendor, destination->subsystem_vendor) &&
                       same_number(source->subsystem_device, destination->subsystem_device);
        case COMPAT_FACT_REVISION:
                return same_number(source->revision, destination->revision);
        case COMPAT_FACT_DRIVER:
                return !source->driver || !destination->driver ||
                       compat_same_driver(source->driver, destination->driver);
        case COMPAT_FACT_DRIVER_VERSION:
                return same_word(source->driver_version, destination->driver_version);
        case COMPAT_FACT_FIRMWARE:
                return same_word(source->firmware, destination->firmware);
        case COMPAT_FACT_MDEV_TYPE:
                return same_word(source->mdev_type, destination->mdev_type);
        case _COMPAT_FACT_MAX:
        case _COMPAT_FACT_INVALID:
                break;
        }
        g_assert_not_reached();
}

static bool is_newer_or_equal(CompatFact fact, const Fingerprint *source,
                              const Fingerprint *destination) {
        return fact == COMPAT_FACT_FIRMWARE
                       ? not_older(source->firmware, destination->firmware)
                       : not_older(source->driver_version, destination->driver_version);
}

CompatFact compat_difference(const CompatRule *rule, unsigned asked, const Fingerprint *source,
                             const Fingerprint *destination) {
        for (int fact = 0; fact < _COMPAT_FACT_MAX; fact++) {
                unsigned bit = COMPAT_FACT_BIT(fact) & asked;

                if ((rule->equal & bit) && !is_equal(fact, source, destination))
                        return fact;
                if ((rule->not_older & bit) && !is_newer_or_equal(fact, source, destination))
                        return fact;
        }
        return _COMPAT_FACT_MAX;
}

static char *number_text(int digits, int number) {
        return number < 0 ? g_strdup("unknown") : g_strdup_printf("%0*x", digits, (unsigned)number);
}

static char *subsystem_text(const Fingerprint *fingerprint) {
        g_autofree char *vendor = number_text(4, fingerprint->subsystem_vendor);
        g_autofree char *device = number_text(4, fingerprint->subsystem_device);

        return g_strdup_printf("%s:%s", vendor, device);
}

char *compat_fact_text(CompatFact fact, const Fingerprint *fingerprint) {
        switch (fact) {
        case COMPAT_FACT_VENDOR:
                return number_text(4, fingerprint->vendor);
        case COMPAT_FACT_DEVICE:
                return number_text(4, fingerprint->device);
        case COMPAT_FACT_SUBSYSTEM:
                return subsystem_text(fingerprint);
        case COMPAT_FACT_REVISION:
                return number_text(2, fingerprint->revision);
        case COMPAT_FACT_DRIVER:
                return g_strdup(fingerprint->driver ?: "unknown");
        case COMPAT_FACT_DRIVER_VERSION:
                return g_strdup(fingerprint->driver_version ?: "unknown");
        case COMPAT_FACT_FIRMWARE:
                return g_strdup(fingerprint->firmware ?: "unknown");
        case COMPAT_FACT_MDEV_TYPE:
                return g_strdup(fingerprint->mdev_type ?: "unknown");
        case _COMPAT_FACT_MAX:
        case _COMPAT_FACT_INVALID:
                break;
        }
        g_assert_not_reached();
}
