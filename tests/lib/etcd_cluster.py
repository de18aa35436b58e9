"""Members of etcd on loopback, on ports that are free: `Cluster(3)`, of the program in $ETCD.

All end with the thread that started them, however that ends."""
import base64
import ctypes
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

READY_TIME = 30  # seconds
PR_SET_PDEATHSIG = 1


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def base64_text(text):
    return base64.b64encode(text.encode()).decode()


class Member:
    """One process; it may be killed, stopped and continued, and started again with its data."""

    def __init__(self, folder, name, client, peer, peers, tls=None):
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{client}"
        self.tls = tls
        self.data = f"{folder}/{name}"
        self.log = f"{folder}/{name}.log"
        peer_url = f"http://127.0.0.1:{peer}"
        self.command = [
            os.environ["ETCD"], "--name", name, "--data-dir", self.data,
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
            "--initial-cluster", peers, "--heartbeat-interval", "50", "--election-timeout", "500",
            "--auth-token", "simple"]
        if tls:
            self.command += ["--cert-file", tls["cert"], "--key-file", tls["key"],
                             "--trusted-ca-file", tls["ca"], "--client-cert-auth"]
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=die_with_parent)

    def send(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def forget(self):
        """All that it knew; of one that was killed."""
        shutil.rmtree(self.data)

    def ask(self, path, body, token=None, seconds=5):
        headers = {"Authorization": token} if token else {}
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers)
        context = None
        if self.tls:
            context = ssl.create_default_context(cafile=self.tls["ca"])
            context.load_cert_chain(self.tls["cert"], self.tls["key"])
        with urllib.request.urlopen(request, timeout=seconds, context=context) as answer:
            return json.load(answer)

    def put(self, key, value, token=None):
        return self.ask("/v3/kv/put", {"key": base64_text(key), "value": base64_text(value)}, token)

    def leads(self):
        status = self.ask("/v3/maintenance/status", {})
        return status.get("leader") == status["header"]["member_id"]


class Cluster:
    def __init__(self, count, tls=None):
        self.folder = tempfile.mkdtemp(prefix="etcd-")
        ports = free_ports(2 * count)
        peers = ",".join(f"m{i}=http://127.0.0.1:{ports[count + i]}" for i in range(count))
        self.members = [Member(self.folder, f"m{i}", ports[i], ports[count + i], peers, tls)
                        for i in range(count)]
        for member in self.members:
            member.start()
        self.wait()

    @property
    def urls(self):
        return [member.url for member in self.members]

    def wait(self, token=None):
        """Until each member that runs answers, with a majority."""
        end = time.monotonic() + READY_TIME
        for member in self.members:
            while member.process:
                try:
                    member.ask("/v3/kv/range", {"key": base64_text("x")}, token)
                    break
                except (OSError, ValueError) as problem:
                    if isinstance(problem, urllib.error.HTTPError) and problem.code in (400, 401, 403):
                        break  # it answers: not to everybody
                    if time.monotonic() > end or member.process.poll() is not None:
                        with open(member.log, encoding="utf-8", errors="replace") as log:
                            print("#", "# ".join(log.readlines()[-20:]))
                        raise
                    time.sleep(0.05)

    def leader(self):
        return next(member for member in self.members if member.leads())

    def close(self):
        for member in self.members:
            member.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
