/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager.h"

#include <string.h>

#include "daemon/drain.h"
#include "daemon/guest-list.h"
#include "daemon/guest-switch.h"
#include "daemon/hardware.h"
#include "daemon/hook-claim.h"
#include "daemon/hook-slice.h"
#include "daemon/incoming.h"
#include "daemon/recover.h"
#include "daemon/slices.h"
#include "xml/ferry-error.h"
#include "xml/rewrite.h"

/* libvirt waits for each of these, so none of them may reach libvirt: they work
 * on the text, the store and the kernel alone. */

static Domain *read_domain(const char *xml, GError **error) {
        g_autoptr(Domain) domain = NULL;

        domain = domain_from_xml(xml, strlen(xml), error);
        if (!domain)
                return NULL;

        if (!domain->uuid) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML,
                            "The domain has no <uuid>, and leases are kept by it: pass the XML "
                            "that libvirt gives to the hook");
                return NULL;
        }
        return g_steal_pointer(&domain);
}

/* What a guest here was refused for is not left to others for a while. */
static void call_back(Manager *manager, const GPtrArray *answers) {
        if (negotiate_wants_shared(answers))
                (void)share_book_call_back(manager->shares, manager->now());
}

static Lease *lease_from_answer(const Manager *manager, const Domain *domain,
                                const Answer *answer) {
        g_autoptr(Lease) lease = lease_new();

        lease->domain_uuid = g_strdup(domain->uuid);
        lease->domain_name = g_strdup(domain->name);
        lease->device = g_strdup(answer->source ?: answer->device->source);
        lease->class_name = g_strdup(answer->class_name);
        lease->pool = g_strdup(answer->pool);
        lease->parent = g_strdup(answer->parent);
        lease->type = g_strdup(answer->type);
        lease->address = g_strdup(answer->device->address);
        lease->name = g_strdup(answer->name);
        lease->make = answer->make;
        lease->managed = answer->device->managed;
        lease->state = LEASE_RESERVED;
        lease->created = manager->now();
        lease->expires = lease->created + (int64_t)manager->config->lease_timeout_usec;
        return g_steal_pointer(&lease);
}

static const Lease *own_lease(const Manager *manager, const Domain *domain, const char *device) {
        const Lease *lease = lease_book_find_device(manager->leases, device);

        return lease && g_str_equal(lease->domain_uuid, domain->uuid) ? lease : NULL;
}

static bool answers_name(const GPtrArray *answers, const char *device) {
        for (guint i = 0; i < answers->len; i++) {
                const Answer *answer = answers->pdata[i];

                if (!answer->foreign &&
                    g_str_equal(answer->source ?: answer->device->source, device))
                        return true;
        }
        return false;
}

/* An earlier attempt of the same guest may have left leases on devices that are
 * not the choice any more. */
static bool drop_stale_leases(Manager *manager, const Domain *domain, const GPtrArray *answers,
                              GError **error) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, domain->uuid);

        for (guint i = 0; i < leases->len; i++) {
                Lease *lease = leases->pdata[i];

                if (!answers_name(answers, lease->device) &&
                    !hardware_release(manager, lease, error))
                        return false;
        }
        return true;
}

static bool reserve(Manager *manager, const Domain *domain, const GPtrArray *answers,
                    GError **error) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);

        if (!drop_stale_leases(manager, domain, answers, error))
                return false;

        for (guint i = 0; i < answers->len; i++) {
                const Answer *answer = answers->pdata[i];

                if (!answer->foreign &&
                    !own_lease(manager, domain, answer->source ?: answer->device->source))
                        g_ptr_array_add(leases, lease_from_answer(manager, domain, answer));
        }
        return lease_book_reserve(manager->leases, leases, error);
}

static bool note_incoming(Manager *manager, const Domain *domain, const GPtrArray *answers,
                          const char *refusal, GError **error) {
        Migration *migration;

        migration = migration_log_current(manager->migrations, domain->uuid);
        if (migration)
                recover_superseded(manager, migration);

        migration = migration_new(MIGRATION_INCOMING, domain->uuid, domain->name);
        for (guint i = 0; i < answers->len; i++) {
                const Answer *answer = answers->pdata[i];

                migration_add_device(migration, answer->name, answer->class_name, answer->type,
                                     answer->device->source, answer->source, answer->reason);
        }

        migration = migration_log_add(manager->migrations, migration,
                                      refusal ? MIGRATION_PLANNED : MIGRATION_RESERVED, error);
        if (!migration)
                return false;
        if (!refusal)
                return true;

        return migration_log_enter(manager->migrations, migration, MIGRATION_ABORTING, refusal,
                                   error) &&
               migration_log_enter(manager->migrations, migration, MIGRATION_ROLLED_BACK, refusal,
                                   error);
}

static char *rewrite(const Domain *domain, const char *xml, const GPtrArray *answers,
                     GError **error) {
        g_autofree const char **sources = g_new0(const char *, domain->devices->len + 1);

        for (guint i = 0; i < answers->len; i++)
                sources[i] = ((const Answer *)answers->pdata[i])->source;

        return domain_rewrite(xml, strlen(xml), sources, domain->devices->len, error);
}

static bool refuse_active(const Manager *manager, const Domain *domain, GError **error) {
        if (!g_hash_table_contains(manager->active, domain->uuid))
                return false;

        g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                    "Guest %s is active on this host already: a guest comes from another host",
                    domain->name);
        return true;
}

/* Whoever looks for the guest finds why it was refused. */
static void refuse_coming(Manager *manager, const Domain *domain, GError *taken_refusal,
                          GError **error) {
        g_autoptr(GError) refusal = taken_refusal;
        g_autoptr(GPtrArray) none = g_ptr_array_new();

        if (g_hash_table_contains(manager->active, domain->uuid) ||
            note_incoming(manager, domain, none, refusal->message, error))
                g_propagate_error(error, g_steal_pointer(&refusal));
}

static bool refuse_drained(Manager *manager, const Domain *domain, GError **error) {
        g_autofree char *refusal = drain_refusal(manager->drain);

        if (refusal)
                refuse_coming(manager, domain,
                              g_error_new_literal(FERRY_ERROR, FERRY_ERROR_INVALID_STATE, refusal),
                              error);
        return refusal;
}

static bool refuse_unclaimed(Manager *manager, const Domain *domain, GError **error) {
        GError *refusal = NULL;

        if (hook_claim_check(manager, domain, &refusal))
                return false;

        refuse_coming(manager, domain, refusal, error);
        return true;
}

/* Not noted with the migrations: it says nothing of the guest, and is said again at each try. */
static bool refuse_crowd(const Manager *manager, const Domain *domain, GError **error) {
        g_autofree char *refusal = incoming_refusal(manager, domain);

        if (!refusal)
                return false;

        g_info("Guest %s has to wait: %s", domain->name, refusal);
        g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_BUSY, refusal);
        return true;
}

/* Whoever looks for a guest that moves finds why it was refused. */
static char *fit_slice(Manager *manager, const Domain *domain, const char *xml,
                       const GPtrArray *answers, bool migrates, GError **error) {
        GError *refusal = NULL;
        char *fitted = hook_slice_fit(manager, domain, xml, answers, &refusal);

        if (fitted)
                return fitted;

        if (!migrates || note_incoming(manager, domain, answers, refusal->message, error))
                g_propagate_error(error, g_steal_pointer(&refusal));
        g_clear_error(&refusal);
        return NULL;
}

static char *filter_without_devices(Manager *manager, const Domain *domain, const char *xml,
                                    bool migrates, GError **error) {
        g_autoptr(GPtrArray) none = g_ptr_array_new();

        return fit_slice(manager, domain, xml, none, migrates, error);
}

static bool promise(Manager *manager, const Domain *domain, const GPtrArray *answers, bool migrates,
                    GError **error) {
        if (!reserve(manager, domain, answers, error))
                return false;
        if (!migrates || note_incoming(manager, domain, answers, NULL, error))
                return true;

        recover_domain(manager, domain->uuid, NULL);
        return false;
}

char *manager_filter_domain(Manager *manager, const char *operation, const char *xml,
                            GError **error) {
        bool migrates = g_str_equal(operation, "migrate");
        g_autoptr(GPtrArray) answers = NULL;
        g_autofree char *refusal = NULL, *rewritten = NULL, *fitted = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = read_domain(xml, error);
        if (!domain || (migrates && refuse_drained(manager, domain, error)))
                return NULL;
        guest_list_on_hook(manager, domain, migrates);
        if (migrates && refuse_unclaimed(manager, domain, error))
                return NULL;
        if (domain->devices->len == 0 || (!domain->metadata && !manager->config->adopt))
                return filter_without_devices(manager, domain, xml, migrates, error);
        if (refuse_active(manager, domain, error) ||
            (migrates && refuse_crowd(manager, domain, error)))
                return NULL;

        answers = hook_slice_negotiate(manager, domain);
        refusal = negotiate_refusal(answers);
        if (refusal) {
                call_back(manager, answers);
                if (migrates && !note_incoming(manager, domain, answers, refusal, error))
                        return NULL;
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_NO_DEVICE, refusal);
                return NULL;
        }

        rewritten = rewrite(domain, xml, answers, error);
        fitted = rewritten ? fit_slice(manager, domain, rewritten, answers, migrates, error) : NULL;
        if (!fitted || !promise(manager, domain, answers, migrates, error)) {
                hook_slice_give_back(manager, domain);
                return NULL;
        }
        return g_steal_pointer(&fitted);
}

/* A guest that starts cannot be running: what says so was left by a stop that
 * nobody told us of. */
static bool drop_ended_leases(Manager *manager, const Domain *domain, GError **error) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, domain->uuid);

        for (guint i = 0; i < leases->len; i++) {
                Lease *lease = leases->pdata[i];

                if ((lease->state == LEASE_RUNNING || lease->state == LEASE_RELEASING) &&
                    !hardware_release(manager, lease, error))
                        return false;
        }
        return true;
}

/* At a start the XML has the last word: only what it names is leased. */
static GPtrArray *negotiate_named(Manager *manager, const Domain *domain, GError **error) {
        g_autoptr(GPtrArray) answers = NULL;
        g_autofree char *refusal = NULL;

        answers = negotiate_here(domain, manager->inventory, manager->leases);
        refusal = negotiate_refusal(answers);
        if (refusal) {
                call_back(manager, answers);
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_LEASED, refusal);
                return NULL;
        }
        return g_steal_pointer(&answers);
}

/* What was made a moment ago can be asked now what it is able to do. */
static bool check_made(Manager *manager, const Domain *domain, GPtrArray *leases, GError **error) {
        g_autoptr(GPtrArray) answers = NULL;

        for (guint i = 0; i < leases->len; i++)
                (void)inventory_probe(manager->inventory, ((Lease *)leases->pdata[i])->device);

        answers = negotiate_named(manager, domain, error);
        return answers;
}

static bool enter_prepared(Manager *manager, const Domain *domain, GError **error) {
        Migration *migration = migration_log_current(manager->migrations, domain->uuid);

        if (!migration || migration->direction != MIGRATION_INCOMING)
                return true;
        return migration_log_enter(manager->migrations, migration, MIGRATION_PREPARED, NULL, error);
}

static bool prepare_devices(Manager *manager, const Domain *domain, GError **error) {
        g_autoptr(GPtrArray) leases = lease_book_list_domain(manager->leases, domain->uuid);

        if (hardware_claim(manager, leases, error) && check_made(manager, domain, leases, error) &&
            guest_switch_prepare(manager, domain, leases, error) &&
            enter_prepared(manager, domain, error))
                return true;

        recover_domain(manager, domain->uuid, error ? (*error)->message : NULL);
        return false;
}

bool manager_prepare_domain(Manager *manager, const char *xml, GError **error) {
        g_autoptr(GPtrArray) answers = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = read_domain(xml, error);
        if (!domain)
                return false;
        guest_list_on_hook(manager, domain, false);
        if (!hook_claim_check(manager, domain, error))
                return false;
        if (domain->devices->len == 0 || (!domain->metadata && !manager->config->adopt))
                return hook_slice_reserve(manager, domain, NULL, error);

        if (!drop_ended_leases(manager, domain, error))
                return false;
        answers = negotiate_named(manager, domain, error);
        if (!answers || !hook_slice_reserve(manager, domain, answers, error))
                return false;
        if (reserve(manager, domain, answers, error) && prepare_devices(manager, domain, error))
                return true;

        hook_slice_give_back(manager, domain);
        return false;
}

/* The devices stay leased: libvirt has them, and tells of their release. */
static void note_failure(Manager *manager, const Domain *domain, const GError *reason) {
        Migration *migration = migration_log_current(manager->migrations, domain->uuid);
        g_autoptr(GError) error = NULL;

        if (!migration_log_enter(manager->migrations, migration, MIGRATION_ABORTING,
                                 reason->message, &error))
                g_warning("%s", error->message);
}

bool manager_start_domain(Manager *manager, const char *xml, GError **error) {
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) reason = NULL;

        domain = read_domain(xml, error);
        if (!domain)
                return false;
        if (guest_switch_apply(manager, domain, &reason))
                return true;

        note_failure(manager, domain, reason);
        g_propagate_error(error, g_steal_pointer(&reason));
        return false;
}

bool manager_release_domain(Manager *manager, const char *xml, const char *reason, GError **error) {
        g_autofree char *sentence = NULL;
        g_autoptr(Domain) domain = NULL;

        domain = read_domain(xml, error);
        if (!domain)
                return false;

        g_hash_table_remove(manager->active, domain->uuid);
        guest_switch_leave(manager, domain, g_str_equal(reason, "migrated"));
        sentence = g_strdup_printf("The guest ended on this host before it had arrived (%s)",
                                   reason);
        recover_domain(manager, domain->uuid, sentence);
        slices_on_released(manager->slices, domain->uuid, g_str_equal(reason, "migrated"));
        if (manager->virt)
                manager->virt->look_again(manager->virt->userdata, domain->uuid);
        return true;
}
