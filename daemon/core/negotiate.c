/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/negotiate.h"

#include "daemon/core/refusal.h"
#include "daemon/core/survey.h"

void answer_free(Answer *answer) {
        if (!answer)
                return;

        g_free(answer->name);
        g_free(answer->source);
        g_free(answer->class_name);
        g_free(answer->parent);
        g_free(answer->type);
        g_free(answer->pool);
        g_free(answer->reason);
        g_free(answer);
}

static void answer_foreign(Answer *answer) {
        answer->ok = answer->foreign = true;
        answer->reason = g_strdup_printf("virt-ferry does not manage %s and leaves it as it is",
                                         answer->device->source);
}

static void answer_refuse(Answer *answer, char *reason) {
        answer->ok = false;
        answer->reason = reason;
}

static void answer_device(Answer *answer, const Want *want, const Device *device, Usage *usage) {
        const Pool *pool = inventory_pool(usage_inventory(usage), device);
        g_autofree char *what = want_to_text(want);

        answer->ok = true;
        answer->source = g_strdup(device->id);
        answer->class_name = g_strdup(device->class->name);
        answer->parent = g_strdup(device->parent);
        answer->type = g_strdup(device->fingerprint->mdev_type);
        answer->pool = g_strdup(pool->name);
        usage_promise(usage, device->id, pool, NULL);

        if (usage_lease(usage, device->id))
                answer->reason = g_strdup_printf("%s is leased to this guest already", device->id);
        else if (g_str_equal(device->id, want->device->source))
                answer->reason = g_strdup_printf("%s is on this host and free", device->id);
        else
                answer->reason = g_strdup_printf("%s is %s in pool '%s' and free", device->id, what,
                                                 pool->name);
}

/* Its id: the one that the domain names, unless something here has it. */
static char *name_new(const Want *want, const Usage *usage) {
        const char *source = want->device->source;

        if (inventory_find(usage_inventory(usage), source) || usage_lease(usage, source) ||
            usage_is_promised(usage, source))
                return g_uuid_string_random();
        return g_strdup(source);
}

static void answer_offer(Answer *answer, char *id, const Offer *offer, Usage *usage) {
        answer->ok = answer->make = true;
        answer->source = id;
        answer->class_name = g_strdup(offer->class->name);
        answer->parent = g_strdup(offer->parent->id);
        answer->type = g_strdup(offer->type->id);
        answer->pool = g_strdup(offer->pool->name);
        answer->reason = g_strdup_printf("an mdev of type %s will be made on %s in pool '%s'",
                                         offer->type->id, offer->parent->id, offer->pool->name);
        usage_promise(usage, id, offer->pool, offer->parent->id);
}

/* What was leased to the guest and is to be made, but is not made yet. */
static bool answer_unmade_lease(Answer *answer, const Want *want, Usage *usage) {
        const Lease *lease = usage_own_lease(usage, want->device);
        Inventory *inventory = usage_inventory(usage);
        g_autoptr(GArray) offers = NULL;

        if (!lease || !lease->make || inventory_find(inventory, lease->device))
                return false;

        offers = inventory_offers(inventory);
        for (guint i = 0; i < offers->len; i++) {
                const Offer *offer = &g_array_index(offers, Offer, i);

                if (g_strcmp0(offer->parent->id, lease->parent) == 0 &&
                    g_strcmp0(offer->type->id, lease->type) == 0 &&
                    fit_offer(want, offer, usage) == FIT_YES) {
                        answer_offer(answer, g_strdup(lease->device), offer, usage);
                        return true;
                }
        }
        return false;
}

/* The device that the domain names is the only choice. False when this host
 * does not know it. */
static bool answer_named(Answer *answer, const Want *want, Usage *usage) {
        const char *id = want->device->source;
        const Device *device = inventory_find(usage_inventory(usage), id);
        const Lease *lease = usage_lease(usage, id);
        Fit fit;

        if (!device && lease && !usage_is_own(usage, lease)) {
                answer_refuse(answer, refuse_named(want, NULL, FIT_LEASED, usage));
                return true;
        }
        if (!device || device->role != DEVICE_ROLE_FUNCTION)
                return false;

        fit = fit_device(want, device, usage);
        answer->shared = fit == FIT_SHARED;
        if (fit == FIT_YES)
                answer_device(answer, want, device, usage);
        else
                answer_refuse(answer, refuse_named(want, device, fit, usage));
        return true;
}

/* Whether there is nothing better to look for. */
static bool answer_kept(Answer *answer, const Want *want, Usage *usage) {
        const Device *device;

        device = want_can_choose(want) ? survey_keep(want, usage) : NULL;
        if (device)
                answer_device(answer, want, device, usage);
        return device || answer_unmade_lease(answer, want, usage);
}

static bool is_shared(const Survey *survey) {
        const Pool *full = survey->pool[FIT_POOL_FULL];

        return survey->count[FIT_SHARED] > 0 ||
               (full && usage_pool_shared(survey->usage, full) > 0);
}

static void answer_chosen(Answer *answer, const Want *want, Usage *usage) {
        g_auto(Survey) survey = { 0 };

        survey_host(&survey, want, usage);
        if (survey.best)
                answer_device(answer, want, survey.best, usage);
        else if (survey.has_offer)
                answer_offer(answer, name_new(want, usage), &survey.offer, usage);
        else {
                answer->shared = is_shared(&survey);
                answer_refuse(answer, refuse(&survey));
        }
}

static void answer_undescribed(Answer *answer, const Want *want, Usage *usage) {
        if (answer_named(answer, want, usage))
                return;

        if (want->described)
                answer_refuse(answer, refuse_undescribed(want));
        else
                answer_foreign(answer);
}

static void answer_here(Answer *answer, const Want *want, Usage *usage) {
        const Device *device = inventory_find(usage_inventory(usage), want->device->source);
        const Lease *own = usage_own_lease(usage, want->device);
        g_auto(Survey) survey = { 0 };

        /* The operator may well know what the host does with it. */
        if (device && fit_device(want, device, usage) == FIT_HOST_USE) {
                answer_foreign(answer);
                return;
        }
        if (answer_named(answer, want, usage))
                return;
        if (own && g_str_equal(own->device, want->device->source) &&
            answer_unmade_lease(answer, want, usage))
                return;
        if (device || want->device->kind != DOMAIN_DEVICE_MDEV || !want->type) {
                answer_foreign(answer);
                return;
        }

        survey_offers(&survey, want, usage);
        if (survey.has_offer)
                answer_offer(answer, g_strdup(want->device->source), &survey.offer, usage);
        else
                answer_refuse(answer, refuse(&survey));
}

/* A device made a moment ago may be known to the kernel and not to us yet. */
static void refresh_named(const Domain *domain, Inventory *inventory) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];

                if (!inventory_find(inventory, device->source))
                        (void)inventory_refresh(inventory, device_class_for_kind(device->kind),
                                                device->source);
        }
}

typedef Want *(*WantReader)(const Domain *domain, const DomainDevice *device, const Compat *compat,
                            char **ret_problem);

/* An Answer and a Want for each device; what contradicts itself is refused here already. */
static GPtrArray *begin(const Domain *domain, const Compat *compat, WantReader read_want,
                        GPtrArray *wants) {
        GPtrArray *answers = g_ptr_array_new_with_free_func((GDestroyNotify)answer_free);

        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                Answer *answer = g_new0(Answer, 1);
                Want *want = read_want(domain, device, compat, &answer->reason);

                answer->device = device;
                answer->name = g_strdup(want->name);
                g_ptr_array_add(wants, want);
                g_ptr_array_add(answers, answer);
        }
        return answers;
}

GPtrArray *negotiate(const Domain *domain, Inventory *inventory, const LeaseBook *book,
                     const GPtrArray *parents) {
        g_autoptr(GPtrArray) wants = g_ptr_array_new_with_free_func((GDestroyNotify)want_free);
        g_autoptr(Usage) usage = NULL;
        GPtrArray *answers;

        refresh_named(domain, inventory);
        usage = usage_new(domain, inventory, book);
        answers = begin(domain, inventory_compat(inventory), want_new, wants);
        for (guint i = 0; parents && i < wants->len; i++)
                ((Want *)wants->pdata[i])->parent = parents->pdata[i];

        /* First all that can keep a device, so that none is given away to the one before it. */
        for (guint i = 0; i < answers->len; i++) {
                Answer *answer = answers->pdata[i];

                if (!answer->reason)
                        (void)answer_kept(answer, wants->pdata[i], usage);
        }
        for (guint i = 0; i < answers->len; i++) {
                const Want *want = wants->pdata[i];
                Answer *answer = answers->pdata[i];

                if (answer->reason)
                        continue;
                if (want_can_choose(want))
                        answer_chosen(answer, want, usage);
                else
                        answer_undescribed(answer, want, usage);
        }
        return answers;
}

GPtrArray *negotiate_here(const Domain *domain, Inventory *inventory, const LeaseBook *book) {
        g_autoptr(GPtrArray) wants = g_ptr_array_new_with_free_func((GDestroyNotify)want_free);
        g_autoptr(Usage) usage = NULL;
        GPtrArray *answers;

        refresh_named(domain, inventory);
        usage = usage_new(domain, inventory, book);
        answers = begin(domain, inventory_compat(inventory), want_new_here, wants);

        for (guint i = 0; i < answers->len; i++) {
                Answer *answer = answers->pdata[i];

                if (!answer->reason)
                        answer_here(answer, wants->pdata[i], usage);
        }
        return answers;
}

bool negotiate_wants_shared(const GPtrArray *answers) {
        for (guint i = 0; i < answers->len; i++)
                if (((const Answer *)answers->pdata[i])->shared)
                        return true;
        return false;
}

char *negotiate_refusal(const GPtrArray *answers) {
        g_autoptr(GString) refusal = g_string_new(NULL);

        for (guint i = 0; i < answers->len; i++) {
                const Answer *answer = answers->pdata[i];

                if (!answer->ok)
                        g_string_append_printf(refusal, "%s%s", refusal->len > 0 ? "; " : "",
                                               answer->reason);
        }
        return refusal->len > 0 ? g_string_free(g_steal_pointer(&refusal), FALSE) : NULL;
}
