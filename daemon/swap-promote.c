/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap-parts.h"

#include "daemon/guest-follow.h"
#include "daemon/guest-metadata.h"
#include "daemon/hardware.h"
#include "daemon/mediation.h"
#include "daemon/replug.h"
#include "daemon/slices.h"
#include "daemon/swap-interface.h"
#include "daemon/swap-team.h"
#include "xml/ferry-error.h"

/* The next daemon sees whether it has its VF. */
static void release_team(void *swap) {
        g_autoptr(GError) error = NULL;

        g_set_error_literal(&error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "virtferryd ends: the guest has its VF or goes on without it, as "
                            "'virsh dumpxml' shows");
        swap_end(swap, error);
}

/* A ReplugDone. */
static void on_promoted(void *userdata, const GError *error) {
        Swap *swap = userdata;
        Manager *manager = swap->swaps->manager;
        g_autoptr(GError) reason = NULL;

        if (error) {
                g_set_error(&reason, error->domain, error->code, "%s: guest %s goes on without it",
                            error->message, swap->guest);
                swap_fail(swap, reason);
                return;
        }

        mediations_on_vf_added(manager->mediations, swap->uuid, swap->to, swap->mac);
        g_message("Guest %s has %s beside %s", swap->guest, swap->to, swap->name);
        swap_end(swap, NULL);
}

static void give_back(Swap *swap) {
        Manager *manager = swap->swaps->manager;
        Lease *lease = lease_book_find_device(manager->leases, swap->from);
        g_autoptr(GError) error = NULL;

        if (lease && g_str_equal(lease->domain_uuid, swap->uuid) &&
            !hardware_release(manager, lease, &error))
                g_warning("%s, trying again later", error->message);
        guest_follow_look_again(manager, swap->uuid); /* its metadata have the VF still */
}

/* A ReplugDone. */
static void on_demoted(void *userdata, const GError *error) {
        Swap *swap = userdata;
        Manager *manager = swap->swaps->manager;

        if (error) {
                swap_fail(swap, error);
                return;
        }

        mediations_on_vf_removed(manager->mediations, swap->uuid, swap->from, swap->mac);
        give_back(swap);
        g_message("Guest %s has given %s back, which was %s", swap->guest, swap->from, swap->name);
        swap_end(swap, NULL);
}

bool swap_promote(Swap *swap, const Domain *domain, const DomainInterface *standby,
                  GError **error) {
        DomainDevice device = swap_interface_as_device(standby);

        swap->mac = g_strdup(standby->mac);
        if (!swap_team_check_promote(domain, standby, error) ||
            !swap_take(swap, domain, &device, error))
                return false;

        swap->element = swap_team_element(swap->to, standby);
        replug_plug_instead(swap->swaps->manager->replug, swap->uuid, swap->element,
                            (ReplugWaiter){ on_promoted, release_team, swap });
        return true;
}

/* Without a note: who has asked for that would not want to have it back. */
bool swap_demote(Swap *swap, const GuestEvent *found, const Domain *domain,
                 const DomainDevice *device, const DomainInterface *standby, GError **error) {
        Manager *manager = swap->swaps->manager;
        g_autoptr(Metadata) metadata = NULL;

        if (!swap_team_check_demote(found, domain, standby, swap->target, error))
                return false;

        swap->to = g_strdup(swap->target);
        swap->mac = g_strdup(standby->mac);

        g_hash_table_add(swap->swaps->held, g_strdup(swap->from));
        metadata = guest_metadata(domain, manager->inventory, manager->leases);
        slices_note(manager->slices, domain, &metadata);
        if (!metadata)
                metadata = metadata_new();
        replug_unplug_noted(manager->replug, swap->uuid, metadata, swap->from,
                            (ReplugWaiter){ on_demoted, release_team, swap });
        return true;
}
