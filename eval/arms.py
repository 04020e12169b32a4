"""Ways to read a case with the same model and the same questions: what each arm accepts, and when it asks again.

one-call   one answer to each question, nothing checked: what came is accepted
resample   the same questions again from the start, as long as the answer's shape is wrong or a sum fails
re-ask     instructor's own loop: the whole answer goes back with every failed sum as a validation error
gouji      source match and sums; only what failed is asked again
thrifty    the offline reader first, the model for what it leaves open
offline    no model at all
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent.document import Document, load
from agent.outcome import Figure, Usage, Words
from eval.cases import Case
from eval.scores import Answer, answer_of
from schemas import load as load_form
from schemas.form import Form

if TYPE_CHECKING:
    from pydantic import BaseModel

    from agent.evidence import Evidence
    from agent.model import Answer as Said, Question
    from agent.settings import ModelSettings

ArmName = Literal["offline", "one-call", "resample", "re-ask", "gouji", "thrifty"]
ARMS: tuple[ArmName, ...] = ("offline", "one-call", "resample", "re-ask", "gouji", "thrifty")
FIVE: tuple[ArmName, ...] = ("one-call", "resample", "re-ask", "gouji", "thrifty")
READERS: Mapping[str, ArmName] = {"offline": "offline", "model": "gouji", "thrifty": "thrifty"}


@dataclass(frozen=True)
class Setup:
    """How a run reads its cases. ``answers``: the file where the model's answers are kept, None = nowhere."""

    arm: ArmName
    model: ModelSettings | None = None
    max_attempts: int = 3
    answers: Path | None = None


def answer(case: Case, setup: Setup) -> Answer:
    """What the arm says of a case. Raises what the reader raises."""
    return asyncio.run(_ANSWERS[setup.arm](case, setup))


async def _pipeline(case: Case, setup: Setup) -> Answer:
    from agent.pipeline import ReaderName, make_plan, run
    from eval.kept import door

    reader: Mapping[str, ReaderName] = {"gouji": "model", "thrifty": "thrifty", "offline": "offline"}
    document = load(case.path or case.data, name=case.name)
    plan = make_plan(case.form, setup.model, reader=reader[setup.arm], max_attempts=setup.max_attempts)
    if plan.model is None:
        return answer_of(await run(document, plan))
    async with door(setup.answers, plan.model) as opened:
        outcome = await run(document, plan, send=opened.send)
    return replace(answer_of(outcome), spared=opened.spared)


@dataclass
class _Attempt:
    """One answer to all questions, put together without a look at the source."""

    figures: dict[str, Figure]
    variants: dict[str, str | None]
    words: dict[str, Words]
    whole: bool
    usage: Usage


class _Baseline:
    """What the arms without gouji's loop have in common: the document, its questions, the sums."""

    def __init__(self, case: Case, setup: Setup) -> None:
        from agent.evidence import gather

        self.form: Form = load_form(case.form)
        self.document: Document = load(case.path or case.data, name=case.name)
        self.evidence: Evidence = gather(self.document, self.form)
        assert setup.model is not None
        self.settings = setup.model

    @property
    def questions(self) -> list[Question]:
        """The questions the model reader asks first."""
        from agent.extraction import questions

        return questions(self.document, self.form, self.evidence.section_lines(), self.settings.profile)

    def attempt(self, said: list[Said]) -> _Attempt:
        """The answers as figures and words."""
        if self.form.free:
            from agent.free_wire import parse

            given = parse(said[0], self.form, self.document, self.settings.name)
            return _Attempt(given.figures, {}, given.words, said[0].value is not None, said[0].usage)
        from agent.extraction import PROSE, merge, parse_prose, parse_tables

        tables = [a for a in said if a.question.name != PROSE]
        merged = merge([parse_tables(a, self.form, self.document, self.settings.name) for a in tables], self.form)
        words: dict[str, Words] = {}
        for prose in said:
            if prose.question.name == PROSE:
                words |= parse_prose(prose, self.form, self.document, self.settings.name).words
        usage = sum((a.usage for a in said), Usage())
        return _Attempt(merged.figures, merged.variants, words, all(a.value is not None for a in said), usage)

    def failed_sums(self, attempt: _Attempt) -> list[str]:
        """Sums that fail, and rows that were left out, in words."""
        if self.form.free:
            from eval.free_scores import failed_sums

            return failed_sums(attempt.figures, self.form)
        from agent.solver import holds, sides
        from agent.sums import equations, grid_of

        def value(path: str) -> Any:
            return attempt.figures[path].value if path in attempt.figures else None

        found = []
        for table in self.form.tables:
            grid = grid_of(self.form, table, attempt.variants)
            missing = [p for p in grid.all_paths() if p not in attempt.figures] if grid else [table]
            found += [f"{path} is missing" for path in missing]
        for equation in equations(self.form, attempt.variants, attempt.figures):
            if holds(equation, value) is False:
                left, right = sides(equation, value)
                found.append(f"{equation.name}: {left} is not {right}")
        return found

    def record(self, attempt: _Attempt) -> dict[str, Any]:
        """The public record as these arms would store it: what was said, whatever the source holds."""
        if self.form.free:
            from agent.free_record import record
            from agent.outcome import Reading

            return record(Reading(attempt.figures, attempt.words, {}), self.form)
        made: dict[str, Any] = {"form": self.form.name}
        for one in self.form.fields:
            words = attempt.words.get(one.id)
            made[one.id] = _plain(words.value) if words else None
        for path, figure in attempt.figures.items():
            table, row, column = path.split(".")
            made.setdefault(table, {}).setdefault(row, {})[column] = figure.value
        return made

    def answer(self, status: str, attempt: _Attempt, usage: Usage, attempts: int, reasons: tuple[str, ...]) -> Answer:
        """The arm's answer."""
        best = {path: figure.value for path, figure in attempt.figures.items()}
        return Answer(status, self.record(attempt), best, reasons, usage, attempts)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


async def _one_call(case: Case, setup: Setup) -> Answer:
    return await _resampled(case, replace(setup, max_attempts=1), check=False)


async def _resample(case: Case, setup: Setup) -> Answer:
    return await _resampled(case, setup, check=True)


async def _resampled(case: Case, setup: Setup, *, check: bool) -> Answer:
    from agent.model import Model
    from eval.kept import door

    baseline = _Baseline(case, setup)
    if not baseline.evidence.recognised:
        return Answer("not_this_form")
    usage, rounds = Usage(), 0
    async with door(setup.answers, baseline.settings) as opened:
        model = Model(baseline.settings, send=opened.send)
        for rounds in range(1, setup.max_attempts + 1):  # noqa: B007 - told below
            attempt = baseline.attempt([await model.ask(question) for question in baseline.questions])
            usage += attempt.usage
            failed = baseline.failed_sums(attempt) if check else []
            if attempt.whole and not failed:
                break
    ended = "accepted" if attempt.whole and not failed else "review"
    reasons = () if ended == "accepted" else ("sums",) if attempt.whole else ("shape",)
    return replace(baseline.answer(ended, attempt, usage, rounds, reasons), spared=opened.spared)


async def _re_ask(case: Case, setup: Setup) -> Answer:
    baseline = _Baseline(case, setup)
    if not baseline.evidence.recognised:
        return Answer("not_this_form")
    said = [await _instructor(baseline, question, setup.max_attempts) for question in baseline.questions]
    attempt = baseline.attempt(said)
    attempts = max((a.usage.calls for a in said), default=1)
    failed = baseline.failed_sums(attempt)
    if attempt.whole and not failed:
        return baseline.answer("accepted", attempt, attempt.usage, attempts, ())
    return baseline.answer("review", attempt, attempt.usage, attempts, ("sums",) if attempt.whole else ("shape",))


async def _instructor(baseline: _Baseline, question: Question, max_attempts: int) -> Said:
    """One question through instructor alone: its validation, its re-ask, all failed sums in one message."""
    import instructor
    from instructor.core import IncompleteOutputException, InstructorRetryException
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    from agent.connections import certificates
    from agent.local import own_server
    from agent.model import Answer as Given

    # It logs answers, and with them the document, as errors of its own.
    logging.getLogger("instructor").setLevel(logging.CRITICAL)
    settings, usage, last = baseline.settings, Usage(), ""

    async def counted(**request: Any) -> Any:
        nonlocal usage, last
        completion = await client.chat.completions.create(**request)
        used = completion.usage
        usage += settings.usage(used.prompt_tokens if used else 0, used.completion_tokens if used else 0)
        last = completion.choices[0].message.content or ""
        return completion

    limit = settings.profile.max_output_tokens
    address = own_server(settings.name) or settings.base_url
    http = DefaultAsyncHttpxClient(verify=certificates())
    async with AsyncOpenAI(base_url=address, api_key=settings.key, http_client=http) as client:
        ask: Any = instructor.patch(create=counted, mode=instructor.Mode.JSON_SCHEMA)
        try:
            value: BaseModel | None = await ask(
                model=settings.name,
                max_tokens=limit,
                temperature=0,
                response_model=_with_sums(baseline, question),
                max_retries=max_attempts - 1,
                messages=[{"role": "system", "content": question.system}, {"role": "user", "content": question.user}],
            )
        except (InstructorRetryException, IncompleteOutputException):
            value = None
    exact = None
    if value is not None:
        exact = question.answer.model_construct(**{n: getattr(value, n) for n in question.answer.model_fields})
    return Given(question, exact, last, usage, None if exact is not None else "shape")


def _with_sums(baseline: _Baseline, question: Question) -> type[BaseModel]:
    """The question's answer with the sums as a validator: the best that instructor alone can be given."""
    from pydantic import create_model, model_validator

    from agent.extraction import PROSE
    from agent.model import Answer as Given

    if question.name == PROSE:
        return question.answer

    def sums(self: Any) -> Any:
        given = baseline.attempt([Given(question, self, "", Usage())])
        failed = baseline.failed_sums(given)
        if failed:
            raise ValueError("; ".join(failed))
        return self

    validators: dict[str, Any] = {"sums": model_validator(mode="after")(sums)}
    return create_model(question.answer.__name__, __base__=question.answer, __validators__=validators)


_ANSWERS: Mapping[ArmName, Callable[[Case, Setup], Coroutine[Any, Any, Answer]]] = {
    "offline": _pipeline,
    "one-call": _one_call,
    "resample": _resample,
    "re-ask": _re_ask,
    "gouji": _pipeline,
    "thrifty": _pipeline,
}
