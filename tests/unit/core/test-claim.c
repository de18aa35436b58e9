/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "daemon/core/claim.h"
#include "xml/ferry-error.h"

#define PF       "0000:3b:00.0"
#define OTHER_PF "0000:5e:00.0"

static Slice *read_slice(const char *children) {
        g_autofree char *xml = g_strdup_printf("<slice version='1'>%s</slice>", children);
        g_autoptr(GError) error = NULL;
        Slice *slice = slice_from_xml(xml, strlen(xml), &error);

        g_assert_no_error(error);
        return slice;
}

/* "0000:3b:00.0 vfs 2, dpu0 cores 4" */
static Claim *read_claim(const char *text) {
        g_auto(GStrv) rows = g_strsplit(text, ", ", -1);
        Claim *claim = claim_new(true);

        for (char **row = rows; *row; row++) {
                g_auto(GStrv) words = g_strsplit(*row, " ", 3);

                if (*words)
                        claim_add(claim, words[0], headroom_resource_from_string(words[1]),
                                  g_ascii_strtoull(words[2], NULL, 10));
        }
        return claim;
}

/* "f1 0000:3b:00.0 2 lanes 100 mbit\n", "o1 dpu0 ..." */
static char *where(const Slice *slice) {
        GString *text = g_string_new(NULL);

        for (guint i = 0; i < slice->functions->len; i++) {
                const SliceFunction *function = slice->functions->pdata[i];

                g_string_append_printf(text, "%s of %s, %u lanes, %u Mbit/s\n", function->name,
                                       function->parent, function->lanes, function->min_mbit);
        }
        for (guint i = 0; i < slice->offloads->len; i++) {
                const SliceOffload *offload = slice->offloads->pdata[i];

                g_string_append_printf(text, "%s of %s: %u cores, %u MiB, %u Mbit/s, %u keys\n",
                                       offload->name, offload->pool, offload->cores,
                                       offload->memory_mib, offload->mbit, offload->keys);
        }
        return g_string_free(text, FALSE);
}

static void assert_covers(const char *rows, const char *children, const char *expected) {
        g_autoptr(Claim) claim = read_claim(rows);
        g_autoptr(Slice) wish = read_slice(children), at = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        g_assert_true(claim_cover(claim, wish, &at, &error));
        g_assert_no_error(error);
        text = where(at);
        g_assert_cmpstr(text, ==, expected);
}

static void assert_refused(const char *rows, const char *children, const char *message) {
        g_autoptr(Claim) claim = read_claim(rows);
        g_autoptr(Slice) wish = read_slice(children), at = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_false(claim_cover(claim, wish, &at, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_NO_RESOURCES);
        g_assert_cmpstr(error->message, ==, message);
        g_assert_null(at);
}

static void test_a_slice_goes_where_it_was_claimed(void) {
        assert_covers(PF " vfs 2, " PF " lanes 4, " PF " bandwidth 1500000",
                      "<function name='a' class='sriov' lanes='4'/><function name='b' "
                      "class='sriov' min-mbit='1500'/>",
                      "a of " PF ", 4 lanes, 0 Mbit/s\nb of " PF ", 0 lanes, 1500 Mbit/s\n");
        assert_covers("dpu0 cores 2, dpu0 memory 1024, dpu0 keys 1, dpu0 bandwidth 1000000",
                      "<offload name='o' cores='2' memory-mib='1024' mbit='1000' keys='1'/>",
                      "o of dpu0: 2 cores, 1024 MiB, 1000 Mbit/s, 1 keys\n");
}

static void test_each_device_takes_what_it_has_room_for(void) {
        assert_covers(PF " vfs 1, " PF " lanes 8, " OTHER_PF " vfs 2, " OTHER_PF " lanes 4",
                      "<function name='a' class='sriov' lanes='2'/><function name='b' "
                      "class='sriov' lanes='8'/><function name='c' class='sriov' lanes='2'/>",
                      "a of " OTHER_PF ", 2 lanes, 0 Mbit/s\nb of " PF ", 8 lanes, 0 Mbit/s\n"
                      "c of " OTHER_PF ", 2 lanes, 0 Mbit/s\n");
        assert_covers("dpu0 cores 8, dpu1 cores 2",
                      "<offload name='a' cores='2'/><offload name='b' cores='2'/>",
                      "a of dpu1: 2 cores, 0 MiB, 0 Mbit/s, 0 keys\n"
                      "b of dpu0: 2 cores, 0 MiB, 0 Mbit/s, 0 keys\n");
}

/* The one that may be anywhere does not take the place of the one that may not. */
static void test_who_names_a_device_comes_first(void) {
        assert_covers(PF " vfs 1, " OTHER_PF " vfs 1",
                      "<function name='a' class='sriov'/><function name='b' class='sriov' "
                      "parent='" PF "'/>",
                      "a of " OTHER_PF ", 0 lanes, 0 Mbit/s\nb of " PF ", 0 lanes, 0 Mbit/s\n");
}

static void test_what_is_not_in_placement_is_not_demanded(void) {
        assert_covers("",
                      "<cores count='4'/><memory size='8' unit='GiB'/><key kind='sev' count='1'/>",
                      "");
        assert_covers("", "<function name='a' class='mdev' type='mtty-1'/>",
                      "a of (null), 0 lanes, 0 Mbit/s\n");
        assert_covers(PF " lanes 4", "<function name='a' class='sriov' lanes='4'/>",
                      "a of " PF ", 4 lanes, 0 Mbit/s\n"); /* a VF that is Nova's to hand out */
}

static void test_a_refusal_says_what_was_claimed(void) {
        assert_refused(PF " vfs 1",
                       "<function name='a' class='sriov'/><function name='b' class='sriov'/>",
                       "function 'b' takes 1 vfs of one PF, and there is nothing in the claim for "
                       "it");
        assert_refused(PF " vfs 4, " PF " bandwidth 999999, dpu0 cores 4",
                       "<function name='a' class='sriov' min-mbit='1000'/>",
                       "function 'a' takes 1 vfs, 1000000 bandwidth of one PF, and there is no "
                       "more than 4 vfs, 999999 bandwidth of " PF " in the claim for it");
        assert_refused(PF " vfs 1", "<function name='a' class='sriov' parent='" OTHER_PF "'/>",
                       "function 'a' takes 1 vfs of " OTHER_PF ", and there is no more than 1 vfs "
                       "of " PF " in the claim for it");
        assert_refused("dpu0 cores 4", "<offload name='a' cores='1'/><offload name='b' cores='1'/>",
                       "offload 'b' takes 1 cores of one offload device, and there is no more than "
                       "3 cores of dpu0 in the claim for it");
}

static void test_a_slice_is_made_of_a_claim(void) {
        g_autoptr(Claim) claim = read_claim(PF " vfs 2, " PF " lanes 5, " PF " bandwidth 3000999, "
                                               "dpu0 cores 2, dpu0 keys 1, " OTHER_PF " lanes 4");
        g_autoptr(Slice) wish = NULL, at = NULL, again = NULL;
        g_autofree char *bound = NULL, *free_ones = NULL, *covered = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(claim_to_slice(claim, &wish, &at));
        g_assert_true(slice_check(wish, &error));
        g_assert_no_error(error);
        bound = where(at);
        g_assert_cmpstr(bound, ==,
                        "claim0 of " PF ", 3 lanes, 1500 Mbit/s\n"
                        "claim1 of " PF ", 2 lanes, 1500 Mbit/s\n"
                        "claim2 of " OTHER_PF ", 4 lanes, 0 Mbit/s\n"
                        "claim-offload0 of dpu0: 2 cores, 0 MiB, 0 Mbit/s, 1 keys\n");
        free_ones = where(wish);
        g_assert_null(strstr(free_ones, PF));
        g_assert_null(strstr(free_ones, "dpu0"));

        g_assert_true(claim_cover(claim, wish, &again, &error));
        covered = where(again);
        g_assert_cmpstr(covered, ==, bound);
}

static void test_a_claim_of_nothing_of_ours_makes_none(void) {
        g_autoptr(Claim) claim = read_claim(" vfs 1"); /* of the host itself */
        g_autoptr(Slice) wish = NULL, at = NULL;

        g_assert_false(claim_to_slice(claim, &wish, &at));
        g_assert_cmpuint(claim_sum(claim, HEADROOM_VFS), ==, 0);
}

/* What comes from outside is no reason for more than a slice may have. */
static void test_a_claim_without_end_makes_a_slice_with_one(void) {
        g_autoptr(Claim) claim = claim_new(true);
        g_autoptr(Slice) wish = NULL, at = NULL;
        g_autoptr(GError) error = NULL;

        for (int i = 0; i < 100; i++) {
                g_autofree char *dpu = g_strdup_printf("dpu%d", i);
                g_autofree char *pf = g_strdup_printf("0000:%02x:00.0", i);

                for (int j = 0; j < _HEADROOM_RESOURCE_MAX; j++) {
                        claim_add(claim, dpu, (HeadroomResource)j, UINT64_MAX);
                        claim_add(claim, pf, (HeadroomResource)j, UINT64_MAX);
                        claim_add(claim, pf, (HeadroomResource)j, 1);
                }
        }
        g_assert_true(claim_to_slice(claim, &wish, &at));
        g_assert_cmpuint(wish->functions->len, ==, SLICE_FUNCTIONS_MAX);
        g_assert_cmpuint(wish->offloads->len, ==, SLICE_OFFLOADS_MAX);
        g_assert_true(slice_check(wish, &error));
        g_assert_no_error(error);
        g_assert_true(claim_sum(claim, HEADROOM_VFS) == UINT64_MAX);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/claim/a slice goes where it was claimed",
                        test_a_slice_goes_where_it_was_claimed);
        g_test_add_func("/claim/each device takes what it has room for",
                        test_each_device_takes_what_it_has_room_for);
        g_test_add_func("/claim/who names a device comes first",
                        test_who_names_a_device_comes_first);
        g_test_add_func("/claim/what is not in Placement is not demanded",
                        test_what_is_not_in_placement_is_not_demanded);
        g_test_add_func("/claim/a refusal says what was claimed",
                        test_a_refusal_says_what_was_claimed);
        g_test_add_func("/claim/a slice is made of a claim", test_a_slice_is_made_of_a_claim);
        g_test_add_func("/claim/a claim of nothing of ours makes none",
                        test_a_claim_of_nothing_of_ours_makes_none);
        g_test_add_func("/claim/a claim without end makes a slice with one",
                        test_a_claim_without_end_makes_a_slice_with_one);
        return g_test_run();
}
