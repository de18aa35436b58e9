"""Where Nova boots guests and moves them to, by what virt-ferry publishes in Placement."""
import nova_harness
from nova_harness import FERRY, NOVA, placement

PF = "0000:3b:00.0"
CARD = {"VF": 4, "CORE": 4, "MEMORY_MIB": 4096, "LANE": 8, "KEY": 2, "KBPS": 10000000}


def slice_of(cores, group="1"):
    """A VF that may migrate to a card with the same format, and what goes with it."""
    return {f"resources{group}__{FERRY}VF": "1", f"resources{group}__{FERRY}CORE": str(cores),
            f"trait{group}__{FERRY}MIGRATABLE": "required",
            f"trait{group}__{FERRY}FORMAT_MLX5_VFIO_PCI_1": "required"}


class TestScheduling(nova_harness.NovaTestCase):
    hosts = ("a", "b", "c")

    def setUp(self):
        super().setUp()
        self.cards = {
            "a": self.card("a", PF, CARD, 1),
            "b": self.card("b", PF, CARD, 1),
            "c": self.card("c", PF, CARD, 2),
        }

    def set_headroom(self, **levels):
        for host, level in levels.items():
            self.cards[host].set_headroom(level)

    def check_used(self, **expected):
        self.assertEqual({host: expected.get(host, {}) for host in self.cards},
                         {host: card.used() for host, card in self.cards.items()})

    @staticmethod
    def cards_of(server):
        """The providers of the guest's resources that are ours."""
        allocations = placement("GET", f"/allocations/{server['id']}")["allocations"]
        return [card for card, allocation in allocations.items()
                if any(name.startswith(FERRY) for name in allocation["resources"])]

    def test_configuration(self):
        """weigher and filter are loaded by their names in nova.conf"""
        manager = self.scheduler_service.manager.host_manager
        self.assertIn("HeadroomWeigher", [type(w).__name__ for w in manager.weighers])
        self.assertIn("OneCardFilter", [type(f).__name__ for f in manager.enabled_filters])

    def test_headroom(self):
        """a guest boots on the host with headroom, as it is at that moment"""
        flavor = self.flavor(**slice_of(1))
        for best, worst in (("a", "b"), ("b", "a")):
            self.set_headroom(**{best: "high", worst: "low"})
            self.assertEqual(best, self.host_of(self.boot(flavor)))
        self.set_headroom(a="med", b="low")
        self.assertEqual("a", self.host_of(self.boot(flavor)))
        self.check_used(a={"VF": 2, "CORE": 2}, b={"VF": 1, "CORE": 1})

    def test_live_migration(self):
        """a guest moves live to the only host with a compatible device, and its claim with it"""
        self.set_headroom(a="low", b="high", c="high")
        server = self.boot(self.flavor(**slice_of(3)))
        self.assertEqual("b", self.host_of(server))
        self.check_used(b={"VF": 1, "CORE": 3})

        server = self._live_migrate(server)
        self.assertEqual("a", self.host_of(server))
        self.check_used(a={"VF": 1, "CORE": 3})

    def test_no_compatible_host(self):
        """a live migration is refused where no host has a compatible device with room"""
        self.set_headroom(a="high", b="low", c="high")
        server = self.boot(self.flavor(**slice_of(3)))
        self.assertEqual("a", self.host_of(server))
        self.cards["b"].set_taken(1)

        server = self._live_migrate(server, migration_expected_state="error")
        self.assertEqual("a", self.host_of(server))
        self.check_used(a={"VF": 1, "CORE": 3})

    def test_room(self):
        """a third guest finds no valid host when two have taken the room"""
        flavor = self.flavor(**slice_of(3))
        self.assertEqual({"a", "b"}, {self.host_of(self.boot(flavor)) for _ in range(2)})
        third = self.boot(flavor, expected_state="ERROR")
        self.assertIn("No valid host", third["fault"]["message"])
        self.check_used(a={"VF": 1, "CORE": 3}, b={"VF": 1, "CORE": 3})

    def test_drained(self):
        """a host whose resources are all reserved gets no guest, however much headroom it has"""
        self.set_headroom(a="high", b="low")
        self.cards["a"].set_taken(1)
        self.assertEqual("b", self.host_of(self.boot(self.flavor(**slice_of(1)))))

    def test_one_card(self):
        """a guest whose flavor has two groups gets both on one card, where Nova shows candidates"""
        if NOVA < 27:
            self.skipTest(f"Nova {NOVA} shows filters no candidates")
        self.card("a", "0000:5e:00.0", CARD, 1)
        flavor = self.flavor(**slice_of(1), **slice_of(1, "2"), group_policy="none")
        for _ in range(4):
            server = self.boot(flavor)
            self.assertEqual(1, len(self.cards_of(server)))
