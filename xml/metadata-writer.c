/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/from-node.h"
#include "xml/pci-address.h"
#include "xml/reader.h"

/* Texts come from firmware and modules. What the reader would refuse is left out: unknown is
 * better than an element that nobody can read. */
static void write_valid(GString *xml, const char *name, const char *value,
                        bool (*is_valid)(const char *)) {
        g_autofree char *escaped = NULL;

        if (!value || !is_valid(value))
                return;

        escaped = g_markup_escape_text(value, -1);
        g_string_append_printf(xml, " %s='%s'", name, escaped);
}

static void write_name(GString *xml, const char *name, const char *value) {
        write_valid(xml, name, value, xml_name_is_valid);
}

static void write_text(GString *xml, const char *name, const char *value) {
        write_valid(xml, name, value, xml_text_is_valid);
}

static void write_hex(GString *xml, const char *name, int digits, int value) {
        if (value >= 0 && value < 1 << 4 * digits)
                g_string_append_printf(xml, " %s='0x%0*x'", name, digits, (unsigned)value);
}

static void write_need(GString *xml, const char *prefix, const DeviceNeed *need) {
        g_string_append_printf(xml, "    <%sneed", prefix);
        write_name(xml, "class", need->class_name);
        write_name(xml, "type", need->type);
        write_hex(xml, "vendor", 4, need->vendor);
        write_hex(xml, "device", 4, need->device);
        write_name(xml, "pool", need->pool);
        if (need->migration != MIGRATION_NEED_ANY)
                write_name(xml, "migration", migration_need_to_string(need->migration));
        g_string_append(xml, "/>\n");
}

static void write_vfio(GString *xml, int caps) {
        g_autofree char *words = NULL;

        if (caps < 0)
                return;

        words = vfio_caps_to_string(caps);
        g_string_append_printf(xml, " vfio='%s'", words);
}

static void write_seen(GString *xml, const char *prefix, const MetadataDevice *device) {
        const Fingerprint *seen = device->seen;

        g_string_append_printf(xml, "    <%sseen", prefix);
        write_name(xml, "class", device->seen_class);
        write_hex(xml, "vendor", 4, seen->vendor);
        write_hex(xml, "device", 4, seen->device);
        write_hex(xml, "subsystem-vendor", 4, seen->subsystem_vendor);
        write_hex(xml, "subsystem-device", 4, seen->subsystem_device);
        write_hex(xml, "revision", 2, seen->revision);
        write_name(xml, "driver", seen->driver);
        write_text(xml, "driver-version", seen->driver_version);
        write_text(xml, "firmware", seen->firmware);
        write_name(xml, "mdev-type", seen->mdev_type);
        write_vfio(xml, seen->vfio_caps);
        if (seen->state_size > 0 && seen->state_size <= METADATA_STATE_SIZE_MAX)
                g_string_append_printf(xml, " state-size='%" G_GUINT64_FORMAT "'",
                                       seen->state_size);
        g_string_append(xml, "/>\n");
}

/* What the reader would refuse is not left out here: the guest would be without its device. */
static void write_unplugged(GString *xml, const char *prefix, const Unplugged *unplugged) {
        g_autofree char *escaped = g_markup_escape_text(unplugged->element, -1);
        g_autoptr(GString) text = g_string_new(escaped);

        g_string_replace(text, "\r", "&#13;", 0); /* or it would be read as a line break */
        g_string_append_printf(xml, "    <%sunplugged", prefix);
        write_name(xml, "strategy", unplug_strategy_to_string(unplugged->strategy));
        write_name(xml, "source", unplugged->source);
        g_string_append_printf(xml, ">%s</%sunplugged>\n", text->str, prefix);
}

static void write_device(GString *xml, const char *prefix, const MetadataDevice *device) {
        g_string_append_printf(xml, "  <%sdevice", prefix);
        write_name(xml, "alias", device->alias);
        write_valid(xml, "address", device->address, pci_address_is_valid);
        g_string_append(xml, ">\n");

        if (device->need)
                write_need(xml, prefix, device->need);
        if (device->seen)
                write_seen(xml, prefix, device);
        if (device->switch_state)
                switch_state_write(xml, device->switch_state, prefix, 4);
        if (device->unplugged)
                write_unplugged(xml, prefix, device->unplugged);

        g_string_append_printf(xml, "  </%sdevice>\n", prefix);
}

static void write_policy(GString *xml, const char *prefix, const OffloadWish *policy) {
        g_string_append_printf(xml, "  <%spolicy", prefix);
        if (policy->priority != 0)
                g_string_append_printf(xml, " priority='%d'", policy->priority);
        if (policy->never)
                g_string_append(xml, " offload='never'");
        if (policy->stays)
                g_string_append(xml, " move='no'");
        if (policy->fixed)
                g_string_append(xml, " slice='no'");
        g_string_append(xml, "/>\n");
}

static char *write_metadata(const Metadata *metadata, const char *prefix, const char *namespace) {
        g_autoptr(GString) xml = g_string_new(NULL);

        g_string_append_printf(xml, "<%sdomain%s version='" METADATA_VERSION "'>\n", prefix,
                               namespace);
        for (unsigned i = 0; i < metadata->devices->len; i++)
                write_device(xml, prefix, metadata->devices->pdata[i]);
        if (metadata->policy)
                write_policy(xml, prefix, metadata->policy);
        if (metadata->slice)
                slice_write(xml, metadata->slice, prefix, 2);
        g_string_append_printf(xml, "</%sdomain>\n", prefix);

        return g_string_free(g_steal_pointer(&xml), FALSE);
}

char *metadata_to_xml(const Metadata *metadata) {
        return write_metadata(metadata, METADATA_PREFIX ":",
                              " xmlns:" METADATA_PREFIX "='" METADATA_URI "'");
}

char *metadata_to_libvirt(const Metadata *metadata) {
        return write_metadata(metadata, "", "");
}
