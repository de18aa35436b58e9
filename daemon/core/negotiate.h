/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host answers to a domain that wants to come: for each passthrough
 * device of the guest one device of ours, or the reason why not. Reserves
 * nothing and touches nothing but free devices that it asks for their
 * capabilities.
 *
 * A device fits when its class, mdev type, PCI ids and driver are those that
 * the metadata asks for (<need>) or, where it does not ask, those that the
 * source has seen (<seen>); when it can migrate if the guest needs that; when
 * it is in the pool asked for and the pool has room; when nobody has it, no
 * other device of its IOMMU group is in use, the host does not use it, and it is
 * not offered to the cluster, or promised to this guest there.
 * Among those that fit: what the cluster has promised to the guest, then what is of the parent that
 * it is rather to be of, then the one the guest had before on this host's side by the same id if it
 * is free, then what exists before what must be made, then the order of the ids.
 */

#include "daemon/core/inventory.h"
#include "daemon/core/lease.h"

typedef struct Answer {
        const DomainDevice *device; /* of the domain; borrowed */
        char *name;                 /* "hostdev0" */
        bool ok;
        bool foreign; /* not ours to decide (no metadata, not in our inventory): left as it is */
        char *source; /* ok: the id to use on this host, NULL keeps what is there */
        bool shared;  /* not ok: but for what is offered to the cluster it might be */
        bool make;    /* ok: it does not exist yet */
        char *class_name;
        char *parent;
        char *type;
        char *pool;
        char *reason; /* one sentence: why this one, or why none and what to do */
} Answer;

void answer_free(Answer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answer, answer_free)

/* One Answer for each domain->devices entry, in their order; never fails. Answers of one domain
 * never name a device twice. `parents`: for each device the PF or mdev parent that it is rather to
 * be of, NULL any; NULL for all. */
GPtrArray *negotiate(const Domain *domain, Inventory *inventory, const LeaseBook *book,
                     const GPtrArray *parents);
/* For a guest that starts here: the sources that the XML names are the only choice. ok with `make`
 * for an mdev that is not there when its type is known and a parent has an instance left; foreign
 * for what we do not have or what the host itself uses: libvirt decides about those. */
GPtrArray *negotiate_here(const Domain *domain, Inventory *inventory, const LeaseBook *book);
/* One was refused for want of what is offered to the cluster. */
bool negotiate_wants_shared(const GPtrArray *answers);
/* NULL when all are ok, else the sentences of those that are not, joined by "; ". */
char *negotiate_refusal(const GPtrArray *answers);
