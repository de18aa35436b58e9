"""A guest comes to a host with what it has claimed of it in a real Placement: libvirt's hook, virtferryd
and virtferry-placement as they are installed, over a made-up offload device."""
import json
import subprocess
import unittest
import uuid

import placement_host as p
from placement_host import BUILD, CORE, wait_for

NOVA = "http://openstack.org/xmlns/libvirt/nova/1.1"


class DemandingHost(p.RealHost):
    configuration = ("[OpenStack]\nClaims=all\n",)

    def run(self, *command, xml=""):
        return subprocess.run(command, input=xml, capture_output=True, text=True, check=False,
                              env=self.environment, timeout=60)

    def hook(self, operation, xml):
        """None, or why the hook has refused."""
        done = self.run(f"{BUILD}/hooks/50-virtferry", "g1", operation, "begin", "-", xml=xml)
        assert (done.returncode == 0) == (done.stderr == ""), done
        return done.stderr or None

    def cores_of(self, guest):
        """That its slice has of the offload device; None without one."""
        done = self.run(f"{BUILD}/cli/virt-ferry", "--json", "slice", "list")
        for row in json.loads(done.stdout):
            if row["DomainUUID"] == guest:
                return sum(grant[2] for grant in row["Grants"] if grant[0] == "offload:dpu0/cores")
        return None


def domain(guest, cores=None, nova=False):
    wish = f"<ferry:slice version='1'><ferry:offload name='o' cores='{cores}'/></ferry:slice>"
    instance = f"<nova:instance xmlns:nova='{NOVA}'/>"
    return (f"<domain type='kvm'><name>g1</name><uuid>{guest}</uuid><metadata>"
            f"<ferry:domain xmlns:ferry='urn:virtferry:domain:1' version='1'>"
            f"{wish if cores else ''}</ferry:domain>{instance if nova else ''}</metadata></domain>")


class TestHook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.host = DemandingHost("compute-claims")
        cls.addClassCleanup(cls.host.close)
        cls.host.register()
        cls.publish()
        cls.dpu = cls.host.uuid_of("dpu0")

    @classmethod
    def publish(cls):
        cls.host.start()

        def is_open():
            total, reserved = (cls.host.inventories("dpu0") or {})[CORE]
            return reserved < total
        wait_for(is_open)

    def guest(self, cores=0):
        """One that has claimed so many."""
        guest = str(uuid.uuid4())
        if cores:
            p.claim(self.dpu, {CORE: cores}, guest)
            self.addCleanup(p.claim, self.dpu, None, guest)
        return guest

    def test_without(self):
        """a guest without a claim neither comes nor starts"""
        guest = self.guest()
        for operation in ("migrate", "prepare"):
            self.assertRegex(self.host.hook(operation, domain(guest, 2)),
                             "^virt-ferry: Guest g1 has claimed nothing in Placement on host ")

    def test_too_small(self):
        """a claim that is smaller than the slice is refused with what is missing"""
        guest = self.guest(1)
        self.assertRegex(self.host.hook("migrate", domain(guest, 2)),
                         "its offload 'o' takes 2 cores of one offload device, and there is no more "
                         "than 1 cores of dpu0 in the claim")
        self.assertIsNone(self.host.cores_of(guest))

    def test_enough(self):
        """a guest comes and starts with what it has claimed, and has it"""
        guest = self.guest(2)
        self.assertIsNone(self.host.hook("migrate", domain(guest, 2)))
        self.assertEqual(self.host.cores_of(guest), 2)
        self.assertIsNone(self.host.hook("prepare", domain(guest, 2)))
        self.assertEqual(self.host.cores_of(guest), 2)

    def test_by_claim(self):
        """an instance of Nova that says nothing has the slice that it has claimed"""
        guest = self.guest(3)
        self.assertIsNone(self.host.hook("prepare", domain(guest, nova=True)))
        self.assertEqual(self.host.cores_of(guest), 3)

    def test_elsewhere(self):
        """a claim on another host is none"""
        other = p.register("compute-elsewhere")
        self.addCleanup(p.ask, "DELETE", f"/resource_providers/{other}")
        p.ask("PUT", f"/resource_providers/{other}/inventories", {
            "resource_provider_generation": 0, "inventories": {"VCPU": {"total": 4}}})
        guest = p.claim(other, {"VCPU": 1})
        self.addCleanup(p.claim, other, None, guest)
        self.assertRegex(self.host.hook("migrate", domain(guest, 2)), "has claimed nothing")

    def test_nobody(self):
        """without virtferry-placement it is not known, and refused with the way out"""
        guest = self.guest(2)
        self.host.stop()
        self.addCleanup(self.publish)
        self.assertRegex(self.host.hook("migrate", domain(guest, 2)),
                         "^virt-ferry: It is not known what guest g1 has claimed .*: "
                         "virtferry-placement does not run: start it with ")
