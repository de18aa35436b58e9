/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "daemon/advisor-slices.h"

#include <math.h>
#include <string.h>

#include "daemon/advisor-slice-room.h"
#include "daemon/slices.h"
#include "tests/unit/daemon/slices-fixture.h"

#define PF "0000:3b:00.0"

static void apply_first(SlicesFixture *s) {
        begin_apply(s);
        slices_flush(s->f.manager->slices);
}

static void assert_cores(const SlicesFixture *s, unsigned count) {
        const SliceEntry *entry = slice_book_find(slices_book(s->f.manager->slices), GUEST_UUID);

        g_assert_nonnull(entry);
        g_assert_cmpuint(entry->wish->cores.count, ==, count);
}

/* Growing ------------------------------------------------------------------------------ */

static void test_who_will_use_more_should_have_more_cores(SlicesFixture *s, gconstpointer unused) {
        const AdvisorDraft *draft;

        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 2 * HOUR);
        draft = assert_advice(s, "grow", "rises", "virt-ferry slice add g1 cores 1");
        g_assert_cmpstr(draft->target, ==, "cores");
        g_assert_true(g_str_has_prefix(draft->sentence,
                                       "g1 should have 3 cores instead of 2 now, before it needs "
                                       "that: it used up to 1.80 CPUs in the last hour, and may "
                                       "use more in the next one, up to "));
        g_assert_cmpfloat(value_of(draft, "has"), ==, 2);
        g_assert_cmpfloat(value_of(draft, "gets"), ==, 3);
        g_assert_cmpfloat_with_epsilon(value_of(draft, "seen"), 1.8, 0.01);
        g_assert_true(isnan(value_of(draft, "seen-day"))); /* it is not known for a day */
        g_assert_false(draft->act);
}

static void test_nothing_is_said_of_whom_little_is_known(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 40 * MINUTE);
        assert_no_advice(s);
}

static void test_a_guest_at_its_limit_waits_for_more(SlicesFixture *s, gconstpointer unused) {
        const AdvisorDraft *draft;

        begin(s, "<cores count='2'/>", 2, 0);
        s->delay[0] = 0.5;
        let_pass(s, 2 * HOUR);
        draft = assert_advice(s, "grow", "saturates", "virt-ferry slice add g1 cores 2");
        g_assert_cmpstr(draft->sentence, ==,
                        "g1 should have 4 cores instead of 2 now, since it needs more than can be "
                        "seen: it used up to 2.00 CPUs of its 2.00 CPUs, and waited for 0.50 CPUs");
}

static void test_memory_grows_by_256_mib(SlicesFixture *s, gconstpointer unused) {
        const AdvisorDraft *draft;

        begin(s, "<memory size='1' unit='GiB'/>", 0, 900);
        let_pass(s, 2 * HOUR);
        draft = assert_advice(s, "grow", "rises", "virt-ferry slice add g1 memory 512MiB");
        g_assert_cmpstr(draft->target, ==, "memory");
        g_assert_nonnull(strstr(draft->sentence, "g1 should have 1536 MiB of memory instead of "
                                                 "1 GiB now"));
}

static void test_who_does_not_tell_of_its_memory_keeps_it(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<memory size='1' unit='GiB'/>", 0, 0);
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

#define TELLS "stats " GUEST_UUID " each 10 s\n"

/* Beside what the meter asks. */
static guint asked_to_tell(const SlicesFixture *s) {
        guint n = 0;

        for (const char *at = strstr(s->f.asked->str, TELLS); at; at = strstr(at + 1, TELLS))
                n++;
        return n;
}

static void test_who_has_memory_is_asked_once_to_tell_of_it(SlicesFixture *s,
                                                            gconstpointer unused) {
        begin(s, "<memory size='1' unit='GiB'/>", 0, 0);
        let_pass(s, 2 * HOUR);
        g_assert_cmpuint(asked_to_tell(s), ==, 1);
        run_guest(s, 0); /* started anew */
        let_pass(s, HOUR);
        g_assert_cmpuint(asked_to_tell(s), ==, 2);
}

static void test_who_has_no_slice_of_memory_is_not_asked(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/>", 0, 0);
        let_pass(s, 2 * HOUR);
        g_assert_cmpuint(asked_to_tell(s), ==, 0);
}

static void run_telling(SlicesFixture *s, const char *balloon) {
        g_autofree char *xml = g_strconcat("<domain><name>g1</name><uuid>" GUEST_UUID
                                           "</uuid>" ROOMY "<devices>",
                                           balloon, "</devices></domain>", NULL);

        run_guest(s, 0);
        give(s, 0, "<memory size='1' unit='GiB'/>");
        send_event(&s->f, GUEST_RUNNING, GUEST_UUID, xml);
}

static void test_who_tells_already_is_left(SlicesFixture *s, gconstpointer unused) {
        run_telling(s, "<memballoon model='virtio'><stats period='3'/></memballoon>");
        let_pass(s, 2 * HOUR);
        g_assert_cmpuint(asked_to_tell(s), ==, 0);
}

static void test_who_has_no_balloon_is_not_asked(SlicesFixture *s, gconstpointer unused) {
        run_telling(s, "<memballoon model='none'/>");
        let_pass(s, 2 * HOUR);
        g_assert_cmpuint(asked_to_tell(s), ==, 0);
}

static void test_who_is_busy_is_asked_afterwards(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<memory size='1' unit='GiB'/>", 0, 0);
        slice_book_enter(slices_book(s->f.manager->slices), GUEST_UUID, SLICE_PROMISED, NULL);
        let_pass(s, 2 * HOUR);
        g_assert_cmpuint(asked_to_tell(s), ==, 0);
        slice_book_enter(slices_book(s->f.manager->slices), GUEST_UUID, SLICE_ENFORCED, NULL);
        let_pass(s, 10 * MINUTE);
        g_assert_cmpuint(asked_to_tell(s), ==, 1);
}

static void test_cores_and_memory_are_two_things(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/><memory size='1' unit='GiB'/>", 1.8, 900);
        let_pass(s, 2 * HOUR);
        g_assert_cmpuint(advised(s)->len, ==, 2);
}

/* Bandwidth ---------------------------------------------------------------------------- */

/* g1 has the first VF of a PF of 10 Gbit/s. */
static void begin_with_vf(SlicesFixture *s, const char *children) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };
        g_autofree char *hostdev = NULL;
        const char *vf;

        fake_root_add_pf(s->f.root, PF, &pf);
        fake_root_put(s->f.root, "sys/class/net/eth0/speed", "10000\n", -1);
        vf = fake_root_add_vf(s->f.root, PF);
        (void)fake_root_add_vf(s->f.root, PF);
        s->rtnl = fake_rtnl_new();
        s->pf = fake_rtnl_add_netdev(s->rtnl, "eth0");
        fake_rtnl_add_vf(s->rtnl, s->pf, 0);
        fake_rtnl_add_vf(s->rtnl, s->pf, 1);
        s->f.manager->rtnl = fake_rtnl(s->rtnl);
        g_assert_cmpint(inventory_scan(s->f.manager->inventory), ==, 0);
        slices_on_host_changed(s->f.manager->slices);

        hostdev = g_strdup_printf("<hostdev mode='subsystem' type='pci' managed='yes'><source>"
                                  "<address domain='0x0000' bus='0x%.2s' slot='0x%.2s' "
                                  "function='0x%c'/></source></hostdev>",
                                  vf + 5, vf + 8, vf[11]);
        run_with(s, 0, ROOMY, hostdev, "");
        give(s, 0, children);
}

static void test_bandwidth_grows_by_what_its_vf_sends(SlicesFixture *s, gconstpointer unused) {
        const AdvisorDraft *draft;

        begin_with_vf(s, "<function name='nic' class='sriov' min-mbit='1000'/>");
        s->sends = 950;
        let_pass(s, 2 * HOUR);
        draft = assert_advice(s, "grow", "rises", "virt-ferry slice add g1 bandwidth 500");
        g_assert_cmpstr(draft->target, ==, "bandwidth");
        g_assert_nonnull(strstr(draft->sentence, "g1 should have 1500 Mbit/s for nic instead of "
                                                 "1000 now"));
        apply_first(s);
        g_assert_cmpstr(s->answer, ==, "done");
}

static void test_what_a_vf_receives_is_not_guaranteed(SlicesFixture *s, gconstpointer unused) {
        begin_with_vf(s, "<function name='nic' class='sriov' min-mbit='1000'/>");
        s->receives = 950;
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

static void test_bandwidth_is_within_its_maximum(SlicesFixture *s, gconstpointer unused) {
        begin_with_vf(s, "<function name='nic' class='sriov' min-mbit='1000' max-mbit='1200'/>");
        s->sends = 950;
        let_pass(s, 2 * HOUR);
        assert_advice(s, "grow", "rises", "virt-ferry slice add g1 bandwidth 200");
}

static void test_each_of_several_functions_has_its_own(SlicesFixture *s, gconstpointer unused) {
        begin_with_vf(s, "<function name='nic' class='sriov' min-mbit='1000'/>"
                         "<function name='more' class='sriov'/>");
        s->sends = 950;
        let_pass(s, 2 * HOUR);
        g_assert_cmpstr(assert_advice(s, "grow", "rises",
                                      "virt-ferry slice add g1 bandwidth 500 'name=nic'")
                                ->target,
                        ==, "bandwidth:nic");
}

/* Room --------------------------------------------------------------------------------- */

static void test_it_is_said_when_there_is_room_for_less(SlicesFixture *s, gconstpointer unused) {
        const AdvisorDraft *draft;

        begin(s, "<cores count='4'/>", 4, 0);
        run_guest(s, 1);
        give(s, 1, "<cores count='3' exclusive='yes'/>");
        let_pass(s, 2 * HOUR);
        draft = assert_advice(s, "grow", "saturates", "virt-ferry slice add g1 cores 1");
        g_assert_nonnull(strstr(draft->sentence, " would be better, which it cannot have now"));
        g_assert_cmpfloat(value_of(draft, "wants"), >, 5);
        g_assert_cmpfloat(value_of(draft, "gets"), ==, 5);
}

static void test_what_would_be_refused_is_not_advised(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='4'/>", 4, 0);
        run_guest(s, 1);
        give(s, 1, "<cores count='4' exclusive='yes'/>");
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

/* The host could, and the guest could not. */
static void test_a_guest_has_no_more_than_it_was_defined_with(SlicesFixture *s,
                                                              gconstpointer unused) {
        begin(s, "<cores count='2'/><memory size='1' unit='GiB'/>", 2, 1000);
        run_with(s, 0,
                 "<memory unit='MiB'>1280</memory><currentMemory unit='MiB'>1024</currentMemory>"
                 "<vcpu>2</vcpu>",
                 "", "");
        let_pass(s, 2 * HOUR);
        assert_advice(s, "grow", "saturates", "virt-ferry slice add g1 memory 256MiB");
}

static void test_a_limit_of_the_slice_is_kept(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/><allow cores='1-2'/>", 2, 0);
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

static void test_what_has_changed_meanwhile_is_not_tried(SlicesFixture *s, gconstpointer unused) {
        static const char xml[] = "<domain><name>g1</name><uuid>" GUEST_UUID "</uuid>" ROOMY
                                  "</domain>";
        g_autoptr(SliceGuest) guest = slice_guest_new(xml);
        g_autoptr(SliceRoom) before = NULL, after = NULL;

        begin(s, "<cores count='2'/>", 2, 0);
        slice_guest_look(s->f.manager, guest);
        g_assert_cmpuint(guest->parts->len, ==, 1);
        before = slice_room_find(s->f.manager, guest, guest->parts->pdata[0], 3);
        g_assert_nonnull(before);
        g_assert_cmpuint(before->amount, ==, 3);
        give(s, 0, "<cores count='4'/>");
        after = slice_room_find(s->f.manager, guest, guest->parts->pdata[0], 3);
        g_assert_null(after);
}

/* By itself nobody is robbed. */
static void test_who_has_to_give_way_is_named(SlicesFixture *s, gconstpointer unused) {
        const AdvisorDraft *draft;

        begin(s, "<cores count='4'/>", 4, 0);
        run_guest(s, 1);
        give_saying(s, 1, "priority='best-effort'", "<cores count='4' exclusive='yes'/>");
        let_pass(s, 2 * HOUR);
        draft = assert_advice(s, "grow", "saturates", "virt-ferry slice add g1 cores 4");
        g_assert_nonnull(strstr(draft->sentence, "; of best effort, g2 would have to give way"));
        g_assert_false(draft->act);
}

static void test_with_mode_act_it_may_be_carried_out(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 2 * HOUR);
        g_assert_true(assert_advice(s, "grow", "rises", "virt-ferry slice add g1 cores 1")->act);
}

/* After a restart ---------------------------------------------------------------------- */

/* Of the whole host: its clock begins again. */
static void restart(SlicesFixture *s) {
        fixture_restart(&s->f);
        slices_use_this_way_alone(s->f.manager);
        g_assert_true(advisor_load(s->f.manager->advisor, NULL));
        s->monotonic = 50 * G_USEC_PER_SEC;
        send_list(&s->f, GUEST_UUID);
        run_guest(s, 0);
}

/* One is all that a day may have. */
static void change_and_restart(SlicesFixture *s) {
        fixture_use_file(&s->f);
        restart(s);
        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 2 * HOUR);
        assert_advice(s, "grow", "rises", "virt-ferry slice add g1 cores 1");
        give(s, 0, "<cores count='3'/>");
        let_pass(s, 10 * MINUTE);
        s->cpus[0] = 2.8;
        restart(s);
}

static void test_changes_of_before_a_restart_count(SlicesFixture *s, gconstpointer config) {
        change_and_restart(s);
        let_pass(s, 20 * HOUR);
        assert_no_advice(s);
        let_pass(s, 5 * HOUR);
        g_assert_cmpuint(advised(s)->len, ==, 1);
}

static void test_a_clock_that_was_wrong_makes_no_change_old(SlicesFixture *s,
                                                            gconstpointer config) {
        change_and_restart(s);
        s->cpus[0] = 3;
        fixture_pass_time(-10 * DAY);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "What was learnt of cpu of guest *");
        let_pass(s, 20 * HOUR);
        g_test_assert_expected_messages();
        assert_no_advice(s);
        let_pass(s, 5 * HOUR);
        g_assert_cmpuint(advised(s)->len, ==, 1);
}

static void test_a_change_that_cannot_be_kept_is_told(SlicesFixture *s, gconstpointer config) {
        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 2 * HOUR);
        give(s, 0, "<cores count='3'/>");
        store_fail_write(s->f.manager->store, 0);
        g_test_expect_message(NULL, G_LOG_LEVEL_WARNING,
                              "That " GUEST_UUID "/cores was changed is not kept: *");
        for (int minute = 0; minute < 11; minute++) /* without the meter, which writes, too */
                advisor_turn(s->f.manager->advisor, s->monotonic += MINUTE);
        g_test_assert_expected_messages();
}

/* Shrinking ---------------------------------------------------------------------------- */

static void test_who_got_too_much_at_its_limit_gives_some_back(SlicesFixture *s,
                                                               gconstpointer unused) {
        const AdvisorDraft *draft;

        begin(s, "<cores count='2'/>", 2, 0);
        s->delay[0] = 0.5;
        let_pass(s, 2 * HOUR);
        give(s, 0, "<cores count='8'/>");
        s->delay[0] = 0;
        s->cpus[0] = 3.4;
        let_pass(s, 23 * HOUR);
        assert_no_advice(s);
        let_pass(s, 3 * HOUR);
        draft = assert_advice(s, "shrink", "idles", "virt-ferry slice remove g1 cores 3");
        g_assert_true(g_str_has_suffix(
                draft->sentence, "it used no more than 3.40 CPUs in the last day, and was not "
                                 "at its limit"));
        g_assert_true(isnan(value_of(draft, "p99")));
}

static void test_who_idles_for_a_day_gives_cores_back(SlicesFixture *s, gconstpointer unused) {
        const AdvisorDraft *draft;

        begin(s, "<cores count='4'/>", 0.5, 0);
        let_pass(s, 20 * HOUR);
        assert_no_advice(s);
        let_pass(s, 6 * HOUR);
        draft = assert_advice(s, "shrink", "idles", "virt-ferry slice remove g1 cores 3");
        g_assert_nonnull(strstr(draft->sentence, "g1 should give 3 cores of its 4 back, which "
                                                 "others can have then: it used no more than 0.50 "
                                                 "CPUs in the last day"));
        apply_first(s);
        g_assert_cmpstr(s->answer, ==, "done");
        assert_cores(s, 1);
}

static void test_memory_shrinks_unless_a_device_may_write_to_it(SlicesFixture *s,
                                                                gconstpointer unused) {
        begin(s, "<memory size='4' unit='GiB'/>", 0, 500);
        let_pass(s, 26 * HOUR);
        assert_advice(s, "shrink", "idles", "virt-ferry slice remove g1 memory 3328MiB");
        run_with(s, 0, ROOMY,
                 "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address "
                 "uuid='" HERE_MDEV "'/></source></hostdev>",
                 "");
        let_pass(s, 10 * MINUTE);
        assert_no_advice(s);
}

#define FIXED(id) "<vcpu id='" id "' enabled='yes' hotpluggable='no'/>"

/* A vCPU that cannot be unplugged stays. */
static void test_it_keeps_what_cannot_be_taken_out(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='4'/>", 0.5, 0);
        run_with(s, 0,
                 "<vcpu>4</vcpu><vcpus>" FIXED("0") FIXED("1") FIXED("2") FIXED("3") "</vcpus>", "",
                 "");
        let_pass(s, 26 * HOUR);
        assert_no_advice(s);
}

/* Who is left alone -------------------------------------------------------------------- */

static void test_who_is_to_keep_its_slice_is_left_alone(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/>", 2, 0);
        run_with(s, 0, ROOMY, "", "<f:policy slice='no'/>");
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

static void test_what_is_not_carried_out_yet_is_left_alone(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/>", 2, 0);
        slice_book_enter(slices_book(s->f.manager->slices), GUEST_UUID, SLICE_PROMISED, NULL);
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

static void test_who_has_no_slice_is_left_alone(SlicesFixture *s, gconstpointer unused) {
        run_guest(s, 0);
        s->cpus[0] = 2;
        let_pass(s, 2 * HOUR);
        assert_no_advice(s);
}

static void test_who_is_gone_is_forgotten(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 2 * HOUR);
        assert_advice(s, "grow", "rises", "virt-ferry slice add g1 cores 1");
        send_event(&s->f, GUEST_STOPPED, GUEST_UUID, NULL);
        assert_no_advice(s);
}

/* Carrying out ------------------------------------------------------------------------- */

static void test_it_is_carried_out_as_it_is_said(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 2 * HOUR);
        assert_advice(s, "grow", "rises", "virt-ferry slice add g1 cores 1");
        apply_first(s);
        g_assert_cmpstr(s->answer, ==, "done");
        assert_cores(s, 3);
        slice_book_enter(slices_book(s->f.manager->slices), GUEST_UUID, SLICE_ENFORCED, NULL);
        let_pass(s, 2 * HOUR); /* 1.8 of 3 */
        assert_no_advice(s);
}

/* It was possible when it was advised. */
static void test_what_is_taken_meanwhile_is_refused(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='4'/>", 3.6, 0);
        let_pass(s, 2 * HOUR);
        assert_advice(s, "grow", "rises", "virt-ferry slice add g1 cores 2");
        run_guest(s, 1);
        give(s, 1, "<cores count='4' exclusive='yes'/>");
        apply_first(s);
        g_assert_nonnull(strstr(s->answer, "g2"));
        assert_cores(s, 4);
}

static void test_what_somebody_else_has_done_is_not_said_any_more(SlicesFixture *s,
                                                                  gconstpointer unused) {
        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 2 * HOUR);
        assert_advice(s, "grow", "rises", "virt-ferry slice add g1 cores 1");
        give(s, 0, "<cores count='3'/>");
        send_event(&s->f, GUEST_TUNED, GUEST_UUID, NULL);
        assert_no_advice(s);
}

static void test_who_loses_its_slice_meanwhile_is_refused(SlicesFixture *s, gconstpointer unused) {
        begin(s, "<cores count='2'/>", 1.8, 0);
        let_pass(s, 2 * HOUR);
        assert_advice(s, "grow", "rises", "virt-ferry slice add g1 cores 1");
        slice_book_deallocate(slices_book(s->f.manager->slices), GUEST_UUID, NULL);
        apply_first(s);
        g_assert_cmpstr(s->answer, ==,
                        "Guest g1 has no hardware slice any more: 'virt-ferry slice list' shows "
                        "who has one");
}

#define ADD_CONFIGURED(name, config, function)                                              \
        g_test_add("/advisor-slices/" name, SlicesFixture, config, slices_set_up, function, \
                   slices_tear_down)
#define ADD(name, function) ADD_CONFIGURED(name, NULL, function)
#define ONE_CHANGE          "[Policy]\nSliceChangesPerDay=1\nSliceSettlingTimeSec=0\n"

static void add_growing(void) {
        ADD("who will use more should have more cores",
            test_who_will_use_more_should_have_more_cores);
        ADD("nothing is said of whom little is known",
            test_nothing_is_said_of_whom_little_is_known);
        ADD("a guest at its limit waits for more", test_a_guest_at_its_limit_waits_for_more);
        ADD("memory grows by 256 MiB", test_memory_grows_by_256_mib);
        ADD("who does not tell of its memory keeps it",
            test_who_does_not_tell_of_its_memory_keeps_it);
        ADD("who has memory is asked once to tell of it",
            test_who_has_memory_is_asked_once_to_tell_of_it);
        ADD("who has no slice of memory is not asked",
            test_who_has_no_slice_of_memory_is_not_asked);
        ADD("who tells already is left", test_who_tells_already_is_left);
        ADD("who has no balloon is not asked", test_who_has_no_balloon_is_not_asked);
        ADD("who is busy is asked afterwards", test_who_is_busy_is_asked_afterwards);
        ADD("cores and memory are two things", test_cores_and_memory_are_two_things);
        ADD("bandwidth grows by what its VF sends", test_bandwidth_grows_by_what_its_vf_sends);
        ADD("what a VF receives is not guaranteed", test_what_a_vf_receives_is_not_guaranteed);
        ADD("bandwidth is within its maximum", test_bandwidth_is_within_its_maximum);
        ADD("each of several functions has its own", test_each_of_several_functions_has_its_own);
        ADD("it is said when there is room for less", test_it_is_said_when_there_is_room_for_less);
        ADD("what would be refused is not advised", test_what_would_be_refused_is_not_advised);
        ADD("a guest has no more than it was defined with",
            test_a_guest_has_no_more_than_it_was_defined_with);
        ADD("a limit of the slice is kept", test_a_limit_of_the_slice_is_kept);
        ADD("what has changed meanwhile is not tried",
            test_what_has_changed_meanwhile_is_not_tried);
        ADD_CONFIGURED("who has to give way is named", "[Policy]\nMode=act\n",
                       test_who_has_to_give_way_is_named);
        ADD_CONFIGURED("with Mode=act it may be carried out", "[Policy]\nMode=act\n",
                       test_with_mode_act_it_may_be_carried_out);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        add_growing();
        ADD_CONFIGURED("changes of before a restart count", ONE_CHANGE,
                       test_changes_of_before_a_restart_count);
        ADD_CONFIGURED("a clock that was wrong makes no change old", ONE_CHANGE,
                       test_a_clock_that_was_wrong_makes_no_change_old);
        ADD("a change that cannot be kept is told", test_a_change_that_cannot_be_kept_is_told);
        ADD("who idles for a day gives cores back", test_who_idles_for_a_day_gives_cores_back);
        ADD("who got too much at its limit gives some back",
            test_who_got_too_much_at_its_limit_gives_some_back);
        ADD("memory shrinks unless a device may write to it",
            test_memory_shrinks_unless_a_device_may_write_to_it);
        ADD("it keeps what cannot be taken out", test_it_keeps_what_cannot_be_taken_out);
        ADD("who is to keep its slice is left alone", test_who_is_to_keep_its_slice_is_left_alone);
        ADD("what is not carried out yet is left alone",
            test_what_is_not_carried_out_yet_is_left_alone);
        ADD("who has no slice is left alone", test_who_has_no_slice_is_left_alone);
        ADD("who is gone is forgotten", test_who_is_gone_is_forgotten);
        ADD("it is carried out as it is said", test_it_is_carried_out_as_it_is_said);
        ADD("what is taken meanwhile is refused", test_what_is_taken_meanwhile_is_refused);
        ADD("what somebody else has done is not said any more",
            test_what_somebody_else_has_done_is_not_said_any_more);
        ADD("who loses its slice meanwhile is refused",
            test_who_loses_its_slice_meanwhile_is_refused);

        return g_test_run();
}
