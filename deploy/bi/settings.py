"""How Superset and the warehouse behind it are reached."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class BiSettings(BaseSettings):
    """Read from the environment; the local stack sets all of them for itself."""

    bi_url: str = Field(default="http://127.0.0.1:8088", pattern=r"^https?://[^/\s]+$")
    bi_warehouse_url: str = Field(
        default="http://reader:@127.0.0.1:8123",
        pattern=r"^https?://[^:/\s]+:[^@/\s]*@[^/\s]+$",
        description="The warehouse, with a user that only reads; Superset asks as that user.",
    )
    bi_metadata_url: str = Field(
        default="sqlite:///.ecomarket/bi/superset.db",
        description="SQLAlchemy's URL of the database that Superset keeps its own things in.",
    )
    bi_secret_key: SecretStr = SecretStr("")
    bi_admin_password: SecretStr = SecretStr("")
    bi_analyst_password: SecretStr = SecretStr("")
    bi_executive_password: SecretStr = SecretStr("")
