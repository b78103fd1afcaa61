"""The few bytes of each database's protocol that show whether the server is well. Pure.

A server that asks a stranger for a password is well. Each conversation returns why it is not, or None.
"""

import secrets
import struct

from functions.check_monitors.probes.transfers.talk import Conversation, Heard, not_spoken, shown, until
from shared.models import Cause

# To a stranger, these say that the server is well: it knows no such user, lets none in from this address (1130), or
# asks for a password or a certificate.
_POSTGRES_STRANGER = (b"28000", b"28P01", b"3D000", b"42501")
_MYSQL_STRANGER = (1044, 1045, 1049, 1130, 1251, 1698, 3159)
_REDIS_STRANGER = (b"-NOAUTH", b"-NOPERM")
_MONGODB_REPLIES = (1, 2013)  # the kinds of message, OP_REPLY and OP_MSG
_MQTT_STRANGER = (4, 5)
_STRANGER = b"bonghwa"


def postgres(heard: Heard, _: str, __: str | None) -> Conversation:
    """A startup message: the server asks for a password, or says which error it has."""
    said = b"user\0%b\0database\0postgres\0application_name\0bonghwa\0\0" % _STRANGER
    yield struct.pack(">II", 8 + len(said), 196608) + said
    yield from until(heard, lambda: _has_message(heard) or bytes(heard.data[:1]) not in (b"", b"R", b"E"))
    if heard.data[:1] == b"R":
        yield b"X\0\0\0\x04"  # goodbye
        return None
    if heard.data[:1] != b"E" or not _has_message(heard):
        return not_spoken("PostgreSQL", heard)
    fields = {field[:1]: field[1:] for field in bytes(heard.data[5:]).split(b"\0") if field}
    if fields.get(b"C") in _POSTGRES_STRANGER:
        return None
    return Cause.of("service_refused", reply=shown(fields.get(b"M", b"")))


def _has_message(heard: Heard) -> bool:
    return len(heard.data) >= 5 and len(heard.data) > struct.unpack(">I", heard.data[1:5])[0]


def mysql(heard: Heard, _: str, __: str | None) -> Conversation:
    """A login of a stranger: a server blocks a host whose connections end without one, and not for a wrong name."""
    yield from until(
        heard, lambda: _has_packet(heard) or bytes(heard.data[3:4]) not in (b"", b"\0")
    )  # the first has number 0
    greeting = _packet(heard)
    if greeting[:1] == b"\xff":
        heard.data[:] = _mysql_text(greeting)
        return _mysql_error(greeting)
    if greeting[:1] != b"\x0a":
        return not_spoken("MySQL", heard)
    version = greeting[1:].partition(b"\0")[0].removeprefix(b"5.5.5-")  # MariaDB has it there for old replicas
    heard.data[:] = b""
    capabilities = 0x00000200 | 0x00008000 | 0x00080000  # 4.1's protocol and passwords, and plugins for them
    login = struct.pack("<IIB23x", capabilities, 2**24 - 1, 45) + _STRANGER + b"\0\0mysql_native_password\0"
    yield struct.pack("<I", len(login) | 1 << 24) + login
    yield from until(heard, lambda: _has_packet(heard))
    if _packet(heard)[:1] == b"\xfe":  # another plugin: an empty password
        number = (heard.data[3] + 1) % 256
        heard.data[:] = b""
        yield struct.pack("<I", number << 24)
        yield from until(heard, lambda: _has_packet(heard))
    reply = _packet(heard)
    found = _mysql_error(reply) if reply[:1] == b"\xff" else None
    if reply[:1] == b"\0":  # it lets everybody in: say goodbye
        yield b"\x01\0\0\0\x01"
    heard.data[:] = version
    return found


def _has_packet(heard: Heard) -> bool:
    return len(heard.data) >= 4 and len(heard.data) >= 4 + int.from_bytes(heard.data[:3], "little")


def _packet(heard: Heard) -> bytes:
    return bytes(heard.data[4 : 4 + int.from_bytes(heard.data[:3], "little")]) if len(heard.data) >= 4 else b""


def _mysql_error(packet: bytes) -> Cause | None:
    number = int.from_bytes(packet[1:3], "little")
    if number in _MYSQL_STRANGER:
        return None
    return Cause.of("service_refused", reply=shown(_mysql_text(packet)))


def _mysql_text(packet: bytes) -> bytes:
    """The words of an error, without its number and its state."""
    return packet[9:] if packet[3:4] == b"#" else packet[3:]


def redis(heard: Heard, user: str, password: str | None) -> Conversation:
    """PING, after AUTH if there is a password."""
    if password:
        yield _redis_command("AUTH", *([user] if user else []), password)
        yield from until(heard, heard.has_line)
        if not heard.line().startswith(b"+OK"):
            return Cause.of("login_refused", reply=shown(heard.line()))
        heard.data[:] = b""
    yield _redis_command("PING")
    yield from until(heard, heard.has_line)
    reply = heard.line()
    if reply.startswith(b"+PONG") or (not password and reply.startswith(_REDIS_STRANGER)):
        return None
    is_redis = reply.startswith(b"-")
    return Cause.of("service_refused", reply=shown(reply)) if is_redis else not_spoken("Redis", heard)


def _redis_command(*words: str) -> bytes:
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)


def mongodb(heard: Heard, _: str, __: str | None) -> Conversation:
    """The command ``hello``, which needs no login."""
    document = b"\x10hello\0\x01\0\0\0" + b"\x02$db\0" + struct.pack("<I", 6) + b"admin\0"
    body = struct.pack("<IB", 0, 0) + struct.pack("<I", len(document) + 5) + document + b"\0"
    yield struct.pack("<IIII", 16 + len(body), 1, 0, 2013) + body
    yield from until(heard, lambda: _has_document(heard))
    if not _has_document(heard) or struct.unpack("<I", heard.data[12:16])[0] not in _MONGODB_REPLIES:
        return not_spoken("MongoDB", heard)
    ok = heard.data.find(b"\x01ok\0")
    if ok >= 0 and len(heard.data) <= ok + 12:  # the document's end follows the number
        return not_spoken("MongoDB", heard)
    if ok >= 0 and struct.unpack("<d", heard.data[ok + 4 : ok + 12])[0] == 1.0:
        return None
    message = bytes(heard.data).partition(b"\x02errmsg\0")[2][4:].partition(b"\0")[0]
    return Cause.of("service_refused", reply=shown(message))


def _has_document(heard: Heard) -> bool:
    if len(heard.data) < 16:
        return False
    size, _, __, kind = struct.unpack("<IIII", heard.data[:16])
    return kind not in _MONGODB_REPLIES or len(heard.data) >= size


def mqtt(heard: Heard, user: str, password: str | None) -> Conversation:
    """CONNECT, with a clean session and a name of its own."""
    flags = 2 | (128 if user else 0) | (64 if user and password is not None else 0)
    words = [f"bonghwa-{secrets.token_hex(4)}", *([user] if user else []), *([password or ""] if flags & 64 else [])]
    body = b"\0\4MQTT\4" + bytes([flags]) + b"\0\x1e" + b"".join(_mqtt_text(word) for word in words)
    yield b"\x10" + _mqtt_size(len(body)) + body
    yield from until(heard, lambda: len(heard.data) >= 4)
    if bytes(heard.data[:2]) != b"\x20\x02" or len(heard.data) < 4:
        return not_spoken("MQTT", heard)
    code = heard.data[3]
    if code == 0:
        yield b"\xe0\0"  # goodbye
        return None
    if code in _MQTT_STRANGER:
        return Cause.of("login_refused", reply=f"MQTT {code}") if user else None
    return Cause.of("service_refused", reply=f"MQTT {code}")


def _mqtt_text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _mqtt_size(size: int) -> bytes:
    data = b""
    while True:
        size, digit = divmod(size, 128)
        data += bytes([digit | (128 if size else 0)])
        if not size:
            return data


def amqp(heard: Heard, _: str, __: str | None) -> Conversation:
    """The protocol's header: the server begins the connection, or says which version it speaks."""
    yield b"AMQP\0\0\x09\x01"
    yield from until(heard, lambda: len(heard.data) >= 11 or bytes(heard.data[:4]) == b"AMQP")
    if heard.data[:3] == b"\x01\0\0" and heard.data[7:11] == b"\0\x0a\0\x0a":  # a method: Connection.Start
        return None
    return not_spoken("AMQP 0-9-1", heard)
