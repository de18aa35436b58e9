/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/place.h"

#include <string.h>

#include "tests/unit/core/made-up-series.h"
#include "xml/ferry-error.h"

#define HOSTS   5
#define SLOTS   3
#define CAPS    (VFIO_CAP_STOP_COPY | VFIO_CAP_PRE_COPY)
#define GIB_MIB 1024

enum {
        KIND_OLD,   /* firmware 22.36 */
        KIND_NEW,   /* firmware 22.39 */
        KIND_OTHER, /* another vendor's */
        KIND_MDEV,
        KINDS,
};

/* Hosts a to e: all offer 8 new VFs, 4 old ones and 4 mdevs, 16 cores and 64 GiB, and are alike. */
typedef struct Fixture {
        Compat *compat;
        Fingerprint *fingerprints[KINDS];
        PlaceKind kinds[KINDS];
        PlaceFunctions functions[HOSTS][SLOTS];
        PlaceOffload offloads[HOSTS][2];
        PlaceHost hosts[HOSTS];
        PlaceWorld world;
        Domain *domain;
        Slice *slice;
        PlaceGuest *guest;
        Place *place;
        PlaceVerdict *verdicts;
        char *sentence;
} Fixture;

static const char *const names[HOSTS] = { "a", "b", "c", "d", "e" };

static const char rules[] = "[Rule mlx]\nDrivers=mlx5_vfio_pci;\nEqual=vendor;device;driver;\n"
                            "NotOlder=firmware;\nWhy=its firmware reads no newer state\n";

#define SEEN                                                                                  \
        "class='sriov' vendor='0x15b3' device='0x101e' driver='mlx5_vfio_pci' firmware='%s' " \
        "vfio='stop-copy pre-copy'"

static void make_kind(Fixture *f, unsigned kind, int vendor, const char *driver,
                      const char *firmware, const char *type) {
        Fingerprint *fingerprint = f->fingerprints[kind] = fingerprint_new();

        fingerprint->vendor = vendor;
        fingerprint->device = vendor < 0 ? -1 : 0x101e;
        fingerprint->driver = g_strdup(driver);
        fingerprint->firmware = g_strdup(firmware);
        fingerprint->mdev_type = g_strdup(type);
        fingerprint->vfio_caps = CAPS;
        f->kinds[kind] = (PlaceKind){ type ? &device_class_mdev : &device_class_sriov, "fast",
                                      fingerprint };
}

static void make_host(Fixture *f, unsigned i) {
        PlaceHost *host = &f->hosts[i];

        *host = (PlaceHost){ .name = names[i],
                             .alive = true,
                             .qemu = version_from_number(8002000),
                             .libvirt = version_from_number(9000000),
                             .functions = f->functions[i],
                             .n_functions = SLOTS,
                             .offloads = f->offloads[i],
                             .n_offloads = 2 };
        f->functions[i][0] = (PlaceFunctions){ KIND_NEW, 8, 0 };
        f->functions[i][1] = (PlaceFunctions){ KIND_OLD, 4, 0 };
        f->functions[i][2] = (PlaceFunctions){ KIND_MDEV, 4, 0 };
        for (int r = 0; r < _HEADROOM_RESOURCE_MAX; r++)
                host->amounts[r] = (PlaceAmount){ 1000000, 0, HEADROOM_HIGH };
        host->amounts[HEADROOM_CORES].offered = 16;
        host->amounts[HEADROOM_MEMORY].offered = 64 * GIB_MIB;
        for (unsigned o = 0; o < 2; o++) {
                f->offloads[i][o].pool = o == 0 ? "dpu0" : "dpu1";
                f->offloads[i][o].amounts[HEADROOM_CORES].offered = o == 0 ? 8 : 2;
        }
}

static void set_up(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        f->compat = compat_new();
        (void)compat_add(f->compat, rules, "mlx.conf", &error);
        g_assert_no_error(error);
        make_kind(f, KIND_OLD, 0x15b3, "mlx5_vfio_pci", "22.36.1010", NULL);
        make_kind(f, KIND_NEW, 0x15b3, "mlx5_vfio_pci", "22.39.1002", NULL);
        make_kind(f, KIND_OTHER, 0x8086, "ixgbe_vfio_pci", NULL, NULL);
        make_kind(f, KIND_MDEV, -1, "mtty", NULL, "mtty-1");
        for (unsigned i = 0; i < HOSTS; i++)
                make_host(f, i);
        f->world = (PlaceWorld){ f->kinds, KINDS, f->hosts, HOSTS };
}

static void forget(Fixture *f) {
        g_clear_pointer(&f->sentence, g_free);
        g_clear_pointer(&f->verdicts, g_free);
        g_clear_pointer(&f->place, place_free);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        forget(f);
        place_guest_free(f->guest);
        slice_free(f->slice);
        domain_free(f->domain);
        compat_free(f->compat);
        for (unsigned i = 0; i < KINDS; i++)
                fingerprint_free(f->fingerprints[i]);
}

/* A guest with one VF for each firmware that its state is of. */
static void read_guest(Fixture *f, const char *const *firmware, const char *more) {
        g_autoptr(GString) devices = g_string_new(NULL), entries = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *xml = NULL;

        for (unsigned i = 0; firmware[i]; i++) {
                g_string_append_printf(
                        devices,
                        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address "
                        "domain='0' bus='0x3b' slot='0x10' function='%u'/></source><address "
                        "type='pci' domain='0' bus='0' slot='%u' function='0'/></hostdev>",
                        i, i + 5);
                g_string_append_printf(entries,
                                       "<ferry:device address='0000:00:%02x.0'><ferry:seen " SEEN
                                       "/></ferry:device>",
                                       i + 5, firmware[i]);
        }
        xml = g_strdup_printf("<domain type='kvm'><name>g1</name><metadata><ferry:domain "
                              "xmlns:ferry='urn:virtferry:domain:1' version='1'>%s%s</ferry:domain>"
                              "</metadata><devices>%s</devices></domain>",
                              entries->str, more, devices->str);
        f->domain = domain_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        f->guest = place_guest_new(f->domain, f->compat, &error);
        g_assert_no_error(error);
}

static void read_slice(Fixture *f, const char *content) {
        g_autofree char *xml = g_strdup_printf("<slice version='1'>%s</slice>", content);
        g_autoptr(GError) error = NULL;

        f->slice = slice_from_xml(xml, strlen(xml), &error);
        g_assert_no_error(error);
        f->guest = place_guest_new_for_slice(f->slice, "s1");
}

static const char *const one_new[] = { "22.39.1002", NULL };
static const char *const one_old[] = { "22.36.1010", NULL };

static void rank(Fixture *f) {
        forget(f);
        f->place = place_new(&f->world, f->guest);
        f->verdicts = place_rank(f->place);
}

/* The hosts in their order, up to the first that does not fit. */
static const char *fitting(Fixture *f) {
        GString *text = g_string_new(NULL);

        rank(f);
        for (unsigned i = 0; i < HOSTS && f->verdicts[i].rule == PLACE_FITS; i++)
                g_string_append(text, names[f->verdicts[i].host]);
        g_free(f->sentence);
        return f->sentence = g_string_free(text, FALSE);
}

static void assert_refused(Fixture *f, unsigned host, PlaceRule rule, const char *sentence) {
        PlaceVerdict verdict;

        forget(f);
        f->place = place_new(&f->world, f->guest);
        verdict = place_ask(f->place, host);
        g_assert_cmpstr(place_rule_to_string(verdict.rule), ==, place_rule_to_string(rule));
        f->sentence = place_sentence(f->place, &verdict);
        g_assert_cmpstr(f->sentence, ==, sentence);
}

static void test_hosts_that_are_alike_keep_their_order(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        g_assert_cmpstr(fitting(f), ==, "abcde");
}

static void test_the_host_with_most_left_is_first(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        for (unsigned i = 0; i < HOSTS; i++)
                f->functions[i][0].promised = i == 3 ? 1 : 4 + i / 2;
        g_assert_cmpstr(fitting(f), ==, "dabce");
        f->sentence = (g_free(f->sentence), place_sentence(f->place, &f->verdicts[0]));
        g_assert_cmpstr(f->sentence, ==,
                        "d: all that is needed is offered, 75 % of it stays free where there is "
                        "least, and nothing is expected to be scarce in the day ahead");
}

/* A count is what was promised until now; a forecast is what will be used of it. */
static void test_what_is_forecast_counts_before_what_is_left(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->functions[4][0].promised = 7;
        for (unsigned i = 0; i < 4; i++)
                f->hosts[i].amounts[HEADROOM_CORES].level = HEADROOM_MED;
        g_assert_cmpstr(fitting(f), ==, "eabcd");
}

static void test_a_host_that_is_scarce_tomorrow_is_ruled_out(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->hosts[1].amounts[HEADROOM_MEMORY].level = HEADROOM_LOW;
        f->hosts[2].amounts[HEADROOM_MEMORY].level = _HEADROOM_LEVEL_INVALID;
        f->hosts[3].amounts[HEADROOM_KEYS].level = HEADROOM_LOW; /* that nobody needs */
        g_assert_cmpstr(fitting(f), ==, "acde");
        assert_refused(f, 1, PLACE_FORECAST,
                       "b: little memory is expected to be left there in the worst hour of the day "
                       "ahead (p95 of its forecast): move others away first");
}

static void test_bandwidth_rules_out_for_those_who_use_it(Fixture *f, gconstpointer unused) {
        f->hosts[0].amounts[HEADROOM_BANDWIDTH].level = HEADROOM_LOW;
        read_slice(f, "<cores count='2'/>");
        g_assert_cmpstr(fitting(f), ==, "abcde");
        place_guest_free(g_steal_pointer(&f->guest));
        slice_free(g_steal_pointer(&f->slice));
        read_slice(f, "<function name='nic'/>");
        g_assert_cmpstr(fitting(f), ==, "bcde");
}

static void test_state_does_not_go_to_older_firmware(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->functions[1][0].kind = KIND_OLD;
        assert_refused(f, 1, PLACE_KIND,
                       "b: hostdev 0 brings the state of firmware 22.39.1002, and there it is "
                       "22.36.1010: install the same or a newer one, since its firmware reads no "
                       "newer state");
        place_guest_free(g_steal_pointer(&f->guest));
        domain_free(g_steal_pointer(&f->domain));
        read_guest(f, one_old, "");
        g_assert_cmpstr(fitting(f), ==, "abcde");
}

static void test_other_ids_are_named(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->functions[2][0].kind = KIND_OTHER;
        f->functions[2][1].kind = KIND_OTHER;
        assert_refused(f, 2, PLACE_KIND,
                       "c: hostdev 0 needs a VF 15b3:101e, and it offers 8086:101e");
}

static void test_what_is_not_offered_is_not_there(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->hosts[2].n_functions = 0;
        assert_refused(f, 2, PLACE_KIND,
                       "c: hostdev 0 needs a VF 15b3:101e, and it offers none: let it offer some");
}

static void test_what_is_promised_is_not_free(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->functions[0][0].promised = 8;
        assert_refused(f, 0, PLACE_BUSY,
                       "a: hostdev 0 needs a VF 15b3:101e, and all that it offers are promised: "
                       "wait, or let it offer more");
}

static void test_old_qemu_is_ruled_out(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->hosts[0].qemu = version_from_number(8000004);
        f->hosts[1].libvirt = version_from_number(8000000);
        f->hosts[2].qemu = (Version){ 0 };
        g_assert_cmpstr(fitting(f), ==, "cde");
        assert_refused(f, 0, PLACE_SOFTWARE,
                       "a: hostdev 0 needs QEMU 8.1 there, and it has 8.0.4: update it");
        assert_refused(f, 1, PLACE_SOFTWARE,
                       "b: hostdev 0 needs libvirt 8.6 there, and it has 8.0: update it");
}

static void test_away_drained_and_its_own_host_are_ruled_out(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->guest->host = "a";
        f->hosts[1].alive = false;
        f->hosts[2].drained = true;
        g_assert_cmpstr(fitting(f), ==, "de");
        assert_refused(f, 0, PLACE_HERE, "a: g1 is there already");
        assert_refused(f, 1, PLACE_AWAY,
                       "b: it is away: nothing is promised of it before it is back");
        assert_refused(f, 2, PLACE_DRAINED, "c: it is being emptied: take the drain back, or wait");
}

static void test_who_settles_goes_nowhere(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new, "");
        f->guest->host = "a";
        f->guest->settles = 90;
        g_assert_cmpstr(fitting(f), ==, "");
        assert_refused(f, 1, PLACE_SETTLING,
                       "b: g1 settles where it is: wait for 90 s before it moves again");
}

/* The first could have either of two and would take what the second needs. */
static void test_devices_give_way_to_each_other(Fixture *f, gconstpointer unused) {
        static const char *const both[] = { "22.36.1010", "22.39.1002", NULL };

        read_guest(f, both, "");
        for (unsigned i = 0; i < HOSTS; i++)
                f->functions[i][0].offered = f->functions[i][1].offered = 1;
        g_assert_cmpstr(fitting(f), ==, "abcde");
}

static void test_one_for_each_is_not_one_for_all(Fixture *f, gconstpointer unused) {
        static const char *const both[] = { "22.39.1002", "22.39.1002", NULL };

        read_guest(f, both, "");
        f->functions[0][0].offered = 1;
        assert_refused(f, 0, PLACE_TOGETHER,
                       "a: it offers a function for each of the 2 that are needed, and not for all "
                       "at once: wait, or let it offer more");
        f->functions[0][0].offered = 2;
        g_assert_cmpstr(fitting(f), ==, "bcdea");
}

static void test_a_slice_needs_its_amounts(Fixture *f, gconstpointer unused) {
        read_slice(f, "<cores count='4' exclusive='yes'/><memory size='8' unit='GiB'/>");
        f->hosts[0].amounts[HEADROOM_CORES].promised = 13;
        f->hosts[1].amounts[HEADROOM_MEMORY].promised = 60 * GIB_MIB;
        g_assert_cmpstr(fitting(f), ==, "cde");
        assert_refused(
                f, 0, PLACE_AMOUNT,
                "a: 4 of cores are needed, and 3 are offered and not promised: ask for less, "
                "or let it offer more");
        assert_refused(f, 1, PLACE_AMOUNT,
                       "b: 8192 MiB of memory are needed, and 4096 MiB are offered and not "
                       "promised: ask for less, or let it offer more");
}

static void test_parts_of_shared_cores_add_up(Fixture *f, gconstpointer unused) {
        read_slice(f, "<cores count='6' share='250'/>");
        g_assert_cmpuint(f->guest->amounts[HEADROOM_CORES], ==, 2);
}

static void test_offloads_of_a_slice_share_no_device(Fixture *f, gconstpointer unused) {
        read_slice(f, "<offload name='x' cores='2'/><offload name='y' cores='2'/>");
        f->offloads[1][1].amounts[HEADROOM_CORES].promised = 1;
        g_assert_cmpstr(fitting(f), ==, "acde");
        assert_refused(f, 1, PLACE_OFFLOAD,
                       "b: no offload devices there have offered and not promised all that is "
                       "needed: ask for less, or let it offer more");
}

/* Its device is a function of its slice, and not one more. */
static void test_a_device_is_a_function_of_the_slice(Fixture *f, gconstpointer unused) {
        read_guest(f, one_new,
                   "<ferry:slice version='1'><ferry:function name='nic' class='sriov' pool='slow'/>"
                   "<ferry:function name='other' class='sriov'/><ferry:function name='tty' "
                   "class='mdev' type='mtty-1'/></ferry:slice>");
        g_assert_cmpuint(f->guest->wants->len, ==, 3);
        assert_refused(f, 0, PLACE_KIND,
                       "a: hostdev 0 needs a VF 15b3:101e in pool 'slow', and what fits is in pool "
                       "'fast'");
}

static void test_metadata_that_contradicts_itself_is_refused(Fixture *f, gconstpointer unused) {
        g_autoptr(GError) error = NULL;
        MetadataDevice *device;

        read_guest(f, one_new, "");
        device = f->domain->metadata->devices->pdata[0];
        device->need = device_need_new();
        device->need->class_name = g_strdup("mdev");
        g_assert_null(place_guest_new(f->domain, f->compat, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_XML);
        g_assert_cmpstr(error->message, ==,
                        "hostdev 0 needs class 'mdev', but the domain names it as type 'pci': make "
                        "<ferry:need> and the device say the same");
}

static void test_what_is_taken_is_not_taken_again(Fixture *f, gconstpointer unused) {
        g_autoptr(PlaceWorld) copy = place_world_copy(&f->world);
        g_autoptr(Place) place = NULL;

        read_slice(f, "<cores count='5' exclusive='yes'/><function name='nic' type='mtty-1'/>");
        place = place_new(copy, f->guest);
        for (unsigned i = 0; i < 3; i++)
                g_assert_true(place_take(place, copy, 0));
        g_assert_false(place_take(place, copy, 0));
        g_assert_cmpuint(copy->hosts[0].functions[2].promised, ==, 3);
        g_assert_cmpuint(copy->hosts[0].amounts[HEADROOM_CORES].promised, ==, 15);
        g_assert_cmpuint(f->functions[0][2].promised, ==, 0);
}

/* Chance ---------------------------------------------------------------------------- */

/* Tries all ways by which wants could have functions. */
static bool can_all(const Fixture *f, unsigned host, unsigned want, unsigned *left) {
        if (want == f->guest->wants->len)
                return true;
        for (unsigned i = 0; i < SLOTS; i++) {
                const Want *one = f->guest->wants->pdata[want];
                unsigned kind = f->functions[host][i].kind;
                bool is_new_enough = kind == KIND_NEW ||
                                     (kind == KIND_OLD &&
                                      g_str_equal(one->state->firmware, one_old[0]));

                if (!is_new_enough || left[i] == 0)
                        continue;
                left[i]--;
                if (can_all(f, host, want + 1, left))
                        return true;
                left[i]++;
        }
        return false;
}

static void test_chance_agrees_with_all_ways_tried(Fixture *f, gconstpointer unused) {
        unsigned fits = 0, tries = 0;

        for (unsigned round = 0; round < 300; round++) {
                const char *firmware[5] = { NULL };

                for (unsigned i = 0; i < 1 + round % 4; i++)
                        firmware[i] = made_up_chance(round, i) < 0.5 ? one_old[0] : one_new[0];
                g_clear_pointer(&f->guest, place_guest_free);
                g_clear_pointer(&f->domain, domain_free);
                read_guest(f, firmware, "");
                forget(f);
                for (unsigned h = 0; h < HOSTS; h++)
                        for (unsigned i = 0; i < SLOTS; i++)
                                f->functions[h][i] = (PlaceFunctions){
                                        (unsigned)(made_up_chance(round, h * 10 + i + 50) * KINDS),
                                        (unsigned)(made_up_chance(round, h * 10 + i + 150) * 4), 0
                                };
                f->place = place_new(&f->world, f->guest);
                for (unsigned h = 0; h < HOSTS; h++) {
                        unsigned left[SLOTS];
                        bool can;

                        for (unsigned i = 0; i < SLOTS; i++)
                                left[i] = f->functions[h][i].offered;
                        can = can_all(f, h, 0, left);
                        g_assert_true((place_ask(f->place, h).rule == PLACE_FITS) == can);
                        fits += can;
                        tries++;
                }
        }
        g_assert_cmpuint(fits, >, tries / 10);
        g_assert_cmpuint(fits, <, tries * 9 / 10);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, function) g_test_add("/place/" name, Fixture, NULL, set_up, function, tear_down)

        ADD("hosts that are alike keep their order", test_hosts_that_are_alike_keep_their_order);
        ADD("the host with most left is first", test_the_host_with_most_left_is_first);
        ADD("what is forecast counts before what is left",
            test_what_is_forecast_counts_before_what_is_left);
        ADD("a host that is scarce tomorrow is ruled out",
            test_a_host_that_is_scarce_tomorrow_is_ruled_out);
        ADD("bandwidth rules out for those who use it",
            test_bandwidth_rules_out_for_those_who_use_it);
        ADD("state does not go to older firmware", test_state_does_not_go_to_older_firmware);
        ADD("other ids are named", test_other_ids_are_named);
        ADD("what is not offered is not there", test_what_is_not_offered_is_not_there);
        ADD("what is promised is not free", test_what_is_promised_is_not_free);
        ADD("old QEMU and old libvirt are ruled out", test_old_qemu_is_ruled_out);
        ADD("who is away, drained, or has the guest is ruled out",
            test_away_drained_and_its_own_host_are_ruled_out);
        ADD("who settles goes nowhere", test_who_settles_goes_nowhere);
        ADD("devices give way to each other", test_devices_give_way_to_each_other);
        ADD("one for each is not one for all", test_one_for_each_is_not_one_for_all);
        ADD("a slice needs its amounts", test_a_slice_needs_its_amounts);
        ADD("parts of shared cores add up", test_parts_of_shared_cores_add_up);
        ADD("offloads of a slice share no device", test_offloads_of_a_slice_share_no_device);
        ADD("a device is a function of the slice", test_a_device_is_a_function_of_the_slice);
        ADD("metadata that contradicts itself is refused",
            test_metadata_that_contradicts_itself_is_refused);
        ADD("what is taken is not taken again", test_what_is_taken_is_not_taken_again);
        ADD("chance agrees with all ways tried", test_chance_agrees_with_all_ways_tried);
        return g_test_run();
}
