"""The provider over HTTP: `uvicorn deploy.payments.app:create_app --factory`."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.payments import intents, transfers
from deploy.payments.books import Books, Object
from deploy.payments.intents import ApiError, Form
from deploy.payments.webhooks import deliver

Act = Callable[[Form], Object]
_PAGE = """<!doctype html><html lang="en"><title>3-D Secure</title>
<h1>Your bank asks</h1><p>Is it you who pays {amount} {currency}?</p>
<form method="post"><button name="outcome" value="succeeded">It is me</button>
<button name="outcome" value="failed">It is not</button></form></html>"""


class PaymentsSettings(BaseSettings):
    """Where the provider keeps its books, and whom it tells."""

    model_config = SettingsConfigDict(env_prefix="PAYMENT_", env_file=".env", extra="ignore")

    books: Path = Field(default=Path(".ecomarket/payments/books.sqlite"))
    key: SecretStr = Field(default=SecretStr("sk_test_local"), description="The secret key.")
    webhook_url: str = Field(default="http://127.0.0.1:8000/webhooks/stripe")
    webhook_secret: SecretStr = Field(
        default=SecretStr("whsec_local"), description="Key of the webhooks' signature."
    )


def create_app(settings: PaymentsSettings | None = None) -> FastAPI:
    """Build the provider; it opens its books when it starts."""
    settings = settings or PaymentsSettings()
    books = Books(settings.books)
    key = f"Bearer {settings.key.get_secret_value()}"

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        secret = settings.webhook_secret.get_secret_value()
        sending = asyncio.create_task(deliver(books, settings.webhook_url, secret))
        try:
            yield
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending
            books.close()

    app = FastAPI(title="Local payment provider", lifespan=lifespan)

    def admitted(request: Request) -> bool:
        return hmac.compare_digest(request.headers.get("Authorization", "").encode(), key.encode())

    def refuse() -> None:
        raise ApiError(401, "invalid_request_error", "api_key_invalid", "Invalid API Key.")

    @app.exception_handler(ApiError)
    async def refused(_: Request, error: ApiError) -> JSONResponse:
        return JSONResponse(error.body, error.status)

    async def once(request: Request, act: Act) -> Response:
        """Do what is asked, once under one key."""
        raw = (await request.body()).decode()
        form = dict(parse_qsl(raw, keep_blank_values=True))
        name = request.headers.get("Idempotency-Key", "")
        asked = f"{request.url.path}\n{raw}"
        with books.transaction():
            if name and (given := books.answer(name)):
                if given[0] != asked:
                    message = "Keys for idempotent requests can only be used with the same one."
                    raise ApiError(400, "idempotency_error", "idempotency_key_in_use", message)
                return Response(given[2], given[1], media_type="application/json")
            done = act(form)
            status, answer = _outcome(done, _shown(books, done, form))
            if name:
                books.keep(name, asked, status, answer)
        return Response(answer, status, media_type="application/json")

    @app.get("/healthz")
    async def alive() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/payment_intents")
    async def create(request: Request) -> Response:
        if not admitted(request):
            refuse()
        return await once(request, lambda form: intents.create(books, form))

    @app.get("/v1/payment_intents/{id_}")
    async def retrieve(request: Request, id_: str) -> Object:
        intent = intents.find(books, id_)
        asked = dict(request.query_params)
        if not admitted(request) and asked.get("client_secret") != intent["client_secret"]:
            refuse()
        return _shown(books, intent, asked)

    @app.post("/v1/payment_intents/{id_}/confirm")
    async def confirm(request: Request, id_: str) -> Response:
        own_url = str(request.base_url).rstrip("/")

        def act(form: Form) -> Object:
            intent = intents.find(books, id_)
            if not admitted(request) and form.get("client_secret") != intent["client_secret"]:
                refuse()
            return intents.confirm(books, intent, form, own_url)

        return await once(request, act)

    @app.post("/v1/payment_intents/{id_}/capture")
    async def capture(request: Request, id_: str) -> Response:
        if not admitted(request):
            refuse()
        return await once(
            request, lambda form: intents.capture(books, intents.find(books, id_), form)
        )

    @app.post("/v1/payment_intents/{id_}/cancel")
    async def cancel(request: Request, id_: str) -> Response:
        if not admitted(request):
            refuse()
        return await once(request, lambda _: intents.cancel(books, intents.find(books, id_)))

    @app.post("/v1/refunds")
    async def refund(request: Request) -> Response:
        if not admitted(request):
            refuse()
        return await once(request, lambda form: intents.refund(books, form))

    @app.post("/v1/accounts")
    async def open_account(request: Request) -> Response:
        if not admitted(request):
            refuse()
        return await once(request, lambda form: transfers.open_account(books, form))

    @app.post("/v1/transfers")
    async def transfer(request: Request) -> Response:
        if not admitted(request):
            refuse()
        return await once(request, lambda form: transfers.transfer(books, form))

    @app.get("/v1/transfers")
    async def list_transfers(request: Request) -> Object:
        if not admitted(request):
            refuse()
        return transfers.page(books, dict(request.query_params))

    @app.get("/v1/transfers/{id_}")
    async def read_transfer(request: Request, id_: str) -> Object:
        if not admitted(request):
            refuse()
        return transfers.find(books, id_)

    @app.get("/3ds/{id_}")
    async def ask(id_: str) -> HTMLResponse:
        return HTMLResponse(_PAGE.format(**intents.find(books, id_)))

    @app.post("/3ds/{id_}")
    async def authenticate(request: Request, id_: str) -> Response:
        def act(form: Form) -> Object:
            succeeded = form.get("outcome") == "succeeded"
            return intents.authenticate(books, intents.find(books, id_), succeeded)

        return await once(request, act)

    return app


def _shown(books: Books, thing: Object, form: Form) -> Object:
    expanded = [value for name, value in form.items() if name.startswith("expand[")]
    if "latest_charge" in expanded and thing.get("latest_charge"):
        return thing | {"latest_charge": books.find(thing["latest_charge"])}
    return thing


def _outcome(done: Object, shown: Object) -> tuple[int, str]:
    """Return status and body: a payment that failed is kept, and answered as an error."""
    error = done.get("last_payment_error")
    if error:
        return 402, json.dumps({"error": {**error, "payment_intent": shown}})
    return 200, json.dumps(shown)
