"""A printed cell by itself: a figure, a blank, a look-alike, or something that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from agent.outcome import BLANKS, Number
from agent.squeeze import squeeze
from schemas.form import Kind

Shape = Literal["figure", "blank", "doubtful", "illegible"]

NUMBER = r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d+(?:\.\d+)?"
_NUMBER = re.compile(rf"(?P<number>{NUMBER})(?P<unit>万元|元|件|条|项|个|宗|次|起)?")
_MONEY = ("元", "万元")
_LOOK_ALIKE = str.maketrans("OoQ〇○lI|｜!", "0000011111", " ")
_LOOKS_LIKE_FIGURE = re.compile(r"[\dOoQ〇○lI|｜!.,'·:-]{1,200}")
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+")  # thousands set apart by a space, in one cell
_GLUED = re.compile(r"(?=.*\d)(?=.*[-/无])[\d./无-]+|[-/无]{4,}")  # marks for blanks, glued with figures
_FOOTER = re.compile(r"-\d{1,3}-")
_CJK = re.compile(r"[㐀-鿿]")
_PIECES = re.compile(r"[㐀-鿿].*?(?=[\d?-]|$)|[^㐀-鿿]+")
_BROKEN = re.compile(r"(?<=\d)\s+(?P<number>\([一二三四五六七八九十]\)\s*)?(?P<letters>[㐀-鿿]+)$")
_HARMLESS = ")]}》〉”’([{《〈“‘、，。；：:;,"  # brackets and stops around a figure say nothing of it
_IN_LABEL = re.compile(r"[\d?]|^[〇○零一二三四五六七八九十百千万亿两]+$")
# Behind a label, what makes the row one of another year, of a part, or of another unit.
_OTHERWISE = re.compile(r"上一?年|去年|往年|历年|累计|同比|其中|[十百千万亿]+[件条项个宗次起]")
_FIGURE_LIKE = re.compile(r"[\d?〇○零一二三四五六七八九十百千万亿两]")
_LARGEST = 10**15  # what is larger is cells run together
_PROSE = 8  # that many letters which are no label are a sentence


class Token(NamedTuple):
    """A printed cell: its text, what it is, its line from 1, its cell in that line (None: no cells seen)."""

    text: str
    shape: Shape
    line: int
    cell: int | None


def value_of(text: str, kind: Kind) -> Number | None:
    """The number a figure's text states for a cell of that kind; None if it states none of that kind."""
    match = _NUMBER.fullmatch(text)
    if not match or len(text) > 24:
        return None
    digits = match["number"].replace(",", "")
    if kind == "amount":
        value: Number = Decimal(digits)
    elif "." in digits or match["unit"] in _MONEY:
        return None
    else:
        value = int(digits)
    signed = digits[0] in "+-"
    return None if not -_LARGEST < value < _LARGEST or (signed and kind != "change") else value


def look_alike(text: str) -> str:
    """The figure a doubtful text is probably meant to be: O as 0, l as 1, specks removed."""
    return text.translate(_LOOK_ALIKE).strip(".,'·:")


def shape_of(text: str, *, in_cell: bool = False) -> Shape | None:
    """What a text is that stands by itself; None where it is neither figure nor blank."""
    if _NUMBER.fullmatch(text):
        return "figure"
    if text in BLANKS or re.fullmatch("-{2,3}", text):
        return "blank"
    if _GLUED.fullmatch(text):
        return "figure"
    if text == "?":
        return "illegible"
    if in_cell and _SPACED.fullmatch(text):
        return "doubtful"
    if _LOOKS_LIKE_FIGURE.fullmatch(text) and _NUMBER.fullmatch(look_alike(text)):
        return "doubtful"
    return None


def in_cells(line: str, number: int, first: int, vocabulary: str, *, behind_label: bool) -> list[Token | None] | None:
    """The cells of a line that shows them, None = empty; no list where the line is no part of a row.

    ``first``: index of the line's first cell here; ``behind_label``: that cell is what is left of the label's.
    A text among figures, or behind the label, is a cell that cannot be read: it is never dropped.
    """
    pieces = [piece.strip() for piece in line.split("\t")]
    shapes = [shape_of(piece, in_cell=True) if piece else None for piece in pieces]
    cells: list[Token | None] = []
    for index, (piece, shape) in enumerate(zip(pieces, shapes, strict=True)):
        label = (
            index == 0 and not _IN_LABEL.search(piece) and not _OTHERWISE.search(piece)
        )  # what is left of the label's own cell
        if not behind_label:
            label = not any(shapes[:index]) and is_label_piece(piece, vocabulary)
        if shape:
            cells.append(Token(piece, shape, number, first + index))
        elif label or not _says_something(piece):
            cells.append(None)
        elif not behind_label and not any(shapes):
            return None
        else:
            cells.append(Token(piece, "illegible", number, first + index))
    return cells


def in_line(line: str, number: int, vocabulary: str) -> list[Token] | None:
    """The figures of a line that shows no cells; None where it is a sentence."""
    text = line.strip()
    shape = shape_of(text) if text else None
    if shape:
        return [Token(text, shape, number, None)]
    words = list(_words(text))
    shapes = [shape_of(word) for word in words]
    if all(shapes):
        return [Token(word, shape or "illegible", number, None) for word, shape in zip(words, shapes, strict=True)]
    if _CJK.search(text):
        return _mixed(text, number, vocabulary)
    if not _FIGURE_LIKE.search(text) and squeeze(text) in vocabulary:
        return []
    return [Token(text, "illegible", number, None)]


def is_label_piece(text: str, vocabulary: str) -> bool:
    """Whether a text is a label or a piece of one: two letters at least, and no figure."""
    letters = squeeze(text)
    return len(letters) >= 2 and letters in vocabulary and not re.search(r"\d", text)


def is_label_rest(text: str, vocabulary: str) -> bool:
    """Whether all letters of a text are pieces of labels: what is left of a label that was found by its beginning."""
    return not _foreign(squeeze(text), vocabulary, 1)


def begins_label(text: str, vocabulary: str) -> bool:
    """Whether a text is a label or the beginning of one, two letters at least, with or without its number."""
    letters = squeeze(text)
    if len(letters) < 2 or letters not in vocabulary:
        return False
    return re.search(rf"\0[\d一二三四五六七八九十]{{0,2}}{re.escape(letters)}", vocabulary) is not None


def extent(tokens: Iterable[Token]) -> int:
    """How many cells the tokens can be at the most: digits, look-alikes, marks for blanks."""
    return sum(c.isdigit() or c in "-/无" for token in tokens for c in look_alike(token.text))


def _says_something(text: str) -> bool:
    return bool(text.strip(_HARMLESS + " "))


def _words(text: str) -> Iterable[str]:
    """What stands between spaces, without brackets left over, lone stops and page footers."""
    for word in text.split():
        bare = word.lstrip(")]}》〉”’、，。；：:;,").rstrip("([{《〈“‘、，。；：:;,")
        if bare and _says_something(bare) and not _FOOTER.fullmatch(bare):
            yield bare


def _mixed(text: str, number: int, vocabulary: str) -> list[Token] | None:
    """Figures of a text with Chinese letters in it: pieces of labels fall away; None where it is a sentence."""
    if is_label_piece(text, vocabulary) or (len(squeeze(text)) == 1 and not _FIGURE_LIKE.search(text)):
        return []
    broken = _BROKEN.search(text)
    if broken and _ends_a_label(broken["number"] or "", broken["letters"], vocabulary):
        return in_line(text[: broken.start()], number, vocabulary)
    found: list[Token] = []
    foreign = 0
    for piece in (p.strip() for p in _PIECES.findall(text)):
        if not _CJK.search(piece):
            found += [Token(word, shape_of(word) or "illegible", number, None) for word in _words(piece)]
            continue
        if all(word in BLANKS for word in piece.split()):
            found += [Token(word, "blank", number, None) for word in piece.split()]
            continue
        foreign += _foreign(squeeze(piece), vocabulary, _PROSE)
        if foreign >= _PROSE:
            return found or None
    return [Token(text, "illegible", number, None)] if foreign else found


def _ends_a_label(number: str, letters: str, vocabulary: str) -> bool:
    """Whether letters behind figures, with their ``number``, begin or end a label that a page break cut in two."""
    if _FIGURE_LIKE.search(letters) or (letters in BLANKS and not number):
        return False
    return f"\0{squeeze(number + letters)}" in vocabulary or f"{letters}\0" in vocabulary


def _foreign(letters: str, vocabulary: str, most: int) -> int:
    """How many letters are no piece of a label: pieces of four letters and more, and whole labels, are.

    Not counted beyond ``most``: a text may be long.
    """
    longest = _longest(vocabulary)
    at = foreign = 0
    while at < len(letters) and foreign < most:
        end = min(len(letters), at + longest)
        while end > at and not (
            letters[at:end] in vocabulary and (end - at >= 4 or f"\0{letters[at:end]}\0" in vocabulary)
        ):
            end -= 1
        foreign += end == at
        at = max(end, at + 1)
    return foreign


@lru_cache(maxsize=64)
def _longest(vocabulary: str) -> int:
    """The letters of the longest label."""
    return max(map(len, vocabulary.split("\0")))
