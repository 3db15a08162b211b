"""`.env.example` lists what the settings classes read, with their defaults, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

import pipelines.settings
import serving.settings
import storefront_api.settings
from deploy.bi.settings import BiSettings
from deploy.local.settings import LocalSettings, SettingsError, load_settings
from deploy.payments.app import PaymentsSettings

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"
CLASSES: tuple[type[BaseSettings], ...] = (
    LocalSettings,
    PaymentsSettings,
    BiSettings,
    storefront_api.settings.Settings,
    pipelines.settings.Settings,
    serving.settings.Settings,
)


def documented() -> dict[str, str]:
    rows = re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE.read_text("utf-8"), re.MULTILINE)
    assert len(rows) == len({name for name, _ in rows}), "a name occurs twice"
    return dict(rows)


def text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return str(value).lower() if isinstance(value, bool) else str(value)


def defaults() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for kind in CLASSES:
        prefix = kind.model_config.get("env_prefix", "")
        for name, field in kind.model_fields.items():
            found.setdefault(f"{prefix}{name}".upper(), set()).add(text(field.default))
    return found


def test_the_example_names_every_setting_and_no_other() -> None:
    assert documented().keys() == defaults().keys()


def test_the_example_states_the_defaults() -> None:
    stated, real = documented(), defaults()
    assert {name: stated[name] for name in stated if stated[name] not in real[name]} == {}


def test_a_copy_of_the_example_changes_nothing() -> None:
    lines = [line for line in EXAMPLE.read_text("utf-8").splitlines() if line.strip()]
    assert [line for line in lines if not line.startswith("#")] == []


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("ECOMARKET_KAFKA_PORT", "seventy", "a valid integer"),
        ("ECOMARKET_KAFKA_PORT", "0", "greater than or equal to 1"),
        ("ECOMARKET_VALKEY_MEMORY_MB", "1", "greater than or equal to 16"),
        ("ECOMARKET_KAFKA_MIRROR", "ftp://mirror", "should match pattern '^https?://"),
        ("ECOMARKET_PORT_OFFSET", "-1", "greater than or equal to 0"),
        ("ECOMARKET_READY_TIMEOUT_S", "0", "greater than 0"),
        ("ECOMARKET_DATA_DIR", "/tmp/a,b", "must not contain any of ','"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert f"{variable}={value}: " in str(caught.value)
    assert allowed in str(caught.value)
