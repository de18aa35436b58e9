/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/cluster.h"

#include "daemon/cluster/forgetting.h"
#include "daemon/cluster/place.h"
#include "daemon/cluster/publish.h"
#include "daemon/cluster/world.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* A host of a cluster, and a store that does what the test says. Its one request is kept until it
 * is answered. */
typedef struct Store {
        Fixture manager;
        Cluster *cluster;
        ClusterEvents events;
        ClusterOps ops;
        GString *asked; /* "publish KEY", "put KEY", "delete KEY" */
        char *map;      /* the last that was put */
        ClusterAnswer answer;
        void *asker;
        int64_t revision;
        char *end; /* of the wish to forget a host: "" or why not */
} Store;

static void publish(void *userdata, const char *key, const char *value) {
        Store *store = userdata;

        g_string_append_printf(store->asked, "publish %s\n", key);
}

static void transact(void *userdata, const ClusterTransaction *transaction, ClusterAnswer answer,
                     void *answer_userdata) {
        Store *store = userdata;

        for (guint i = 0; i < transaction->puts->len; i++) {
                const ClusterPut *put = transaction->puts->pdata[i];

                g_string_append_printf(store->asked, "put %s\n", put->key);
                g_free(store->map);
                store->map = g_strdup(put->value);
        }
        for (guint i = 0; i < transaction->deletes->len; i++)
                g_string_append_printf(store->asked, "delete %s\n",
                                       (const char *)transaction->deletes->pdata[i]);
        g_assert_null(store->answer);
        store->answer = answer;
        store->asker = answer_userdata;
}

static void answer(Store *store, ClusterOutcome outcome) {
        ClusterAnswer function = g_steal_pointer(&store->answer);

        function(store->asker, outcome, outcome == CLUSTER_DONE ? NULL : "etcd is away");
}

static void assert_store_asked(Store *store, const char *expected) {
        g_assert_cmpstr(store->asked->str, ==, expected);
        g_string_truncate(store->asked, 0);
}

static void tell(Store *store, const char *key, const char *value) {
        store->revision++;
        store->events.key(store->events.userdata, key, value, value ? store->revision : 0,
                          store->revision);
}

static void come_up(Store *store) {
        store->events.reset(store->events.userdata);
        store->events.loaded(store->events.userdata);
        store->events.up(store->events.userdata);
}

static void set_up(Store *store, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        fixture_set_up(&store->manager, "[Cluster]\nEtcd=http://127.0.0.1:1\nHost=hosta\n");
        store->asked = g_string_new(NULL);
        store->cluster = cluster_new(store->manager.manager, "0.1", &error);
        g_assert_no_error(error);
        store->events = cluster_events(store->cluster);
        store->ops = (ClusterOps){ publish, transact, store };
        cluster_set_ops(store->cluster, &store->ops);
        assert_store_asked(store, "publish hosts/hosta\n");
}

static void tear_down(Store *store, gconstpointer unused) {
        cluster_free(store->cluster);
        fixture_tear_down(&store->manager, NULL);
        g_string_free(store->asked, TRUE);
        g_free(store->map);
        g_free(store->end);
}

/* Telling --------------------------------------------------------------------------- */

static void test_tells_of_itself_when_the_store_is_there(Store *store, gconstpointer unused) {
        g_assert_cmpstr(cluster_away(store->cluster), ==, "etcd has not answered yet");
        come_up(store);
        g_assert_null(cluster_away(store->cluster));
        cluster_on_tick(store->cluster);
        assert_store_asked(store, "put maps/hosta\n");
        g_assert_nonnull(strstr(store->map, "\"type\":\"mtty-1\""));
        answer(store, CLUSTER_DONE);
}

/* A wrong password, for one. It is said once, however often there is another reason. */
static void test_why_it_never_came_is_said_once(Store *store, gconstpointer unused) {
        cluster_on_tick(store->cluster);
        cluster_on_tick(store->cluster);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "Host hosta is not in cluster default yet: etcd is away; guests and "
                              "hooks go on");
        answer(store, CLUSTER_AWAY);
        g_test_assert_expected_messages();
        g_assert_cmpstr(cluster_away(store->cluster), ==, "etcd is away");
        cluster_on_tick(store->cluster);
        g_assert_null(store->answer);
        assert_store_asked(store, "");
}

static void test_tells_again_what_has_changed_only(Store *store, gconstpointer unused) {
        g_autofree char *before = NULL;

        come_up(store);
        cluster_on_tick(store->cluster);
        answer(store, CLUSTER_DONE);
        before = g_strdup(store->map);
        assert_store_asked(store, "put maps/hosta\n");

        cluster_on_host_changed(store->cluster);
        cluster_on_tick(store->cluster);
        assert_store_asked(store, "");

        store->manager.manager->qemu_version = 8002000;
        cluster_on_tick(store->cluster);
        assert_store_asked(store, ""); /* nobody has said so */
        cluster_on_host_changed(store->cluster);
        cluster_on_tick(store->cluster);
        assert_store_asked(store, "put maps/hosta\n");
        g_assert_cmpstr(before, !=, store->map);
        answer(store, CLUSTER_DONE);
}

static void test_what_is_forecast_is_looked_at_in_time(Store *store, gconstpointer unused) {
        come_up(store);
        cluster_on_tick(store->cluster);
        answer(store, CLUSTER_DONE);
        assert_store_asked(store, "put maps/hosta\n");

        store->manager.manager->qemu_version = 8002000;
        fixture_pass_time(CLUSTER_LOOK_USEC);
        cluster_on_tick(store->cluster);
        assert_store_asked(store, "put maps/hosta\n");
        answer(store, CLUSTER_DONE);
}

static void test_tells_again_what_may_not_have_come(Store *store, gconstpointer unused) {
        static const ClusterOutcome outcomes[] = { CLUSTER_AWAY, CLUSTER_UNKNOWN, CLUSTER_LOST };

        come_up(store);
        for (size_t i = 0; i < G_N_ELEMENTS(outcomes); i++) {
                cluster_on_tick(store->cluster);
                cluster_on_host_changed(store->cluster);
                cluster_on_tick(store->cluster);
                assert_store_asked(store, "put maps/hosta\n"); /* one at a time */
                answer(store, outcomes[i]);
        }
}

static void test_tells_again_when_it_was_forgotten(Store *store, gconstpointer unused) {
        come_up(store);
        cluster_on_tick(store->cluster);
        answer(store, CLUSTER_DONE);
        tell(store, "maps/hosta", store->map);
        assert_store_asked(store, "put maps/hosta\n");

        tell(store, "maps/hosta", NULL);
        cluster_on_tick(store->cluster);
        assert_store_asked(store, "put maps/hosta\n");
        tell(store, "maps/hosta", NULL); /* once more, before that was answered */
        answer(store, CLUSTER_DONE);
        cluster_on_tick(store->cluster);
        assert_store_asked(store, "put maps/hosta\n");
        answer(store, CLUSTER_DONE);
}

static const ClusterKind *find_kind(const ClusterMap *map, const char *type) {
        for (guint i = 0; i < map->kinds->len; i++) {
                const ClusterKind *kind = &g_array_index(map->kinds, ClusterKind, i);

                if (g_strcmp0(kind->type, type) == 0)
                        return kind;
        }
        g_assert_not_reached();
}

static void test_a_device_that_is_leased_is_there_and_not_free(Store *store, gconstpointer unused) {
        g_autofree char *guest = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1"), *come = NULL;
        Manager *manager = store->manager.manager;
        g_autoptr(ClusterMap) before = NULL, after = NULL;
        const ClusterKind *was, *is;

        fake_root_add_mdev(store->manager.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(manager->inventory), ==, 0);
        before = cluster_publish_map(manager);
        come = manager_filter_domain(manager, "migrate", guest, NULL);
        after = cluster_publish_map(manager);
        g_assert_nonnull(strstr(come, HERE_MDEV));
        was = find_kind(before, "mtty-1");
        is = find_kind(after, "mtty-1");
        g_assert_cmpuint(before->devices->len, ==, 1);
        g_assert_cmpstr(g_array_index(before->devices, ClusterDevice, 0).address, ==, HERE_MDEV);
        g_assert_cmpint(is->total, ==, was->total);
        g_assert_cmpint(is->free, ==, was->free - 1);
}

static void test_a_name_must_be_one_for_others(Store *store, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        g_free(store->manager.manager->config->cluster.host);
        store->manager.manager->config->cluster.host = g_strdup("a b");
        g_assert_null(cluster_new(store->manager.manager, "0.1", &error));
        g_assert_cmpstr(error->message, ==,
                        "The name of this host, 'a b', cannot be one in a cluster: give it another "
                        "by Host= of [Cluster]");
}

/* Forgetting ------------------------------------------------------------------------ */

static void on_end(void *userdata, const GError *error) {
        Store *store = userdata;

        g_assert_null(store->end);
        store->end = g_strdup(error ? error->message : "");
}

static void forget(Store *store) {
        g_clear_pointer(&store->end, g_free);
        cluster_forget_host(store->cluster, "hostb", on_end, store);
}

static void test_a_host_that_is_gone_is_forgotten(Store *store, gconstpointer unused) {
        come_up(store);
        tell(store, "maps/hostb", "{\"schema\":1}");
        tell(store, "lots/hostb/memory", "{\"schema\":1,\"offered\":1}");
        forget(store);
        assert_store_asked(store,
                           "delete lots/hostb/memory\ndelete maps/hostb\ndelete loads/hostb\n");
        g_assert_null(store->end);
        tell(store, "lots/hostb/memory", NULL);
        tell(store, "maps/hostb", NULL);
        answer(store, CLUSTER_DONE);
        g_assert_cmpstr(store->end, ==, "");
}

static void test_forgetting_goes_on_when_somebody_came_between(Store *store, gconstpointer unused) {
        come_up(store);
        tell(store, "maps/hostb", "{\"schema\":1}");
        forget(store);
        assert_store_asked(store, "delete maps/hostb\ndelete loads/hostb\n");
        answer(store, CLUSTER_LOST);
        g_assert_null(store->end);
        tell(store, "hosts/hostb", "{\"schema\":1}");
        cluster_on_tick(store->cluster);
        g_assert_cmpstr(store->end, ==,
                        "Host hostb is alive: stop virtferryd there first, and wait until its "
                        "lease has run out");
        assert_store_asked(store, "put maps/hosta\n");
        answer(store, CLUSTER_DONE);
}

static void test_nobody_waits_for_a_store_that_is_away(Store *store, gconstpointer unused) {
        forget(store);
        g_assert_cmpstr(store->end, ==,
                        "Host hostb cannot be forgotten now: etcd has not answered yet");
        come_up(store);
        forget(store);
        g_assert_cmpstr(store->end, ==,
                        "The cluster knows no host 'hostb': 'virt-ferry hosts' lists those it "
                        "knows");
        tell(store, "maps/hostb", "{\"schema\":1}");
        forget(store);
        answer(store, CLUSTER_AWAY);
        g_assert_cmpstr(store->end, ==,
                        "Host hostb is not forgotten, or not wholly: the cluster cannot be asked: "
                        "etcd is away; try again");
        forget(store);
        answer(store, CLUSTER_UNKNOWN);
        g_assert_null(store->end);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "Host hosta has lost cluster default: it was stopped; guests and "
                              "hooks go on");
        store->events.down(store->events.userdata, "it was stopped");
        g_test_assert_expected_messages();
        g_assert_cmpstr(store->end, ==,
                        "Host hostb is not forgotten, or not wholly: the cluster cannot be asked: "
                        "it was stopped; try again");
}

/* Where nobody knows what became of it, it is asked for again; and a copy that does not show yet
 * what was done is waited for. */
static void test_forgetting_goes_by_what_is_left(Store *store, gconstpointer unused) {
        const char *asked = "delete maps/hostb\ndelete loads/hostb\n";

        come_up(store);
        tell(store, "maps/hostb", "{\"schema\":1}");
        forget(store);
        assert_store_asked(store, asked);
        answer(store, CLUSTER_UNKNOWN);
        assert_store_asked(store, "");
        tell(store, "hosts/hostc", "{\"schema\":1}");
        assert_store_asked(store, asked);
        answer(store, CLUSTER_DONE);
        assert_store_asked(store, asked);
        answer(store, CLUSTER_LOST);
        assert_store_asked(store, "");
        g_assert_null(store->end);
        tell(store, "maps/hostb", NULL);
        g_assert_cmpstr(store->end, ==, "");
}

static void test_who_waits_is_told_of_the_end(Store *store, gconstpointer unused) {
        come_up(store);
        tell(store, "maps/hostb", "{\"schema\":1}");
        forget(store);
        g_clear_pointer(&store->cluster, cluster_free);
        g_assert_cmpstr(store->end, ==,
                        "Host hostb is not forgotten, or not wholly: the cluster cannot be asked: "
                        "virtferryd is about to end; try again");
}

/* Places ---------------------------------------------------------------------------- */

#define ALIVE   "{\"schema\":1,\"uri\":\"test:///b\"}"
#define CORES   "{\"cores\":{\"total\":8,\"free\":%d,\"headroom\":\"%s\"}}"
#define OFFLOAD "{\"offload:dpu0:cores\":{\"total\":4,\"free\":3,\"headroom\":\"high\"}}"
#define MAP(x)  "{\"schema\":1,\"resources\":" x "}"

/* "HOST RULE\n" of each, the best first. */
static char *places(Store *store, const char *xml) {
        g_autoptr(GPtrArray) rows = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *guest = NULL;
        GString *text = g_string_new(NULL);

        rows = cluster_place(store->cluster, store->manager.manager, xml, &guest, &error);
        g_assert_no_error(error);
        for (guint i = 0; i < rows->len; i++) {
                const ClusterPlace *row = rows->pdata[i];

                g_string_append_printf(text, "%s %s\n", row->host, place_rule_to_string(row->rule));
        }
        return g_string_free(text, FALSE);
}

static void add_host(Store *store, const char *name, const char *map) {
        g_autofree char *alive = g_strconcat("hosts/", name, NULL);
        g_autofree char *key = g_strconcat("maps/", name, NULL);

        tell(store, alive, ALIVE);
        if (map)
                tell(store, key, map);
}

static void add_cores(Store *store, const char *name, int free, const char *headroom) {
        g_autofree char *map = g_strdup_printf(MAP(CORES), free, headroom);

        add_host(store, name, map);
}

static void test_a_slice_goes_where_there_is_most_of_it(Store *store, gconstpointer unused) {
        g_autofree char *said = NULL;

        come_up(store);
        add_cores(store, "hostb", 4, "high");
        add_cores(store, "hostc", 8, "high");
        add_cores(store, "hostd", 1, "high");
        add_cores(store, "hoste", 8, "low");
        add_cores(store, "hostf", 8, "med");
        add_host(store, "hostg", NULL); /* it is there, and has told nothing */
        add_host(store, "hosth", "{\"schema\":1,\"drained\":1}");
        tell(store, "maps/hosti", MAP("{}"));
        said = places(store, "<slice version='1'><cores count='2' exclusive='yes'/></slice>");
        g_assert_cmpstr(said, ==,
                        "hostc fits\nhostb fits\nhostf fits\nhoste forecast\nhostd amount\n"
                        "hosth drained\nhostg away\nhosti away\n");
}

static void test_an_offload_device_is_one_by_its_name(Store *store, gconstpointer unused) {
        g_autofree char *fits = NULL, *too_much = NULL;

        come_up(store);
        add_host(store, "hostb", MAP(OFFLOAD));
        fits = places(store, "<slice version='1'><offload name='x' cores='3'/></slice>");
        too_much = places(store, "<slice version='1'><offload name='x' cores='4'/></slice>");
        g_assert_cmpstr(fits, ==, "hostb fits\n");
        g_assert_cmpstr(too_much, ==, "hostb offload\n");
}

/* What this host has told is what a guest of another is held against. */
static void test_a_device_goes_where_one_like_it_is_free(Store *store, gconstpointer unused) {
        g_autofree char *guest = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_autofree char *other = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-9");
        g_autofree char *fits = NULL, *none = NULL, *here = NULL;

        come_up(store);
        cluster_on_tick(store->cluster);
        tell(store, "hosts/hosta", ALIVE);
        tell(store, "maps/hosta", store->map);
        fits = places(store, guest);
        none = places(store, other);
        g_hash_table_insert(store->manager.manager->active, g_strdup(GUEST_UUID), g_strdup("g1"));
        here = places(store, guest);
        g_assert_cmpstr(fits, ==, "hosta fits\n");
        g_assert_cmpstr(none, ==, "hosta kind\n");
        g_assert_cmpstr(here, ==, "hosta here\n");
        answer(store, CLUSTER_DONE);
}

#define PROMISED(domain)                                                                           \
        "{\"schema\":1,\"offered\":8,\"promised\":{\"" domain "\":{\"amount\":1,\"by\":\"hosta\"," \
        "\"since\":1,\"nonce\":\"n\"}}}"

/* Whose the promise is finds it free. */
static void test_what_is_promised_is_free_to_nobody_else(Store *store, gconstpointer unused) {
        g_autofree char *guest = guest_xml("g1", GUEST_UUID, SOURCE_MDEV, "mtty-1");
        g_autofree char *others = NULL, *own = NULL, *cores = NULL;

        fake_root_add_mdev(store->manager.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(store->manager.manager->inventory), ==, 0);
        come_up(store);
        cluster_on_tick(store->cluster);
        tell(store, "hosts/hostb", ALIVE);
        tell(store, "maps/hostb",
             "{\"schema\":1,\"resources\":{\"cores\":{\"total\":8,\"free\":2}},\"kinds\":[{"
             "\"class\":\"mdev\",\"type\":\"mtty-1\",\"driver\":\"mtty\",\"total\":1,"
             "\"free\":1}],\"devices\":{\"" HERE_MDEV "\":0}}");
        tell(store, "lots/hostb/" HERE_MDEV, PROMISED(OTHER_UUID));
        others = places(store, guest);
        tell(store, "lots/hostb/" HERE_MDEV, PROMISED(GUEST_UUID));
        own = places(store, guest);
        tell(store, "lots/hostb/cores", PROMISED(OTHER_UUID));
        cores = places(store, "<slice version='1'><cores count='2' exclusive='yes'/></slice>");
        g_assert_cmpstr(others, ==, "hostb busy\n");
        g_assert_cmpstr(own, ==, "hostb fits\n");
        g_assert_cmpstr(cores, ==, "hostb amount\n");
        answer(store, CLUSTER_DONE);
}

static void test_a_host_is_as_scarce_as_its_scarcest(Store *store, gconstpointer unused) {
        const ClusterCopyHost *host;

        come_up(store);
        add_host(store, "hostb",
                 MAP("{\"cores\":{\"total\":1,\"headroom\":\"high\"},\"memory\":{\"total\":1,"
                     "\"headroom\":\"med\"},\"lanes\":{\"total\":1,\"headroom\":\"low\"},"
                     "\"bandwidth\":{\"total\":1,\"headroom\":\"sky\"}}"));
        host = cluster_copy_host(cluster_copy(store->cluster), "hostb");
        g_assert_cmpint(cluster_host_headroom(host), ==, HEADROOM_MED);
}

static void test_nothing_is_placed_before_all_was_told(Store *store, gconstpointer unused) {
        g_autofree char *guest = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_null(cluster_place(store->cluster, store->manager.manager, "<slice version='1'/>",
                                    &guest, &error));
        g_assert_cmpstr(error->message, ==,
                        "The cluster is not known yet: etcd has not answered yet; try again");
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_UNAVAILABLE);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) g_test_add("/cluster/" name, Store, NULL, set_up, function, tear_down)
        ADD("a host tells of itself when the store is there",
            test_tells_of_itself_when_the_store_is_there);
        ADD("why it never came is said once", test_why_it_never_came_is_said_once);
        ADD("it tells again what has changed only", test_tells_again_what_has_changed_only);
        ADD("what is forecast is looked at in time", test_what_is_forecast_is_looked_at_in_time);
        ADD("it tells again what may not have come", test_tells_again_what_may_not_have_come);
        ADD("it tells again when it was forgotten", test_tells_again_when_it_was_forgotten);
        ADD("a device that is leased is there and not free",
            test_a_device_that_is_leased_is_there_and_not_free);
        ADD("its name must be one for others", test_a_name_must_be_one_for_others);
        ADD("a host that is gone is forgotten", test_a_host_that_is_gone_is_forgotten);
        ADD("forgetting goes on when somebody came between",
            test_forgetting_goes_on_when_somebody_came_between);
        ADD("forgetting goes by what is left", test_forgetting_goes_by_what_is_left);
        ADD("nobody waits for a store that is away", test_nobody_waits_for_a_store_that_is_away);
        ADD("who waits is told of the end", test_who_waits_is_told_of_the_end);
        ADD("a slice goes where there is most of it", test_a_slice_goes_where_there_is_most_of_it);
        ADD("an offload device is one by its name", test_an_offload_device_is_one_by_its_name);
        ADD("a device goes where one like it is free",
            test_a_device_goes_where_one_like_it_is_free);
        ADD("what is promised is free to nobody else",
            test_what_is_promised_is_free_to_nobody_else);
        ADD("a host is as scarce as its scarcest", test_a_host_is_as_scarce_as_its_scarcest);
        ADD("nothing is placed before all was told", test_nothing_is_placed_before_all_was_told);
        return g_test_run();
}
