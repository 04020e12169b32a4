"""The model reader: ask for tables and prose, check, ask again about the rows that fail, keep what is proved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent import extraction, free_reader, repair
from agent.checks import check
from agent.model import Answer, Budget, BudgetSpentError, Call, Model, Question, Send, ToComeError
from agent.outcome import NO_USAGE, Finding, Reading, Reason, Usage, Words
from agent.settings import ModelSettings

if TYPE_CHECKING:
    from agent.document import Document
    from agent.evidence import Evidence, Found
    from agent.pipeline import Plan
    from schemas.form import Row


@dataclass(frozen=True)
class Read:
    """A reading with what it took: the calls, the rounds, and what went wrong on the way."""

    reading: Reading
    usage: Usage = NO_USAGE
    attempts: int = 0
    notes: tuple[Finding, ...] = ()


@dataclass
class _Session:
    """One document's questions: the model that answers, the budget, what was used."""

    document: Document
    evidence: Evidence
    plan: Plan
    on_call: Callable[[Call], None] | None
    budget: Budget
    send: Send | None = None
    usage: Usage = NO_USAGE
    notes: list[Finding] = field(default_factory=list)
    ended: bool = False

    async def ask(self, model: Model, question: Question) -> Answer:
        """The answer, with its usage counted and its failure noted."""
        answer = await model.ask(question, budget=self.budget)
        self.usage += answer.usage
        if answer.reason:
            self.notes.append(_gave_up(question.name, f"{answer.reason} {answer.detail}".strip()))
        return answer

    def tables(self, model: Model, answer: Answer) -> extraction.Tables:
        """The figures of an answer. What it refused, or could not put in shape at all, is not paid for again."""
        given = extraction.parse_tables(answer, self.evidence.form, self.document, model.settings.name)
        self.ended = (
            self.ended or answer.reason in ("refused", "truncated") or bool(answer.reason and not given.figures)
        )
        return given

    async def ask_all(self, model: Model, questions: Iterable[Question]) -> list[Answer]:
        """The answers, in order, as far as the budget goes. One to come is told of when all are asked."""
        answers: list[Answer] = []
        to_come: ToComeError | None = None
        for question in questions:
            try:
                answers.append(await self.ask(model, question))
            except ToComeError as error:
                to_come = error
            except BudgetSpentError as error:
                self.ended = True
                self.notes.append(_gave_up("budget", str(error)))
                break
        if to_come:
            raise to_come
        return answers


async def read(
    document: Document,
    evidence: Evidence,
    plan: Plan,
    first: Reading,
    on_call: Callable[[Call], None] | None,
    send: Send | None = None,
) -> Read:
    """What the model makes of a document. ``first`` is the offline reading: thrifty keeps its figures.

    ``send`` makes the calls where documents share them. Raises ModelError where the network fails; a model
    that refuses or answers in no shape is noted.
    """
    assert plan.model is not None
    session = _Session(document, evidence, plan, on_call, Budget(plan.budget_tokens), send)
    async with aclosing(_Closing(Model(plan.model, on_call=on_call, send=send))) as opened:
        if evidence.form.free:
            reading, attempts = await free_reader.rounds(session, opened.model)
            return Read(reading, session.usage, attempts, tuple(session.notes))
        reading = await _first_round(session, opened.model, first)
        reading, attempts = await _repairs(session, opened.model, reading)
    return Read(repair.located(reading, evidence), session.usage, attempts, tuple(session.notes))


@dataclass(frozen=True)
class _Closing:
    model: Model

    async def aclose(self) -> None:
        await self.model.close()


async def _first_round(session: _Session, model: Model, first: Reading) -> Reading:
    """Tables and prose, each asked once; thrifty asks only for the prose that is left."""
    settings, form = model.settings, session.evidence.form
    asked = extraction.questions(session.document, form, session.evidence.section_lines(), settings.profile)
    thrifty = session.plan.reader == "thrifty"
    reading = first if thrifty else Reading({}, {}, {})
    if thrifty:
        every = tuple(f.id for f in form.fields)
        asked = [q for q in asked if q.name == extraction.PROSE and not first.words.keys() >= {*(q.fields or every)}]
    answers = await session.ask_all(model, asked)
    parts: list[extraction.Tables] = []
    for answer in answers:
        if answer.question.name == extraction.PROSE:
            words = _prose(session, model, answer)
            reading = replace(reading, words={**reading.words, **words})
        else:
            parts.append(session.tables(model, answer))
    if thrifty:
        return reading
    tables = extraction.merge(parts, form)
    return replace(reading, figures=tables.figures, variants=tables.variants)


def _prose(session: _Session, model: Model, answer: Answer) -> dict[str, Words]:
    said = extraction.parse_prose(answer, session.evidence.form, session.document, model.settings.name)
    session.notes += [replace(finding, warning=True) for finding in said.findings]
    return dict(said.words)


async def _repairs(session: _Session, model: Model, reading: Reading) -> tuple[Reading, int]:
    """Ask again about failing rows until nothing is left to ask, nothing changes, or the attempts are used up."""
    plan, attempt = session.plan, 1
    while attempt < plan.max_attempts and plan.reader != "thrifty" and not session.ended:
        asked = repair.rows_to_ask(reading, session.evidence)
        if not asked and not repair.lists_to_ask(reading, session.evidence):
            break
        attempt += 1
        stronger = plan.escalate if plan.escalate and attempt == plan.max_attempts else None
        again = await _repair(session, model, stronger, reading, asked)
        if again == reading:
            break
        reading = again
    return reading, attempt


async def _repair(
    session: _Session,
    model: Model,
    stronger: ModelSettings | None,
    reading: Reading,
    asked: dict[str, list[Row]],
) -> Reading:
    """One round: a question for each table with failing rows, and for each list with failing entries."""
    if stronger:
        async with aclosing(_Closing(Model(stronger, on_call=session.on_call, send=session.send))) as opened:
            return await _repair(session, opened.model, None, reading, asked)
    evidence, settings = session.evidence, model.settings
    grids = {table: found for table in asked if (found := evidence.tables[table])}
    verdict = check(reading, evidence, session.document)
    questions = [
        (table, found, question)
        for table, found in grids.items()
        for question in _questions(session, settings, reading, found, asked[table])
    ]
    answers = await session.ask_all(model, [question for *_, question in questions])
    for (table, found, _), answer in zip(questions, answers, strict=False):  # the budget may have cut them
        given = session.tables(model, answer)
        paths = set(repair.paths_of(found, asked[table]))
        reading = repair.merged(reading, verdict, given.figures, paths)
    for items in repair.lists_to_ask(reading, evidence):
        again = extraction.list_question(session.document, items, repair.entry_lines(evidence, items))
        for answer in await session.ask_all(model, [again]):
            reading = repair.relisted(reading, items, session.tables(model, answer).figures)
    return replace(reading, variants={t: f.grid.variant if f else None for t, f in evidence.tables.items()})


def _questions(
    session: _Session, settings: ModelSettings, reading: Reading, found: Found, rows: list[Row]
) -> Iterator[Question]:
    """What goes back about the failing rows of one table."""
    evidence = session.evidence
    words = repair.failed(reading, evidence, found, rows)
    if settings.profile.table == "pipe":
        from agent import small

        yield from small.repair_questions(evidence, found, rows, words, settings.profile)
        return
    shown, lines = repair.excerpt(session.document, evidence, found, rows)
    yield extraction.repair_question(evidence.form, shown, found.grid, rows, lines, words)


def _gave_up(question: str, why: str) -> Finding:
    return Finding("model", f"{question}: {why}", reason=Reason.MODEL_GAVE_UP, warning=True)
