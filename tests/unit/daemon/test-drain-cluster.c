/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/cluster-move-ops.h"
#include "tests/unit/daemon/drain-fixture.h"
#include "xml/ferry-error.h"

/* A drain without a destination: a made-up cluster chooses, or says why it does not. */

typedef struct Bed {
        Host h;
        ClusterMoveOps ops;
        const char *uri; /* that is chosen; NULL: */
        int code;        /* the error */
        guint n_left;    /* as end() was told */
} Bed;

static ClusterDestination *choose(void *userdata, const char *xml, const GPtrArray *tried,
                                  GError **error) {
        const Bed *bed = userdata;
        ClusterDestination *destination;

        if (!bed->uri || tried) {
                g_set_error(error, FERRY_ERROR, bed->code, "No host of the cluster");
                return NULL;
        }

        destination = g_new0(ClusterDestination, 1);
        destination->host = g_strdup("b");
        destination->uri = g_strdup(bed->uri);
        destination->why = g_strdup("b: there is room");
        return destination;
}

static char *host_of(void *userdata, const char *uri) {
        return NULL;
}

static void begin(void *userdata, const ClusterMoveWish *wish, ClusterMoveBegun begun,
                  void *begun_userdata) {
        g_assert_true(wish->force); /* it moves although it has moved a moment ago */
        begun(begun_userdata, NULL);
}

static void end(void *userdata, const char *uuid, bool left) {
        Bed *bed = userdata;

        bed->n_left += left;
}

static void join(Bed *bed) {
        bed->ops = (ClusterMoveOps){ choose, host_of, begin, end, bed };
        bed->h.f.manager->cluster_moves = &bed->ops;
}

static void set_up(Bed *bed, gconstpointer unused) {
        host_set_up(&bed->h, NULL);
        join(bed);
        bed->uri = HOST_B;
        bed->code = FERRY_ERROR_NO_RESOURCES;
        host_tell_list(&bed->h, G1, NULL, NULL);
        host_begin(&bed->h, NULL, NULL);
}

static void tear_down(Bed *bed, gconstpointer unused) {
        host_tear_down(&bed->h, NULL);
}

static void test_it_goes_where_the_cluster_says(Bed *bed, gconstpointer unused) {
        g_assert_cmpstr(host_guest_of(&bed->h, G1)->destination, ==, NULL);
        host_find();
        host_assert_asked(&bed->h, "migrate " G1 " to " HOST_B "\n");
        g_assert_cmpstr(host_guest_of(&bed->h, G1)->destination, ==, HOST_B);
        host_leave(&bed->h, G1);
        host_assert_drain(&bed->h, "drained: g1 left");
        g_assert_cmpuint(bed->n_left, ==, 1);
}

static void test_what_is_refused_stays(Bed *bed, gconstpointer unused) {
        host_find();
        host_tell(&bed->h, GUEST_ITERATING, G1);
        host_end_move(&bed->h, G1, "virt-ferry: hostdev0 needs an mdev");
        host_assert_drain(&bed->h, "partly: g1 stayed");
        g_assert_cmpstr(host_guest_of(&bed->h, G1)->reason, ==, "hostdev0 needs an mdev");
}

static void test_what_fits_nowhere_stays(Bed *bed, gconstpointer unused) {
        bed->uri = NULL;
        host_find();
        host_assert_drain(&bed->h, "partly: g1 stayed");
        g_assert_cmpstr(host_guest_of(&bed->h, G1)->reason, ==, "No host of the cluster");
        host_assert_asked(&bed->h, "");
}

static void test_who_cannot_be_asked_is_asked_again(Bed *bed, gconstpointer unused) {
        bed->uri = NULL;
        bed->code = FERRY_ERROR_UNAVAILABLE;
        host_find();
        host_assert_drain(&bed->h, "draining: g1 waiting");
        fixture_pass_time(10 * G_USEC_PER_SEC);
        manager_on_time(bed->h.f.manager);
        bed->uri = HOST_C;
        host_find();
        host_assert_asked(&bed->h, "migrate " G1 " to " HOST_C "\n");
        host_assert_drain(&bed->h, "draining: g1 moving");
        host_leave(&bed->h, G1);
}

static void test_it_outlives_the_daemon(Bed *bed, gconstpointer unused) {
        host_kill_daemon(&bed->h);
        join(bed);
        host_tell_list(&bed->h, G1, NULL, NULL);
        host_find();
        host_assert_asked(&bed->h, "migrate " G1 " to " HOST_B "\n");
        host_leave(&bed->h, G1);
        host_assert_drain(&bed->h, "drained: g1 left");
}

static void test_alone_nobody_chooses(Bed *bed, gconstpointer unused) {
        bed->h.f.manager->cluster_moves = NULL;
        host_find();
        host_assert_drain(&bed->h, "partly: g1 stayed");
        g_assert_true(g_str_has_prefix(host_guest_of(&bed->h, G1)->reason,
                                       "Nobody knows where guest g1 could go"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/drain-cluster/" name, Bed, NULL, set_up, function, tear_down)
        ADD("a guest goes where the cluster says", test_it_goes_where_the_cluster_says);
        ADD("a guest that is refused stays", test_what_is_refused_stays);
        ADD("a guest that fits nowhere stays", test_what_fits_nowhere_stays);
        ADD("a cluster that cannot be asked is asked again",
            test_who_cannot_be_asked_is_asked_again);
        ADD("the drain outlives the daemon", test_it_outlives_the_daemon);
        ADD("in no cluster nobody chooses", test_alone_nobody_chooses);
        return g_test_run();
}
