"""The tab key in bash, as docs/completion.md says: a real shell at a terminal, keys pressed."""

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
(INSTALL,) = re.findall(r"```sh\n(eval .*?)\n```", PAGE)
(EXAMPLES,) = re.findall(r"```text\n(.*?)\n```", PAGE, re.DOTALL)
PRESSED = [re.split(r"<TAB>\s+", line) for line in EXAMPLES.splitlines()]


@pytest.fixture
def shell(tmp_path):
    """A function that types and gives what the terminal then shows, until it shows all that is wanted."""
    if not shutil.which("bash"):
        pytest.skip("there is no bash here")
    command = tmp_path / "zobench"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m zobench "$@"\n')
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    ours, theirs = pty.openpty()
    start = ["bash", "--norc", "--noprofile", "-i"]
    bash = subprocess.Popen(start, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True)

    def typed(text, wanted, seconds=60.0):
        os.write(ours, text.encode())
        shown, end = "", time.monotonic() + seconds
        while time.monotonic() < end and not all(word in shown for word in wanted):
            if select.select([ours], [], [], 0.2)[0]:
                shown += os.read(ours, 4096).decode(errors="replace")
        return shown

    try:
        yield typed
    finally:
        bash.kill()
        bash.wait()
        os.close(ours)
        os.close(theirs)


@pytest.mark.slow
def test_the_tab_key_completes_what_the_page_says(shell):
    shell("bind 'set show-all-if-ambiguous on'; bind 'set bell-style none'\n", ["none'"])
    assert "ready 0" in shell(f'{INSTALL}; echo "ready $?"\n', ["ready 0"])
    for written, choices in PRESSED:
        wanted = choices.split()
        shown = shell(f"\x15{written}\t", wanted)
        assert all(word in shown for word in wanted), (written, shown)


def test_the_page_has_keys_and_choices():
    assert len(PRESSED) >= 4 and all(len(line) == 2 for line in PRESSED)
