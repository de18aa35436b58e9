"""Three virtferryd over made-up hosts beside a real etcd. $BUILD has cluster-host and virt-ferry."""
import json
import os
import subprocess
import tempfile
import time
import unittest

from etcd_cluster import Cluster, base64_text, die_with_parent

TTL = 2
PATIENCE = 30  # seconds
GUEST = "11111111-2222-4333-8444-555555555555"
CORES = "<slice version='1'><cores count='2' exclusive='yes'/></slice>\n"
MDEV = """<domain type='kvm'><name>g1</name><metadata>
<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'><ferry:device address='0000:00:05.0'>
<ferry:seen class='mdev' driver='mtty' mdev-type='%s'/></ferry:device></ferry:domain></metadata><devices>
<hostdev mode='subsystem' type='mdev' model='vfio-pci'>
<source><address uuid='aaaaaaaa-0000-4000-8000-000000000001'/></source>
<address type='pci' domain='0' bus='0' slot='5' function='0'/></hostdev></devices></domain>
"""


class Host:
    """A cluster-host, and virt-ferry as its client."""

    def __init__(self, name, urls, more="", libvirt=None):
        etcd = f"Etcd={';'.join(urls)}\n" if urls else ""
        more += "" if "Share=" in more else "Share=0\n"
        config = (f"[Cluster]\n{etcd}Name=test\nHost={name}\nTTLSec={TTL}\n"
                  f"Uri=test+ssh://{name}/system\n{more}")
        self.name = name
        self.process = subprocess.Popen(
            [os.environ["BUILD"] + "/tests/cluster/cluster-host", config,
             *([libvirt] if libvirt else [])], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1, preexec_fn=die_with_parent)
        self.address = self.process.stdout.readline().strip()

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        answer = self.process.stdout.readline().strip()
        if answer != "ok":
            raise AssertionError(f"'{line}' of {self.name}: '{answer}'")

    def ferry(self, *arguments, stdin=""):
        program = os.environ["BUILD"] + "/cli/virt-ferry"
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address}
        return subprocess.run([program, *arguments], input=stdin, capture_output=True, text=True,
                              env=environment, check=False)

    def hosts(self):
        """Why etcd is away, and name to what is told of a host."""
        answer = json.loads(self.ferry("--json", "hosts").stdout)
        return answer["Away"], {host["Name"]: host for host in answer["Hosts"]}

    def place(self, xml):
        """Each host with its rule, the best first."""
        told = self.ferry("--json", "place", "-", stdin=xml)
        if told.stderr:
            raise AssertionError(told.stderr)
        answer = json.loads(told.stdout)
        return [(host["Host"], host["Rule"]) for host in answer["Hosts"]]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.stdout.close()


class HostsTest(unittest.TestCase):
    access = ""
    libvirt = None

    def setUp(self):
        self.cluster = Cluster(1)
        self.addCleanup(self.cluster.close)

    def start(self, names="abc"):
        hosts = []
        for name in names:
            hosts.append(Host(name, self.cluster.urls, self.access, self.libvirt))
            self.addCleanup(hosts[-1].close)
        for host in hosts:
            self.until(lambda one=host: sorted(name for name, of in one.hosts()[1].items()
                                               if of["Alive"] and of["Headroom"]) == list(names))
        return hosts

    def until(self, is_so):
        end = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > end:
                self.fail("it never was so")
            time.sleep(0.1)


class Hosts(HostsTest):
    def test_known(self):
        """each host knows all hosts, how they are reached, and what is left of them"""
        for host in self.start():
            away, hosts = host.hosts()
            self.assertEqual(away, "")
            for name in "abc":
                self.assertEqual(hosts[name]["Uri"], f"test+ssh://{name}/system")
                self.assertEqual(hosts[name]["Headroom"], "high")
                self.assertFalse(hosts[name]["Drained"])

    def test_place(self):
        """a host is chosen by what it has, and not any more when that is promised"""
        one, two, _ = self.start()
        self.assertEqual(one.place(CORES), [("a", "fits"), ("b", "fits"), ("c", "fits")])
        two.tell(f"allocate {GUEST} 2")
        self.until(lambda: one.place(CORES) == [("a", "fits"), ("c", "fits"), ("b", "amount")])
        self.assertEqual(one.place(MDEV % "mtty-1")[0], ("a", "fits"))
        self.assertEqual({rule for _, rule in one.place(MDEV % "mtty-9")}, {"kind"})
        answer = one.ferry("place", "-", "--explain", stdin=MDEV % "mtty-9")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("needs an mdev of type mtty-9, and there it is of type mtty-1", answer.stdout)

    def test_away(self):
        """a host that is silent is away and chosen by nobody, and is back with its next word"""
        one, _, three = self.start()
        three.tell("stop")
        self.until(lambda: not one.hosts()[1]["c"]["Alive"])
        self.assertEqual(one.place(CORES)[-1], ("c", "away"))
        three.tell("continue")
        self.until(lambda: one.place(CORES)[-1] == ("c", "fits"))

    def test_forget(self):
        """a host is forgotten when it is gone, and not while it is alive"""
        one, two, three = self.start()
        answer = one.ferry("hosts", "forget", "c")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("Host c is alive", answer.stderr)
        three.tell("kill")
        self.until(lambda: not one.hosts()[1]["c"]["Alive"])
        answer = one.ferry("hosts", "forget", "c")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        self.until(lambda: sorted(two.hosts()[1]) == ["a", "b"])
        answer = one.ferry("hosts", "forget", "c")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("knows no host 'c'", answer.stderr)

    def test_forgotten_too_early(self):
        """a host that was forgotten and is there after all tells of itself again"""
        one, _, three = self.start()
        three.tell("stop")
        self.until(lambda: not one.hosts()[1]["c"]["Alive"])
        self.assertEqual(one.ferry("hosts", "forget", "c").returncode, 0)
        three.tell("continue")
        self.until(lambda: ("c", "fits") in one.place(CORES))

    def test_etcd_away(self):
        """without etcd all is as it was, nothing is forgotten, and it heals by itself"""
        one, two, _ = self.start()
        self.cluster.members[0].kill()
        self.until(lambda: one.hosts()[0] != "")
        self.assertEqual(sorted(one.hosts()[1]), ["a", "b", "c"])
        self.assertEqual(one.place(CORES)[0], ("a", "fits"))
        answer = one.ferry("hosts", "forget", "c")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("cannot be forgotten now", answer.stderr)
        two.tell(f"allocate {GUEST} 2")
        self.cluster.members[0].start()
        self.until(lambda: one.hosts()[0] == "" and ("b", "amount") in one.place(CORES))

    def test_alone(self):
        """a host in no cluster says so"""
        host = Host("a", [])
        self.addCleanup(host.close)
        answer = host.ferry("hosts")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("This host is in no cluster", answer.stderr)


class Role(HostsTest):
    """With the role of examples/etcd-role."""

    def setUp(self):
        super().setUp()
        member = self.cluster.members[0]
        member.ask("/v3/auth/user/add", {"name": "root", "password": "secret"})
        member.ask("/v3/auth/role/add", {"name": "root"})
        member.ask("/v3/auth/user/grant", {"user": "root", "role": "root"})
        member.ask("/v3/auth/user/add", {"name": "virtferry", "password": "ferry"})
        member.ask("/v3/auth/role/add", {"name": "virtferry"})
        member.ask("/v3/auth/role/grant", {"name": "virtferry", "perm": {
            "permType": "READWRITE", "key": base64_text("/virtferry/1/"),
            "range_end": base64_text("/virtferry/10")}})
        member.ask("/v3/auth/user/grant", {"user": "virtferry", "role": "virtferry"})
        member.ask("/v3/auth/enable", {})

    def log_in(self, password):
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(password + "\n")
        self.addCleanup(os.unlink, file.name)
        self.access = f"User=virtferry\nPasswordFile={file.name}\n"

    def test_enough(self):
        """the role of the example is enough to come, to be away, and to be forgotten"""
        self.log_in("ferry")
        one, _, three = self.start()
        three.tell("kill")
        self.until(lambda: not one.hosts()[1]["c"]["Alive"])
        self.assertEqual(one.ferry("hosts", "forget", "c").returncode, 0)
        self.until(lambda: sorted(one.hosts()[1]) == ["a", "b"])

    def test_wrong(self):
        """a wrong password is told"""
        self.log_in("fairy")
        host = Host("a", self.cluster.urls, self.access)
        self.addCleanup(host.close)
        self.until(lambda: "authentication failed" in host.hosts()[0])
