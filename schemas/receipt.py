"""The form `receipt`: no fixed layout, tax inside or on top, discounts, rounding, change."""

from __future__ import annotations

import re

from schemas.declare import declare
from schemas.form import Form
from schemas.identity import identity
from schemas.receipt_record import Receipt


def _p(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_TAX = r"(?:gst|sst|tax|vat)"
_RATE = _p(rf"^\W*(?:{_TAX}\W*)?(?:sr|zrl?|[stz])\b\W*(?:\([is]\)|{_TAX}|\W)*\d+(?:\.\d+)?\s*%")
_NO_TOTAL = (
    _p(r"sub[\s-]*t[o0]tal|excl|before\s+tax"),
    _p(rf"t[o0]tal[\s:]*(?:{_TAX}(?!\W*incl)|disc|saving|qty|quantity|item|point|pcs)"),
    _p(rf"{_TAX}\s*t[o0]tal|saving|total\s*qty"),
    _p(rf"t[o0]tal\s+incl\w*\W+\d+(?:\.\d+)?\s*%|{_TAX}\W.*incl\w*\s+in\s+t[o0]tal"),
)

FORM: Form = declare(
    Receipt,
    (
        identity(
            "each items: quantity * unit_price - abs(discount)? = amount",
            name="数量 × 单价 = 金额 / quantity x unit price = amount",
            within="0.01",
            because="a quantity times a price is rounded to a cent",
            only_proves=True,  # a price may be without the tax that the amount holds
        ),
        identity(
            "sum(items.amount) = subtotal",
            "sum(items.amount) - abs(discount) = subtotal",
            "subtotal + tax? + service? - abs(discount)? + rounding? = total",
            name="各项之和 = 小计 / items = subtotal",
        ),
        identity(
            "sum(items.amount) - abs(discount)? + service? + rounding? = total",
            "sum(items.amount) - abs(discount)? + service? + tax + rounding? = total",
            "sum(items.amount) + service? + rounding? = total",
            "sum(items.amount) + service? + tax + rounding? = total",
            "sum(items.amount) - abs(discount)? + service? = total",
            "sum(items.amount) - abs(discount)? + service? + tax = total",
            name="各项之和 = 总计 / items = total",
        ),
        identity(
            "net + tax = total",
            "net + tax + rounding = total",
            "net + tax = subtotal",
            name="不含税 + 税 = 总计 / net + tax = total",
            only_proves=True,  # of several rates each has a net of its own
        ),
        identity(
            "abs(paid) - total = abs(change)",
            "abs(paid) - total - rounding = abs(change)",
            name="实付 - 总计 = 找零 / paid - total = change",
            within="0.02",
            because="change is given in coins of 0.05",
        ),
    ),
    name="receipt",
    title="Receipt",
    titles=(_p(rf"total|cash|amount|jumlah|{_TAX}\b"),),
    labels={
        "subtotal": (_p(r"sub[\s-]*t[o0]ta[l1]"),),
        "discount": (_p(r"\bdisc(?:ount)?\b"), _p(r"\b(?:voucher|coupon|rebate|promo\w*)\b")),
        "net": (_p(r"excl|before\s+tax|taxable|\bnett?\b|\bamount\b|\bamt\b"), _RATE),
        "tax": (_p(rf"\b{_TAX}\b|{_TAX}\b"), _RATE),
        "service": (_p(r"\bserv(?:ice)?\b|\bsvr\b|\bsvc\b"),),
        "rounding": (_p(r"\bround|\brnd\b|\brou\w*\s?d[il1]n"),),
        "total": (_p(r"\bt[o0]ta[l1]\b|\bjumlah\b"), _p(r"\b(?:amount|amt|balance)\s*(?:due|payable)\b|\bto\s+pay\b")),
        "paid": (
            _p(r"\bcash\b|\bpa(?:id|yment)\b|\btender|\bvisa\b|\bmaster\s*card\b|\bdebit\b|\bcredit\b|\breceived\b"),
            _p(r"\bcard\b(?!\s+[a-z]{3})|\bcard\s+(?:type|pay|no)"),
        ),
        "change": (_p(r"\bchange\b|\bbaki\b"),),
        "date": (_p(r"\bdate\b|\btarikh\b"),),
    },
    unless={
        "total": _NO_TOTAL,
        "tax": (_p(rf"{_TAX}\s*(?:invoice|id\b|reg|no\b)"),),
        "service": (_p(rf"customer service|\bserv\w*\W+{_TAX}\b"),),
        "date": (
            _p(r"\bdue\b|\bexp(?:ir\w*)?\b|\bvalid\w*|\buntil\b|\bbefore\b|\bbirth\b|\bdeliver\w*|\breturn\w*"),
            _p(r"\b(?:start|end|promo\w*)\W+date|\beffective\b|\bm(?:fg|fd|anufactur\w*)\b|\bpacked\b|\bsince\b"),
        ),
    },
    if_proved=(
        *("subtotal", "discount", "net", "tax", "service", "rounding", "paid", "change"),
        *("items.quantity", "items.unit_price", "items.discount"),
    ),
    in_lists=("discount",),
    ignored={
        _p(r"\bsaving|\bsaved\b"): "tells what was saved",
        _p(r"\bpoints?\b"): "counts points",
        _p(r"\bt[o0]ta[l1]\W*(?:qty|quantity)\b"): "counts what was bought",
        _p(r"\blit(?:re|er)s?\b"): "is a measure",
    },
)
