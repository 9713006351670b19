"""The example of docs/how-to/celery.md: Celery's own worker on a real server, with processes and with threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import seen

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 30


def test_tasks_of_two_profiles_and_of_none_at_once_are_filed_line_for_line_as_coverage_alone_files_them(
    tasks: Any, pool: str
) -> None:
    alone = tasks.run(
        """
        import coverage, os
        found = {}
        for kind in ("red", "blue"):
            measured = coverage.Coverage(config_file=os.environ["PROFILE_COVERAGE_CONFIG"], data_file=None)
            measured.start()
            jobs.sort.run(kind, f"alone-{kind}", 1)
            measured.stop()
            found[kind] = measured.get_data().lines(jobs.__file__)
        tell(found)
        """,
        ENABLE_PROFILE_COVERAGE="0",
        COVERAGE_CORE="ctrace",
    )
    tasks.run(
        f"""
        started = []
        for number in range(6):
            place = f"{pool}-{{number}}"
            for kind in ("red", "none", "blue"):
                with profcov.trace(f"{pool}-{{kind}}") if kind != "none" else profcov.unbound():
                    started.append(jobs.sort.delay(kind, place, 3))
        tell([task.get(timeout={SECONDS}) for task in started])
        """
    )
    assert {kind: tasks.lines(f"{pool}-{kind}") for kind in alone} == {kind: set(alone[kind]) for kind in alone}


def test_what_a_task_starts_and_what_comes_after_it_is_filed_under_its_profile(
    tasks: Any, pool: str, wait_until: Callable[..., None]
) -> None:
    tasks.run(
        f"""
        def play(slug, canvas):
            with profcov.trace(f"{pool}-{{slug}}"):
                result = canvas.delay()
            result.get(timeout={SECONDS}, propagate=False)
        jobs.untraced.delay().get(timeout={SECONDS})
        play("chain", celery.chain(jobs.leaf.si(), jobs.link.s(), jobs.last.s()))
        play("group", celery.group(jobs.leaf.si(), jobs.link.si()))
        play("chord", celery.chord([jobs.leaf.si(), jobs.link.si()], jobs.last.s()))
        play("retry", jobs.try_twice.si())
        with profcov.trace("{pool}-nested"):
            jobs.start_another.apply_async(link=jobs.link.s())
            jobs.fail.apply_async(link_error=jobs.clean_up.si())
            jobs.ignore.delay()
            jobs.last.apply()
            assert profcov.current_slug() == "{pool}-nested"
        jobs.untraced.delay().get(timeout={SECONDS})
        tell(None)
        """
    )
    nested = {"start_another", "leaf", "grow", "link", "fail", "clean_up", "before_start", "ignore", "last"}
    wait_until(lambda: seen.in_shards(tasks.data, f"{pool}-nested") >= nested, "all that they start runs")
    assert tasks.functions(f"{pool}-nested") == nested
    assert tasks.functions(f"{pool}-chain") == {"leaf", "grow", "link", "last"}
    assert tasks.functions(f"{pool}-group") == {"leaf", "grow", "link"}
    assert tasks.functions(f"{pool}-chord") == {"leaf", "grow", "link", "last"}
    assert tasks.functions(f"{pool}-retry") == {"before_start", "try_twice", "on_retry", "on_failure", "after_return"}


def test_what_a_task_ran_is_on_disk_when_its_status_is_stored(tasks: Any, pool: str) -> None:
    assert (
        tasks.run(
            f"""
            import os, seen
            missing = []
            for number in range(20):
                slug = f"{pool}-status-{{number}}"
                task, ran = (jobs.leaf, {{"leaf", "grow"}}) if number % 2 else (jobs.fail, {{"fail"}})
                with profcov.trace(slug):
                    result = task.delay()
                key = result.backend.get_key_for_task(result.id)
                while not redis.exists(key):
                    pass
                if seen.in_shards(os.environ["PROFILE_COVERAGE_DIR"], slug) != ran:
                    missing.append(slug)
            tell(missing)
            """
        )
        == []
    )
