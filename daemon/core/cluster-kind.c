/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-kind.h"

#define IDS 5

/* In the order of the text. */
static int *id_of(Fingerprint *fingerprint, unsigned number) {
        int *ids[IDS] = { &fingerprint->vendor, &fingerprint->device,
                          &fingerprint->subsystem_vendor, &fingerprint->subsystem_device,
                          &fingerprint->revision };

        return ids[number];
}

static char *ids_to_text(const Fingerprint *fingerprint) {
        g_autoptr(Fingerprint) copy = fingerprint_copy(fingerprint);
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < IDS; i++) {
                int id = *id_of(copy, i);

                if (i > 0)
                        g_string_append_c(text, ':');
                if (id < 0)
                        g_string_append_c(text, '-');
                else
                        g_string_append_printf(text, "%0*x", i == IDS - 1 ? 2 : 4, (unsigned)id);
        }
        return g_string_free(text, FALSE);
}

static void ids_from_text(Fingerprint *fingerprint, const char *text) {
        g_auto(GStrv) words = g_strsplit(text, ":", -1);

        for (unsigned i = 0; i < IDS && words[i]; i++) {
                guint64 id;

                if (g_ascii_string_to_unsigned(words[i], 16, 0, i == IDS - 1 ? 0xff : 0xffff, &id,
                                               NULL))
                        *id_of(fingerprint, i) = (int)id;
        }
}

void cluster_kind_describe(ClusterKind *kind, const char *class_name, const char *pool,
                           const Fingerprint *fingerprint) {
        g_autofree char *ids = ids_to_text(fingerprint);
        g_autofree char *formats = NULL;

        if (fingerprint->vfio_caps != VFIO_CAPS_UNKNOWN)
                formats = vfio_caps_to_string(fingerprint->vfio_caps);
        kind->class = cluster_word(class_name);
        kind->pool = cluster_word(pool);
        kind->type = cluster_word(fingerprint->mdev_type);
        kind->driver = cluster_word(fingerprint->driver);
        kind->version = cluster_word(fingerprint->driver_version);
        kind->firmware = cluster_word(fingerprint->firmware);
        kind->formats = cluster_word(formats);
        kind->ids = cluster_word(ids);
}

Fingerprint *cluster_kind_fingerprint(const ClusterKind *kind) {
        Fingerprint *fingerprint = fingerprint_new();
        int caps = kind->formats ? vfio_caps_from_string(kind->formats) : VFIO_CAPS_UNKNOWN;

        fingerprint->mdev_type = g_strdup(kind->type);
        fingerprint->driver = g_strdup(kind->driver);
        fingerprint->driver_version = g_strdup(kind->version);
        fingerprint->firmware = g_strdup(kind->firmware);
        fingerprint->vfio_caps = caps < 0 ? VFIO_CAPS_UNKNOWN : caps;
        if (kind->ids)
                ids_from_text(fingerprint, kind->ids);
        return fingerprint;
}

/* Each word is one in memory. */
bool cluster_kind_equal(const ClusterKind *a, const ClusterKind *b) {
        return a->class == b->class && a->pool == b->pool && a->type == b->type &&
               a->driver == b->driver && a->version == b->version && a->firmware == b->firmware &&
               a->formats == b->formats && a->ids == b->ids;
}

unsigned cluster_kind_hash(const ClusterKind *kind) {
        const void *const words[] = { kind->class,   kind->pool,     kind->type,    kind->driver,
                                      kind->version, kind->firmware, kind->formats, kind->ids };
        unsigned hash = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
                hash = hash * 31 + g_direct_hash(words[i]);
        return hash;
}
