"""A FastAPI application that asks a database through SQLAlchemy's asyncio extension, in each of the ways that it has.

``LAMPS_DATABASE`` is SQLAlchemy's URL. What a request runs depends on the request alone, not on what others have stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from sqlalchemy import ForeignKey, String, event, literal, select
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.orm import Session


class Shout(TypeDecorator[str]):
    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str:
        value = value or ""
        return value.upper()

    def process_result_value(self, value: str | None, dialect: Any) -> str:
        return (value or "").lower()


class Base(AsyncAttrs, DeclarativeBase):
    pass


class Room(Base):
    __tablename__ = "room"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Shout)
    lamps: Mapped[list[Lamp]] = relationship(back_populates="room")


class Lamp(Base):
    __tablename__ = "lamp"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Shout)
    room_id: Mapped[int] = mapped_column(ForeignKey("room.id"))
    room: Mapped[Room] = relationship(back_populates="lamps")


@event.listens_for(Lamp, "before_insert")
def name_lamp(mapper: Any, connection: Any, lamp: Lamp) -> None:
    lamp.name = lamp.name.strip()


engine = create_async_engine(os.environ["LAMPS_DATABASE"], connect_args={"timeout": 60})
make_session = async_sessionmaker(engine, expire_on_commit=False)


@contextlib.asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


async def get_session() -> AsyncIterator[AsyncSession]:
    async with make_session() as session:
        yield session
        await session.rollback()


InSession = Annotated[AsyncSession, Depends(get_session)]


@app.post("/rooms/{name}")
async def furnish(name: str, lamps: int, session: InSession, background: BackgroundTasks) -> dict[str, Any]:
    room = Room(name=name)
    session.add(room)
    await session.flush()
    for number in range(lamps):
        lamp = Lamp(name=f" lamp {number} ", room_id=room.id)
        session.add(lamp)
    await session.commit()
    found = await session.get(Room, room.id)
    assert found is room
    background.add_task(rename, room.id, f"{name}, furnished")
    return {"room": name, "lamps": lamps}


async def rename(number: int, name: str) -> None:
    async with make_session() as session, session.begin():
        room = await session.get_one(Room, number)
        room.name = name


@app.get("/rooms/{name}/light")
async def light(name: str, session: InSession) -> dict[str, Any]:
    room = Room(name=name, lamps=[Lamp(name="first"), Lamp(name="second")])
    session.add(room)
    await session.flush()
    session.expire_all()
    lamps = await room.awaitable_attrs.lamps
    total = await session.run_sync(add_up, room)
    names = sorted(lamp.name for lamp in lamps)
    both = await asyncio.gather(*(count_letters(each) for each in names))
    return {"lamps": names, "total": total, "letters": sum(both)}


def add_up(session: Session, room: Room) -> int:
    total = 0
    for lamp in session.scalars(select(Lamp).where(Lamp.room_id == room.id)):
        total += len(lamp.name)
        total += len(lamp.room.name)
    return total


async def count_letters(name: str) -> int:
    async with make_session() as session:
        value = await session.scalar(select(literal(name)))
    return len(value or "")


@app.get("/rooms/{name}/stream")
async def stream(name: str) -> StreamingResponse:
    return StreamingResponse(rows(name), media_type="text/plain")


async def rows(name: str) -> AsyncIterator[str]:
    async with make_session() as session:
        session.add_all(Room(name=f"{name} {number}") for number in range(3))
        await session.flush()
        found = await session.stream_scalars(select(Room.name).where(Room.name.startswith(name)).order_by(Room.id))
        async for each in found:
            yield f"{each}\n"
        await session.rollback()


@app.get("/rooms/{name}/broken")
async def broken(name: str, session: InSession) -> dict[str, Any]:
    session.add(Room(id=1, name=name))
    session.add(Room(id=1, name=name))
    try:
        await session.flush()
    except Exception as error:
        await session.rollback()
        raise HTTPException(409, f"{name} is there") from error
    return {}


@app.get("/rooms/{name}/sync")
def in_a_thread(name: str) -> dict[str, Any]:
    return {"letters": asyncio.run(count_letters_alone(name))}


async def count_letters_alone(name: str) -> int:
    apart = create_async_engine("sqlite+aiosqlite://")
    async with apart.connect() as connection:
        found = await connection.run_sync(lambda _: len(name))
    await apart.dispose()
    return found
