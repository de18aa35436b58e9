/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/switch-place.h"

#include <errno.h>

#include "daemon/facts/netdev.h"
#include "daemon/facts/representor.h"
#include "daemon/facts/sriov.h"
#include "daemon/facts/sysfs-dir.h"

void switch_place_free(SwitchPlace *place) {
        if (!place)
                return;

        g_free(place->device);
        g_free(place->pf_netdev);
        g_free(place->port_netdev);
        g_free(place->port_mac);
        g_free(place);
}

static bool is_bridge_port(const Sysfs *sysfs, const char *netdev) {
        g_auto(SysfsDir) dir = SYSFS_DIR_NONE;

        return sysfs_dir_open(sysfs, &dir, "sys/class/net/%s", netdev) >= 0 &&
               sysfs_dir_has(&dir, "brport");
}

static int take_port(SwitchPlace *place, const Sysfs *sysfs, Rtnl *rtnl, char *netdev) {
        g_autoptr(NetdevFacts) facts = NULL;
        int r;

        place->port_netdev = netdev;
        place->bridged = is_bridge_port(sysfs, netdev);
        if (netdev_read(sysfs, netdev, &facts) >= 0)
                place->port_mac = g_steal_pointer(&facts->mac);

        r = rtnl_index(rtnl, netdev);
        if (r >= 0)
                place->port = r;
        return MIN(r, 0);
}

static int find_port(SwitchPlace *place, const Sysfs *sysfs, Rtnl *rtnl, const char *pf) {
        char *netdev = NULL;
        PciAddress address;
        int r;

        r = pci_address_from_string(pf, &address);
        if (r >= 0)
                r = representor_find(sysfs, place->pf_netdev, address.function, place->vf, &netdev);
        if (r >= 0)
                return take_port(place, sysfs, rtnl, netdev);
        if (r != -ENOENT)
                return r;

        if (!is_bridge_port(sysfs, place->pf_netdev))
                return 0;
        place->shared = true;
        return take_port(place, sysfs, rtnl, g_strdup(place->pf_netdev));
}

int switch_place_find(const Sysfs *sysfs, Rtnl *rtnl, const char *device, SwitchPlace **ret_place) {
        g_autoptr(SwitchPlace) place = g_new0(SwitchPlace, 1);
        g_autoptr(PciFacts) vf = NULL, pf = NULL;
        int r;

        r = pci_read(sysfs, device, &vf);
        if (r >= 0 && vf->physfn)
                r = pci_read(sysfs, vf->physfn, &pf);
        if (r == -EINVAL || r == -ENODEV || (r >= 0 && (!pf || !pf->netdev)))
                return -ENOENT;
        if (r < 0)
                return r;

        place->device = g_strdup(device);
        place->pf_netdev = g_steal_pointer(&pf->netdev);
        place->pf = rtnl_index(rtnl, place->pf_netdev);
        if (place->pf < 0)
                return -ENOENT;

        r = sriov_vf_index(sysfs, device, &place->vf);
        if (r >= 0)
                r = find_port(place, sysfs, rtnl, vf->physfn);
        if (r < 0)
                return r;

        *ret_place = g_steal_pointer(&place);
        return 0;
}
