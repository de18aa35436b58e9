"""The weigher and the filter of virtferry_nova, with Nova's classes and a Placement of words."""
import types
import unittest
from unittest import mock

from nova.scheduler import utils  # noqa: F401, first: it sets up what virtferry_nova imports
import virtferry_nova
from virtferry_nova import weights

BUCKET = "/resource_providers?required=CUSTOM_VIRTFERRY_HEADROOM_"
PREFIX = "CUSTOM_VIRTFERRY_"


class Words:
    """What Placement answers, by the bucket: roots of the cards in it, a status, or an exception."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = 0

    def get(self, path, version):
        assert path.startswith(BUCKET) and version == "1.39", path
        self.asked += 1
        answer = self.answers.get(path.removeprefix(BUCKET), [])
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return types.SimpleNamespace(status_code=answer)
        rows = [{"root_provider_uuid": root} for root in answer]
        return types.SimpleNamespace(status_code=200, json=lambda: {"resource_providers": rows})


def weigh(words, *hosts, weigher=None):
    weigher = weigher or virtferry_nova.HeadroomWeigher()
    with mock.patch.object(weights.report, "report_client_singleton", return_value=words), \
            mock.patch.object(weights, "LOG") as words.log:
        return [weigher._weigh_object(types.SimpleNamespace(uuid=host), None) for host in hosts]


def candidate(**cards):
    return {"allocations": {card: {"resources": {name: 1 for name in names}}
                            for card, names in cards.items()}}


class TestWeigher(unittest.TestCase):
    def test_order(self):
        """high is more than med, med than low, and a host without headroom is in the middle"""
        words = Words(HIGH=["a"], MED=["b"], LOW=["c"])
        self.assertEqual([1.0, 0.5, 0.0, 0.5], weigh(words, "a", "b", "c", "other"))

    def test_cards(self):
        """a host counts as its cards on average"""
        self.assertEqual([0.5, 0.75], weigh(Words(HIGH=["a", "b"], MED=["b"], LOW=["a"]), "a", "b"))

    def test_unknown_trait(self):
        """a trait that no host has had is an empty bucket"""
        self.assertEqual([1.0, 0.5], weigh(Words(HIGH=["a"], LOW=400), "a", "b"))

    def test_failure(self):
        """all hosts count alike while Placement does not answer, or says nonsense"""
        for wrong in (503, ConnectionError("gone"), [None, {}]):
            words = Words(HIGH=["a"], MED=wrong)
            self.assertEqual([0.5, 0.5], weigh(words, "a", "b"), wrong)
            words.log.warning.assert_called_once()

    def test_cache(self):
        """Placement is asked once a bucket in 5 seconds, also when it does not answer"""
        for words in (Words(HIGH=["a"]), Words(HIGH=["a"], LOW=503)):
            weigher, now = virtferry_nova.HeadroomWeigher(), 100.0
            with mock.patch.object(weights.time, "monotonic", side_effect=lambda: now):
                weigh(words, "a", "b", "c", weigher=weigher)
                now += 4.9
                weigh(words, "a", weigher=weigher)
                self.assertEqual(3, words.asked)
                now += 0.2
                weigh(words, "a", weigher=weigher)
                self.assertEqual(6, words.asked)

    def test_multiplier(self):
        """an aggregate may have a multiplier of its own, else the configuration's counts"""
        def host(metadata):
            return types.SimpleNamespace(aggregates=[types.SimpleNamespace(metadata=metadata)])
        weigher = virtferry_nova.HeadroomWeigher()
        self.assertEqual(1.0, weigher.weight_multiplier(host({})))
        self.assertEqual(3.0, weigher.weight_multiplier(host({"headroom_weight_multiplier": "3"})))


class TestFilter(unittest.TestCase):
    def check(self, host, passes, policy=None):
        specs = {"group_policy": policy} if policy else {}
        request = types.SimpleNamespace(flavor=types.SimpleNamespace(extra_specs=specs))
        self.assertIs(passes, virtferry_nova.OneCardFilter().host_passes(host, request))

    def test_no_candidates(self):
        """every host passes where Nova shows no candidates, as 26 does, or there are none"""
        self.check(types.SimpleNamespace(), True)
        self.check(types.SimpleNamespace(allocation_candidates=None), True)
        self.check(types.SimpleNamespace(allocation_candidates=[]), True)

    def test_one_card(self):
        """candidates stay whose resources are on one card, in their order"""
        split = candidate(card1=[PREFIX + "VF"], card2=[PREFIX + "CORE"], root=["VCPU"])
        whole = candidate(card1=[PREFIX + "VF", PREFIX + "CORE"], root=["VCPU"])
        plain = candidate(root=["VCPU"], gpu=["CUSTOM_GPU"])
        host = types.SimpleNamespace(allocation_candidates=[split, whole, plain])
        self.check(host, True)
        self.assertEqual([whole, plain], host.allocation_candidates)

    def test_none_left(self):
        """a host all of whose candidates need two cards is filtered out"""
        split = candidate(card1=[PREFIX + "VF"], card2=[PREFIX + "VF"])
        self.check(types.SimpleNamespace(allocation_candidates=[split]), False)

    def test_isolate(self):
        """a flavor that wants its groups on several cards has them so"""
        split = candidate(card1=[PREFIX + "VF"], card2=[PREFIX + "VF"])
        host = types.SimpleNamespace(allocation_candidates=[split])
        self.check(host, True, policy="isolate")
        self.assertEqual([split], host.allocation_candidates)
        self.check(host, False, policy="none")
