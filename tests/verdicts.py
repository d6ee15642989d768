"""Reading verdicts, and the names of what is built in: for the tests of the checks."""

from pathlib import Path


def failures(verdicts):
    return {verdict.property for verdict in verdicts if verdict.verdict == "fails"}


def of(verdicts, name):
    return next(verdict for verdict in verdicts if verdict.property == name)


def built_in(group):
    return sorted(path.stem for path in (Path(__file__).parent.parent / "conf" / group).glob("*.yaml"))
