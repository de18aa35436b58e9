/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/slice-enforce.h"

#include <errno.h>
#include <string.h>

#include "tests/lib/fake-rtnl.h"
#include "tests/unit/daemon/manager-fixture.h"
#include "xml/ferry-error.h"

/* A guest with two vCPUs and a VF, on a host of four CPUs with a card of two VFs. */

#define PF  "0000:3b:00.0"
#define VF0 "0000:3b:10.0"
#define VF1 "0000:3b:10.2"
#define CPU "sys/devices/system/cpu/"

typedef struct Test {
        Fixture f;
        FakeRtnl *rtnl;
        int pf;
        SliceEnforcer *enforcer;
        SliceEntry *entry;
        unsigned done;
        char *error;
        int code;
        const char *devices; /* of the guest */
} Test;

static void on_done(void *userdata, const char *domain_uuid, const GError *error) {
        Test *t = userdata;

        g_assert_cmpstr(domain_uuid, ==, GUEST_UUID);
        t->done++;
        g_free(t->error);
        t->error = g_strdup(error ? error->message : NULL);
        t->code = error ? error->code : -1;
}

static void add_card(Test *t) {
        const FakePci pf = { .driver = "igb", .vf_driver = "igbvf", .netdev = "eth0" };

        fake_root_add_pf(t->f.root, PF, &pf);
        g_assert_cmpstr(fake_root_add_vf(t->f.root, PF), ==, VF0);
        g_assert_cmpstr(fake_root_add_vf(t->f.root, PF), ==, VF1);
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        t->pf = fake_rtnl_add_netdev(t->rtnl, "eth0");
        fake_rtnl_add_vf(t->rtnl, t->pf, 0);
        fake_rtnl_add_vf(t->rtnl, t->pf, 1);
}

static void set_up(Test *t, gconstpointer config) {
        fixture_set_up(&t->f, config);
        fake_root_put(t->f.root, CPU "online", "0-3\n", -1);
        t->rtnl = fake_rtnl_new();
        t->f.manager->rtnl = fake_rtnl(t->rtnl);
        add_card(t);
        fixture_connect(&t->f);
        t->enforcer = slice_enforcer_new(t->f.manager, on_done, t);
        t->entry = slice_entry_new(GUEST_UUID, "g1", slice_new());
        t->devices = "";
}

static void tear_down(Test *t, gconstpointer config) {
        slice_enforcer_free(t->enforcer);
        slice_entry_free(t->entry);
        fixture_tear_down(&t->f, config);
        fake_rtnl_free(t->rtnl);
        g_free(t->error);
}

static void grant(Test *t, const char *resource, const char *part, uint64_t amount) {
        g_ptr_array_add(t->entry->grants, slice_grant_new(resource, part, amount));
}

static void ask_core(Test *t, const char *core) {
        t->entry->wish->cores = (SliceCores){ .count = 1, .exclusive = true, .node = -1 };
        g_ptr_array_set_size(t->entry->grants, 0);
        grant(t, core, "cores", 1000);
}

static SliceFunction *ask_function(Test *t, unsigned min, unsigned max) {
        SliceFunction *function = slice_function_new("nic");

        function->min_mbit = min;
        function->max_mbit = max;
        g_ptr_array_add(t->entry->wish->functions, function);
        grant(t, "pf:" PF, "nic", min);
        grant(t, "vf-pool:" PF, "nic", 1);
        return function;
}

#define HOSTDEV(slot)                                                                            \
        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' "   \
        "bus='0x3b' slot='0x10' function='" slot "'/></source><alias name='hostdev0'/><address " \
        "type='pci' domain='0x0000' bus='0x00' slot='0x05' function='0x0'/></hostdev>"

static char *domain_xml(const Test *t) {
        return g_strdup_printf("<domain type='kvm'><name>g1</name><uuid>" GUEST_UUID "</uuid>"
                               "<vcpu current='1'>2</vcpu><devices>%s</devices></domain>",
                               t->devices);
}

static void answer(Test *t) {
        g_autofree char *xml = domain_xml(t);
        GuestEvent found = { .kind = GUEST_FOUND,
                             .uuid = (char *)GUEST_UUID,
                             .name = (char *)"g1",
                             .xml = xml,
                             .running = true };
        GuestFinder finder = g_steal_pointer(&t->f.finder);

        finder(t->f.asker, &found);
}

static void tell(Test *t, const char *detail) {
        GuestEvent event = { .kind = GUEST_TUNED,
                             .uuid = (char *)GUEST_UUID,
                             .detail = (char *)detail };

        slice_enforcer_on_tuned(t->enforcer, &event);
}

/* Up to the answer of libvirt about the guest. */
static void apply(Test *t) {
        slice_enforcer_apply(t->enforcer, t->entry);
        assert_asked(&t->f, "find " GUEST_UUID "\n");
        answer(t);
}

static void assert_done(Test *t) {
        g_assert_cmpstr(t->error, ==, NULL);
        g_assert_cmpuint(t->done, ==, 1);
        t->done = 0;
}

static void assert_failed(Test *t, int code, const char *words) {
        g_assert_cmpuint(t->done, ==, 1);
        g_assert_cmpint(t->code, ==, code);
        if (!strstr(t->error, words))
                g_error("not '%s' but '%s'", words, t->error);
        t->done = 0;
}

static void assert_rate(Test *t, unsigned vf, unsigned min, unsigned max) {
        g_autoptr(SwitchVf) read = NULL;

        g_assert_cmpint(vf_link_read(fake_rtnl(t->rtnl), t->pf, vf, &read), ==, 0);
        g_assert_cmpuint(read->min_tx_rate, ==, min);
        g_assert_cmpuint(read->max_tx_rate, ==, max);
}

/* libvirt ---------------------------------------------------------------------------- */

#define PINNED(cpu)                             \
        "tune " GUEST_UUID "\n"                 \
        "  the emulator runs on CPUs " cpu "\n" \
        "  vCPU 0 runs on CPUs " cpu "\n"

static void test_the_guest_gets_what_it_was_promised(Test *t, gconstpointer unused) {
        ask_core(t, "core:2");
        apply(t);
        assert_asked(&t->f, PINNED("2"));
        g_assert_cmpuint(t->done, ==, 0);
        tell(t, NULL);
        assert_done(t);
        tell(t, NULL); /* of somebody else's */
        g_assert_cmpuint(t->done, ==, 0);
}

static void test_what_is_right_is_done(Test *t, gconstpointer unused) {
        apply(t);
        assert_asked(&t->f, "");
        assert_done(t);
}

static void test_a_step_that_fails_is_told(Test *t, gconstpointer unused) {
        ask_core(t, "core:2");
        apply(t);
        tell(t, "'x' failed: no; all is as it was before");
        assert_failed(t, FERRY_ERROR_HARDWARE, "'x' failed: no; all is as it was before");
}

static void test_a_guest_that_does_not_run(Test *t, gconstpointer unused) {
        GuestEvent found = { .kind = GUEST_FOUND, .detail = (char *)"This host has no guest" };

        slice_enforcer_apply(t->enforcer, t->entry);
        t->f.finder(t->f.asker, &found);
        assert_failed(t, FERRY_ERROR_NOT_FOUND, "This host has no guest");
        t->f.manager->virt = NULL;
        slice_enforcer_apply(t->enforcer, t->entry);
        assert_failed(t, FERRY_ERROR_UNAVAILABLE, "libvirt is not connected");
}

static void test_what_cannot_be_is_refused(Test *t, gconstpointer unused) {
        t->entry->wish->cores = (SliceCores){ .count = 3, .share = 500, .node = -1 };
        grant(t, "core:1", "cores", 1000);
        grant(t, "core:2", "cores", 500);
        apply(t);
        assert_failed(t, FERRY_ERROR_INVALID_REQUEST, "can have 2 vCPUs while it runs, not 3");
        assert_asked(&t->f, "");
}

static void test_the_last_of_several_is_done(Test *t, gconstpointer unused) {
        ask_core(t, "core:1");
        apply(t);
        ask_core(t, "core:2");
        slice_enforcer_apply(t->enforcer, t->entry);
        ask_core(t, "core:3");
        slice_enforcer_apply(t->enforcer, t->entry);
        assert_asked(&t->f, PINNED("1"));
        tell(t, NULL);
        g_assert_cmpuint(t->done, ==, 0);
        assert_asked(&t->f, "find " GUEST_UUID "\n");
        answer(t);
        assert_asked(&t->f, PINNED("3"));
        tell(t, NULL);
        assert_done(t);
}

static void test_libvirt_answers_too_late(Test *t, gconstpointer unused) {
        slice_enforcer_apply(t->enforcer, t->entry);
        g_clear_pointer(&t->enforcer, slice_enforcer_free);
        answer(t);
        g_assert_cmpuint(t->done, ==, 0);

        t->enforcer = slice_enforcer_new(t->f.manager, on_done, t);
        slice_enforcer_apply(t->enforcer, t->entry);
        slice_enforcer_forget(t->enforcer, GUEST_UUID);
        answer(t);
        tell(t, NULL);
        g_assert_cmpuint(t->done, ==, 0);
}

/* Rates ------------------------------------------------------------------------------ */

/* In this order: more before libvirt is told, less when it has done its part. */
static void test_rates_grow_before_and_shrink_after(Test *t, gconstpointer unused) {
        SliceFunction *nic;

        t->devices = HOSTDEV("0x0");
        ask_core(t, "core:1");
        nic = ask_function(t, 100, 0);
        apply(t);
        assert_rate(t, 0, 100, 0);
        tell(t, NULL);
        assert_done(t);

        nic->min_mbit = 50;
        g_string_truncate(t->f.asked, 0);
        apply(t);
        assert_rate(t, 0, 100, 0);
        tell(t, NULL);
        assert_rate(t, 0, 50, 0);
        assert_done(t);

        slice_enforcer_forget(t->enforcer, GUEST_UUID);
        assert_rate(t, 0, 0, 0);
}

static void test_a_rate_ends_with_its_function(Test *t, gconstpointer unused) {
        t->devices = HOSTDEV("0x0");
        ask_core(t, "core:1");
        (void)ask_function(t, 0, 200);
        apply(t);
        tell(t, NULL);
        assert_done(t);
        assert_rate(t, 0, 0, 200);

        g_ptr_array_set_size(t->entry->wish->functions, 0);
        g_string_truncate(t->f.asked, 0);
        apply(t);
        tell(t, NULL);
        assert_done(t);
        assert_rate(t, 0, 0, 0);
}

static void lease_to(Test *t, const char *device, const char *domain_uuid) {
        g_autoptr(GPtrArray) leases = g_ptr_array_new_with_free_func((GDestroyNotify)lease_free);
        g_autoptr(GError) error = NULL;
        Lease *lease = lease_new();

        lease->domain_uuid = g_strdup(domain_uuid);
        lease->domain_name = g_strdup("g2");
        lease->device = g_strdup(device);
        lease->class_name = g_strdup("sriov");
        lease->pool = g_strdup("default");
        lease->parent = g_strdup(PF);
        lease->created = t->f.manager->now();
        g_ptr_array_add(leases, lease);
        g_assert_true(lease_book_reserve(t->f.manager->leases, leases, &error));
        g_assert_no_error(error);
}

/* It was unplugged by hand, and has gone to another guest. */
static void test_a_rate_of_another_guest_is_left_alone(Test *t, gconstpointer unused) {
        t->devices = HOSTDEV("0x0");
        (void)ask_function(t, 0, 200);
        apply(t);
        assert_done(t);

        lease_to(t, VF0, OTHER_UUID);
        slice_enforcer_forget(t->enforcer, GUEST_UUID);
        assert_rate(t, 0, 0, 200);
}

static void test_rates_are_undone(Test *t, gconstpointer unused) {
        t->devices = HOSTDEV("0x0");
        ask_core(t, "core:1");
        (void)ask_function(t, 100, 200);
        apply(t);
        assert_asked(&t->f, PINNED("1"));
        tell(t, "no");
        assert_rate(t, 0, 0, 0);
        assert_failed(t, FERRY_ERROR_HARDWARE, "no");
}

static void test_a_driver_that_knows_no_rates(Test *t, gconstpointer unused) {
        t->devices = HOSTDEV("0x0");
        (void)ask_function(t, 100, 200);
        fake_rtnl_refuse(t->rtnl, VF_SETTING_RATE);
        apply(t);
        assert_asked(&t->f, "");
        assert_failed(t, FERRY_ERROR_HARDWARE, "The driver of eth0 takes no rates for its VFs");
}

/* Functions -------------------------------------------------------------------------- */

#define PLUG "tune " GUEST_UUID "\n  " VF0 " is plugged in\n"

static void test_a_function_is_leased_and_plugged(Test *t, gconstpointer unused) {
        g_autofree char *xml = NULL;

        (void)ask_function(t, 0, 100);
        apply(t);
        assert_rate(t, 0, 0, 100);
        assert_leases(&t->f, VF0 " claimed expires\n");
        assert_asked(&t->f, PLUG);

        xml = domain_xml(t);
        send_event(&t->f, GUEST_RUNNING, GUEST_UUID, xml); /* it is still without */
        assert_leases(&t->f, VF0 " claimed expires\n");
        tell(t, NULL);
        assert_done(t);
}

static void test_a_function_that_does_not_come_is_given_back(Test *t, gconstpointer unused) {
        (void)ask_function(t, 0, 100);
        apply(t);
        tell(t, "no room");
        assert_failed(t, FERRY_ERROR_HARDWARE, "no room");
        assert_leases(&t->f, "");
        assert_rate(t, 0, 0, 0);
}

/* It is in the guest, where it may not be unbound; libvirt has yet to say so. */
static void test_a_function_that_came_is_kept_whatever_follows(Test *t, gconstpointer unused) {
        SliceFunction *nic = ask_function(t, 0, 200);

        t->devices = HOSTDEV("0x2");
        apply(t);
        assert_done(t);

        nic->max_mbit = 100;
        g_ptr_array_add(t->entry->wish->functions, slice_function_new("second"));
        grant(t, "vf-pool:" PF, "second", 1);
        apply(t);
        assert_asked(&t->f, PLUG);
        fake_rtnl_fail(t->rtnl, 0, EIO);
        tell(t, NULL);
        assert_failed(t, FERRY_ERROR_HARDWARE, "All is done but what was to be less: ");
        assert_leases(&t->f, VF0 " claimed expires\n");
}

static void test_no_function_is_left(Test *t, gconstpointer unused) {
        (void)ask_function(t, 0, 100);
        g_ptr_array_add(t->entry->wish->functions, slice_function_new("second"));
        g_ptr_array_add(t->entry->wish->functions, slice_function_new("third"));
        grant(t, "vf-pool:" PF, "second", 1);
        grant(t, "vf-pool:" PF, "third", 1);
        apply(t);
        assert_asked(&t->f, "");
        assert_failed(t, FERRY_ERROR_NO_RESOURCES,
                      PF " has no VF that is made and free for function 'third' of guest g1");
        assert_leases(&t->f, "");
}

/* Each function has one device, and none is another's. */
static void test_a_guest_keeps_what_it_has(Test *t, gconstpointer unused) {
        t->devices = HOSTDEV("0x2") "<hostdev mode='subsystem' type='pci' managed='no'><source>"
                                    "<address domain='0x0000' bus='0x3b' slot='0x10' "
                                    "function='0x0'/></source><alias name='ua-ferry-nic'/>"
                                    "</hostdev>";
        (void)ask_function(t, 0, 100);
        g_ptr_array_add(t->entry->wish->functions, slice_function_new("of-elsewhere"));
        grant(t, "vf-pool:0000:99:00.0", "of-elsewhere", 1);
        apply(t);
        assert_asked(&t->f, "");
        assert_done(t);
        assert_rate(t, 0, 0, 100);
        assert_rate(t, 1, 0, 0);
}

#define OLD                                                                                   \
        "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0x0000' " \
        "bus='0x3b' slot='0x10' function='0x0'/></source><alias name='ua-ferry-old'/></hostdev>"

static void test_what_goes_is_not_for_another(Test *t, gconstpointer unused) {
        g_autofree char *xml = NULL;

        t->devices = OLD;
        xml = domain_xml(t);
        send_event(&t->f, GUEST_RUNNING, GUEST_UUID, xml);
        g_string_truncate(t->f.asked, 0);
        (void)ask_function(t, 0, 0);
        apply(t);
        assert_asked(&t->f,
                     "tune " GUEST_UUID "\n  " VF1 " is plugged in\n  " VF0 " is unplugged\n");
}

static void test_an_mdev_is_made(Test *t, gconstpointer unused) {
        g_autofree char *leases = NULL;

        g_ptr_array_add(t->entry->wish->functions, slice_function_new("tty"));
        grant(t, "mdev-type:mtty/mtty-1", "tty", 1);
        apply(t);
        leases = leases_text(&t->f);
        g_assert_true(g_str_has_suffix(leases, " claimed expires\n"));
        g_assert_cmpuint(inventory_size(t->f.manager->inventory), ==, 5);
        tell(t, "no");
        assert_leases(&t->f, "");
        g_assert_cmpuint(inventory_size(t->f.manager->inventory), ==, 4);
}

#define PLUGGED_MDEV                                                                               \
        "<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source><address uuid='" HERE_MDEV \
        "'/></source><alias name='ua-ferry-tty'/></hostdev>"

/* Neither is it told that it has it. */
static void test_another_type_is_not_plugged_beside(Test *t, gconstpointer unused) {
        SliceFunction *function = slice_function_new("tty");

        fake_root_add_mdev(t->f.root, "mtty", "mtty-1", HERE_MDEV);
        g_assert_cmpint(inventory_scan(t->f.manager->inventory), ==, 0);
        t->devices = PLUGGED_MDEV;
        function->type = g_strdup("mtty-2");
        g_ptr_array_add(t->entry->wish->functions, function);
        grant(t, "mdev-type:mtty/mtty-2", "tty", 1);
        apply(t);
        assert_asked(&t->f, "");
        g_assert_cmpint(t->code, ==, FERRY_ERROR_INVALID_STATE);
        g_assert_cmpstr(t->error, ==,
                        "Function 'tty' of guest g1 is of type mtty-1 still, and should be of "
                        "mtty-2: 'virt-ferry move g1 ua-ferry-tty mtty/mtty-2' exchanges them, and "
                        "the guest is without it for a moment");
        assert_leases(&t->f, "");
}

#define PLUGGED                                                                               \
        "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0x0000' " \
        "bus='0x3b' slot='0x10' function='0x0'/></source><alias name='ua-ferry-nic'/></hostdev>"

static void test_what_was_plugged_goes_with_the_slice(Test *t, gconstpointer unused) {
        t->devices = PLUGGED;
        (void)ask_function(t, 0, 100);
        apply(t);
        assert_asked(&t->f, "");
        assert_done(t);
        assert_rate(t, 0, 0, 100);

        slice_enforcer_lift(t->enforcer, t->entry);
        assert_asked(&t->f, "find " GUEST_UUID "\n");
        answer(t);
        assert_asked(&t->f, "tune " GUEST_UUID "\n  " VF0 " is unplugged\n");
        tell(t, NULL);
        assert_done(t);
        assert_rate(t, 0, 0, 0);
}

/* An operator who cannot make up his mind, while the guest takes its time to let go. */
static void test_what_is_lifted_already_is_not_lifted_again(Test *t, gconstpointer unused) {
        t->devices = PLUGGED;
        (void)ask_function(t, 0, 0);
        apply(t);
        assert_done(t);

        slice_enforcer_lift(t->enforcer, t->entry);
        assert_asked(&t->f, "find " GUEST_UUID "\n");
        answer(t);
        assert_asked(&t->f, "tune " GUEST_UUID "\n  " VF0 " is unplugged\n");
        slice_enforcer_apply(t->enforcer, t->entry);
        slice_enforcer_lift(t->enforcer, t->entry);
        tell(t, NULL);
        assert_done(t);
        assert_asked(&t->f, "");
        apply(t);
        assert_done(t);
}

/* Shares ----------------------------------------------------------------------------- */

#define RESCTRL "sys/fs/resctrl/"
#define GROUP   RESCTRL "virtferry-" GUEST_UUID

static void test_shares_need_a_host_that_can(Test *t, gconstpointer unused) {
        t->entry->wish->cache_ways = 2;
        apply(t);
        assert_failed(t, FERRY_ERROR_INVALID_REQUEST,
                      "This host cannot allot ways of its cache: resctrl is not mounted");
}

static void put(Test *t, const char *path, const char *value) {
        fake_root_put(t->f.root, path, value, -1);
}

static void add_cache(Test *t) {
        put(t, RESCTRL "schemata", "L3:0=fff\n");
        put(t, RESCTRL "info/L3/cbm_mask", "fff\n");
        put(t, RESCTRL "info/L3/num_closids", "4\n");
}

static void add_qemu(Test *t) {
        put(t, "proc/812/comm", "qemu-system-x86\n");
        put(t, "proc/812/cgroup", "0::/machine.slice/x.scope\n");
        put(t, "proc/812/task/812/comm", "");
        fake_root_put(t->f.root, "proc/812/cmdline", "qemu\0-uuid\0" GUEST_UUID, 47);
}

static void test_shares_come_and_go(Test *t, gconstpointer unused) {
        g_autofree char *writes = NULL;

        add_cache(t);
        t->entry->wish->cache_ways = 2;
        apply(t);
        assert_failed(t, FERRY_ERROR_HARDWARE, "Its QEMU is not found");

        add_qemu(t);
        g_free(fake_root_take_writes(t->f.root));
        apply(t);
        assert_done(t);
        writes = fake_root_take_writes(t->f.root);
        g_assert_nonnull(strstr(writes, GROUP "/tasks = 812\n"));

        slice_enforcer_forget(t->enforcer, GUEST_UUID);
        g_assert_false(sysfs_exists(t->f.manager->sysfs, GROUP));
}

/* The first write, then the second, and so on. */
static void test_shares_that_fail_leave_no_trace(Test *t, gconstpointer unused) {
        add_cache(t);
        add_qemu(t);
        t->entry->wish->cache_ways = 2;
        for (unsigned n = 0;; n++) {
                g_autofree char *schemata = NULL;

                fake_root_fail_write(t->f.root, n, EIO);
                apply(t);
                if (!t->error) {
                        g_assert_cmpuint(n, ==,
                                         4); /* group, two masks and a thread: all were tried */
                        break;
                }
                assert_failed(t, FERRY_ERROR_HARDWARE, "resctrl refuses");
                g_assert_false(sysfs_exists(t->f.manager->sysfs, GROUP));
                g_assert_cmpint(
                        sysfs_read_string(t->f.manager->sysfs, RESCTRL "schemata", &schemata), ==,
                        0);
                g_assert_nonnull(strstr(schemata, "L3:0=fff"));
        }
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/slice-enforce/" name, Test, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("the guest gets what it was promised", test_the_guest_gets_what_it_was_promised);
        ADD("what is right is done", test_what_is_right_is_done);
        ADD("a step that fails is told", test_a_step_that_fails_is_told);
        ADD("a guest that does not run", test_a_guest_that_does_not_run);
        ADD("what cannot be is refused", test_what_cannot_be_is_refused);
        ADD("the last of several is done", test_the_last_of_several_is_done);
        ADD("libvirt answers too late", test_libvirt_answers_too_late);
        ADD("rates grow before and shrink after", test_rates_grow_before_and_shrink_after);
        ADD("a rate ends with its function", test_a_rate_ends_with_its_function);
        ADD("a rate of another guest is left alone", test_a_rate_of_another_guest_is_left_alone);
        ADD("rates are undone", test_rates_are_undone);
        ADD("a driver that knows no rates", test_a_driver_that_knows_no_rates);
        ADD("a function is leased and plugged", test_a_function_is_leased_and_plugged);
        ADD("a function that does not come is given back",
            test_a_function_that_does_not_come_is_given_back);
        ADD("a function that came is kept, whatever follows",
            test_a_function_that_came_is_kept_whatever_follows);
        ADD("no function is left", test_no_function_is_left);
        ADD("a guest keeps what it has", test_a_guest_keeps_what_it_has);
        ADD("what goes is not for another", test_what_goes_is_not_for_another);
        ADD("an mdev is made", test_an_mdev_is_made);
        ADD("another type is not plugged beside", test_another_type_is_not_plugged_beside);
        ADD("what was plugged goes with the slice", test_what_was_plugged_goes_with_the_slice);
        ADD("what is lifted already is not lifted again",
            test_what_is_lifted_already_is_not_lifted_again);
        ADD("shares need a host that can", test_shares_need_a_host_that_can);
        ADD("shares come and go", test_shares_come_and_go);
        ADD("shares that fail leave no trace", test_shares_that_fail_leave_no_trace);
        return g_test_run();
}
