"""Import hooks that rewrite what they load: their modules are measured, and have not changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = {
    "typeguard": "import typeguard; typeguard.install_import_hook('pkg')",
    "beartype": "from beartype.claw import beartype_package; beartype_package('pkg')",
    "pytest": "",  # it rewrites the tests that it loads
}
WORK = """
class Box:
    def get(self, n: int) -> int:
        assert (
            n
            > 0
        ), "positive"
        return n
"""
PROGRAM = """
import sys
import profcov.recording  # from now on a file that is written may be another than the one that runs
with open("pkg/work.py", "w") as file:
    file.write(sys.argv[1])
import profcov
from pkg.work import Box
with profcov.trace("p"):
    assert Box().get(3) == 3
assert type(sys.modules["pkg.work"].__loader__).__name__ != "SourceFileLoader"
"""
PYTEST = """
import sys
import profcov.recording
with open("test_work.py", "w") as file:
    file.write("import profcov\\n" + sys.argv[1] + "\\ndef test_it():\\n    with profcov.trace('p'):\\n        assert Box().get(3) == 3\\n")
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "test_work.py"]))
"""


@pytest.mark.parametrize("engine", ["monitoring", "ctrace"])
@pytest.mark.parametrize("hook", HOOKS)
def test_a_rewritten_module_is_measured_and_has_not_changed(tmp_path: Path, hook: str, engine: str) -> None:
    if find_spec(hook) is None:
        pytest.skip(f"{hook} is not installed: nox -s beside")
    if engine == "monitoring" and sys.version_info < (3, 12):
        pytest.skip("needs Python 3.12")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").touch()
    (tmp_path / "cov.ini").write_text("[run]\nsource = .\nomit = nothing\nrelative_files = true\n")
    program = PYTEST if hook == "pytest" else HOOKS[hook] + PROGRAM
    words = [sys.executable, "-c", program, WORK]
    environ = {
        **os.environ,
        "ENABLE_PROFILE_COVERAGE": "1",
        "PROFILE_COVERAGE_CONFIG": "cov.ini",
        "PROFILE_COVERAGE_ENGINE": engine,
    }
    subprocess.run(words, check=True, cwd=tmp_path, env=environ)
    combined = [sys.executable, "-m", "profcov", "combine", "p", "--config", "cov.ini"]
    subprocess.run(combined, check=True, cwd=tmp_path)
    facts = json.loads((tmp_path / ".profcov" / "p.profile.json").read_text())
    name = "test_work.py" if hook == "pytest" else "pkg/work.py"
    assert (facts["status"], facts["reasons"], list(facts["sources"])) == ("complete", [], [name])
