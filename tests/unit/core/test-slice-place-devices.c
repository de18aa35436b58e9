/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/slice-place.h"

#include "tests/unit/core/place-fixture.h"

/* Functions ------------------------------------------------------------------------- */

/* All of its VFs, to a slice of that name. */
static void give_pf(Fixture *f, const char *pf) {
        g_autoptr(GPtrArray) grants = slice_grants_new();
        g_autofree char *pool = g_strdup_printf("vf-pool:%s", pf);

        read_capacity(f);
        g_ptr_array_add(grants, slice_grant_new(pool, "nic", 2));
        capacity_take(f->capacity, pf, SLICE_GUARANTEED, NULL, grants);
}

static void test_fewest_left(Fixture *f, gconstpointer unused) {
        ask_function(f, "nic")->parent = g_strdup(PF1);
        give(f, "db1");
        ask_function(f, "nic");
        assert_placed(f, "nic vf-pool:" PF1 " 1\n");
        ask_function(f, "nic2");
        assert_placed(f, "nic vf-pool:" PF1 " 1\nnic2 vf-pool:" PF0 " 1\n");
}

static void test_rates(Fixture *f, gconstpointer unused) {
        ask_function(f, "nic")->min_mbit = 6000;
        ask_function(f, "nic2")->min_mbit = 6000;
        assert_placed(f, "nic vf-pool:" PF0 " 1\nnic pf:" PF0 " 6000\n"
                         "nic2 vf-pool:" PF1 " 1\nnic2 pf:" PF1 " 6000\n");
        ask_function(f, "nic3")->min_mbit = 6000;
        give(f, "db1");
        ask_function(f, "nic")->min_mbit = 6000;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF0 ", which comes nearest, has 4000 Mbit/s left of the 6000 Mbit/s "
                       "that are asked for, for function 'nic'; 'db1' holds most of the rest "
                       "(6000 Mbit/s)");
}

static void test_no_vf_left(Fixture *f, gconstpointer unused) {
        ask_function(f, "a")->parent = g_strdup(PF2);
        ask_function(f, "b")->parent = g_strdup(PF2);
        give(f, "db1");
        ask_function(f, "nic")->parent = g_strdup(PF2);
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF2 " has no VF left, for function 'nic'; 'db1' holds most of the "
                       "rest (2 VFs)");
}

/* PF0 and PF1 are of one pool, and have two VFs each. */
static void test_pool_max(Fixture *f, gconstpointer unused) {
        map_tell(f->map, "vf-pool:" PF0, "pool-max", "2");
        map_tell(f->map, "vf-pool:" PF1, "pool-max", "2");
        map_tell(f->map, "vf-pool:" PF2, "pool-max", "2");
        for (int i = 0; i < 3; i++) {
                g_autofree char *name = g_strdup_printf("nic%d", i);

                (void)ask_function(f, name);
        }
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "PF " PF1 ", which comes nearest, is of pool default, of which no more than "
                       "2 may be had at a time (Max in [Pool default] of virtferry.conf), for "
                       "function 'nic2'");

        ask_anew(f);
        ask_function(f, "nic")->parent = g_strdup(PF0);
        ask_function(f, "nic2")->parent = g_strdup(PF1);
        give(f, "db1");
        g_assert_cmpuint(capacity_total(f->capacity, "pool:default"), ==, 2);
        g_assert_cmpuint(capacity_granted(f->capacity, "pool:default"), ==, 2);
        ask_function(f, "nic")->parent = g_strdup(PF1);
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF1
                       " is of pool default, of which no more than 2 may be had at a time "
                       "(Max in [Pool default] of virtferry.conf), for function 'nic'; 'db1' holds "
                       "most of the rest (2 functions)");
        capacity_give_back(f->capacity, "db1");
        g_assert_cmpuint(capacity_granted(f->capacity, "pool:default"), ==, 0);
}

static void test_lanes(Fixture *f, gconstpointer unused) {
        ask_function(f, "nic")->lanes = 6;
        ask_function(f, "nic2")->lanes = 6;
        assert_placed(f, "nic vf-pool:" PF0 " 1\nnic " PORT " 600\n"
                         "nic2 vf-pool:" PF2 " 1\nnic2 link:0000:ae:00.0 600\n");
        f->slice->together = SLICE_TOGETHER_ROOT_PORT;
        assert_placed(f, "nic vf-pool:" PF2 " 1\nnic link:0000:ae:00.0 600\n"
                         "nic2 vf-pool:" PF2 " 1\nnic2 link:0000:ae:00.0 600\n");
        ask_function(f, "nic3")->lanes = 6;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "No node has room for what is asked for together; on node 0, which comes "
                       "nearest: PF " PF0 ", which comes nearest, is below " PORT
                       ", which has 200 bytes/s left, too little for the 6 lanes that are asked "
                       "for, for function 'nic2'");
}

static void test_chain(Fixture *f, gconstpointer unused) {
        map_add_link(f->map, "node:0", "0000:10:00.0", 4);
        map_add_link(f->map, "link:0000:10:00.0", "0000:11:00.0", 4);
        map_add_link(f->map, "link:0000:10:00.0", "0000:12:00.0", 4);
        map_add_pf(f->map, "link:0000:11:00.0", "0000:13:00.0", 1, 0);
        map_add_pf(f->map, "link:0000:12:00.0", "0000:14:00.0", 1, 0);
        ask_function(f, "a")->bytes = 250;
        ((SliceFunction *)f->slice->functions->pdata[0])->parent = g_strdup("0000:13:00.0");
        assert_placed(f, "a vf-pool:0000:13:00.0 1\na link:0000:11:00.0 250\n"
                         "a link:0000:10:00.0 250\n");
        give(f, "db1");
        ask_function(f, "b")->bytes = 250;
        ((SliceFunction *)f->slice->functions->pdata[0])->parent = g_strdup("0000:14:00.0");
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF 0000:14:00.0 is below link:0000:10:00.0, which has 150 bytes/s left, "
                       "too little for the 250 bytes/s that are asked for, for function 'b'; 'db1' "
                       "holds most of the rest (250 bytes/s)");
}

static void test_mdev_types(Fixture *f, gconstpointer unused) {
        map_add_type(f->map, "host", "mtty", "mtty-1", 24);
        map_add_type(f->map, "host", "mtty", "mtty-2", 12);
        ask_function(f, "gpu")->type = g_strdup("mtty-2");
        assert_placed(f, "gpu mdev-type:mtty/mtty-2 1\n");
        give(f, "db1");
        ask_function(f, "gpu")->type = g_strdup("mtty-1");
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "mtty with mdevs of mtty-1 has instances of another type already, for "
                       "function 'gpu'");
}

static void test_shared_group(Fixture *f, gconstpointer unused) {
        map_tell(f->map, "vf-pool:" PF0, "shared-group", "7");
        map_tell(f->map, "vf-pool:" PF1, "shared-group", "7");
        ask_function(f, "a")->parent = g_strdup(PF0);
        ask_function(f, "b")->parent = g_strdup(PF1);
        assert_placed(f, "a vf-pool:" PF0 " 1\nb vf-pool:" PF1 " 1\n");
        ((SliceFunction *)f->slice->functions->pdata[0])->own_group = true;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "PF " PF1 " has one IOMMU group for several functions of the slice, for "
                       "function 'b'");
        g_ptr_array_set_size(f->slice->functions, 1);
        give(f, "db1");
        ask_function(f, "b")->parent = g_strdup(PF1);
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF1 " has an IOMMU group that others have a function of, for "
                       "function 'b'");
}

/* Two PFs that differ only in what is left of their rate are not alike. */
static void test_unlike_rates(Fixture *f, gconstpointer unused) {
        map_add_pf(f->map, "host", "0000:01:00.0", 4, 300);
        map_add_pf(f->map, "host", "0000:02:00.0", 4, 190);
        ask_function(f, "big")->min_mbit = 150;
        for (int i = 0; i < 3; i++) {
                g_autofree char *name = g_strdup_printf("small%d", i);

                ask_function(f, name)->min_mbit = 100;
        }
        give_pf(f, PF0);
        give_pf(f, PF1);
        give_pf(f, PF2);
        assert_placed(f, "big vf-pool:0000:02:00.0 1\nbig pf:0000:02:00.0 150\n"
                         "small0 vf-pool:0000:01:00.0 1\nsmall0 pf:0000:01:00.0 100\n"
                         "small1 vf-pool:0000:01:00.0 1\nsmall1 pf:0000:01:00.0 100\n"
                         "small2 vf-pool:0000:01:00.0 1\nsmall2 pf:0000:01:00.0 100\n");
}

/* Nor are two of which one shares its link. */
static void test_unlike_links(Fixture *f, gconstpointer unused) {
        map_add_link(f->map, "node:0", "0000:10:00.0", 16);
        map_add_pf(f->map, "link:0000:10:00.0", "0000:11:00.0", 2, 10000);
        map_add_pf(f->map, "link:0000:10:00.0", "0000:11:00.1", 2, 10000);
        map_add_link(f->map, "node:1", "0000:20:00.0", 16);
        map_add_pf(f->map, "link:0000:20:00.0", "0000:21:00.0", 2, 10000);
        ask_function(f, "a")->lanes = 9;
        ask_function(f, "b")->lanes = 9;
        ((SliceFunction *)f->slice->functions->pdata[1])->parent = g_strdup("0000:11:00.1");
        give_pf(f, PF0);
        give_pf(f, PF1);
        give_pf(f, PF2);
        assert_placed(f, "a vf-pool:0000:21:00.0 1\na link:0000:20:00.0 900\n"
                         "b vf-pool:0000:11:00.1 1\nb link:0000:10:00.0 900\n");
}

/* Packing bins: twelve PFs, and rates that fill them but for a little, in countless ways. */
static void test_too_many_ways(Fixture *f, gconstpointer unused) {
        for (unsigned i = 0; i < 12; i++) {
                g_autofree char *pf = g_strdup_printf("0000:%02x:00.0", 0x40 + i);

                map_add_pf(f->map, "host", pf, 8, 1000 + 7 * i);
        }
        for (unsigned i = 0; i < 33; i++) {
                g_autofree char *name = g_strdup_printf("nic%u", i);
                SliceFunction *function = ask_function(f, name);

                function->min_mbit = 370 + i;
                function->class_name = g_strdup("sriov");
        }
        give_pf(f, PF0);
        give_pf(f, PF1);
        give_pf(f, PF2);
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "The functions that are asked for can be placed in too many ways to try "
                       "them all: name the parent of some of them");
}

static void test_unknown_function(Fixture *f, gconstpointer unused) {
        ask_function(f, "nic")->pool = g_strdup("fast");
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "Nothing on this host makes what function 'nic' asks for: 'virt-ferry "
                       "resources' lists what there is");
}

static void test_apart(Fixture *f, gconstpointer unused) {
        map_add_offload(f->map, PF2, "dpu0", 4, 0, 0, 0);
        ask_offload(f, "dpu", NULL, 1);
        f->slice->apart = g_strdup("db");
        give(f, "db1");
        ask_function(f, "nic")->parent = g_strdup(PF2);
        assert_placed(f, "nic vf-pool:" PF2 " 1\n");
        f->slice->apart = g_strdup("db");
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "PF " PF2 " has functions of a slice that is to be apart ('db'), for "
                       "function 'nic'");
}

/* Offloads, keys, shares ------------------------------------------------------------ */

static void test_offloads(Fixture *f, gconstpointer unused) {
        SliceOffload *offload;

        map_add_offload(f->map, PF0, "dpu0", 4, 64, 0, 0);
        map_add_offload(f->map, PF1, "dpu1", 8, 64, 100, 2);
        ask_offload(f, "a", NULL, 2);
        ask_offload(f, "b", "dpu0", 2)->memory_mib = 1;
        assert_placed(f, "a offload:dpu1/cores 2\nb offload:dpu0/cores 2\n"
                         "b offload:dpu0/memory 1048576\n");
        offload = f->slice->offloads->pdata[0];
        offload->cores = 9;
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "Offload device dpu1 has 8 cores of the 9 cores that 'a' asks for");
        offload->cores = 2;
        ask_offload(f, "c", NULL, 2);
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "Offload device dpu0 is taken by another part of the slice, or by a slice "
                       "that is to be apart, so not for 'c'");
}

static void test_offloads_stay(Fixture *f, gconstpointer unused) {
        map_add_offload(f->map, PF0, "dpu0", 4, 64, 0, 0);
        map_add_offload(f->map, PF1, "dpu1", 4, 64, 0, 0);
        map_add_offload(f->map, PF2, "dpu2", 8, 0, 0, 0);
        ask_offload(f, "a", NULL, 1);
        assert_placed(f, "a offload:dpu0/cores 1\n");
        ask_offload(f, "b", NULL, 2);
        ask_offload(f, "c", NULL, 0)->memory_mib = 1;
        assert_changed(f, "a offload:dpu0/cores 1\nb offload:dpu2/cores 2\n"
                          "c offload:dpu1/memory 1048576\n");
}

static void test_no_offload(Fixture *f, gconstpointer unused) {
        ask_offload(f, "a", "dpu7", 2);
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST,
                       "This host has no offload device dpu7 for 'a'");
}

static void test_keys(Fixture *f, gconstpointer unused) {
        map_add_key(f->map, "sev", 3);
        g_ptr_array_add(f->slice->keys, slice_key_new("sev", 2));
        assert_placed(f, "key:sev key:sev 2\n");
        give(f, "db1");
        g_ptr_array_add(f->slice->keys, slice_key_new("sev", 2));
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "This host has 1 left of the 2 sev keys that are asked for; 'db1' holds "
                       "most of the rest (2 keys)");
        ask_anew(f);
        g_ptr_array_add(f->slice->keys, slice_key_new("tdx", 1));
        assert_refused(f, FERRY_ERROR_INVALID_REQUEST, "This host has no tdx keys");
}

static void test_share(Fixture *f, gconstpointer unused) {
        map_add_shares(f->map);
        f->slice->cache_ways = 6;
        f->slice->memory_bandwidth = 25;
        assert_placed(f, "share cache:groups 1\nshare cache:ways 6\nshare bandwidth:groups 1\n"
                         "share bandwidth:percent 30\n");
        give(f, "db1");
        f->slice->memory_bandwidth = 80;
        assert_refused(f, FERRY_ERROR_NO_RESOURCES,
                       "This host has 70% of its memory bandwidth left of the 80% that are asked "
                       "for; 'db1' holds most of the rest (30%)");
}

int main(int argc, char **argv) {
#define ADD(name, function)                                                             \
        g_test_add("/slice-place-devices/" name, Fixture, NULL, place_set_up, function, \
                   place_tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("functions are of the PF with fewest left", test_fewest_left);
        ADD("rates are guaranteed on the PF", test_rates);
        ADD("who holds the VFs is named", test_no_vf_left);
        ADD("a pool gives no more than its Max", test_pool_max);
        ADD("lanes are of each link, and shared ones are", test_lanes);
        ADD("a link further up is granted too", test_chain);
        ADD("a parent makes one mdev type at a time", test_mdev_types);
        ADD("an IOMMU group is for one slice, and can be for one function", test_shared_group);
        ADD("PFs with other rates left are tried each", test_unlike_rates);
        ADD("PFs with other links are tried each", test_unlike_links);
        ADD("a search that would not end is given up", test_too_many_ways);
        ADD("a function that nothing makes is refused", test_unknown_function);
        ADD("slices with one word are not on one device", test_apart);
        ADD("offloads are of different devices", test_offloads);
        ADD("an offload stays where it is when others can make way", test_offloads_stay);
        ADD("an offload device that is not there is named", test_no_offload);
        ADD("keys are counted by kind", test_keys);
        ADD("shares take a group, and as much as hardware can tell apart", test_share);
        return g_test_run();
}
