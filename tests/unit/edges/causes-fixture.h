/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One host where all is well and one guest that can move, from it or to it; a
 * cause is one thing that is then otherwise. The host has VFs 15b3:101e, each
 * bound to mlx5_vfio_pci, and the parent mtty. The guest has one VF.
 */

#include "daemon/arrival-check.h"
#include "daemon/guest-check.h"
#include "tests/unit/daemon/manager-fixture.h"

#define PF   "0000:3b:00.0"
#define VF0  "0000:3b:10.0"
#define VF1  "0000:3b:10.2"
#define AWAY "0000:af:10.0" /* of another host */

#define FULL (VFIO_CAP_STOP_COPY | VFIO_CAP_P2P | VFIO_CAP_PRE_COPY | VFIO_CAP_DMA_LOG)

typedef enum Asked {
        ASKED_HOST,        /* virt-ferry check */
        ASKED_SOURCE,      /* virt-ferry check DOMAIN: where the guest runs */
        ASKED_DESTINATION, /* virt-ferry check DOMAIN HOST: there */
        _ASKED_MAX,
} Asked;

typedef struct Scene {
        Fixture base;
        Asked asked;
        HostState state; /* as the edges have it */

        /* The host's devices, before they are made. */
        FakePci pf; /* driver NULL: there is none */
        unsigned vfs;
        int caps;     /* of mlx5_vfio_pci */
        bool unasked; /* whoever has them had them before the daemon came */
        bool variant; /* the kernel has mlx5_vfio_pci for such VFs */

        /* The guest. */
        const char *need, *seen;             /* attributes about its VF, NULL none */
        GString *devices, *entries, *quirks; /* of its XML; without devices it gets the VF */
        const char *demand;                  /* elements more, of memory and CPUs; NULL none */
        unsigned slot;
        bool shut_off;
} Scene;

/* `config` is text of virtferry.conf, NULL the defaults. scene_play() makes the devices. */
void scene_set_up(Scene *scene, Asked asked, const char *config);
void scene_tear_down(Scene *scene);
void scene_play(Scene *scene);

/* Finding, owned: what the check that is asked tells. */
GPtrArray *scene_check(Scene *scene);

void scene_give_vf(Scene *scene, const char *vf);
void scene_give_mdev(Scene *scene, const char *mdev, const char *type);
void scene_lease(Scene *scene, const char *device, const char *guest);
/* One rule of virtferry-compat.d(5) about mlx5_vfio_pci. */
void scene_add_rule(Scene *scene, const char *lines);
/* A trial of the device has begun, and its helper has not ended. */
void scene_try(Scene *scene, const char *device);
