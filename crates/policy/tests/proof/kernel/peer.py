"""A program at one end of a connection: told what to do in lines, answers each in one line.

listen ADDRESS PORT | connect FROM ADDRESS PORT | ask FROM ADDRESS PORT (UDP) | accept | send | receive
"""
import errno, socket, sys

listener = connection = None


def name(error):
    return "timeout" if isinstance(error, TimeoutError) else errno.errorcode.get(error.errno, str(error))


def made(kind, address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    new = socket.socket(family, kind)
    new.settimeout(0.5)
    return new


for line in sys.stdin:
    verb, *words = line.split()
    try:
        if verb == "listen":
            listener = made(socket.SOCK_STREAM, words[0])
            listener.bind((words[0], int(words[1])))
            listener.listen()
        elif verb in ("connect", "ask"):
            connection = made(socket.SOCK_STREAM if verb == "connect" else socket.SOCK_DGRAM, words[1])
            connection.bind((words[0], 0))
            connection.connect((words[1], int(words[2])))
            if verb == "ask":
                connection.send(b"?")
                connection.recv(1)
        elif verb == "accept":
            connection, _ = listener.accept()
            connection.settimeout(0.5)
        elif verb == "send":
            connection.send(b"x")
        elif verb == "receive":
            assert connection.recv(1) == b"x", "the connection is closed"
        print("ok", flush=True)
    except OSError as error:
        print(name(error), flush=True)
