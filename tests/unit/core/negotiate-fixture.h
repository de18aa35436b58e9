/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A made-up host with an inventory and a book of leases, and guests that want
 * to come to it. */

#include "daemon/core/negotiate.h"
#include "tests/lib/fake-root.h"

#define U1       "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define U2       "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"
#define U3       "83b8f4f2-509f-382f-3c1e-e6bfe0fa1003"
#define U4       "83b8f4f2-509f-382f-3c1e-e6bfe0fa1004"
#define U9       "83b8f4f2-509f-382f-3c1e-e6bfe0fa1009"

#define PF       "0000:3b:00.0"
#define VF0      "0000:3b:10.0"
#define VF1      "0000:3b:10.2"
#define VF2      "0000:3b:10.4"
#define VF9      "0000:af:10.0" /* of another host */

#define MIGRATES (VFIO_CAP_STOP_COPY | VFIO_CAP_P2P | VFIO_CAP_PRE_COPY)

typedef struct Fixture {
        FakeRoot *root;
        Config *config;
        Store *store;
        LeaseBook *book;
        Inventory *inventory; /* NULL until scan() */
        GString *devices;     /* of the guest's XML */
        GString *entries;     /* of its metadata */
        unsigned n_devices;
        GPtrArray *parents; /* that its devices are rather to be of; NULL */
        Domain *domain;     /* what was asked last */
        GPtrArray *answers;
} Fixture;

void set_up(Fixture *f, gconstpointer unused);
void tear_down(Fixture *f, gconstpointer unused);

/* The host, before scan(). */
void use_pools(Fixture *f, const char *config);
void add_parent(Fixture *f, const char *name, unsigned ports,
                const char *type); /* a driver of its own */
void add_mdev(Fixture *f, const char *parent, const char *type, const char *uuid);
/* Mellanox VFs 15b3:101e; `vf_driver` is what they are bound to, NULL nothing. */
void add_vfs(Fixture *f, unsigned count, const char *vf_driver);
void add_variant_driver(Fixture *f, const char *module); /* fits those VFs best */
void scan(Fixture *f);
extern unsigned probes; /* that scan()'s inventory has made */
extern int probe_error; /* of all of them; 0 lets the made-up kernel answer */

/* Who has what. */
Lease *lease(Fixture *f, const char *guest, const char *device, LeaseState state);
Lease *lease_unmade(Fixture *f, const char *guest, const char *device, const char *parent,
                    const char *type);
void lease_address(Fixture *f, const char *guest, const char *device, const char *address);

/* The guest g1: its devices are hostdev0, hostdev1 ... at 0000:00:05.0, 0000:00:06.0 ...; a source
 * with a "." is PCI. `need` and `seen` are attributes, NULL none. */
void want(Fixture *f, const char *source, const char *need, const char *seen);
void want_transient(Fixture *f, const char *source, const char *need, const char *seen);
#define SEEN_MTTY  "class='mdev' driver='mtty' mdev-type='mtty-1' vfio='stop-copy p2p pre-copy'"
#define SEEN_PLAIN "class='sriov' vendor='0x15b3' device='0x101e' driver='vfio-pci' vfio=''"
#define SEEN_MLX                                                                                \
        "class='sriov' vendor='0x15b3' device='0x101e' revision='0x01' driver='mlx5_vfio_pci' " \
        "vfio='stop-copy p2p pre-copy dma-log'"

/* Asks, and gives the n-th answer. */
const Answer *answer_of(Fixture *f, unsigned n);
const Answer *answer_here_of(Fixture *f, unsigned n);
