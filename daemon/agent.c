/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/agent.h"

#include <inttypes.h>

#include "daemon/facts/cpu-time.h"
#include "daemon/facts/host-memory.h"
#include "daemon/facts/pressure.h"

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

static void read_memory(const Agent *agent, Sample *sample) {
        HostMemory memory;

        if (host_memory_read(agent->sysfs, &memory) < 0 || memory.available_kib > memory.total_kib)
                return;

        sample->values[METRIC_RESIDENT] = (memory.total_kib - memory.available_kib) * 1024;
        sample->values[METRIC_UNUSED] = memory.available_kib * 1024;
}

static void read_pressure(const Agent *agent, Pressure pressure, Metric metric, Sample *sample) {
        uint64_t usec;

        if (pressure_read_machine(agent->sysfs, pressure, &usec) >= 0)
                sample->values[metric] = usec;
}

void agent_read_sample(const Agent *agent, Sample *ret_sample) {
        uint64_t nsec;

        sample_init(ret_sample);
        if (cpu_time_read(agent->sysfs, &nsec) >= 0)
                ret_sample->values[METRIC_CPU] = nsec;
        read_memory(agent, ret_sample);
        read_pressure(agent, PRESSURE_CPU, METRIC_CPU_STALL, ret_sample);
        read_pressure(agent, PRESSURE_MEMORY, METRIC_MEMORY_STALL, ret_sample);
        read_pressure(agent, PRESSURE_IO, METRIC_IO_STALL, ret_sample);
}

GPtrArray *agent_read_ports(const Agent *agent) {
        GPtrArray *ports = NULL;

        return port_stats_list(agent->sysfs, AGENT_PORTS_MAX, &ports) >= 0 ? ports
                                                                           : g_ptr_array_new();
}

bool agent_has_changed(Agent *agent) {
        g_autoptr(ResourceMap) map = read_map(agent);
        g_autofree char *before = g_steal_pointer(&agent->seen);

        agent->seen = describe(map);
        return before && !g_str_equal(before, agent->seen);
}
