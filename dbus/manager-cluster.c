/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/forgetting.h"
#include "daemon/cluster/place.h"
#include "daemon/cluster/world.h"
#include "dbus/face.h"

/* ListHosts(), ForgetHost() and Place() of the Manager. */

int face_refuse_alone(sd_bus_error *reterr) {
        return sd_bus_error_set(reterr, FERRY_ERROR_PREFIX "InvalidState",
                                "This host is in no cluster: name the etcd of one by Etcd= of "
                                "[Cluster] in virtferry.conf");
}

/* ListHosts() -> (s away, a(sbbtsssss) hosts) ---------------------------------------- */

static int append_host(sd_bus_message *reply, const ClusterCopy *copy,
                       const ClusterCopyHost *host) {
        const ClusterHost *alive = host->alive;
        uint64_t since = alive ? (uint64_t)alive->since * G_USEC_PER_SEC : 0;

        return sd_bus_message_append(
                reply, "(sbbtsssss)", host->name, host->create_revision > 0,
                cluster_host_is_drained(copy, host), since, alive ? alive->version : NULL,
                host->map ? host->map->qemu : NULL, host->map ? host->map->libvirt : NULL,
                headroom_level_to_string(cluster_host_headroom(host)), alive ? alive->uri : NULL);
}

static int append_hosts(sd_bus_message *reply, const ClusterCopy *copy) {
        g_autoptr(GList) names = g_hash_table_get_keys(cluster_copy_hosts(copy));
        int r;

        names = g_list_sort(names, (GCompareFunc)g_strcmp0);
        r = sd_bus_message_open_container(reply, 'a', "(sbbtsssss)");
        for (const GList *name = names; r >= 0 && name; name = name->next)
                r = append_host(reply, copy, cluster_copy_host(copy, name->data));
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int manager_method_list_hosts(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        const Faces *faces = userdata;
        const Cluster *cluster = faces->manager->cluster;
        int r;

        if (!cluster)
                return face_refuse_alone(reterr);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", cluster_away(cluster));
        if (r >= 0)
                r = append_hosts(reply, cluster_copy(cluster));
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* ForgetHost(s host) ----------------------------------------------------------------- */

int manager_method_forget_host(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Faces *faces = userdata;
        const char *host;
        int r;

        r = sd_bus_message_read(m, "s", &host);
        if (r < 0)
                return r;
        if (!faces->manager->cluster)
                return face_refuse_alone(reterr);

        r = authorize(faces->authorizer, m, ACTION_MANAGE_CLUSTER, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        cluster_forget_host(faces->manager->cluster, host, bus_answer, sd_bus_message_ref(m));
        return 1;
}

/* Place(s xml) -> (s guest, a(ssbssds) hosts) ----------------------------------------- */

static int append_places(sd_bus_message *reply, const GPtrArray *places) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ssbssds)");
        for (guint i = 0; r >= 0 && i < places->len; i++) {
                const ClusterPlace *place = places->pdata[i];

                r = sd_bus_message_append(
                        reply, "(ssbssds)", place->host, place->uri, place->rule == PLACE_FITS,
                        place_rule_to_string(place->rule),
                        headroom_level_to_string(place->headroom), place->left, place->sentence);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int manager_method_place(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPtrArray) places = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *guest = NULL;
        const Faces *faces = userdata;
        const char *xml;
        int r;

        r = sd_bus_message_read(m, "s", &xml);
        if (r < 0)
                return r;
        if (!faces->manager->cluster)
                return face_refuse_alone(reterr);

        places = cluster_place(faces->manager->cluster, faces->manager, xml, &guest, &error);
        if (!places)
                return bus_error_from_gerror(reterr, error);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", guest);
        if (r >= 0)
                r = append_places(reply, places);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
