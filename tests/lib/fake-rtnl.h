/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A model of the kernel's rtnetlink behind a Rtnl, as far as the daemon uses it:
 * VFs at their PF, a bridge's ports with VLANs and FDB, qdiscs and filters.
 *
 * It refuses as the kernel refuses, and it answers in the kernel's messages.
 * Netdevs have the numbers 1, 2, ... in the order in which they came. Each test
 * makes its own. Wrong use aborts.
 */

#include "daemon/facts/rtnl.h"
#include "daemon/facts/vf-link.h"

typedef struct FakeRtnl FakeRtnl;

FakeRtnl *fake_rtnl_new(void);
void fake_rtnl_free(FakeRtnl *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeRtnl, fake_rtnl_free)

Rtnl *fake_rtnl(FakeRtnl *fake); /* belongs to the model */

int fake_rtnl_add_netdev(FakeRtnl *fake, const char *name); /* its index */
/* A port of a bridge; in VLAN 1 from the beginning. */
void fake_rtnl_add_port(FakeRtnl *fake, int index);
/* VF `vf` of a PF; with spoof check, no trust, link state auto. */
void fake_rtnl_add_vf(FakeRtnl *fake, int pf, unsigned vf);
/* From now on the PF's driver counts the VF's packets; so many more. */
void fake_rtnl_count(FakeRtnl *fake, int pf, unsigned vf, uint64_t received, uint64_t sent);
/* The same of its bytes. */
void fake_rtnl_count_bytes(FakeRtnl *fake, int pf, unsigned vf, uint64_t received, uint64_t sent);
/* The PF's driver does not know how. */
void fake_rtnl_refuse(FakeRtnl *fake, VfSetting setting);

/* The n-th change from now (0 is the next) fails with this errno, once. */
void fake_rtnl_fail(FakeRtnl *fake, unsigned n, int error);
/* All that the model has, as text, the same for the same. Free it. */
char *fake_rtnl_dump(FakeRtnl *fake);
