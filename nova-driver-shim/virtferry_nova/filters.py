# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keeps what a guest gets of virt-ferry's resources on one card."""
from nova.scheduler import filters

PREFIX = "CUSTOM_VIRTFERRY_"


def _cards(candidate):
    return [provider for provider, allocation in candidate["allocations"].items()
            if any(name.startswith(PREFIX) for name in allocation["resources"])]


class OneCardFilter(filters.BaseHostFilter):
    """Nova 27 and later claim the first candidate that is left. Nova 26 shows no candidates to
    filters: there, a flavor asks for all in one group (resources1:...), which is one card, too."""

    def host_passes(self, host_state, spec_obj):
        candidates = getattr(host_state, "allocation_candidates", None)
        if not candidates or spec_obj.flavor.extra_specs.get("group_policy") == "isolate":
            return True  # nothing is to be claimed, or the flavor wants several cards
        host_state.allocation_candidates = [c for c in candidates if len(_cards(c)) <= 1]
        return bool(host_state.allocation_candidates)
