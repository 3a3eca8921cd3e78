"""Sends what it is told, in the network namespace that it runs in: one JSON object a line in, one line out.

wire: whole frames on an interface.  host: whole IP packets, on the kernel's own way out.
"""
import json, socket, struct, sys

MARK = 1
sockets = {}


def wire(device):
    if device not in sockets:
        sockets[device] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        sockets[device].bind((device, 0))
    return sockets[device]


def host(device, family):
    if (device, family) not in sockets:
        made = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if device:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        sockets[(device, family)] = made
    return sockets[(device, family)]


def send(kind, device, to, data):
    if kind == "wire":
        wire(device).send(data)
        return
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    scope = socket.if_nametoindex(device) if device else 0
    address = (to, 0, 0, scope) if family == socket.AF_INET6 else (to, 0)
    try:
        host(device, family).sendto(data, address)
    except PermissionError:
        pass  # a rule held it back; which, the witnesses tell


def join(device, group):
    index = socket.if_nametoindex(device)
    if ":" in group:
        made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        request = socket.inet_pton(socket.AF_INET6, group) + struct.pack("@I", index)
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
    else:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        request = socket.inet_aton(group) + socket.inet_aton("0.0.0.0") + struct.pack("@I", index)
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    sockets[(device, group)] = made


def forget_connections():
    """IPCTNL_MSG_CT_DELETE without a tuple: all of the namespace's connections."""
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
    link.send(struct.pack("=IHHIIBBH", 20, (1 << 8) | 2, 5, 1, 0, 0, 0, 0))
    link.recv(4096)
    link.close()


for line in sys.stdin:
    asked = json.loads(line)
    for kind, device, to, data in asked.get("send", []):
        send(kind, device, to, bytes.fromhex(data))
    for device, group in asked.get("join", []):
        join(device, group)
    if asked.get("forget"):
        forget_connections()
    print("done", flush=True)
