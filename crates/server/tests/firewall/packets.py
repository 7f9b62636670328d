"""Sends what the test of the firewall asks for, and prints what comes back."""

import os
import socket
import struct
import sys
import time


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def options(target, agent):
    host = f"[{target}]" if ":" in target else target
    return (
        f"OPTIONS sip:{host} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:5062;branch=z9hG4bK{os.urandom(4).hex()};rport\r\n"
        f"From: <sip:a@example.test>;tag=1\r\nTo: <sip:{host}>\r\n"
        f"Call-ID: {os.urandom(8).hex()}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
        f"User-Agent: {agent}\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def sip(source, target, port):
    """OPTIONS over UDP: the status code, or nothing."""
    with socket.socket(family(target), socket.SOCK_DGRAM) as own:
        own.bind((source, 0))
        own.settimeout(1)
        own.sendto(options(target, "test"), (target, int(port)))
        try:
            return own.recv(4096).split()[1].decode()
        except (TimeoutError, ConnectionError):
            return "nothing"


def scanner(source, target, port, count):
    """OPTIONS of a scanner."""
    with socket.socket(family(target), socket.SOCK_DGRAM) as own:
        own.bind((source, 0))
        for _ in range(int(count)):
            own.sendto(options(target, "friendly-scanner"), (target, int(port)))
    return "sent"


def tcp(source, target, port):
    """A connection: open, refused or nothing."""
    with socket.socket(family(target), socket.SOCK_STREAM) as own:
        own.bind((source, 0))
        own.settimeout(0.5)
        try:
            own.connect((target, int(port)))
            return "open"
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "nothing"


def scan(source, target, first, count):
    """SYNs to ports in a row."""
    for port in range(int(first), int(first) + int(count)):
        flags(source, target, port, "02")
    return "done"


def flags(source, target, port, bits, option=""):
    """One TCP segment with these flags, and an option without a value."""
    options = bytes.fromhex(f"{int(option):02x}020101") if option else b""
    offset = (5 + len(options) // 4) << 4
    head = struct.pack(
        "!HHIIBBHHH", 40000, int(port), 1, 0, offset, int(bits, 16), 1024, 0, 0
    )
    pseudo = socket.inet_aton(source) + socket.inet_aton(target)
    pseudo += struct.pack("!BBH", 0, 6, len(head) + len(options))
    head = head[:16] + struct.pack("!H", checksum(pseudo + head + options)) + head[18:]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as own:
        own.bind((source, 0))
        own.sendto(head + options, (target, 0))
    return "sent"


def ping(source, target, count):
    """Echo requests at once: how many are answered."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as own:
        own.bind((source, 0))
        for number in range(int(count)):
            head = struct.pack("!BBHHH", 8, 0, 0, 7, number)
            head = head[:2] + struct.pack("!H", checksum(head)) + head[4:]
            own.sendto(head, (target, 0))
        answered, end = 0, time.monotonic() + 0.5
        while (left := end - time.monotonic()) > 0:
            own.settimeout(left)
            try:
                answered += own.recv(100)[20] == 0
            except TimeoutError:
                break
        return str(answered)


def listen(address, port):
    """Accepts connections until it is killed."""
    with socket.create_server((address, int(port))) as own:
        print("listening", flush=True)
        while True:
            own.accept()[0].close()


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


print(globals()[sys.argv[1]](*sys.argv[2:]))
