"""What several tests share: outcomes as a pipeline would make them, and the reports beside the checkout."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from agent.document import Document, load
from agent.outcome import (
    Accepted,
    Figure,
    Finding,
    Grade,
    NeedsReview,
    NotThisForm,
    Reading,
    Reason,
    Usage,
    Words,
)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As a shell leaves it to what runs in the background, and as what is started here would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).parent.parent.parent / "shared"

TEXT = "青岚县水务局\n2023 年政府信息公开工作年度报告\n一、本年新收\t21\t0\t21\n四、结转\t20\t0\t20\n收费\t7730.28\n"


@pytest.fixture
def reports() -> Path:
    """The folder of real reports beside the checkout; they are read there and never copied."""
    folder = SHARED / "reports"
    if not folder.is_dir():
        pytest.skip("no folder of real reports beside the checkout (../shared/reports)")
    return folder


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """Where a batch keeps what it reads."""
    return tmp_path / "gouji.db"


@pytest.fixture
def document() -> Document:
    return load(TEXT, name="青岚.txt")


@pytest.fixture
def accepted(document: Document) -> Accepted:
    reading = Reading(
        figures={
            "table3.received.natural_person": Figure(21, "21", 3, "offline", 1),
            "table3.received.other_organization": Figure(0, "0", 3, "offline", 2),
            "table3.received.total": Figure(21, "21", 3, "offline", 3),
            "table3.carried_in.total": Figure(None, "-", 4, "offline"),
            "table2.fees.amount_10k_yuan": Figure(Decimal("7730.28"), "7730.28", 5, "model", 1),
        },
        words={
            "organization": Words("青岚县水务局", "青岚县水务局", 1, "offline"),
            "period_start": Words(date(2023, 1, 1), "2023 年", 2, "offline"),
            "published": Words([{"channel": None, "count": 3, "$odd": ("a",)}], "…", None, "model"),
        },
        variants={"table2": "2021", "table3": "2021", "table4": None},
    )
    return Accepted(
        form="ogi-annual-report",
        edition="2021",
        reading=reading,
        record={
            "form": "ogi-annual-report",
            "organization": "青岚县水务局",
            "period_start": "2023-01-01",
            "table2": {"fees": {"amount_10k_yuan": Decimal("7730.28")}},
            "table3": {"received": {"natural_person": 21, "other_organization": 0, "total": 21}},
        },
        findings=(Finding("agreement", "prose says 20", ("table3.received.total",), 20, 21, -1, (2, 3), warning=True),),
        grades={
            "table3.received.natural_person": Grade.PROVED,
            "table3.received.other_organization": Grade.PROVED,
            "table3.received.total": Grade.PROVED,
            "table3.carried_in.total": Grade.UNREAD,
            "table2.fees.amount_10k_yuan": Grade.READ,
        },
        unread=("problems",),
        reader="model",
        usage=Usage(2, 1200, 340, Decimal("0.00123")),
        document=document.source,
        attempts=1,
        holding=("six kinds = total: received",),
    )


@pytest.fixture
def review(accepted: Accepted) -> NeedsReview:
    cells = (
        "table3.received.natural_person",
        "table3.carried_in.natural_person",
        "table3.processed_total.natural_person",
        "table3.carried_out.natural_person",
    )
    figures = {path: Figure(value, str(value), 3, "offline") for path, value in zip(cells, (21, 0, 20, 0), strict=True)}
    return NeedsReview(
        form=accepted.form,
        edition=accepted.edition,
        reading=replace(accepted.reading, figures=figures),
        record={"form": accepted.form, "table3": {"received": {"natural_person": None}}},
        findings=(
            Finding("sum", "21 + 0 is not 20 + 0", cells, 21, 20, 1, (3, 4), reason=Reason.SOURCE_DOES_NOT_ADD_UP),
        ),
        grades=dict.fromkeys(cells, Grade.CONTRADICTED),
        unread=("problems",),
        reader="offline",
        usage=Usage(),
        document=accepted.document,
        reasons=(Reason.SOURCE_DOES_NOT_ADD_UP,),
    )


@pytest.fixture
def refused(document: Document) -> NotThisForm:
    return NotThisForm("ogi-annual-report", "no heading of the form", document.source)
