/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/choice.h"

#include <string.h>

#define MAP                                                                                        \
        "{\"schema\":1,\"kinds\":[{\"class\":\"mdev\",\"type\":\"mtty-1\",\"total\":3,\"free\":3}" \
        ","                                                                                        \
        "{\"class\":\"mdev\",\"type\":\"mtty-2\",\"total\":1,\"free\":1},{\"class\":\"later\"}],"  \
        "\"devices\":{\"m1\":0,\"m2\":0,\"m3\":1,\"m4\":0,\"m5\":2}}"
#define LOT(n) "{\"schema\":1,\"offered\":" #n "}"
#define HAS(who)                                                                            \
        "{\"schema\":1,\"offered\":1,\"promised\":{\"" who "\":{\"amount\":1,\"by\":\"a\"," \
        "\"since\":1,\"nonce\":\"n\"}}}"

typedef struct Case {
        ClusterCopy *copy;
        int64_t revision;
} Case;

static void tell(Case *c, const char *key, const char *value) {
        g_autoptr(GError) error = NULL;

        c->revision++;
        (void)cluster_copy_key(c->copy, key, value, c->revision, c->revision, &error);
        g_assert_no_error(error);
}

static void set_up(Case *c, gconstpointer unused) {
        c->copy = cluster_copy_new();
        cluster_copy_reset(c->copy);
        cluster_copy_loaded(c->copy);
        tell(c, "maps/b", MAP);
        tell(c, "lots/b/m1", LOT(1));
        tell(c, "lots/b/m3", LOT(1));
        tell(c, "lots/b/m4", LOT(1));
        tell(c, "lots/b/m5", LOT(1));
        tell(c, "lots/b/cores", LOT(3));
        tell(c, "lots/b/memory", LOT(100));
        tell(c, "lots/b/offload:dpu0:cores", LOT(2));
}

static void tear_down(Case *c, gconstpointer unused) {
        cluster_copy_free(c->copy);
}

/* "RESOURCE AMOUNT\n" of each. */
static void assert_chosen(const Case *c, const char *what, const char *expected) {
        g_autofree char *xml = g_strdup_printf("<slice version='1'>%s</slice>", what);
        g_autoptr(GError) error = NULL;
        g_autoptr(Slice) slice = slice_from_xml(xml, strlen(xml), &error);
        g_autoptr(PlaceGuest) guest = NULL;
        g_autoptr(GString) text = g_string_new(NULL);
        g_autoptr(GArray) wishes = NULL;

        g_assert_no_error(error);
        guest = place_guest_new_for_slice(slice, "g1");
        wishes = cluster_choose_lots(cluster_copy_host(c->copy, "b"), guest, "g1");
        for (guint i = 0; i < wishes->len; i++) {
                const ClusterWish *wish = &g_array_index(wishes, ClusterWish, i);

                g_assert_cmpstr(wish->host, ==, "b");
                g_string_append_printf(text, "%s %" G_GINT64_FORMAT "\n", wish->resource,
                                       wish->amount);
        }
        g_assert_cmpstr(text->str, ==, expected);
}

#define MTTY(name, type) "<function name='" name "' class='mdev' type='" type "'/>"

static void test_devices(Case *c, gconstpointer unused) {
        assert_chosen(c, MTTY("x", "mtty-1") MTTY("y", "mtty-2"), "m1 1\nm3 1\n");
        assert_chosen(c, MTTY("x", "mtty-1") MTTY("y", "mtty-1"), "m1 1\nm4 1\n");
        assert_chosen(c, MTTY("x", "mtty-1") MTTY("y", "mtty-1") MTTY("z", "mtty-1"),
                      "m1 1\nm4 1\n"); /* m2 is not offered */
        assert_chosen(c, MTTY("x", "mtty-9"), "");
}

static void test_promised(Case *c, gconstpointer unused) {
        tell(c, "lots/b/m1", HAS("g2"));
        assert_chosen(c, MTTY("x", "mtty-1"), "m4 1\n");
        tell(c, "lots/b/m1", HAS("g1"));
        assert_chosen(c, MTTY("x", "mtty-1"), "");
        assert_chosen(c, MTTY("x", "mtty-1") MTTY("y", "mtty-1"), "m4 1\n");
        tell(c, "lots/b/cores", HAS("g1"));
        assert_chosen(c, "<cores count='1' exclusive='yes'/>", "");
}

static void test_amounts(Case *c, gconstpointer unused) {
        assert_chosen(c, "<cores count='2' exclusive='yes'/>", "cores 2\n");
        assert_chosen(c, "<cores count='4' exclusive='yes'/>", "cores 3\n");
        assert_chosen(c, "<memory size='64' unit='MiB'/>", "memory 64\n");
        assert_chosen(c, "<offload name='x' pool='dpu0' cores='1'/>", "offload:dpu0:cores 1\n");
        assert_chosen(c, "<offload name='x' cores='1'/>", "");
        tell(c, "lots/b/cores", HAS("g2"));
        assert_chosen(c, "<cores count='2' exclusive='yes'/>", "");
}

static void test_unknown(Case *c, gconstpointer unused) {
        tell(c, "maps/b", NULL);
        assert_chosen(c, "<cores count='2' exclusive='yes'/>", "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) \
        g_test_add("/cluster-choice/" name, Case, NULL, set_up, function, tear_down)
        ADD("each device has one that it could have, if it is offered", test_devices);
        ADD("what the guest was promised is not chosen again, nor that of others", test_promised);
        ADD("of amounts it is what is needed, or what is left", test_amounts);
        ADD("of a host that has told nothing nothing is chosen", test_unknown);
#undef ADD

        return g_test_run();
}
