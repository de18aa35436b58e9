"""Nova in one process (nova-api, conductor, scheduler, computes) on a Placement that listens on TCP.

The harness is that of Nova's own functional tests; the hypervisors are made up. What virt-ferry
publishes beside them is published by virtferry-placement where BUILD has it, else by the test.
PLACEMENT_PORT says where Placement is."""
import os
import types

import nova.version
from nova.tests.functional import fixtures as func_fixtures  # first: it patches what others use
from nova.tests.functional import integrated_helpers
from nova.conf import pci as pci_options
from nova.conf import scheduler as scheduler_options
from oslo_config import cfg
import requests

if "BUILD" in os.environ:
    import placement_host

URL = f"http://127.0.0.1:{os.environ['PLACEMENT_PORT']}"
EXAMPLE = os.path.join(os.path.dirname(__file__), "../../data/examples/nova.conf")
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


def read_example():
    """What Nova makes of the example of nova.conf."""
    conf = cfg.ConfigOpts()
    for options in (pci_options, scheduler_options):
        options.register_opts(conf)
    conf([], default_config_files=[EXAMPLE])
    return conf


class Card:
    """A PF of a compute node with VFs of mlx5_vfio_pci, whose state is of a version."""

    def __init__(self, host, device, resources, version):
        self.host, self.device, self.resources, self.version = host, device, resources, version
        self.name = f"{host}_virtferry_{device}"
        self.traits = {FERRY + "MIGRATABLE", f"{FERRY}FORMAT_MLX5_VFIO_PCI_{version}"}
        self.share, self.level = 0, "med"
        self.root = self._find(host)["uuid"]
        self._begin()
        self._publish()
        self.path = f"/resource_providers/{self._find(self.name)['uuid']}"

    @staticmethod
    def _find(name):
        return placement("GET", f"/resource_providers?name={name}")["resource_providers"][0]

    def set_taken(self, share):
        """A part (0 to 1) of all resources is others'."""
        self.share = share
        self._publish()

    def set_headroom(self, level):
        self.level = level
        self._publish()

    def used(self):
        """By the names without their common beginning, those that are not 0."""
        usages = placement("GET", self.path + "/usages")["usages"]
        return {name.removeprefix(FERRY): used for name, used in usages.items() if used}


class CardOfTest(Card):
    """In the shape in which virtferry-placement publishes it."""

    def _begin(self):
        placement("POST", "/resource_providers", {
            "name": self.name, "parent_provider_uuid": self.root})
        for name in self.resources:
            placement("PUT", f"/resource_classes/{FERRY}{name}")

    def _publish(self):
        traits = self.traits | {f"{FERRY}HEADROOM_{self.level.upper()}"}
        for trait in traits:
            placement("PUT", "/traits/" + trait)
        path = f"/resource_providers/{self._find(self.name)['uuid']}"
        placement("PUT", path + "/inventories", {
            "resource_provider_generation": self._find(self.name)["generation"],
            "inventories": {FERRY + name: {"total": total, "reserved": int(total * self.share)}
                            for name, total in self.resources.items()}})
        placement("PUT", path + "/traits", {
            "resource_provider_generation": self._find(self.name)["generation"],
            "traits": sorted(traits)})


class CardOfService(Card):
    """By the real service, which is told of it by a virtferryd that is made up."""
    RESOURCES = {"VF": "vfs", "CORE": "cores", "MEMORY_MIB": "memory", "LANE": "lanes",
                 "KEY": "keys", "KBPS": "bandwidth"}
    hosts = {}

    def _begin(self):
        host = self.hosts.get(self.root)
        if not host:
            host = self.hosts[self.root] = placement_host.Host(self.host)
            host.root = self.root
            host.start()
        self.service = host

    def _published(self):
        try:
            path = f"/resource_providers/{self._find(self.name)['uuid']}"
        except IndexError:
            return False
        rows = placement("GET", path + "/inventories")["inventories"]
        return (self.traits | {f"{FERRY}HEADROOM_{self.level.upper()}"} ==
                set(placement("GET", path + "/traits")["traits"]) and
                {FERRY + name: int(total * self.share) for name, total in self.resources.items()} ==
                {name: row["reserved"] for name, row in rows.items()})

    def _publish(self):
        self.service.tell(*(f"set {self.device} {self.RESOURCES[name]} {total} "
                            f"{int(total * self.share)} 0 {self.level}"
                            for name, total in self.resources.items()),
                          f"function {self.device[:-1]}2 {self.device} mlx5_vfio_pci {self.version}")
        placement_host.wait_for(self._published)

    @classmethod
    def close_all(cls):
        while cls.hosts:
            cls.hosts.popitem()[1].close()


class NovaTestCase(integrated_helpers.ProviderUsageBaseTestCase):
    compute_driver = "fake.MediumFakeDriver"
    hosts = ()

    def setUp(self):
        example = read_example()
        for name in ("weight_classes", "available_filters", "enabled_filters"):
            self.flags(**{name: example.filter_scheduler[name]}, group="filter_scheduler")
        super().setUp()
        from nova.conf import CONF
        import virtferry_nova  # noqa: F401, its options
        CONF.set_override("headroom_seconds", 0, group="virtferry")
        self.addCleanup(CONF.clear_override, "headroom_seconds", group="virtferry")
        self.addCleanup(self._remove_providers)
        self.addCleanup(CardOfService.close_all)
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

    @staticmethod
    def card(*what):
        return (CardOfService if "BUILD" in os.environ else CardOfTest)(*what)

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
