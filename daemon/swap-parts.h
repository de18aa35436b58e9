/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of swap.h know of one exchange. */

#include "daemon/swap.h"

#include "xml/domain.h"
#include "xml/domain-interface.h"

struct Swaps {
        Manager *manager;
        GHashTable *held; /* ids of devices that are being exchanged */
};

typedef struct Swap {
        Swaps *swaps;
        char *device, *target; /* as asked for */
        bool force;
        SwapReply reply;
        void *userdata;

        char *uuid, *guest, *name; /* when the guest was found */
        char *from, *to;
        char *element;     /* of the new one */
        char *old_element; /* of an interface that is not to be found in the note; NULL */
        int64_t unplugged; /* when; 0: of a team */
        char *mac;         /* of the team */
        GError *reason;    /* why it has failed, while the old one is given back */
} Swap;

/* Frees it; `error` NULL: it is done. */
void swap_end(Swap *swap, const GError *error);
/* The same, when whatever was taken for it has been given back. */
void swap_fail(Swap *swap, const GError *error);
/* A device in the place of this one, as it was asked for: chosen, leased, made and ready. False:
 * what was taken until then is for swap_fail(). */
bool swap_take(Swap *swap, const Domain *domain, DomainDevice *device, GError **error);

/* They begin, and end by themselves; false: it has to be failed. `found` is as libvirt says now. */

/* Of a passthrough device with another one, or with an emulated interface. */
bool swap_exchange_device(Swap *swap, const GuestEvent *found, const Domain *domain,
                          DomainDevice *device, GError **error);
/* Of an emulated interface with a VF. */
bool swap_exchange_interface(Swap *swap, const Domain *domain, const DomainInterface *interface,
                             GError **error);
/* The half of a team that stays gets a VF beside it, or gives it back. */
bool swap_promote(Swap *swap, const Domain *domain, const DomainInterface *standby, GError **error);
bool swap_demote(Swap *swap, const GuestEvent *found, const Domain *domain,
                 const DomainDevice *device, const DomainInterface *standby, GError **error);
