/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/openstack.h"
#include "daemon/names.h"
#include "nova-driver-shim/placement/names.h"

typedef enum Answer {
        ANSWER_NO,
        ANSWER_YES,
        ANSWER_NOBODY_ASKED,
} Answer;

static Answer saves_its_state(const Object *vf) {
        g_autoptr(GVariant) words = object_value(vf, "VfioCaps", "as");
        g_autofree const char **caps = words ? g_variant_get_strv(words, NULL) : NULL;

        if (!*object_string(vf, "MigrationDriver"))
                return ANSWER_NO;
        if (!object_bool(vf, "VfioCapsKnown"))
                return ANSWER_NOBODY_ASKED;
        return caps && g_strv_contains(caps, "stop-copy") ? ANSWER_YES : ANSWER_NO;
}

static bool is_vf(const Object *device) {
        return strcmp(object_string(device, "Class"), "sriov") == 0 &&
               strcmp(object_string(device, "Role"), "function") == 0;
}

/* What the driver has answered for one VF of a PF holds for all of them: it is of the card. */
static bool was_asked(const GPtrArray *devices, const Object *vf) {
        for (guint i = 0; i < devices->len; i++) {
                const Object *other = devices->pdata[i];

                if (is_vf(other) && saves_its_state(other) == ANSWER_YES &&
                    strcmp(object_string(other, "Parent"), object_string(vf, "Parent")) == 0 &&
                    strcmp(object_string(other, "MigrationDriver"),
                           object_string(vf, "MigrationDriver")) == 0)
                        return true;
        }
        return false;
}

/* Why a VF must not be Nova's to give away, NULL when it may be. */
static char *find_obstacle(const GPtrArray *devices, const Object *vf) {
        const char *id = object_string(vf, "Id"), *host_use = object_string(vf, "HostUse");

        if (*host_use)
                return g_strdup_printf("%s: %s", id, host_use);

        switch (saves_its_state(vf)) {
        case ANSWER_YES:
                return NULL;
        case ANSWER_NO:
                return g_strdup_printf("%s: no driver of this host saves its state", id);
        case ANSWER_NOBODY_ASKED:
                return was_asked(devices, vf)
                               ? NULL
                               : g_strdup_printf("%s: it is not known yet whether %s saves its "
                                                 "state; 'virt-ferry probe %s' tells",
                                                 id, object_string(vf, "MigrationDriver"), id);
        }
        g_assert_not_reached();
}

static void card_free(gpointer data) {
        OpenstackCard *card = data;

        g_ptr_array_unref(card->movable);
        g_ptr_array_unref(card->left_out);
        g_ptr_array_unref(card->formats);
        g_free(card);
}

/* VFs of one PF are neighbours in the list. */
static OpenstackCard *find_card(GPtrArray *cards, const Object *vf) {
        OpenstackCard *card = cards->len > 0 ? cards->pdata[cards->len - 1] : NULL;

        if (card && strcmp(card->id, object_string(vf, "Parent")) == 0)
                return card;

        card = g_new0(OpenstackCard, 1);
        card->id = object_string(vf, "Parent");
        card->movable = g_ptr_array_new();
        card->left_out = g_ptr_array_new_with_free_func(g_free);
        card->formats = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(cards, card);
        return card;
}

static void add_format(OpenstackCard *card, const Object *vf) {
        const char *version = object_string(vf, "DriverVersion");
        char *format = names_format(object_string(vf, "MigrationDriver"),
                                    *version ? version : NAMES_NO_VERSION);

        if (g_ptr_array_find_with_equal_func(card->formats, format, g_str_equal, NULL))
                g_free(format);
        else
                g_ptr_array_add(card->formats, format);
}

GPtrArray *openstack_cards(const GPtrArray *devices) {
        GPtrArray *cards = g_ptr_array_new_with_free_func(card_free);

        for (guint i = 0; i < devices->len; i++) {
                const Object *vf = devices->pdata[i];
                OpenstackCard *card;
                char *obstacle;

                if (!is_vf(vf))
                        continue;

                card = find_card(cards, vf);
                obstacle = find_obstacle(devices, vf);
                if (obstacle) {
                        g_ptr_array_add(card->left_out, obstacle);
                        continue;
                }
                g_ptr_array_add(card->movable, (gpointer)vf);
                add_format(card, vf);
        }
        return cards;
}

static int compare(gconstpointer a, gconstpointer b) {
        const Object *x = *(Object *const *)a, *y = *(Object *const *)b;

        return strcmp(object_string(x, "Parent"), object_string(y, "Parent"))
                       ?: strcmp(object_string(x, "Id"), object_string(y, "Id"));
}

GPtrArray *openstack_devices(Client *client, GError **error) {
        g_autoptr(GVariant) managed = objects_get(client, error);

        return managed ? objects_list(managed, FERRY_INTERFACE_DEVICE, compare) : NULL;
}
