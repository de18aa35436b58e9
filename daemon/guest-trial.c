/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-trial.h"

#include <string.h>

#include "daemon/core/probe-memo.h"
#include "daemon/core/strategy.h"
#include "daemon/hardware.h"
#include "daemon/recover.h"
#include "xml/ferry-error.h"

/* One trial under way. */
typedef struct GuestTrial {
        Manager *manager;
        char *device;
        char *holder; /* of its lease */
        TrialTask task;
        GuestTrialEnd end;
        void *userdata;
} GuestTrial;

static void guest_trial_free(GuestTrial *trial) {
        g_free(trial->device);
        g_free(trial->holder);
        g_free(trial);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestTrial, guest_trial_free)

static bool G_GNUC_PRINTF(3, 4)
        end_untried(GuestTrialEnd end, void *userdata, const char *format, ...) {
        g_autofree char *note = NULL;
        va_list arguments;

        va_start(arguments, format);
        note = g_strdup_vprintf(format, arguments);
        va_end(arguments);
        end(userdata, &(GuestTrialResult){ .note = note }, NULL);
        return true;
}

/* Running -------------------------------------------------------------------------- */

/* A TrialEnd. */
static void on_end(void *userdata, const TrialReport *report, GBytes *document,
                   const GError *error) {
        g_autoptr(GuestTrial) trial = userdata;
        const GuestTrialResult result = { trial->device, NULL, report, document };

        if (!report && !error) { /* the next start gives the device back */
                trial->end(trial->userdata, NULL, NULL);
                return;
        }

        recover_domain(trial->manager, trial->holder, NULL);
        if (error)
                trial->end(trial->userdata, NULL, error);
        else if (trial->task == TRIAL_TASK_SAVE && report->good && !document)
                (void)end_untried(trial->end, trial->userdata,
                                  "the state of %s is more than the %d MiB that pass over the bus",
                                  trial->device, TRIAL_DOCUMENT_MAX / 1024 / 1024);
        else
                trial->end(trial->userdata, &result, NULL);
}

/* Takes the lease. */
static bool claim(Manager *manager, Lease *lease, GError **error) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GPtrArray) own = NULL;
        g_autofree char *holder = g_strdup(lease->domain_uuid);

        g_ptr_array_add(leases, lease);
        if (!lease_book_reserve(manager->leases, leases, error))
                return false;

        own = lease_book_list_domain(manager->leases, holder);
        if (hardware_claim(manager, own, error))
                return true;

        recover_domain(manager, holder, NULL);
        return false;
}

/* Takes the lease. Whatever keeps it from beginning is a reason not to try. */
static bool begin(Manager *manager, Lease *lease, TrialTask task, GBytes *document,
                  GuestTrialEnd end, void *userdata) {
        g_autoptr(GuestTrial) trial = g_new0(GuestTrial, 1);
        const TrialOrder order = { lease->device, task, document };
        g_autoptr(GError) error = NULL;

        *trial = (GuestTrial){ .manager = manager,
                               .device = g_strdup(lease->device),
                               .holder = g_strdup(lease->domain_uuid),
                               .task = task,
                               .end = end,
                               .userdata = userdata };
        if (!claim(manager, lease, &error))
                return end_untried(end, userdata, "%s", error->message);

        if (!trials_begin_order(manager->trials, &order, on_end, trial, &error)) {
                recover_domain(manager, trial->holder, NULL);
                return end_untried(end, userdata, "%s", error->message);
        }

        (void)g_steal_pointer(&trial);
        return true;
}

/* The device ----------------------------------------------------------------------- */

static Lease *lease_for(const Manager *manager, const Domain *domain, const char *device,
                        const char *class_name, const char *pool) {
        Lease *lease = lease_new();

        lease->domain_uuid = lease_trial_holder(device);
        lease->domain_name = g_strdup_printf("%s (trial)", domain->name);
        lease->device = g_strdup(device);
        lease->class_name = g_strdup(class_name);
        lease->pool = g_strdup(pool);
        lease->created = manager->now();
        lease->expires = lease->created + (int64_t)manager->config->lease_timeout_usec;
        return lease;
}

static const DomainDevice *find_device(const Domain *domain, const char *name, GError **error) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                g_autofree char *own = domain_device_name(domain, device);

                if (g_str_equal(own, name))
                        return device;
        }

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                    "Guest %s has no passthrough device '%s': 'virt-ferry check' names those it "
                    "has",
                    domain->name, name);
        return NULL;
}

static bool is_bound(const Device *device) {
        return device->class->kind != DOMAIN_DEVICE_PCI || driver_is_vfio(device->driver);
}

/* A free device of this kind, one that need not be bound first before others; NULL. */
static const Device *find_sibling(const Manager *manager, const Device *device) {
        g_autofree char *kind = probe_memo_kind(device, device->fingerprint->mdev_type);
        g_autoptr(GPtrArray) devices = inventory_list(manager->inventory);
        const Device *unbound = NULL;

        for (guint i = 0; i < devices->len; i++) {
                const Device *other = devices->pdata[i];
                g_autofree char *its = probe_memo_kind(other, other->fingerprint->mdev_type);

                if (other == device || !g_str_equal(its, kind) ||
                    lease_book_find_device(manager->leases, other->id) ||
                    !trials_could_try(manager->trials, other))
                        continue;
                if (is_bound(other))
                        return other;
                unbound = unbound ?: other;
        }
        return unbound;
}

/* A place where one more of this kind can be made, best where the device itself is; NULL type:
 * there is none. */
static Offer find_offer(const Manager *manager, const Device *device) {
        g_autoptr(GArray) offers = inventory_offers(manager->inventory);
        Offer found = { 0 };

        for (guint i = 0; i < offers->len; i++) {
                const Offer *offer = &g_array_index(offers, Offer, i);

                if (offer->class != device->class ||
                    g_strcmp0(offer->type->id, device->fingerprint->mdev_type) != 0 ||
                    g_strcmp0(offer->parent->fingerprint->driver, device->fingerprint->driver) != 0)
                        continue;
                if (g_strcmp0(offer->parent->id, device->parent) == 0)
                        return *offer;
                found = found.type ? found : *offer;
        }
        return found;
}

/* Of a device that is there, or of one to be made; NULL: there is neither. */
static Lease *lease_sibling(const Manager *manager, const Domain *domain, const Device *device) {
        const Device *sibling = find_sibling(manager, device);
        g_autofree char *made = NULL;
        Offer offer;
        Lease *lease;

        if (sibling)
                return lease_for(manager, domain, sibling->id, sibling->class->name,
                                 inventory_pool(manager->inventory, sibling)->name);

        offer = find_offer(manager, device);
        if (!offer.type)
                return NULL;

        made = g_uuid_string_random();
        lease = lease_for(manager, domain, made, offer.class->name, offer.pool->name);
        lease->parent = g_strdup(offer.parent->id);
        lease->type = g_strdup(offer.type->id);
        lease->make = true;
        return lease;
}

static Lease *lease_answer(const Manager *manager, const Domain *domain, const Answer *answer) {
        Lease *lease;

        lease = lease_for(manager, domain, answer->source ?: answer->device->source,
                          answer->class_name, answer->pool);
        lease->parent = g_strdup(answer->parent);
        lease->type = g_strdup(answer->type);
        lease->make = answer->make;
        return lease;
}

/* Not what is unplugged for the move: by its team, or by replug as it cannot migrate. */
static bool brings_state(const Manager *manager, const Domain *domain, const DomainDevice *device) {
        g_auto(StrategyChoice) choice = { 0 };

        if (!domain_device_brings_state(device))
                return false;
        return !strategy_choose(domain, manager->inventory, NULL, &choice, NULL) ||
               !g_ptr_array_find(choice.unplugged, device, NULL);
}

#define NO_STATE "%s is unplugged for the move and brings no state"

bool guest_trial_save(Manager *manager, const char *xml, const char *name, GuestTrialEnd end,
                      void *userdata, GError **error) {
        g_autoptr(Domain) domain = domain_from_xml(xml, strlen(xml), error);
        const DomainDevice *device = domain ? find_device(domain, name, error) : NULL;
        const Device *found;
        Lease *lease;

        if (!device)
                return false;
        if (!brings_state(manager, domain, device))
                return end_untried(end, userdata, NO_STATE, name);

        found = inventory_find(manager->inventory, device->source);
        if (!found)
                return end_untried(end, userdata, "virt-ferry does not know %s", device->source);

        lease = lease_sibling(manager, domain, found);
        if (!lease)
                return end_untried(
                        end, userdata, "this host has no free device of the kind of %s%s%s",
                        device->source,
                        found->fingerprint->mdev_type ? ", and no instance left of " : "",
                        found->fingerprint->mdev_type ?: "");
        return begin(manager, lease, TRIAL_TASK_SAVE, NULL, end, userdata);
}

static const Answer *find_answer(const GPtrArray *answers, const DomainDevice *device) {
        for (guint i = 0; i < answers->len; i++) {
                const Answer *answer = answers->pdata[i];

                if (answer->device == device)
                        return answer;
        }
        return NULL;
}

bool guest_trial_load(Manager *manager, const char *xml, const char *name, GBytes *document,
                      GuestTrialEnd end, void *userdata, GError **error) {
        g_autoptr(GPtrArray) answers = NULL;
        const DomainDevice *device = NULL;
        g_autoptr(Domain) domain = NULL;
        const Answer *answer;

        answers = manager_check_domain(manager, xml, &domain, error);
        if (answers)
                device = find_device(domain, name, error);
        if (!device)
                return false;
        if (!domain_device_brings_state(device))
                return end_untried(end, userdata, NO_STATE, name);

        answer = find_answer(answers, device);
        if (!answer->ok || answer->foreign)
                return end_untried(end, userdata, "%s", answer->reason);
        return begin(manager, lease_answer(manager, domain, answer), TRIAL_TASK_LOAD, document, end,
                     userdata);
}
