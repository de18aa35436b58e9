"""Which guests should move: three virtferryd beside a real etcd, which has loads that are made up,
since daemons without a libvirt tell none. $BUILD has cluster-host and virt-ferry."""
import json
import time

from cluster_hosts import HostsTest
from etcd_cluster import base64_text

PREFIX = "/virtferry/1/test:loads/"
CPU = 400  # of a guest, in 1/100


def guest(number, **more):
    """The higher its number, the longer its move takes."""
    return {"name": f"g{number}", "bytes": 2 << 30, "duration": 10000 * number, "downtime": 300,
            "bands": {"cpu": [CPU] * 3, "memory": [2048] * 3}, **more}


class Balance(HostsTest):
    def put(self, host, *guests, ago=0, **more):
        load = {"schema": 1, "at": int(time.time()) - ago, "size": {"cpu": 1600, "memory": 65536},
                "guests": {f"00000000-0000-4000-8000-{host}{n:011}": one
                           for n, one in enumerate(guests)}, **more}
        self.cluster.members[0].put(PREFIX + host, json.dumps(load))

    def keys(self):
        answer = self.cluster.members[0].ask("/v3/kv/range", {
            "key": base64_text(PREFIX), "range_end": base64_text(PREFIX[:-1] + "0")})
        return len(answer.get("kvs", []))

    def moves(self, host, *arguments):
        told = host.ferry("--json", "balance", *arguments)
        if told.stderr:
            raise AssertionError(told.stderr)
        answer = json.loads(told.stdout)
        return ([(move["Name"], move["From"], move["To"]) for move in answer["Moves"]],
                {absent["Host"]: absent["Reason"] for absent in answer["Absent"]}, answer["More"])

    def test_proposals(self):
        """each host proposes the same, at most so many, with the command that begins it"""
        hosts = self.start()
        self.put("a", *[guest(n) for n in range(1, 4)])
        self.put("b")
        self.put("c")
        for host in hosts:
            self.assertEqual(self.moves(host), ([("g1", "a", "c"), ("g2", "a", "b")], {}, False))
            self.assertEqual(self.moves(host, "--moves", "1"), ([("g1", "a", "c")], {}, True))
        own, other = hosts[0].ferry("balance"), hosts[1].ferry("balance")
        self.assertEqual((own.returncode, own.stderr), (0, ""))
        self.assertRegex(own.stdout, "g1 should go from a to c: .*75 % of the CPU of a are expected")
        self.assertIn("\n  virt-ferry migrate g1 test+ssh://c/system\n", own.stdout)
        self.assertIn("\n  virt-ferry -H a migrate g1 test+ssh://c/system\n", other.stdout)

    def test_even(self):
        """hosts that are even keep their guests, and so do those of which no guest fits elsewhere"""
        one, _, _ = self.start()
        for host, number in (("a", 1), ("b", 2), ("c", 3)):
            self.put(host, guest(number))
        self.assertEqual(one.ferry("balance").stdout, "All is even: no guest should move.\n")
        needs = [guest(n, wants=[{"name": "hostdev0", "kind": 0}]) for n in (1, 2, 3)]
        self.put("a", *needs, kinds=[{"class": "mdev", "type": "mtty-9"}])
        self.assertEqual(self.moves(one)[0], [])
        self.put("a", *needs, kinds=[{"class": "mdev", "type": "mtty-1"}])
        self.assertEqual(self.moves(one)[0], [("g1", "a", "c")])

    def test_absent(self):
        """a host that has told nothing, or nothing good, is named; one that is away is not"""
        one, _, three = self.start()
        self.put("a", *[guest(n) for n in range(1, 4)])
        self.assertEqual(self.moves(one)[1], dict.fromkeys(
            "bc", "it has told nothing of its load yet, which it does when it has looked at its guests"))
        self.put("b", ago=7200)
        self.put("c", base=1)
        told = one.ferry("balance")
        self.assertEqual(told.stdout, "All is even: no guest should move.\n")
        self.assertIn("Host b takes no part: what it has told of its load is of 120 minutes ago",
                      told.stderr)
        self.assertIn("Host c takes no part: what it tells of its load cannot be read: 'base' must",
                      told.stderr)
        three.tell("kill")
        self.until(lambda: list(self.moves(one)[1]) == ["b"])

    def test_forget(self):
        """what is forecast of a host goes with it"""
        one, _, three = self.start()
        self.put("a")
        self.put("c")
        self.assertEqual(self.keys(), 2)
        three.tell("kill")
        self.until(lambda: not one.hosts()[1]["c"]["Alive"])
        self.assertEqual(one.ferry("hosts", "forget", "c").returncode, 0)
        self.assertEqual(self.keys(), 1)

    def test_apply(self):
        """what leaves this host is begun here, which says why it cannot"""
        one, two, _ = self.start()
        self.put("a", *[guest(n) for n in range(1, 4)])
        self.put("b")
        answer = one.ferry("balance", "--apply", "--no-legend")
        self.assertEqual(answer.returncode, 1)
        self.assertRegex(answer.stderr, "^virt-ferry: g1 stays: .*libvirt")
        answer = two.ferry("balance", "--apply", "--no-legend")
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))

    def test_away(self):
        """while etcd is away nothing is proposed, and the reason is told"""
        one, _, _ = self.start()
        self.put("a", *[guest(n) for n in range(1, 4)])
        self.put("b")
        self.cluster.members[0].kill()
        answer = one.ferry("balance")
        self.assertEqual(answer.returncode, 1)
        self.assertIn("It cannot be said now which guests should move: etcd at", answer.stderr)
        self.cluster.members[0].start()
        self.until(lambda: one.ferry("balance").returncode == 0)
        self.assertEqual(self.moves(one)[0], [("g1", "a", "b")])
