/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `virt-ferry openstack device-spec`: what nova-compute of this host may hand to guests, as the
 * lines of nova.conf. Nova alone puts a VF into an instance, so the VFs have to be its own.
 */

#include "cli/openstack.h"
#include "cli/text.h"
#include "nova-driver-shim/placement/names.h"

#define NOVA_DEFAULT        31
#define NOVA_WITH_MIGRATION 31 /* knows managed and live_migratable, and moves VFs */
#define NOVA_MIN            26 /* the first with device_spec */

static void spec_add(GVariantBuilder *spec, const char *key, const char *value) {
        g_variant_builder_add(spec, "{ss}", key, value);
}

/* Not one of virt-ferry's own classes: what Nova counts and what virtferry-placement counts must
 * not be taken for each other. All VFs of a PF have one device id, so one class. */
static char *resource_class(const Object *vf) {
        return g_strdup_printf("CUSTOM_FERRY_VF_%04X_%04X", (unsigned)object_int(vf, "Vendor"),
                               (unsigned)object_int(vf, "Device"));
}

static char *traits(const OpenstackCard *card) {
        g_autoptr(GString) text = g_string_new(NAMES_MIGRATABLE);

        for (guint i = 0; i < card->formats->len; i++)
                g_string_append_printf(text, ",%s", (char *)card->formats->pdata[i]);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

/* The address of a PF means its VFs; with their device id, and not the PF itself. libvirt must not
 * bind a driver: it would be vfio-pci, and virtferryd binds the one that saves the state. */
static GVariant *make_spec(const OpenstackCard *card, const Object *vf, const char *address,
                           uint64_t nova) {
        g_autofree char *vendor = g_strdup_printf("%04x", (unsigned)object_int(vf, "Vendor"));
        g_autofree char *product = g_strdup_printf("%04x", (unsigned)object_int(vf, "Device"));
        g_autofree char *name = resource_class(vf), *all_traits = traits(card);
        GVariantBuilder spec;

        g_variant_builder_init(&spec, G_VARIANT_TYPE("a{ss}"));
        spec_add(&spec, "address", address);
        spec_add(&spec, "vendor_id", vendor);
        spec_add(&spec, "product_id", product);
        spec_add(&spec, "resource_class", name);
        spec_add(&spec, "traits", all_traits);
        if (nova >= NOVA_WITH_MIGRATION) {
                spec_add(&spec, "managed", "no");
                spec_add(&spec, "live_migratable", "yes");
        }
        return g_variant_builder_end(&spec);
}

/* One for the PF, or one for each VF when not all of them may be given away. */
static GPtrArray *make_specs(const OpenstackCard *card, uint64_t nova) {
        GPtrArray *specs = g_ptr_array_new_with_free_func((GDestroyNotify)g_variant_unref);
        bool whole = card->left_out->len == 0;

        for (guint i = 0; i < card->movable->len && (i == 0 || !whole); i++) {
                const Object *vf = card->movable->pdata[i];
                const char *address = whole ? card->id : object_string(vf, "Id");

                g_ptr_array_add(specs, g_variant_ref_sink(make_spec(card, vf, address, nova)));
        }
        return specs;
}

static void print_comments(const OpenstackCard *card) {
        for (guint i = 0; i < card->left_out->len; i++) {
                g_autofree char *line = text_clean(card->left_out->pdata[i]);

                printf("# without %s\n", line);
        }
}

static void print_card(const Options *options, const OpenstackCard *card, uint64_t nova) {
        g_autoptr(GPtrArray) specs = make_specs(card, nova);

        if (!options->no_legend)
                print_comments(card);
        for (guint i = 0; i < specs->len; i++) {
                fputs("device_spec = ", stdout);
                output_json_line(specs->pdata[i]);
        }
}

static void print_all(const Options *options, const GPtrArray *cards, uint64_t nova) {
        if (!options->no_legend)
                puts(cards->len > 0 ? "[pci]" : "# This host has no VFs.");
        for (guint i = 0; i < cards->len; i++)
                print_card(options, cards->pdata[i], nova);
}

static GVariant *list_all(const GPtrArray *cards, uint64_t nova) {
        GVariantBuilder all;

        g_variant_builder_init(&all, G_VARIANT_TYPE("aa{ss}"));
        for (guint i = 0; i < cards->len; i++) {
                g_autoptr(GPtrArray) specs = make_specs(cards->pdata[i], nova);

                for (guint k = 0; k < specs->len; k++)
                        g_variant_builder_add_value(&all, specs->pdata[k]);
        }
        return g_variant_builder_end(&all);
}

int openstack_device_spec(const Options *options, char *const *unused, GError **error) {
        uint64_t nova = options->nova ?: NOVA_DEFAULT;
        g_autoptr(GPtrArray) devices = NULL, cards = NULL;
        g_autoptr(Client) client = NULL;

        if (nova < NOVA_MIN)
                return output_usage("Nova %d has no device_spec, Nova %d is the first", (int)nova,
                                    NOVA_MIN);

        client = client_new(options->host, error);
        devices = client ? openstack_devices(client, error) : NULL;
        if (!devices)
                return -1;

        cards = openstack_cards(devices);
        if (options->json)
                output_json(list_all(cards, nova));
        else
                print_all(options, cards, nova);
        return EXIT_STATUS_OK;
}
