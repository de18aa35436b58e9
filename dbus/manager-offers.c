/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/cluster.h"
#include "dbus/face.h"
#include "xml/ferry-error.h"

/* ListHostOffers(s host) -> (a(ssxa(sssxt)) offers) of the Manager. */

#define LOT     "(ssxa(sssxt))"
#define PROMISE "(sssxt)"

static int append_promises(sd_bus_message *reply, const ClusterLot *lot) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', PROMISE);
        for (guint i = 0; r >= 0 && lot->promises && i < lot->promises->len; i++) {
                const ClusterPromise *promise = lot->promises->pdata[i];

                r = sd_bus_message_append(reply, PROMISE, promise->domain, promise->by,
                                          promise->nonce, promise->amount,
                                          (uint64_t)promise->since * G_USEC_PER_SEC);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* What was offered once, and is not, is nobody's concern. */
static bool is_offered(const ClusterCopyLot *lot) {
        return lot->lot && (lot->lot->offered > 0 || lot->lot->promises);
}

static int append_lot(sd_bus_message *reply, const ClusterCopyLot *lot) {
        int r;

        r = sd_bus_message_open_container(reply, 'r', "ssxa" PROMISE);
        if (r >= 0)
                r = sd_bus_message_append(reply, "ssx", lot->host->name, lot->resource,
                                          lot->lot->offered);
        if (r >= 0)
                r = append_promises(reply, lot->lot);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_host(sd_bus_message *reply, const ClusterCopyHost *host) {
        int r = 0;

        for (guint i = 0; r >= 0 && i < host->lots->len; i++)
                if (is_offered(host->lots->pdata[i]))
                        r = append_lot(reply, host->lots->pdata[i]);
        return r;
}

/* `name` "": of all. */
static int append_offers(sd_bus_message *reply, const ClusterCopy *copy, const char *name) {
        g_autoptr(GList) names = g_hash_table_get_keys(cluster_copy_hosts(copy));
        int r;

        names = g_list_sort(names, (GCompareFunc)g_strcmp0);
        r = sd_bus_message_open_container(reply, 'a', LOT);
        for (const GList *one = names; r >= 0 && one; one = one->next)
                if (*name == '\0' || g_str_equal(one->data, name))
                        r = append_host(reply, cluster_copy_host(copy, one->data));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int refuse_unknown(const char *host, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;

        error = g_error_new(FERRY_ERROR, FERRY_ERROR_NOT_FOUND,
                            "The cluster knows no host '%.64s': 'virt-ferry hosts' lists those it "
                            "knows",
                            host);
        return bus_error_from_gerror(reterr, error);
}

int manager_method_list_host_offers(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        const Faces *faces = userdata;
        const ClusterCopy *copy;
        const char *host;
        int r;

        r = sd_bus_message_read(m, "s", &host);
        if (r < 0)
                return r;
        if (!faces->manager->cluster)
                return face_refuse_alone(reterr);

        copy = cluster_copy(faces->manager->cluster);
        if (*host && !cluster_copy_host(copy, host))
                return refuse_unknown(host, reterr);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = append_offers(reply, copy, host);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
