"""Whether a history of promises is linearizable for each device: python3 -m linearizable FILE

It knows nothing of who keeps the promises, and how. A device is free, has one holder, or is not
offered; each operation that was answered "ok" took effect at one moment between its invocation and
its answer; one that was answered "fail" never did; one of "info", or without an answer, did at any
moment after its invocation, or never did. Is there an order in which all of that can be so?

A line of the history is an object of JSON, by the time of one clock:

    {"time": 1, "type": "invoke", "id": "a1", "op": "promise", "domain": "g1", "devices": ["b/vf1"]}
    {"time": 5, "type": "ok", "id": "a1"}

    promise         free -> held by the domain          take-back   free -> not offered
    release         held by the domain -> free          offer       not offered -> free
    redeem          held by the domain -> not offered
    read            as it was seen: its answer has "seen": {DEVICE: DOMAIN, "" for none}

An operation on several devices is looked at for each of them. All devices are free at first."""
import collections
import json
import sys

FREE, NOT_OFFERED, IMPOSSIBLE = "", None, False
SHOWN = 12  # operations before the one that nothing explains


class Operation:
    """One, on one device. `answered` None: it is open for ever."""

    def __init__(self, name, kind, domain, invoked):
        self.name, self.kind, self.domain, self.invoked = name, kind, domain, invoked
        self.answered = None

    def step(self, state):
        """What a device of this state becomes; IMPOSSIBLE."""
        before, after = {
            "promise": (FREE, self.domain), "release": (self.domain, FREE),
            "redeem": (self.domain, NOT_OFFERED), "take-back": (FREE, NOT_OFFERED),
            "offer": (NOT_OFFERED, FREE), "read": (self.domain, self.domain)}[self.kind]
        return after if state == before else IMPOSSIBLE

    def __str__(self):
        end = "never" if self.answered is None else self.answered
        return f"{self.invoked} to {end}: {self.name} {self.kind} {self.domain or '-'}"


def split(records):
    """Device to its operations, without those that failed."""
    invoked, answers = {}, {}
    for record in records:
        (invoked if record["type"] == "invoke" else answers)[record["id"]] = record
    devices = collections.defaultdict(list)
    for name, record in invoked.items():
        answer = answers.get(name, {"type": "info"})
        if answer["type"] == "fail" or (record["op"] == "read" and answer["type"] != "ok"):
            continue
        seen = answer.get("seen")
        if seen is None:
            seen = dict.fromkeys(record["devices"], record.get("domain", ""))
        for device, domain in seen.items():
            operation = Operation(name, record["op"], domain, record["time"])
            operation.answered = answer["time"] if answer["type"] == "ok" else None
            devices[device].append(operation)
    return devices


def without_unseen(operations):
    """Without open promises and releases of domains that no answer tells of: if there is an order
    with them, there is one without."""
    seen = {one.domain for one in operations
            if one.answered is not None or one.kind not in ("promise", "release")}
    return [one for one in operations if one.domain in seen]


def explain(state, done, pending, wanted):
    """Each (state, done) in which `wanted` has just taken effect; others only when it needs them:
    what may wait until later does."""
    if wanted in done:
        return {(state, done - {wanted})}
    found, seen, stack = set(), {(state, done)}, [(state, done)]
    while stack:
        state, done = stack.pop()
        for one in pending - done:
            after = one.step(state)
            if after is IMPOSSIBLE:
                continue
            if one is wanted:
                found.add((after, done))
            elif (after, done | {one}) not in seen:
                seen.add((after, done | {one}))
                stack.append((after, done | {one}))
    return found


def first_unexplained(operations):
    """In the order of events: all states that a device may be in, each with those of the pending
    operations that took effect already. None: it is linearizable."""
    events = []
    for one in without_unseen(operations):
        events.append((one.invoked, 0, one.name, one))
        if one.answered is not None:
            events.append((one.answered, 1, one.name, one))
    states, pending = {(FREE, frozenset())}, frozenset()
    for _, is_answer, _, one in sorted(events, key=lambda event: event[:3]):
        if not is_answer:
            pending |= {one}
            continue
        states = {after for state, done in states for after in explain(state, done, pending, one)}
        pending -= {one}
        if not states:
            return one
    return None


def check(records):
    """How many operations on how many devices, and a list of what is wrong."""
    devices, problems = split(records), []
    for device, operations in sorted(devices.items()):
        wrong = first_unexplained(operations)
        if wrong:
            near = sorted((one for one in operations if one.invoked <= wrong.answered),
                          key=lambda one: one.invoked)[-SHOWN:]
            problems.append("\n  ".join([f"{device}: nothing explains {wrong}", *map(str, near)]))
    return sum(map(len, devices.values())), len(devices), problems


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        operations, devices, problems = check(map(json.loads, file))
    for problem in problems:
        print(problem)
    print(f"{operations} operations on {devices} devices: "
          f"{'not ' if problems else ''}linearizable")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
