"""What virtferry-placement answers on the bus: run by test-claims."""
import itertools
import json
import os
import subprocess
import unittest
import uuid
import xml.etree.ElementTree as ElementTree

import placement_host
from placement_host import BUILD, PF, TOP, VF, Host, Relay, ask, claim, wait_for

NAME = "org.virtferry1.Placement"
PATH = "/org/virtferry1/Placement"


def busctl(host, *words):
    """What it prints as JSON; what the bus says against it."""
    done = subprocess.run(
        ["busctl", f"--address={host.environment['DBUS_SYSTEM_BUS_ADDRESS']}", "--json=short",
         *words], capture_output=True, text=True, env=host.environment, check=False, timeout=20)
    if done.returncode:
        raise AssertionError(done.stderr.strip())
    return json.loads(done.stdout)["data"] if done.stdout else None


def get_claim(host, consumer):
    return busctl(host, "call", NAME, PATH, NAME, "GetClaim", "s", consumer)


def get(host, name):
    return busctl(host, "get-property", NAME, PATH, NAME, name)


class TestClaims(unittest.TestCase):
    def make_host(self, name, **more):
        host = Host(f"{name}-{uuid.uuid4()}", **more)
        self.addCleanup(host.close)
        host.register()
        host.tell(f"set {PF} vfs 8 0 0 high", "set dpu0 cores 16 0 0 high")
        return host.start()

    def await_published(self, host):
        wait_for(lambda: get(host, "State") == "published")

    def test_a_claim_is_told_by_device(self):
        host, other = self.make_host("here"), self.make_host("there")
        self.await_published(host)
        self.await_published(other)
        consumer = claim(host.uuid_of(PF), {VF: 2})
        self.addCleanup(claim, "", {}, consumer)
        self.assertEqual(get_claim(host, consumer), [True, [[PF, "vfs", 2]]])
        self.assertEqual(get_claim(host, consumer.upper()), [True, [[PF, "vfs", 2]]])
        self.assertEqual(get_claim(other, consumer), [False, []])

    def test_who_has_claimed_nothing_is_not_found(self):
        host = self.make_host("here")
        self.await_published(host)
        self.assertEqual(get_claim(host, str(uuid.uuid4())), [False, []])

    def test_what_nova_counts_itself_is_found_only(self):
        host = self.make_host("here")
        self.await_published(host)
        ask("PUT", f"/resource_providers/{host.root}/inventories",
            {"resource_provider_generation":
             ask("GET", f"/resource_providers/{host.root}")["generation"],
             "inventories": {"VCPU": {"total": 8}}})
        consumer = claim(host.root, {"VCPU": 1})
        self.addCleanup(claim, "", {}, consumer)
        self.assertEqual(get_claim(host, consumer), [True, []])

    def test_what_is_no_uuid_is_refused(self):
        host = self.make_host("here")
        self.await_published(host)
        with self.assertRaisesRegex(AssertionError, "'g1' is no consumer: that is the UUID of a"):
            get_claim(host, "g1")

    def test_a_host_that_nova_does_not_know_has_no_claims(self):
        host = Host(f"nobody-{uuid.uuid4()}")
        self.addCleanup(host.close)
        host.tell(f"set {PF} vfs 8 0 0 high")
        host.start()
        wait_for(lambda: get(host, "Problem"))
        with self.assertRaisesRegex(AssertionError, "this host is not in Placement yet: "):
            get_claim(host, str(uuid.uuid4()))

    def test_a_placement_in_trouble_is_told(self):
        relay = Relay()
        self.addCleanup(relay.close)
        host = self.make_host("here", port=relay.port)
        self.await_published(host)
        relay.instead = lambda method, path: path.startswith("/allocations") and (503, b"{}")
        with self.assertRaisesRegex(AssertionError, "allocations of .*: HTTP 503"):
            get_claim(host, str(uuid.uuid4()))

    def test_the_providers_are_told_with_the_root(self):
        host = self.make_host("here")
        self.await_published(host)
        self.assertCountEqual(get(host, "Providers"),
                              [["", host.root], [PF, host.uuid_of(PF)],
                               ["dpu0", host.uuid_of("dpu0")]])
        self.assertGreater(get(host, "PublishedUSec"), 0)
        self.assertEqual(get(host, "Problem"), "")

    def test_a_change_is_told(self):
        host = self.make_host("here")
        self.await_published(host)
        heard = os.path.join(host.folder, "heard")
        with open(heard, "w", encoding="utf-8") as file:
            monitor = subprocess.Popen(
                ["dbus-monitor", "--address", host.environment["DBUS_SYSTEM_BUS_ADDRESS"],
                 f"type='signal',path='{PATH}',member='PropertiesChanged'"],
                stdout=file, preexec_fn=placement_host.die_with_parent)
        self.addCleanup(monitor.wait)
        self.addCleanup(monitor.kill)
        totals = itertools.cycle((4, 5))

        def is_told():
            host.tell(f"set dpu0 cores {next(totals)} 0 0 high")
            with open(heard, encoding="utf-8") as file:
                text = file.read()
            return 'string "behind"' in text and 'string "published"' in text
        wait_for(is_told, step=0.2)

    def test_a_second_one_of_a_host_is_refused(self):
        host = self.make_host("here")
        self.await_published(host)
        done = subprocess.run(
            [f"{BUILD}/nova-driver-shim/placement/virtferry-placement",
             f"--config={host.folder}/conf"],
            capture_output=True, text=True, env=host.environment, check=False, timeout=20)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("stop the other virtferry-placement", done.stderr)

    def test_the_contract_is_what_it_offers(self):
        host = self.make_host("here")
        self.await_published(host)
        text = busctl(host, "call", NAME, PATH, "org.freedesktop.DBus.Introspectable",
                      "Introspect")[0]
        self.assertEqual(members(text),
                         members(open(os.path.join(TOP, "dbus", f"{NAME}.xml"), encoding="utf-8").read()))


def members(text):
    """Of our interface, without the notes that sd-bus adds."""
    interface = ElementTree.fromstring(text).find(f"interface[@name='{NAME}']")
    return sorted((row.tag, row.get("name"), row.get("type"), row.get("access"),
                   [(arg.get("name"), arg.get("type"), arg.get("direction")) for arg in row.iter("arg")])
                  for row in interface if row.tag != "annotation")
