/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-transfer.h"

#include <math.h>

#include "daemon/core/transfer.h"
#include "daemon/facts/host-memory.h"

#define MIB (1024u * 1024)

static unsigned count_cores(const Sysfs *sysfs) {
        NumberSet cpus;

        return host_cpus_read(sysfs, &cpus) < 0 ? 0 : number_set_count(&cpus);
}

/* Work of the last minute, in cores: "0.89 0.35 0.55 1/234 5", proc_loadavg(5). What cannot be read
 * leaves no core idle. */
static unsigned count_idle(const Sysfs *sysfs, unsigned cores) {
        g_autofree char *text = NULL;
        double load;

        if (sysfs_read_string(sysfs, "proc/loadavg", &text) < 0 || !g_ascii_isdigit(*text))
                return 0;

        load = ceil(g_ascii_strtod(text, NULL));
        return load < cores ? cores - (unsigned)load : 0;
}

static TransferFigures read_figures(const Manager *manager, const MoveRequest *request,
                                    GuestMemory memory) {
        unsigned cores = count_cores(manager->sysfs);

        return (TransferFigures){
                .cores = cores,
                .idle = count_idle(manager->sysfs, cores),
                .rate = forecasts_rate(manager->forecasts, request->uri),
                .bandwidth_limit = request->bandwidth * MIB,
                .dirty_rate = memory.dirty_rate,
                .libvirt = manager->libvirt_version,
        };
}

static void take(MoveRequest *request, const Transfer *transfer) {
        request->connections = transfer->connections;
        g_free(request->compression);
        request->compression = g_strdup(transfer->compression);
}

bool guest_transfer_plan(Manager *manager, Migration *migration, MoveRequest *request,
                         GuestMemory memory, GError **error) {
        TransferFigures figures = read_figures(manager, request, memory);
        const TransferWish wish = { request->connections, request->compression };
        g_auto(Transfer) transfer = { 0 };

        if (request->off) /* no memory is sent, and nothing learnt of any */
                return true;
        if (!transfer_choose(&wish, &figures, &transfer, error))
                return false;

        take(request, &transfer);
        request->max_downtime_ms = forecasts_plan(manager->forecasts, migration, request, memory);
        if (migration->plan.total_ms < 0)
                transfer_slow_down(&transfer);

        request->auto_converge = transfer.auto_converge;
        migration->plan.transfer = transfer_to_string(&transfer);
        migration->plan.transfer_why = g_steal_pointer(&transfer.why);
        return true;
}
