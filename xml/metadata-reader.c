/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "xml/element.h"
#include "xml/excerpt.h"
#include "xml/ferry-error.h"
#include "xml/from-node.h"
#include "xml/reader.h"

static const char *const domain_attributes[] = { "version", NULL };
static const char *const device_attributes[] = { "alias", "address", NULL };
static const char *const need_attributes[] = {
        "class", "type", "vendor", "device", "pool", "migration", NULL,
};
static const char *const seen_attributes[] = {
        "class",
        "vendor",
        "device",
        "subsystem-vendor",
        "subsystem-device",
        "revision",
        "driver",
        "driver-version",
        "firmware",
        "mdev-type",
        "vfio",
        "state-size",
        NULL,
};
static const char *const policy_attributes[] = { "priority", "offload", "move", "slice", NULL };
static const char *const unplugged_attributes[] = { "strategy", "source", NULL };

static const char *migration_word(int need) {
        return migration_need_to_string((MigrationNeed)need);
}

static bool read_need(const xmlNode *element, MetadataDevice *device, GError **error) {
        DeviceNeed *need = device->need = device_need_new();
        int migration = MIGRATION_NEED_ANY;

        if (!element_check_leaf(element, need_attributes, error) ||
            !xml_prop_name(element, "class", &need->class_name, error) ||
            !xml_prop_name(element, "type", &need->type, error) ||
            !xml_prop_name(element, "pool", &need->pool, error) ||
            !xml_prop_hex(element, "vendor", 4, &need->vendor, error) ||
            !xml_prop_hex(element, "device", 4, &need->device, error) ||
            !xml_prop_enum(element, "migration", migration_word, &migration, error))
                return false;

        need->migration = (MigrationNeed)migration;
        return true;
}

static bool read_vfio(const xmlNode *element, int *ret_caps, GError **error) {
        g_autofree char *value = xml_prop(element, "vfio"), *known = NULL, *shown = NULL;

        if (!value)
                return true;

        *ret_caps = vfio_caps_from_string(value);
        if (*ret_caps >= 0)
                return true;

        known = vfio_caps_to_string(_VFIO_CAP_ALL);
        shown = excerpt(value);
        return xml_fail(element, error, "attribute 'vfio' must be words of '%s', not '%s'", known,
                        shown);
}

static bool read_seen(const xmlNode *element, MetadataDevice *device, GError **error) {
        Fingerprint *seen = device->seen = fingerprint_new();

        return element_check_leaf(element, seen_attributes, error) &&
               xml_prop_name(element, "class", &device->seen_class, error) &&
               xml_prop_hex(element, "vendor", 4, &seen->vendor, error) &&
               xml_prop_hex(element, "device", 4, &seen->device, error) &&
               xml_prop_hex(element, "subsystem-vendor", 4, &seen->subsystem_vendor, error) &&
               xml_prop_hex(element, "subsystem-device", 4, &seen->subsystem_device, error) &&
               xml_prop_hex(element, "revision", 2, &seen->revision, error) &&
               xml_prop_name(element, "driver", &seen->driver, error) &&
               xml_prop_text(element, "driver-version", &seen->driver_version, error) &&
               xml_prop_text(element, "firmware", &seen->firmware, error) &&
               xml_prop_name(element, "mdev-type", &seen->mdev_type, error) &&
               read_vfio(element, &seen->vfio_caps, error) &&
               xml_prop_uint64(element, "state-size", 0, METADATA_STATE_SIZE_MAX, &seen->state_size,
                               error);
}

static bool read_switch(const xmlNode *element, MetadataDevice *device, GError **error) {
        device->switch_state = switch_state_from_node(element, error);
        return device->switch_state != NULL;
}

static const char *unplug_word(int strategy) {
        return unplug_strategy_to_string((UnplugStrategy)strategy);
}

/* The text of the element alone: other people's elements in it are theirs. */
static char *own_text(const xmlNode *element) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (const xmlNode *child = element->children; child; child = child->next)
                if (child->type == XML_TEXT_NODE || child->type == XML_CDATA_SECTION_NODE)
                        g_string_append(text, (const char *)child->content);

        return g_strstrip(g_string_free(g_steal_pointer(&text), FALSE));
}

/* Read as the device that it is, so that nobody finds out only when it is to be plugged. */
static bool read_unplugged_source(const xmlNode *element, Unplugged *unplugged, GError **error) {
        g_autoptr(DomainDevice) device = NULL;
        g_autoptr(GError) reason = NULL;
        g_autofree char *tag = xml_tag(element);

        device = domain_device_from_xml(unplugged->element, strlen(unplugged->element), &reason);
        if (!device)
                return xml_fail(element, error, "the device in %s: %s", tag, reason->message);

        return device->kind == DOMAIN_DEVICE_PCI
                       ? xml_prop_pci_address(element, "source", &unplugged->source, error)
                       : xml_prop_uuid(element, "source", &unplugged->source, error);
}

static bool read_unplugged(const xmlNode *element, MetadataDevice *device, GError **error) {
        Unplugged *unplugged = device->unplugged = g_new0(Unplugged, 1);
        int strategy = UNPLUG_REPLUG;
        xmlNode *child = NULL;

        if (!element_check_attributes(element, unplugged_attributes, error) ||
            !xml_require(element, "strategy", error) || !xml_require(element, "source", error) ||
            !xml_prop_enum(element, "strategy", unplug_word, &strategy, error) ||
            !element_next_child(element, &child, error))
                return false;
        if (child)
                return element_fail_child(child, "text", error);

        unplugged->strategy = (UnplugStrategy)strategy;
        unplugged->element = own_text(element);
        return read_unplugged_source(element, unplugged, error);
}

typedef bool (*ReadChild)(const xmlNode *element, MetadataDevice *device, GError **error);

static bool read_once(const xmlNode *child, bool there, ReadChild read, MetadataDevice *device,
                      GError **error) {
        if (there)
                return xml_fail(child, error, "a second <%s> of one device: remove one",
                                (const char *)child->name);

        return read(child, device, error);
}

static bool read_device_child(const xmlNode *child, MetadataDevice *device, GError **error) {
        const char *ours = element_uri(child);

        if (xml_is(child, ours, "need"))
                return read_once(child, device->need != NULL, read_need, device, error);
        if (xml_is(child, ours, "seen"))
                return read_once(child, device->seen != NULL, read_seen, device, error);
        if (xml_is(child, ours, "switch"))
                return read_once(child, device->switch_state != NULL, read_switch, device, error);
        if (xml_is(child, ours, "unplugged"))
                return read_once(child, device->unplugged != NULL, read_unplugged, device, error);

        return element_fail_child(child, "need, seen, switch and unplugged", error);
}

static MetadataDevice *read_device(const xmlNode *element, GError **error) {
        g_autoptr(MetadataDevice) device = metadata_device_new(NULL, NULL);
        xmlNode *child = NULL;

        if (!element_check_attributes(element, device_attributes, error) ||
            !element_check_no_text(element, error) ||
            !xml_prop_name(element, "alias", &device->alias, error) ||
            !xml_prop_pci_address(element, "address", &device->address, error))
                return NULL;

        if (!device->alias && !device->address) {
                g_autofree char *tag = xml_tag(element);

                xml_fail(element, error, "%s needs an attribute 'alias' or 'address'", tag);
                return NULL;
        }

        do {
                if (!element_next_child(element, &child, error) ||
                    (child && !read_device_child(child, device, error)))
                        return NULL;
        } while (child);

        return g_steal_pointer(&device);
}

/* One entry a device, or metadata_find() would not know which is meant. */
static bool check_unique(const Metadata *metadata, const MetadataDevice *device,
                         const xmlNode *element, GError **error) {
        for (unsigned i = 0; i < metadata->devices->len; i++) {
                const MetadataDevice *other = metadata->devices->pdata[i];

                if (device->address && g_strcmp0(device->address, other->address) == 0)
                        return xml_fail(element, error, "a second entry for address %s: remove one",
                                        device->address);
                if (device->alias && g_strcmp0(device->alias, other->alias) == 0)
                        return xml_fail(element, error, "a second entry for alias %s: remove one",
                                        device->alias);
        }

        return true;
}

static bool add_device(Metadata *metadata, const xmlNode *element, GError **error) {
        g_autoptr(MetadataDevice) device = NULL;

        if (metadata->devices->len >= METADATA_DEVICES_MAX)
                return xml_fail(element, error, "more than %d devices", METADATA_DEVICES_MAX);

        device = read_device(element, error);
        if (!device || !check_unique(metadata, device, element, error))
                return false;

        g_ptr_array_add(metadata->devices, g_steal_pointer(&device));
        return true;
}

static bool read_priority(const xmlNode *element, int *ret_priority, GError **error) {
        g_autofree char *value = xml_prop(element, "priority"), *shown = NULL;
        bool negative = value && value[0] == '-';
        const char *digit = negative ? value + 1 : value;
        int number;

        if (!value)
                return true;

        number = g_ascii_digit_value(digit[0]);
        if (number < negative || number > OFFLOAD_PRIORITY_MAX || digit[1] != '\0') {
                shown = excerpt(value);
                return xml_fail(element, error, "attribute 'priority' must be -%d to %d, not '%s'",
                                OFFLOAD_PRIORITY_MAX, OFFLOAD_PRIORITY_MAX, shown);
        }
        *ret_priority = negative ? -number : number;
        return true;
}

static const char *offload_word(int never) {
        static const char *const words[] = { "any", "never" };

        return never < (int)G_N_ELEMENTS(words) ? words[never] : NULL;
}

static bool add_policy(Metadata *metadata, const xmlNode *element, GError **error) {
        bool moves = true, changes = true;
        int never = false;

        if (metadata->policy)
                return xml_fail(element, error, "a second <%s> of one domain: remove one",
                                (const char *)element->name);

        metadata->policy = g_new0(OffloadWish, 1);
        if (!element_check_leaf(element, policy_attributes, error) ||
            !read_priority(element, &metadata->policy->priority, error) ||
            !xml_prop_enum(element, "offload", offload_word, &never, error) ||
            !xml_prop_bool(element, "move", &moves, error) ||
            !xml_prop_bool(element, "slice", &changes, error))
                return false;

        metadata->policy->never = never;
        metadata->policy->stays = !moves;
        metadata->policy->fixed = !changes;
        return true;
}

static bool add_slice(Metadata *metadata, const xmlNode *element, GError **error) {
        if (metadata->slice)
                return xml_fail(element, error, "a second <%s> of one domain: remove one",
                                (const char *)element->name);

        metadata->slice = slice_from_node(element, error);
        return metadata->slice != NULL;
}

static bool read_domain_child(const xmlNode *child, Metadata *metadata, GError **error) {
        const char *ours = element_uri(child);

        if (xml_is(child, ours, "device"))
                return add_device(metadata, child, error);
        if (xml_is(child, ours, "policy"))
                return add_policy(metadata, child, error);
        if (xml_is(child, ours, "slice"))
                return add_slice(metadata, child, error);

        return element_fail_child(child, "device, policy and slice", error);
}

static bool check_version(const xmlNode *element, GError **error) {
        g_autofree char *version = xml_prop(element, "version"), *shown = NULL;

        if (!xml_require(element, "version", error))
                return false;
        if (g_str_equal(version, METADATA_VERSION))
                return true;

        shown = excerpt(version);
        return xml_fail(element, error,
                        "version '%s' of our element is not known here, only '" METADATA_VERSION
                        "': update virt-ferry on this host",
                        shown);
}

Metadata *metadata_from_node(const xmlNode *element, GError **error) {
        g_autoptr(Metadata) metadata = metadata_new();
        xmlNode *child = NULL;

        if (!check_version(element, error) ||
            !element_check_attributes(element, domain_attributes, error) ||
            !element_check_no_text(element, error))
                return NULL;

        do {
                if (!element_next_child(element, &child, error) ||
                    (child && !read_domain_child(child, metadata, error)))
                        return NULL;
        } while (child);

        return g_steal_pointer(&metadata);
}

Metadata *metadata_from_xml(const char *xml, size_t size, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, size, METADATA_XML_MAX, error);
        g_autofree char *tag = NULL;
        xmlNode *root;

        if (!doc)
                return NULL;

        root = xmlDocGetRootElement(doc);
        if (xml_is(root, METADATA_URI, "domain") || xml_is(root, NULL, "domain"))
                return metadata_from_node(root, error);

        tag = xml_tag(root);
        xml_fail(root, error, "%s is not <%s:domain> of namespace %s", tag, METADATA_PREFIX,
                 METADATA_URI);
        return NULL;
}
