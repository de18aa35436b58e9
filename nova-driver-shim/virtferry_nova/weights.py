# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prefers hosts whose guests are forecast to leave room on their cards."""
import time

import nova.conf
from nova.scheduler.client import report
from nova.scheduler import utils
from nova.scheduler import weights
from oslo_config import cfg
from oslo_log import log

BUCKETS = {"CUSTOM_VIRTFERRY_HEADROOM_HIGH": 1.0,
           "CUSTOM_VIRTFERRY_HEADROOM_MED": 0.5,
           "CUSTOM_VIRTFERRY_HEADROOM_LOW": 0.0}
NEUTRAL = 0.5  # a host of which nothing is known is no better and no worse than most

CONF = nova.conf.CONF
LOG = log.getLogger(__name__)
CONF.register_opts([
    cfg.FloatOpt("headroom_weight_multiplier", default=1.0,
                 help="How much headroom counts beside Nova's own weighers; 0 not at all. Host "
                      "aggregates may have one of their own, of the same name."),
    cfg.IntOpt("headroom_seconds", default=5, min=0,
               help="How long what Placement has said of headroom is believed."),
], group="virtferry")


def _read_bucket(trait):
    reply = report.report_client_singleton().get(
        "/resource_providers?required=" + trait, version="1.39")
    if reply.status_code == 400:  # no host has ever had this trait, so Placement does not know it
        return []
    if reply.status_code != 200:
        raise RuntimeError(f"GET of {trait}: HTTP {reply.status_code}")
    return [provider["root_provider_uuid"] for provider in reply.json()["resource_providers"]]


def _read_headroom():
    """The mean over its cards for each host, by the UUID of the host's provider."""
    scores = {}
    for trait, score in BUCKETS.items():
        for root in _read_bucket(trait):
            scores.setdefault(root, []).append(score)
    return {root: sum(cards) / len(cards) for root, cards in scores.items()}


class HeadroomWeigher(weights.BaseHostWeigher):
    minval, maxval = 0.0, 1.0  # else Nova stretches the smallest difference to a whole weight
    _headroom, _until = {}, 0.0

    def weight_multiplier(self, host_state):
        return utils.get_weight_multiplier(host_state, "headroom_weight_multiplier",
                                           CONF.virtferry.headroom_weight_multiplier)

    def _refresh(self):
        try:
            self._headroom = _read_headroom()
        except Exception as error:  # whatever it is: a guest is not refused for want of a preference
            LOG.warning("Headroom is not known, all hosts count alike: %s", error)
            self._headroom = {}
        self._until = time.monotonic() + CONF.virtferry.headroom_seconds

    def _weigh_object(self, host_state, request_spec):
        if time.monotonic() >= self._until:
            self._refresh()
        return self._headroom.get(host_state.uuid, NEUTRAL)
