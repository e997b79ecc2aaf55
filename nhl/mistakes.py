"""Which errors are the user's, told in one sentence, and which are the program's, told with their traceback."""

import dis
import os

OURS = ("nhl", "app")  # packages


def is_users(error: Exception) -> bool:
    """Whether an error tells of something that the user or their machine can mend.

    So do an `OSError`, a `MemoryError` and a missing package, wherever they arise. A `ValueError` or an
    `ArithmeticError` does only where a `raise` statement of ours made it: these check their input and say the
    rule. The same kinds out of other packages, or out of a call such as `int(text)`, are nobody's sentence.
    """
    if isinstance(error, ModuleNotFoundError):
        return (error.name or "").partition(".")[0] not in OURS
    if isinstance(error, OSError | MemoryError):
        return True
    return isinstance(error, ValueError | ArithmeticError) and _is_raised_here(error)


def told(error: Exception) -> str:
    """What to tell the user: the system's own errors name their file and say whether it is there at all."""
    if not isinstance(error, OSError) or error.filename is None or error.strerror is None:
        return str(error)
    file = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else error.filename
    if isinstance(error, FileNotFoundError):
        return f"{file} does not exist"
    return f"{file} cannot be read or written ({error.strerror})"


def _is_raised_here(error: Exception) -> bool:
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return False
    frame, place = traceback.tb_frame, traceback.tb_lasti
    # A call into C has no frame of its own, so that its errors seem to arise here too: the instruction tells.
    by_raise = dis.opname[frame.f_code.co_code[place]] == "RAISE_VARARGS"
    return by_raise and frame.f_globals.get("__name__", "").partition(".")[0] in OURS
