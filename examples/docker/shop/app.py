"""A shop in a few lines: it knows nothing of profcov."""

import os

import flask
import redis
import rq

from shop import jobs

app = flask.Flask(__name__)
queue = rq.Queue("shop", connection=redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://redis:6379/0")))


@app.get("/prices/<int:amount>")
def price(amount):
    return {"price": jobs.add_tax(amount)}


@app.post("/orders/<int:amount>")
def order(amount):
    job = queue.enqueue(jobs.bill, amount)
    return {"job": job.id}, 202


@app.get("/jobs/<ident>")
def show_job(ident):
    return {"status": queue.fetch_job(ident).get_status()}
