/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/cluster-member.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/cluster/place.h"
#include "daemon/cluster/world.h"
#include "daemon/edges/etcd-json.h"
#include "daemon/edges/etcd.h"
#include "http/http.h"
#include "tests/unit/daemon/manager-fixture.h"

#define TTL          30u
#define REQUEST_TIME 20u

static const char domain_xml[] =
        "<domain type='kvm'><name>g1</name><metadata><ferry:domain "
        "xmlns:ferry='urn:virtferry:domain:1' version='1'>"
        "<ferry:device alias='ua-a'><ferry:need vendor='0x15b3' device='0x101e'/></ferry:device>"
        "<ferry:device alias='ua-b'><ferry:need vendor='0x15b3' device='0x101e'/></ferry:device>"
        "<ferry:slice version='1'><ferry:cores count='4' exclusive='yes'/>"
        "<ferry:memory size='8' unit='GiB'/></ferry:slice></ferry:domain></metadata><devices>"
        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='0x3b' "
        "slot='0x10' function='0'/></source><alias name='ua-a'/></hostdev>"
        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='0x3b' "
        "slot='0x10' function='1'/></source><alias name='ua-b'/></hostdev></devices></domain>";

struct ClusterMember {
        ClusterFill *fill;
        Fixture fixture;
        Cluster *cluster;
        ClusterEvents inner; /* the cluster's */
        Etcd *etcd;
        Http *http;
        char *awaited; /* a key; NULL: none */
        bool watches;  /* the bare one */
        double since;
        ClusterDelay delay; /* NAN: not yet */
};

static void check(bool good, const char *what) {
        if (good)
                return;

        fprintf(stderr, "%s\n", what);
        exit(EXIT_FAILURE);
}

static double msec(clockid_t clock) {
        struct timespec now;

        (void)clock_gettime(clock, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void turn(ClusterMember *member) {
        check(sd_event_run(member->fill->loop, UINT64_MAX) >= 0, "the loop has failed");
}

/* What the edge tells ------------------------------------------------------------------- */

static void on_up(void *userdata) {
        ClusterMember *member = userdata;

        member->inner.up(member->inner.userdata);
}

static void on_down(void *userdata, const char *why) {
        check(false, why);
}

static void on_reset(void *userdata) {
        ClusterMember *member = userdata;

        member->inner.reset(member->inner.userdata);
}

static void on_loaded(void *userdata) {
        ClusterMember *member = userdata;

        member->inner.loaded(member->inner.userdata);
}

static void on_key(void *userdata, const char *key, const char *value, int64_t create_revision,
                   int64_t mod_revision) {
        ClusterMember *member = userdata;

        member->inner.key(member->inner.userdata, key, value, create_revision, mod_revision);
        if (g_strcmp0(key, member->awaited) == 0)
                member->delay.ours = msec(CLOCK_MONOTONIC) - member->since;
}

/* The bare watch ------------------------------------------------------------------------ */

static void on_data(void *userdata, const char *data, size_t size) {
        ClusterMember *member = userdata;

        member->watches = true;
        if (isnan(member->delay.bare))
                member->delay.bare = msec(CLOCK_MONOTONIC) - member->since;
}

static void on_end(void *userdata, const HttpAnswer *answer) {
        check(false, "the bare watch has ended");
}

static void watch(ClusterMember *member, const char *url) {
        g_autofree char *body = etcd_watch_body(member->fill->prefix, 0);
        g_autofree char *path = g_strconcat(url, "/v3/watch", NULL);
        const HttpTls tls = { 0 };

        check(http_new(member->fill->loop, "bench", &tls, &member->http) >= 0, "no HTTP");
        http_send(member->http,
                  &(HttpRequest){ .method = "POST", .url = path, .body = body, .on_data = on_data },
                  on_end, member);
        while (!member->watches)
                turn(member);
}

/* ------------------------------------------------------------------------------------------- */

ClusterMember *cluster_member_new(ClusterFill *fill, const char *url) {
        ClusterMember *member = g_new0(ClusterMember, 1);
        const char *const urls[] = { url, NULL };
        const ClusterEvents events = { on_up, on_down, on_reset, on_loaded, on_key, member };
        const EtcdConfig config = { { .endpoints = urls }, .prefix = fill->prefix, .ttl = TTL };
        g_autoptr(GError) error = NULL;

        member->fill = fill;
        fixture_set_up(&member->fixture, "[Cluster]\nEtcd=http://127.0.0.1:1\nHost=member\n");
        member->cluster = cluster_new(member->fixture.manager, "0.1.0", &error);
        check(member->cluster, error ? error->message : "");
        member->inner = cluster_events(member->cluster);
        check(etcd_new(fill->loop, &config, &events, &member->etcd) >= 0, "no edge");
        cluster_set_ops(member->cluster, etcd_ops(member->etcd));
        while (cluster_away(member->cluster))
                turn(member);
        watch(member, url);
        return member;
}

void cluster_member_free(ClusterMember *member) {
        http_free(member->http);
        etcd_free(member->etcd);
        cluster_free(member->cluster);
        fixture_tear_down(&member->fixture, NULL);
        g_free(member);
}

static void on_put(void *userdata, const EtcdReply *reply) {
        check(reply->result == ETCD_OK, reply->why);
        *(bool *)userdata = true;
}

ClusterDelay cluster_member_follow(ClusterMember *member, unsigned host, int64_t free) {
        g_autofree char *name = cluster_fill_name(host), *value = cluster_fill_map(host, free);
        g_autofree char *key = g_strconcat("maps/", name, NULL);
        g_autofree char *path = etcd_key(member->fill->prefix, key);
        g_autofree char *body = etcd_put_body(path, value, 0);
        bool done = false;

        member->awaited = key;
        member->delay = (ClusterDelay){ NAN, NAN };
        member->since = msec(CLOCK_MONOTONIC);
        etcd_client_call(
                member->fill->client,
                &(EtcdRequest){ .path = "/v3/kv/put", .body = body, .seconds = REQUEST_TIME },
                on_put, &done);
        while (!done || isnan(member->delay.ours) || isnan(member->delay.bare))
                turn(member);
        member->awaited = NULL;
        return member->delay;
}

static double rank(const ClusterMember *member, const PlaceGuest *guest) {
        double begin = msec(CLOCK_PROCESS_CPUTIME_ID);
        g_autoptr(ClusterWorld) world = cluster_world_new(cluster_copy(member->cluster), NULL);
        g_autoptr(Place) place = place_new(cluster_world_place(world), guest);

        g_free(place_rank(place));
        return msec(CLOCK_PROCESS_CPUTIME_ID) - begin;
}

static double explain(const ClusterMember *member, unsigned *ret_fit) {
        double begin = msec(CLOCK_PROCESS_CPUTIME_ID);
        g_autofree char *guest = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) places = cluster_place(member->cluster, member->fixture.manager,
                                                    domain_xml, &guest, &error);

        begin = msec(CLOCK_PROCESS_CPUTIME_ID) - begin;
        check(places, error ? error->message : "");
        *ret_fit = 0;
        for (guint i = 0; i < places->len; i++)
                *ret_fit += ((const ClusterPlace *)places->pdata[i])->rule == PLACE_FITS;
        return begin;
}

ClusterCost cluster_member_place(ClusterMember *member) {
        const Compat *compat = inventory_compat(member->fixture.manager->inventory);
        Domain *domain = domain_from_xml(domain_xml, strlen(domain_xml), NULL);
        g_autoptr(PlaceGuest) guest = domain ? place_guest_new(domain, compat, NULL) : NULL;
        ClusterCost cost;

        check(guest, "the domain cannot be read");
        cost.decide = rank(member, guest);
        cost.explain = explain(member, &cost.fit);
        g_clear_pointer(&guest, place_guest_free);
        domain_free(domain);
        return cost;
}
