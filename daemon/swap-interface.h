/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* An interface that QEMU emulates, at one end of an exchange with a VF: what is
 * plugged instead of the other, which keeps its MAC. Used by swap.
 */

#include "daemon/manager.h"
#include "xml/domain-interface.h"

/* "virtio", "virtio:BRIDGE" instead of the name of a device. */
bool swap_is_virtio(const char *target);

/* The <interface> that takes the place of `device`, called `name`, in libvirt's network 'default'
 * or on the bridge that `target` has. FERRY_ERROR_INCOMPATIBLE, FERRY_ERROR_INVALID_ARGS. */
char *swap_virtio_element(const DomainDevice *device, const char *name, const char *target,
                          GError **error);

/* What the VF has to be that takes the place of the interface, or comes beside it as the other half
 * of its team; borrows from it. */
DomainDevice swap_interface_as_device(const DomainInterface *interface);
/* The <interface> of the VF, which comes where the emulated one was. */
char *swap_vf_element(const char *vf, const DomainInterface *interface);
/* The guest's metadata with a note of the VF, by which the guest gets it should the daemon end. */
Metadata *swap_vf_note(const Manager *manager, const Domain *domain,
                       const DomainInterface *interface, const char *vf, const char *element);
