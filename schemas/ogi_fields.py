"""The prose fields of an annual report: what is asked of a model, and the words that a passage about each holds."""

from __future__ import annotations

from schemas.form import Field

FIELDS = (
    Field("organization", "text", "the organ that publishes this report, its full name as printed", label="机关"),
    Field("year", "year", "the year the report is for", label="年度"),
    Field(
        "period_start",
        "date",
        "first day of the period the figures cover, only if the text states it",
        label="统计期始",
    ),
    Field(
        "period_end",
        "date",
        "last day of the period the figures cover, only if the text states it",
        label="统计期止",
    ),
    Field(
        "contact",
        "structure",
        "address, postcode, phone, email, website to ask, each only as printed",
        label="联系方式",
        parts=(
            ("address", "地址"),
            ("postcode", "邮编"),
            ("phone", "电话"),
            ("email", "电子邮箱"),
            ("website", "网址"),
        ),
        says=("地址", "电话", "邮编", "邮政编码", "邮箱", "网址", "联系"),
    ),
    Field(
        "published",
        "structure",
        "how many pieces of government information the organ itself published this year, one entry for each channel "
        "(channel null if none is named; approximate if the text says 余, 多, 约); parts if the text lists them",
        ("overview",),
        label="主动公开",
        parts=(
            ("channel", "渠道"),
            ("count", "条数"),
            ("approximate", "约数"),
            ("parts", "其中"),
            ("name", "名目"),
        ),
        says=("公开", "发布", "公布", "刊", "转载", "推送", "上传", "更新", "信息"),
        unless=("收到", "受理", "公开申请", "申请公开"),
    ),
    Field(
        "requests_received",
        "count",
        "applications for information received this year, as the prose says (0 if it says none)",
        ("overview",),
        label="收到申请",
        says=("申请",),
    ),
    Field(
        "information_fee_charged",
        "flag",
        "was an information-processing fee (信息处理费) charged? null if the text is silent",
        ("other", "overview"),
        label="收取信息处理费",
        says=("处理费", "费用", "收费", "收取"),
    ),
    Field("problems", "texts", "each problem named, verbatim", ("problems",), label="存在的问题"),
    Field("improvements", "texts", "each improvement named or planned, verbatim", ("problems",), label="改进情况"),
)
