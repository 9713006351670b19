import flask
import subject

from profcov.web.flask import ProfileTrace

app = flask.Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = False
ProfileTrace(app)


@app.get("/runs/<int:run>")
def show(run):
    return flask.jsonify(subject.pick(run))


@app.post("/measure")
def measure():
    return subject.measure(flask.request.get_data())


@app.get("/stream")
def stream():
    return flask.Response(subject.chunks(), mimetype="text/plain")


@app.get("/fail")
def fail():
    subject.fail()
    return "not reached"
