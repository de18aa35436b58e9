#!/usr/bin/python3
"""Promises of one VF, made and released, against what is sent for them, and against Placement.

promises.py PORT OURS: Placement's port on loopback, and the program made of bench-promises.c.

"bus" is Promise() and Release() of a virtferryd, "edge" what it is made of without the bus; the peer
sends the same transactions by libcurl alone, as many at a time. etcd has a core of its own in all
three, as it has machines of its own where it is used; all that asks shares the others. A claim
on Placement is the same: one VF for a new consumer, and given back. Its server has one process, with
SQLite, as everywhere here; both databases are on a file system in memory. All run in turn, so that a
busy machine is busy for all.
"""
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
import uuid

from cluster import BigCluster
from etcd_cluster import die_with_parent

ROUNDS, SECONDS, SEATS = 5, 2, 16
BARE_BOUND, PLACEMENT_BOUND = 0.8, 10  # of the peer, at least
VF = "SRIOV_NET_VF"
HEADERS = {"X-Auth-Token": "admin", "OpenStack-API-Version": "placement 1.39",
           "Content-Type": "application/json"}


class Ours:
    def __init__(self, program, url):
        self.process = subprocess.Popen([program, url, str(SEATS)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1,
                                        preexec_fn=die_with_parent)

    def rate(self, way):
        self.process.stdin.write(f"{way} {SECONDS}\n")
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Placement:
    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.card = str(uuid.uuid4())
        self.ask("POST", "/resource_providers", {"name": self.card, "uuid": self.card})
        self.ask("PUT", f"/resource_providers/{self.card}/inventories", {
            "resource_provider_generation": 0, "inventories": {VF: {"total": 64}}})
        self.claim()  # the first of a project also writes the project

    def ask(self, method, path, body=None):
        self.http.request(method, path, json.dumps(body) if body else None, HEADERS)
        answer = self.http.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")

    def claim(self):
        consumer = f"/allocations/{uuid.uuid4()}"
        self.ask("PUT", consumer, {
            "allocations": {self.card: {"resources": {VF: 1}}}, "project_id": "bench",
            "user_id": "bench", "consumer_generation": None, "consumer_type": "INSTANCE"})
        self.ask("DELETE", consumer)

    def rate(self):
        """Over a connection of its own, since the server gives up one that is silent."""
        self.http.close()
        begin, claims = time.monotonic(), 0
        while time.monotonic() < begin + SECONDS:
            self.claim()
            claims += 1
        return claims / (time.monotonic() - begin)


def etcd_apart():
    """An etcd on the first core; this process, and all that it starts then, on the others."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    cluster = BigCluster()
    os.sched_setaffinity(0, cores[1:] or cores)
    return cluster


def report(name, ours, peer, bound):
    ratio = ours / peer
    print(f"bench promises-{name} ours {ours:.0f} peer {peer:.0f} ratio {ratio:.2f} bound {bound}",
          flush=True)
    return ratio >= bound


def measure(ours, placement):
    rates = {"bus": [], "edge": [], "bare": [], "claims": []}
    for n in range(ROUNDS):
        for way in ("bare", "bus", "edge"):
            rates[way].append(ours.rate(way))
        rates["claims"].append(placement.rate())
        print(f"# round {n + 1} of {ROUNDS}: " +
              ", ".join(f"{way} {of[-1]:.0f}" for way, of in rates.items()), flush=True)
    return {way: statistics.median(of) for way, of in rates.items()}


def main():
    cluster = etcd_apart()
    try:
        ours = Ours(sys.argv[2], cluster.urls[0])
        rates = measure(ours, Placement(int(sys.argv[1])))
        ours.close()
    finally:
        cluster.close()
    good = report("edge", rates["edge"], rates["bare"], BARE_BOUND)
    good = report("placement", rates["bus"], rates["claims"], PLACEMENT_BOUND) and good
    sys.exit(0 if report("bus", rates["bus"], rates["bare"], BARE_BOUND) and good else 1)


if __name__ == "__main__":
    main()
