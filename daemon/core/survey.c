/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/survey.h"

#include <string.h>

static void survey_begin(Survey *survey, const Want *want, Usage *usage) {
        memset(survey, 0, sizeof(*survey));
        survey->want = want;
        survey->usage = usage;
        survey->holders = g_ptr_array_new();
        survey->known_holders = g_hash_table_new(g_str_hash, g_str_equal);
}

void survey_done(Survey *survey) {
        g_clear_pointer(&survey->holders, g_ptr_array_unref);
        g_clear_pointer(&survey->known_holders, g_hash_table_unref);
}

static void note_holder(Survey *survey, const char *id) {
        const Lease *lease = usage_lease(survey->usage, id);

        if (g_hash_table_add(survey->known_holders, lease->domain_name))
                g_ptr_array_add(survey->holders, lease->domain_name);
}

/* The device is what the guest wants, and something else is in the way. */
static bool would_do(Fit fit) {
        return fit >= FIT_HOST_USE && fit < FIT_YES && fit != FIT_POOL_FULL && fit != FIT_EXHAUSTED;
}

static const Pool *first_pool(const Survey *survey) {
        for (int fit = FIT_HOST_USE; fit < FIT_YES; fit++)
                if (would_do(fit) && survey->pool[fit])
                        return survey->pool[fit];
        return NULL;
}

static void note(Survey *survey, Fit fit, const Device *device, const Pool *pool) {
        const Pool *other = would_do(fit) ? first_pool(survey) : NULL;

        if (other && other != pool)
                survey->several_pools = true;
        if (survey->count[fit]++ > 0)
                return;

        survey->first[fit] = device;
        survey->pool[fit] = pool;
}

/* Of another parent than the one that it is rather to be of. */
static bool is_elsewhere(const Want *want, const char *parent) {
        return want->parent && g_strcmp0(want->parent, parent) != 0;
}

/* Lower is better; the host's order of ids decides among equals. What the cluster has promised to
 * the guest is the best there is, and is left for nobody else. */
static int rank(const Want *want, const Device *device, const Usage *usage) {
        bool stays = want->rather_migrates && !fit_can_migrate(device->fingerprint->vfio_caps);
        bool other = usage_expects(usage) && !usage_is_kept(usage, device->id);

        return 8 * other + 4 * stays + 2 * is_elsewhere(want, device->parent) +
               !g_str_equal(device->id, want->device->source);
}

const Device *survey_keep(const Want *want, Usage *usage) {
        const Lease *own = usage_own_lease(usage, want->device);
        const Device *device;

        device = own ? inventory_find(usage_inventory(usage), own->device) : NULL;
        if (device && fit_device(want, device, usage) == FIT_YES)
                return device;

        device = inventory_find(usage_inventory(usage), want->device->source);
        if (device && fit_device(want, device, usage) == FIT_YES && rank(want, device, usage) == 0)
                return device;
        return NULL;
}

static void survey_devices(Survey *survey) {
        Inventory *inventory = usage_inventory(survey->usage);
        g_autoptr(GPtrArray) devices = inventory_list(inventory);

        for (guint i = 0; i < devices->len; i++) {
                const Device *device = devices->pdata[i];
                Fit fit = fit_device(survey->want, device, survey->usage);

                if (fit == FIT_NO_CANDIDATE)
                        continue;
                note(survey, fit, device, inventory_pool(inventory, device));
                if (fit == FIT_LEASED)
                        note_holder(survey, device->id);
                if (fit != FIT_YES)
                        continue;

                if (!survey->best || rank(survey->want, device, survey->usage) <
                                             rank(survey->want, survey->best, survey->usage))
                        survey->best = device;
                /* The one of rank 0 was tried before, by survey_keep(). */
                if (rank(survey->want, survey->best, survey->usage) <= 1)
                        return;
        }
}

static void note_exhausted(Survey *survey, const Device *parent) {
        for (guint i = 0; parent->types && i < parent->types->len; i++) {
                const MdevType *type = parent->types->pdata[i];
                Fit fit = fit_kind(survey->want, parent->fingerprint, type->id, VFIO_CAPS_UNKNOWN);

                if (type->available == 0 && fit == FIT_YES)
                        note(survey, FIT_EXHAUSTED, parent, NULL);
        }
}

static bool has_good_offer(const Survey *survey) {
        return survey->has_offer && !is_elsewhere(survey->want, survey->offer.parent->id);
}

static void look_at_offers(Survey *survey) {
        Inventory *inventory = usage_inventory(survey->usage);
        g_autoptr(GPtrArray) devices = inventory_list(inventory);
        g_autoptr(GArray) offers = inventory_offers(inventory);

        for (guint i = 0; i < offers->len && !has_good_offer(survey); i++) {
                const Offer *offer = &g_array_index(offers, Offer, i);
                Fit fit = fit_offer(survey->want, offer, survey->usage);

                if (fit == FIT_NO_CANDIDATE)
                        continue;
                note(survey, fit, offer->parent, offer->pool);
                if (fit != FIT_YES ||
                    (survey->has_offer && is_elsewhere(survey->want, offer->parent->id)))
                        continue;

                survey->has_offer = true;
                survey->offer = *offer;
        }

        for (guint i = 0; i < devices->len && !survey->has_offer; i++) {
                const Device *device = devices->pdata[i];

                if (device->role == DEVICE_ROLE_PARENT && device->class == survey->want->class)
                        note_exhausted(survey, device);
        }
}

void survey_host(Survey *ret_survey, const Want *want, Usage *usage) {
        survey_begin(ret_survey, want, usage);
        survey_devices(ret_survey);
        if (!ret_survey->best || is_elsewhere(want, ret_survey->best->parent))
                look_at_offers(ret_survey);
        if (has_good_offer(ret_survey))
                ret_survey->best = NULL;
}

void survey_offers(Survey *ret_survey, const Want *want, Usage *usage) {
        survey_begin(ret_survey, want, usage);
        look_at_offers(ret_survey);
}
