/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/names.h"

#include <string.h>

static const char *const resources[] = { "vfs", "cores", "memory", "lanes", "keys", "bandwidth" };

const char *const names_classes[] = {
        NAMES_CLASS_PREFIX "VF",
        NAMES_CLASS_PREFIX "CORE",
        NAMES_CLASS_PREFIX "MEMORY_MIB",
        NAMES_CLASS_PREFIX "LANE",
        NAMES_CLASS_PREFIX "KEY",
        NAMES_CLASS_PREFIX "KBPS",
        NULL,
};

G_STATIC_ASSERT(G_N_ELEMENTS(names_classes) == G_N_ELEMENTS(resources) + 1);

const char *names_class(const char *resource) {
        for (size_t i = 0; i < G_N_ELEMENTS(resources); i++)
                if (g_str_equal(resources[i], resource))
                        return names_classes[i];

        return NULL;
}

const char *names_resource(const char *class_name) {
        for (size_t i = 0; i < G_N_ELEMENTS(resources); i++)
                if (g_str_equal(names_classes[i], class_name))
                        return resources[i];

        return NULL;
}

const char *names_headroom(const char *level) {
        if (g_str_equal(level, "high"))
                return NAMES_HEADROOM_HIGH;
        if (g_str_equal(level, "med"))
                return NAMES_HEADROOM_MED;
        return g_str_equal(level, "low") ? NAMES_HEADROOM_LOW : NULL;
}

char *names_format(const char *driver, const char *version) {
        char *name = g_strdup_printf(NAMES_FORMAT_PREFIX "%s_%s", driver, version);

        for (char *c = name; *c; c++)
                *c = g_ascii_isalnum(*c) ? g_ascii_toupper(*c) : '_';
        if (strlen(name) > NAMES_TRAIT_MAX)
                name[NAMES_TRAIT_MAX] = '\0';
        return name;
}

/* Two hosts whose names differ at their ends would have one: the UUID of the provider still tells
 * them apart, and Placement refuses the second, aloud. */
char *names_provider(const char *host, const char *device) {
        size_t rest = strlen(NAMES_PROVIDER_MIDST) + strlen(device);
        size_t room = rest < NAMES_PROVIDER_MAX ? NAMES_PROVIDER_MAX - rest : 0;

        return g_strdup_printf("%.*s" NAMES_PROVIDER_MIDST "%s", (int)MIN(strlen(host), room), host,
                               device);
}
