"""What writers write. The text follows from the id of the request, so whoever reads it knows whether it is right. Pure."""

_PHRASES = (
    "good morning",
    "早上好，大家今天怎么样？",
    "has anybody seen the **build** fail?",
    "茶还是咖啡 ☕",
    "grüße aus Köln",
    "`make proof` runs again",
    "да, конечно",
    'quotes " and \\ back\\slashes \t and \0 a zero',
    "👩‍👩‍👧‍👦 family",
    "two\nlines",
)
#: One text in so many is long, so that frames of every length form occur.
_LONG_EVERY = 25

EMOJI = ("👍", "🎉", "❤️", "😀", "🚀")


def text_of(request_id: str) -> str:
    """The text that the message or edit with this id has."""
    number = int(request_id[:8], 16)
    text = f"{_PHRASES[number % len(_PHRASES)]} {request_id[-8:]}"
    if number % _LONG_EVERY == 0:
        text += " and so on" * (number % 1000)
    return text
