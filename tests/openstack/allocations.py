"""Allocations of guests that Nova does not know: run by test-allocations."""
import unittest
import uuid

from placement_host import CORE, PF, VF, Host, Relay, ask, claim, wait_for

TYPE = "VIRTFERRY_DOMAIN"


def allocations(consumer):
    """By provider; and the type of the consumer."""
    found = ask("GET", f"/allocations/{consumer}")
    return ({provider: row["resources"] for provider, row in found["allocations"].items()},
            found.get("consumer_type"))


class Case(unittest.TestCase):
    def make_host(self, name, total=8, **more):
        host = Host(f"{name}-{uuid.uuid4()}", **more)
        self.addCleanup(host.close)
        host.register()
        host.tell(f"set {PF} vfs {total} 0 0 high", "set dpu0 cores 16 0 0 high")
        host.start()
        host.await_inventories({VF: (total, 0)})
        host.await_inventories({CORE: (16, 0)}, device="dpu0")
        return host

    def make_guest(self):
        guest = str(uuid.uuid4())
        self.addCleanup(forget, guest)
        return guest

    def await_claims(self, guest, wanted, kind=TYPE):
        def same():
            self.assertEqual(allocations(guest), (wanted, kind if wanted else None))
            return True
        wait_for(same)


def forget(guest):
    if allocations(guest)[0]:
        claim("", {}, guest)


def arrive(host, guest, n, total=8, state="running", owner="-"):
    """So many functions are leased to it, and it is there."""
    host.tell("quiet", *(f"function 0000:3b:00.{i} {PF} igb -" for i in range(1, n + 1)),
              *(f"lease {guest} 0000:3b:00.{i}" for i in range(1, n + 1)),
              f"guest {guest} {state} {owner}", f"set {PF} vfs {total} {n} 0 high", "loud")


def depart(host, guest, n, total=8):
    host.tell("quiet", *(f"release {guest} 0000:3b:00.{i}" for i in range(1, n + 1)),
              f"leave {guest}", f"set {PF} vfs {total} 0 0 high", "loud")


class TestOne(Case):
    def test_life(self):
        """what a guest holds is its own, and given up when it has gone"""
        host, guest = self.make_host("here"), self.make_guest()
        arrive(host, guest, 2)
        self.await_claims(guest, {host.uuid_of(PF): {VF: 2}})
        host.await_inventories({VF: (8, 0)})
        depart(host, guest, 2)
        self.await_claims(guest, {})
        host.await_inventories({VF: (8, 0)})

    def test_slice_changes(self):
        """a slice that grows, and shrinks again"""
        host, guest = self.make_host("here"), self.make_guest()
        host.tell("quiet", f"guest {guest} running -", f"slice {guest} offload:dpu0/cores 4",
                  "set dpu0 cores 16 4 0 high", "loud")
        self.await_claims(guest, {host.uuid_of("dpu0"): {CORE: 4}})
        host.tell("quiet", f"slice {guest} offload:dpu0/cores 12", "set dpu0 cores 16 12 0 high",
                  "loud")
        self.await_claims(guest, {host.uuid_of("dpu0"): {CORE: 12}})
        host.tell("quiet", f"slice {guest} offload:dpu0/cores 2", "set dpu0 cores 16 2 0 high",
                  "loud")
        self.await_claims(guest, {host.uuid_of("dpu0"): {CORE: 2}})
        host.await_inventories({CORE: (16, 0)}, device="dpu0")

    def test_no_room_but_its_own(self):
        """a guest that holds all that was reserved for it is not in its own way"""
        host, guest = self.make_host("here"), self.make_guest()
        arrive(host, guest, 6)
        self.await_claims(guest, {host.uuid_of(PF): {VF: 6}})
        host.await_inventories({VF: (8, 0)})

    def test_two_devices(self):
        """what it holds of two devices is written at once"""
        host, guest = self.make_host("here"), self.make_guest()
        host.tell("quiet", f"slice {guest} offload:dpu0/cores 10", "set dpu0 cores 16 10 0 high",
                  "loud")
        arrive(host, guest, 5)
        self.await_claims(guest, {host.uuid_of(PF): {VF: 5}, host.uuid_of("dpu0"): {CORE: 10}})

    def test_deleted(self):
        """what somebody has taken away is put back"""
        host, guest = self.make_host("here", config="[Placement]\nCheckSec=1\n"), self.make_guest()
        arrive(host, guest, 2)
        self.await_claims(guest, {host.uuid_of(PF): {VF: 2}})
        claim("", {}, guest)
        self.await_claims(guest, {host.uuid_of(PF): {VF: 2}})

    def test_restart(self):
        """what has gone while nobody looked is given up at the start"""
        host, guest = self.make_host("here"), self.make_guest()
        arrive(host, guest, 2)
        self.await_claims(guest, {host.uuid_of(PF): {VF: 2}})
        host.stop(9)
        depart(host, guest, 2)
        host.start()
        self.await_claims(guest, {})

    def test_at_rest(self):
        """when all is written, nothing is asked"""
        relay = Relay()
        self.addCleanup(relay.close)
        host, guest = self.make_host("here", port=relay.port), self.make_guest()
        arrive(host, guest, 2)
        self.await_claims(guest, {host.uuid_of(PF): {VF: 2}})
        host.await_inventories({VF: (8, 0)})
        before = [None]

        def rests():
            count, before[0] = before[0], relay.count()
            return count == before[0]
        wait_for(rests, step=3)


class TestNova(Case):
    def test_instance(self):
        """an instance is Nova's, even where virtferryd does not know that yet"""
        host, guest = self.make_host("here"), self.make_guest()
        claim(host.uuid_of(PF), {VF: 1}, guest)
        other = self.make_guest()
        arrive(host, guest, 2)
        arrive(host, other, 3)
        self.await_claims(other, {host.uuid_of(PF): {VF: 3}})
        self.assertEqual(allocations(guest), ({host.uuid_of(PF): {VF: 1}}, "INSTANCE"))
        depart(host, guest, 2)
        depart(host, other, 3)
        self.await_claims(other, {})
        self.assertEqual(allocations(guest), ({host.uuid_of(PF): {VF: 1}}, "INSTANCE"))

    def test_owner(self):
        """what virtferryd says is Nova's, or does not know, is not claimed"""
        host = self.make_host("here")
        nova, unknown, other = (self.make_guest() for _ in range(3))
        arrive(host, nova, 1, owner="nova")
        arrive(host, unknown, 1, owner="unknown")
        arrive(host, other, 1)
        self.await_claims(other, {host.uuid_of(PF): {VF: 1}})
        self.assertEqual(allocations(nova), ({}, None))
        self.assertEqual(allocations(unknown), ({}, None))


class TestMove(Case):
    def test_move(self):
        """a guest that has come takes its allocations along, and loses them at no time"""
        here, there, guest = self.make_host("here"), self.make_host("there"), self.make_guest()
        arrive(here, guest, 2)
        self.await_claims(guest, {here.uuid_of(PF): {VF: 2}})
        here.tell(f"guest {guest} leaving -")
        arrive(there, guest, 2, state="coming")
        there.await_inventories({VF: (8, 2)})
        self.assertEqual(allocations(guest)[0], {here.uuid_of(PF): {VF: 2}})
        there.tell(f"guest {guest} running -")
        self.await_claims(guest, {there.uuid_of(PF): {VF: 2}})
        depart(here, guest, 2)
        there.await_inventories({VF: (8, 0)})
        here.await_inventories({VF: (8, 0)})
        self.assertEqual(allocations(guest)[0], {there.uuid_of(PF): {VF: 2}})

    def test_source_is_first(self):
        """the source has given up before the destination is seen to run it"""
        here, there, guest = self.make_host("here"), self.make_host("there"), self.make_guest()
        arrive(here, guest, 2)
        self.await_claims(guest, {here.uuid_of(PF): {VF: 2}})
        arrive(there, guest, 2, state="coming")
        depart(here, guest, 2)
        self.await_claims(guest, {})
        there.tell(f"guest {guest} running -")
        self.await_claims(guest, {there.uuid_of(PF): {VF: 2}})

    def test_it_stays(self):
        """a guest that could not move keeps what it has, and nothing is left at the destination"""
        here, there, guest = self.make_host("here"), self.make_host("there"), self.make_guest()
        arrive(here, guest, 2)
        self.await_claims(guest, {here.uuid_of(PF): {VF: 2}})
        here.tell(f"guest {guest} leaving -")
        arrive(there, guest, 2, state="coming")
        there.await_inventories({VF: (8, 2)})
        depart(there, guest, 2)
        here.tell(f"guest {guest} running -")
        there.await_inventories({VF: (8, 0)})
        self.await_claims(guest, {here.uuid_of(PF): {VF: 2}})

    def test_there_and_back(self):
        """it is with the host where it runs, however often it moves"""
        hosts, guest = [self.make_host("a"), self.make_host("b")], self.make_guest()
        for turn in range(4):
            host, other = hosts[turn % 2], hosts[1 - turn % 2]
            other.tell(f"guest {guest} leaving -")
            arrive(host, guest, 6)
            self.await_claims(guest, {host.uuid_of(PF): {VF: 6}})
            depart(other, guest, 6, total=9)
            other.await_inventories({VF: (9, 0)})
        self.await_claims(guest, {hosts[1].uuid_of(PF): {VF: 6}})
