"""The pages of the desk and what they do, as one small web application."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from agent import decisions
from agent.desk import views
from agent.desk.desk import Desk
from agent.desk.guard import Guard, Key
from agent.desk.queue import Chosen
from agent.desk.texts import local, text
from agent.errors import GoujiError, UsageError
from agent.language import Language
from agent.review import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

_HERE = Path(__file__).parent
_LARGEST_FORM = 64 * 1024
_LANGUAGE = "gouji_lang"
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def application(desk: Desk, key: Key) -> ASGIApp:
    """The desk as a web application behind its guard."""
    pages = _Pages(desk, key)
    routes = [
        Route("/", pages.start),
        Route("/queue", pages.queue),
        Route("/report/{run:int}", pages.report),
        Route("/report/{run:int}/page/{page:int}.png", pages.picture),
        Route("/report/{run:int}/places", pages.places),
        Route("/report/{run:int}/{what}", pages.decide, methods=["POST"]),
        Route("/audit", pages.audit),
        Route("/language/{language}", pages.language),
        Mount("/static", StaticFiles(directory=_HERE / "static")),
    ]
    return Guard(Starlette(routes=routes, exception_handlers={GoujiError: pages.failed}), key, "/queue")


class _Pages:
    def __init__(self, desk: Desk, key: Key) -> None:
        self.desk = desk
        self.key = key
        # Everything from a document is escaped; a forgotten value is an error.
        self.templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_visible,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        for name in self.templates.list_templates():
            self.templates.get_template(name)  # compiled before the first page is asked for

    def start(self, request: Request) -> Response:
        """The way to the list."""
        return RedirectResponse("/queue", 303)

    def language(self, request: Request) -> Response:
        """The same page in the other language."""
        answer = RedirectResponse(_back(request), 303)
        wish = "en" if request.path_params["language"] == "en" else "zh"
        answer.set_cookie(_LANGUAGE, wish, samesite="strict", path="/")
        return answer

    def queue(self, request: Request) -> Response:
        """The list of what waits, or was decided."""
        chosen = Chosen.of(request.query_params)
        content = views.queue(self.desk, chosen, _done(request), self._language(request))
        return self._page(request, "queue.html.jinja", content)

    def audit(self, request: Request) -> Response:
        """What does not fit across the years."""
        return self._page(request, "audit.html.jinja", views.audit(self.desk, self._language(request)))

    def report(self, request: Request) -> Response:
        """One report."""
        return self._report(request)

    def places(self, request: Request) -> Response:
        """Where the source prints each row; asked for once a report is shown, as it takes a moment to find."""
        return JSONResponse(views.places(self.desk, request.path_params["run"]))

    def picture(self, request: Request) -> Response:
        """A page of the source."""
        review = self.desk.review(request.path_params["run"])
        drawn = self.desk.drawn(review, request.path_params["page"])
        if drawn is None:
            return Response(status_code=404)
        return Response(drawn, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})

    async def decide(self, request: Request) -> Response:
        """One decision, then the page it leads to."""
        form = await _form(request)
        if form is None or not self.key.signs(form.get("csrf", "")):
            return HTMLResponse("403", 403)
        steps: dict[str, Callable[[int, dict[str, str], Chosen], Awaitable[str]]] = {
            "correct": self._correct,
            "accept": self._accept,
            "publish": self._publish,
            "reject": self._reject,
            "retry": self._retry,
            "undo": self._undo,
        }
        step = steps.get(request.path_params["what"])
        if step is None:
            return HTMLResponse("404", 404)
        run = request.path_params["run"]
        try:
            there = await step(run, form, Chosen.of(request.query_params))
        except decisions.TakenError:
            return await run_in_threadpool(self._report, request, 409, "taken")
        except GoujiError as error:
            why = error.told(self._language(request)) if isinstance(error, RefusedError) else str(error)
            return await run_in_threadpool(self._report, request, 400, "failed", why)
        return RedirectResponse(there, 303)

    async def _correct(self, run: int, form: dict[str, str], chosen: Chosen) -> str:
        typed = {name.removeprefix("figure:"): value for name, value in form.items() if name.startswith("figure:")}
        review = self._as_seen(run, form)
        await run_in_threadpool(self.desk.correct, review, typed, form.get("note", ""))
        return f"/report/{run}{chosen.query()}"

    async def _accept(self, run: int, form: dict[str, str], chosen: Chosen) -> str:
        return await self._settle(run, form, chosen, as_published=False)

    async def _publish(self, run: int, form: dict[str, str], chosen: Chosen) -> str:
        return await self._settle(run, form, chosen, as_published=True)

    async def _settle(self, run: int, form: dict[str, str], chosen: Chosen, *, as_published: bool) -> str:
        review = self._as_seen(run, form)
        there = await run_in_threadpool(views.onward, self.desk, run, chosen)
        note = form.get("note", "")
        made = await run_in_threadpool(lambda: self.desk.accept(review, as_published=as_published, note=note))
        return _with_done(there, made)

    async def _reject(self, run: int, form: dict[str, str], chosen: Chosen) -> str:
        review = self._as_seen(run, form)
        there = await run_in_threadpool(views.onward, self.desk, run, chosen)
        made = await run_in_threadpool(decisions.reject, self.desk.store, review, self.desk.by, form.get("note", ""))
        return _with_done(there, made)

    async def _retry(self, run: int, form: dict[str, str], chosen: Chosen) -> str:
        again = await self.desk.ask_again(self._as_seen(run, form), form.get("note", ""))
        return await run_in_threadpool(views.after_retry, self.desk, again, chosen)

    async def _undo(self, run: int, form: dict[str, str], chosen: Chosen) -> str:
        review = self._as_seen(run, form)
        await run_in_threadpool(decisions.undo, self.desk.store, review, self.desk.by, form.get("note", ""))
        return f"/report/{run}{chosen.query()}"

    def _as_seen(self, run: int, form: dict[str, str]) -> Any:
        review = self.desk.review(run)
        if form.get("version") != str(review.version):
            raise decisions.TakenError(f"report {run} changed in the meantime")
        return review

    def _report(self, request: Request, status: int = 200, notice: str = "", why: str = "") -> Response:
        chosen = Chosen.of(request.query_params)
        shown = views.report(self.desk, request.path_params["run"], chosen, self._language(request))
        told = views.notice(self.desk, request.path_params["run"], notice, why, self._language(request))
        content = shown | {"done": views.done(self.desk, _done(request)), "notice": told}
        return self._page(request, "report.html.jinja", content, status)

    async def failed(self, request: Request, error: Exception) -> Response:
        """What went wrong, in words."""
        status = 404 if isinstance(error, UsageError) else 500
        return self._page(request, "failed.html.jinja", {"why": str(error), "done": None}, status)

    def _page(self, request: Request, template: str, content: dict[str, Any], status: int = 200) -> Response:
        language = self._language(request)

        def say(name: str, /, **values: object) -> str:
            return text(language, name, **values)

        html = self.templates.get_template(template).render(
            content
            | {
                "say": say,
                "local": local,
                "language": language,
                "csrf": self.key.csrf,
                "by": self.desk.by.removeprefix("reviewer "),
                "database": self.desk.path.name,
                "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            }
        )
        return HTMLResponse(html, status)

    def _language(self, request: Request) -> Language:
        wish = request.cookies.get(_LANGUAGE)
        return "zh" if wish == "zh" else "en" if wish == "en" else self.desk.language


def _visible(value: object) -> object:
    """A value without what turns text around or steers a terminal it is copied to."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return _UNSEEN.sub("\ufffd", value)


def _back(request: Request) -> str:
    """The page to go back to; nowhere but here."""
    back = request.query_params.get("back", "/queue")
    return back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/queue"


def _done(request: Request) -> int | None:
    done = request.query_params.get("done", "")
    return int(done) if done.isascii() and done.isdigit() and len(done) < 10 else None


def _with_done(address: str, decision: int) -> str:
    return f"{address}{'&' if '?' in address else '?'}done={decision}"


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form; None where it is none, or far too large."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/x-www-form-urlencoded":
        return None
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > _LARGEST_FORM:
            return None
    try:
        return dict(parse_qsl(data.decode("utf-8"), keep_blank_values=True, max_num_fields=1000))
    except ValueError:
        return None
