"""Lines of unusual text, each with a number of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count

SENTENCES = (
    "Angela Merkel flew from Berlin to Paris to meet the French president .",
    "Shares in Ford rose 3.5 % after the company opened a factory in Brazil , Reuters reported .",
    "U.N. envoy visits Kuala Lumpur",
    "He didn't say whether e-mail to info@example.com , or https://example.com/a?b=c , had been read (yet) .",
)
SCRIPTS = (
    "Ангела Меркель прилетела в Париж .",
    "安倍晋三は東京で会見した。",
    "북한 외무성이 평양에서 발표했다 .",
    "قال الرئيس في القاهرة أمس .",
    "ראש הממשלה ביקר בחיפה .",
    "प्रधानमंत्री ने दिल्ली में कहा ।",
    "นายกรัฐมนตรีเดินทางไปเชียงใหม่",
    "Ο πρωθυπουργός μίλησε στην Αθήνα .",
    "Ünïcödé wĭth cömbining m\u0301a\u0308r\u0327k\u0303s",
    "𝕸𝖆𝖙𝖍 and 𓀀𓁐 and 𠜎𠜱 beyond the first plane",
)
EMOJI = "👩‍👩‍👧‍👦 🏳️‍🌈 🇨🇭 👍🏽 ☎️"
# All controls but the line feed; a carriage return is part of a line unless it stands at its end.
CONTROLS = "".join(map(chr, [*range(10), *range(11, 32), *range(127, 160)]))
MARKS = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u2028\u2029\u0085\ufffe\uffff"
"""Characters without width, of another direction, or that end a line in other programs."""


def words(generator: random.Random) -> str:
    """Draw a sentence of news."""
    return generator.choice(SENTENCES)


def long(generator: random.Random) -> str:
    """Draw many sentences in a line."""
    return " ".join(generator.choices(SENTENCES, k=generator.randint(10, 60)))


def foreign(generator: random.Random) -> str:
    """Draw words of several scripts."""
    return " ".join(generator.choices(SCRIPTS, k=generator.randint(1, 3)))


def strange(generator: random.Random) -> str:
    """Draw news with invisible characters between its letters."""
    letters = list(generator.choice(SENTENCES))
    for _ in range(generator.randint(1, 12)):
        letters.insert(generator.randrange(len(letters) + 1), generator.choice(CONTROLS + MARKS))
    return "".join(letters)


def smiling(generator: random.Random) -> str:
    """Draw characters of several code points, such as emoji."""
    return " ".join(generator.choices([EMOJI, "Ann", "Bonn", EMOJI.replace(" ", "")], k=generator.randint(1, 8)))


def token(generator: random.Random) -> str:
    """Draw a token of 10,000 characters or more."""
    part = generator.choice(("a", "é", "漢", "9", "-", ".", "'", "👍", "\u0301", "A.b-", "n't"))
    return part * 10_000 + str(generator.random())


def noise(generator: random.Random) -> str:
    """Draw characters of one to four bytes from all of Unicode."""
    codes = (generator.choice((0x80, 0x800, 0xD800, 0x10000, 0x110000)) for _ in range(generator.randint(1, 80)))
    return "".join(chr(generator.randrange(most)) for most in codes).replace("\n", " ")


def ending(generator: random.Random) -> str:
    """Draw a text that ends in blanks or carriage returns. A last carriage return belongs to the line's end."""
    return generator.choice(SENTENCES) + generator.choice(("\r", "\r\r", " \r", "\t", "\u3000", "\v\f"))


KINDS: dict[Callable[[random.Random], str], float] = {
    words: 60,
    foreign: 10,
    strange: 10,
    smiling: 5,
    noise: 5,
    ending: 5,
    long: 2,
    token: 0.05,
}
"""Kind of line → its weight."""
EMPTY = 0.04
"""Fraction of empty lines, the only lines without a number."""


def mixed(seed: int) -> Iterator[str]:
    """Yield lines for ever, without line ends. Each begins with `#` and its number, unless it is empty."""
    generator = random.Random(seed)
    kinds, weights = list(KINDS), list(KINDS.values())
    for number in count(1):
        if generator.random() < EMPTY:
            yield ""
        else:
            (kind,) = generator.choices(kinds, weights)
            yield f"#{number} {scalar(kind(generator))}"


def scalar(text: str) -> str:
    """Drop halves of surrogate pairs, which UTF-8 can't encode."""
    return text.encode("utf-8", "ignore").decode("utf-8")
