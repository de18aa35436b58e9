/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A team of a guest, at one end of an exchange: an interface that QEMU emulates
 * and that stays, and a VF of the same MAC that comes and goes. The guest's
 * net_failover sends through the VF while it has one. Source: libvirt's
 * formatdomain, "Teaming a virtio/hostdev NIC pair". Used by swap.
 */

#include "daemon/manager.h"
#include "xml/domain-interface.h"

/* The half that stays, of the team of this VF; NULL: it is of none. */
DomainInterface *swap_team_standby(const char *xml, const DomainDevice *vf);
/* The VF that the team has, also one that is unplugged for a move; NULL: it has none. */
DomainDevice *swap_team_vf(const Domain *domain, const DomainInterface *standby);

/* Whether it can get one. FERRY_ERROR_INVALID_STATE, FERRY_ERROR_INCOMPATIBLE. */
bool swap_team_check_promote(const Domain *domain, const DomainInterface *standby, GError **error);
/* Whether it can do without its VF, called `name`; `target` is "virtio" or "virtio:BRIDGE".
 * FERRY_ERROR_INVALID_STATE, FERRY_ERROR_INCOMPATIBLE. */
bool swap_team_check_demote(const GuestEvent *found, const Domain *domain,
                            const DomainInterface *standby, const char *target, GError **error);

/* The <interface> of the VF. libvirt chooses where it comes in the guest. NULL: it is no PCI
 * address. */
char *swap_team_element(const char *vf, const DomainInterface *standby);
