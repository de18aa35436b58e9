"""What virtferry-placement makes of a host in a real Placement, whatever else happens there."""
import os
import signal
import sqlite3
import threading
import time
import unittest

import placement_host as p
from placement_host import CORE, LANE, PF, VF, Host, Relay, ask, wait_for

OTHER = "0000:5e:00.0"
GUEST = "11111111-2222-4333-8444-555555555555"
CHECK = "[Placement]\nCheckSec=1\n"
KEY = "CUSTOM_VIRTFERRY_KEY"
HEADROOM = "CUSTOM_VIRTFERRY_HEADROOM_"


class Case(unittest.TestCase):
    number = 0

    def host(self, *orders, config="", port=p.PORT, start=True, register=True):
        Case.number += 1
        host = Host(f"compute{Case.number}", port, config)
        self.addCleanup(host.close)
        host.tell(*orders)
        if register:
            host.register()
        return host.start() if start else host

    def published(self, *orders, **options):
        """A host with 8 VFs, of which 1 is taken, that is published."""
        host = self.host(f"set {PF} vfs 8 1 0 high", *orders, **options)
        host.await_inventories({VF: (8, 1)})
        return host

    def relay(self):
        relay = Relay()
        self.addCleanup(relay.close)
        return relay


class TestLife(Case):
    def test_first(self):
        """a host that Nova has not registered yet is published as soon as it is"""
        host = self.host(f"set {PF} vfs 8 1 2 med", f"function 0000:3b:00.1 {PF} mlx5_vfio_pci -",
                         register=False)
        wait_for(lambda: "is nova-compute running" in host.log())
        host.register()
        host.await_inventories({VF: (8, 3)})
        name = f"{host.name}_virtferry_{PF}"
        wait_for(lambda: p.traits(host.uuid_of(PF)) == {
            HEADROOM + "MED", "CUSTOM_VIRTFERRY_MIGRATABLE",
            "CUSTOM_VIRTFERRY_FORMAT_MLX5_VFIO_PCI_0"})
        self.assertEqual(set(p.tree_of(host.root)), {host.name, name})
        wait_for(lambda: "Placement knows again" in host.log())
        self.assertEqual(len(host.log().splitlines()), 2, host.log())

    def test_id_file(self):
        """the file of nova-compute says which provider is the host's, whatever it is called"""
        host = self.host(f"set {PF} vfs 8 1 0 high", start=False, register=False)
        host.root = p.register(host.name + ".example.org")
        host.write("compute_id", host.root + "\n")
        host.start()
        host.await_inventories({VF: (8, 1)})
        self.assertIn(f"{host.name}.example.org_virtferry_{PF}", p.tree_of(host.root))

    def test_change(self):
        """a change of the host is seen within a second, and so is one that comes with it"""
        host = self.published()
        for taken in (3, 5, 0):
            begun = time.monotonic()
            host.tell(f"set {PF} vfs 8 {taken} 0 low", f"set {PF} lanes 16 {taken} 0 low")
            host.await_inventories({VF: (8, taken), LANE: (16, taken)})
            self.assertLess(time.monotonic() - begun, 1)
        wait_for(lambda: p.traits(host.uuid_of(PF)) == {HEADROOM + "LOW"})

    def test_gone(self):
        """a device that goes away is deleted, and one that comes back has the same UUID"""
        host = self.published(f"set dpu0 cores 16 0 4 high")
        host.await_inventories({CORE: (16, 4)}, "dpu0")
        host.tell(f"gone {PF}")
        wait_for(lambda: host.inventories() is None)
        host.tell(f"set {PF} vfs 8 1 0 high")
        host.await_inventories({VF: (8, 1)})
        self.assertEqual(host.inventories("dpu0"), {CORE: (16, 4)})

    def test_drain(self):
        """a host that is drained has all reserved until guests may come again"""
        host = self.published()
        host.tell("drain draining")
        host.await_inventories({VF: (8, 8)})
        host.tell("drain -")
        host.await_inventories({VF: (8, 1)})

    def test_end(self):
        """what ends in order leaves all reserved, and what starts again mends that"""
        host = self.published()
        self.assertEqual(host.stop(), 0)
        self.assertEqual(host.inventories(), {VF: (8, 8)})
        host.start().await_inventories({VF: (8, 1)})

    def test_end_without_answer(self):
        """one that cannot reserve anything ends all the same"""
        relay = self.relay()
        host = self.published(port=relay.port)
        relay.instead = lambda method, path: (503, b"")
        begun = time.monotonic()
        self.assertEqual(host.stop(), 0)
        self.assertLess(time.monotonic() - begun, 14)
        self.assertIn("did not take in time", host.log())

    def test_daemon_away(self):
        """while virtferryd is away what was published stays, and that is said once"""
        host = self.published()
        host.stop_daemon()
        wait_for(lambda: "virtferryd does not tell" in host.log())
        self.assertEqual(host.inventories(), {VF: (8, 1)})
        host.start_daemon()
        host.tell(f"set {PF} vfs 8 2 0 high")
        host.await_inventories({VF: (8, 2)})
        wait_for(lambda: "Placement knows again" in host.log())
        self.assertEqual(len(host.log().splitlines()), 2, host.log())


class TestGuests(Case):
    def test_nova_guest(self):
        """what a guest of Nova has is allocated, and not reserved as well"""
        host = self.published()
        p.claim(host.uuid_of(PF), {VF: 2}, GUEST)
        host.tell("quiet", f"function 0000:3b:00.1 {PF} igb -", f"function 0000:3b:00.2 {PF} igb -",
                  f"lease {GUEST} 0000:3b:00.1", f"lease {GUEST} 0000:3b:00.2",
                  f"set {PF} lanes 16 0 0 high", f"set {PF} vfs 8 3 0 high", "loud")
        host.await_inventories({VF: (8, 1), LANE: (16, 0)})

    def test_other_guest(self):
        """what another guest has is reserved, and free when that has gone"""
        host = self.published()
        host.tell("quiet", f"function 0000:3b:00.1 {PF} igb -", f"lease {GUEST} 0000:3b:00.1",
                  f"set {PF} vfs 8 2 0 high", "loud")
        host.await_inventories({VF: (8, 2)})
        host.tell("quiet", f"release {GUEST} 0000:3b:00.1", f"set {PF} vfs 8 1 0 high", "loud")
        host.await_inventories({VF: (8, 1)})


class TestOthers(Case):
    def test_deleted(self):
        """a provider that somebody deletes is made again"""
        host = self.published(config=CHECK)
        ask("DELETE", f"/resource_providers/{host.uuid_of(PF)}")
        host.await_inventories({VF: (8, 1)})
        wait_for(lambda: p.traits(host.uuid_of(PF)) == {HEADROOM + "HIGH"})

    def test_changed(self):
        """what somebody changes of ours is put back, and what is theirs stays"""
        host = self.published(config=CHECK)
        provider = f"/resource_providers/{host.uuid_of(PF)}"
        ask("PUT", "/traits/CUSTOM_RACK_7")
        wait_for(lambda: p.traits(host.uuid_of(PF)) == {HEADROOM + "HIGH"})
        generation = ask("GET", provider)["generation"]
        ask("PUT", f"{provider}/traits",
            {"resource_provider_generation": generation, "traits": ["CUSTOM_RACK_7"]})
        ask("PUT", f"{provider}/inventories/{VF}",
            {"resource_provider_generation": generation + 1, "total": 100})
        host.await_inventories({VF: (8, 1)})
        wait_for(lambda: p.traits(host.uuid_of(PF)) == {HEADROOM + "HIGH", "CUSTOM_RACK_7"})

    def test_renamed(self):
        """a host that is called otherwise has its providers renamed"""
        host = self.published(config=CHECK)
        ask("PUT", f"/resource_providers/{host.root}", {"name": host.name + "b"})
        wait_for(lambda: f"{host.name}b_virtferry_{PF}" in p.tree_of(host.root))

    def test_neighbours(self):
        """Nova's own providers below the same root, and those of others, are let be"""
        host = self.host(f"set {PF} vfs 8 1 0 high", start=False)
        nova = p.register(f"{host.name}_{OTHER}", host.root)
        lookalike = p.register(f"{host.name}_virtferry_{OTHER}", host.root)
        host.start().await_inventories({VF: (8, 1)})
        self.assertEqual({row["uuid"] for row in p.tree_of(host.root).values()},
                         {host.root, nova, lookalike, host.uuid_of(PF)})

    def test_root_changes(self):
        """Nova writes its root between our writes, and neither hinders the other"""
        host = self.host(*(f"set 0000:{n:02x}:00.0 vfs 8 0 0 high" for n in range(20)), start=False)
        ask("PUT", "/resource_classes/CUSTOM_NOVA")
        ask("PUT", "/traits/CUSTOM_OF_NOVA")
        root, stop, problems, writes = f"/resource_providers/{host.root}", threading.Event(), [], []

        def nova():
            while not stop.is_set():
                try:
                    generation = ask("GET", root)["generation"]
                    ask("PUT", f"{root}/inventories", {
                        "resource_provider_generation": generation,
                        "inventories": {"CUSTOM_NOVA": {"total": 1 + len(writes)}}})
                    ask("PUT", f"{root}/traits", {"resource_provider_generation": generation + 1,
                                                  "traits": ["CUSTOM_OF_NOVA"]})
                    writes.append(generation)
                except p.Answer as answer:
                    problems.append(answer)

        thread = threading.Thread(target=nova)
        self.addCleanup(stop.set)
        thread.start()
        host.start()
        for n in range(20):
            host.await_inventories({VF: (8, 0)}, f"0000:{n:02x}:00.0")
        stop.set()
        thread.join()
        self.assertEqual(problems, [])
        self.assertGreater(len(writes), 3)
        self.assertEqual(set(p.inventories(host.root)), {"CUSTOM_NOVA"})
        self.assertEqual(p.traits(host.root), {"CUSTOM_OF_NOVA"})


class TestConflicts(Case):
    def test_generation(self):
        """somebody who writes to the same provider all the time is not overwritten, nor obeyed"""
        relay = self.relay()
        host = self.published(port=relay.port)
        provider, stop = f"/resource_providers/{host.uuid_of(PF)}", threading.Event()
        ask("PUT", "/traits/CUSTOM_RACK_8")

        def flap():
            while not stop.is_set():
                try:
                    found = ask("GET", f"{provider}/traits")
                    names = set(found["traits"]) ^ {"CUSTOM_RACK_8"}
                    ask("PUT", f"{provider}/traits", {
                        "resource_provider_generation": found["resource_provider_generation"],
                        "traits": sorted(names)})
                except p.Answer:
                    pass  # whoever comes second reads again
                stop.wait(0.03)

        thread = threading.Thread(target=flap)
        self.addCleanup(stop.set)
        thread.start()
        for taken in range(2, 8):
            host.tell(f"set {PF} vfs 8 {taken} 0 high")
            host.await_inventories({VF: (8, taken)})
        stop.set()
        thread.join()
        self.assertIn(409, [status for *_, status in relay.requests])
        wait_for(lambda: HEADROOM + "HIGH" in p.traits(host.uuid_of(PF)))

    def test_class_in_use(self):
        """a class in use that the host has no more stays with all of it reserved, until it is free"""
        host = self.host(f"set {PF} vfs 8 1 0 high", f"set {PF} lanes 16 0 0 high")
        host.await_inventories({VF: (8, 1), LANE: (16, 0)})
        guest = p.claim(host.uuid_of(PF), {LANE: 4})
        host.tell(f"set {PF} lanes 0 0 0 high")
        host.await_inventories({VF: (8, 1), LANE: (16, 16)})
        p.claim(host.uuid_of(PF), {}, guest)
        host.tell("loud")
        host.await_inventories({VF: (8, 1)})

    def test_delete_in_use(self):
        """a device that goes away while it is in use is reserved, and deleted when it is free"""
        host = self.published()
        guest = p.claim(host.uuid_of(PF), {VF: 2})
        host.tell(f"gone {PF}")
        host.await_inventories({VF: (8, 8)})
        p.claim(host.uuid_of(PF), {}, guest)
        host.tell("loud")
        wait_for(lambda: host.inventories() is None)

    def test_below_usage(self):
        """less than is claimed can be published"""
        host = self.published()
        p.claim(host.uuid_of(PF), {VF: 6})
        host.tell(f"set {PF} vfs 4 0 0 high")
        host.await_inventories({VF: (4, 0)})

    def test_name_is_taken(self):
        """a name that somebody else has is one clear sentence, and the others are published"""
        host = self.host(f"set {PF} vfs 8 1 0 high", f"set {OTHER} vfs 4 0 0 high", config=CHECK,
                         start=False)
        thief = p.register(f"{host.name}_virtferry_{PF}")
        host.start().await_inventories({VF: (4, 0)}, OTHER)
        wait_for(lambda: "is not ours: rename or delete it" in host.log())
        self.assertIn(thief, host.log())
        ask("DELETE", f"/resource_providers/{thief}")
        host.await_inventories({VF: (8, 1)})
        wait_for(lambda: "Placement knows again" in host.log())
        self.assertEqual(len(host.log().splitlines()), 2, host.log())

    def test_uuid_is_elsewhere(self):
        """a provider of ours that was left below another root comes under this one"""
        host = self.host(f"set {PF} vfs 8 1 0 high", start=False)
        former = p.register(host.name + "-former")
        p.register(f"{host.name}_virtferry_{PF}", former, host.uuid_of(PF))
        host.start().await_inventories({VF: (8, 1)})
        self.assertIn(f"{host.name}_virtferry_{PF}", p.tree_of(host.root))

    def test_class_is_missing(self):
        """a class and a trait that somebody deletes while nobody has them are made again"""
        host = self.host(f"set {PF} vfs 8 1 0 high", f"set {PF} keys 4 0 0 low")
        host.await_inventories({VF: (8, 1), KEY: (4, 0)})
        host.tell(f"set {PF} keys 0 0 0 high")
        wait_for(lambda: p.traits(host.uuid_of(PF)) == {HEADROOM + "HIGH"})
        ask("DELETE", f"/resource_classes/{KEY}")
        ask("DELETE", f"/traits/{HEADROOM}LOW")
        host.tell(f"set {PF} keys 4 0 0 low")
        host.await_inventories({VF: (8, 1), KEY: (4, 0)})
        wait_for(lambda: p.traits(host.uuid_of(PF)) == {HEADROOM + "LOW"})

    def test_locked_database(self):
        """a server in trouble is tried again later, and that is said once"""
        host = self.published()
        database = sqlite3.connect(os.environ["PLACEMENT_DATABASE"], isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        host.tell(f"set {PF} vfs 8 2 0 high")
        try:
            wait_for(lambda: "HTTP 500" in host.log(), 30)
        finally:
            database.execute("ROLLBACK")
            database.close()
        host.await_inventories({VF: (8, 2)}, seconds=40)
        wait_for(lambda: "Placement knows again" in host.log())
        self.assertEqual(len(host.log().splitlines()), 2, host.log())

    def test_not_understood(self):
        """a provider that Placement refuses as wrong does not hold up the others"""
        relay = self.relay()
        host = self.host(f"set {PF} vfs 8 1 0 high", f"set {OTHER} vfs 4 0 0 high", start=False,
                         port=relay.port)
        wrong = host.uuid_of(PF)
        relay.instead = lambda method, path: (
            (400, b'{"errors": [{"detail": "no"}]}') if method == "PUT" and wrong in path else None)
        host.start().await_inventories({VF: (4, 0)}, OTHER)
        wait_for(lambda: "HTTP 400" in host.log())

    def test_cannot_move(self):
        """a provider of ours elsewhere that cannot be moved here is not tried for ever"""
        relay = self.relay()
        host = self.host(f"set {PF} vfs 8 1 0 high", start=False, port=relay.port)
        former = p.register(host.name + "-former")
        p.register(f"{host.name}_virtferry_{PF}", former, host.uuid_of(PF))
        relay.instead = lambda method, path: (
            (400, b'{"errors": [{"detail": "not so"}]}')
            if method == "PUT" and path == f"/resource_providers/{host.uuid_of(PF)}" else None)
        host.start()
        wait_for(lambda: "not so" in host.log())
        asked = relay.count()
        time.sleep(1)
        self.assertEqual(relay.count(), asked)

    def test_large_numbers(self):
        """more than Placement can count is published as all that it can"""
        host = self.host(f"set {PF} bandwidth 99999999999 99999999999 0 low")
        host.await_inventories({"CUSTOM_VIRTFERRY_KBPS": (2147483647, 2147483647)})

    def test_refused(self):
        """one that may not write says so once, and hardly ever asks again"""
        relay = self.relay()
        relay.instead = lambda method, path: (403, b'{"errors": [{"detail": "Policy"}]}')
        host = self.host(f"set {PF} vfs 8 1 0 high", port=relay.port)
        wait_for(lambda: "HTTP 403" in host.log())
        asked = relay.count()
        for taken in range(5):
            host.tell(f"set {PF} vfs 8 {taken} 0 high")
        time.sleep(2)
        self.assertEqual(relay.count(), asked)
        self.assertEqual(len(host.log().splitlines()), 1, host.log())

    def test_away(self):
        """while nobody answers it is asked ever less, and all is there when somebody does"""
        relay = self.relay()
        host = self.published(port=relay.port)
        relay.instead = lambda method, path: (503, b"")
        before = relay.count()
        host.tell(f"set {PF} vfs 8 2 0 high")
        time.sleep(4)
        self.assertLess(relay.count() - before, 6)
        relay.instead = None
        host.await_inventories({VF: (8, 2)})
        wait_for(lambda: "Placement knows again" in host.log())
        self.assertEqual(len(host.log().splitlines()), 2, host.log())


class TestReal(Case):
    def test_slice(self):
        """the real virtferryd promises a slice of an offload device, and Nova has that much less"""
        host = p.RealHost("compute-real")
        self.addCleanup(host.close)
        host.register()
        host.start()

        def left():
            total, reserved = host.inventories("dpu0")[CORE]
            used = ask("GET", f"/resource_providers/{host.uuid_of('dpu0')}/usages")["usages"][CORE]
            return total - reserved - used

        wait_for(lambda: left() == 16)
        wait_for(lambda: p.traits(host.uuid_of("dpu0")) == {HEADROOM + "HIGH"})
        host.tell(f"allocate {GUEST} 3")
        wait_for(lambda: left() == 13)
        host.tell(f"release {GUEST}")
        wait_for(lambda: left() == 16)
        self.assertEqual(host.stop(), 0)
        self.assertEqual(host.inventories("dpu0"), {CORE: (16, 16)})


class TestMany(Case):
    def test_kill(self):
        """one that is killed after any request comes to the same tree when it starts again"""
        orders = [f"set {PF} vfs 8 1 0 high", f"set {OTHER} vfs 4 0 2 med",
                  f"function 0000:3b:00.1 {PF} igb 1.2"]

        def tree(host):
            return {name.replace(host.name, ""): (host.inventories(device),
                                                  p.traits(host.uuid_of(device)))
                    for name in p.tree_of(host.root) for device in [name.split("_virtferry_")[-1]]
                    if device != host.name}

        whole = {f"_virtferry_{PF}": ({VF: (8, 1)}, {
            HEADROOM + "HIGH", "CUSTOM_VIRTFERRY_MIGRATABLE", "CUSTOM_VIRTFERRY_FORMAT_IGB_1_2"}),
            f"_virtferry_{OTHER}": ({VF: (4, 2)}, {HEADROOM + "MED"})}
        for requests in range(2, 16):
            relay = Relay()
            host = self.host(*orders, start=False, port=relay.port)
            asked = []

            def count(method, path):
                asked.append(path)
                if len(asked) > requests:
                    reached.set()
                    return 503, b""
                return None

            reached = threading.Event()
            relay.instead = count
            host.start()
            reached.wait(5)
            host.stop(signal.SIGKILL)
            relay.instead = None
            host.start()
            wait_for(lambda: tree(host) == whole)
            host.stop(signal.SIGKILL)
            relay.close()

    def test_fifty(self):
        """50 hosts of 4 cards each that start at once are all there, and at rest, within a minute"""
        cards = [f"0000:{n:02x}:00.0" for n in range(4)]
        hosts = [self.host(*(f"set {card} vfs 8 {n} 0 high" for n, card in enumerate(cards)),
                           start=False) for _ in range(50)]
        begun = time.monotonic()
        for host in hosts:
            host.start()
        for host in hosts:
            for n, card in enumerate(cards):
                host.await_inventories({VF: (8, n)}, card, seconds=80)
        print(f"# {time.monotonic() - begun:.1f} s", flush=True)
        for host in hosts:
            self.assertEqual(len(p.tree_of(host.root)), 5)
