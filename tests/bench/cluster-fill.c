/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/cluster-fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/cluster-kind.h"
#include "daemon/edges/etcd-json.h"
#include "tests/unit/core/made-up-series.h"

#define PFS          2u
#define VFS_OF_A_PF  (CLUSTER_FILL_VFS / PFS)
#define WAITING_MAX  8u
#define SINCE        INT64_C(1800000000) /* seconds */
#define REQUEST_TIME 20u

static const struct {
        const char *name;
        int64_t total, offered;
} amounts[] = {
        { "cores", 128, 40 }, { "memory", 1048576, 300000 },        { "keys", 16, 8 },
        { "lanes", 32, 12 },  { "bandwidth", 200000000, 80000000 },
};

char *cluster_fill_name(unsigned host) {
        return g_strdup_printf("host%05u", host);
}

static char *vf_address(unsigned vf) {
        return g_strdup_printf("0000:%02x:%02x.%u", 0x3b + vf / VFS_OF_A_PF,
                               1 + vf % VFS_OF_A_PF / 8, vf % 8);
}

static char *made_up_uuid(unsigned a, unsigned b) {
        return g_strdup_printf("%08x-0000-4000-8000-%012x", a, b);
}

/* maps/ ------------------------------------------------------------------------------- */

static void add_resources(ClusterMap *map, unsigned host) {
        for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++) {
                ClusterResource resource = { .name = cluster_word(amounts[i].name),
                                             .total = amounts[i].total };
                double used = made_up_chance(5, host * G_N_ELEMENTS(amounts) + (unsigned)i);

                resource.free = amounts[i].total - (int64_t)(used * 0.5 * (double)resource.total);
                resource.level = (int64_t)(used * (double)resource.total);
                resource.headroom = cluster_word(used > 0.9   ? "low"
                                                 : used > 0.6 ? "medium"
                                                              : "high");
                g_array_append_val(map->resources, resource);
        }
}

/* One for each PF: few firmwares are in use in all of a cluster. */
static void add_kind(ClusterMap *map, unsigned host, unsigned pf, int64_t free) {
        g_autoptr(Fingerprint) fingerprint = fingerprint_new();
        ClusterKind kind = { .total = VFS_OF_A_PF, .free = free };

        fingerprint->vendor = fingerprint->subsystem_vendor = 0x15b3;
        fingerprint->device = 0x101e;
        fingerprint->subsystem_device = 0x0058;
        fingerprint->revision = 0;
        fingerprint->driver = g_strdup("mlx5_vfio_pci");
        fingerprint->driver_version = g_strdup_printf("6.%u.0", 1 + host % 4);
        fingerprint->firmware = g_strdup_printf("22.%u.1002", 30 + (host + pf) % 8);
        fingerprint->vfio_caps = VFIO_CAP_STOP_COPY;
        cluster_kind_describe(&kind, "sriov", "default", fingerprint);
        g_array_append_val(map->kinds, kind);
}

char *cluster_fill_map(unsigned host, int64_t free) {
        g_autoptr(ClusterMap) map = cluster_map_new();

        map->qemu = cluster_word("8.2.0");
        map->libvirt = cluster_word("9.0.0");
        add_resources(map, host);
        for (unsigned pf = 0; pf < PFS; pf++)
                add_kind(map, host, pf, free / PFS);
        for (unsigned vf = 0; vf < CLUSTER_FILL_VFS; vf++) {
                g_autofree char *address = vf_address(vf);
                ClusterDevice device = { cluster_word(address), vf / VFS_OF_A_PF };

                g_array_append_val(map->devices, device);
        }
        return cluster_map_to_json(map);
}

/* hosts/ and lots/ -------------------------------------------------------------------- */

static char *host_document(const char *name) {
        g_autoptr(ClusterHost) host = g_new0(ClusterHost, 1);

        host->schema = 1;
        host->version = cluster_word("0.1.0");
        host->uri = g_strdup_printf("qemu+ssh://%s/system", name);
        host->since = SINCE;
        host->incarnation = g_uuid_string_random();
        return cluster_host_to_json(host);
}

static char *lot_document(unsigned host, unsigned number, int64_t offered) {
        g_autoptr(ClusterLot) lot = cluster_lot_new();
        g_autofree char *domain = made_up_uuid(host, number), *nonce = g_uuid_string_random();

        lot->offered = offered;
        lot->turn = g_uuid_string_random();
        if (number % 8 == 0)
                cluster_lot_add(lot, domain, "host00000", MAX(1, offered / 8), SINCE, nonce);
        return cluster_lot_to_json(lot);
}

/* Writing them ------------------------------------------------------------------------ */

static void run_until(ClusterFill *fill, unsigned waiting) {
        while (fill->waiting > waiting)
                if (sd_event_run(fill->loop, UINT64_MAX) < 0)
                        exit(EXIT_FAILURE);
}

static void on_written(void *userdata, const EtcdReply *reply) {
        ClusterFill *fill = userdata;

        if (reply->result != ETCD_OK) {
                fprintf(stderr, "%s\n", reply->why);
                exit(EXIT_FAILURE);
        }
        fill->waiting--;
}

static void flush(ClusterFill *fill) {
        g_autoptr(ClusterTransaction) transaction = g_steal_pointer(&fill->transaction);
        g_autofree char *body = NULL;

        if (!transaction)
                return;

        body = etcd_transaction_body(fill->prefix, transaction);
        fill->waiting++;
        etcd_client_call(fill->client,
                         &(EtcdRequest){ .path = "/v3/kv/txn",
                                         .body = body,
                                         .seconds = REQUEST_TIME,
                                         .again = true },
                         on_written, fill);
        run_until(fill, WAITING_MAX - 1);
}

/* Takes both. */
static void put(ClusterFill *fill, char *key, char *value) {
        g_autofree char *owned = key;

        if (!fill->transaction)
                fill->transaction = cluster_transaction_new();
        fill->bytes += strlen(fill->prefix) + strlen(key) + strlen(value);
        fill->keys++;
        cluster_transaction_put(fill->transaction, key, value);
        if (fill->transaction->puts->len == CLUSTER_TRANSACTION_MAX)
                flush(fill);
}

static void put_host(ClusterFill *fill, unsigned host) {
        g_autofree char *name = cluster_fill_name(host);
        unsigned number = 0;

        put(fill, g_strconcat("hosts/", name, NULL), host_document(name));
        put(fill, g_strconcat("maps/", name, NULL), cluster_fill_map(host, CLUSTER_FILL_VFS / 2));
        for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++)
                put(fill, g_strconcat("lots/", name, "/", amounts[i].name, NULL),
                    lot_document(host, number++, amounts[i].offered));
        for (unsigned vf = 0; vf < CLUSTER_FILL_VFS; vf += 2) {
                g_autofree char *address = vf_address(vf);

                put(fill, g_strconcat("lots/", name, "/", address, NULL),
                    lot_document(host, number++, 1));
        }
}

void cluster_fill_hosts(ClusterFill *fill, unsigned from, unsigned to) {
        for (unsigned host = from; host < to; host++) {
                put_host(fill, host);
                if (host % 1000 == 999) {
                        printf("# %u hosts are in etcd\n", host + 1);
                        fflush(stdout);
                }
        }
        flush(fill);
        run_until(fill, 0);
}
