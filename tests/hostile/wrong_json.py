"""Wrong JSON for every endpoint: of other types, out of range, missing, nested, too long; and no JSON at all."""

from typing import Any

FILE = {"meta": {"_type": "gradio.FileData"}}
JUNK: dict[str, Any] = {
    "null": None,
    "true": True,
    "minus one": -1,
    "a huge number": 10**30,
    "a fraction": 1.5,
    "infinity": float("inf"),
    "no number": float("nan"),
    "words": "words",
    "empty": "",
    "zero byte": "\0",
    "half a character": "\ud800",
    "markup": "<script>alert(1)</script>",
    "15,000 characters": "x" * 15_000,
    "a list": [[[]]],
    "an object": {"a": {"b": 1}},
    "an update": {"__type__": "update", "value": 1},
    "a file of the server": {"path": "/etc/passwd", **FILE},
    "a file of elsewhere": {"path": "http://127.0.0.1:1/a.png", **FILE},
    "a file far inside": {"value": [{"deep": [{"path": "/etc/passwd", **FILE}]}]},
    "a file without a name": {"path": "", **FILE},
    "a file of no name": {"path": "\ud800\0", **FILE},
    "300 deep": [],
}
for _ in range(300):
    JUNK["300 deep"] = [JUNK["300 deep"]]

BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "binary": b"\xff\xfe\x00",
    "null": b"null",
    "a list": b"[]",
    "no data": b"{}",
    "data of words": b'{"data": "words"}',
    "data of an object": b'{"data": {"a": 1}}',
    "no values": b'{"data": []}',
    "a thousand values": b'{"data": [' + b"0," * 999 + b"0]}",
    "a digit too many": b'{"data": [' + b"1" * 5_000 + b"]}",
    "5,000 deep": b'{"data": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "100,000 deep": b"[" * 100_000,
    "no session": b'{"data": [], "session_hash": ""}',
    "a long session": b'{"data": [], "session_hash": "' + b"x" * 100_000 + b'"}',
    "a session of another type": b'{"data": [], "session_hash": {"a": 1}}',
    "an unknown function": b'{"data": [], "session_hash": "a", "fn_index": 99999}',
    "a function below zero": b'{"data": [], "session_hash": "a", "fn_index": -1}',
    "a trigger of words": b'{"data": [], "session_hash": "a", "trigger_id": "words"}',
    "a batch": b'{"data": [], "session_hash": "a", "fn_index": 0, "batched": true}',
    "another's event": b'{"data": [], "session_hash": "a", "event_id": "b", "fn_index": 0}',
}
