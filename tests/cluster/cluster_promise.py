"""Promise() and Release() of several virtferryd beside a real etcd."""
import subprocess
from concurrent.futures import ThreadPoolExecutor

import cluster_hosts
import cluster_offers
from cluster_hosts import GUEST, Host
from cluster_offers import OTHER, VFS

FIRST, SECOND = "0000:3b:11.0", "0000:3b:11.2"
ROUNDS = 20


class Promises(cluster_hosts.HostsTest):
    """All of eight VFs and two cores is offered."""
    access = "Share=100\n"
    offers = staticmethod(cluster_offers.Offers.offers)
    call = staticmethod(cluster_offers.Offers.call)
    promise = cluster_offers.Offers.promise

    def start(self, names="ab"):
        hosts = super().start(names)
        for host in hosts:
            host.tell(f"vfs {VFS}")
        for host in hosts:
            self.until(lambda one=host: all(
                (of, FIRST) in self.offers(one) and (of, SECOND) in self.offers(one) and
                self.offers(one).get((of, "cores"), (0,))[0] == 2 for of in names))
        return hosts

    def release(self, host, domain, nonce):
        """Why not; "" it is released."""
        return self.call(host, "Release", "ss", domain, nonce).stderr

    def holders(self, host):
        return {lot: [promise["Domain"] for promise in promises]
                for lot, (_, promises) in self.offers(host).items() if promises}

    def test_own_words(self):
        """who is answered finds it so, as often as he asks"""
        one, _ = self.start()
        for _ in range(ROUNDS):
            nonce = self.promise(one, GUEST, ("a", FIRST, 1), ("b", FIRST, 1))
            self.assertRegex(nonce, "^[0-9a-f-]{36}$")
            self.assertEqual(self.holders(one), {("a", FIRST): [GUEST], ("b", FIRST): [GUEST]})
            self.assertEqual(self.release(one, GUEST, nonce), "")
            self.assertEqual(self.holders(one), {})

    def test_one_of_two(self):
        """of two hosts that ask for the same at once, one has it"""
        hosts = self.start()
        for _ in range(ROUNDS):
            with ThreadPoolExecutor() as pool:
                told = list(pool.map(lambda pair: self.promise(*pair, ("b", FIRST, 1),
                                                               ("a", SECOND, 1)),
                                     zip(hosts, (GUEST, OTHER))))
            won = [i for i, answer in enumerate(told) if len(answer) == 36]
            self.assertEqual(len(won), 1, told)
            self.assertIn("offered is left", told[1 - won[0]])
            self.assertEqual(self.release(hosts[won[0]], (GUEST, OTHER)[won[0]], told[won[0]]), "")
            for host in hosts:
                self.until(lambda one=host: self.holders(one) == {})

    def test_refused(self):
        """what cannot be promised is refused wholly, with the reason"""
        one, two = self.start()
        for words, wishes in {
                "Host b offers no 0000:99:00.0": [("a", FIRST, 1), ("b", "0000:99:00.0", 1)],
                "cores of b: 3 asked for, 2 of 2 offered is left": [("b", "cores", 3)],
                "Host z is not alive": [("z", FIRST, 1)],
                "An amount must be 1 to": [("a", FIRST, 0)],
                "is asked for twice": [("a", FIRST, 1), ("a", FIRST, 1)],
                "nothing is asked for": [],
                "More than 128 wishes": [("a", FIRST, 1)] * 129}.items():
            self.assertIn(words, self.promise(one, GUEST, *wishes))
            self.assertEqual(self.holders(one), {})
        nonce = self.promise(one, GUEST, ("a", FIRST, 1))
        self.assertIn("is promised to domain 1111", self.promise(one, GUEST, ("a", FIRST, 1)))
        self.assertIn("has no such promise", self.release(two, GUEST, nonce))
        self.assertIn("has no such promise", self.release(one, OTHER, nonce))
        self.assertEqual(self.release(one, GUEST, nonce), "")
        self.assertIn("has no such promise", self.release(one, GUEST, nonce))

    def test_away(self):
        """while etcd is away nothing is promised or released, and then it is"""
        one, _ = self.start()
        nonce = self.promise(one, GUEST, ("b", FIRST, 1))
        self.cluster.members[0].kill()
        self.until(lambda: one.hosts()[0] != "")
        self.assertIn("The cluster cannot be asked", self.promise(one, OTHER, ("b", SECOND, 1)))
        self.assertIn("The cluster cannot be asked", self.release(one, GUEST, nonce))
        self.cluster.members[0].start()
        self.until(lambda: one.hosts()[0] == "")
        self.until(lambda: self.release(one, GUEST, nonce) == "")
        self.assertRegex(self.promise(one, OTHER, ("b", FIRST, 1)), "^[0-9a-f-]{36}$")


class Alone(cluster_hosts.HostsTest):
    def test_alone(self):
        """a host in no cluster promises nothing"""
        host = Host("a", [])
        self.addCleanup(host.close)
        told = subprocess.run(
            ["busctl", f"--address={host.address}", "call", "org.virtferry1", "/org/virtferry1",
             "org.virtferry1.Manager", "Release", "ss", GUEST, "n"],
            capture_output=True, text=True, check=False)
        self.assertIn("This host is in no cluster", told.stderr)
