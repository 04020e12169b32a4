"""How the tables of the store came to be, step by step. A step that was released is never edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from sqlite_utils import Database

migrations = Migrations("gouji")

_TABLES = (
    """
    create table documents (
        sha256 text primary key,
        name text not null,
        kind text not null,
        encoding text,
        text text not null,
        first_seen text not null
    )
    """,
    """
    create table runs (
        id integer primary key,
        key text not null,
        document text not null references documents (sha256),
        form text,
        reader text not null,
        model text,
        status text not null default 'running'
            check (status in ('running', 'accepted', 'review', 'not_this_form', 'failed')),
        started text not null,
        finished text,
        calls integer not null default 0,
        input_tokens integer not null default 0,
        output_tokens integer not null default 0,
        cost text,
        error text,
        outcome blob
    )
    """,
    "create index runs_key on runs (key)",
    "create index runs_document on runs (document)",
    """
    create table calls (
        id integer primary key,
        run integer not null references runs (id),
        at text not null,
        question text not null,
        model text not null,
        request_sha256 text not null,
        answer text,
        answer_sha256 text,
        input_tokens integer not null default 0,
        output_tokens integer not null default 0,
        cost text,
        seconds real not null,
        attempt integer not null,
        error text
    )
    """,
    "create index calls_run on calls (run)",
    """
    create table records (
        id integer primary key,
        run integer not null references runs (id),
        document text not null references documents (sha256),
        form text not null,
        edition text,
        record text not null,
        accepted text not null,
        unique (document, form)
    )
    """,
    # The promise, held by the database itself: no value without a place in the source behind it.
    """
    create table figures (
        record integer not null references records (id) on delete cascade,
        path text not null,
        value text,
        count integer,
        printed text not null,
        line integer,
        grade text not null,
        read_by text not null,
        primary key (record, path),
        check (value is null or grade in ('proved', 'read'))
    ) without rowid
    """,
    """
    create table findings (
        id integer primary key,
        run integer not null references runs (id),
        rule text not null,
        message text not null,
        cells text not null,
        left_side text,
        right_side text,
        difference text,
        lines text not null,
        reason text,
        warning integer not null
    )
    """,
    "create index findings_run on findings (run)",
    """
    create table reviews (
        run integer primary key references runs (id),
        document text not null references documents (sha256),
        form text not null,
        status text not null default 'open' check (status in ('open', 'decided')),
        reasons text not null,
        reading text not null,
        second text,
        opened text not null,
        decided text,
        decision text
    )
    """,
    "create index reviews_document on reviews (document, form, status)",
)


@migrations()
def lay_the_tables(db: Database) -> None:
    """Documents, runs and their calls; records with their figures; findings; reviews."""
    for statement in _TABLES:
        db.execute(statement)
