"""The edge to etcd beside a real etcd. $BUILD has etcd-tool."""
import os
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from etcd_cluster import Cluster, base64_text, die_with_parent

PREFIX = "/virtferry/1/test/"
TTL = 3
PATIENCE = 30  # seconds
QUIET = 1.5


class Tool:
    """An etcd-tool, and what it says."""

    def __init__(self, urls, **environment):
        program = os.environ["BUILD"] + "/tests/cluster/etcd-tool"
        self.process = subprocess.Popen([program, PREFIX, str(TTL), *urls], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1,
                                        env={**os.environ, **environment},
                                        preexec_fn=die_with_parent)
        self.lines = queue.Queue()
        self.seen, self.unused = [], []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def say(self, line):
        self.process.stdin.write(line + "\n")

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, pattern, seconds=PATIENCE):
        """The first line that matches and that nobody has waited for yet: an answer may come before
        what others see of it, or after that."""
        end = time.monotonic() + seconds
        while True:
            for i, line in enumerate(self.unused):
                match = re.fullmatch(pattern, line)
                if match:
                    del self.unused[i]
                    return match
            try:
                line = self.lines.get(timeout=max(end - time.monotonic(), 0))
            except queue.Empty:
                raise AssertionError(f"no '{pattern}' after {self.seen[-12:]}") from None
            self.seen.append(line)
            self.unused.append(line)

    def ask(self, name, rest):
        self.say(f"transact {name} {rest}")
        return self.wait(f"answer {name} (.*)").group(1)

    def insist(self, rest, outcome="done"):
        """Until it is so: for transactions of which nothing depends on how often they are done."""
        for i in range(200):
            answer = self.ask(f"try{i}", rest)
            if answer == outcome:
                return
            time.sleep(0.1)
        raise AssertionError(f"'{rest}' is never {outcome}: {answer}")

    def close(self):
        """Its end, too, is something that can go wrong."""
        self.process.stdin.close()
        try:
            code = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
        if code != 0:
            raise AssertionError(f"etcd-tool ended with {code}")


class EdgeTest(unittest.TestCase):
    count = 1

    def setUp(self):
        self.cluster = Cluster(self.count)
        self.addCleanup(self.cluster.close)

    def tool(self, urls=None, up=True, **environment):
        tool = Tool(urls or self.cluster.urls, **environment)
        self.addCleanup(tool.close)
        if up:
            tool.wait("up")
        return tool


class One(EdgeTest):
    def test_lease(self):
        """what is published is seen by others, goes with the lease, and comes back with its host"""
        one, other = self.tool(), self.tool()
        one.say("publish hosts/a 1")
        other.wait(r"key hosts/a=1 \d+ \d+")
        one.send(signal.SIGSTOP)
        other.wait(r"key hosts/a=\(gone\) 0 \d+", 6 * TTL)
        one.send(signal.SIGCONT)
        other.wait(r"key hosts/a=1 \d+ \d+", 2 * TTL)

    def test_withdraw(self):
        """what is withdrawn is gone, and what somebody removed is put again"""
        one, other = self.tool(), self.tool()
        one.say("publish hosts/a 1")
        other.wait(r"key hosts/a=1 \d+ \d+")
        other.insist("delete hosts/a")
        other.wait(r"key hosts/a=1 \d+ \d+", 2 * TTL)
        one.say("publish hosts/a")
        other.wait(r"key hosts/a=\(gone\) 0 \d+")

    def test_transact(self):
        """a transaction is done once, and lost when what it compares is another"""
        one = self.tool()
        self.assertEqual(one.ask("a", "mod lots/x 0 put lots/x 1 put lots/y 1"), "done")
        revision = one.wait(r"key lots/x=1 (\d+) \d+").group(1)
        self.assertEqual(one.ask("b", "mod lots/x 0 put lots/x 2"), "lost")
        self.assertEqual(one.ask("c", f"create lots/x {revision} mod lots/y {revision} "
                                      "put lots/x 3 delete lots/y"), "done")
        one.wait(f"key lots/x=3 {revision} .*")
        one.wait(r"key lots/y=\(gone\) 0 \d+")
        self.assertEqual(one.ask("d", " ".join(f"put lots/{i} 1" for i in range(129))),
                         "away it is too much for one transaction of etcd")

    def test_away(self):
        """who is away says why, refuses at once, and comes back without being told all again"""
        member, one = self.cluster.members[0], self.tool()
        member.kill()
        one.wait(f"down etcd at {member.url} does not answer: .*")
        self.assertRegex(one.ask("a", "put lots/x 1"), f"away etcd at {member.url} does not .*")
        member.start()
        one.wait("up")
        one.insist("put lots/x 1")
        self.assertEqual(one.seen.count("reset"), 1)

    def test_compaction(self):
        """what was compacted while one was away is told anew"""
        member, one = self.cluster.members[0], self.tool()
        one.insist("put lots/x 1")
        one.send(signal.SIGSTOP)
        member.kill()
        member.start()
        self.cluster.wait()
        for i in range(5):
            last = member.put(PREFIX + "lots/x", f"v{i}")["header"]["revision"]
        member.ask("/v3/kv/compaction", {"revision": last, "physical": True})
        one.send(signal.SIGCONT)
        one.wait("reset")
        one.wait(r"key lots/x=v4 \d+ " + last)
        one.wait("loaded")
        one.wait("up")

    def test_other_history(self):
        """an etcd that begins anew is another, and is told anew"""
        member, one = self.cluster.members[0], self.tool()
        for i in range(5):
            one.insist(f"put lots/x {i}")
        member.kill()
        member.forget()
        member.start()
        one.wait("reset")  # the first
        one.wait("reset")
        one.insist("put lots/y 1")
        one.wait("key lots/y=1 2 2")

    def test_pages(self):
        """a thousand keys are told once each, of this prefix only, between reset and loaded"""
        member = self.cluster.members[0]
        member.put("/virtferry/1/test0", "not ours")
        member.put("/virtferry/1/tes/", "not ours")
        for i in range(0, 1000, 100):
            member.ask("/v3/kv/txn", {"success": [
                {"request_put": {"key": base64_text(f"{PREFIX}lots/{n}"), "value": "MQ=="}}
                for n in range(i, i + 100)]})
        one = self.tool(up=False)
        one.wait("loaded")
        self.assertEqual(one.seen[0], "reset")
        keys = [line.split("=")[0] for line in one.seen[1:-1]]
        self.assertEqual(sorted(keys), sorted(f"key lots/{n}" for n in range(1000)))

    def test_apart(self):
        """what is apart is told by no event, written by a transaction, and read when it is asked"""
        member, one = self.cluster.members[0], self.tool()
        self.assertEqual(one.ask("a", "put loads/a 1 put lots/x 1 put loads/b 2"), "done")
        member.put("/virtferry/1/test:load", "not ours")
        member.put("/virtferry/1/test:loads0", "not ours")
        self.assertEqual(self.read(one), ["loads/a=1 1", "loads/b=1 2"])
        self.assertEqual(one.ask("b", "delete loads/a put lots/x 2"), "done")
        self.assertEqual(self.read(one), ["loads/b=1 2"])
        one.wait(r"key lots/x=2 \d+ \d+")
        self.assertFalse([line for line in one.seen if line.startswith("key loads")])

    def test_apart_pages(self):
        """more than an answer may have is read in pages, each once, and the end says why it is"""
        member, one = self.cluster.members[0], self.tool()
        names = [f"loads/{n:03}" for n in range(70)]
        for name in names:
            member.put("/virtferry/1/test:" + name, "x" * (800 * 1024))
        self.assertEqual(self.read(one), [f"{name}=819200 xxxxxxxxxxxxxxxx" for name in names])
        member.kill()
        one.say("read loads/")
        one.wait(f"end etcd at {member.url} does not answer: .*")
        one.wait("down .*")
        one.say("read loads/")
        one.wait(f"end etcd at {member.url} does not answer: .*")

    def read(self, tool):
        start = len(tool.seen)
        tool.say("read loads/")
        tool.wait("end ")
        return [line[len("read "):] for line in tool.seen[start:] if line.startswith("read ")]


    def test_spans(self):
        """of many hosts each key is told once, those of hosts without a map among them"""
        member = self.cluster.members[0]
        hosts = [f"h{n:03}" for n in range(250)]
        keys = [f"maps/{host}" for host in hosts] + ["hosts/h001", "drains", "moves"]
        keys += [f"lots/{host}/{lot}" for host in [*hosts, "a", "h100x", "h2", "z"] for lot in "xy"]
        for i in range(0, len(keys), 100):
            member.ask("/v3/kv/txn", {"success": [
                {"request_put": {"key": base64_text(PREFIX + key), "value": "MQ=="}}
                for key in keys[i:i + 100]]})
        one = self.tool(up=False)
        one.wait("loaded")
        told = [line.split("=")[0] for line in one.seen[1:-1]]
        self.assertEqual(sorted(told), sorted(f"key {key}" for key in keys))


class Password(EdgeTest):
    def setUp(self):
        super().setUp()
        member = self.cluster.members[0]
        member.ask("/v3/auth/user/add", {"name": "root", "password": "secret"})
        member.ask("/v3/auth/role/add", {"name": "root"})
        member.ask("/v3/auth/user/grant", {"user": "root", "role": "root"})
        member.ask("/v3/auth/enable", {})

    def test_wrong(self):
        """a wrong password is told, and so is none"""
        one = self.tool(up=False, ETCD_USER="root", ETCD_PASSWORD="wrong")
        self.says(one, "authentication failed, invalid user ID or password")
        self.says(self.tool(up=False), "user name is empty")

    def says(self, tool, words):
        for i in range(50):
            answer = tool.ask(f"a{i}", "put lots/x 1")
            if words in answer:
                break
            time.sleep(0.1)
        self.assertRegex(answer, f"^away etcd at .* refuses: {words}")

    def test_token(self):
        """a token that etcd takes no more is asked for anew, for what it was refused, too"""
        member = self.cluster.members[0]
        one = self.tool(ETCD_USER="root", ETCD_PASSWORD="secret")
        token = member.ask("/v3/auth/authenticate", {"name": "root", "password": "secret"})["token"]
        member.ask("/v3/auth/user/changepw", {"name": "root", "password": "secret"}, token)
        self.assertEqual(one.ask("a", "put lots/x 1"), "done")
        one.wait("key lots/x=1 .*")

    def test_restart(self):
        """etcd is started again: so is all that was asked with a password"""
        member = self.cluster.members[0]
        one = self.tool(ETCD_USER="root", ETCD_PASSWORD="secret")
        member.kill()
        one.wait("down .*")
        member.start()
        one.wait("up")
        one.insist("put lots/x 2")
        one.wait("key lots/x=2 .*")

    def test_users_change(self):
        """a change of users is not seen"""
        member = self.cluster.members[0]
        one = self.tool(ETCD_USER="root", ETCD_PASSWORD="secret")
        token = member.ask("/v3/auth/authenticate", {"name": "root", "password": "secret"})["token"]
        member.ask("/v3/auth/user/add", {"name": "other", "password": "x"}, token)
        self.assertEqual(one.ask("a", "put lots/x 1"), "done")


class Three(EdgeTest):
    count = 3

    def test_leader(self):
        """the leader is killed: it goes on with the others, and nothing is told twice or not at all"""
        leader = self.cluster.leader()
        others = [member.url for member in self.cluster.members if member is not leader]
        one, other = self.tool([leader.url, *others]), self.tool([*others, leader.url])
        one.insist("put lots/x 1")
        other.wait("key lots/x=1 .*")
        leader.kill()
        for i in range(2, 12):
            other.insist(f"put lots/x {i}")
        one.insist("put lots/end 1")
        one.wait("key lots/end=1 .*")
        told = [line.split()[1] for line in one.seen if line.startswith("key lots/x=")]
        self.assertEqual(list(dict.fromkeys(told)), [f"lots/x={i}" for i in range(1, 12)])
        self.assertEqual(one.seen.count("reset"), 1)

    def test_stopped(self):
        """a member that is there and says nothing is left for another"""
        stopped = next(member for member in self.cluster.members if not member.leads())
        others = [member.url for member in self.cluster.members if member is not stopped]
        one, other = self.tool([stopped.url, *others]), self.tool(others)
        one.say("publish hosts/a 1")
        other.wait("key hosts/a=1 .*")
        stopped.send(signal.SIGSTOP)
        other.insist("put lots/x 1")
        one.wait("key lots/x=1 .*", 5 * TTL)
        stopped.send(signal.SIGCONT)
        one.insist("put lots/x 2")

    def test_minority(self):
        """one member alone is as good as none, until a second comes"""
        one = self.tool()
        for member in self.cluster.members[1:]:
            member.kill()
        one.wait("down .*")
        self.assertRegex(one.ask("a", "put lots/x 1"), "^away ")
        self.cluster.members[1].start()
        one.wait("up")
        one.insist("put lots/x 1")


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
            f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")


def make_certificate(folder, authority, name):
    with open(f"{folder}/{name}.ext", "w", encoding="ascii") as extensions:
        extensions.write("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout",
            f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-days", "2", "-in", f"{name}.csr", "-CA", f"{authority}.pem",
            "-CAkey", f"{authority}.key", "-CAcreateserial", "-extfile", f"{name}.ext", "-out",
            f"{name}.pem")


class Tls(EdgeTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="etcd-tls-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name in ("ca", "stranger"):
            make_authority(self.folder, name)
        for name in ("etcd", "host"):
            make_certificate(self.folder, "ca", name)
        self.cluster = Cluster(1, {"ca": self.folder + "/ca.pem", "cert": self.folder + "/etcd.pem",
                                   "key": self.folder + "/etcd.key"})
        self.addCleanup(self.cluster.close)

    def with_certificates(self, ca, name=None, **options):
        if name:
            options.update(ETCD_CERT=f"{self.folder}/{name}.pem", ETCD_KEY=f"{self.folder}/{name}.key")
        return self.tool(ETCD_CACERT=f"{self.folder}/{ca}.pem", **options)

    def test_tls(self):
        """with a certificate of its CA a host comes in, without one, or of another, it does not"""
        one = self.with_certificates("ca", "host")
        self.assertEqual(one.ask("a", "put lots/x 1"), "done")
        one.wait("key lots/x=1 .*")
        for ca, name, why in (("ca", None, "does not answer"),
                              ("stranger", "host", "not one to be trusted")):
            none = self.with_certificates(ca, name, up=False)
            with self.assertRaises(AssertionError):
                none.wait("up", QUIET)
            self.assertRegex(none.ask("a", "put lots/x 2"), f"^away etcd at https://.*{why}")
