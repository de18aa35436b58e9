/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-claim.h"

#include <string.h>

#include "daemon/drain.h"
#include "daemon/slices.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* A host with two PFs and two offload devices behind them, and a Placement that answers when the
 * test says so. */

#define PF       "0000:30:00.0"
#define OTHER_PF "0000:31:00.0"
#define NOVA_URI "http://openstack.org/xmlns/libvirt/nova/1.1"

typedef struct Claims {
        Fixture fixture;
        ClaimOps ops;
        GString *asked; /* consumers */
        ClaimAnswer answer;
        void *asker;
        char *outcome; /* what the hook was told: "let in", or the words of the error; NULL not yet
                        */
        char *xml;
        int code;
} Claims;

static void note_ask(void *userdata, const char *consumer, ClaimAnswer answer, void *asker) {
        Claims *claims = userdata;

        g_assert_null(claims->answer);
        g_string_append_printf(claims->asked, "%s\n", consumer);
        claims->answer = answer;
        claims->asker = asker;
}

static void add_pf(Fixture *f, unsigned n) {
        g_autofree char *pf = g_strdup_printf("0000:3%u:00.0", n);
        g_autofree char *file = g_strdup_printf("etc/virtferry/pools.d/dpu%u.conf", n);
        g_autofree char *text = g_strdup_printf("[Resource dpu%u]\nParent=%s\nCores=4\n"
                                                "MemoryMiB=512\nBandwidthMbit=1000\n",
                                                n, pf);

        fake_root_put(f->root, file, text, -1);
        fake_root_add_pf(f->root, pf, &(FakePci){ .driver = "igb", .total_vfs = 2 });
        (void)fake_root_add_vf(f->root, pf);
        (void)fake_root_add_vf(f->root, pf);
        manager_on_device_event(f->manager, "pci", pf);
}

static void set_up(Claims *claims, gconstpointer config) {
        Fixture *f = &claims->fixture;

        fixture_set_up(f, config);
        claims->ops = (ClaimOps){ note_ask, claims };
        claims->asked = g_string_new(NULL);
        f->manager->claims = &claims->ops;
        add_pf(f, 0);
        add_pf(f, 1);
        g_assert_cmpint(inventory_scan(f->manager->inventory), ==, 0);
        slices_on_host_changed(f->manager->slices);
}

static void tear_down(Claims *claims, gconstpointer config) {
        g_assert_null(claims->answer);
        g_string_free(claims->asked, TRUE);
        g_free(claims->outcome);
        g_free(claims->xml);
        fixture_tear_down(&claims->fixture, config);
}

/* `slice`: children of its element; NULL none. */
static char *guest(bool nova, const char *slice, const char *devices) {
        g_autofree char *ours = !slice ? NULL
                                       : g_strdup_printf("<ferry:domain version='1' xmlns:ferry='"
                                                         "urn:virtferry:domain:1'><ferry:slice "
                                                         "version='1'>%s</ferry:slice>"
                                                         "</ferry:domain>",
                                                         slice);

        return g_strdup_printf("<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid>"
                               "<metadata>%s%s</metadata><devices>%s</devices></domain>",
                               nova ? "<nova:instance xmlns:nova='" NOVA_URI "'/>" : "", ours ?: "",
                               devices);
}

/* A HookAnswer. */
static void note_answer(void *userdata, const char *xml, const GError *error) {
        Claims *claims = userdata;

        g_assert_null(claims->outcome);
        claims->outcome = g_strdup(error ? error->message : "let in");
        claims->xml = g_strdup(xml);
        claims->code = error ? error->code : -1;
}

static void comes(Claims *claims, char *taken_xml) {
        g_autofree char *xml = taken_xml;

        g_clear_pointer(&claims->outcome, g_free);
        g_clear_pointer(&claims->xml, g_free);
        hook_claim_filter(claims->fixture.manager, "migrate", xml, note_answer, claims);
}

static void starts(Claims *claims, char *taken_xml) {
        g_autofree char *xml = taken_xml;

        g_clear_pointer(&claims->outcome, g_free);
        g_clear_pointer(&claims->xml, g_free);
        hook_claim_prepare(claims->fixture.manager, xml, note_answer, claims);
}

static void tell(Claims *claims, const Claim *claim, const GError *error) {
        ClaimAnswer answer = g_steal_pointer(&claims->answer);

        g_assert_nonnull(answer);
        g_assert_cmpstr(claims->outcome, ==, NULL);
        answer(claims->asker, claim, error);
}

/* "0000:3b:00.0 vfs 2, dpu0 cores 4"; NULL: the guest has nothing of this host */
static void claimed(Claims *claims, const char *text) {
        g_auto(GStrv) rows = g_strsplit(text ?: "", ", ", -1);
        g_autoptr(Claim) claim = claim_new(text);

        for (char **row = rows; *row; row++) {
                g_auto(GStrv) words = g_strsplit(*row, " ", 3);

                if (g_strv_length(words) == 3)
                        claim_add(claim, words[0], headroom_resource_from_string(words[1]),
                                  g_ascii_strtoull(words[2], NULL, 10));
        }
        tell(claims, claim, NULL);
}

static void assert_refused(const Claims *claims, int code, const char *part) {
        g_assert_cmpstr(claims->xml, ==, NULL);
        if (!strstr(claims->outcome, part))
                g_error("no '%s' in '%s'", part, claims->outcome);
        g_assert_cmpint(claims->code, ==, code);
}

static const SliceEntry *entry_of(Claims *claims) {
        return slice_book_find(slices_book(claims->fixture.manager->slices), GUEST_UUID);
}

static void assert_granted(Claims *claims, const char *resource, uint64_t amount) {
        const SliceEntry *entry = entry_of(claims);

        g_assert_nonnull(entry);
        g_assert_cmpuint(slice_grants_sum(entry->grants, resource, NULL), ==, amount);
}

/* Who is asked about ------------------------------------------------------------------ */

static void test_nobody_is_asked_about_without_the_key(Claims *claims, gconstpointer config) {
        comes(claims, guest(true, NULL, ""));
        g_assert_cmpstr(claims->outcome, ==, "let in");
        starts(claims, guest(true, NULL, ""));
        g_assert_cmpstr(claims->outcome, ==, "let in");
        g_assert_cmpstr(claims->asked->str, ==, "");
}

static void test_guests_of_others_are_not_asked_about(Claims *claims, gconstpointer config) {
        comes(claims, guest(false, NULL, ""));
        g_assert_cmpstr(claims->outcome, ==, "let in");
        g_assert_cmpstr(claims->asked->str, ==, "");

        comes(claims, guest(true, NULL, ""));
        g_assert_cmpstr(claims->outcome, ==, NULL); /* it waits */
        claimed(claims, "");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        starts(claims, guest(true, NULL, ""));
        claimed(claims, "");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        g_assert_cmpstr(claims->asked->str, ==, GUEST_UUID "\n" GUEST_UUID "\n");
}

/* It starts a moment later, and is asked about then. */
static void test_one_that_is_restored_is_not_asked_about(Claims *claims, gconstpointer config) {
        g_autofree char *xml = guest(true, NULL, "");

        hook_claim_filter(claims->fixture.manager, "restore", xml, note_answer, claims);
        g_assert_cmpstr(claims->outcome, ==, "let in");
}

static void test_what_is_refused_anyway_need_not_wait(Claims *claims, gconstpointer config) {
        const char *const elsewhere[] = { "qemu+ssh://b/system", NULL };
        const DrainWish wish = { .destinations = elsewhere };
        g_autoptr(GError) error = NULL;

        comes(claims, g_strdup("<domain"));
        assert_refused(claims, FERRY_ERROR_INVALID_XML, "line 1");

        fixture_connect(&claims->fixture);
        send_list(&claims->fixture, OTHER_UUID);
        g_assert_true(drain_begin(claims->fixture.manager->drain, &wish, &error));
        g_assert_no_error(error);
        comes(claims, guest(true, NULL, ""));
        g_assert_nonnull(strstr(claims->outcome, "drain"));
        end_questions(&claims->fixture);
}

/* What is refused --------------------------------------------------------------------- */

static void test_one_without_a_claim_is_refused(Claims *claims, gconstpointer config) {
        g_autoptr(GPtrArray) migrations = NULL;

        comes(claims, guest(true, NULL, ""));
        claimed(claims, NULL);
        assert_refused(claims, FERRY_ERROR_NO_RESOURCES,
                       "Guest g1 has claimed nothing in Placement on host ");
        assert_refused(claims, FERRY_ERROR_NO_RESOURCES, "'openstack server migrate'");
        migrations = migration_log_list(claims->fixture.manager->migrations);
        g_assert_cmpuint(migrations->len, ==, 1);
        g_assert_cmpint(((Migration *)migrations->pdata[0])->state, ==, MIGRATION_ROLLED_BACK);
        g_assert_cmpstr(((Migration *)migrations->pdata[0])->reason, ==, claims->outcome);

        starts(claims, guest(true, NULL, ""));
        claimed(claims, NULL);
        assert_refused(claims, FERRY_ERROR_NO_RESOURCES, "has claimed nothing");
}

static void test_whose_claim_is_not_known_is_refused(Claims *claims, gconstpointer config) {
        g_autoptr(GError) why = g_error_new_literal(FERRY_ERROR, FERRY_ERROR_UNAVAILABLE,
                                                    "virtferry-placement does not run: start it");

        comes(claims, guest(true, NULL, ""));
        tell(claims, NULL, why);
        assert_refused(claims, FERRY_ERROR_UNAVAILABLE,
                       "virtferry-placement does not run: start it; or set Claims=no");
        starts(claims, guest(true, NULL, ""));
        tell(claims, NULL, why);
        assert_refused(claims, FERRY_ERROR_UNAVAILABLE, "It is not known what guest g1");

        claims->fixture.manager->claims = NULL;
        starts(claims, guest(true, NULL, ""));
        assert_refused(claims, FERRY_ERROR_UNAVAILABLE, "no system bus");
}

#define TWO "<ferry:function name='a' class='sriov'/><ferry:function name='b' class='sriov'/>"

static void test_a_claim_that_is_too_small_is_refused(Claims *claims, gconstpointer config) {
        comes(claims, guest(true, TWO, ""));
        claimed(claims, PF " vfs 1");
        assert_refused(claims, FERRY_ERROR_NO_RESOURCES,
                       "has claimed too little in Placement on host ");
        assert_refused(claims, FERRY_ERROR_NO_RESOURCES, "function 'b' takes 1 vfs of one PF");
        g_assert_null(entry_of(claims));

        comes(claims, guest(true, TWO, ""));
        claimed(claims, PF " vfs 1, " OTHER_PF " vfs 1");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        assert_granted(claims, "vf-pool:" PF, 1);
        assert_granted(claims, "vf-pool:" OTHER_PF, 1);
}

#define HOSTDEV(bus)                                                                   \
        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='" \
        "0x0000' bus='0x" bus "' slot='0x10' function='0x0'/></source></hostdev>"

/* Those of an instance are Nova's to hand out; libvirt refuses these for want of metadata, or not.
 */
static void test_devices_of_other_guests_are_counted(Claims *claims, gconstpointer config) {
        comes(claims, guest(false, NULL, HOSTDEV("30") HOSTDEV("31")));
        claimed(claims, PF " vfs 1");
        assert_refused(claims, FERRY_ERROR_NO_RESOURCES, "devices are 2, and the claim has 1 vfs");

        comes(claims, guest(false, NULL, HOSTDEV("30") HOSTDEV("31")));
        claimed(claims, PF " lanes 1");
        g_assert_null(strstr(claims->outcome, "claim"));
        comes(claims, guest(true, NULL, HOSTDEV("30") HOSTDEV("31")));
        claimed(claims, "");
        g_assert_null(strstr(claims->outcome, "claim"));
}

/* What is given ----------------------------------------------------------------------- */

static void test_a_slice_is_where_it_was_claimed(Claims *claims, gconstpointer config) {
        const SliceEntry *entry;

        comes(claims, guest(true,
                            "<ferry:function name='a' class='sriov'/>"
                            "<ferry:offload name='o' cores='2'/>",
                            ""));
        claimed(claims, OTHER_PF " vfs 1, dpu1 cores 2");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        assert_granted(claims, "vf-pool:" OTHER_PF, 1);
        assert_granted(claims, "offload:dpu1/cores", 2);

        entry = entry_of(claims); /* the next host has others */
        g_assert_cmpstr(((SliceFunction *)entry->wish->functions->pdata[0])->parent, ==, NULL);
        g_assert_cmpstr(((SliceOffload *)entry->wish->offloads->pdata[0])->pool, ==, NULL);
}

static void test_an_instance_has_its_slice_by_its_claim(Claims *claims, gconstpointer config) {
        starts(claims, guest(true, NULL, ""));
        claimed(claims, OTHER_PF " vfs 1, dpu1 cores 2, dpu1 memory 256");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        assert_granted(claims, "vf-pool:" OTHER_PF, 1);
        assert_granted(claims, "offload:dpu1/cores", 2);
        assert_granted(claims, "offload:dpu1/memory", 256 << 20);
        g_assert_cmpint(entry_of(claims)->expires, >, 0);
}

/* A find() that answers at once. */
static void find_no_more(void *userdata, const char *name, GuestFinder finder, void *asker) {
        finder(asker, &(GuestEvent){ .kind = GUEST_FOUND, .detail = (char *)"virtferryd ends" });
}

/* Let in by the one hook, and prepared by the other. */
static void test_one_that_comes_keeps_it(Claims *claims, gconstpointer config) {
        comes(claims, guest(true, NULL, ""));
        claimed(claims, OTHER_PF " vfs 1");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        starts(claims, g_strdup(claims->xml));
        claimed(claims, OTHER_PF " vfs 1");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        assert_granted(claims, "vf-pool:" OTHER_PF, 1);

        fixture_connect(&claims->fixture);
        claims->fixture.virt.find = find_no_more; /* nothing is to be carried out */
        tell_guest(&claims->fixture, GUEST_ARRIVED, guest(true, NULL, ""), NULL);
        slices_flush(claims->fixture.manager->slices);
        assert_granted(claims, "vf-pool:" OTHER_PF, 1);
        g_assert_true(entry_of(claims)->expires == SLICE_WITH_GUEST);
}

static void test_other_guests_are_given_none(Claims *claims, gconstpointer config) {
        comes(claims, guest(false, NULL, ""));
        claimed(claims, OTHER_PF " vfs 1");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        g_assert_null(entry_of(claims));
}

static void test_an_operator_has_the_last_word(Claims *claims, gconstpointer config) {
        g_autoptr(Slice) wish = slice_new();
        SliceOffload *offload = slice_offload_new("o");

        offload->cores = 3;
        g_ptr_array_add(wish->offloads, offload);
        slices_allocate(claims->fixture.manager->slices, GUEST_UUID, "g1", wish, NULL, NULL);
        slices_flush(claims->fixture.manager->slices);

        starts(claims, guest(true, TWO, ""));
        claimed(claims, PF " vfs 2");
        assert_refused(claims, FERRY_ERROR_NO_RESOURCES, "offload 'o' takes 3 cores");
        starts(claims, guest(true, TWO, ""));
        claimed(claims, "dpu1 cores 3");
        g_assert_cmpstr(claims->outcome, ==, "let in");
        assert_granted(claims, "offload:dpu1/cores", 3);
        g_assert_cmpint(entry_of(claims)->expires, ==, 0);
}

int main(int argc, char **argv) {
#define ADD(name, mode, function)                                                         \
        g_test_add("/hook-claim/" name, Claims, "[OpenStack]\nClaims=" mode "\n", set_up, \
                   function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("nobody is asked about without the key", "no",
            test_nobody_is_asked_about_without_the_key);
        ADD("guests of others are not asked about", "nova",
            test_guests_of_others_are_not_asked_about);
        ADD("one that is restored is not asked about", "all",
            test_one_that_is_restored_is_not_asked_about);
        ADD("what is refused anyway need not wait", "nova",
            test_what_is_refused_anyway_need_not_wait);
        ADD("one without a claim is refused", "nova", test_one_without_a_claim_is_refused);
        ADD("whose claim is not known is refused", "nova",
            test_whose_claim_is_not_known_is_refused);
        ADD("a claim that is too small is refused", "nova",
            test_a_claim_that_is_too_small_is_refused);
        ADD("devices of other guests are counted", "all", test_devices_of_other_guests_are_counted);
        ADD("a slice is where it was claimed", "nova", test_a_slice_is_where_it_was_claimed);
        ADD("an instance has its slice by its claim", "nova",
            test_an_instance_has_its_slice_by_its_claim);
        ADD("one that comes keeps it", "nova", test_one_that_comes_keeps_it);
        ADD("other guests are given none", "all", test_other_guests_are_given_none);
        ADD("an operator has the last word", "nova", test_an_operator_has_the_last_word);
        return g_test_run();
}
