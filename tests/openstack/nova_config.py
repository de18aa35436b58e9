"""What `virt-ferry openstack` writes, read by Nova's own parsers: the golden files of the command."""
import os
import pathlib
import shutil
import tempfile
import unittest
from unittest import mock

from nova.tests.functional import integrated_helpers  # noqa: F401, first: it patches what others use
from nova.compute import provider_config
from nova.conf import pci as pci_options
from nova.pci import devspec, request, utils, whitelist
from nova.compute import pci_placement_translator as translator
import os_resource_classes
import os_traits
from oslo_config import cfg

from nova_harness import FERRY, NOVA, NovaTestCase, placement, read_example

GOLDEN = pathlib.Path(__file__).parent.parent / "unit/cli/golden"
DEVICE_SPEC = GOLDEN / ("openstack-device-spec.txt" if NOVA >= 31 else "openstack-device-spec-26.txt")
PF, VF = "0000:3b:00.0", "0000:3b:00.2"


def device(address, product="101e", parent=PF):
    """As libvirt tells Nova of one."""
    return {"vendor_id": "15b3", "product_id": product, "address": address, "parent_addr": parent}


def read_specs(text):
    """What nova-compute makes of this section of its nova.conf."""
    conf = cfg.ConfigOpts()
    pci_options.register_opts(conf)
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(text)
        file.flush()
        conf([], default_config_files=[file.name])
    with mock.patch.object(utils, "is_physical_function", lambda *address: address[-1] == "0"):
        return whitelist.Whitelist(conf.pci.device_spec).specs


class TestDeviceSpec(unittest.TestCase):
    def matches(self, specs, *devices):
        return [any(spec.match(dict(one)) for spec in specs) for one in devices]

    def test_single(self):
        """device_spec means the VF that may move, and none that is left out"""
        specs = read_specs(DEVICE_SPEC.read_text())
        self.assertEqual([True, False, False, False], self.matches(
            specs, device(VF), device("0000:3b:00.3"), device("0000:3b:00.4"),
            device(PF, product="101d", parent=None)))

    def test_whole_pf(self):
        """device_spec with a PF's address means all its VFs, and neither the PF nor another's"""
        specs = read_specs(DEVICE_SPEC.read_text().replace(VF, PF))
        self.assertEqual([True, True, False, False], self.matches(
            specs, device(VF), device("0000:3b:00.4"), device(PF, product="101d", parent=None),
            device("0000:5e:00.2", parent="0000:5e:00.0")))

    def test_placement(self):
        """Nova counts these VFs in a class and with traits that it takes as they are"""
        tags = read_specs(DEVICE_SPEC.read_text())[0].get_tags()
        name = tags["resource_class"]
        self.assertEqual("CUSTOM_FERRY_VF_15B3_101E", name)
        self.assertTrue(os_resource_classes.is_custom(name))
        self.assertFalse(name.startswith(FERRY))
        dev = mock.Mock(vendor_id="15b3", product_id="101e")
        self.assertEqual(name, translator._get_rc_for_dev(dev, tags))
        self.assertEqual({"COMPUTE_MANAGED_PCI_DEVICE", FERRY + "MIGRATABLE",
                          FERRY + "FORMAT_MLX5_VFIO_PCI_0"}, translator._get_traits_for_dev(tags))
        self.assertTrue(all(map(os_traits.is_custom, tags["traits"].split(","))))

    def test_migration(self):
        """Nova 31 reads that they may move and that libvirt binds no driver, older ones are not told"""
        tags = read_specs(DEVICE_SPEC.read_text())[0].get_tags()
        expected = {"managed": "false", "live_migratable": "true"} if NOVA >= 31 else {}
        self.assertEqual(expected, {name: tags[name] for name in ("managed", "live_migratable")
                                    if name in tags})
        self.assertEqual(NOVA >= 31, hasattr(devspec.PciDeviceSpec, "_normalize_device_spec_tag"))


class TestExample(unittest.TestCase):
    def test_alias(self):
        """the alias of the example asks for the VFs of device_spec"""
        if NOVA < 31:
            self.skipTest(f"an alias of Nova {NOVA} has no resource class")
        with mock.patch.object(request, "CONF", read_example()):
            (_, (spec,)), = request._get_alias_from_config().values()
        tags = read_specs(DEVICE_SPEC.read_text())[0].get_tags()
        self.assertEqual(tags["resource_class"], spec["resource_class"])
        self.assertIn(spec["traits"], tags["traits"].split(","))


class TestProviderConfig(NovaTestCase):
    def folder_with(self, golden):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        shutil.copy(GOLDEN / golden, os.path.join(folder.name, "ferry.yaml"))
        return folder.name

    def test_equal(self):
        """provider_config is the same provider from YAML and from JSON"""
        found = [provider_config.get_provider_configs(self.folder_with(file))["$COMPUTE_NODE"]
                 for file in ("openstack-provider.yaml", "openstack-provider.json")]
        for provider in found:
            provider.pop("__source_file")
        self.assertEqual(*found)
        self.assertEqual(6, len(found[0]["inventories"]["additional"]))

    def test_published(self):
        """nova-compute publishes it, and no guest gets more than one card has"""
        self.flags(provider_config_location=self.folder_with("openstack-provider.yaml"),
                   group="compute")
        self.start_service("compute", host="a")
        root = placement("GET", "/resource_providers?name=a")["resource_providers"][0]["uuid"]
        rows = placement("GET", f"/resource_providers/{root}/inventories")["inventories"]
        self.assertEqual((24, 16), (rows[FERRY + "CORE"]["total"], rows[FERRY + "CORE"]["max_unit"]))
        self.assertIn(FERRY + "MIGRATABLE",
                      placement("GET", f"/resource_providers/{root}/traits")["traits"])

        cores = f"resources__{FERRY}CORE"
        self.boot(self.flavor(**{cores: "16"}))
        self.boot(self.flavor(**{cores: "8"}))
        self.boot(self.flavor(**{cores: "1"}), expected_state="ERROR")
        self.assertEqual(24, placement(
            "GET", f"/resource_providers/{root}/usages")["usages"][FERRY + "CORE"])
