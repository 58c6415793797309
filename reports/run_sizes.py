"""Sizes and ages as people read them."""


def size_words(size: float) -> str:
    """Returns a number of bytes as `12 kB` or `3.4 MB`."""
    for factor, unit in ((1e9, "GB"), (1e6, "MB")):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1e3:.{0 if size >= 1e4 or not size else 1}f} kB"


def age_words(seconds: float) -> str:
    """Returns how long ago something was: `12 s`, `3 h`, `5 d`."""
    for factor, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= factor:
            return f"{int(seconds // factor)} {unit}"
    return f"{max(int(seconds), 0)} s"
