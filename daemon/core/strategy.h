/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How the devices of a guest come along when it moves, chosen by what is there:
 *
 *   live      it has no passthrough device, and only its memory moves
 *   vfio      each device carries its own state: the kernel's VFIO migration
 *             protocol, with pre-copy where the driver has it
 *   failover  devices that are the transient half of a team are unplugged, their
 *             virtio halves carry the traffic, and devices of the destination
 *             are plugged in there (QEMU: docs/system/virtio-net-failover.rst);
 *             others go as with vfio
 *   mediated  the same, and both hosts see to it that little is lost meanwhile
 *             (daemon/mediation.h); failover is what Mediation=no leaves of it
 *   replug    devices that cannot migrate are unplugged before the move and
 *             plugged after it (daemon/replug.h): the guest is without them in
 *             between; others go as above. Asked for by name: all but the
 *             transient ones
 *   cold      the guest is shut down here and started there. Only when asked for
 *             by name
 */

#include "daemon/core/inventory.h"
#include "xml/domain.h"

typedef enum Strategy {
        STRATEGY_LIVE,
        STRATEGY_VFIO,
        STRATEGY_FAILOVER,
        STRATEGY_MEDIATED,
        STRATEGY_REPLUG,
        STRATEGY_COLD,
        _STRATEGY_MAX,
        _STRATEGY_INVALID = -22,
} Strategy;

const char *strategy_to_string(Strategy strategy);
Strategy strategy_from_string(const char *text);

typedef struct StrategyChoice {
        Strategy strategy;
        char *why;            /* one sentence for a person */
        GPtrArray *unplugged; /* DomainDevice, borrowed of the domain: to be unplugged before the
                               * move; empty for none */
} StrategyChoice;

void strategy_choice_done(StrategyChoice *choice);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StrategyChoice, strategy_choice_done)

/* `wish` NULL or "auto": what is there decides; else what is there must allow it.
 * FERRY_ERROR_INVALID_ARGS: no such strategy. FERRY_ERROR_INCOMPATIBLE: a device cannot come along
 * (so). */
bool strategy_choose(const Domain *domain, const Inventory *inventory, const char *wish,
                     StrategyChoice *ret_choice, GError **error);
