/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/core/strategy.h"

#include <string.h>

#include "tests/lib/fake-root.h"
#include "xml/ferry-error.h"

#define U1 "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define U2 "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"

typedef struct Fixture {
        FakeRoot *root;
        Config *config;
        Inventory *inventory;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        f->root = fake_root_new();
        fake_root_add_mtty(f->root);
        f->config = config_new();
        f->inventory = inventory_new(fake_root_sysfs(f->root), f->config, NULL);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        inventory_free(f->inventory);
        config_free(f->config);
        fake_root_free(f->root);
}

/* The host has this mdev, whose driver can this. */
static void add(Fixture *f, const char *uuid, int caps) {
        fake_root_add_mdev(f->root, "mtty", "mtty-1", uuid);
        fake_root_set_vfio(f->root, "mtty", caps, 0);
        g_assert_cmpint(inventory_scan(f->inventory), ==, 0);
        g_assert_cmpint(inventory_probe(f->inventory, uuid), ==, 0);
}

#define MDEV(uuid, inside)                                                         \
        "<hostdev mode='subsystem' type='mdev'><source><address uuid='" uuid "'/>" \
        "</source>" inside "</hostdev>"
#define TRANSIENT "<teaming type='transient' persistent='ua-x'/>"
#define ADDRESS   "<address type='pci' domain='0' bus='0' slot='5' function='0'/>"
#define GUEST(metadata, devices) \
        "<domain><name>g</name>" metadata "<devices>" devices "</devices></domain>"
#define SEEN(caps)                                                                              \
        "<metadata><f:domain xmlns:f='" METADATA_URI "' version='1'><f:device "                 \
        "address='0000:00:05.0'><f:seen class='mdev' driver='old' vfio='" caps "'/></f:device>" \
        "</f:domain></metadata>"

/* The strategy, why, and what is unplugged; or the error. */
static char *choose(Fixture *f, const char *xml, const char *wish) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Domain) domain = domain_from_xml(xml, strlen(xml), &error);
        g_auto(StrategyChoice) choice = { 0 };
        g_autoptr(GString) text = NULL;

        g_assert_no_error(error);
        if (!strategy_choose(domain, f->inventory, wish, &choice, &error))
                return g_strdup(error->message);

        text = g_string_new(NULL);
        g_string_printf(text, "%s: %s", strategy_to_string(choice.strategy), choice.why);
        for (guint i = 0; i < choice.unplugged->len; i++)
                g_string_append_printf(text, ", -%s",
                                       ((DomainDevice *)choice.unplugged->pdata[i])->source);
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static void assert_chosen(Fixture *f, const char *xml, const char *wish, const char *expected) {
        g_autofree char *got = choose(f, xml, wish);

        g_assert_cmpstr(got, ==, expected);
}

static void test_a_guest_without_devices_just_moves(Fixture *f, gconstpointer unused) {
        assert_chosen(f, GUEST("", ""), NULL, "live: it has no passthrough device");
        assert_chosen(f, GUEST("", ""), "auto", "live: it has no passthrough device");
        assert_chosen(f, GUEST("", ""), "", "live: it has no passthrough device");
}

static void test_devices_that_can_carry_their_state(Fixture *f, gconstpointer unused) {
        add(f, U1, VFIO_CAP_STOP_COPY | VFIO_CAP_PRE_COPY);
        assert_chosen(f, GUEST("", MDEV(U1, "")), NULL,
                      "vfio: its devices carry their state, most of it while it runs");
        assert_chosen(f, GUEST("", MDEV(U1, "") MDEV(U2, "")), "vfio",
                      "vfio: its devices carry their state, once it is paused");
}

#define WITHOUT_IT ": the guest is without it from then until it has arrived"

static void test_a_device_that_cannot_migrate_is_unplugged(Fixture *f, gconstpointer unused) {
        const char *guest = GUEST("", MDEV(U2, "") MDEV(U1, ""));

        add(f, U1, 0);
        assert_chosen(f, guest, NULL,
                      "replug: hostdev 1 (" U1 ", driver mtty) is unplugged while it moves, since "
                      "its driver has no migration support" WITHOUT_IT ", -" U1);
        assert_chosen(f, GUEST("", MDEV(U1, TRANSIENT) MDEV(U1, "")), "auto",
                      "replug: hostdev 1 (" U1 ", driver mtty) is unplugged while it moves, since "
                      "its driver has no migration support" WITHOUT_IT ", -" U1);
        assert_chosen(f, guest, "replug",
                      "replug: hostdev 1 (" U1 ", driver mtty) and hostdev 0 (" U2
                      ", driver not known) are unplugged while it moves: the guest is without "
                      "them from then until it has arrived, -" U1 ", -" U2);
}

static void test_another_strategy_than_that_is_refused(Fixture *f, gconstpointer unused) {
        const char *guest = GUEST("", MDEV(U2, "") MDEV(U1, ""));

        add(f, U1, 0);
        assert_chosen(f, guest, "vfio",
                      "hostdev 1 (" U1 ") cannot come along with strategy vfio, since driver mtty "
                      "has no migration support: leave the choice to 'auto', which unplugs it for "
                      "the move");
        assert_chosen(f, guest, "live",
                      "Strategy live is not possible with the devices of this guest, replug is: "
                      "leave the choice to 'auto'");
}

static void test_a_device_that_could_migrate_is_unplugged_by_name(Fixture *f,
                                                                  gconstpointer unused) {
        add(f, U1, VFIO_CAP_STOP_COPY);
        assert_chosen(f, GUEST("", MDEV(U1, "") MDEV(U2, TRANSIENT)), "replug",
                      "replug: hostdev 0 (" U1 ", driver mtty) is unplugged while it "
                      "moves" WITHOUT_IT ", -" U1);
        assert_chosen(f, GUEST("", MDEV(U1, TRANSIENT)), "replug",
                      "Strategy replug is not possible with the devices of this guest, mediated "
                      "is: leave the choice to 'auto'");
}

static void test_only_who_asks_for_cold_gets_it(Fixture *f, gconstpointer unused) {
        add(f, U1, 0);
        assert_chosen(f, GUEST("", MDEV(U1, "")), "cold",
                      "cold: it is shut down here and started there, and nobody has it in between");
        assert_chosen(f, GUEST("", ""), "cold",
                      "cold: it is shut down here and started there, and nobody has it in between");
}

/* More than a sentence takes: then without the details. */
static void test_many_devices_are_named_in_short(Fixture *f, gconstpointer unused) {
        add(f, U1, 0);
        assert_chosen(f,
                      GUEST("", MDEV(U1, "<alias name='ua-a'/>") MDEV(U1, "<alias name='ua-b'/>")
                                        MDEV(U1, "<alias name='ua-c'/>")
                                                MDEV(U1, "<alias name='ua-d'/>")),
                      NULL,
                      "replug: ua-a, ua-b, ua-c and ua-d are unplugged while it moves, since their "
                      "drivers have no migration support: the guest is without them from then "
                      "until it has arrived, -" U1 ", -" U1 ", -" U1 ", -" U1);
}

#define NOTE                                                                                 \
        "<metadata><f:domain xmlns:f='" METADATA_URI "' version='1'><f:device alias='ua-a'>" \
        "<f:unplugged strategy='replug' source='" U2 "'>&lt;hostdev type='mdev'&gt;&lt;"     \
        "source&gt;&lt;address uuid='" U2 "'/&gt;&lt;/source&gt;&lt;/hostdev&gt;</f:"        \
        "unplugged></f:device></f:domain></metadata>"

static void test_what_is_unplugged_already_goes_so(Fixture *f, gconstpointer unused) {
        assert_chosen(f, GUEST(NOTE, ""), NULL,
                      "replug: a device of it is unplugged already, and is plugged in where it "
                      "arrives");

        add(f, U1, 0);
        assert_chosen(f, GUEST(NOTE, MDEV(U1, "<alias name='ua-b'/>")), NULL,
                      "replug: ua-b (" U1 ", driver mtty) is unplugged while it moves, since its "
                      "driver has no migration support" WITHOUT_IT ", -" U1);
}

static void test_a_transient_device_is_unplugged(Fixture *f, gconstpointer unused) {
        add(f, U1, 0);
        assert_chosen(
                f, GUEST("", MDEV(U1, TRANSIENT)), NULL,
                "mediated: 1 of its devices is unplugged while it moves, the virtio half of the "
                "team carries the traffic, and both hosts see that little of it is lost");
        assert_chosen(f, GUEST("", MDEV(U1, TRANSIENT)), "failover",
                      "Strategy failover is not possible with the devices of this guest, mediated "
                      "is: leave the choice to 'auto'");

        f->config->mediation = false;
        assert_chosen(f, GUEST("", MDEV(U1, TRANSIENT) MDEV(U2, TRANSIENT) MDEV(U1, TRANSIENT)),
                      "failover",
                      "failover: 3 of its devices are unplugged while it moves, and the virtio "
                      "half of the team carries the traffic");
}

static void test_what_was_seen_counts_where_nobody_can_ask(Fixture *f, gconstpointer unused) {
        assert_chosen(f, GUEST(SEEN("stop-copy pre-copy"), MDEV(U2, ADDRESS)), NULL,
                      "vfio: its devices carry their state, most of it while it runs");
        assert_chosen(f, GUEST(SEEN(""), MDEV(U2, ADDRESS)), NULL,
                      "replug: hostdev 0 (" U2 ", driver old) is unplugged while it moves, since "
                      "its driver has no migration support" WITHOUT_IT ", -" U2);

        add(f, U1, VFIO_CAP_STOP_COPY);
        assert_chosen(f, GUEST(SEEN(""), MDEV(U1, ADDRESS)), NULL,
                      "vfio: its devices carry their state, once it is paused");
}

static void test_a_wish_that_cannot_be(Fixture *f, gconstpointer unused) {
        assert_chosen(
                f, GUEST("", ""), "vfio",
                "Strategy vfio is not possible with the devices of this guest, live is: leave "
                "the choice to 'auto'");
        assert_chosen(f, GUEST("", ""), "teleport",
                      "Strategy 'teleport' is not one of auto, live, vfio, failover, mediated, "
                      "replug and cold");
}

#define ADD(name, function) \
        g_test_add("/strategy/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        ADD("a guest without devices just moves", test_a_guest_without_devices_just_moves);
        ADD("devices that can carry their state", test_devices_that_can_carry_their_state);
        ADD("a device that cannot migrate is unplugged",
            test_a_device_that_cannot_migrate_is_unplugged);
        ADD("another strategy than that is refused", test_another_strategy_than_that_is_refused);
        ADD("a device that could migrate is unplugged by name",
            test_a_device_that_could_migrate_is_unplugged_by_name);
        ADD("only who asks for cold gets it", test_only_who_asks_for_cold_gets_it);
        ADD("many devices are named in short", test_many_devices_are_named_in_short);
        ADD("what is unplugged already goes so", test_what_is_unplugged_already_goes_so);
        ADD("a transient device is unplugged", test_a_transient_device_is_unplugged);
        ADD("what was seen counts where nobody can ask",
            test_what_was_seen_counts_where_nobody_can_ask);
        ADD("a wish that cannot be is refused", test_a_wish_that_cannot_be);
        return g_test_run();
}
