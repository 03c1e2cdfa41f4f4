"""What looks like a password, a token or a key in a line of a log: the table of patterns. Pure; `logs.redact` uses it.

The patterns are chosen to catch what people really log, with few false alarms: where a word alone says little (`token:
expected`), the value has to look like a secret. They are written for RE2's automaton, which runs all of them at once:
nothing that can begin anywhere may count (`[a-z-]{0,30}`), or it has so many states that each byte costs a hundred times
as much; and what a check refuses must be short, or a line of refused values is looked at again and again.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import NamedTuple

Check = Callable[[bytes], bool]

_NO_SECRET = frozenset((b"null", b"none", b"nil", b"true", b"false", b"undefined", b"empty", b"yes", b"no"))


def always(_value: bytes) -> bool:
    """Whatever it is."""
    return True


def _is_nothing(value: bytes) -> bool:
    """Whether it is a word for nothing, maybe with what ends the JSON around it."""
    return value.rstrip(b"}]).").lower() in _NO_SECRET


def _is_password(value: bytes) -> bool:
    # "PWD": "/srv" is the working directory.
    return not _is_nothing(value) and not value.startswith(b"/")


# pass=12 is a count, pass: 12ms how long it took.
_COUNT = re.compile(rb"[0-9.,/%]+(?:[mnu]?s)?[}\])]*")


def _is_pass(value: bytes) -> bool:
    return _is_password(value) and not _COUNT.fullmatch(value)


def _is_odd(value: bytes) -> bool:
    """Whether a value is neither a word of prose nor the name of a test: pass: hunter2."""
    if not _is_pass(value) or b"/" in value or b"::" in value or value.lower().startswith(b"test"):
        return False
    return len(value) >= 20 or (len(value) >= 6 and not value.rstrip(b".:)").isalpha())


def _is_token(value: bytes) -> bool:
    """Whether a value after a word that is often used in prose looks like a secret."""
    return len(value) >= 20 or (len(value) >= 8 and any(48 <= byte <= 57 for byte in value))


def _is_long(value: bytes) -> bool:
    return len(value) >= 8 and not _is_nothing(value)


def _is_no_number(value: bytes) -> bool:
    return not value.isdigit()  # docker run -u 1000:1000


def _is_basic(value: bytes) -> bool:
    """Whether this is `user:password` in base64."""
    try:
        return b":" in base64.b64decode(value, validate=True)
    except binascii.Error:
        return False


def _is_card(value: bytes) -> bool:
    """Whether the digits are those of a payment card (Luhn)."""
    digits = [byte - 48 for byte in value if 48 <= byte <= 57]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and any(digits) and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


class Rule(NamedTuple):
    """A pattern whose groups hold what is secret, if the check says so of a group.

    `begun` is the same for a secret of which only the beginning is there, at the end of a text that goes on; needed where
    `pattern` asks for a length or for what comes behind. `command`: one of these stands before it, not far off. It is no
    part of the pattern, since what lies between may hold a secret for another rule.
    """

    pattern: str
    check: Check
    begun: str = ""
    command: tuple[bytes, ...] = ()


_WORDS = (
    r"(?:(?:passw(?:or)?d|passphrase|passcode|pwd|pswd|pgpassword)"
    r"(?:[_-]?(?:hash|confirm(?:ation)?|repeat|old|new|[0-9]))?|(?:db|user|admin|root|smtp|mail|ftp|ldap|sql|redis)[_-]?pass)"
)
_KEY = (
    r"(?:token|secret|api[_-]?key|(?:access|secret|private|encryption|signing|account|master|shared|auth)[_-]?key(?:[_-]?id)?"
    r"|secret[_-]?access[_-]?key|credentials?|[jp]h?p?sess(?:ion)?id)"
)
# Loggers colour names and values; and texts of JSON stand in others, in HTML and in addresses.
_COLOUR = r"(?:\x1b\[[0-9;]*m)*"
_QUOTE = r"""(?:\\*["']|&quot;|&#3[49];|%22)?"""
_EQUALS = r"(?:=>|:=|=|:|%3[ad])"
_IS = rf"{_QUOTE}{_COLOUR}\s*{_EQUALS}{_COLOUR}"
# A value in quotation marks, also in those of a JSON text within another; or up to what ends it in a query or a list.
_QUOTED = rf"""\s*{_COLOUR}(?:\\+["']([^"'\\]*)|"((?:[^"\\]|\\.?)*)|'((?:[^'\\]|\\.?)*))"""
_MARK = r"(?:&quot;|&#3[49];|%22)?"
_BARE = rf"""{_COLOUR}{_MARK}([^\s"'&,;\\\x1b][^\s"'&,;\x1b]*)"""
# Not a path: PWD=/srv is the working directory.
_NO_PATH = rf"""{_COLOUR}{_MARK}([^\s"'&,;\\\x1b/][^\s"'&,;\x1b]*)"""

#: What comes first is tried first at one place.
RULES = (
    Rule(rf"{_WORDS}{_IS}{_QUOTED}", _is_password),
    Rule(rf"{_WORDS}{_IS}\s*{_NO_PATH}", _is_password),
    Rule(rf"(?:\b|_)pass{_IS}{_QUOTED}", _is_pass),
    Rule(rf"(?:\b|_)pass{_QUOTE}{_COLOUR}{_EQUALS}{_NO_PATH}", _is_pass),
    # PASS: is what tests say.
    Rule(rf"(?:\b|_)(?-i:[Pp]ass){_IS}\s+{_NO_PATH}", _is_odd),
    Rule(rf"\s--?pass\s+[\"']?{_NO_PATH}", _is_pass),
    Rule(rf"<(?:[a-z0-9]+:)?[a-z_-]*(?:{_WORDS}|{_KEY})>([^<>]+)", _is_password),
    # With attributes, in which another secret may be, it is known by its end.
    Rule(
        rf">([^<>]+)</(?:[a-z0-9]+:)?[a-z_-]*(?:{_WORDS}|{_KEY})>",
        _is_password,
        rf"<(?:[a-z0-9]+:)?[a-z_-]*(?:{_WORDS}|{_KEY})\s[^<>]*>([^<>]+)(?:<[^<>]*)?",
    ),
    Rule(r"(?:identified\s+by|password)\s+'((?:[^'\\]|\\.?)*)", always),
    Rule(rf"-[a-z-]*(?:password|passwd|passphrase|token|secret|api-?key)\s+[\"']?{_NO_PATH}", _is_password),
    Rule(r"sshpass\s+-p\s*[\"']?([^\s\"']+)", always),
    Rule(r"[\s\"'](?:-u\s*|--user[\s=]+)[\"']?[^\s:\"']+:([^\s\"']+)", _is_no_number),
    Rule(r"[\s\"'](?-i:-p)\\*[\"']?([^\s\"'\\]+)", always, command=(b"mysql", b"mariadb")),
    Rule(
        rf"authorization{_IS}"
        r"""\s*["']?(?:bearer|basic|token|digest|negotiate|ntlm|apikey|key|hawk|aws4-hmac-sha256)"""
        r"""\s+([^"'\s][^"']*)""",
        always,
    ),
    Rule(rf"""authorization{_IS}\s*["']?([^\s"',;]+)""", _is_token),
    Rule(r"bearer\s+([A-Za-z0-9._~+/=-]+)", _is_token),
    Rule(r"basic\s+([A-Za-z0-9+/]{8,}={0,2})", _is_basic, r"basic\s+([A-Za-z0-9+/]+=*)"),
    Rule(rf"""cookie{_IS}\s*["']?[A-Za-z0-9_.-]+=([^"']+)""", always),
    Rule(rf"{_KEY}{_IS}{_QUOTED}", _is_long),
    Rule(rf"{_KEY}{_QUOTE}{_COLOUR}{_EQUALS}{_BARE}", _is_long),
    Rule(rf"{_KEY}{_IS}\s+{_BARE}", _is_token),
    # A token in the place of a name, by itself or with nothing of a password.
    Rule(r"""://([^\s/:@"'<>]+):(?:x-oauth-basic|x)?@""", _is_token, r"""://([^\s/:@"'<>]+):(x(?:-[a-z-]*)?)?"""),
    Rule(r"""://([^\s/:@"'<>]+)@""", _is_token, r"""://([^\s/:@"'<>]+)"""),
    Rule(r"""://[^\s/:@"'<>]*:([^\s/"'<>]+)@""", always, r"""://[^\s/:@"'<>]*:([^\s/"'<>]+)"""),
    Rule(r"(?:signature|sig)=([A-Za-z0-9%+/=_-]{16,})", _is_token, r"(?:signature|sig)=([A-Za-z0-9%+/=_-]+)"),
    Rule(r"\b(eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)", always, r"\b(eyJ[A-Za-z0-9_.-]*)"),
    Rule(r"\b((?-i:AKIA|ASIA)[A-Z0-9]{16})\b", always, r"\b((?-i:AKIA|ASIA)[A-Z0-9]*)"),
    Rule(
        r"\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,})",
        always,
        r"\b(gh[pousr]_[A-Za-z0-9]*|github_pat_[A-Za-z0-9_]*|glpat-[A-Za-z0-9_-]*)",
    ),
    Rule(
        r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{20,})|hooks\.slack\.com/services/([A-Za-z0-9/_-]{20,})",
        always,
        r"\b(xox[abeoprs]-[A-Za-z0-9-]*|xapp-[A-Za-z0-9-]*)|hooks\.slack\.com/services/([A-Za-z0-9/_-]+)",
    ),
    Rule(
        r"\b([rs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,})",
        _is_token,
        r"\b([rs]k_(?:live|test)_[A-Za-z0-9]*|whsec_[A-Za-z0-9]*|sk-[A-Za-z0-9_-]*)",
    ),
    Rule(
        r"\b(AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})",
        always,
        r"\b(AIza[A-Za-z0-9_-]*|ya29\.[A-Za-z0-9_-]*|(?-i:SG)\.[A-Za-z0-9_.-]*)",
    ),
    Rule(
        r"\b(npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}|hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{64})",
        always,
        r"\b(npm_[A-Za-z0-9]*|pypi-[A-Za-z0-9_-]*|hf_[A-Za-z0-9]*|dop_v1_[a-f0-9]*)",
    ),
    Rule(r"\b(AGE-SECRET-KEY-1[A-Z0-9]{50,})", always, r"\b(AGE-SECRET-KEY-1[A-Z0-9]*)"),
    # Hashes of passwords, as in /etc/shadow: they can be guessed at.
    Rule(r"(\$(?:2[abxy]?|5|6|7|y|gy|argon2(?:id?|d)|scrypt)\$[A-Za-z0-9./$=,+-]{20,})", always, r"(\$[0-9a-z]+\$[^\s:]*)"),
    Rule(
        r"\b([3-6][0-9]{3}(?:-[0-9]{4}){3}|[3-6][0-9]{3}(?: [0-9]{4}){3}|3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5})\b",
        _is_card,
        r"\b([3-6][0-9]{3}[ -][0-9]{4}[ -][0-9 -]+|3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]+)",
    ),
    Rule(
        rf"""(?:card|pan|cc)(?:[_-]?(?:number|num|no)){_IS}\s*\\*["']?([0-9][0-9 -]{{11,21}}[0-9])""",
        _is_card,
        rf"""(?:card|pan|cc)(?:[_-]?(?:number|num|no)){_IS}\s*\\*["']?([0-9][0-9 -]*)""",
    ),
    Rule(
        rf"""\bcv[vc][0-9]?{_IS}\s*\\*["']?([0-9]{{3,4}})\b""",
        always,
        rf"""\bcv[vc][0-9]?{_IS}\s*\\*["']?([0-9]+)""",
    ),
)
