/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xml/metadata.h"

static const char *const migration_names[] = {
        [MIGRATION_NEED_ANY] = "any",
        [MIGRATION_NEED_PREFERRED] = "preferred",
        [MIGRATION_NEED_REQUIRED] = "required",
};
G_STATIC_ASSERT(G_N_ELEMENTS(migration_names) == _MIGRATION_NEED_MAX);

const char *migration_need_to_string(MigrationNeed need) {
        if (need < 0 || need >= _MIGRATION_NEED_MAX)
                return NULL;

        return migration_names[need];
}

MigrationNeed migration_need_from_string(const char *text) {
        for (int i = 0; i < _MIGRATION_NEED_MAX; i++)
                if (g_strcmp0(migration_names[i], text) == 0)
                        return (MigrationNeed)i;

        return _MIGRATION_NEED_INVALID;
}

static const char *const unplug_names[] = {
        [UNPLUG_REPLUG] = "replug",
        [UNPLUG_MEDIATED] = "mediated",
};
G_STATIC_ASSERT(G_N_ELEMENTS(unplug_names) == _UNPLUG_STRATEGY_MAX);

const char *unplug_strategy_to_string(UnplugStrategy strategy) {
        if (strategy < 0 || strategy >= _UNPLUG_STRATEGY_MAX)
                return NULL;

        return unplug_names[strategy];
}

UnplugStrategy unplug_strategy_from_string(const char *text) {
        for (int i = 0; i < _UNPLUG_STRATEGY_MAX; i++)
                if (g_strcmp0(unplug_names[i], text) == 0)
                        return (UnplugStrategy)i;

        return _UNPLUG_STRATEGY_INVALID;
}

Unplugged *unplugged_new(UnplugStrategy strategy, const char *source, const char *element) {
        Unplugged *unplugged = g_new0(Unplugged, 1);

        unplugged->strategy = strategy;
        unplugged->source = g_strdup(source);
        unplugged->element = g_strdup(element);
        return unplugged;
}

Unplugged *unplugged_copy(const Unplugged *unplugged) {
        return unplugged ? unplugged_new(unplugged->strategy, unplugged->source, unplugged->element)
                         : NULL;
}

void unplugged_free(Unplugged *unplugged) {
        if (!unplugged)
                return;

        g_free(unplugged->source);
        g_free(unplugged->element);
        g_free(unplugged);
}

static bool unplugged_equal(const Unplugged *a, const Unplugged *b) {
        if (!a || !b)
                return a == b;

        return a->strategy == b->strategy && g_strcmp0(a->source, b->source) == 0 &&
               g_strcmp0(a->element, b->element) == 0;
}

DeviceNeed *device_need_new(void) {
        DeviceNeed *need = g_new0(DeviceNeed, 1);

        need->vendor = -1;
        need->device = -1;
        return need;
}

void device_need_free(DeviceNeed *need) {
        if (!need)
                return;

        g_free(need->class_name);
        g_free(need->type);
        g_free(need->pool);
        g_free(need);
}

static bool device_need_equal(const DeviceNeed *a, const DeviceNeed *b) {
        if (!a || !b)
                return a == b;

        return g_strcmp0(a->class_name, b->class_name) == 0 && g_strcmp0(a->type, b->type) == 0 &&
               g_strcmp0(a->pool, b->pool) == 0 && a->vendor == b->vendor &&
               a->device == b->device && a->migration == b->migration;
}

MetadataDevice *metadata_device_new(const char *alias, const char *address) {
        MetadataDevice *device = g_new0(MetadataDevice, 1);

        device->alias = g_strdup(alias);
        device->address = g_strdup(address);
        return device;
}

void metadata_device_free(MetadataDevice *device) {
        if (!device)
                return;

        g_free(device->alias);
        g_free(device->address);
        device_need_free(device->need);
        g_free(device->seen_class);
        fingerprint_free(device->seen);
        switch_state_free(device->switch_state);
        unplugged_free(device->unplugged);
        g_free(device);
}

static bool metadata_device_equal(const MetadataDevice *a, const MetadataDevice *b) {
        return g_strcmp0(a->alias, b->alias) == 0 && g_strcmp0(a->address, b->address) == 0 &&
               device_need_equal(a->need, b->need) &&
               g_strcmp0(a->seen_class, b->seen_class) == 0 &&
               fingerprint_equal(a->seen, b->seen) &&
               switch_state_equal(a->switch_state, b->switch_state) &&
               unplugged_equal(a->unplugged, b->unplugged);
}

Metadata *metadata_new(void) {
        Metadata *metadata = g_new0(Metadata, 1);

        metadata->devices = g_ptr_array_new_with_free_func((GDestroyNotify)metadata_device_free);
        return metadata;
}

void metadata_free(Metadata *metadata) {
        if (!metadata)
                return;

        g_ptr_array_unref(metadata->devices);
        g_free(metadata->policy);
        slice_free(metadata->slice);
        g_free(metadata);
}

static bool offload_wish_equal(const OffloadWish *a, const OffloadWish *b) {
        if (!a || !b)
                return a == b;

        return a->priority == b->priority && a->never == b->never && a->stays == b->stays &&
               a->fixed == b->fixed;
}

bool metadata_equal(const Metadata *a, const Metadata *b) {
        if (!a || !b)
                return a == b;
        if (a->devices->len != b->devices->len || !slice_equal(a->slice, b->slice) ||
            !offload_wish_equal(a->policy, b->policy))
                return false;

        for (unsigned i = 0; i < a->devices->len; i++)
                if (!metadata_device_equal(a->devices->pdata[i], b->devices->pdata[i]))
                        return false;
        return true;
}

/* libvirt numbers its own aliases anew ("hostdev0"), so they say nothing against an address. */
static bool same_device(const MetadataDevice *device, const char *address, const char *alias) {
        if (g_strcmp0(device->alias, alias) != 0)
                return false;

        return !device->address || !address || g_str_has_prefix(alias, "ua-");
}

MetadataDevice *metadata_find(const Metadata *metadata, const char *address, const char *alias) {
        for (unsigned i = 0; address && i < metadata->devices->len; i++) {
                MetadataDevice *device = metadata->devices->pdata[i];

                if (g_strcmp0(device->address, address) == 0)
                        return device;
        }

        for (unsigned i = 0; alias && i < metadata->devices->len; i++) {
                MetadataDevice *device = metadata->devices->pdata[i];

                if (same_device(device, address, alias))
                        return device;
        }

        return NULL;
}

void metadata_take_needs(Metadata *metadata, Metadata *from) {
        for (unsigned i = 0; i < metadata->devices->len; i++) {
                MetadataDevice *entry = metadata->devices->pdata[i], *other = NULL;

                if (from)
                        other = metadata_find(from, entry->address, entry->alias);
                device_need_free(entry->need);
                entry->need = other ? g_steal_pointer(&other->need) : NULL;
        }

        g_free(metadata->policy);
        metadata->policy = from ? g_steal_pointer(&from->policy) : NULL;
        slice_free(metadata->slice);
        metadata->slice = from ? g_steal_pointer(&from->slice) : NULL;
}

bool metadata_has_unplugged(const Metadata *metadata) {
        for (unsigned i = 0; i < metadata->devices->len; i++)
                if (((const MetadataDevice *)metadata->devices->pdata[i])->unplugged)
                        return true;
        return false;
}
