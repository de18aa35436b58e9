#!/usr/bin/python3
"""A host of 64 PFs published by virtferry-placement, against the same requests sent by curl.

placement.py FOLDER: for curl's files. What is made up is virtferryd (tests/openstack/made-up-host.c);
the publisher and Placement are real. curl is one process that sends one request after the other, and
has nothing to decide: it knows all names and generations before. The two run in turn."""
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid

from placement_host import VF, Host, Relay, ask, inventories, register, wait_for

PFS, ROUNDS, CHANGES = 64, 3, 20
CHECK_SEC, REST_SEC = 2, 12
TRAIT = "CUSTOM_VIRTFERRY_HEADROOM_HIGH"
CARDS = [f"0000:{n:02x}:00.0" for n in range(PFS)]


class Notified:
    """What the publisher tells systemd, who always listens."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.published = threading.Event()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            if "STATUS=published" in self.socket.recv(4096).decode():
                self.published.set()


def host_of(name, folder, port, config=""):
    """One that is registered and not published yet."""
    host = Host(name, port, config)
    path = os.path.join(folder, name)
    host.notified = Notified(path)
    host.environment["NOTIFY_SOCKET"] = path
    host.tell("quiet", *(f"set {card} vfs 8 1 0 high" for card in CARDS))
    host.register()
    return host


def ours(name, folder, port, config=""):
    """Seconds until the publisher says that all is published, its start included."""
    host = host_of(name, folder, port, config)
    begun = time.monotonic()
    host.start()
    assert host.notified.published.wait(120), host.log()
    seconds = time.monotonic() - begun
    assert host.inventories(CARDS[-1]) == {VF: (8, 1)}
    return seconds, host


def request(method, path, body):
    """One of curl's configuration."""
    lines = [f'url = "http://127.0.0.1:{os.environ["PLACEMENT_PORT"]}{path}"',
             f'request = "{method}"', 'header = "X-Auth-Token: admin"',
             'header = "OpenStack-API-Version: placement 1.39"', 'output = "/dev/null"', "fail"]
    if body:
        escaped = body.replace('"', '\\"')
        lines += ['header = "Content-Type: application/json"', f'data = "{escaped}"']
    return "\n".join(lines)


def peer(name, folder):
    """Seconds of curl, from its start to its end."""
    root = register(name)
    requests = [request("PUT", f"/resource_classes/{VF}", ""), request("PUT", f"/traits/{TRAIT}", "")]
    for card in CARDS:
        identity = str(uuid.uuid4())
        requests += [
            request("POST", "/resource_providers", f'{{"name": "{name}_{card}", "uuid": "{identity}", '
                    f'"parent_provider_uuid": "{root}"}}'),
            request("PUT", f"/resource_providers/{identity}/inventories",
                    '{"resource_provider_generation": 0, "inventories": {"%s": {"total": 8, '
                    '"reserved": 1}}}' % VF),
            request("PUT", f"/resource_providers/{identity}/traits",
                    '{"resource_provider_generation": 1, "traits": ["%s"]}' % TRAIT)]
    path = os.path.join(folder, "curl")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\nnext\n".join(requests))
    begun = time.monotonic()
    subprocess.run(["curl", "--silent", "--show-error", "--config", path], check=True)
    seconds = time.monotonic() - begun
    assert len(ask("GET", f"/resource_providers?in_tree={root}")["resource_providers"]) == PFS + 1
    return seconds


def publication(folder):
    """Medians."""
    mine, theirs = [], []
    for n in range(ROUNDS):
        seconds, host = ours(f"ours{n}", folder, int(os.environ["PLACEMENT_PORT"]))
        mine.append(seconds)
        host.close()
        theirs.append(peer(f"peer{n}", folder))
    return statistics.median(mine), statistics.median(theirs)


def changes(host):
    """The longest way of one from virtferryd's signal to Placement, in seconds."""
    longest = 0
    host.tell("loud")
    for n in range(CHANGES):
        card = CARDS[n * 7 % PFS]
        begun = time.monotonic()
        host.tell(f"set {card} vfs 8 {2 + n % 5} 0 high")
        provider = host.uuid_of(card)
        wait_for(lambda: inventories(provider) == {VF: (8, 2 + n % 5)})
        longest = max(longest, time.monotonic() - begun)
    return longest


def rest(folder):
    """Requests in the time of one check, after all is published, and how quickly changes are seen."""
    relay = Relay()
    seconds, host = ours("rest", folder, relay.port, f"[Placement]\nCheckSec={CHECK_SEC}\n")
    print(f"# publication through the relay: {seconds:.2f} s, {relay.count()} requests", flush=True)
    before = relay.count()
    time.sleep(REST_SEC)
    asked, writes = relay.count() - before, relay.count("PUT", "POST", "DELETE")
    longest = changes(host)
    assert relay.count("PUT", "POST", "DELETE") == writes + CHANGES, "a change is one write"
    host.close()
    return asked * CHECK_SEC / REST_SEC, longest


def report(name, mine, theirs, bound):
    ratio = mine / theirs
    print(f"bench placement-{name} ours {mine:.3f} peer {theirs:.3f} ratio {ratio:.2f} bound {bound}",
          flush=True)
    return ratio <= bound


def main():
    folder = sys.argv[1]
    good = report("publish-s", *publication(folder), 2)
    asked, longest = rest(folder)
    good = report("change-s", longest, 1, 1) and good
    # a check comes a little early, so that hosts do not come together
    good = report("rest-requests", asked, 1, 1.3) and good
    sys.exit(not good)


if __name__ == "__main__":
    main()
