"""Letters as files of a Maildir, where no mail server is set."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from storefront_api.notifications.delivery import HandOver, Letter


class MaildirCarrier:
    """Writes each letter to one file of a Maildir, however often it is delivered.

    Parameters
    ----------
    folder
        The Maildir; made when the first letter comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, letter: Letter, hand_over: HandOver) -> None:
        """Write a letter, unless it is there already, read or not."""
        await hand_over()
        await asyncio.to_thread(self._write, letter)

    def _write(self, letter: Letter) -> None:
        for part in ("tmp", "new", "cur"):
            (self._folder / part).mkdir(parents=True, exist_ok=True)
        # A mail reader moves it to cur/ and adds flags behind a colon.
        if any((self._folder / "cur").glob(f"{letter.name}*")):
            return
        written = self._folder / "tmp" / letter.name
        with written.open("wb") as file:
            file.write(letter.content)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._folder / "new" / letter.name)

    async def close(self) -> None:
        """Do nothing: nothing is held open."""
