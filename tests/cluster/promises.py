"""Promises from three sides at once beside three real members of etcd, while members are killed, a
daemon is stopped, one is killed, and one is cut off. $BUILD has promises-client, cluster-host and
virt-ferry.

VIRTFERRY_PROMISES: so many are done at least, 8000 without it; the time that a host is cut off
goes with that, up to two minutes."""
import base64
import contextlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from cluster_hosts import TTL, Host
from etcd_cluster import Cluster, base64_text, die_with_parent
from promises_relay import OPEN, RESET, SILENT, Relay

PROMISES = int(os.environ.get("VIRTFERRY_PROMISES", "8000"))
CUT = min(120, max(10, PROMISES // 800))  # seconds
QUIET = 3
VFS, SEATS = 64, 16
PATIENCE, FINISH_TIME = 180, 60
LOOK = 0.5
LINES_SHOWN = 30
SHARE = "Share=100\n"
LOTS = "/virtferry/1/test/lots/"


def say(words):
    print("#", words, flush=True)


class Client:
    """A promises-client."""

    def __init__(self, number, host, devices, folder):
        self.history = f"{folder}/client{number}"
        self.process = subprocess.Popen(
            [os.environ["BUILD"] + "/tests/cluster/promises-client", host.address, str(number),
             self.history], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            preexec_fn=die_with_parent)
        for device in devices:
            self.say("device " + device.replace("/", " ", 1))

    def say(self, line):
        self.process.stdin.write(line + "\n")

    def count(self):
        self.say("count")
        return list(map(int, self.process.stdout.readline().split()))

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Observer:
    """Reads all lots from etcd itself again and again, which are reads in the history."""

    def __init__(self, cluster, folder):
        self.cluster, self.history = cluster, f"{folder}/observer"
        self.ended, self.strange, self.reads = threading.Event(), [], 0
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def lots(self):
        """Each with what etcd has of it; None: no member answers."""
        question = {"key": base64_text(LOTS), "range_end": base64_text(LOTS[:-1] + "0")}
        for member in self.cluster.members:
            try:
                pairs = member.ask("/v3/kv/range", question).get("kvs", [])
            except (OSError, ValueError):
                continue
            return {base64.b64decode(pair["key"]).decode()[len(LOTS):]:
                    json.loads(base64.b64decode(pair["value"])) for pair in pairs}
        return None

    def _look(self, file):
        before, lots, seen = time.monotonic_ns() // 1000, self.lots(), {}
        if lots is None:
            return
        for device, lot in lots.items():
            promised = list(lot.get("promised", {}))
            if len(promised) > lot["offered"]:
                self.strange.append(f"{device}: {lot}")
            seen[device] = promised[0] if promised else ""
        self.reads += 1
        name = f"read{self.reads}"
        for line in ({"time": before, "type": "invoke", "id": name, "op": "read"},
                     {"time": time.monotonic_ns() // 1000, "type": "ok", "id": name, "seen": seen}):
            file.write(json.dumps(line) + "\n")

    def _run(self):
        with open(self.history, "w", encoding="ascii") as file:
            while not self.ended.wait(LOOK):
                self._look(file)

    def close(self):
        self.ended.set()
        self.thread.join()


class PromisesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="promises-")
        self.addCleanup(folder.cleanup)
        self.folder, self.started, self.begun = folder.name, time.monotonic(), None
        self.problems = []
        self.cluster = Cluster(3)
        self.addCleanup(self.cluster.close)
        self.relays = [Relay(url) for url in self.cluster.urls]
        for relay in self.relays:
            self.addCleanup(relay.close)
        self.observer = Observer(self.cluster, self.folder)
        self.addCleanup(self.observer.close)
        urls = self.cluster.urls
        self.hosts = [Host("a", urls, SHARE), Host("b", urls[::-1], SHARE),
                      Host("c", [relay.url for relay in self.relays], SHARE)]
        for host in self.hosts:
            self.addCleanup(host.close)
            host.tell(f"vfs {VFS}")

    # Steps -----------------------------------------------------------------------------------

    def note(self, words):
        say(f"{time.monotonic() - self.started:6.1f} s: {words}")

    def until(self, is_so, what):
        end = time.monotonic() + PATIENCE
        while not is_so():
            if time.monotonic() > end:
                self.fail(f"after {PATIENCE} s not yet: {what}")
            time.sleep(0.2)

    def offered(self):
        return {device: lot["offered"] for device, lot in (self.observer.lots() or {}).items()
                if "/0000:3b:1" in device}

    def all_alive(self):
        return all(away == "" and all(hosts[name]["Alive"] for name in "abc")
                   for away, hosts in (host.hosts() for host in self.hosts))

    def start_clients(self):
        devices = sorted(self.offered(), key=lambda device: device.split("/")[::-1])
        clients = [Client(i, host, devices, self.folder) for i, host in enumerate(self.hosts)]
        self.begun = time.monotonic()
        for client in clients:
            self.addCleanup(client.close)
            client.say(f"go {SEATS}")
        return clients

    def kill(self, member, what):
        self.note(f"{what} is killed")
        member.kill()
        time.sleep(QUIET)
        member.start()
        self.note("and started again")
        self.cluster.wait()
        time.sleep(QUIET)

    def is_known_away(self, name):
        """To host a."""
        return not self.hosts[0].hosts()[1][name]["Alive"]

    def leaders(self):
        return [member for member in self.cluster.members if member.leads()]

    def stop_daemon(self):
        self.note(f"the daemon of host b is stopped; its TTL is {TTL} s")
        self.hosts[1].tell("stop")
        time.sleep(2 * TTL + 1)
        self.until(lambda: self.is_known_away("b"), "host b is away")
        self.hosts[1].tell("continue")
        self.note("and continued")
        self.until(self.all_alive, "all hosts are there again")

    def kill_daemon(self):
        self.note("the daemon of host a is killed")
        self.hosts[0].tell("kill")
        time.sleep(QUIET)
        self.hosts[0].tell("start")
        self.note("and started again")
        self.until(self.all_alive, "all hosts are there again")

    def compact(self):
        revision = self.cluster.members[0].put("/elsewhere", "")["header"]["revision"]
        self.cluster.members[0].ask("/v3/kv/compaction", {"revision": revision, "physical": True},
                                    seconds=60)
        self.note(f"etcd is compacted up to revision {revision}")

    def cut(self, mode, seconds):
        self.note(f"host c is cut off ({mode}) for {seconds} s")
        for relay in self.relays:
            relay.set_mode(mode)
        time.sleep(seconds)
        self.until(lambda: self.is_known_away("c"), "host c is away")
        self.assertNotEqual(self.hosts[2].hosts()[0], "", "host c knows that etcd is away")
        self.compact()
        for relay in self.relays:
            relay.set_mode(OPEN)
        self.note("and joined again")
        self.until(self.all_alive, "all hosts are there again")

    def chaos(self):
        time.sleep(QUIET)
        for i, member in enumerate(self.cluster.members):
            self.kill(member, f"member {i + 1}")
        self.until(self.leaders, "a member leads")
        self.kill(self.leaders()[0], "the leader")
        self.stop_daemon()
        self.kill_daemon()
        self.cut(SILENT, CUT)
        self.cut(RESET, CUT // 2)

    # What is to be so ------------------------------------------------------------------------

    def count(self, clients):
        return [sum(column) for column in zip(*(client.count() for client in clients))]

    def finish(self, clients):
        """All is released; nothing is left that was promised by somebody who does not know it."""
        for client in clients:
            client.say("finish")
        with self.problem():
            for client in clients:
                code = client.process.wait(FINISH_TIME)
                self.assertEqual(code, 0, "all that was asked is answered and released")
        with self.problem():
            self.until(self.nothing_promised, "nothing is promised")
        self.observer.close()

    @contextlib.contextmanager
    def problem(self):
        """What is wrong is told at the end: the judge is always heard."""
        try:
            yield
        except (AssertionError, subprocess.TimeoutExpired) as problem:
            self.problems.append(str(problem))

    def nothing_promised(self):
        lots = self.observer.lots()
        return lots is not None and not any(lot.get("promised") for lot in lots.values())

    def memory(self, host):
        children = f"/proc/{host.process.pid}/task/{host.process.pid}/children"
        with open(children, encoding="ascii") as file:
            daemons = [pid for pid in file.read().split() if self.command(pid) == "virtferryd"]
        self.assertEqual(len(daemons), 1, f"the daemon of host {host.name} lives")
        with open(f"/proc/{daemons[0]}/status", encoding="ascii") as file:
            return next(line.split(None, 1)[1].strip() for line in file if line.startswith("VmRSS"))

    @staticmethod
    def command(pid):
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            return file.read().strip()

    def judge(self, clients):
        history = f"{self.folder}/history"
        with open(history, "w", encoding="ascii") as whole:
            for one in (*clients, self.observer):
                with open(one.history, encoding="ascii") as part:
                    whole.writelines(part)
        judged = subprocess.run([sys.executable, "-m", "linearizable", history], text=True,
                                capture_output=True, check=False)
        lines = (judged.stdout + judged.stderr).splitlines()
        for line in lines[:LINES_SHOWN] + lines[LINES_SHOWN:][-1:]:
            say(line)
        self.assertEqual(judged.returncode, 0, "each device has one holder")


class Promises(PromisesTest):
    def test_chaos(self):
        """no device is ever promised to two, whoever is killed, stopped or cut off"""
        self.until(lambda: len(self.offered()) == 3 * VFS and self.all_alive(), "all is offered")
        before, clients = self.offered(), self.start_clients()
        self.chaos()
        self.until_enough(clients)
        self.tell(*self.count(clients))
        self.finish(clients)
        with self.problem():
            self.judge(clients)
        with self.problem():
            self.assertEqual(self.offered(), before)
        with self.problem():
            say("memory: " + ", ".join(f"{host.name} {self.memory(host)}" for host in self.hosts))
        for host in self.hosts:
            host.close()
            with self.problem():
                self.assertEqual(host.process.returncode, 0, f"the daemon of {host.name} ends well")
        self.assertEqual(self.problems + self.observer.strange, [])

    def tell(self, done, refused, unknown, gone):
        took = time.monotonic() - self.begun
        say(f"{done} promises done, {refused} refused, {unknown} not known, in {took:.0f} s: "
            f"{done / took:.0f} a second")
        with self.problem():
            self.assertEqual(gone, 0, "nobody else releases what was promised")

    def until_enough(self, clients):
        """Members go on to be killed in turn, as long as there are more promises each time."""
        done, latest, members = self.count(clients)[0], -1, itertools.cycle(self.cluster.members)
        while done < PROMISES:
            self.assertGreater(done, latest)
            self.kill(next(members), "one more member")
            done, latest = self.count(clients)[0], done
