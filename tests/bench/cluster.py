#!/usr/bin/python3
"""cluster.py PROGRAM [ARGUMENT]...: runs it beside an etcd, whose URL is its first argument.

The etcd is Debian's, one member on loopback, on a file system in memory: what is measured is not the
disk. 10,000 hosts need more than its quota of 2 GiB allows while they are written, so that is 8."""
import subprocess
import sys
import tempfile

from etcd_cluster import Cluster, Member, die_with_parent, free_ports


class BigCluster(Cluster):
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="etcd-", dir="/dev/shm")
        client, peer = free_ports(2)
        member = Member(self.folder, "m0", client, peer, f"m0=http://127.0.0.1:{peer}")
        member.command.append(f"--quota-backend-bytes={8 << 30}")
        self.members = [member]
        member.start()
        self.wait()


def main():
    cluster = BigCluster()
    try:
        run = subprocess.run([sys.argv[1], cluster.urls[0], *sys.argv[2:]], check=False,
                             preexec_fn=die_with_parent)
    finally:
        cluster.close()
    sys.exit(run.returncode)


if __name__ == "__main__":
    main()
