"""The checker itself: histories that are linearizable, and such that are not."""
import itertools
import random
import unittest

from linearizable import IMPOSSIBLE, check, split


def history(*operations):
    """Each is (kind, domain, invoked, answered, answer)."""
    records = []
    for i, (kind, domain, invoked, answered, answer) in enumerate(operations):
        records.append({"time": invoked, "type": "invoke", "id": str(i), "op": kind,
                        "domain": domain, "devices": ["d"]})
        if answer:
            end = {"time": answered, "type": answer, "id": str(i)}
            if kind == "read":
                end["seen"] = {"d": domain}
            records.append(end)
    return records


def is_good(*operations):
    return not check(history(*operations))[2]


def by_trying(operations):
    """All orders of all choices of what open operations took effect: the definition itself."""
    answered = [one for one in operations if one.answered is not None]
    still_open = [one for one in operations if one.answered is None]
    for n in range(len(still_open) + 1):
        for some in itertools.combinations(still_open, n):
            if any(map(is_an_order, itertools.permutations([*answered, *some]))):
                return True
    return False


def is_an_order(order):
    state, latest = "", 0
    for one in order:
        if one.answered is not None and one.answered < latest:
            return False
        latest = max(latest, one.invoked)
        state = one.step(state)
        if state is IMPOSSIBLE:
            return False
    return True


def made_up(dice):
    times = dice.sample(range(100), 16)
    return history(*((dice.choice(["promise", "promise", "release", "release", "read", "redeem",
                                   "offer", "take-back"]), dice.choice(["g1", "g2"]),
                      *sorted(times[2 * i:2 * i + 2]), dice.choice(["ok", "ok", "fail", "info"]))
                     for i in range(dice.randint(1, 6))))


class Checker(unittest.TestCase):
    def test_one_after_another(self):
        """who is promised what was released before is in order"""
        self.assertTrue(is_good(("promise", "g1", 1, 2, "ok"), ("release", "g1", 3, 4, "ok"),
                                ("promise", "g2", 5, 6, "ok"), ("redeem", "g2", 7, 8, "ok"),
                                ("offer", "", 9, 10, "ok"), ("take-back", "", 11, 12, "ok")))

    def test_double_promise(self):
        """a device that two are promised is not, however their requests overlap"""
        self.assertFalse(is_good(("promise", "g1", 1, 4, "ok"), ("promise", "g2", 2, 3, "ok")))
        self.assertFalse(is_good(("promise", "g1", 1, 9, "ok"), ("promise", "g2", 2, 8, "ok"),
                                 ("release", "g2", 10, 11, "ok")))

    def test_overlap(self):
        """what overlaps may be in any order"""
        self.assertTrue(is_good(("promise", "g1", 1, 2, "ok"), ("promise", "g2", 3, 9, "ok"),
                                ("release", "g1", 4, 10, "ok")))
        self.assertFalse(is_good(("promise", "g1", 1, 2, "ok"), ("promise", "g2", 3, 4, "ok"),
                                 ("release", "g1", 5, 10, "ok")))

    def test_refused(self):
        """what was refused has done nothing"""
        self.assertTrue(is_good(("promise", "g1", 1, 2, "fail"), ("promise", "g2", 3, 4, "ok")))
        self.assertFalse(is_good(("promise", "g1", 1, 2, "ok"), ("release", "g1", 3, 4, "fail"),
                                 ("promise", "g2", 5, 6, "ok")))

    def test_lost_release(self):
        """a release that was answered and did nothing is seen"""
        self.assertFalse(is_good(("promise", "g1", 1, 2, "ok"), ("release", "g1", 3, 4, "ok"),
                                 ("read", "g1", 5, 6, "ok")))
        self.assertFalse(is_good(("release", "g1", 3, 4, "ok")))

    def test_lost_promise(self):
        """so is a promise"""
        self.assertFalse(is_good(("promise", "g1", 1, 2, "ok"), ("read", "", 3, 4, "ok")))

    def test_stale_read(self):
        """what is read was so while it was read"""
        operations = [("promise", "g1", 1, 2, "ok"), ("release", "g1", 3, 6, "ok")]
        self.assertTrue(is_good(*operations, ("read", "g1", 4, 9, "ok")))
        self.assertFalse(is_good(*operations, ("read", "g1", 7, 9, "ok")))
        self.assertFalse(is_good(*operations, ("read", "", 4, 5, "ok"), ("read", "g1", 6, 7, "ok")))

    def test_open(self):
        """what was not answered was done at any time, or never, and once at most"""
        lost = ("promise", "g1", 1, 0, None)
        self.assertTrue(is_good(lost, ("promise", "g2", 3, 4, "ok")))
        self.assertTrue(is_good(lost, ("read", "", 2, 3, "ok"), ("read", "g1", 4, 5, "ok")))
        self.assertFalse(is_good(lost, ("read", "g1", 2, 3, "ok"), ("read", "", 4, 5, "ok")))
        self.assertTrue(is_good(lost, ("release", "g1", 1, 9, "info"), ("read", "g1", 2, 3, "ok"),
                                ("promise", "g2", 4, 5, "ok")))
        self.assertFalse(is_good(lost, ("release", "g1", 1, 9, "info"), ("read", "g1", 2, 3, "ok"),
                                 ("read", "", 4, 5, "ok"), ("read", "g1", 6, 7, "ok")))
        self.assertFalse(is_good(("read", "g1", 1, 2, "ok"), ("promise", "g1", 3, 0, None)))

    def test_devices(self):
        """a promise of two devices is one of each, and the device that is wrong is named"""
        records = [{"time": 1, "type": "invoke", "id": "a", "op": "promise", "domain": "g1",
                    "devices": ["x", "y"]},
                   {"time": 2, "type": "ok", "id": "a"},
                   {"time": 3, "type": "invoke", "id": "b", "op": "promise", "domain": "g2",
                    "devices": ["y", "z"]},
                   {"time": 4, "type": "ok", "id": "b"}]
        operations, devices, problems = check(records)
        self.assertEqual((operations, devices, len(problems)), (4, 3, 1))
        self.assertTrue(problems[0].startswith("y: nothing explains 3 to 4: b promise g2\n"))

    def test_read(self):
        """one read tells of many devices, each by itself"""
        records = [*history(("promise", "g1", 1, 2, "ok")),
                   {"time": 3, "type": "invoke", "id": "r", "op": "read"},
                   {"time": 4, "type": "ok", "id": "r", "seen": {"d": "g1", "e": "", "f": "g1"}},
                   {"time": 5, "type": "invoke", "id": "s", "op": "read"},
                   {"time": 6, "type": "ok", "id": "s", "seen": {}}]
        operations, devices, problems = check(records)
        self.assertEqual((operations, devices, len(problems)), (4, 3, 1))
        self.assertTrue(problems[0].startswith("f: "))

    def test_definition(self):
        """of 20000 small histories it says what trying each order says"""
        dice, good = random.Random(1), 0
        for _ in range(20000):
            records = made_up(dice)
            operations = split(records).get("d", [])
            expected = by_trying(operations)
            self.assertEqual(not check(records)[2], expected, list(map(str, operations)))
            good += expected
        self.assertTrue(2000 < good < 18000, good)

    def test_many(self):
        """100000 operations on a device, with hundreds that were never answered, are no trouble"""
        operations = []
        for i in range(0, 500000, 10):
            operations += [("promise", f"g{i}", i, i + 2, "ok"),
                           ("release", f"g{i}", i + 3, i + 4, "info" if i % 1000 == 0 else "ok")]
            if i % 500 == 0:
                operations.append(("promise", f"h{i}", i, 0, None))
        self.assertTrue(is_good(*operations))
        self.assertFalse(is_good(*operations, ("read", "g0", 500000, 500001, "ok")))
