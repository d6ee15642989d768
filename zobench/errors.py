"""What was asked and cannot be done, in one line; and text of others, made fit to be shown."""

LONGEST = 1200  # characters of a line that is told


class UsageError(ValueError):
    """What was asked cannot be done; the message is one line that says so, what there is and the way out."""


def one_line(error: BaseException) -> str:
    """What an exception says, on one line."""
    return printable(" ".join(str(error).split())) or type(error).__name__


def printable(text: object) -> str:
    r"""Text on one line without what would steer a terminal, a "?" for each such letter; without its middle if endless.

    For whatever is shown and may come from a stranger: a label, a reason, a file's name.

    >>> printable("\x1b]0;x\x07")
    '?]0;x?'
    """
    shown = "".join(letter if letter.isprintable() else "?" for letter in str(text))
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST // 2]} … {shown[-LONGEST // 3 :]}"
