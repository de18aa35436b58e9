/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-tuning.h"
#include "daemon/edges/virt.h"

#include <stdlib.h>
#include <string.h>

#include "xml/domain-tuning.h"

/* A guest of libvirt's test driver, which takes most settings and knows nothing of CPU weights:
 * that is the step that fails. */

#define TEST_URI "test:///default"
#define GUEST                                                                                    \
        "<domain type='test'><name>tuned</name><memory unit='KiB'>131072</memory>"               \
        "<vcpu current='2'>4</vcpu><os><type>hvm</type></os><devices><disk type='file'><source " \
        "file='/guest'/><target dev='vda' bus='virtio'/></disk><interface type='network'><mac "  \
        "address='52:54:00:00:00:01'/><source network='default'/></interface></devices></domain>"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(virDomain, virDomainFree)

typedef struct Fixture {
        sd_event *loop;
        Virt *virt;
        virConnectPtr connection;
        virDomainPtr domain;
        char uuid[VIR_UUID_STRING_BUFLEN];
        GPtrArray *steps;
        GuestEventKind awaited;
        char *detail, *name;
} Fixture;

static void on_guest(void *userdata, const GuestEvent *event) {
        Fixture *f = userdata;

        if (event->kind != f->awaited)
                return;

        f->awaited = _GUEST_EVENT_KIND_MAX;
        g_free(f->detail);
        f->detail = g_strdup(event->detail);
        g_free(f->name);
        f->name = g_strdup(event->name);
}

static void await(Fixture *f, GuestEventKind kind) {
        f->awaited = kind;
        while (f->awaited == kind)
                g_assert_cmpint(sd_event_run(f->loop, UINT64_MAX), >=, 0);
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(sd_event_new(&f->loop), >=, 0);
        g_assert_cmpint(virt_new(f->loop, TEST_URI, on_guest, f, &f->virt), ==, 0);
        f->connection = virConnectOpen(TEST_URI);
        g_assert_nonnull(f->connection);
        await(f, GUEST_LIST);
        f->domain = virDomainCreateXML(f->connection, GUEST, 0);
        g_assert_nonnull(f->domain);
        g_assert_cmpint(virDomainGetUUIDString(f->domain, f->uuid), ==, 0);
        f->steps = tuning_steps_new();
}

static void tear_down(Fixture *f, gconstpointer unused) {
        g_assert_cmpint(virDomainDestroy(f->domain), ==, 0);
        (void)virDomainFree(f->domain);
        (void)virConnectClose(f->connection);
        virt_free(f->virt);
        sd_event_unref(f->loop);
        g_ptr_array_unref(f->steps);
        g_free(f->detail);
        g_free(f->name);
}

static Tuning *with_set(Tuning *tuning, const char *set) {
        tuning->set = g_strdup(set);
        return tuning;
}

static void add(Fixture *f, Tuning *wanted, Tuning *before) {
        TuningStep *step = g_new0(TuningStep, 1);

        step->wanted = wanted;
        step->before = before;
        g_ptr_array_add(f->steps, step);
}

static void add_number(Fixture *f, TuningKind kind, uint64_t wanted, uint64_t before) {
        add(f, tuning_new(kind, NULL, wanted, 0), tuning_new(kind, NULL, before, 0));
}

static void add_set(Fixture *f, TuningKind kind, const char *wanted, const char *before) {
        add(f, with_set(tuning_new(kind, NULL, 0, 0), wanted),
            with_set(tuning_new(kind, NULL, 0, 0), before));
}

static Tuning *with_bandwidth(const DomainBandwidth *bandwidth) {
        Tuning *tuning = tuning_new(TUNE_INTERFACE_LIMIT, "52:54:00:00:00:01", 0, 0);

        tuning->bandwidth = *bandwidth;
        return tuning;
}

static void tune(Fixture *f) {
        const VirtOps *ops = virt_get_ops(f->virt);

        ops->tune(ops->userdata, f->uuid, f->steps);
        g_ptr_array_set_size(f->steps, 0);
        await(f, GUEST_TUNED);
}

static DomainTuning *look(Fixture *f) {
        char *xml = virDomainGetXMLDesc(f->domain, 0);
        DomainTuning *tuning = domain_tuning_from_xml(xml, strlen(xml), NULL);

        g_assert_nonnull(tuning);
        free(xml);
        return tuning;
}

static void test_steps_are_taken(Fixture *f, gconstpointer unused) {
        const DomainBandwidth limited = { .inbound = { 1001, 2002, 3003 },
                                          .outbound = { 1004, 2005, 3006 } },
                              unlimited = { 0 };
        g_autoptr(DomainTuning) now = NULL;
        const DomainNic *nic;

        add_number(f, TUNE_VCPU_COUNT, 3, 2);
        add_set(f, TUNE_VCPU_PIN, "1,3", "0-7");
        add_set(f, TUNE_EMULATOR_PIN, "9", "0-7");
        add_number(f, TUNE_MEMORY, 96 << 20, 128 << 20);
        add(f, with_bandwidth(&limited), with_bandwidth(&unlimited));
        tune(f);
        g_assert_cmpstr(f->detail, ==, NULL);
        g_assert_cmpstr(f->name, ==, "tuned");

        now = look(f);
        g_assert_cmpuint(now->vcpus, ==, 3);
        g_assert_cmpstr(now->pins->pdata[0], ==, "1,3");
        g_assert_cmpstr(now->emulator, ==, "9");
        g_assert_cmpuint(now->memory, ==, 96 << 20);
        nic = now->nics->pdata[0];
        g_assert_cmpmem(&nic->bandwidth, sizeof(limited), &limited, sizeof(limited));
}

/* The test driver has no I/O thread. */
static void test_an_iothread_is_found_by_its_number(Fixture *f, gconstpointer unused) {
        add(f, with_set(tuning_new(TUNE_IOTHREAD_PIN, NULL, 7, 0), "0"),
            with_set(tuning_new(TUNE_IOTHREAD_PIN, NULL, 7, 0), "0-7"));
        tune(f);
        g_assert_true(g_str_has_prefix(f->detail, "'I/O thread 7 runs on CPUs 0' failed: "));
        g_assert_true(g_str_has_suffix(f->detail, "; all is as it was before"));
}

static void test_memory_gets_a_mode_with_its_nodes(Fixture *f, gconstpointer unused) {
        g_autoptr(DomainTuning) now = NULL;
        Tuning *nodes = with_set(tuning_new(TUNE_NUMA_NODES, "restrictive", 0, 0), "0");

        add(f, nodes, with_set(tuning_new(TUNE_NUMA_NODES, NULL, 0, 0), "0"));
        tune(f);
        g_assert_cmpstr(f->detail, ==, NULL);
        now = look(f);
        g_assert_cmpstr(now->nodes, ==, "0");
        g_assert_cmpstr(now->numa_mode, ==, "restrictive");
}

/* The test driver of 9.0 takes no limit without a burst, so a disk that is there fails as well. */
static void test_a_disk_is_found_by_its_target(Fixture *f, gconstpointer unused) {
        add(f, tuning_new(TUNE_BLOCK_LIMIT, "vdz", 1000, 0),
            tuning_new(TUNE_BLOCK_LIMIT, "vdz", 0, 0));
        tune(f);
        g_assert_nonnull(strstr(f->detail, "disk vdz has at most 1000 bytes/s' failed: "));
}

static void test_a_failure_is_undone(Fixture *f, gconstpointer unused) {
        g_autoptr(DomainTuning) now = NULL;

        add_number(f, TUNE_VCPU_COUNT, 3, 2);
        add_number(f, TUNE_MEMORY, 96 << 20, 128 << 20);
        add_number(f, TUNE_CPU_SHARES, 200, 100);
        add_number(f, TUNE_MEMORY, 64 << 20, 96 << 20);
        tune(f);
        g_assert_true(g_str_has_prefix(f->detail, "'its CPU weight is 200' failed: "));
        g_assert_true(g_str_has_suffix(f->detail, "; all is as it was before"));
        now = look(f);
        g_assert_cmpuint(now->vcpus, ==, 2);
        g_assert_cmpuint(now->memory, ==, 128 << 20);
}

static void test_what_is_not_undone_is_named(Fixture *f, gconstpointer unused) {
        add_number(f, TUNE_MEMORY, 96 << 20, 1 << 30); /* more than it can have */
        add_number(f, TUNE_CPU_SHARES, 200, 100);
        tune(f);
        g_assert_nonnull(strstr(f->detail, "; not undone: 'it has 1024 MiB': "));
        g_assert_null(strstr(f->detail, "all is as it was"));
}

static void test_vcpus_that_came_by_half_go_again(Fixture *f, gconstpointer unused) {
        g_autoptr(DomainTuning) now = NULL;

        add_number(f, TUNE_VCPU_COUNT, 9, 1);
        tune(f);
        g_assert_true(g_str_has_suffix(f->detail, "; all is as it was before"));
        now = look(f);
        g_assert_cmpuint(now->vcpus, ==, 1);
}

static void test_devices_that_do_not_come_or_go(Fixture *f, gconstpointer unused) {
        Tuning *tuning = tuning_new(TUNE_UNPLUG, "0000:3b:10.0", 0, 0);

        tuning->element = g_strdup("<hostdev mode='subsystem' type='pci'><source><address "
                                   "domain='0x0000' bus='0x3b' slot='0x10' function='0x0'/>"
                                   "</source></hostdev>");
        add(f, tuning, tuning_new(TUNE_PLUG, "0000:3b:10.0", 0, 0));
        tune(f);
        g_assert_true(g_str_has_prefix(f->detail, "'0000:3b:10.0 is unplugged' failed: Its "
                                                  "element has no alias"));
        tuning = tuning_new(TUNE_PLUG, "0000:3b:10.0", 0, 0);
        tuning->element = g_strdup("<hostdev/>");
        add(f, tuning, tuning_new(TUNE_UNPLUG, "0000:3b:10.0", 0, 0));
        tune(f);
        g_assert_true(g_str_has_prefix(f->detail, "'0000:3b:10.0 is plugged in' failed: "));
}

static void test_a_guest_that_is_not_there(Fixture *f, gconstpointer unused) {
        const VirtOps *ops = virt_get_ops(f->virt);

        ops->tune(ops->userdata, "00000000-0000-4000-8000-000000000000", f->steps);
        await(f, GUEST_TUNED);
        g_assert_true(g_str_has_prefix(f->detail, "libvirt does not give the guest: "));
        g_assert_cmpstr(f->name, ==, NULL);
}

int main(int argc, char **argv) {
#define ADD(name, function) \
        g_test_add("/virt-tune/" name, Fixture, NULL, set_up, function, tear_down)

        g_test_init(&argc, &argv, NULL);
        ADD("steps are taken", test_steps_are_taken);
        ADD("an I/O thread is found by its number", test_an_iothread_is_found_by_its_number);
        ADD("memory gets a mode with its nodes", test_memory_gets_a_mode_with_its_nodes);
        ADD("a disk is found by its target", test_a_disk_is_found_by_its_target);
        ADD("a failure is undone", test_a_failure_is_undone);
        ADD("what is not undone is named", test_what_is_not_undone_is_named);
        ADD("vCPUs that came by half go again", test_vcpus_that_came_by_half_go_again);
        ADD("devices that do not come or go", test_devices_that_do_not_come_or_go);
        ADD("a guest that is not there", test_a_guest_that_is_not_there);
        return g_test_run();
}
