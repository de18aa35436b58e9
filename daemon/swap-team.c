/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/swap-team.h"

#include <string.h>

#include "daemon/mediation.h"
#include "xml/ferry-error.h"
#include "xml/pci-address.h"

DomainInterface *swap_team_standby(const char *xml, const DomainDevice *vf) {
        g_autoptr(DomainInterface) standby = NULL;

        if (!vf->transient || !vf->mac)
                return NULL;

        standby = domain_interface_find(xml, strlen(xml), vf->mac, NULL);
        return standby && standby->persistent ? g_steal_pointer(&standby) : NULL;
}

DomainDevice *swap_team_vf(const Domain *domain, const DomainInterface *standby) {
        for (guint i = 0; i < domain->devices->len; i++) {
                DomainDevice *device = domain->devices->pdata[i];

                if (device->transient && g_strcmp0(device->mac, standby->mac) == 0)
                        return device;
        }
        return NULL;
}

bool swap_team_check_promote(const Domain *domain, const DomainInterface *standby, GError **error) {
        const DomainDevice *vf = swap_team_vf(domain, standby);

        if (vf) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE,
                            "The team of %s of guest %s has a VF already: %s", standby->mac,
                            domain->name, vf->source);
                return false;
        }
        if (!standby->alias) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                            "The interface %s of guest %s has no alias by which a VF could name it "
                            "as the other half of its team: give it one, as <alias "
                            "name='ua-net0'/>",
                            standby->mac, domain->name);
                return false;
        }
        return true;
}

bool swap_team_check_demote(const GuestEvent *found, const Domain *domain,
                            const DomainInterface *standby, const char *target, GError **error) {
        g_autofree char *trouble = mediation_trouble(found, domain);
        const char *bridge = strchr(target, ':');

        if (trouble) {
                g_set_error_literal(error, FERRY_ERROR, FERRY_ERROR_INVALID_STATE, trouble);
                return false;
        }
        if (bridge && g_strcmp0(bridge + 1, standby->bridge) != 0) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_INCOMPATIBLE,
                            "The other half of the team of %s of guest %s is not at the bridge "
                            "'%.64s' and stays where it is: 'virtio' alone takes the VF out",
                            standby->mac, domain->name, bridge + 1);
                return false;
        }
        return true;
}

char *swap_team_element(const char *vf, const DomainInterface *standby) {
        g_autofree char *alias = g_markup_escape_text(standby->alias, -1);
        PciAddress host;

        if (pci_address_from_string(vf, &host) < 0)
                return NULL;

        return g_strdup_printf("<interface type='hostdev' managed='yes'><mac address='%s'/><source>"
                               "<address type='pci' domain='0x%04x' bus='0x%02x' slot='0x%02x' "
                               "function='0x%x'/></source><teaming type='transient' "
                               "persistent='%s'/></interface>",
                               standby->mac, host.domain, host.bus, host.slot, host.function,
                               alias);
}
