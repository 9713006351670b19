"""Sessions that each make their own environment: the tests on every Python found here, lint, types, import contracts."""

from __future__ import annotations

import os
import subprocess
import sys

import nox

REQUIRED = ("3.11", "3.12", "3.13")
WELCOME = ("3.14",)
PARALLEL = ("-n", "auto", "--dist", "worksteal")
"""As ``make test`` has it."""
PROJECT = nox.project.load_toml("pyproject.toml")
EXTRAS = ",".join(PROJECT["project"]["optional-dependencies"])
NOT_OF_OLD_RELEASES = " and ".join(
    f"not {words}"
    for words in (
        "test_lock",  # what is installed is not what the lock file has
        "collector.md",  # its example closes a data object of coverage.py, and 7.6 has no such method
        "starlettes_own_middleware",  # that of 0.37 leaves a stream of anyio open when a handler raises, with us or without
    )
)

nox.options.sessions = ["tests", "lint", "types", "contracts"]
nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"


def is_here(version: str) -> bool:
    """Tell whether this Python runs; pyenv has a command of the name for one that it does not let run."""
    try:
        return subprocess.run([f"python{version}", "--version"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


FOUND = [version for version in (*REQUIRED, *WELCOME) if is_here(version)]
MISSING = [version for version in (*REQUIRED, *WELCOME) if version not in FOUND]
MUST_FAIL = [version for version in MISSING if version in REQUIRED] if os.environ.get("CI") == "true" else []
for missing in MISSING:
    fate = "which fails its session, as CI=true" if missing in MUST_FAIL else "so the tests are not run on it"
    sys.stderr.write(f"noxfile: python{missing} is not found here, {fate}\n")


def in_group(name: str) -> tuple[str, ...]:
    """Return the requirements of a dependency group: pip before 25.1 cannot read them."""
    return nox.project.dependency_groups(PROJECT, name)


@nox.session(python=[*FOUND, *MUST_FAIL])
def tests(session: nox.Session) -> None:
    """Run the test suite; what follows ``--`` goes to pytest."""
    install(session)
    session.run("python", "-m", "pytest", *PARALLEL, *session.posargs)


@nox.session(python=[*FOUND, *MUST_FAIL])
def newest(session: nox.Session) -> None:
    """Run the test suite with the newest of everything, whatever the lock file says; what follows ``--`` goes to pytest."""
    session.install("-qq", "--upgrade", "--upgrade-strategy=eager", "--editable", f".[{EXTRAS}]", *in_group("full"))
    session.run("python", "-m", "pip", "freeze", "--exclude-editable")
    session.run("python", "-m", "pytest", *PARALLEL, *session.posargs)


@nox.session(python=REQUIRED[0])
@nox.parametrize("groups", ["core", "full"])
def oldest(session: nox.Session, groups: str) -> None:
    """Run the tests of units, web and jobs with the oldest versions that pyproject.toml allows, on the oldest Python.

    With ``core`` those of the extras are older, as what ``full`` adds may want newer ones. What follows ``--`` goes to pytest.
    """
    session.install("-qq", "uv")
    words = ("--quiet", "--resolution", "lowest-direct", "--editable", f".[{EXTRAS}]", "--group", groups)
    python = ("--python", f"{session.virtualenv.location}/bin/python")
    session.run_install("uv", "pip", "install", *python, *words)
    session.run_install("uv", "pip", "freeze", "--exclude-editable", *python)
    runs = {
        "core": (("--quick", "tests/unit"), ("tests/unit/demo", "tests/integration/rq")),
        "full": (("tests/unit", "tests/integration/web", "tests/integration/rq"),),
    }
    words = ("-W", "ignore::pytest.PytestUnraisableExceptionWarning", "-k", NOT_OF_OLD_RELEASES)
    for paths in (session.posargs,) if session.posargs else runs[groups]:
        session.run("python", "-m", "pytest", *PARALLEL, *words, *paths)


@nox.session
def lint(session: nox.Session) -> None:
    """Check rules and format."""
    install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    install(session)
    session.run("mypy")
    session.run("pyright", "--pythonpath", "python", env={"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"})


@nox.session
def contracts(session: nox.Session) -> None:
    """Check which module imports which."""
    install(session)
    session.run("lint-imports")


def install(session: nox.Session) -> None:
    """Install what the lock file says, as ``make`` does, and the project; pip -qq prints errors only."""
    session.install("-qq", "--require-hashes", "--requirement", "requirements.lock")
    session.run("python", "tools/lock.py", "--check", silent=True)
    session.install("-qq", "--no-deps", "--no-build-isolation", "--editable", ".")


@nox.session
@nox.parametrize("coverage", ["7.6.0", "7.10.0", "newest"])
def formats(session: nox.Session, coverage: str) -> None:
    """Read every shard and artifact with other versions of coverage.py than wrote them, and the other way round."""
    install(session)
    place = session.create_tmp()
    program = "tools/formats.py"
    session.run("python", program, "write", f"{place}/newest")
    if coverage != "newest":
        session.install(f"coverage=={coverage}")
    session.run("python", program, "read", f"{place}/newest")
    session.run("python", program, "write", f"{place}/{coverage}")
    session.run("python", program, "read", f"{place}/{coverage}")
    session.install("--upgrade", "coverage")
    session.run("python", program, "read", f"{place}/{coverage}")


@nox.session
@nox.parametrize("version", ["1.16.*", "2.0.*", "2.6.*", "newest"])
def rq(session: nox.Session, version: str) -> None:
    """Run the tests of jobs with a version of RQ; what follows ``--`` goes to pytest."""
    install(session)
    if version == "newest":
        session.install("--upgrade", "rq", "redis")
    else:
        # SpawnWorker of RQ 2.6 writes the connection's options into a program, and those of redis 8 are no literals.
        session.install(f"rq=={version}", "redis<7")
    session.run("python", "-m", "pytest", "tests/integration/rq", *session.posargs)


@nox.session
def launchers(session: nox.Session) -> None:
    """Run `profcov run` with the commands of ddtrace, OpenTelemetry and New Relic; what follows ``--`` goes to pytest."""
    install(session)
    session.install("-qq", "ddtrace", "newrelic", "opentelemetry-distro", "opentelemetry-instrumentation-flask")
    session.run(
        "python", "-m", "pytest", "tests/beside/test_launchers.py", *session.posargs, env={"PROFCOV_LAUNCHERS": "1"}
    )


@nox.session(python=[*FOUND, *MUST_FAIL])
@nox.parametrize("tool", ["ddtrace", "elastic-apm", "newrelic", "those-for-development"])
def beside(session: nox.Session, tool: str) -> None:
    """Run two applications beside a tool that patches what profcov patches, of its newest release."""
    install(session)
    if tool == "those-for-development":
        session.install("-qq", "--upgrade", "--upgrade-strategy=eager", "--editable", ".", *in_group("beside"))
        session.install("-qq", "typeguard", "beartype")
        tests = ("tests/beside/test_beside.py", "tests/beside/test_rewritten.py")
        session.run("python", "-m", "pytest", *tests, "--full", *session.posargs)
    else:
        session.install("-qq", tool)
        name = tool.partition("-")[0]
        session.run(
            "python", "-m", "pytest", "tests/beside/test_beside.py", *session.posargs, env={"PROFCOV_BESIDE": name}
        )


@nox.session(python="3.15")
def lazy(session: nox.Session) -> None:
    """Run the tests of imports and interpreters on Python 3.15, lazy imports of everything among them."""
    session.install("-qq", "--editable", ".[demo]", "pytest", "pytest-timeout", "greenlet", "wrapt")
    tests = (
        "unit/recording/engine/test_imports.py",
        "unit/recording/propagation/test_interpreters.py",
        "unit/recording/propagation/test_on_import.py",
    )
    session.run("python", "-m", "pytest", *(f"tests/{test}" for test in tests), *session.posargs)


@nox.session(python="3.13t")
def free_threaded(session: nox.Session) -> None:
    """Run the exactness suite without the GIL, greenlets and coverage.py's C tracer; ``--force-python PATH`` names an interpreter."""
    packages = (
        "anyio",
        "flask",
        "hypothesis",
        "jinja2",
        "pytest",
        "pytest-timeout",
        "pytest-xdist",
        "starlette",
        "trio",
    )
    # Wheels only: what has none for this build is built from source, by a compiler of another language.
    session.install("-qq", "--prefer-binary", "--editable", ".", *packages)
    words = "import sysconfig; assert sysconfig.get_config_var('Py_GIL_DISABLED'), 'this Python is not free-threaded'"
    session.run("python", "-c", words, silent=True)
    tests = ("exactness", "unit/recording/engine/test_free_threaded.py", "unit/store/test_presence.py")
    paths = (f"tests/{test}" for test in tests)
    session.run("python", "-m", "pytest", *PARALLEL, *paths, *session.posargs, env={"PYTHON_GIL": "0"})


@nox.session(python=[*FOUND, *MUST_FAIL])
def shown(session: nox.Session) -> None:
    """Play two profiles at once in applications beside their everyday tools, and print versions and figures."""
    install(session)
    session.run("python", "-m", "pip", "freeze", "--exclude-editable")
    session.run("python", "-m", "pytest", "tests/beside/test_served.py", "--full", "-s", *session.posargs)
