"""What hosts offer to each other beside a real etcd, as virt-ferry shows it."""
import json
import subprocess

import cluster_hosts
from cluster_hosts import GUEST

OTHER = "99999999-2222-4333-8444-555555555555"
VFS = 8
ALL_CORES = "<slice version='1'><cores count='2' exclusive='yes'/></slice>\n"
CALLED_BACK = 60  # seconds


class Offers(cluster_hosts.HostsTest):
    """Of two cores and eight VFs each host offers one core and four VFs."""

    def start(self, names="ab", share=50):
        self.access = f"Share={share}\n"
        hosts = super().start(names)
        for host in hosts:
            host.tell(f"vfs {VFS}")
        for host in hosts:
            self.until(lambda one=host: all(self.count(one, name) == (share * VFS // 100,
                                                                       share * 2 // 100)
                                            for name in names))
        return hosts

    @staticmethod
    def offers(host, of=""):
        """(host, resource) to (offered, promised)."""
        told = host.ferry("--json", "hosts", "offers", *([of] if of else []))
        if told.stderr:
            raise AssertionError(told.stderr)
        return {(lot["Host"], lot["Resource"]): (lot["Offered"], lot["Promised"])
                for lot in json.loads(told.stdout)}

    def vfs(self, host, of):
        return sorted(name for _, name in self.offers(host, of) if name.startswith("0000:"))

    def count(self, host, of):
        """VFs and cores."""
        return len(self.vfs(host, of)), self.offers(host, of).get((of, "cores"), (0, []))[0]

    @staticmethod
    def call(host, *arguments):
        return subprocess.run(
            ["busctl", f"--address={host.address}", "call", "org.virtferry1", "/org/virtferry1",
             "org.virtferry1.Manager", *arguments], capture_output=True, text=True, check=False)

    def promise(self, host, domain, *wishes):
        """The nonce, or why not."""
        words = [str(word) for wish in wishes for word in wish]
        told = self.call(host, "Promise", "sa(ssx)a{sv}", domain, str(len(wishes)), *words, "0")
        return told.stdout.split('"')[1] if told.stdout else told.stderr

    def allocate(self, host, domain=GUEST, slice_xml=ALL_CORES):
        """Why not; "" it has it."""
        return host.ferry("slice", "allocate", domain, "-", stdin=slice_xml).stderr

    def test_shown(self):
        """each host offers a part of what it has, and all know of it"""
        one, two = self.start()
        self.assertEqual(self.offers(one), self.offers(two))
        self.assertEqual(self.vfs(one, "a"), [f"0000:3b:11.{i}" for i in (0, 2, 4, 6)])
        answer = one.ferry("hosts", "offers", "x")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("knows no host 'x'", answer.stderr)

    def test_promised(self):
        """a promise over two hosts is seen on both, is nobody else's, and is given back"""
        one, two = self.start()
        wishes = [("a", "0000:3b:11.0", 1), ("b", "0000:3b:11.0", 1), ("b", "cores", 1)]
        nonce = self.promise(one, GUEST, *wishes)
        self.assertRegex(nonce, "^[0-9a-f-]{36}$")
        for host, resource, amount in wishes:
            self.until(lambda lot=(host, resource): self.offers(two)[lot][1])
            (promised,) = self.offers(two)[host, resource][1]
            self.assertEqual((promised["Domain"], promised["By"], promised["Amount"],
                              promised["Nonce"]), (GUEST, "a", amount, nonce))
        self.assertIn("offered is left", self.promise(two, OTHER, wishes[2]))
        self.assertIn("cores: 2 free here, of which 1 offered", self.allocate(two, OTHER))
        self.assertEqual(self.allocate(two), "")  # the guest that it was promised to
        self.assertEqual(self.call(one, "Release", "ss", GUEST, nonce).stderr, "")
        self.until(lambda: not any(promises for _, promises in self.offers(two).values()))

    def test_called_back(self):
        """what a host needs itself is called back, and offered again later"""
        one, two = self.start()
        self.assertIn("offered to the cluster", self.allocate(two))
        self.until(lambda: self.count(one, "b") == (0, 0))
        self.assertEqual(self.count(one, "a"), (4, 1))
        self.assertEqual(self.allocate(two), "")
        two.ferry("slice", "deallocate", GUEST)

    def test_restart(self):
        """what was offered is out of reach after a restart while etcd is away"""
        one, two = self.start(share=100)
        self.cluster.members[0].kill()
        self.until(lambda: two.hosts()[0] != "")
        two.tell("kill")
        two.tell("start")
        self.assertIn("cores: 2 free here, of which 2 offered", self.allocate(two))
        self.cluster.members[0].start()
        self.until(lambda: two.hosts()[0] == "" and self.count(one, "b") == (0, 0))
        self.assertEqual(self.allocate(two), "")

    def test_killed(self):
        """a host that is killed frees nothing, and is as it was when it is back"""
        one, two = self.start()
        nonce = self.promise(one, GUEST, ("b", "0000:3b:11.0", 1))
        two.tell("kill")
        self.until(lambda: not one.hosts()[1]["b"]["Alive"])
        self.assertEqual(self.count(one, "b"), (4, 1))
        self.assertIn("not alive", self.promise(one, OTHER, ("b", "0000:3b:11.2", 1)))
        two.tell("start")
        self.until(lambda: two.hosts()[1].get("b", {}).get("Alive"))
        self.assertEqual(self.offers(two)["b", "0000:3b:11.0"][1][0]["Nonce"], nonce)
        self.assertRegex(self.promise(one, OTHER, ("b", "0000:3b:11.2", 1)), "^[0-9a-f-]{36}$")

    def test_forgotten(self):
        """a host that was forgotten too early has offered nothing, and offers anew"""
        one, two = self.start()
        two.tell("stop")
        self.until(lambda: not one.hosts()[1]["b"]["Alive"])
        self.promise(one, GUEST, ("a", "cores", 1))
        self.assertEqual(one.ferry("hosts", "forget", "b").returncode, 0)
        self.until(lambda: "b" not in one.hosts()[1])
        two.tell("continue")
        self.until(lambda: "b" in one.hosts()[1] and self.count(one, "b") == (4, 1))
