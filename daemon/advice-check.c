/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/advice-check.h"

#include <string.h>

#include "daemon/guest-check.h"
#include "daemon/mediation.h"

/* What is done to the guest that is asked about. */
typedef enum Deed {
        DEED_TUNE, /* nothing that a check knows of */
        DEED_GET_VF,
        DEED_GIVE_VF,
        DEED_LEAVE,
} Deed;

static Deed deed_of(const AdvisorDraft *draft, const GuestEvent *found) {
        static const struct {
                const char *kind;
                Deed deed;
        } deeds[] = {
                { "promote", DEED_GET_VF }, { "exchange", DEED_GET_VF }, { "demote", DEED_GIVE_VF },
                { "grow", DEED_TUNE },      { "shrink", DEED_TUNE },
        };

        if (draft->other_uuid && g_strcmp0(found->uuid, draft->other_uuid) == 0)
                return DEED_GIVE_VF;
        for (guint i = 0; i < G_N_ELEMENTS(deeds); i++)
                if (g_str_equal(deeds[i].kind, draft->kind))
                        return deeds[i].deed;
        return DEED_LEAVE; /* whatever else there may be: no error at all */
}

static char *to_sentence(const Finding *finding) {
        return g_strdup_printf("%s: %s", finding->object, finding->sentence);
}

static char *check_vf(const Manager *manager, const char *id) {
        const Device *device = inventory_find(manager->inventory, id);
        g_autoptr(GPtrArray) findings = findings_new();

        host_check_passthrough(findings, manager, device && device->iommu_group < 0);
        return findings->len > 0 ? to_sentence(findings->pdata[0]) : NULL;
}

static char *check_team(const Domain *domain, const GuestEvent *found) {
        g_autofree char *trouble = mediation_trouble(found, domain);

        return trouble ? g_strdup_printf("team: %s", trouble) : NULL;
}

char *advice_check(const Manager *manager, const HostState *state, const AdvisorDraft *draft,
                   const GuestEvent *found) {
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;

        domain = domain_from_xml(found->xml, strlen(found->xml), &error);
        if (!domain)
                return g_strdup(error->message);
        if (!found->running)
                return g_strdup_printf("%s: The guest is shut off", domain->name);

        switch (deed_of(draft, found)) {
        case DEED_TUNE:
                return NULL;
        case DEED_GET_VF:
                return check_vf(manager, draft->target);
        case DEED_GIVE_VF:
                return check_team(domain, found);
        case DEED_LEAVE:
                return guest_check_refusal(manager, state, found);
        }
        g_assert_not_reached();
}
