"""Drains of hosts beside a real etcd, and limits of moves. No host has a guest, so each is empty at once."""
import json
import os
import signal
import subprocess
import tempfile
import time

import cluster_hosts

ROUNDS = 20


class DrainsTest(cluster_hosts.HostsTest):
    def setUp(self):
        super().setUp()
        with tempfile.NamedTemporaryFile("w", suffix=".xml", delete=False) as node:
            node.write("<node/>\n")
        self.addCleanup(os.unlink, node.name)
        self.libvirt = f"test://{node.name}"

    def start(self, names="abc"):
        hosts = super().start(names)
        for host in hosts:
            self.until(lambda one=host: "has not told yet" not in one.ferry("check").stdout)
        return hosts

    @staticmethod
    def begin(host, *arguments):
        """The drain, on its way."""
        program = os.environ["BUILD"] + "/cli/virt-ferry"
        return subprocess.Popen(
            [program, "drain", "--detach", *arguments], stdout=subprocess.PIPE, text=True,
            stderr=subprocess.PIPE, env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": host.address})

    def drain(self, host, *arguments):
        """What it is refused with; "" it has begun."""
        return self.begin(host, *arguments).communicate(timeout=cluster_hosts.PATIENCE)[1]

    def at_once(self, calls, together):
        """What each host is refused with. `together`: etcd has all of them before it answers one."""
        if together:
            self.cluster.members[0].send(signal.SIGSTOP)
        drains = [self.begin(host, *arguments) for host, *arguments in calls]
        if together:
            time.sleep(0.3)
            self.cluster.members[0].send(signal.SIGCONT)
        return [drain.communicate(timeout=cluster_hosts.PATIENCE)[1] for drain in drains]

    def drained(self, host):
        """By what this host has heard."""
        return "".join(name for name, of in sorted(host.hosts()[1].items()) if of["Drained"])

    def undrain_all(self, hosts):
        for host in hosts:
            self.assertEqual(host.ferry("undrain").returncode, 0)
        for host in hosts:
            self.until(lambda one=host: self.drained(one) == "")

    def rounds(self, calls, expected):
        """In each, so many are accepted, and all hosts know which."""
        hosts = [host for host, *_ in calls]
        firsts = set()
        for number in range(ROUNDS):
            refusals = self.at_once(calls if number % 4 < 2 else calls[::-1], number % 2 == 0)
            if number % 4 >= 2:
                refusals.reverse()
            accepted = [host.name for host, why in zip(hosts, refusals) if not why]
            self.assertEqual(len(accepted), expected, refusals)
            for why in filter(None, refusals):
                self.assertRegex(why, f"^virt-ferry: Host .*[{''.join(accepted)}].* drained")
            for host in hosts:
                self.until(lambda one=host: self.drained(one) == "".join(accepted))
            firsts.add(accepted[0])
            self.undrain_all(hosts)
        return firsts


class Drains(DrainsTest):
    def test_two(self):
        """of two hosts that are to be emptied at once, one is, twenty times"""
        one, two = self.start("ab")
        firsts = self.rounds([(one,), (two,)], 1)
        print(f"# accepted at least once: {sorted(firsts)}")

    def test_each_other(self):
        """of two hosts that are to be emptied into each other at once, one is, twenty times"""
        one, two = self.start("ab")
        self.rounds([(one, "test+ssh://b/system"), (two, "test+ssh://a/system")], 1)

    def test_three(self):
        """of three hosts that are to be emptied at once, two are, twenty times"""
        self.rounds([(host,) for host in self.start()], 2)

    def test_etcd_away(self):
        """without etcd a drain is refused but alone, and is entered when it is back"""
        one, two = self.start("ab")
        self.cluster.members[0].kill()
        self.until(lambda: one.hosts()[0] != "")
        self.assertRegex(self.drain(one), "Host a is not drained: .*--alone")
        self.assertEqual(self.drain(one, "--alone"), "")
        self.assertRegex(self.drain(one, "--alone"), "^$")  # an empty one is drained once more
        self.cluster.members[0].start()
        self.until(lambda: self.drained(two) == "a")
        self.until(lambda: "host a among them" in self.drain(two))
        self.assertEqual(one.ferry("undrain").returncode, 0)
        self.until(lambda: self.drained(two) == "")

    def test_undrain_away(self):
        """an undrain waits for no etcd, and is heard of when that is back"""
        one, two = self.start("ab")
        self.assertEqual(self.drain(one), "")
        self.until(lambda: self.drained(two) == "a")
        self.cluster.members[0].kill()
        self.until(lambda: one.hosts()[0] != "")
        self.assertEqual(one.ferry("undrain").returncode, 0)
        self.cluster.members[0].start()
        self.until(lambda: self.drained(two) == "" and one.hosts()[0] == "")
        self.assertEqual(self.drain(two), "")

    def test_killed(self):
        """a drain outlives its daemon, and one that had not begun does not"""
        one, two = self.start("ab")
        self.assertEqual(self.drain(one), "")
        one.tell("kill")
        self.until(lambda: not two.hosts()[1]["a"]["Alive"])
        self.assertTrue(two.hosts()[1]["a"]["Drained"])
        one.tell("start")
        self.until(lambda: two.hosts()[1]["a"]["Alive"])
        self.assertEqual(self.drained(two), "a")
        self.assertEqual(one.ferry("undrain").returncode, 0)
        self.until(lambda: self.drained(two) == "")

        self.cluster.members[0].put("/virtferry/1/test/drains", json.dumps(
            {"schema": 1, "hosts": {"a": {"since": 1, "nonce": "n"}}}))
        self.until(lambda: self.drained(two) == "")

    def test_destination(self):
        """a host that others were drained to may be drained when they are empty"""
        one, two, _ = self.start()
        self.assertEqual(self.drain(one, "test+ssh://b/system"), "")
        self.until(lambda: self.drain(two, "test+ssh://c/system") == "")
        self.until(lambda: self.drained(one) == "ab")

    def test_no_cluster(self):
        """a host in no cluster has no limits of it, and is drained to where it is told"""
        host = cluster_hosts.Host("a", [], libvirt=self.libvirt)
        self.addCleanup(host.close)
        for arguments in (), ("--together", "4"):
            self.assertIn("in no cluster", host.ferry("hosts", "limit", *arguments).stderr)
        self.assertIn("needs 1 to 64 destinations, not 0", self.drain(host))
        self.until(lambda: self.drain(host, "test+ssh://b/system") == "")
        self.assertEqual(host.ferry("undrain").returncode, 0)

    def test_limits(self):
        """limits of moves are those of all hosts"""
        one, two = self.start("ab")
        self.assertEqual(json.loads(one.ferry("--json", "hosts", "limit").stdout),
                         {"Together": 0, "PerHost": 0})
        self.assertEqual(one.ferry("hosts", "limit", "--together", "4").stderr, "")
        self.assertEqual(two.ferry("hosts", "limit", "--per-host", "2").stderr, "")
        for host in one, two:
            self.until(lambda it=host: json.loads(it.ferry("--json", "hosts", "limit").stdout) ==
                       {"Together": 4, "PerHost": 2})
        self.cluster.members[0].kill()
        self.until(lambda: one.hosts()[0] != "")
        answer = one.ferry("hosts", "limit", "--per-host", "none")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("The cluster cannot be asked", answer.stderr)
