"""The words in which ``gouji doctor`` tells what it found, Chinese and English; light to import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.language import Language

TEXTS: Mapping[str, tuple[str, str]] = {
    "gouji": ("gouji", "gouji"),
    "packages": ("依赖包", "packages"),
    "sqlite": ("SQLite", "SQLite"),
    "database": ("数据库", "database"),
    "journal": ("日志模式", "journal"),
    "disk": ("磁盘", "disk"),
    "model": ("模型", "model"),
    "weights": ("本机模型", "local model"),
    "ask": ("提问", "question"),
    "extra": ("可选 {extra}", "extra {extra}"),
    "libreoffice": ("LibreOffice", "LibreOffice"),
    "is_gouji": ("{gouji}，Python {python}（{place}）", "{gouji}, Python {python} ({place})"),
    "missing": ("{name}：未安装，需要 {wanted}", "{name}: not installed, {wanted} is needed"),
    "outside": ("{name} {version}：需要 {wanted}", "{name} {version}: {wanted} is needed"),
    "reinstall": ("pip install --upgrade gouji", "pip install --upgrade gouji"),
    "for_pdf": ("读有文字层的 PDF", "reads a PDF with text"),
    "for_ocr": ("读扫描件与照片（文字识别）", "reads scans and photographs (OCR engine)"),
    "for_xlsx": ("读写 Excel", "reads and writes Excel"),
    "for_desk": ("复核台", "the review desk"),
    "for_parquet": ("导出 Parquet", "exports Parquet"),
    "for_browse": ("用 Datasette 浏览数据库", "opens the database in Datasette"),
    "for_dask": ("多台机器同时读", "reads on many machines"),
    "for_local": ("在本机运行小模型", "runs a small model on this machine"),
    "present": ("{what}：{found}", "{what}: {found}"),
    "absent": ("{what}：缺 {lacking}", "{what}: without {lacking}"),
    "for_doc": ("读旧版 Word（.doc）", "reads old Word documents (.doc)"),
    "no_soffice": ("{what}：未安装", "{what}: not installed"),
    "get_soffice": (
        "安装 LibreOffice，例如 apt install libreoffice-writer-nogui",
        "install LibreOffice, as by apt install libreoffice-writer-nogui",
    ),
    "no_known_fault": ("{version}，没有与 gouji 有关的已知缺陷", "{version}, no known fault that touches gouji"),
    "newer_sqlite": (
        "换用带 SQLite {version} 或更新版本的 Python（发行版也可能已自行修补）",
        "use a Python with SQLite {version} or newer (a distribution may have mended its own)",
    ),
    "wal_reset": (
        "{version} 有 WAL-reset 缺陷（sqlite.org/wal.html#walresetbug，3.7.0 至 3.51.2）："
        "两个程序在同一刻写入同一数据库，可能丢失已提交的写入。gouji 每个进程只用一个连接写，读的连接不能写；"
        "请勿让两个命令同时写同一个数据库",
        "{version} has the WAL-reset bug (sqlite.org/wal.html#walresetbug, 3.7.0 to 3.51.2): two programs that write "
        "one database in the same moment may lose what was committed. gouji writes by one connection a process, "
        "and its readers cannot write; do not let two commands write one database at once",
    ),
    "aggregate": (
        "{version} 有 CVE-2025-6965（3.50.2 之前）：蓄意构造的 SQL 可破坏内存。gouji 只执行自己的 SQL；"
        "只有 gouji browse 执行持其密钥者键入的 SQL",
        "{version} has CVE-2025-6965 (before 3.50.2): SQL made for it corrupts memory. gouji runs its own SQL alone; "
        "only gouji browse runs what the holder of its key types",
    ),
    "no_database": ("{path}：尚未建立，第一次阅读时建立", "{path}: not there yet, the first report read makes it"),
    "is_database": (
        "{path}：可打开，结构 {steps}/{known}，{size}，文件 {documents} 份，记录 {records} 条，{whole}",
        "{path}: opens, schema step {steps} of {known}, {size}, documents: {documents}, records: {records}, {whole}",
    ),
    "whole": ("逐页查过，未见损坏", "looked through, no damage"),
    "too_large": ("太大，未逐页查看", "too large to look through here"),
    "damaged": ("{path}：已损坏：{what}", "{path}: damaged: {what}"),
    "recover": (
        "文件原样未动；取出还能读的：gouji recover {path} 新文件；或用 --db 换一个文件",
        "it was left as it is; take out what can be read with gouji recover {path} NEW, or name another file with --db",
    ),
    "newer_database": (
        "{path}：由更新版本的 gouji 建立（有未知的结构：{steps}）",
        "{path}: made by a newer gouji (steps unknown here: {steps})",
    ),
    "update": ("升级 gouji", "update gouji"),
    "read_only": ("{path}：不能写入", "{path}: may not be written"),
    "permit": (
        "修改它及其文件夹的权限，或用 --db 换一个文件",
        "change its permissions and its folder's, or name another file with --db",
    ),
    "wal_works": (
        "WAL 可用（在 {folder} 中试过）",
        "WAL works (tried in {folder})",
    ),
    "wal_fails": ("WAL 在 {folder} 中不可用：{what}", "WAL does not work in {folder}: {what}"),
    "network": (
        "{folder} 在网络文件系统（{kind}）上，WAL 在那里不可靠（sqlite.org/wal.html）",
        "{folder} is on a network file system ({kind}), where WAL cannot be relied on (sqlite.org/wal.html)",
    ),
    "local_disk": ("把数据库放在本机磁盘上：--db", "keep the database on a disk of this machine: --db"),
    "free": ("{what} {folder}：剩余 {free}", "{what} {folder}: {free} free"),
    "of_database": ("数据库所在", "the database's"),
    "of_temp": ("临时文件夹", "temporary files"),
    "of_cache": ("缓存", "the cache"),
    "make_room": (
        "清出空间；临时文件夹由 TMPDIR、缓存由 XDG_CACHE_HOME 另指他处",
        "make room; TMPDIR moves the temporary files, XDG_CACHE_HOME the cache",
    ),
    "no_model": ("未配置，由离线读法阅读", "none is set, the offline reader reads"),
    "set_model": ("--model 或 GOUJI_MODEL", "--model or GOUJI_MODEL"),
    "is_model": (
        "{name}，地址 {address}，密钥：{key}，单价：{price}",
        "{name} at {address}, key set: {key}, prices known: {price}",
    ),
    "with_login": ("{address}（带登录，不显示）", "{address} (with a login, not shown)"),
    "this_machine": ("本机", "this machine"),
    "not_here": ("{path}：未下载", "{path}: not here"),
    "part_here": ("{path}：已下载 {have}，共 {size}", "{path}: {have} of {size} here"),
    "here": ("{path}：{size}", "{path}: {size}"),
    "fetch": ("gouji model fetch", "gouji model fetch"),
    "answered": (
        "{seconds:.1f} 秒内答复，输入 {input} 词元，输出 {output} 词元",
        "answered in {seconds:.1f} s, {input} tokens in, {output} out",
    ),
    "no_answer": ("没有可用的答复（{reason}）：{detail}", "no usable answer ({reason}): {detail}"),
    "asked_none": ("没有配置模型，无从提问", "no model is set, nobody to ask"),
    "permanent": ("再试无用：{what}", "trying again will not help: {what}"),
    "for_now": ("暂时失败：{what}", "failed for now: {what}"),
    "set_right": ("改正密钥、模型名称或地址", "set the key, the model's name or the address right"),
    "try_later": ("稍后再试，或查看服务的地址", "try again later, or look at the server's address"),
    "other_model": ("换一个模型", "try another model"),
    "between": ("；", "; "),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "all_well": ("一切正常", "all of it works"),
    "well_but": ("可以使用；请留意标有 ! 的各行", "it works; mind the lines marked !"),
    "broken": ("有问题：{names}", "broken: {names}"),
}


def say(language: Language, text: str, **values: object) -> str:
    """The text called ``text`` in one language."""
    return TEXTS[text][language == "en"].format(**values)
