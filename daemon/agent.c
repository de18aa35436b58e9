/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/agent.h"

#include <inttypes.h>

struct Agent {
        Sysfs *sysfs;
        Config *config;
        Inventory *inventory;
        LeaseBook *leases; /* stays empty: it gives nothing away */
        char *seen;        /* what there was at the last look */
};

Agent *agent_new(Sysfs *sysfs) {
        Agent *agent = g_new0(Agent, 1);

        agent->sysfs = sysfs;
        agent->config = config_new();
        agent->inventory = inventory_new(sysfs, agent->config, NULL);
        agent->leases = lease_book_new(NULL);
        return agent;
}

void agent_free(Agent *agent) {
        if (!agent)
                return;

        lease_book_free(agent->leases);
        inventory_free(agent->inventory);
        config_free(agent->config);
        g_free(agent->seen);
        g_free(agent);
}

static char *describe(const ResourceMap *map) {
        const GPtrArray *resources = resource_map_list(map);
        g_autoptr(GString) text = g_string_new(NULL);

        for (guint i = 0; i < resources->len; i++) {
                const Resource *resource = resources->pdata[i];

                g_string_append_printf(text, "%s %" PRIu64 "\n", resource->id, resource->total);
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

/* What cannot be scanned is not there. */
static ResourceMap *read_map(Agent *agent) {
        (void)inventory_scan(agent->inventory);
        return resource_map_read(
                &(ResourceSources){ agent->sysfs, agent->inventory, agent->leases, NULL, NULL });
}

ResourceMap *agent_read_map(Agent *agent) {
        ResourceMap *map = read_map(agent);

        g_free(agent->seen);
        agent->seen = describe(map);
        return map;
}

bool agent_has_changed(Agent *agent) {
        g_autoptr(ResourceMap) map = read_map(agent);
        g_autofree char *before = g_steal_pointer(&agent->seen);

        agent->seen = describe(map);
        return before && !g_str_equal(before, agent->seen);
}
