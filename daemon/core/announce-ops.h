/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The table of functions through which core and manager let the network know
 * that a guest's MAC is to be found behind this host from now on.
 *
 * Returns at once; the frames go out over the next second. What cannot be sent
 * is told in the journal: no guest stops for it, since switches learn the way
 * from the guest's own first frame as well.
 */

typedef struct AnnounceOps {
        /* Out of `netdev` of this host ("enp59s0f0", "br0"). `mac` as "52:54:00:76:00:01"; `vlan` 1
         * to 4094 puts an 802.1Q tag into the frame, 0 none. */
        void (*announce)(void *userdata, const char *netdev, const char *mac, unsigned vlan);
        void *userdata;
} AnnounceOps;
