"""Passwords, tokens and keys are blacked out, and little else."""

import random
import subprocess
import time
from pathlib import Path

import pytest

from chatapp.logs.redact import BadPattern, Redactor, load

REDACTOR = Redactor()

HIDDEN = """
user login password=<hunter2> ok
DB_PASSWORD: "<a b\\"c>" next
{"password":"<hunter2>","x":1}
{"msg":"{\\"password\\":\\"<hunter2>\\",\\"u\\":1}"}
new_password = '<it is long>' x
mysql --password <hunter2> -u root
ALTER ROLE x PASSWORD '<abc def>'
passphrase=<x>&y=1
token=<abcdef1234567890>
GET /x?access_token=<abcdef12345>&y=1 HTTP/1.1
X-Api-Key: <0123456789abcdef>
export AWS_SECRET_ACCESS_KEY=<wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY>
key id <AKIAIOSFODNN7EXAMPLE> was used
Authorization: Bearer <abc.def>
"authorization": "Basic <dXNlcjpwYXNz>", "host": "x"
said Basic <dXNlcjpwYXNz> there
with bearer <a1b2c3d4e5>
postgres://app:<s3cr3t>@db:5432/x
redis://:<p@ss>@cache:6379/0
Cookie: sid=<abc; other=1>
Set-Cookie: session=<xyz; Path=/; HttpOnly>
jwt <eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U> seen
push with <ghp_abcdefghijklmnopqrstuvwxyz0123456789>
slack <xoxb-123456789012-abcdefghijkl> said
paid with <4111-1111-1111-1111> today
card_number=<4111111111111111>
pass on: {"client_secret": "<s3cr3t-value>"}
key "-----BEGIN RSA PRIVATE KEY-----<\\nMIIEvQIBADANBgkq\\n>-----END RSA PRIVATE KEY-----\\n", "a": 1
""".strip().splitlines()

SHOWN = """
Accepted password for root from 10.0.0.1 port 22
tokens: 1234 max_tokens=4096
unexpected token: foo
syntax error, token: expected ; got x
PWD=/var/www
authorization: failed
basic authentication required
bearer authentication is off
GET http://a.com:80/x@y HTTP/1.1
id 4111111111111111 and 4111-1111-1111-1112
password: null
secret: not found
{"token_type": "Bearer", "expires_in": 3600}
2026-11-24 08:00:00.123 INFO [123] app.module: took 17ms, key=7
cookie: accepted
the quick brown fox, monkey: banana, signature=ok
""".strip().splitlines()


@pytest.mark.parametrize("line", HIDDEN)
def test_a_secret_is_blacked_out_and_nothing_else(line: str) -> None:
    head, rest = line.split("<", 1)
    secret, tail = rest.rsplit(">", 1)
    assert REDACTOR.line((head + secret + tail).encode()).decode() == head + "*" * len(secret) + tail


@pytest.mark.parametrize("line", SHOWN)
def test_an_ordinary_line_stays_the_object_it_is(line: str) -> None:
    text = line.encode()
    assert REDACTOR.line(text) is text


def test_the_length_in_bytes_stays() -> None:
    line = "пароль: password=секрет1 конец".encode()
    assert REDACTOR.line(line) == "пароль: password=".encode() + b"*" * 13 + " конец".encode()


@pytest.fixture(scope="module")
def key() -> list[bytes]:
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    try:
        return subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    except FileNotFoundError:
        pytest.skip("no openssl to make a key with")


@pytest.mark.parametrize("prefix", [b"", b"Nov 24 08:00:00 host app[1]: "])
def test_a_private_key_of_many_lines(key: list[bytes], prefix: bytes) -> None:
    lines = [b"before", *[prefix + line for line in key], b"2026 INFO started"]
    black = REDACTOR.stream().block(b"\n".join(lines)).split(b"\n")
    assert [len(line) for line in black] == [len(line) for line in lines]
    assert black[0] == b"before"
    assert black[-1] == b"2026 INFO started"
    for line in key[1:-1]:
        assert not any(line in shown for shown in black)


def test_a_key_that_comes_in_pieces_or_began_before(key: list[bytes]) -> None:
    lines = [(index, line) for index, line in enumerate([*key, b"after it"])]
    whole = REDACTOR.stream().lines(lines)
    for cut in range(len(lines)):
        stream = REDACTOR.stream()
        assert stream.lines(lines[:cut]) + stream.lines(lines[cut:]) == whole
        late = REDACTOR.stream(before=b"".join(line + b"\n" for _, line in lines[:cut]))
        assert late.lines(lines[cut:]) == whole[cut:]
        half = REDACTOR.stream(before=b"".join(line + b"\n" for _, line in lines[:cut]))
        if 0 < cut < len(key) - 1:
            assert half.partial(lines[cut][1][:50]) == b"*" * min(50, len(lines[cut][1]))
        assert half.lines(lines[cut:]) == whole[cut:], "a half line changes nothing"


def test_a_key_without_an_end_hides_no_more_than_a_word_of_what_follows(key: list[bytes]) -> None:
    after = [b"2026 INFO started", b"2026 INFO it goes on well", b"token of esteem"]
    black = REDACTOR.stream().block(b"\n".join(key[:10] + after)).split(b"\n")
    assert black[10] == b"2026 INFO *******"
    assert black[11:] == after[1:]


def test_further_patterns_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "patterns"
    file.write_text("# ours\nEMP-[0-9]{6}\n\nuser=(\\w+) pin=(\\d+)\n")
    redactor = load(str(file))
    assert redactor.line(b"EMP-123456 user=ann pin=42 password=x") == b"********** user=*** pin=** password=*"
    file.write_text("(\n")
    with pytest.raises(BadPattern, match="missing"):
        load(str(file))


def test_it_can_be_switched_off() -> None:
    assert load("off").line(b"password=x") == b"password=x"
    assert load("on").line(b"password=x") == b"password=*"


def test_whatever_comes_the_length_stays_and_it_ends() -> None:
    chance = random.Random(3)
    words = [
        b"password",
        b"=",
        b":",
        b'"',
        b"\\",
        b" ",
        b"\n",
        b"token",
        b"-----BEGIN PRIVATE KEY-----",
        b"A" * 64,
        b"://",
        b"@",
    ]
    words += [b"cookie", b"Bearer ", b"-----END PRIVATE KEY-----", b"1234567890", b"\xff", b"'"]
    for _ in range(2000):
        data = b"".join(chance.choices(words, k=chance.randrange(30)))
        black = REDACTOR.stream().block(data)
        assert len(black) == len(data)
        assert [at for at, byte in enumerate(black) if byte == 10] == [at for at, byte in enumerate(data) if byte == 10]
        assert all(new in (old, 42) for old, new in zip(data, black, strict=True))


def test_ordinary_lines_cost_little() -> None:
    lines = [(at, b"2026-11-24 08:00:00.123 INFO [123] app: GET /api/items/%d took %d ms" % (at, at)) for at in range(5000)]
    best = 9.0
    for _ in range(5):
        start = time.perf_counter()
        assert REDACTOR.stream().lines(lines) is lines
        best = min(best, time.perf_counter() - start)
    assert 5000 / best > 500_000, "lines a second; 5 million on an idle machine"
