# SPDX-License-Identifier: LGPL-2.1-or-later
"""What nova-scheduler is told of virt-ferry's hosts; virtferry-nova(7) has the words.

Loaded by name from nova.conf, on Nova 26 (Zed) and later. Decides nothing that Placement has
decided: it only prefers hosts, and candidates of one host.
"""
from virtferry_nova.filters import OneCardFilter
from virtferry_nova.weights import HeadroomWeigher

__all__ = ["HeadroomWeigher", "OneCardFilter"]
