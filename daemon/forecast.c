/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/forecast.h"

#include "daemon/core/fit.h"

struct Forecasts {
        Manager *manager;
        Model *model;
        GHashTable *plans; /* id of the migration → Facts, until it has ended */
};

/* MoveFacts that own their name. */
typedef struct Facts {
        MoveFacts facts;
        char *way;
} Facts;

static void facts_free(Facts *facts) {
        g_free(facts->way);
        g_free(facts);
}

static void facts_free_any(void *facts) {
        facts_free(facts);
}

Forecasts *forecasts_new(Manager *manager) {
        Forecasts *forecasts = g_new0(Forecasts, 1);

        forecasts->manager = manager;
        forecasts->model = model_new();
        forecasts->plans = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, facts_free_any);
        return forecasts;
}

void forecasts_free(Forecasts *forecasts) {
        if (!forecasts)
                return;

        g_hash_table_unref(forecasts->plans);
        model_free(forecasts->model);
        g_free(forecasts);
}

bool forecasts_load(Forecasts *forecasts, GError **error) {
        return store_load_model(forecasts->manager->store, forecasts->model, error);
}

/* What is known ------------------------------------------------------------------- */

/* The other host as the URI names it; NULL of a libvirt of this host. New. */
static char *way_of(const char *uri) {
        char *host = NULL;

        if (!g_uri_split(uri, G_URI_FLAGS_NONE, NULL, NULL, &host, NULL, NULL, NULL, NULL, NULL))
                return NULL;
        if (host && !*host)
                g_clear_pointer(&host, g_free);
        return host;
}

static int64_t step_usec(const TrialReport *report, TrialStepKind kind) {
        const TrialStep *step = report ? trial_report_find(report, kind) : NULL;

        return step && step->outcome == TRIAL_DONE ? (int64_t)step->usec : -1;
}

static void add_device(const Manager *manager, MoveFacts *facts, const Device *device) {
        const Fingerprint *fingerprint = device->fingerprint;
        const TrialReport *report = trials_find(manager->trials, device);
        bool told = fingerprint->vfio_caps & VFIO_CAP_DATA_SIZE;

        facts->n_devices++;
        if (fingerprint->vfio_caps & VFIO_CAP_PRE_COPY)
                facts->n_precopy++;
        if (facts->state != MODEL_STATE_UNTOLD)
                facts->state = told ? facts->state + fingerprint->state_size : MODEL_STATE_UNTOLD;
        facts->save_usec = MAX(facts->save_usec, step_usec(report, TRIAL_SAVE));
        facts->load_usec = MAX(facts->load_usec, step_usec(report, TRIAL_LOAD));
}

/* Those that bring a state: not what is unplugged while the guest moves. */
static void add_devices(const Manager *manager, MoveFacts *facts, const Migration *migration) {
        for (guint i = 0; i < migration->devices->len; i++) {
                const MigrationDevice *device = migration->devices->pdata[i];
                const Device *found = inventory_find(manager->inventory, device->from);

                if (found && fit_can_migrate(found->fingerprint->vfio_caps))
                        add_device(manager, facts, found);
        }
}

static Facts *facts_new(const Manager *manager, const Migration *migration,
                        const MoveRequest *request, GuestMemory memory) {
        Facts *facts = g_new0(Facts, 1);

        facts->way = request ? way_of(request->uri) : NULL;
        facts->facts = (MoveFacts){
                .way = facts->way,
                .ram = memory.total,
                .ram_used = memory.used,
                .dirty_rate = memory.dirty_rate,
                .save_usec = -1,
                .load_usec = -1,
                .connections = request ? request->connections : 0,
                .bandwidth_limit = request ? request->bandwidth * 1024 * 1024 : 0,
        };
        add_devices(manager, &facts->facts, migration);
        return facts;
}

uint64_t forecasts_rate(const Forecasts *forecasts, const char *uri) {
        g_autofree char *way = way_of(uri);
        const MoveFacts facts = { .way = way, .save_usec = -1, .load_usec = -1 };

        return model_rate(forecasts->model, &facts);
}

/* Planning ------------------------------------------------------------------------ */

static void note_forecast(MigrationPlan *plan, const MoveForecast *forecast) {
        g_autofree char *why = NULL;

        if (forecast->converges) {
                plan->total_ms = forecast->total_ms.likely;
                plan->downtime_ms = forecast->downtime_ms.likely;
                plan->bytes = (uint64_t)forecast->bytes.likely;
                return;
        }

        why = g_strdup_printf("%s%sits memory may be written faster than it is sent, unless it may "
                              "stand still for %" G_GINT64_FORMAT " ms (--max-downtime)",
                              plan->why ?: "", plan->why ? "; " : "", forecast->needed_ms);
        g_free(plan->why);
        plan->why = g_steal_pointer(&why);
}

int64_t forecasts_plan(Forecasts *forecasts, Migration *migration, const MoveRequest *request,
                       GuestMemory memory) {
        const Manager *manager = forecasts->manager;
        Facts *facts = facts_new(manager, migration, request, memory);
        MoveForecast forecast;

        facts->facts.allowed_ms = request && request->max_downtime_ms >= 0
                                          ? request->max_downtime_ms
                                          : model_choose_downtime(forecasts->model, &facts->facts,
                                                                  MODEL_ALLOWED_DEFAULT_MS,
                                                                  manager->config->downtime_max_ms);
        model_forecast(forecasts->model, &facts->facts, &forecast);
        note_forecast(&migration->plan, &forecast);
        migration->plan.allowed_ms = facts->facts.allowed_ms;

        g_hash_table_replace(forecasts->plans, g_strdup(migration->id), facts);
        return facts->facts.allowed_ms;
}

void forecasts_foretell(const Forecasts *forecasts, const Migration *migration, const char *uri,
                        GuestMemory memory, MoveForecast *ret_forecast) {
        const Manager *manager = forecasts->manager;
        const MoveRequest request = { .uri = (char *)uri };
        Facts *facts = facts_new(manager, migration, uri ? &request : NULL, memory);

        facts->facts.allowed_ms = model_choose_downtime(forecasts->model, &facts->facts,
                                                        MODEL_ALLOWED_DEFAULT_MS,
                                                        manager->config->downtime_max_ms);
        model_forecast(forecasts->model, &facts->facts, ret_forecast);
        facts_free(facts);
}

/* Learning ------------------------------------------------------------------------ */

void forecasts_learn(Forecasts *forecasts, const Migration *migration, const GuestJob *job) {
        const Facts *facts = g_hash_table_lookup(forecasts->plans, migration->id);
        MoveOutcome outcome = {
                .total_ms = job->total_ms,
                .downtime_ms = job->downtime_ms,
                .setup_ms = job->setup_ms,
                .bytes = job->memory_bytes + job->vfio_bytes,
                .dirty_rate = job->dirty_rate,
                .iterations = job->iteration,
        };
        g_autoptr(GError) error = NULL;

        if (facts && model_learn(forecasts->model, &facts->facts, &outcome) &&
            !store_put_move(forecasts->manager->store, &facts->facts, &outcome, &error))
                g_warning("%s", error->message);
        forecasts_forget(forecasts, migration);
}

void forecasts_forget(Forecasts *forecasts, const Migration *migration) {
        g_hash_table_remove(forecasts->plans, migration->id);
}
