"""Passwords, tokens and keys are blacked out, and little else."""

import random
import re
import subprocess
import time
from pathlib import Path

import pytest

from chatapp.logs.lines import MAX_LINE_BYTES, LineSplitter
from chatapp.logs.redact import Blackout, Redactor, load
from chatapp.logs.redact_own import BadPattern, compiled
from chatapp.logs.redact_rules import Rule, always
from tests.conftest import missing

REDACTOR = Redactor()

HIDDEN = """
user login password=«hunter2» ok
DB_PASSWORD: "«a b\\"c»" next
{"password":"«hunter2»","x":1}
{"msg":"{\\"password\\":\\"«hunter2»\\",\\"u\\":1}"}
new_password = '«it is long»' x
mysql --password «hunter2» -u root
ALTER ROLE x PASSWORD '«abc def»'
passphrase=«x»&y=1
token=«abcdef1234567890»
GET /x?access_token=«abcdef12345»&y=1 HTTP/1.1
X-Api-Key: «0123456789abcdef»
export AWS_SECRET_ACCESS_KEY=«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
key id «AKIAIOSFODNN7EXAMPLE» was used
Authorization: Bearer «abc.def»
"authorization": "Basic «dXNlcjpwYXNz»", "host": "x"
said Basic «dXNlcjpwYXNz» there
with bearer «a1b2c3d4e5»
postgres://app:«s3cr3t»@db:5432/x
redis://:«p@ss»@cache:6379/0
Cookie: sid=«abc; other=1»
Set-Cookie: session=«xyz; Path=/; HttpOnly»
jwt «eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U» seen
push with «ghp_abcdefghijklmnopqrstuvwxyz0123456789»
slack «xoxb-123456789012-abcdefghijkl» said
paid with «4111-1111-1111-1111» today
card_number=«4111111111111111»
pass on: {"client_secret": "«s3cr3t-value»"}
event [36mpassword[0m=[1;35m«hunter2»[0m ok
event [36mtoken[0m=[35m«abcdef12345»[0m ok
GET /login?next=%2Fa%3Fpassword%3D«hunter2» HTTP/1.1
{&quot;password&quot;:&quot;«hunter2»&quot;,&quot;x&quot;:1}
<Login><wsse:Password>«hunter2»</wsse:Password></Login>
DB_PASS=«hunter2»
COMMAND=/usr/bin/sshpass -p «hunter2» ssh host
curl -s -u ann:«hunter2» https://example.org/
mysql --db-password «hunter2»
root:«$6$rounds=5000$saltsalt$abcdefghijklmnopqrstuvwxyz0123456789»:19000:0:99999:7:::
stored «$2b$12$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234» for ann
{"dsn":"amqp://user:«p@ss»@mq/","x":1}
login pass=«hunter2» ok
login pass: «hunter2»
SMTP_AUTH_PASS="«hunter two»"
{"user":"ann","pass":"«hunter2»"}
openssl rsa -passin pass:«hunter2» -in x
tool --pass «hunter2» -v
mysql -h db -u root -p«hunter2» shop
sh -c "/usr/bin/mysqldump -p'«hunter2»' shop"
mysql --protocol=tcp -P3306 -p«123456»
curl -s -ubob:«hunter2» https://example.org/
["curl", "-ubob:«hunter2»", "https://example.org/"]
password:              «hunter2»
password        = «hunter2»
api_key:      «abcdef1234567890»
fetch https://«a1b2c3d4e5f6a7b8»@example.org/x
git clone https://«a1b2c3d4e5f6a7b8c9d0»:x-oauth-basic@github.com/x/y
GET https://«a1b2c3d4e5f6a7b8c9d0»:@api.example.org/
<password type='x'>«hunter2»</password>
<wsse:Password Type="http://docs.oasis-open.org/#PasswordText">«hunter2»</wsse:Password>
key "-----BEGIN RSA PRIVATE KEY-----«\\nMIIEvQIBADANBgkq\\n»-----END RSA PRIVATE KEY-----\\n", "a": 1
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
docker run -u 1000:1000 image
<token>null</token>
it costs $5 or $6 a month
{"password": null}
{"a": [{"api_key": undefined}]}
pass=12 fail=3
pass: 12ms, all went well
{"pass": 10}
{"pass": true}
second pass: optimizing
PASS: check_parser_12
pass: test_login[chrome-2] and tests/test_2.py::test_3
proxy_pass: http://backend1;
a second-pass optimizer, a bypass=on, a compass: north
mkdir -pv /srv/x, ssh -p2222 host, docker run -p8080:80 nginx
mysql -u root -p shop
ssh -p2222 mysql-1
ssh://git@github.com/x/y and sftp://deploy@example.org
<password type='x'></password> a -> b > c
the password:
tests_pass: 10, all passed
""".strip().splitlines()


@pytest.mark.parametrize("line", HIDDEN)
def test_a_secret_is_blacked_out_and_nothing_else(line: str) -> None:
    head, secret, tail = re.split("[«»]", line)
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
        missing("A key has to be made, with openssl.")


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


@pytest.mark.parametrize(
    ("pattern", "lines", "shown"),
    [
        ("^ann", "ann bob\nann ann", "*** bob\n*** ann"),
        ("[0-9]+$", "1 2\r\n3 4\n5 6", "1 *\r\n3 *\n5 *"),
        (r"\Aann\z", "ann\nann bob\nann", "***\nann bob\n***"),
        (r"ends (.*)$", "ends here\r\nend", "ends ****\r\nend"),
        (r"\Q$1\E$", "$1 $1\r\n$1", "$1 **\r\n**"),
        (r"[$^]\$", "$$ a$", "** a$"),
        (r"a\sb|(?s)c.d", "a\nb c\nd a b c d", "a\nb c\nd *** ***"),
    ],
)
def test_a_pattern_means_in_many_lines_what_it_means_in_one(pattern: str, lines: str, shown: str) -> None:
    redactor = Redactor((pattern,))
    assert redactor.stream().block(lines.encode()).decode() == shown
    assert "\n".join(redactor.line(line.encode()).decode() for line in lines.split("\n")) == shown


@pytest.mark.parametrize("pattern", ["x*", "(user [a-z]+)?", r"\b", "a|", "^", r"[0-9]*$", r"\w*\b"])
def test_a_pattern_that_can_match_nothing_is_refused(pattern: str) -> None:
    """It would be found without end."""
    with pytest.raises(BadPattern, match="nothing at all"):
        Redactor((pattern,))


@pytest.mark.parametrize("pattern", [r"a\Cb", r"one\ntwo", "(?-m:^a)", "(?i-sm)^a"])
def test_a_pattern_that_asks_for_more_than_a_line_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern, match="each line is looked at alone"):
        Redactor((pattern,))


def test_patterns_do_not_touch_each_other(tmp_path: Path) -> None:
    file = tmp_path / "patterns"
    file.write_bytes(b"\xef\xbb\xbf(?i)foo(bar)\r\nEMP-(?:1|2)\r\na|b\r\nZZ\r\n")
    redactor = load(str(file))
    assert redactor.line(b"FOObar EMP-1 emp-2 cab zz ZZ") == b"FOO*** ***** emp-2 c** zz **"
    with pytest.raises(BadPattern, match="together: pattern too large"):
        Redactor((r"\pL{100}",) * 20)


def test_a_match_of_nothing_ends() -> None:
    blackout = Blackout(compiled("(no key)|(x*)"), [Rule("", always)], compiled(r"none\z"))
    assert blackout.block(b"ab xx\nx") == b"ab **\n*"


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


# A text that goes on: a half line, or one that was cut.


@pytest.mark.parametrize("line", HIDDEN)
def test_the_beginning_of_a_secret_is_hidden_too(line: str) -> None:
    """Wherever a half line ends: nothing of the secret shows, but for what no reader could tell from anything else."""
    head, secret, _ = re.split("[«»]", line)
    prefix = next(
        (start for start in ("$6$", "$2b$", "AKIA", "ghp_", "xoxb-", "eyJ", "4111-1111-1") if secret.startswith(start)), ""
    )
    for length in range(len(prefix) + 1, len(secret)):
        shown = REDACTOR.stream().partial((head + secret[:length]).encode())
        assert shown == head.encode() + b"*" * len(secret[:length].encode())


def test_a_line_that_was_cut_within_a_secret_hides_its_beginning() -> None:
    for secret in (
        b"ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        b"https://ann:hunter2@example.org/",
        b"token=abcdefgh12345678",
    ):
        for shown in (8, 16, 20):
            line = b"x" * (MAX_LINE_BYTES - shown - 1) + b" " + secret
            lines = LineSplitter(0).feed(b"before\n" + line + b"y" * 100 + b"\nafter\n")
            assert b"[cut: line of " in lines[1][1]
            black = REDACTOR.stream().lines(lines)
            assert [len(text) for _, text in black] == [len(text) for _, text in lines]
            assert black[1][1].endswith(b" bytes]"), "the mark stays"
            hidden = black[1][1][:MAX_LINE_BYTES].split(b" ")[-1]
            assert not any(
                part in hidden for part in (b"ghp_a", b"hunter2"[: shown - 12] or b"?", b"abcdefgh"[: shown - 6] or b"?")
            )


def test_what_could_be_a_secret_in_a_half_line_is_shown_in_the_whole_one() -> None:
    for line in (b"listening on http://localhost:8080", b"token: expected", b"basic authentication"):
        assert b"*" in REDACTOR.stream().partial(line)
        assert REDACTOR.line(line) == line


# What it costs.


def slug(chance: random.Random) -> str:
    """Words with hyphens between them, as names of pods and pages are."""
    return "-".join("".join(chance.choices("abcdefghij", k=chance.randrange(1, 7))) for _ in range(chance.randrange(2, 8)))


def cost(data: bytes) -> float:
    """The fewest seconds of three tries, of the processor alone: others may use the machine meanwhile."""
    best = 99.0
    for _ in range(3):
        start = time.thread_time()
        REDACTOR.stream().block(data)
        best = min(best, time.thread_time() - start)
    return best


def test_ordinary_lines_cost_little() -> None:
    """Also those in which much looks as if it could become a secret."""
    chance = random.Random(5)
    plain = [f"2026-11-24 08:00:00.123 INFO [123] app: GET /api/items/{at} took {at} ms" for at in range(3000)]
    access = [
        f'1.2.3.4 - - [24/Nov/2026:08:30:00 +0100] "GET /{slug(chance)}?q={slug(chance)} HTTP/1.1" 200' for _ in range(3000)
    ]
    pods = [
        f'{{"time":"2026-11-24T08:30:00.250Z","pod":"{slug(chance)}","token_count":7,"key":"{slug(chance)}"}}'
        for _ in range(3000)
    ]
    for lines in (plain, access, pods):
        assert len(lines) / cost("\n".join(lines).encode()) > 60_000, "lines a second; a million as a rule"


@pytest.mark.parametrize(
    "piece",
    [
        *(
            b"pwd=/",
            b"4111 ",
            b"token=",
            b"basic QUFB",
            b"-a",
            b"sig=a",
            b"://a:",
            b'pwd="/',
            b"$6$a",
            b"token  ",
            b"pass=1 ",
        ),
        *(b" -pa", b"mysql -p", b" -ua:1", b"://a@", b">a</", b"</password>", b"pass: a ", b"pass=}"),
    ],
)
@pytest.mark.parametrize("head", [b"", b">", b"mysql ", b" -ua", b"<password "])
def test_a_hostile_line_costs_little(piece: bytes, head: bytes) -> None:
    """Who can write a line to a log, as everybody who asks a web server for a page, holds up nobody."""
    assert cost(head + piece * (65_536 // len(piece))) < 0.1, "seconds; 2 ms as a rule"


@pytest.mark.parametrize("piece", ["token=abcdefgh%04d ", "4111-1111-1111-%04d "])
def test_a_line_full_of_secrets_shows_none(piece: str) -> None:
    """It is not looked at without end: the rest of it is hidden, and the next line is looked at anew."""
    line = "".join(piece % n for n in range(1000))
    black = REDACTOR.stream().block(f"{line}\n{line}\nthe end".encode()).decode().split("\n")
    assert [len(shown) for shown in black] == [len(line), len(line), 7]
    assert black[0] == black[1]
    assert black[0].endswith("*" * 10_000)
    assert "abcdefgh" not in black[0]
    assert black[2] == "the end"
