"""What was asked and cannot be done, in one line."""


class UsageError(ValueError):
    """What was asked cannot be done; the message is one line that says so, what there is and the way out."""


def one_line(error: BaseException) -> str:
    """What an exception says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__
