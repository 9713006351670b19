from __future__ import annotations

import pytest

from profcov.playback.client.failure import StepFailedError
from profcov.playback.player.filling import fill_path


def test_a_path_that_became_something_else_is_shown_without_its_user() -> None:
    with pytest.raises(StepFailedError, match=r"became 'ftp://\*\*\*@h/a', which is neither a path nor a URL"):
        fill_path("{url}/a?b=s3cret", {"url": "ftp://ada:s3cret@h"})
