/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/host-state.h"

static const char *const resources[] = {
        [HOST_VFS] = "vfs",     [HOST_CORES] = "cores", [HOST_MEMORY] = "memory",
        [HOST_LANES] = "lanes", [HOST_KEYS] = "keys",   [HOST_BANDWIDTH] = "bandwidth",
};
G_STATIC_ASSERT(G_N_ELEMENTS(resources) == _HOST_RESOURCE_MAX);

static const char *const levels[] = {
        [HOST_LEVEL_HIGH] = "high",
        [HOST_LEVEL_MED] = "med",
        [HOST_LEVEL_LOW] = "low",
};
G_STATIC_ASSERT(G_N_ELEMENTS(levels) == _HOST_LEVEL_MAX);

const char *host_resource_to_string(HostResource resource) {
        return resource >= 0 && resource < _HOST_RESOURCE_MAX ? resources[resource] : NULL;
}

HostResource host_resource_from_string(const char *text) {
        for (HostResource i = 0; i < _HOST_RESOURCE_MAX; i++)
                if (g_str_equal(resources[i], text))
                        return i;
        return _HOST_RESOURCE_INVALID;
}

const char *host_level_to_string(HostLevel level) {
        return level >= 0 && level < _HOST_LEVEL_MAX ? levels[level] : NULL;
}

HostLevel host_level_from_string(const char *text) {
        for (HostLevel i = 0; i < _HOST_LEVEL_MAX; i++)
                if (g_str_equal(levels[i], text))
                        return i;
        return _HOST_LEVEL_INVALID;
}

static void device_free(HostDevice *device) {
        g_free(device->id);
        g_ptr_array_unref(device->formats);
        g_free(device);
}

static void hold_free(HostHold *hold) {
        g_free(hold->domain);
        g_free(hold->device);
        g_free(hold);
}

HostState *host_state_new(void) {
        HostState *state = g_new0(HostState, 1);

        state->devices = g_ptr_array_new_with_free_func((GDestroyNotify)device_free);
        state->holds = g_ptr_array_new_with_free_func((GDestroyNotify)hold_free);
        return state;
}

void host_state_free(HostState *state) {
        if (!state)
                return;

        g_ptr_array_unref(state->devices);
        g_ptr_array_unref(state->holds);
        g_free(state);
}

static HostDevice *find_device(const HostState *state, const char *id) {
        for (guint i = 0; i < state->devices->len; i++) {
                HostDevice *device = state->devices->pdata[i];

                if (g_str_equal(device->id, id))
                        return device;
        }
        return NULL;
}

const HostDevice *host_state_find(const HostState *state, const char *id) {
        return find_device(state, id);
}

HostDevice *host_state_device(HostState *state, const char *id) {
        HostDevice *device = find_device(state, id);

        if (device)
                return device;

        device = g_new0(HostDevice, 1);
        device->id = g_strdup(id);
        device->formats = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(state->devices, device);
        return device;
}

void host_device_set(HostDevice *device, HostResource resource, const HostAmount *amount,
                     HostLevel level) {
        device->amounts[resource] = *amount;
        if (amount->total > 0)
                device->level = MAX(device->level, level);
}

void host_device_add_format(HostDevice *device, const char *trait) {
        if (!g_ptr_array_find_with_equal_func(device->formats, trait, g_str_equal, NULL))
                g_ptr_array_add(device->formats, g_strdup(trait));
}

static HostHold *hold_of(HostState *state, const char *domain, const char *device,
                         HostResource resource) {
        HostHold *hold;

        for (guint i = 0; i < state->holds->len; i++) {
                hold = state->holds->pdata[i];
                if (hold->resource == resource && g_str_equal(hold->domain, domain) &&
                    g_str_equal(hold->device, device))
                        return hold;
        }

        hold = g_new0(HostHold, 1);
        hold->domain = g_strdup(domain);
        hold->device = g_strdup(device);
        hold->resource = resource;
        g_ptr_array_add(state->holds, hold);
        return hold;
}

void host_state_hold(HostState *state, const char *domain, const char *device,
                     HostResource resource, uint64_t amount) {
        hold_of(state, domain, device, resource)->amount += amount;
}

void host_state_hold_least(HostState *state, const char *domain, const char *device,
                           HostResource resource, uint64_t amount) {
        HostHold *hold = hold_of(state, domain, device, resource);

        hold->amount = MAX(hold->amount, amount);
}
