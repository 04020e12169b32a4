"""Questions on their way through a provider's batch endpoint: waiting, posted in a file, answered."""

from __future__ import annotations

import json
import math
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.batch_calls import Wanted
from agent.ledger import Job, Ledger
from agent.model import Call, asked_tokens

MOST_TRIES = 5
"""So often a question is posted that comes back unanswered; then its document failed."""

_HERE = "not answered and base_url is ?"


@dataclass(frozen=True)
class FileLimits:
    """What a provider takes in one file of questions."""

    requests: int = 50_000
    size: int = 190_000_000


@dataclass(frozen=True)
class Letter:
    """A question in the outbox."""

    id: int
    run: int
    wanted: Wanted

    def line(self, endpoint: str) -> bytes:
        """Its line in a file of questions."""
        told = {"custom_id": str(self.id), "method": "POST", "url": endpoint, "body": self.wanted.request}
        return json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


@dataclass(frozen=True)
class Posted:
    """A file of questions: ``token`` is ours, ``remote`` the provider's name for its batch, once known."""

    id: int
    token: str
    remote: str | None


class Outbox:
    """The questions to the provider at one address, in a ledger."""

    def __init__(self, ledger: Ledger, base_url: str | None) -> None:
        self.ledger = ledger
        self.store = ledger.store
        self._at = base_url

    def put(self, job: Job, run_id: int, wanted: Sequence[Wanted]) -> bool:
        """Put a document's questions in, and let it wait for them; not where one came back too often."""
        with self.store.transaction() as db:
            for one in wanted:
                db.execute(
                    "insert into asked (key, run, question, request_sha256, request, tokens, model, base_url)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (key, request_sha256) do update"
                    " set run = excluded.run, request = excluded.request, posted = null, answered = 0,"
                    " tries = tries + 1",
                    (
                        *(job.key, run_id, one.question, one.sha256, json.dumps(one.request)),
                        *(asked_tokens(one.request), one.request["model"], self._at),
                    ),
                )
            most = db.execute("select max(tries) from asked where key = ? and not answered", (job.key,)).fetchone()[0]
            if most > MOST_TRIES:
                db.execute("delete from asked where key = ?", (job.key,))
                return False
            db.execute(
                "update jobs set status = 'asked' where key = ? and status = 'leased' and batch = ?",
                (job.key, self.ledger.batch),
            )
        return True

    def pack(self, limits: FileLimits, endpoint: str, covers: Callable[[int, int], bool]) -> Posted | None:
        """Take as many waiting questions as fit into one file and the budget; None where none waits, or none fits.

        ``covers`` is asked with the number and the tokens of all that would then be at the provider.
        """
        with self.store.transaction() as db:
            ids = self._fitting(db, limits, endpoint, covers)
            if not ids:
                return None
            row = db.execute(
                "insert into posted (token, batch, changed) values (?, ?, ?)",
                (uuid.uuid4().hex, self.ledger.batch, self.store.now()),
            )
            packed = (row.lastrowid, json.dumps(ids))
            db.execute("update asked set posted = ? where id in (select value from json_each(?))", packed)
        return self._posted("id = ?", row.lastrowid)[0]

    def _fitting(
        self, db: sqlite3.Connection, limits: FileLimits, endpoint: str, covers: Callable[[int, int], bool]
    ) -> list[int]:
        many, tokens = db.execute(
            f"select count(*), coalesce(sum(tokens), 0) from asked where posted is not null and {_HERE}",  # noqa: S608
            (self._at,),
        ).fetchone()
        ids: list[int] = []
        size, model = 0, None
        for letter in _letters(db, f"posted is null and {_HERE}", (self._at,)):
            model = model or letter.wanted.request["model"]
            if letter.wanted.request["model"] != model:
                continue  # a provider takes one model in a file
            size += len(letter.line(endpoint))
            tokens += asked_tokens(letter.wanted.request)
            over = len(ids) >= limits.requests or (ids and size > limits.size)
            if over or not covers(many + len(ids) + 1, tokens):
                break
            ids.append(letter.id)
        return ids

    @property
    def waiting(self) -> int:
        """Questions that are in no file yet."""
        with self.store.transaction() as db:
            row = db.execute(f"select count(*) from asked where posted is null and {_HERE}", (self._at,))  # noqa: S608
            return int(row.fetchone()[0])

    @property
    def an_answer(self) -> int:
        """The tokens that an answer in this store took, on average; 0 before there is one."""
        with self.store.transaction() as db:
            row = db.execute("select coalesce(avg(output_tokens), 0) from calls where output_tokens > 0").fetchone()
            return math.ceil(float(row[0]))

    def letters(self, posted: Posted) -> list[int]:
        """The unanswered questions of a file."""
        with self.store.transaction() as db:
            rows = db.execute("select id from asked where posted = ? and not answered order by id", (posted.id,))
            return [row[0] for row in rows]

    def letter(self, number: int, posted: Posted) -> Letter | None:
        """A question of a file that is not answered yet; one that was posted anew is another file's."""
        with self.store.transaction() as db:
            return next(iter(_letters(db, "id = ? and posted = ?", (number, posted.id))), None)

    def unsent(self) -> list[Posted]:
        """Files of runs that ended between packing one and hearing that it had arrived."""
        with self.store.transaction() as db:
            gone = json.dumps(self.ledger.gone(db))
        return self._posted(
            "state = 'preparing' and (batch = ? or batch in (select value from json_each(?)))"
            " and id in (select posted from asked where base_url is ?)",
            self.ledger.batch,
            gone,
            self._at,
        )

    def sent(self) -> list[Posted]:
        """Files that the provider works on."""
        return self._posted("state = 'sent' and id in (select posted from asked where base_url is ?)", self._at)

    def _posted(self, where: str, *values: Any) -> list[Posted]:
        with self.store.transaction() as db:
            rows = db.execute(f"select id, token, remote from posted where {where} order by id", values)  # noqa: S608
            return [Posted(*row) for row in rows]

    def arrived(self, posted: Posted, remote: str) -> None:
        """The provider has the file, under a name of its own."""
        self._change(posted, "sent", remote)

    def answer(self, answers: Iterable[tuple[Letter, Call]]) -> list[Call]:
        """Journal answers, and let the documents that have all of theirs be read on; gives those that are new."""
        new: list[Call] = []
        with self.store.transaction() as db:
            for letter, call in answers:
                done = db.execute(
                    "update asked set answered = 1, request = '' where id = ? and not answered", (letter.id,)
                )
                if done.rowcount:  # else another run collected it too
                    self.store.journal(letter.run, call)
                    new.append(call)
            _wake(db)
        return new

    def end(self, posted: Posted) -> None:
        """The provider is through with a file: what it left unanswered is posted again."""
        with self.store.transaction() as db:
            db.execute(
                "update asked set posted = null, tries = tries + 1 where posted = ? and not answered", (posted.id,)
            )
            self._change(posted, "ended", posted.remote)
            late = "select key from asked where not answered and tries > ?"
            db.execute(
                f"update jobs set status = 'failed', error = ? where status = 'asked' and key in ({late})",  # noqa: S608
                (f"the provider left a question unanswered {MOST_TRIES} times", MOST_TRIES),
            )
            db.execute(f"delete from asked where key in ({late})", (MOST_TRIES,))  # noqa: S608

    def unpack(self, posted: Posted) -> None:
        """The provider did not take the file: its questions wait as before."""
        with self.store.transaction() as db:
            db.execute("update asked set posted = null where posted = ? and not answered", (posted.id,))
            self._change(posted, "ended", posted.remote)

    def _change(self, posted: Posted, state: str, remote: str | None) -> None:
        with self.store.transaction() as db:
            db.execute(
                "update posted set state = ?, remote = ?, batch = ?, changed = ? where id = ?",
                (state, remote, self.ledger.batch, self.store.now(), posted.id),
            )


def _letters(db: sqlite3.Connection, where: str, values: Sequence[Any]) -> Iterable[Letter]:
    rows = db.execute(
        f"select id, run, question, request from asked where not answered and {where} order by id",  # noqa: S608
        values,
    )
    for number, run, question, request in rows:
        yield Letter(number, run, Wanted(question, json.loads(request)))


def _wake(db: sqlite3.Connection) -> None:
    db.execute(
        "update jobs set status = 'waiting' where status = 'asked'"
        " and not exists (select 1 from asked where asked.key = jobs.key and not answered)"
    )
