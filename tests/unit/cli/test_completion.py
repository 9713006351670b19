"""What a shell completes, asked through the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from profcov.cli.main import main
from profcov.slug import Slug
from profcov.store.directory import DataDirectory
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELLS: Final = {
    "bash": """eval "$(cat script)"
while IFS= read -r line; do
    COMPREPLY=(); COMP_WORDS=($line); case "$line" in *" ") COMP_WORDS+=("");; esac
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _profcov_completion profcov < /dev/null; echo "$line:${COMPREPLY[*]}"
done < lines""",
    "zsh": """compdef() { }
_describe() { echo -n "${(P)3%%:*}" }
compadd() { echo -n "${(P)@[-1]}" }
eval "$(cat script)"
while IFS= read -r line; do
    words=(${=line}); [[ $line == *" " ]] && words+=(""); CURRENT=${#words}
    echo -n "$line:"; _profcov_completion < /dev/null; echo
done < lines""",
    "fish": """source script
for line in (cat lines)
    echo "$line:"(complete -C "$line" | string split -f 1 \\t | string join ' ')
end""",
}
WANTED: Final = {
    "profcov compl": ["completion"],
    "profcov combine --allow": ["--allow-partial"],
    "profcov combine sh": ["shelf", "shop"],
    "profcov report shop ": ["shelf"],
    "profcov matrix --data-dir elsewhere ": ["other"],
}


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    for folder, slug in ((".profcov", "shop"), (".profcov", "shelf"), ("elsewhere", "other")):
        write_shard(DataDirectory(tmp_path / folder), Slug(slug), f"profile:{slug}", {"/src/a.py": {1}})
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROFILE_COVERAGE")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "HOME": str(tmp_path)}


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes_commands_options_and_the_slugs_of_the_data_directory(
    shell: str, tmp_path: Path, environment: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"there is no {shell}")
    plain = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    with pytest.raises(SystemExit):
        main(["completion", shell])
    (tmp_path / "script").write_text(capsys.readouterr().out)
    (tmp_path / "lines").write_text("".join(f"{line}\n" for line in WANTED))
    command = [found, *plain, "-c", SHELLS[shell]]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    told = [line.partition(":") for line in done.stdout.splitlines()]
    assert {line: sorted(set(words.split())) for line, _, words in told} == WANTED
