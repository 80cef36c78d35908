"""Writes the descriptors that the PyPI wheel `xds-protos` carries as one FileDescriptorSet to standard output.

Usage: published-descriptors.py WHEEL PROTO...

Needs the standard library only: each module of the wheel hands its serialized FileDescriptorProto to the pool as a
bytes literal, which is read from the syntax tree, so nothing of the wheel is run.
"""

import ast
import sys
import zipfile


def descriptor(source: bytes) -> bytes:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
            return ast.literal_eval(node.args[0])
    raise SystemExit("a module without a descriptor")


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


wheel = zipfile.ZipFile(sys.argv[1])
for proto in sys.argv[2:]:
    file = descriptor(wheel.read(proto.removesuffix(".proto") + "_pb2.py"))
    # FileDescriptorSet.file is field 1, length-delimited.
    sys.stdout.buffer.write(b"\x0a" + varint(len(file)) + file)
