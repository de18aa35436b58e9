/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/fingerprint.h"

#include <errno.h>

static const struct {
        VfioCap cap;
        const char *word;
} caps_table[] = {
        { VFIO_CAP_STOP_COPY, "stop-copy" }, { VFIO_CAP_P2P, "p2p" },
        { VFIO_CAP_PRE_COPY, "pre-copy" },   { VFIO_CAP_DMA_LOG, "dma-log" },
        { VFIO_CAP_DATA_SIZE, "data-size" },
};

char *vfio_caps_to_string(int caps) {
        g_autoptr(GString) text = g_string_new(NULL);

        if (caps < 0)
                caps = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(caps_table); i++)
                if (caps & caps_table[i].cap)
                        g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "",
                                               caps_table[i].word);

        return g_string_free(g_steal_pointer(&text), FALSE);
}

static int cap_from_word(const char *word) {
        for (size_t i = 0; i < G_N_ELEMENTS(caps_table); i++)
                if (g_str_equal(caps_table[i].word, word))
                        return caps_table[i].cap;

        return -EINVAL;
}

int vfio_caps_from_string(const char *text) {
        g_auto(GStrv) words = NULL;
        int caps = 0;

        if (!text)
                return -EINVAL;

        words = g_strsplit_set(text, " \t\n\r", -1);
        for (char **word = words; *word; word++) {
                int cap;

                if (!**word)
                        continue; /* between two blanks */

                cap = cap_from_word(*word);
                if (cap < 0)
                        return cap;
                caps |= cap;
        }

        return caps;
}

Fingerprint *fingerprint_new(void) {
        Fingerprint *fingerprint = g_new0(Fingerprint, 1);

        fingerprint->vendor = -1;
        fingerprint->device = -1;
        fingerprint->subsystem_vendor = -1;
        fingerprint->subsystem_device = -1;
        fingerprint->revision = -1;
        fingerprint->vfio_caps = VFIO_CAPS_UNKNOWN;
        return fingerprint;
}

Fingerprint *fingerprint_copy(const Fingerprint *fingerprint) {
        Fingerprint *copy;

        if (!fingerprint)
                return NULL;

        copy = g_new(Fingerprint, 1);
        *copy = *fingerprint;
        copy->driver = g_strdup(fingerprint->driver);
        copy->driver_version = g_strdup(fingerprint->driver_version);
        copy->firmware = g_strdup(fingerprint->firmware);
        copy->mdev_type = g_strdup(fingerprint->mdev_type);
        return copy;
}

void fingerprint_free(Fingerprint *fingerprint) {
        if (!fingerprint)
                return;

        g_free(fingerprint->driver);
        g_free(fingerprint->driver_version);
        g_free(fingerprint->firmware);
        g_free(fingerprint->mdev_type);
        g_free(fingerprint);
}

bool fingerprint_equal(const Fingerprint *a, const Fingerprint *b) {
        if (!a || !b)
                return a == b;

        return a->vendor == b->vendor && a->device == b->device &&
               a->subsystem_vendor == b->subsystem_vendor &&
               a->subsystem_device == b->subsystem_device && a->revision == b->revision &&
               a->vfio_caps == b->vfio_caps && a->state_size == b->state_size &&
               g_strcmp0(a->driver, b->driver) == 0 &&
               g_strcmp0(a->driver_version, b->driver_version) == 0 &&
               g_strcmp0(a->firmware, b->firmware) == 0 &&
               g_strcmp0(a->mdev_type, b->mdev_type) == 0;
}
