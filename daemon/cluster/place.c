/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/place.h"

#include <string.h>

#include "daemon/cluster/world.h"
#include "xml/document.h"
#include "xml/ferry-error.h"

/* What is asked about, and what of it a PlaceGuest borrows. */
typedef struct Question {
        Domain *domain;
        Slice *slice;
        PlaceGuest *guest;
} Question;

static void question_clear(Question *question) {
        place_guest_free(question->guest);
        domain_free(question->domain);
        slice_free(question->slice);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

static bool is_slice(const char *xml, bool *ret_slice, GError **error) {
        g_autoptr(xmlDoc) doc = xml_document_parse(xml, strlen(xml), DOMAIN_XML_MAX, error);
        const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;

        *ret_slice = root && g_str_equal((const char *)root->name, "slice");
        return doc != NULL;
}

static bool read_question(Question *question, const Manager *manager, const char *xml,
                          GError **error) {
        bool slice;

        if (!is_slice(xml, &slice, error))
                return false;
        if (slice) {
                question->slice = slice_from_xml(xml, strlen(xml), error);
                if (question->slice)
                        question->guest = place_guest_new_for_slice(question->slice, "slice");
                return question->guest;
        }

        question->domain = domain_from_xml(xml, strlen(xml), error);
        if (question->domain)
                question->guest = place_guest_new(question->domain,
                                                  inventory_compat(manager->inventory), error);
        return question->guest;
}

static void place_clear(void *data) {
        ClusterPlace *place = data;

        g_free(place->host);
        g_free(place->uri);
        g_free(place->sentence);
        g_free(place);
}

static ClusterPlace *describe(const ClusterCopy *copy, const PlaceWorld *world, const Place *place,
                              const PlaceVerdict *verdict) {
        const char *name = world->hosts[verdict->host].name;
        const ClusterCopyHost *host = cluster_copy_host(copy, name);
        ClusterPlace *row = g_new0(ClusterPlace, 1);

        row->host = g_strdup(name);
        row->uri = g_strdup(host->alive ? host->alive->uri : NULL);
        row->rule = verdict->rule;
        row->headroom = verdict->rule == PLACE_FITS ? verdict->level : _HEADROOM_LEVEL_INVALID;
        row->left = verdict->left;
        row->sentence = place_sentence(place, verdict);
        return row;
}

static GPtrArray *rank(const Cluster *cluster, const PlaceGuest *guest, const char *domain) {
        GPtrArray *rows = g_ptr_array_new_with_free_func(place_clear);
        const ClusterCopy *copy = cluster_copy(cluster);
        g_autoptr(ClusterWorld) world = cluster_world_new(copy, domain);
        const PlaceWorld *hosts = cluster_world_place(world);
        g_autoptr(Place) place = place_new(hosts, guest);
        g_autofree PlaceVerdict *verdicts = place_rank(place);

        for (unsigned i = 0; i < hosts->n_hosts; i++)
                g_ptr_array_add(rows, describe(copy, hosts, place, &verdicts[i]));
        return rows;
}

GPtrArray *cluster_place(const Cluster *cluster, const Manager *manager, const char *xml,
                         char **ret_guest, GError **error) {
        g_auto(Question) question = { 0 };
        const char *uuid;

        if (!cluster_copy_is_whole(cluster_copy(cluster))) {
                g_set_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                            "The cluster is not known yet: %s; try again", cluster_away(cluster));
                return NULL;
        }
        if (!read_question(&question, manager, xml, error))
                return NULL;

        uuid = question.domain ? question.domain->uuid : NULL;
        if (uuid && g_hash_table_contains(manager->active, uuid))
                question.guest->host = cluster_host_name(cluster);
        *ret_guest = g_strdup(question.guest->name);
        return rank(cluster, question.guest, uuid);
}
