"""Replay mutations of the demo, and judge what selects profiles by how they behave.

``python oracle.py play`` renews behaviours.json, ``score`` plays the demo and judges ways to select profiles, ``show SEED`` prints a mutation
and its effect.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

HERE: Final = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "support")]

import kinds_of_bodies  # noqa: E402, F401
import kinds_of_classes  # noqa: E402, F401
import kinds_of_files  # noqa: E402, F401
import kinds_of_names  # noqa: E402, F401
from behaviours import RENEW, Behaviours, digest_of_demo, read_behaviours  # noqa: E402
from mutation import Demo, Mutation, draw  # noqa: E402
from replayer import Replayer, start_replayer  # noqa: E402
from yardsticks import YARDSTICKS, Score, read_recording  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEMO: Final = HERE.parents[1] / "src" / "profcov" / "demo"
TUNING: Final = range(1, 101)
"""Seeds whose mutations whoever writes a rule of a selector may look at."""

FRESH: Final = range(1001, 1201)
"""Seeds that no rule may be written from. Once one of them was looked at, because it was missed, it is no longer fresh: move the range."""


@contextlib.contextmanager
def replaying() -> Iterator[Replayer]:
    """Start what replays, with a Redis server of its own."""
    from ports import find_free_port

    from profcov.demo.valkey import start_server

    with (
        tempfile.TemporaryDirectory() as place,
        start_server(find_free_port(), Path(place)) as url,
        start_replayer(DEMO, Path(place), url) as replayer,
    ):
        yield replayer


def play(seeds: Iterable[int], *, is_kept: bool = True) -> Behaviours:
    """Replay the mutations of seeds that were not replayed yet, and write the file, unless it is not to be kept."""
    demo = Demo.read(DEMO)
    with replaying() as replayer:
        slugs = sorted(replayer.unchanged)
        found = read_behaviours(demo)
        if found is None or found.slugs != slugs:
            found = Behaviours(digest_of_demo(demo), slugs)
        for seed in seeds:
            mutation = draw(demo, seed)
            if found.differing(mutation) is None:
                found.add(mutation, replayer.differing(mutation.change))
                if is_kept:
                    found.write()
    extents = Counter(len(found.differing(draw(demo, seed)) or ()) for seed in seeds)
    print("mutations by how many profiles behave differently:", dict(sorted(extents.items())))
    return found


def score(seeds: Iterable[int], *, is_replayed: bool) -> None:
    """Play the demo, recorded, and print how each yardstick does on the mutations of seeds, which are replayed if they were not yet."""
    from profcov.demo.run import play_demo

    demo = Demo.read(DEMO)
    behaviours = play(seeds, is_kept=False) if is_replayed else read_behaviours(demo)
    if behaviours is None:
        sys.exit(f"the demo has changed since its mutations were replayed: {RENEW}")
    with tempfile.TemporaryDirectory() as place:
        played = play_demo(Path(place))
        recording = read_recording(Path(place), [each.slug for each in played])
    print(f"{'':16} recall  precision  of changes with an effect  replays avoided")
    for name, select in YARDSTICKS.items():
        found = Score()
        for seed in seeds:
            mutation = draw(demo, seed)
            differing = behaviours.differing(mutation)
            if differing is None:
                sys.exit(f"seed {seed} was not replayed: give --replay")
            found.count(seed, select(demo, mutation.change, recording), set(differing), set(behaviours.slugs))
        figures = found.recall, found.precision, found.precision_with_effect, found.part_avoided
        print(f"{name:16} {figures[0]:6.3f} {figures[1]:10.3f} {figures[2]:26.3f} {figures[3]:16.2f}")


def show(seed: int, *, is_replayed: bool) -> None:
    """Print a mutation, and the first difference in each profile."""
    demo = Demo.read(DEMO)
    mutation = draw(demo, seed)
    print(describe(demo, mutation))
    if not is_replayed:
        return
    with replaying() as replayer:
        before, after = replayer.play({}, whole=True), replayer.play(mutation.change, whole=True)
    for slug, seen in before.items():
        pairs = zip([*seen, None], [*after[slug], None], strict=False)
        first = next(((one, other) for one, other in pairs if one != other), None)
        print(f"{slug}: {'the same' if first is None else ''}")
        for each in first or ():
            print(f"    {str(each)[:400]}")


def describe(demo: Demo, mutation: Mutation) -> str:
    """Return a mutation as a diff."""
    lines = [f"seed {mutation.seed}: {mutation.kind} at {mutation.where}"]
    for path, content in mutation.change.items():
        old, new = (
            text.decode("utf-8", "replace").splitlines() for text in (demo.files.get(path, b""), content or b"")
        )
        ends = ("/dev/null" if path not in demo.files else path), ("/dev/null" if content is None else path)
        lines += list(difflib.unified_diff(old, new, *ends, n=1, lineterm=""))[:30]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("play", "score"):
        added = commands.add_parser(name)
        added.add_argument("--seeds", nargs=2, type=int, metavar=("FIRST", "LAST"))
        if name == "score":
            added.add_argument("--replay", action="store_true", help="replay what is not in the file")
    shown = commands.add_parser("show")
    shown.add_argument("seed", type=int)
    shown.add_argument("--no-replay", action="store_true")
    given = parser.parse_args()
    if given.command == "show":
        show(given.seed, is_replayed=not given.no_replay)
    elif given.command == "play":
        play(range(given.seeds[0], given.seeds[1] + 1) if given.seeds else [*TUNING, *FRESH])
    else:
        score(range(given.seeds[0], given.seeds[1] + 1) if given.seeds else FRESH, is_replayed=given.replay)


if __name__ == "__main__":
    main()
