"""The door to a model: every fault of the network, of an answer's shape, of a server, with the calls counted."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from agent.errors import ModelError, PermanentModelError, UsageError
from agent.model import Budget, BudgetSpentError, Call, Model, ModelSettings, Profile, Question, settings
from agent.transport import TransientError, reply, retry_after
from eval.server import Body, Reply, Server, completion, error, fails, says, script
from tests.scripted_server import CANARY, FakeTime, ask, serving, settings_for


class Figures(BaseModel):
    """A small answer."""

    model_config = ConfigDict(extra="forbid", strict=True)
    total: int
    note: str | None = None


GOOD = '{"total": 3}'
QUESTION = Question("figures", "You read.", "How many?", Figures)
REPORT = "一行 {{ total }} {% raw %}\n\t\t缩进 {# no #}"


# The network: asked again with back-off, within the number of tries and the deadline.


@pytest.mark.fault("gateway-5xx")
@pytest.mark.parametrize("failures", range(7))
def test_a_gateway_that_fails_is_asked_again_until_the_tries_are_used_up(failures: int) -> None:
    with serving(",".join(["e503"] * failures + ["ok"]), GOOD) as server:
        if failures < 5:
            asked = ask(server, QUESTION)

            assert asked.answer.value == Figures(total=3)
            assert len(asked.time.slept) == failures
        else:
            with pytest.raises(ModelError, match="gave up after 5 calls"):
                ask(server, QUESTION)
        assert server.calls == min(failures + 1, 5)


@pytest.mark.fault("reset")
@pytest.mark.fault("garbage-200")
@pytest.mark.parametrize(
    "fault",
    ["e408", "e409", "e425", "e429", "e500", "e502", "e503", "e504", "e529", "reset", "close", "cut", "html", "empty",
     "cutjson", "badutf8", "nochoices", "nomessage", "errorobject"],
)  # fmt: skip
def test_a_fault_that_passes_costs_one_more_call_and_no_re_ask(fault: str) -> None:
    with serving(f"{fault},ok", GOOD) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.value == Figures(total=3)
        assert server.calls == 2
        assert server.seen[0].body == server.seen[1].body
        assert [call.error is None for call in asked.calls] == [False, True]


@pytest.mark.fault("hang")
@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_server_that_hangs_or_drips_holds_a_call_no_longer_than_its_time(fault: str) -> None:
    with serving(fault, GOOD) as server:
        with pytest.raises(ModelError, match="no whole answer within"):
            ask(server, QUESTION, call_timeout=0.2, tries=2)

        assert server.calls == 2


@pytest.mark.fault("reset")
def test_an_address_where_nothing_listens_is_a_failed_connection() -> None:
    with serving() as server:
        pass

    calls: list[Call] = []
    with pytest.raises(ModelError, match="connection failed"):
        ask(server, QUESTION, calls=calls)
    assert [call.raw for call in calls] == [None] * 5


@pytest.mark.fault("gateway-5xx")
def test_the_waits_grow_and_end_with_the_deadline() -> None:
    time = FakeTime()
    with serving("e503") as server:
        with pytest.raises(ModelError, match="gave up after"):
            ask(server, QUESTION, time=time, tries=100, deadline=60.0)

        assert sum(time.slept) < 60.0
        assert time.slept[0] <= 1.0 <= time.slept[2] <= time.slept[4] <= time.slept[6]
        assert 5 < server.calls < 20


@pytest.mark.fault("retry-after")
def test_no_call_comes_earlier_than_the_server_asked_for() -> None:
    with serving("e429:7,ok", GOOD) as server:
        asked = ask(server, QUESTION)

        assert asked.time.slept == [7.0]
        assert server.calls == 2


@pytest.mark.fault("retry-after")
def test_a_wait_beyond_the_deadline_ends_the_question_at_once_and_says_how_long() -> None:
    with serving("e429:86400,ok", GOOD) as server:
        with pytest.raises(ModelError, match="asks to wait 86400 s"):
            ask(server, QUESTION)

        assert server.calls == 1


NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.fault("retry-after")
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=30), usegmt=True)}, 30),
        ({"retry-after": format_datetime(NOW - timedelta(days=1), usegmt=True)}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "9" * 400}, 10**9),
        ({"retry-after-ms": "inf"}, 10**6),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 10**9),
        ({"retry-after": f"Fri, 31 Dec {'9' * 20} 23:59:59 GMT"}, 0),
        ({"retry-after": f"Fri, 02 Jan 2026 00:00:00 +{'9' * 20}"}, 0),
    ],
)
def test_the_wait_a_server_asks_for_is_understood_or_nothing(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers, NOW.timestamp()) == seconds


@pytest.mark.fault("garbage-200")
def test_a_body_cut_at_any_byte_is_a_fault_of_the_gateway() -> None:
    body = completion(GOOD, {})

    for end in range(len(body)):
        with pytest.raises(TransientError):
            reply(200, {}, body[:end])


# Faults that asking again does not cure.


@pytest.mark.fault("quota")
@pytest.mark.parametrize("fault", ["e401", "e403", "e404", "e402", "e400", "e422", "quota"])
def test_a_permanent_fault_is_one_call(fault: str) -> None:
    with serving(fault) as server:
        with pytest.raises(PermanentModelError, match=f"scripted at {server.base_url}: status"):
            ask(server, QUESTION)

        assert server.calls == 1


@pytest.mark.fault("quota")
def test_no_credit_inside_a_good_status_is_permanent_too() -> None:
    body = b'{"error": {"message": "no credit", "code": "insufficient_quota"}}'
    with Server(steps=[fails(Reply(body=body))]) as server:
        with pytest.raises(PermanentModelError, match="no credit"):
            ask(server, QUESTION)

        assert server.calls == 1


@pytest.mark.fault("refusal")
@pytest.mark.parametrize("fault", ["refusal", "filter"])
def test_a_refusal_is_an_answer_after_one_call(fault: str) -> None:
    with serving(f"{fault},ok", GOOD) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.value is None
        assert asked.answer.reason == "refused"
        assert server.calls == 1


@pytest.mark.fault("refusal")
def test_a_prompt_that_the_provider_filters_is_a_refusal() -> None:
    with Server(steps=[fails(error(400, "filtered", code="content_filter"))]) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.reason == "refused"
        assert server.calls == 1


def test_a_document_that_the_model_cannot_hold_ends_its_own_question_alone() -> None:
    with Server(steps=[fails(error(400, "maximum context length is 4096 tokens"))]) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.reason == "truncated"
        assert server.calls == 1


# A cut answer: once more with double the room.


@pytest.mark.fault("cut-answer")
def test_a_cut_answer_is_asked_once_more_with_double_the_room() -> None:
    with serving("length,ok", GOOD) as server:
        asked = ask(server, QUESTION, profile=Profile(max_output_tokens=100))

        assert asked.answer.value == Figures(total=3)
        assert [seen.body["max_tokens"] for seen in server.seen] == [100, 200]


@pytest.mark.fault("cut-answer")
def test_an_answer_that_stays_cut_is_kept_as_it_is_and_said_to_be_cut() -> None:
    with serving("length", GOOD * 4) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.value is None
        assert asked.answer.reason == "truncated"
        assert asked.answer.raw == (GOOD * 4)[:20]
        assert server.calls == 2


# A wrong shape: instructor asks once more, with the reason.


@pytest.mark.fault("odd-json")
@pytest.mark.parametrize(
    "bad",
    [
        '{"total": "3"}', '{"total": 3.0}', '{"total": true}', '{"total": NaN}', '{"total": 1e400}', "{}", "", "[]",
        '{"total": 3, "total": 4}', '{"total": 3, "extra": 1}', '{"total": 3', "three of them", '{"note": "\\ud800"}',
        '{"total": ' + "[" * 5000 + "]" * 5000 + "}", '{"total": ' + "9" * 5000 + "}", "\x00", '"', "}{", "{} {}",
    ],
)  # fmt: skip
def test_an_answer_of_the_wrong_shape_is_asked_once_more_and_then_given_up(bad: str) -> None:
    with Server(steps=[says(bad)]) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.value is None
        assert asked.answer.reason == "shape"
        assert asked.answer.raw == bad
        assert server.calls == 2


def test_the_re_ask_says_what_is_wrong_in_few_words() -> None:
    with Server(lambda _: GOOD, [says('{"total": "drei"}'), *script("ok")]) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.value == Figures(total=3)
        *_, bad, complaint = server.seen[1].body["messages"]
        assert bad == {"role": "assistant", "content": '{"total": "drei"}'}
        assert complaint["content"].endswith("total: Input should be a valid integer")


@pytest.mark.fault("wrong-tool")
@pytest.mark.parametrize("wrapping", ["fence", "think"])
def test_what_weak_models_put_around_an_answer_costs_no_re_ask(wrapping: str) -> None:
    with serving(wrapping, GOOD) as server:
        asked = ask(server, QUESTION)

        assert asked.answer.value == Figures(total=3)
        assert server.calls == 1


@pytest.mark.fault("wrong-tool")
@pytest.mark.parametrize("step", ["prose", "tool"])
def test_an_answer_without_json_is_asked_once_more(step: str) -> None:
    with serving(f"{step},ok", GOOD) as server:
        assert ask(server, QUESTION).answer.value == Figures(total=3)
        assert server.calls == 2


def test_a_network_fault_in_the_re_ask_does_not_buy_another_re_ask() -> None:
    with serving("badjson,e503,badjson,ok", GOOD) as server:
        assert ask(server, QUESTION).answer.reason == "shape"
        assert server.calls == 3


# What goes over the wire.


def test_a_strict_schema_goes_over_the_wire() -> None:
    with serving("ok", GOOD) as server:
        ask(server, QUESTION)

        schema = server.seen[0].body["response_format"]["json_schema"]
        assert schema["strict"] is True
        assert schema["schema"]["required"] == ["total", "note"]
        assert schema["schema"]["additionalProperties"] is False
        assert "title" not in json.dumps(schema)
        assert server.seen[0].body["temperature"] == 0


def test_a_server_without_schemas_is_found_out_once() -> None:
    with serving("noschema", GOOD) as server:
        asked = ask(server, QUESTION, QUESTION)

        assert [answer.value for answer in asked.answers] == [Figures(total=3)] * 2
        assert server.calls == 3
        told = server.seen[2].body
        assert told["response_format"] == {"type": "json_object"}
        assert '"total"' in told["messages"][0]["content"]


def test_a_server_that_knows_text_alone_is_asked_for_text() -> None:
    def text_only(body: Body, _: Any) -> Reply:
        if "response_format" in body:
            return error(500, "{'loc': ('body', 'response_format', 'type')}")
        return Reply(body=completion(GOOD, body))

    with Server(steps=[text_only]) as server:
        asked = ask(server, QUESTION, QUESTION)

        assert asked.answers[1].value == Figures(total=3)
        assert server.calls == 4


def test_a_profile_without_schemas_does_not_try_them() -> None:
    with serving("noschema", GOOD) as server:
        ask(server, QUESTION, profile=Profile(strict_schema=False))

        assert server.calls == 1


def test_a_model_that_names_its_limit_otherwise_and_takes_no_temperature_is_humoured() -> None:
    def modern(body: Body, _: Any) -> Reply:
        if "max_tokens" in body:
            return error(400, "Use 'max_completion_tokens' instead.", param="max_tokens", code="unsupported_parameter")
        if "temperature" in body:
            return error(400, "Only the default (1) is supported.", param="temperature", code="unsupported_value")
        return Reply(body=completion(GOOD, body))

    with Server(steps=[modern]) as server:
        asked = ask(server, QUESTION, QUESTION)

        assert asked.answers[1].value == Figures(total=3)
        assert server.calls == 4


@pytest.mark.parametrize("message", ["response_format is unknown here", "Use 'max_completion_tokens' instead."])
def test_a_server_that_refuses_every_form_of_a_request_is_given_up(message: str) -> None:
    with Server(steps=[fails(error(400, message))]) as server:
        with pytest.raises(PermanentModelError, match="status 400"):
            ask(server, QUESTION)

        assert server.calls <= 3


def test_the_text_of_a_document_arrives_as_it_is() -> None:
    with serving("badjson,ok", GOOD) as server:
        ask(server, Question("figures", "s", REPORT, Figures))

        assert [seen.body["messages"][1]["content"] for seen in server.seen] == [REPORT, REPORT]


def test_many_questions_at_once_share_what_was_found_out() -> None:
    with serving("noschema", GOOD) as server:

        async def run() -> list[Any]:
            model = Model(settings_for(server))
            try:
                await model.ask(QUESTION)
                return list(await asyncio.gather(*(model.ask(QUESTION) for _ in range(30))))
            finally:
                await model.close()

        answers = asyncio.run(run())

        assert [answer.value for answer in answers] == [Figures(total=3)] * 30
        assert server.calls == 32


# Money, and the journal.


def test_every_call_is_journaled_with_its_raw_answer_before_it_is_parsed() -> None:
    class StopError(Exception):
        pass

    def on_call(call: Call) -> None:
        kept.append(call)
        raise StopError

    kept: list[Call] = []
    with serving("badjson") as server:
        model = Model(settings_for(server), on_call=on_call)

        async def run() -> None:
            try:
                await model.ask(QUESTION)
            finally:
                await model.close()

        with pytest.raises(StopError):
            asyncio.run(run())

    (call,) = kept
    assert call.raw is not None
    assert json.loads(call.raw)["choices"][0]["message"]["content"] == '{"table2": "1@1 0'
    assert server.calls == 1


def test_failed_calls_are_counted_and_numbered() -> None:
    with serving("e503,badjson,ok", GOOD) as server:
        asked = ask(server, QUESTION, input_price=Decimal(1), output_price=Decimal(2))

    assert [call.attempt for call in asked.calls] == [1, 2, 3]
    assert [call.usage.calls for call in asked.calls] == [1, 1, 1]
    assert asked.calls[0].usage.input_tokens == 0
    assert asked.calls[0].request_sha256 == asked.calls[1].request_sha256 != asked.calls[2].request_sha256
    assert asked.answer.usage == sum((call.usage for call in asked.calls[1:]), asked.calls[0].usage)
    tokens = asked.answer.usage
    assert tokens.cost == Decimal(tokens.input_tokens + 2 * tokens.output_tokens) / 1_000_000


def test_the_usage_of_a_re_ask_is_not_counted_twice() -> None:
    with serving("badjson,ok", GOOD) as server:
        asked = ask(server, QUESTION)

    told = [json.loads(call.raw or "")["usage"]["prompt_tokens"] for call in asked.calls]
    assert asked.answer.usage.input_tokens == sum(told)


def test_tokens_that_a_server_does_not_count_are_estimated() -> None:
    with serving("nousage", GOOD) as server:
        usage = ask(server, QUESTION).answer.usage

    assert 3 <= usage.input_tokens <= 12
    assert 2 <= usage.output_tokens <= 8


def test_a_budget_stops_before_the_next_call() -> None:
    budget = Budget(50)
    with serving("ok", GOOD) as server:
        with pytest.raises(BudgetSpentError, match="50 tokens"):
            ask(server, QUESTION, QUESTION, budget=budget)

        assert server.calls == 1
        assert budget.used > 50
        assert budget.left == 0


def test_a_budget_stops_a_re_ask_too() -> None:
    with serving("badjson,ok", GOOD) as server:
        with pytest.raises(BudgetSpentError):
            ask(server, QUESTION, budget=Budget(10))

        assert server.calls == 1


def test_an_answer_is_of_the_class_asked_for_and_travels() -> None:
    with serving("ok", GOOD) as server:
        asked = ask(server, QUESTION)

    assert type(asked.answer.value) is Figures
    assert pickle.loads(pickle.dumps(asked.answer)) == asked.answer


# Secrets.


@pytest.mark.fault("key-leak")
@pytest.mark.parametrize("step", ["e401", "e503", "reset", "html", "hang"])
def test_the_key_shows_in_no_error_and_no_traceback_with_locals(step: str) -> None:
    with serving(step) as server, pytest.raises(ModelError) as raised:
        ask(server, QUESTION, call_timeout=0.1, tries=2)

    told = "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=True).format())
    assert server.seen[0].headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in told


@pytest.mark.fault("key-leak")
def test_a_server_that_repeats_the_key_does_not_get_it_into_the_journal() -> None:
    calls: list[Call] = []
    repeats = fails(error(401, f"Incorrect API key provided: {CANARY}"))
    with Server(steps=[repeats]) as server, pytest.raises(PermanentModelError, match="provided: \\[secret") as raised:
        ask(server, QUESTION, calls=calls)

    told = "".join(traceback.TracebackException.from_exception(raised.value).format())
    assert CANARY not in repr(calls) + told


@pytest.mark.fault("key-leak")
def test_settings_show_neither_key_nor_password() -> None:
    made = ModelSettings("m", "http://ann:pa%40ss@127.0.0.1:1/v1", SecretStr(CANARY))

    assert made.base_url == "http://127.0.0.1:1/v1"
    for text in (repr(made), made.identity, made.says("down")):
        assert CANARY not in text
        assert "pa@ss" not in text
        assert "ann" not in text


def test_the_login_of_an_address_is_sent_in_the_keys_stead() -> None:
    with serving("ok", GOOD) as server:
        address = server.base_url.replace("http://", "http://ann:pa%40ss@")

        async def run() -> None:
            model = Model(ModelSettings("m", address))
            try:
                await model.ask(QUESTION)
            finally:
                await model.close()

        asyncio.run(run())

        assert server.seen[0].headers["authorization"] == "Basic YW5uOnBhQHNz"


# Settings from flags and environment.


def test_without_a_name_there_is_no_model() -> None:
    assert settings(environment={"OPENAI_API_KEY": "k"}) is None


def test_flags_win_over_the_environment() -> None:
    environment = {
        "GOUJI_MODEL": "a",
        "OPENAI_BASE_URL": "http://127.0.0.1:1/v1",
        "OPENAI_API_KEY": "k",
        "GOUJI_PRICE_IN": "0.5",
        "GOUJI_PRICE_OUT": "2",
        "GOUJI_DEADLINE": "30",
    }

    from_environment = settings(environment=environment)
    from_flags = settings("b", "http://127.0.0.1:2/v1", environment=environment)

    assert from_environment is not None
    assert from_flags is not None
    assert (from_environment.name, from_environment.base_url) == ("a", "http://127.0.0.1:1/v1")
    assert (from_flags.name, from_flags.base_url) == ("b", "http://127.0.0.1:2/v1")
    assert from_flags.usage(1_000_000, 1_000_000).cost == Decimal("2.5")
    assert from_flags.deadline == 30.0


def test_a_server_on_this_machine_needs_no_key() -> None:
    made = settings("m", "http://127.0.0.1:1/v1", environment={})

    assert made is not None
    assert made.key


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OPENAI_API_KEY": "k", "GOUJI_PRICE_IN": "cheap"},
        {"OPENAI_API_KEY": "k", "GOUJI_PRICE_IN": "-1"},
        {"OPENAI_API_KEY": "k", "GOUJI_DEADLINE": "nan"},
        {"OPENAI_API_KEY": "k", "GOUJI_CALL_TIMEOUT": "0"},
    ],
)
def test_settings_that_make_no_sense_are_told(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        settings("m", environment=environment)


def test_the_door_imports_no_client_before_it_is_used() -> None:
    heavy = "{'openai', 'instructor', 'jinja2'}"
    code = f"import sys, agent.model, agent.extraction; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
