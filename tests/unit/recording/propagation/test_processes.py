"""Child processes of a unit are what they would be without it, and the artifact tells the truth of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_object_runs_what_it_has_itself_as_run(run_python: Callable[..., object], method: str) -> None:
    source = f"""
    import multiprocessing
    import profcov
    from measured import blue, red
    from play import shards, tell

    class Own(multiprocessing.get_context({method!r}).Process):
        def run(self):
            blue()

    def main():
        found = []
        for slug, attributes in (("instance", {{"run": red}}), ("class", {{}})):
            process = Own()
            vars(process).update(attributes)
            with profcov.trace(slug):
                process.start()
            process.join()
            found.append([process.exitcode, shards(slug), vars(process).get("run") is attributes.get("run")])
        tell(found)

    if __name__ == "__main__":
        main()
    """
    assert run_python(source) == [[0, ["red"], True], [0, ["blue"], True]]


def test_what_a_child_calls_before_it_is_another_program_is_its_units_and_it_has_not_died(
    run_python: Callable[..., object], engine: str
) -> None:
    source = """
    import functools, os, subprocess
    import profcov
    from measured import blue, red
    from play import DATA, said, shards, tell
    from profcov.store.combine import combine
    from profcov.store.directory import DataDirectory

    def forbid():
        DATA.rename(DATA.with_name("away"))
    def fail():
        blue()
        raise ValueError
    with profcov.trace("measured"):
        red()
        subprocess.run(["true"], check=True, preexec_fn=blue)
        try:
            subprocess.run(["true"], preexec_fn=fail)
        except subprocess.SubprocessError as error:
            said.append(str(error))
    with profcov.trace("no-program"):
        red()
        try:
            subprocess.run(["no such program"], preexec_fn=blue)
        except FileNotFoundError:
            pass
    with profcov.trace("setsid"):
        red()
        subprocess.run(["true"], check=True, preexec_fn=os.setsid)
    with profcov.trace("moved"):
        subprocess.run(["true"], check=True, preexec_fn=functools.partial(forbid))
        DATA.with_name("away").rename(DATA)
        red()
    tell([[shards(slug), combine(DataDirectory(DATA), slug).reasons] for slug in ("measured", "no-program", "setsid", "moved")] + [said])
    """
    both, one, nothing_of_ours = [["blue", "red"], []], [["red"], []], ["Exception occurred in preexec_fn."]
    assert run_python(source, engine=engine) == [both, both, one, one, nothing_of_ours]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_that_may_run_for_ever_keeps_no_reader_waiting(
    run_python: Callable[..., object], method: str
) -> None:
    source = f"""
    import multiprocessing, time
    import profcov
    from measured import blue, red
    from play import DATA, shards, tell
    from profcov.store.combine import combine
    from profcov.store.directory import DataDirectory

    def stay(entered):
        blue()
        entered.set()
        time.sleep(60)

    def main():
        context = multiprocessing.get_context({method!r})
        entered = context.Event()
        with profcov.trace("daemon"):
            red()
            process = context.Process(target=stay, args=(entered,), daemon=True)
            process.start()
        with profcov.trace("manager"):
            red()
            manager = context.Manager()
            names = manager.dict(x=1)
        entered.wait()
        made = [combine(DataDirectory(DATA), slug, timeout=15) for slug in ("manager", "daemon")]
        process.kill()
        tell([list(each.reasons) for each in made] + [names["x"]])

    if __name__ == "__main__":
        main()
    """
    assert run_python(source) == [[], [], 1]
