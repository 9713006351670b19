import answers
import flask

from profcov.web.flask import ProfileTrace

app = flask.Flask(__name__)
app.config["PROPAGATE_EXCEPTIONS"] = False
ProfileTrace(app)


@app.get("/runs/<int:run>")
def show(run):
    return flask.jsonify(answers.pick(run))


@app.post("/measure")
def measure():
    return answers.measure(flask.request.get_data())


@app.get("/stream")
def stream():
    return flask.Response(answers.chunks(), mimetype="text/plain")


@app.get("/fail")
def fail():
    answers.fail()
    return "not reached"
