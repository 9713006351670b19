"""A Flask page: who asks, a list from SQLite with a total for each row, and a Jinja template with a loop."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask import Flask, g, render_template, request

ROWS = 40

app = Flask(__name__)


def fill(database: sqlite3.Connection) -> None:
    """Make the tables and put some runs in."""
    database.executescript(
        "create table user (id integer primary key, name text);"
        "create table run (id integer primary key, user integer, name text, state text, seconds real);"
        "create table step (run integer, name text);"
        "create index step_of_run on step (run);"
    )
    database.execute("insert into user values (1, 'Ada')")
    for i in range(ROWS):
        state = ("new", "running", "done", "failed")[i % 4]
        database.execute("insert into run values (?, 1, ?, ?, ?)", (i, f"basin {i}", state, 977.0 * (i % 11)))
        database.executemany("insert into step values (?, ?)", [(i, name) for name in ("fill", "flow", "soils")])
    database.commit()


def connect() -> sqlite3.Connection:
    """Return this request's connection to the database."""
    if "database" not in g:
        g.database = sqlite3.connect(app.config["DATABASE"])
        g.database.row_factory = sqlite3.Row
    connection: sqlite3.Connection = g.database
    return connection


@app.teardown_appcontext
def disconnect(_error: BaseException | None) -> None:
    """Close the connection."""
    database = g.pop("database", None)
    if database is not None:
        database.close()


def describe(row: sqlite3.Row, steps: list[str]) -> dict[str, Any]:
    """Turn a row into what the page shows."""
    hours = row["seconds"] / 3600
    state = row["state"]
    if state == "running" and hours > 2:
        state = "late"
    return {"id": row["id"], "name": row["name"], "state": state, "hours": hours, "steps": steps}


@app.get("/")
def show_runs() -> str:
    """Show the runs of the user."""
    database = connect()
    user = database.execute("select * from user where id = ?", (request.args.get("user", 1, type=int),)).fetchone()
    runs = []
    for row in database.execute("select * from run where user = ? order by id", (user["id"],)):
        found = database.execute("select name from step where run = ? order by name", (row["id"],))
        runs.append(describe(row, [step["name"] for step in found]))
    late = sum(1 for run in runs if run["state"] == "late")
    return render_template("runs.html", title="Runs", user=user, runs=runs, late=late)
