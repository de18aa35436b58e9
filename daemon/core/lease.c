/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/lease.h"

#include "daemon/core/string-table.h"

static const char *const state_words[] = {
        [LEASE_RESERVED] = "reserved",
        [LEASE_CLAIMED] = "claimed",
        [LEASE_RUNNING] = "running",
        [LEASE_RELEASING] = "releasing",
};
G_STATIC_ASSERT(G_N_ELEMENTS(state_words) == _LEASE_STATE_MAX);

const char *lease_state_to_string(LeaseState state) {
        return string_table_word(state_words, _LEASE_STATE_MAX, state);
}

LeaseState lease_state_from_string(const char *text) {
        return (LeaseState)string_table_value(state_words, _LEASE_STATE_MAX, text);
}

Lease *lease_new(void) {
        return g_new0(Lease, 1);
}

Lease *lease_copy(const Lease *lease) {
        Lease *copy;

        if (!lease)
                return NULL;

        copy = g_new(Lease, 1);
        *copy = *lease;
        copy->id = g_strdup(lease->id);
        copy->domain_uuid = g_strdup(lease->domain_uuid);
        copy->domain_name = g_strdup(lease->domain_name);
        copy->device = g_strdup(lease->device);
        copy->class_name = g_strdup(lease->class_name);
        copy->pool = g_strdup(lease->pool);
        copy->parent = g_strdup(lease->parent);
        copy->type = g_strdup(lease->type);
        copy->address = g_strdup(lease->address);
        copy->name = g_strdup(lease->name);
        copy->previous_driver = g_strdup(lease->previous_driver);
        copy->switch_before = g_strdup(lease->switch_before);
        copy->switch_guest = g_strdup(lease->switch_guest);
        return copy;
}

void lease_free(Lease *lease) {
        if (!lease)
                return;

        g_free(lease->id);
        g_free(lease->domain_uuid);
        g_free(lease->domain_name);
        g_free(lease->device);
        g_free(lease->class_name);
        g_free(lease->pool);
        g_free(lease->parent);
        g_free(lease->type);
        g_free(lease->address);
        g_free(lease->name);
        g_free(lease->previous_driver);
        g_free(lease->switch_before);
        g_free(lease->switch_guest);
        g_free(lease);
}

#define TRIAL_PREFIX "trial of "

char *lease_trial_holder(const char *device) {
        return g_strconcat(TRIAL_PREFIX, device, NULL);
}

bool lease_is_trial(const Lease *lease) {
        return g_str_has_prefix(lease->domain_uuid, TRIAL_PREFIX);
}
