"""A table of hostile values goes into every field of every operation: body, path, query and header.

No answer is a server's error, none has a status that the schema does not know, none repeats what was sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import pytest

from relorch import Workbook
from relorch.serve.api import build_api
from tests.api.conftest import HOST, behind_the_guard
from tests.conftest import to_the_end

MARK = "HOSTILE"  # each request has its own number in its place: what is stored of one may stand in a later answer


class Hostile(NamedTuple):
    """A value as it stands in JSON, and the text by which it would be known again in an answer."""

    json: bytes
    mark: str | None = None


def text(value: str) -> Hostile:
    return Hostile(json.dumps(value).encode(), MARK)


def number(written: str) -> Hostile:
    return Hostile(written.encode(), written if len(written) > 8 else None)


TABLE = [
    *map(number, ["-1", "0", "-0.0", "1.5", "9223372036854775808", "-9223372036854775809", "18446744073709551616"]),
    *map(number, ["1" * 400, "1e308", "9" * 5_000]),
    Hostile(b"9007199254740993"),  # an id like others, only that no float can be it
    Hostile(b"NaN", "NaN"),
    Hostile(b"Infinity", "Infinity"),
    Hostile(b"1e999", "1e999"),
    Hostile(b"true"),
    Hostile(b"null"),
    Hostile(b'"' + MARK.encode() + b'\\ud800"', MARK),
    Hostile(b'"\\udfff' + MARK.encode() + b'"', MARK),
    Hostile(b'"' + MARK.encode() + b'\xff\xfe"', MARK),
    Hostile(b'"' + MARK.encode(), MARK),
    text(f"{MARK}\0"),
    text(f"\x1b]0;{MARK}\x07"),
    text(f"{MARK}\x7f\x85"),
    text(f"{MARK}\u2028\u2029"),
    text(f"\u202e{MARK}\u200b"),
    text("\u3164"),
    text(" "),
    text(""),
    text(f"{MARK}\r\nSet-Cookie: a=b"),
    text(f"../../{MARK}/../etc/passwd"),
    text(f"'; DROP TABLE {MARK}; --"),
    text(f"<script>{MARK}</script>"),
    text(f"${{{{ {MARK}.name | sh }}}} '${{{{ namespace | {MARK} }}}}'"),
    text(f"{{{{ {MARK} }}}} %s %n ${{jndi:ldap://{MARK}}}"),
    text(MARK * 10_000),
    text(MARK * 300_000),
    Hostile(b"[" * 200 + b"]" * 200),
    Hostile(b"[" * 100_000 + b"]" * 100_000),
    Hostile(b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    Hostile(b'{"' + MARK.encode() + b'": 1}', MARK),
    Hostile(b'{"name": 1, "name": ["' + MARK.encode() + b'"]}', MARK),
    Hostile(b"[" + b",".join(b"%d" % each for each in range(1, 20_000)) + b"]", "19998"),
]

SCHEMA: dict[str, Any] = build_api(None)._app.openapi()  # type: ignore[arg-type,attr-defined]
OPERATIONS = [f"{method.upper()} {path}" for path, each in SCHEMA["paths"].items() for method in each]
SPOT = "@here@"


class Request(NamedTuple):
    path: str
    query: str = ""
    body: bytes = b""
    headers: tuple[tuple[str, bytes], ...] = ()

    def marked(self, mark: str) -> Request:
        headers = tuple((name, value.replace(MARK.encode(), mark.encode())) for name, value in self.headers)
        body = self.body.replace(MARK.encode(), mark.encode())
        return Request(self.path.replace(MARK, mark), self.query.replace(MARK, mark), body, headers)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        return SCHEMA["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return (
        next((resolved(each) for each in part["anyOf"] if each.get("type") != "null"), {}) if "anyOf" in part else part
    )


def legal(part: dict[str, Any]) -> Any:
    """A value that the schema takes, for the fields that are not in question."""
    part = resolved(part)
    if "enum" in part:
        return part["enum"][0]
    kinds: dict[str, Any] = {"integer": 1, "boolean": False, "string": "right", "array": [1], "object": {}}
    return kinds[part["type"]]


def spots(part: dict[str, Any]) -> Iterator[Any]:
    """Every place in a field where a value can stand, and for a map also a key."""
    part = resolved(part)
    yield SPOT
    if part["type"] == "array":
        yield [SPOT]
    if part["type"] == "object":
        yield {"1": SPOT}
        yield {"key": SPOT}
        yield {SPOT: "right"}


def bodies(operation: dict[str, Any]) -> Iterator[str]:
    """Bodies with one spot each: every field, a field that nobody knows, its name, and the whole body."""
    if "requestBody" not in operation:
        return
    model = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
    right = {name: legal(model["properties"][name]) for name in model.get("required", ())}
    for name, part in model["properties"].items():
        yield from (json.dumps(right | {name: spot}) for spot in spots(part))
    yield json.dumps(right | {"unknown": SPOT})
    yield json.dumps(right | {SPOT: 1})
    yield json.dumps(SPOT)


def requests(path: str, operation: dict[str, Any], value: Hostile) -> Iterator[Request]:
    """Every request of an operation with the value in one place of it."""
    here = re.sub(r"\{\w+\}", "1", path)
    plain = value.json.decode(errors="replace")
    said = quote(plain.strip('"')[:6_000].encode("utf-8", "replace"), safe="")
    json_body = (("content-type", b"application/json"),)
    for body in bodies(operation):
        yield Request(here, body=body.encode().replace(json.dumps(SPOT).encode(), value.json), headers=json_body)
    parameters = operation.get("parameters", [])
    for each in parameters:
        if each["in"] == "path":
            yield Request(re.sub(r"\{\w+\}", "1", path.replace(f"{{{each['name']}}}", said)))
        else:
            yield Request(here, f"{each['name']}={said}")
    turn = TABLE.index(value) + len(operation["operationId"])  # no operation reads these itself
    yield Request(here, (f"unknown={said}", f"{said}=1")[turn % 2])
    name = ("content-type", "accept", "if-match", "authorization", "relorch")[turn % 5]
    header = ((name, value.json[:6_000].replace(b"\n", b"")),)
    yield Request(here, body=b"{}" if name == "content-type" else b"", headers=header)


async def answered(app: Any, method: str, request: Request) -> tuple[int, bytes]:
    """Ask the app without a client in between: what a client would refuse to send is sent, too."""
    fixed = [("host", HOST.encode()), ("authorization", b"Bearer t-ana")]
    given = dict([*fixed, *request.headers])
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(request.path),
        "raw_path": request.path.encode(),
        "query_string": request.query.encode(),
        "headers": [(name.encode(), value) for name, value in given.items()],
        "http_version": "1.1",
        "scheme": "http",
        "server": (HOST, 80),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    waiting = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    written = b"".join(name + value for name, value in sent[0]["headers"])
    return sent[0]["status"], written + b"".join(message.get("body", b"") for message in sent)


@pytest.fixture(scope="module")
def app(filled: Workbook) -> Any:
    return behind_the_guard(filled)


def test_the_table_is_no_shorter_than_it_was() -> None:
    assert len(TABLE) >= 40
    assert len(OPERATIONS) >= 78


numbers = count(1)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_no_hostile_value_gets_through_or_comes_back(app: Any, operation: str) -> None:
    method, path = operation.split()
    told = SCHEMA["paths"][path][method.lower()]
    known = {int(code) for code in told["responses"]} | {405}  # a hostile path may be that of another operation

    async def all_of_them() -> list[str]:
        wrong = []
        for value in TABLE:
            for request in requests(path, told, value):
                mark = f"HO{next(numbers):05}"
                status, answer = await answered(app, method, request.marked(mark))
                echo = mark if value.mark == MARK else value.mark
                echoed = status >= 400 and echo is not None and echo.encode() in answer
                if status >= 500 or status not in known or echoed:
                    wrong.append(
                        f"{status}{' echoed' * echoed}: {str(request.marked(mark))[:300]} -> {answer[-300:]!r}"
                    )
        return wrong

    assert to_the_end(all_of_them()) == []


class File(NamedTuple):
    """A file that can be read, with a spot in it, and an error in another place, so that it is always refused."""

    kind: str  # csv, yaml or markdown
    text: str

    def request(self, value: str) -> Request:
        spoken = {"csv": '"' + value.replace('"', '""') + '"', "yaml": json.dumps(value)}.get(self.kind, value)
        written = self.text.replace(f"<{SPOT}>", value).replace(SPOT, spoken)
        where, form = ("inventory", {}) if self.kind == "csv" else ("release", {"form": self.kind, "name": "a release"})
        headers = (("content-type", b"application/json"),)
        return Request(f"/api/import/{where}", body=json.dumps({"text": written, **form}).encode(), headers=headers)


CELLS = {
    "cluster": "c1", "namespace": "n1", "name": "N1", "description": "", "active": "", "kubeconfig_path": "",
    "cluster_active": "no", "zone": "", "cluster.zone": "",
}  # fmt: skip
STEP = {"category": "deploy", "name": "x", "type": "bash", "content": "true"}


def csv_of(cells: dict[str, str], *further: dict[str, str]) -> str:
    rows = [cells, *further]
    return "\n".join([",".join(cells), *(",".join(row.values()) for row in rows), "too,short"]) + "\n"


def csv_files() -> Iterator[str]:
    yield from (csv_of(CELLS | {column: SPOT}) for column in CELLS)
    yield from (csv_of(CELLS | {column: SPOT}) for column in (SPOT, f'"cluster.<{SPOT}>"'))
    for column in ("cluster.zone", "kubeconfig_path", "cluster_active"):
        yield csv_of(CELLS | {column: SPOT}, CELLS | {column: "yes", "namespace": "n2"})
    for key in (MARK, f"cluster.{MARK}"):  # a key that there can be, with values that cannot, or not both
        yield csv_of(CELLS | {key: "\x07"})
        yield csv_of(CELLS | {key: SPOT}, CELLS | {key: "another", "namespace": "n2"})


def yaml_of(step: dict[str, str], head: str = "") -> str:
    lines = [f"{key}: {value}" for key, value in step.items()]
    return f"{head}steps:\n  - " + "\n    ".join(lines) + "\n  - wrong\n"


def yaml_files() -> Iterator[str]:
    yield from (yaml_of(STEP | {key: SPOT}) for key in (*STEP, "required", "description", "unknown"))
    yield from (yaml_of(STEP | {"name": f"{sign}{MARK} y"}) for sign in ("!", "&"))
    yield from (yaml_of(STEP | {"name": f"{start}{MARK}"}) for start in ("*", "%", "`", "'"))
    yield from (yaml_of(STEP | {key: "z"}) for key in (SPOT, f"? [{SPOT}]\n    "))
    for field in ("name", "type", "version_number", "release_date", "description", "metadata", SPOT):
        yield yaml_of(STEP, f"{field}: {SPOT}\n")
    for metadata in (
        f"zone: {SPOT}",
        f"{SPOT}: x",
        f"{SPOT}: {SPOT}",
        f'{MARK}: "\\a"',
        f"{MARK}: {{{SPOT}: [{SPOT}]}}",
    ):
        yield yaml_of(STEP, f"metadata:\n  {metadata}\n")


def markdown_files() -> Iterator[str]:
    wrong = "\n\n<!-- relorch: wrong -->\n"
    yield f"# {SPOT}\n\ntext{wrong}"
    yield f"# a\n\n```bash\n{SPOT}\n```{wrong}"
    yield f"# a\n\n```{SPOT}\ntext\n```{wrong}"
    yield f"---\nname: {SPOT}\n---\n# a\n\n{SPOT}{wrong}"
    for said in (
        f'{{"{MARK}": 1}}',
        f'{{"required": "{MARK}"}}',
        f'{{"description": ["{MARK}"]}}',
        f'{{"description": {{"a": "{MARK}", "b": ["{MARK}", "{"x" * 60}"]}}}}',
        f'{{"description": "{MARK}\\u0007"}}',
    ):
        yield f"# a\n\n<!-- relorch: {said} -->\n\n```bash\ntrue\n```{wrong}"


FILES = [
    *(File("csv", each) for each in csv_files()),
    *(File("yaml", each) for each in yaml_files()),
    *(File("markdown", each) for each in markdown_files()),
]
WORDS = [
    f"\n{MARK}\x07\n",
    f"O'{MARK}' and\u202e \"{MARK}\": '{MARK}' (or {MARK})\\",
    f"${{{{ {MARK}.name | sh }}}} '${{{{ namespace | sh }}}}' ${{{{ vars.{MARK} }}}}",
    f"{MARK} " * 400,
]


@pytest.mark.parametrize("word", WORDS, ids=range(len(WORDS)))
def test_a_refused_file_repeats_nothing_and_says_what_is_wrong(app: Any, word: str) -> None:
    async def all_of_them() -> list[str]:
        wrong = []
        for file in FILES:
            request = file.request(word)
            status, answer = await answered(app, "POST", request)
            said = [each["message"] for each in json.loads(answer[answer.index(b"{") :]).get("findings", [])]
            mute = [each for each in said if len(re.findall(r"[a-z]{2,}", each)) < 3]
            if status != 422 or not said or mute or MARK.encode() in answer:
                wrong.append(f"{status} {file}: {mute or answer[-600:].decode()}")
        return wrong

    assert to_the_end(all_of_them()) == []
