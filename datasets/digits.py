"""`digits`: scikit-learn's 1,797 handwritten digits, with attributes of number and of shape.

The test part of "Optical Recognition of Handwritten Digits" (Alpaydin & Kaynak, UCI 1998): 8×8
pixels of 0 to 16, which become 0 to 255. scikit-learn brings the file along; nothing is downloaded.

**Attributes.** Each digit is one, and so is each of these groups. A network can learn the first
four only by telling the digits apart, the others also from strokes:

| group             | digits                                            |
|-------------------|---------------------------------------------------|
| even              | 0, 2, 4, 6, 8                                     |
| prime             | 2, 3, 5, 7                                        |
| multiple_of_three | 0, 3, 6, 9                                        |
| above_four        | 5, 6, 7, 8, 9                                     |
| closed_loop       | 0, 6, 8, 9; missing for 4                         |
| straight_strokes  | 1, 4, 7: written without a curve                  |

Some people close the 4 and some leave it open, and the number does not say which: whether it has
a closed loop is a missing label.

**Splits.** 70 % of the images are for training and 15 % each for validation and testing, dealt at
random with equal shares of the digits. The file does not say who wrote a digit, so that the same
people write in all splits.
"""

import hashlib

import numpy as np

from datasets.class_labels import class_labels
from datasets.dataset import MISSING
from datasets.info import DatasetInfo
from datasets.options import DataOptions
from datasets.problems import Problems
from datasets.source import ImageArray, Source
from datasets.splitting import split_rows
from graftwork.errors import InputError

NAME = "digits"
SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
GROUPS = {
    "even": ("zero", "two", "four", "six", "eight"),
    "prime": ("two", "three", "five", "seven"),
    "multiple_of_three": ("zero", "three", "six", "nine"),
    "above_four": ("five", "six", "seven", "eight", "nine"),
    "closed_loop": ("zero", "six", "eight", "nine"),
    "straight_strokes": ("one", "four", "seven"),
}
ATTRIBUTES = (*CLASSES, *GROUPS)
BRIGHTEST = 16
"""The largest value of a pixel in scikit-learn's arrays."""


def open_source(options: DataOptions) -> Source:
    """Reads the digits that come with scikit-learn.

    Args:
        options: `data_seed` is the seed of the splits.

    Returns:
        The source; the rows are in scikit-learn's order.

    Raises:
        InputError: If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # Here, since it takes a second to import.
    except ImportError as error:
        raise InputError(
            f"dataset {NAME!r} needs scikit-learn, which cannot be imported: {error}. "
            "Install it: pip install scikit-learn"
        ) from None
    digits = load_digits()
    images = np.round(digits.images * (255 / BRIGHTEST)).astype(np.uint8)[..., np.newaxis]
    labels = class_labels(digits.target, CLASSES, GROUPS)
    labels[digits.target == 4, ATTRIBUTES.index("closed_loop")] = MISSING
    return Source(
        name=NAME,
        images=ImageArray(
            images, "sklearn.datasets.load_digits", hashlib.sha256(images).hexdigest()
        ),
        labels=labels,
        attributes=ATTRIBUTES,
        splits=split_rows(labels, SHARES, options.data_seed),
        problems=Problems(),
        size=(16, 16),
        channels=1,
        note="seeded splits; the same people wrote digits of all splits",
    )


INFO = DatasetInfo(
    name=NAME,
    summary="handwritten digits: which it is, even, prime, closed loop and the like",
    needs="nothing: they come with scikit-learn",
    images="1,797 grey images of 8×8, brought to 16×16",
    attributes=ATTRIBUTES,
    takes=(),
    source=open_source,
)
