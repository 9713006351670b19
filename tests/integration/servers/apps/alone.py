"""What slugs' requests for functions run, one after another, alone: ``alone.py`` reads a plan as JSON from standard input.

The plan maps slugs to numbers of functions; printed are the lines of ``many_functions`` and ``life`` by slug.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import coverage
import life
import many_functions


def main() -> None:
    files = [life.__file__, many_functions.__file__]
    found = {}
    os.environ["COVERAGE_CORE"] = "ctrace"
    for slug, numbers in json.load(sys.stdin).items():
        with tempfile.TemporaryDirectory() as directory:
            tool = coverage.Coverage(data_file=f"{directory}/data", include=files)
            tool.start()
            for number in numbers:
                environ = {"PATH_INFO": f"/f/{number}", "HTTP_X_PROFILE_TRACE": slug}
                list(life.bare_wsgi(environ, lambda status, headers, exc_info=None: bytes))
            tool.stop()
            data = tool.get_data()
            found[slug] = {Path(name).name: sorted(data.lines(name) or ()) for name in data.measured_files()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
