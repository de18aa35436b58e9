"""Nova in one process (nova-api, conductor, scheduler, computes) on a Placement that listens on TCP.

The harness is that of Nova's own functional tests. PLACEMENT_URL says where Placement is; the
hypervisors are made up, and what virt-ferry publishes is put beside them by Card."""
import os
import types
import uuid

import nova.version
from nova.tests.functional import fixtures as func_fixtures  # first: it patches what others use
from nova.tests.functional import integrated_helpers
import requests

URL = os.environ["PLACEMENT_URL"]
NAMESPACE = uuid.UUID("5a3d7c38-6c0a-4f0e-9d8e-5b1f1f0f7b11")
FERRY = "CUSTOM_VIRTFERRY_"
NOVA = int(nova.version.version_string().split(".")[0])


class ExternalPlacement(func_fixtures.PlacementFixture):
    """Nova's clients of Placement, without a Placement of their own."""

    def __init__(self):
        super().__init__(db=True, use_intercept=False)  # that database stays empty

    def setUp(self):
        self.endpoint = URL
        super().setUp()


# The class is looked up where the helpers have it; its own module refers to itself by that name.
integrated_helpers.func_fixtures = types.SimpleNamespace(
    **{**vars(func_fixtures), "PlacementFixture": ExternalPlacement})


def placement(method, path, body=None, good=(200, 201, 204)):
    reply = requests.request(method, URL + path, json=body, timeout=30, headers={
        "X-Auth-Token": "admin", "OpenStack-API-Version": "placement 1.39"})
    assert reply.status_code in good, f"{method} {path}: {reply.status_code} {reply.text}"
    return reply.json() if reply.text else None


class Card:
    """A device of a compute node, in the shape in which virtferry-placement publishes one."""

    def __init__(self, host, device, resources, traits):
        root = placement("GET", f"/resource_providers?name={host}")["resource_providers"][0]
        self.root = root["uuid"]
        self.uuid = str(uuid.uuid5(NAMESPACE, f"{self.root}/{device}"))
        self.path = f"/resource_providers/{self.uuid}"
        placement("POST", "/resource_providers", {
            "name": f"{host}_virtferry_{device}", "uuid": self.uuid,
            "parent_provider_uuid": self.root})
        self.resources = {FERRY + name: total for name, total in resources.items()}
        for name in self.resources:
            placement("PUT", "/resource_classes/" + name)
        self.traits = [FERRY + trait for trait in traits]
        self.set_reserved(0)
        self.set_headroom(None)

    def set_reserved(self, share):
        """A part (0 to 1) of all resources is others'."""
        generation = placement("GET", self.path)["generation"]
        placement("PUT", self.path + "/inventories", {
            "resource_provider_generation": generation,
            "inventories": {name: {"total": total, "reserved": int(total * share)}
                            for name, total in self.resources.items()}})

    def set_headroom(self, level):
        traits = self.traits + ([f"{FERRY}HEADROOM_{level}"] if level else [])
        for trait in traits:
            placement("PUT", "/traits/" + trait)
        generation = placement("GET", self.path)["generation"]
        placement("PUT", self.path + "/traits", {
            "resource_provider_generation": generation, "traits": traits})

    def used(self):
        """By the names without their common beginning, those that are not 0."""
        usages = placement("GET", self.path + "/usages")["usages"]
        return {name.removeprefix(FERRY): used for name, used in usages.items() if used}


class NovaTestCase(integrated_helpers.ProviderUsageBaseTestCase):
    compute_driver = "fake.MediumFakeDriver"
    hosts = ()

    def setUp(self):
        self.flags(weight_classes=["nova.scheduler.weights.all_weighers",
                                   "virtferry_nova.HeadroomWeigher"],
                   available_filters=["nova.scheduler.filters.all_filters",
                                      "virtferry_nova.OneCardFilter"],
                   enabled_filters=["ComputeFilter", "ComputeCapabilitiesFilter",
                                    "ImagePropertiesFilter", "OneCardFilter"],
                   group="filter_scheduler")
        super().setUp()
        from nova.conf import CONF
        import virtferry_nova  # noqa: F401, its options
        CONF.set_override("headroom_seconds", 0, group="virtferry")
        self.addCleanup(CONF.clear_override, "headroom_seconds", group="virtferry")
        self.addCleanup(self._remove_providers)
        for host in self.hosts:
            self.start_service("compute", host=host)

    def _remove_providers(self):
        """The next test finds Placement as this one did."""
        rows = placement("GET", "/resource_providers")["resource_providers"]
        for row in rows:
            users = placement("GET", f"/resource_providers/{row['uuid']}/allocations")
            for consumer in users["allocations"]:
                placement("DELETE", f"/allocations/{consumer}", good=(204, 404))
        for row in sorted(rows, key=lambda row: row["parent_provider_uuid"] is None):
            placement("DELETE", f"/resource_providers/{row['uuid']}", good=(204, 404))

    def flavor(self, **specs):
        return self._create_flavor(vcpu=1, memory_mb=256, disk=1, ephemeral=0, extra_spec={
            name.replace("__", ":"): value for name, value in specs.items()})

    def boot(self, flavor, expected_state="ACTIVE"):
        return self._create_server(flavor_id=flavor, networks="none",
                                   image_uuid="155d900f-4e14-4e4c-a73d-069cbf4541e6",
                                   expected_state=expected_state)

    @staticmethod
    def host_of(server):
        return server["OS-EXT-SRV-ATTR:host"]
