/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/guest-announce.h"

#include "daemon/core/switch-place.h"
#include "daemon/facts/netdev.h"
#include "daemon/facts/vf-link.h"

static void announce(const Manager *manager, const char *netdev, const char *mac, unsigned vlan) {
        manager->announce->announce(manager->announce->userdata, netdev, mac, vlan);
}

/* What is plugged into the bridge elsewhere hears nothing of what leaves through one of its ports.
 */
static void announce_into_bridge(const Manager *manager, const SwitchPlace *place, const char *mac,
                                 unsigned vlan) {
        g_autoptr(NetdevFacts) port = NULL;

        if (netdev_read(manager->sysfs, place->port_netdev, &port) >= 0 && port->master)
                announce(manager, port->master, mac, vlan);
}

void guest_announce_device(const Manager *manager, const char *device, const char *mac) {
        g_autoptr(SwitchPlace) place = NULL;
        g_autoptr(SwitchVf) vf = NULL;

        if (!manager->announce || !manager->rtnl ||
            switch_place_find(manager->sysfs, manager->rtnl, device, &place) < 0 ||
            vf_link_read(manager->rtnl, place->pf, place->vf, &vf) < 0)
                return;

        /* Only the tag of 802.1Q can be put into the frame: without it nobody of that VLAN hears.
         */
        mac = vf->mac ?: mac;
        if (!mac || (vf->vlan > 0 && vf->protocol != SWITCH_PROTOCOL_8021Q))
                return;

        announce(manager, place->pf_netdev, mac, vf->vlan);
        if (place->bridged)
                announce_into_bridge(manager, place, mac, vf->vlan);
}

void guest_announce(const Manager *manager, const Domain *domain) {
        for (guint i = 0; i < domain->devices->len; i++) {
                const DomainDevice *device = domain->devices->pdata[i];
                const Lease *lease = lease_book_find_device(manager->leases, device->source);

                /* The guest has no driver for a transient one yet (daemon/mediation.h). */
                if (lease && !device->transient && g_str_equal(lease->domain_uuid, domain->uuid))
                        guest_announce_device(manager, device->source, device->mac);
        }
}
