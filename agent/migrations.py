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


_DECISIONS = (
    # What the desk needs to check a correction and to show its place: cells with their boxes, and the file.
    "alter table documents add column cells blob",
    "alter table documents add column pages integer",
    "alter table documents add column path text",
    """
    create table decisions (
        id integer primary key,
        run integer not null references runs (id),
        at text not null,
        decided_by text not null,
        kind text not null
            check (kind in ('correct', 'accept', 'accept_as_published', 'reject', 'retry', 'undo')),
        note text not null default '',
        cells text not null default '{}',
        outcome blob,
        undoes integer references decisions (id),
        replaced text
    )
    """,
    "create index decisions_run on decisions (run)",
    """
    create trigger decisions_are_kept before delete on decisions
    begin select raise(abort, 'decisions are kept; an undo is a decision of its own'); end
    """,
    """
    create trigger decisions_stay_as_made before update on decisions
    begin select raise(abort, 'decisions stay as they were made; an undo is a decision of its own'); end
    """,
    "alter table reviews add column subject text",
    "alter table reviews add column period integer",
    "alter table records add column subject text",
    "alter table records add column period integer",
    """
    alter table records add column standing text not null default 'checked'
        check (standing in ('checked', 'attested', 'as_published'))
    """,
    "alter table records add column violations text not null default '[]'",
    "alter table records add column decision integer references decisions (id)",
    "create index records_subject on records (form, subject, period)",
    """
    create table figures_as_settled (
        record integer not null references records (id) on delete cascade,
        path text not null,
        value text,
        count integer,
        printed text not null,
        line integer,
        grade text not null,
        read_by text not null,
        primary key (record, path),
        check (value is null or grade in ('proved', 'read', 'attested', 'published'))
    ) without rowid
    """,
    "insert into figures_as_settled select * from figures",
    "drop table figures",
    "alter table figures_as_settled rename to figures",
    # The promise again: what rests on a person's word stands only in a record marked so.
    """
    create trigger figures_keep_the_promise before insert on figures
    when new.value is not null and new.grade not in ('proved', 'read')
        and (select standing from records where id = new.record) = 'checked'
    begin select raise(abort, 'a checked record holds only figures read at their own place'); end
    """,
)


@migrations()
def keep_decisions(db: Database) -> None:
    """Decisions of reviewers, never changed; who reports and when; records that rest on a person's word, marked."""
    for statement in _DECISIONS:
        db.execute(statement)


_LEDGER = (
    "alter table calls add column status integer",
    """
    create table batches (
        id integer primary key,
        options text not null,
        host text not null,
        process integer not null,
        beat real not null,
        started text not null,
        finished text,
        why text
    )
    """,
    """
    create table jobs (
        key text primary key,
        path text not null,
        document text,
        form text not null,
        reader text not null,
        model text,
        status text not null
            check (status in ('waiting', 'leased', 'asked', 'accepted', 'review', 'not_this_form', 'failed')),
        batch integer references batches (id),
        attempts integer not null default 0,
        run integer references runs (id),
        error text,
        changed text not null
    ) without rowid
    """,
    "create index jobs_status on jobs (status)",
    "create index jobs_unread on jobs (path) where document is null",
    """
    create table origins (
        document text not null,
        path text not null,
        columns text not null,
        primary key (document, path)
    ) without rowid
    """,
)


@migrations()
def keep_a_ledger(db: Database) -> None:
    """What batches are to read and how far each document is; where documents came from, with the user's own columns."""
    for statement in _LEDGER:
        db.execute(statement)


_OUTBOX = (
    """
    create table posted (
        id integer primary key,
        token text not null unique,
        batch integer not null references batches (id),
        remote text,
        state text not null default 'preparing' check (state in ('preparing', 'sent', 'ended')),
        changed text not null
    )
    """,
    """
    create table asked (
        id integer primary key,
        key text not null references jobs (key),
        run integer not null references runs (id),
        question text not null,
        request_sha256 text not null,
        request text not null,
        tokens integer not null,
        model text not null,
        base_url text,
        posted integer references posted (id),
        answered integer not null default 0,
        tries integer not null default 1,
        unique (key, request_sha256)
    )
    """,
    "create index asked_posted on asked (posted) where not answered",
)


@migrations()
def keep_an_outbox(db: Database) -> None:
    """Questions that wait for a provider's batch endpoint, and the files in which they were posted."""
    for statement in _OUTBOX:
        db.execute(statement)


_VIEWS = (
    """
    create view reports as
    select records.id as record, name as document, form, subject, period, edition, standing,
        json_array_length(violations) as violations, accepted
    from records join documents on sha256 = document
    """,
    """
    create view report_figures as
    select form, subject, period, figures.path, value, count, printed, grade, standing, line, read_by,
        name as document, figures.record
    from figures join records on records.id = figures.record join documents on sha256 = document
    """,
    """
    create view waiting as
    select run as id, name as document, form, subject, period, reasons, opened
    from reviews join documents on sha256 = document where status = 'open'
    """,
    """
    create view history as
    select decisions.id, decisions.run as report, at, decided_by, decisions.kind, note, decisions.cells, undoes,
        name as document, subject, period
    from decisions join reviews on reviews.run = decisions.run join documents on sha256 = document
    """,
)


@migrations()
def name_views(db: Database) -> None:
    """What people look for in the store, under plain names."""
    for statement in _VIEWS:
        db.execute(statement)


@migrations()
def find_origins(db: Database) -> None:
    """A file that holds another text than before is known by its path."""
    db.execute("create index origins_path on origins (path)")
