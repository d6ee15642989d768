"""The tab key, as docs/completion.md says: real shells at a terminal, keys pressed; of fish what it would offer."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "completion.md").read_text()
INSTALL = dict(re.findall(r"```(bash|zsh|fish)\n(.*?)\n```", PAGE))
(EXAMPLES,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
PRESSED = [re.split(r"<TAB>\s+", line) for line in EXAMPLES.splitlines()]
START = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-i"]}
BEFORE = {"bash": "bind 'set show-all-if-ambiguous on'; ", "zsh": ""}  # else bash wants the key twice


@pytest.fixture
def environment(tmp_path):
    """That of a user who has the command; of the shells' own files none is read."""
    command = tmp_path / "zobench"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zobench "$@"\n')
    command.chmod(0o755)
    (tmp_path / ".zshrc").touch()  # else zsh takes one for a new user, and asks
    own = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    return {**os.environ, **own, "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path)}


@pytest.fixture
def typed(environment):
    """A function that types into a shell and gives what its terminal then shows, until it shows all that is wanted."""
    ours, theirs = pty.openpty()
    running = []

    def type_(shell, text, wanted, seconds=60.0):
        if not running:
            command = [shell, *START[shell]]
            started = subprocess.Popen(
                command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
            )
            running.append(started)
        os.write(ours, text.encode())
        shown, end = "", time.monotonic() + seconds
        while time.monotonic() < end and not all(word in shown for word in wanted):
            if select.select([ours], [], [], 0.2)[0]:
                shown += os.read(ours, 4096).decode(errors="replace")
        return shown

    yield type_
    for shell in running:
        shell.kill()
        shell.wait()
    os.close(ours)
    os.close(theirs)


def require(shell):
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} here")


@pytest.mark.slow
@pytest.mark.parametrize("shell", START)
def test_the_tab_key_completes_what_the_page_says(shell, typed):
    require(shell)
    assert "ready 0" in typed(shell, f'{BEFORE[shell]}{INSTALL[shell]}; echo "ready $?"\n', ["ready 0"])
    for written, choices in PRESSED:
        wanted = choices.split()
        shown = typed(shell, f"\x15{written}\t", wanted)
        assert all(word in shown for word in wanted), (written, shown)


@pytest.mark.slow
def test_fish_offers_what_the_page_says(environment):
    require("fish")
    for written, choices in PRESSED:
        ask = f'{INSTALL["fish"]}; complete -C "{written}"'
        ended = subprocess.run(["fish", "--no-config", "-c", ask], env=environment, capture_output=True, text=True)
        assert ended.stdout.split() == choices.split(), ended.stderr


def test_the_page_has_keys_and_choices():
    assert len(PRESSED) >= 4 and all(len(line) == 2 for line in PRESSED) and len(INSTALL) == 3
