/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/place.h"

#include <stdlib.h>

#include "daemon/core/place-parts.h"
#include "daemon/core/string-table.h"

static const char *const rules[] = {
        [PLACE_HERE] = "here",       [PLACE_AWAY] = "away",         [PLACE_SETTLING] = "settling",
        [PLACE_DRAINED] = "drained", [PLACE_SOFTWARE] = "software", [PLACE_KIND] = "kind",
        [PLACE_BUSY] = "busy",       [PLACE_TOGETHER] = "together", [PLACE_AMOUNT] = "amount",
        [PLACE_OFFLOAD] = "offload", [PLACE_FORECAST] = "forecast", [PLACE_FITS] = "fits",
};
G_STATIC_ASSERT(G_N_ELEMENTS(rules) == _PLACE_RULE_MAX);

const char *place_rule_to_string(PlaceRule rule) {
        return string_table_word(rules, _PLACE_RULE_MAX, rule);
}

PlaceRule place_rule_from_string(const char *text) {
        return (PlaceRule)string_table_value(rules, _PLACE_RULE_MAX, text);
}

/* The world ------------------------------------------------------------------------- */

PlaceWorld *place_world_copy(const PlaceWorld *world) {
        PlaceWorld *copy = g_memdup2(world, sizeof(*world));

        copy->hosts = g_memdup2(world->hosts, world->n_hosts * sizeof(*world->hosts));
        for (unsigned i = 0; i < copy->n_hosts; i++) {
                PlaceHost *host = &copy->hosts[i];

                host->functions = g_memdup2(host->functions,
                                            host->n_functions * sizeof(*host->functions));
                host->offloads = g_memdup2(host->offloads,
                                           host->n_offloads * sizeof(*host->offloads));
        }
        return copy;
}

void place_world_free(PlaceWorld *world) {
        if (!world)
                return;

        for (unsigned i = 0; i < world->n_hosts; i++) {
                g_free(world->hosts[i].functions);
                g_free(world->hosts[i].offloads);
        }
        g_free(world->hosts);
        g_free(world);
}

/* What fits ------------------------------------------------------------------------- */

Fit place_ask_kind(const Want *want, const PlaceKind *kind) {
        const Fingerprint *fingerprint = kind->fingerprint;
        Fit fit;

        if (want->class && want->class != kind->class)
                return FIT_NO_CANDIDATE;
        fit = fit_kind(want, fingerprint, fingerprint->mdev_type, fingerprint->vfio_caps);
        if (fit == FIT_YES && want->pool && g_strcmp0(want->pool, kind->pool) != 0)
                return FIT_POOL;
        return fit;
}

static unsigned most_seats(const PlaceWorld *world) {
        unsigned most = 0;

        for (unsigned i = 0; i < world->n_hosts; i++)
                most = MAX(most, MAX(world->hosts[i].n_functions, world->hosts[i].n_offloads));
        return most;
}

Place *place_new(const PlaceWorld *world, const PlaceGuest *guest) {
        Place *place = g_new0(Place, 1);
        unsigned n_wants = guest->wants->len;

        place->world = world;
        place->guest = guest;
        place->fits = g_new(uint8_t, (size_t)n_wants * world->n_kinds + 1);
        for (unsigned w = 0; w < n_wants; w++)
                for (unsigned k = 0; k < world->n_kinds; k++)
                        place->fits[(size_t)w * world->n_kinds + k] = (uint8_t)place_ask_kind(
                                guest->wants->pdata[w], &world->kinds[k]);
        place->match = place_match_new(MAX(n_wants, guest->offloads->len), most_seats(world));
        return place;
}

void place_free(Place *place) {
        if (!place)
                return;

        place_match_free(place->match);
        g_free(place->fits);
        g_free(place);
}

Fit place_fit(const Place *place, unsigned want, unsigned kind) {
        return place->fits[(size_t)want * place->world->n_kinds + kind];
}

uint64_t place_free_amount(const PlaceAmount *amount) {
        return amount->offered > amount->promised ? amount->offered - amount->promised : 0;
}

static unsigned free_functions(const PlaceFunctions *functions) {
        return functions->offered > functions->promised ? functions->offered - functions->promised
                                                        : 0;
}

/* The rules ------------------------------------------------------------------------- */

static bool is_too_old(const Version *have, const Version *needed) {
        return version_is_set(have) && version_compare(have, needed) < 0;
}

/* Only a device that brings its state is moved by QEMU and libvirt as its rule says. */
static bool software_fits(const PlaceGuest *guest, const PlaceHost *host, PlaceVerdict *verdict) {
        for (unsigned w = 0; w < guest->wants->len; w++) {
                const Want *want = guest->wants->pdata[w];

                if (!want->state || (!is_too_old(&host->qemu, &want->rule->qemu_min) &&
                                     !is_too_old(&host->libvirt, &want->rule->libvirt_min)))
                        continue;
                verdict->rule = PLACE_SOFTWARE;
                verdict->what = w;
                return false;
        }
        return true;
}

/* There is one for it, whatever the others get. */
static bool want_fits(const Place *place, const PlaceHost *host, unsigned want,
                      PlaceVerdict *verdict) {
        bool is_there = false;

        for (unsigned i = 0; i < host->n_functions; i++) {
                const PlaceFunctions *functions = &host->functions[i];

                if (place_fit(place, want, functions->kind) != FIT_YES)
                        continue;
                if (free_functions(functions) > 0)
                        return true;
                is_there = is_there || functions->offered > 0;
        }
        verdict->rule = is_there ? PLACE_BUSY : PLACE_KIND;
        verdict->what = want;
        return false;
}

typedef struct Seats {
        const Place *place;
        const PlaceHost *host;
} Seats;

static bool function_fits(const void *userdata, unsigned want, unsigned seat) {
        const Seats *seats = userdata;

        return place_fit(seats->place, want, seats->host->functions[seat].kind) == FIT_YES;
}

static bool match_functions(Place *place, const PlaceHost *host) {
        const Seats seats = { place, host };
        unsigned *room = place_match_room(place->match);

        for (unsigned i = 0; i < host->n_functions; i++)
                room[i] = free_functions(&host->functions[i]);
        return place_match_all(place->match, place->guest->wants->len, host->n_functions,
                               function_fits, &seats);
}

static bool functions_fit(Place *place, const PlaceHost *host, PlaceVerdict *verdict) {
        for (unsigned w = 0; w < place->guest->wants->len; w++)
                if (!want_fits(place, host, w, verdict))
                        return false;
        verdict->rule = PLACE_TOGETHER;
        return match_functions(place, host);
}

static bool amounts_fit(const PlaceGuest *guest, const PlaceHost *host, PlaceVerdict *verdict) {
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                if (guest->amounts[r] > place_free_amount(&host->amounts[r])) {
                        verdict->rule = PLACE_AMOUNT;
                        verdict->what = (unsigned)r;
                        return false;
                }
        return true;
}

static bool offload_fits(const void *userdata, unsigned taker, unsigned seat) {
        const Seats *seats = userdata;
        const SliceOffload *need = seats->place->guest->offloads->pdata[taker];
        const PlaceOffload *offload = &seats->host->offloads[seat];

        if (need->pool && g_strcmp0(need->pool, offload->pool) != 0)
                return false;
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                if (place_resource_need(need, (HeadroomResource)r) >
                    place_free_amount(&offload->amounts[r]))
                        return false;
        return true;
}

/* No two of a slice share one: xml/slice.h. */
static bool match_offloads(Place *place, const PlaceHost *host) {
        const Seats seats = { place, host };
        unsigned *room = place_match_room(place->match);

        for (unsigned i = 0; i < host->n_offloads; i++)
                room[i] = 1;
        return place_match_all(place->match, place->guest->offloads->len, host->n_offloads,
                               offload_fits, &seats);
}

static bool counts(const PlaceGuest *guest, HeadroomResource resource) {
        if (resource == HEADROOM_BANDWIDTH)
                return place_uses_network(guest);
        return resource == HEADROOM_CORES || resource == HEADROOM_MEMORY;
}

/* Any guest uses cores and memory, whether they are promised to it or not. */
static bool forecast_fits(const PlaceGuest *guest, const PlaceHost *host, PlaceVerdict *verdict) {
        verdict->level = HEADROOM_HIGH;
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++) {
                HeadroomLevel level = host->amounts[r].level;

                if (!counts(guest, (HeadroomResource)r) || level == _HEADROOM_LEVEL_INVALID)
                        continue;
                if (level < verdict->level) {
                        verdict->level = level;
                        verdict->what = (unsigned)r;
                }
        }
        verdict->rule = PLACE_FORECAST;
        return verdict->level != HEADROOM_LOW;
}

/* The verdict ----------------------------------------------------------------------- */

static double percent_left(uint64_t free, uint64_t needed, uint64_t of) {
        return of > 0 ? 100.0 * (double)(free - needed) / (double)of : 0;
}

/* Of the functions that it could have, taken together. */
static double functions_left(const Place *place, const PlaceHost *host, unsigned want) {
        uint64_t free = 0, offered = 0;

        for (unsigned i = 0; i < host->n_functions; i++)
                if (place_fit(place, want, host->functions[i].kind) == FIT_YES) {
                        free += free_functions(&host->functions[i]);
                        offered += host->functions[i].offered;
                }
        return percent_left(free, 1, offered);
}

static double least_left(const Place *place, const PlaceHost *host) {
        const PlaceGuest *guest = place->guest;
        double left = 100;

        for (unsigned w = 0; w < guest->wants->len; w++)
                left = MIN(left, functions_left(place, host, w));
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                if (guest->amounts[r] > 0)
                        left = MIN(left, percent_left(place_free_amount(&host->amounts[r]),
                                                      guest->amounts[r], host->amounts[r].offered));
        return left;
}

static PlaceRule ask_state(const PlaceGuest *guest, const PlaceHost *host) {
        if (guest->host && g_str_equal(guest->host, host->name))
                return PLACE_HERE;
        if (!host->alive)
                return PLACE_AWAY;
        if (guest->settles > 0)
                return PLACE_SETTLING;
        return host->drained ? PLACE_DRAINED : PLACE_FITS;
}

PlaceVerdict place_ask(Place *place, unsigned number) {
        const PlaceHost *host = &place->world->hosts[number];
        PlaceVerdict verdict = { .host = number, .rule = ask_state(place->guest, host) };

        if (verdict.rule != PLACE_FITS || !software_fits(place->guest, host, &verdict) ||
            !functions_fit(place, host, &verdict) || !amounts_fit(place->guest, host, &verdict))
                return verdict;
        verdict.rule = PLACE_OFFLOAD;
        if (!match_offloads(place, host) || !forecast_fits(place->guest, host, &verdict))
                return verdict;

        verdict.rule = PLACE_FITS;
        verdict.left = least_left(place, host);
        return verdict;
}

static int compare(const void *a, const void *b) {
        const PlaceVerdict *left = a, *right = b;

        if (left->rule != right->rule)
                return left->rule > right->rule ? -1 : 1;
        if (left->rule == PLACE_FITS && left->level != right->level)
                return left->level > right->level ? -1 : 1;
        if (left->rule == PLACE_FITS && left->left != right->left)
                return left->left > right->left ? -1 : 1;
        return (left->host > right->host) - (left->host < right->host);
}

PlaceVerdict *place_rank(Place *place) {
        unsigned n = place->world->n_hosts;
        PlaceVerdict *verdicts = g_new(PlaceVerdict, n + 1);

        for (unsigned i = 0; i < n; i++)
                verdicts[i] = place_ask(place, i);
        qsort(verdicts, n, sizeof(*verdicts), compare);
        return verdicts;
}

/* Taking ---------------------------------------------------------------------------- */

static void take_offloads(Place *place, PlaceHost *host) {
        for (unsigned i = 0; i < place->guest->offloads->len; i++) {
                PlaceOffload *offload = &host->offloads[place_match_seat(place->match, i)];

                for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                        offload->amounts[r].promised += place_resource_need(
                                place->guest->offloads->pdata[i], (HeadroomResource)r);
        }
}

bool place_take(Place *place, PlaceWorld *world, unsigned number) {
        PlaceHost *host = &world->hosts[number];

        if (place_ask(place, number).rule != PLACE_FITS)
                return false;

        (void)match_functions(place, host);
        for (unsigned w = 0; w < place->guest->wants->len; w++)
                host->functions[place_match_seat(place->match, w)].promised++;
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                host->amounts[r].promised += place->guest->amounts[r];
        (void)match_offloads(place, host);
        take_offloads(place, host);
        return true;
}
