"""multipart/form-data: a statement, its parameters, and external tables beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from deploy.local.warehouse import sql
from deploy.local.warehouse.errors import BAD_ARGUMENTS, WarehouseError
from deploy.local.warehouse.request import Request

MAX_BYTES = 1 << 30
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.I)
_FIELD = re.compile(rb'\bname="((?:[^"\\]|\\.)*)"', re.I)
_FILE = re.compile(rb'\bfilename="', re.I)


@dataclass(frozen=True)
class Form:
    """A form's plain fields and its files."""

    fields: Mapping[str, bytes]
    files: Mapping[str, bytes]


_EXTERNAL = ("structure", "types", "format")


@dataclass(frozen=True)
class ExternalTable:
    """Rows that a client sends with its query, to be read as a temporary table."""

    name: str
    structure: str
    format: str
    rows: bytes

    @property
    def create(self) -> str:
        """The statement that makes it. The structure is the client's SQL."""
        return f"CREATE TEMPORARY TABLE {sql.quote_name(self.name)} ({self.structure})"


def merge(request: Request, form: Form) -> Request:
    """Give the request as if the form's fields had been in its URL.

    Parameters
    ----------
    request
        The request that carries the form.
    form
        Its fields take part as parameters; what describes its files is no setting.
    """
    described = {f"{name}_{what}" for name in form.files for what in _EXTERNAL}
    url = {name: value for name, value in request.url.items() if name not in described}
    fields = {name: value.decode("utf-8", "surrogateescape") for name, value in form.fields.items()}
    return replace(request, url=fields | url)


def is_form(content_type: str) -> bool:
    """Tell whether a body is a form.

    Parameters
    ----------
    content_type
        The header.
    """
    return content_type.lower().startswith("multipart/form-data")


def parse_form(content_type: str, body: bytes) -> Form:
    """Split a form into its parts.

    Parameters
    ----------
    content_type
        Names the boundary.
    body
        The whole body.

    Raises
    ------
    WarehouseError
        For a form without boundary or a part without name.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise WarehouseError(BAD_ARGUMENTS, "Header Content-Type of a form names no boundary")
    boundary = b"--" + found.group(1).encode("latin-1")
    fields: dict[str, bytes] = {}
    files: dict[str, bytes] = {}
    # Every boundary but the first stands on a line of its own, whose line break is not content.
    for part in (b"\r\n" + body).split(b"\r\n" + boundary)[1:]:
        if part.startswith(b"--"):
            break
        head, separator, content = part.partition(b"\r\n\r\n")
        name = _FIELD.search(head)
        if not separator or name is None:
            raise WarehouseError(BAD_ARGUMENTS, "A part of the form has no name")
        target = files if _FILE.search(head) else fields
        target[name.group(1).decode("utf-8", "replace")] = content
    return Form(fields, files)


def external_tables(form: Form, parameters: Mapping[str, str]) -> list[ExternalTable]:
    """Read a form's files as tables.

    Parameters
    ----------
    form
        The form.
    parameters
        URL parameters: for a file t, ``t_structure`` or ``t_types``, and ``t_format``.

    Raises
    ------
    WarehouseError
        For a file without structure.
    """
    tables = []
    for name, rows in form.files.items():
        structure = parameters.get(f"{name}_structure", "")
        types = parameters.get(f"{name}_types", "")
        if not structure and types:
            structure = ", ".join(f"_{i} {kind}" for i, kind in enumerate(_split_types(types), 1))
        if not structure:
            rule = f"give {name}_structure or {name}_types"
            raise WarehouseError(BAD_ARGUMENTS, f"External table {name} has no structure: {rule}")
        stated = parameters.get(f"{name}_format") or "TabSeparated"
        tables.append(ExternalTable(name, structure, stated, rows))
    return tables


def _split_types(types: str) -> list[str]:
    parts: list[str] = [""]
    depth = 0
    for character in types:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]
