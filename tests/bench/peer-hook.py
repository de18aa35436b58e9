#!/usr/bin/python3
"""The peer of the hook benchmark: a qemu hook as one is written by hand.

peer-hook.py GUEST OPERATION PHASE EXTRA, the domain on standard input; the
host's files are below HOST_ROOT. On "migrate begin" each mediated device gets
the uuid of a device of this host that has the type the metadata asks for. It
leases nothing and remembers nothing.
"""
import os
import sys
import xml.etree.ElementTree as ElementTree

FERRY = "{urn:virtferry:domain:1}"
MDEVS = os.environ.get("HOST_ROOT", "") + "/sys/bus/mdev/devices"


def address_of(hostdev):
    address = hostdev.find("address")
    return "{}:{}:{}.{}".format(*(
        address.get(part)[2:] for part in ("domain", "bus", "slot", "function")))


def type_of(uuid):
    return os.path.basename(os.path.realpath(os.path.join(MDEVS, uuid, "mdev_type")))


def choose(wanted, taken):
    for uuid in sorted(os.listdir(MDEVS)):
        if uuid not in taken and type_of(uuid) == wanted:
            return uuid
    sys.exit(f"no free mdev of type {wanted}")


def main():
    domain = ElementTree.parse(sys.stdin).getroot()
    if sys.argv[2:4] != ["migrate", "begin"]:
        return

    seen = {device.get("address"): device.find(FERRY + "seen").get("mdev-type")
            for device in domain.iter(FERRY + "device")}
    taken = set()
    for hostdev in domain.iter("hostdev"):
        if hostdev.get("type") == "mdev":
            uuid = choose(seen[address_of(hostdev)], taken)
            taken.add(uuid)
            hostdev.find("source/address").set("uuid", uuid)
    print(ElementTree.tostring(domain, encoding="unicode"))


main()
