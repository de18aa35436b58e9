"""Hosts that publish themselves in a real Placement: a bus, a virtferryd that says what a test wants
(made-up-host.c), and the real virtferry-placement. All of it ends with the test.

BUILD and PLACEMENT_PORT come from the environment."""
import ctypes
import http.client
import http.server
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid

BUILD = os.environ["BUILD"]
PORT = int(os.environ["PLACEMENT_PORT"])
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPACE = uuid.UUID("7d0c2b5e-41f5-4c0b-9a52-6e3f1f0c86d4")
PF = "0000:3b:00.0"
VF, CORE, LANE = ("CUSTOM_VIRTFERRY_" + name for name in ("VF", "CORE", "LANE"))


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def wait_for(what, seconds=20, step=0.02):
    """What it returns as soon as that is true; what it raises, when it never is."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = what()
            if found:
                return found
            problem = AssertionError("it did not come to be")
        except (AssertionError, KeyError, TypeError) as error:
            problem = error
        if time.monotonic() > end:
            raise problem
        time.sleep(step)


class Answer(Exception):
    """What Placement has refused."""


def ask(method, path, body=None, port=PORT):
    """The JSON of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"X-Auth-Token": "admin", "OpenStack-API-Version": "placement 1.39"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, None if body is None else json.dumps(body), headers)
    reply = connection.getresponse()
    text = reply.read()
    connection.close()
    if reply.status >= 400:
        raise Answer(reply.status, text.decode())
    return json.loads(text) if text else None


def register(name, parent=None, identity=None):
    """As nova-compute does for its host."""
    identity = identity or str(uuid.uuid4())
    body = {"name": name, "uuid": identity}
    if parent:
        body["parent_provider_uuid"] = parent
    ask("POST", "/resource_providers", body)
    return identity


def claim(provider, resources, consumer=None, kind="INSTANCE"):
    """As the scheduler does for a guest."""
    consumer = consumer or str(uuid.uuid4())
    ask("PUT", f"/allocations/{consumer}", {
        "allocations": {provider: {"resources": resources}} if resources else {},
        "project_id": "p", "user_id": "u", "consumer_type": kind,
        "consumer_generation": None if resources else
        ask("GET", f"/allocations/{consumer}")["consumer_generation"]})
    return consumer


def tree_of(root):
    return {row["name"]: row for row in
            ask("GET", f"/resource_providers?in_tree={root}")["resource_providers"]}


def inventories(provider):
    rows = ask("GET", f"/resource_providers/{provider}/inventories")["inventories"]
    return {name: (row["total"], row["reserved"]) for name, row in rows.items()}


def traits(provider):
    return set(ask("GET", f"/resource_providers/{provider}/traits")["traits"])


class Relay:
    """Stands before Placement: keeps what is asked, and answers what a test says in its place."""

    def __init__(self, port=PORT):
        self.requests, self.instead = [], None
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                size = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(size) if size else None
                status, text = (relay.instead and relay.instead(self.command, self.path)) or (0, b"")
                if not status:
                    there = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                    headers = {name: value for name, value in self.headers.items()
                               if name.lower() not in ("host", "connection")}
                    there.request(self.command, self.path, body, headers)
                    reply = there.getresponse()
                    status, text = reply.status, reply.read()
                    there.close()
                relay.requests.append((time.monotonic(), self.command, self.path, status))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                if status != 204:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PUT = do_POST = do_DELETE = serve

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *unused: None  # a client that was killed
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, *methods):
        return sum(not methods or method in methods for _, method, _, _ in self.requests)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Host:
    """One compute node."""

    def __init__(self, name, port=PORT, config=""):
        self.name, self.root, self.publisher = name, None, None
        self.folder = tempfile.mkdtemp(prefix="virtferry-")
        self.bus = self.daemon = None
        self.environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.start_bus()}
        self.environment.pop("NOTIFY_SOCKET", None)
        self.write("clouds.yaml", "clouds: {openstack: {auth_type: none, auth: "
                   f"{{endpoint: 'http://127.0.0.1:{port}'}}}}}}\n")
        self.write("conf", f"[Placement]\nCloudsFile={self.folder}/clouds.yaml\n"
                   f"[Host]\nName={name}\nIdFile={self.folder}/compute_id\n{config}")
        if not self.daemon:
            self.start_daemon()

    def start_bus(self):
        """Its address."""
        self.bus = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--print-address",
             f"--config-file={TOP}/tests/unit/dbus/bus.conf"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            preexec_fn=die_with_parent)
        return self.bus.stdout.readline().strip()

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def start_daemon(self):
        self.daemon = subprocess.Popen(
            [f"{BUILD}/tests/openstack/made-up-host"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=self.environment, preexec_fn=die_with_parent)
        assert self.daemon.stdout.readline() == "ok\n"

    def stop_daemon(self):
        self.daemon.stdin.close()
        self.daemon.wait()
        self.daemon.stdout.close()

    def tell(self, *orders):
        for order in orders:
            self.daemon.stdin.write(order + "\n")
            self.daemon.stdin.flush()
            answer = self.daemon.stdout.readline()
            assert answer == "ok\n", (order, answer)

    def register(self, write_id=False):
        self.root = register(self.name)
        if write_id:
            self.write("compute_id", self.root + "\n")
        return self.root

    def start(self):
        log = open(os.path.join(self.folder, "log"), "a", encoding="utf-8")
        self.publisher = subprocess.Popen(
            [f"{BUILD}/nova-driver-shim/placement/virtferry-placement",
             f"--config={self.folder}/conf"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
            preexec_fn=die_with_parent)
        log.close()
        return self

    def stop(self, number=signal.SIGTERM):
        """Its exit status."""
        self.publisher.send_signal(number)
        status = self.publisher.wait(30)
        self.publisher = None
        return status

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return file.read()

    def uuid_of(self, device):
        return str(uuid.uuid5(SPACE, f"{self.root}/{device}"))

    def inventories(self, device=PF):
        try:
            return inventories(self.uuid_of(device))
        except Answer:
            return None

    def await_inventories(self, wanted, device=PF, seconds=20):
        def same():
            found = self.inventories(device)
            assert found == wanted, f"{found} is not {wanted}; {self.log()}"
            return True
        wait_for(same, seconds)

    def forget(self):
        """Whatever nobody has claims of."""
        rows = tree_of(self.root).values() if self.root else []
        # children first
        rows = sorted((row["uuid"] for row in rows), key=lambda row: row == self.root)
        for row in rows:
            try:
                ask("DELETE", f"/resource_providers/{row}")
            except Answer:
                pass

    def close(self):
        if self.publisher:
            self.publisher.kill()
            self.publisher.wait()
        self.forget()
        self.stop_daemon()
        if self.bus:
            self.bus.kill()
            self.bus.wait()
            self.bus.stdout.close()
        shutil.rmtree(self.folder)


class RealHost(Host):
    """One with the real virtferryd (real-host.c), which brings its own bus."""
    configuration = ()  # of virtferryd, its text

    def start_bus(self):
        self.daemon = subprocess.Popen(
            [f"{BUILD}/tests/openstack/real-host", *self.configuration], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
        return self.daemon.stdout.readline().strip()
