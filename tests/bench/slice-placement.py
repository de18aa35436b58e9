#!/usr/bin/python3
"""Hardware slices promised and given back, against claims on Placement.

slice-placement.py PORT OURS STORE: Placement's port on loopback, the program
made of slice-placement.c, and its database. The same ask for both, four cores
and 8 GiB of a host and a VF of its PF, on the disk when it is answered.

Ours is the library that the daemon calls, which also chooses the cores and the
VF; Placement is told from which providers to take. The way over HTTP is part of
Placement's time, so it is measured as well, with a request that asks for no more
than its version. The two run in turn, so that a busy machine is busy for both.
"""
import http.client
import json
import statistics
import subprocess
import sys
import threading
import time
import uuid

ROUNDS, CLIENT_ROUNDS, CLIENTS = 15, 3, 64
ROUNDS_SECONDS = 20  # of each kind, after which no further round begins
OUR_PAIRS, PEER_PAIRS = 100, 10  # of a round; about the same time
BOUND = 20

HEADERS = {"X-Auth-Token": "admin", "OpenStack-API-Version": "placement 1.39",
           "Content-Type": "application/json"}


class Ours:
    def __init__(self, program, store):
        self.process = subprocess.Popen([program, store], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def seconds(self, pairs, clients=1):
        self.process.stdin.write(f"{pairs} {clients}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


class Connection:
    """Kept alive from its first request on."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, method, path, body=None):
        self.http.request(method, path, json.dumps(body) if body else None, HEADERS)
        answer = self.http.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")


class Placement:
    def __init__(self, port):
        self.port = port
        self.connection = Connection(port)
        self.host, self.card = str(uuid.uuid4()), str(uuid.uuid4())
        self.provide(self.host, None, {"PCPU": 256, "MEMORY_MB": 1048576})
        self.provide(self.card, self.host, {"SRIOV_NET_VF": 64})

    def provide(self, provider, parent, resources):
        self.connection.ask("POST", "/resource_providers", {
            "name": provider, "uuid": provider, "parent_provider_uuid": parent})
        self.connection.ask("PUT", f"/resource_providers/{provider}/inventories", {
            "resource_provider_generation": 0,
            "inventories": {name: {"total": total} for name, total in resources.items()}})

    def claim(self, connection):
        consumer = f"/allocations/{uuid.uuid4()}"
        connection.ask("PUT", consumer, {
            "allocations": {self.host: {"resources": {"PCPU": 4, "MEMORY_MB": 8192}},
                            self.card: {"resources": {"SRIOV_NET_VF": 1}}},
            "project_id": "bench", "user_id": "bench",
            "consumer_generation": None, "consumer_type": "INSTANCE"})
        connection.ask("DELETE", consumer)

    def seconds(self, pairs):
        return seconds_of(lambda: self.claim(self.connection), pairs)

    def seconds_of_version(self, requests):
        return seconds_of(lambda: self.connection.ask("GET", "/"), requests)

    def seconds_of_clients(self, clients):
        """Each with a connection of its own. The server has one thread, which ours must leave."""
        self.connection.http.close()
        failures = []
        threads = [threading.Thread(target=self.be_client, args=[failures]) for _ in range(clients)]
        begin = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return time.monotonic() - begin

    def be_client(self, failures):
        connection = Connection(self.port)
        try:
            self.claim(connection)
        except (OSError, RuntimeError, http.client.HTTPException) as failure:
            failures.append(failure)
        finally:
            connection.http.close()


def seconds_of(call, times):
    begin = time.monotonic()
    for _ in range(times):
        call()
    return time.monotonic() - begin


def rounds(most):
    end = time.monotonic() + ROUNDS_SECONDS
    for n in range(most):
        if n > 0 and time.monotonic() > end:
            return
        yield n


def report(name, ours, peer):
    """Allocations a second, each of them given back."""
    ratio = ours / peer
    print(f"bench {name} ours {ours:.1f} peer {peer:.1f} ratio {ratio:.1f} bound {BOUND}",
          flush=True)
    return ratio >= BOUND


def compare_clients(ours, peer):
    our_rates, peer_rates = [], []
    for _ in rounds(CLIENT_ROUNDS):
        our_rates.append(CLIENTS / ours.seconds(CLIENTS, CLIENTS))
        peer_rates.append(CLIENTS / peer.seconds_of_clients(CLIENTS))
    return report(f"slice-placement-{CLIENTS}-clients", statistics.median(our_rates),
                  statistics.median(peer_rates))


def compare_one(ours, peer):
    our_rates, peer_rates, version = [], [], []
    for _ in rounds(ROUNDS):
        our_rates.append(OUR_PAIRS / ours.seconds(OUR_PAIRS))
        peer_rates.append(PEER_PAIRS / peer.seconds(PEER_PAIRS))
        version.append(peer.seconds_of_version(PEER_PAIRS) / PEER_PAIRS)
    print(f"# Placement: {1000 / statistics.median(peer_rates):.1f} ms each, of which two ways over"
          f" HTTP are {2000 * statistics.median(version):.1f} ms")
    return report("slice-placement", statistics.median(our_rates), statistics.median(peer_rates))


def main():
    ours = Ours(sys.argv[2], sys.argv[3])
    peer = Placement(int(sys.argv[1]))
    peer.seconds(PEER_PAIRS)  # the first of a project also writes the project
    ours.seconds(OUR_PAIRS)
    good = compare_clients(ours, peer)
    sys.exit(0 if compare_one(ours, peer) and good else 1)


main()
