"""A development cluster of the release executables, for the benchmarks."""
import http.client
import os
import subprocess
import sys


def get(address, port, path, host=None, timeout=2.0):
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


class Cluster:
    def __init__(self, executables, network, state):
        self.program = os.path.join(executables, "mesos-cluster")
        self.octet = network.split(".")[1]
        self.network, self.state = network, state

    def call(self, *words, check=True):
        done = subprocess.run([self.program, *words, "--state", self.state], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if check and done.returncode != 0:
            sys.exit(f"mesos-cluster {' '.join(words)} failed ({done.returncode}):\n{done.stdout}")
        return done.stdout

    def address(self, subnet, index):
        return f"127.{self.octet}.{subnet}.{index}"


def table(rows):
    """Prints the machine and rows of (name, value, limit, verdict)."""
    print(f"machine: {os.cpu_count()} cores, kernel {os.uname().release}")
    width = max(len(name) for name, *_ in rows)
    for name, value, limit, verdict in rows:
        print(f"{name:<{width}}  {value:>10}  {limit:>10}  {verdict}".rstrip())
