"""Record the session of ``recorded_site.py``: ``record_site.py chromium|firefox|mitmproxy FILE.har [PROGRAM]``.

``PROGRAM`` is Chromium, Firefox or mitmdump. The HARs in ``recordings/site`` are made so.
"""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from socket import create_connection
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
sys.path.append(str(HERE.parents[1] / "support"))

from ports import find_free_port  # noqa: E402
from recorded_site import GRID, SESSION, serve_site  # noqa: E402

LOG_IN = "() => { user.value = 'ada'; password.value = 'correct horse'; user.form.submit(); }"
ARGUMENTS = [f"http://127.0.0.1:{find_free_port()}/dead", base64.b64encode(GRID).decode()]


def record_chromium(url: str, program: str, **options: Any) -> None:
    """Go through the session in Chromium; the options are those of its context."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--proxy-bypass-list=<-loopback>"]
        )
        context = browser.new_context(**options)
        page = context.new_page()
        page.goto(url)
        with page.expect_navigation(url=f"{url}/home"):
            page.evaluate(LOG_IN)
        page.evaluate(SESSION, ARGUMENTS)
        context.close()
        browser.close()


class Marionette:
    """Firefox's own remote control: commands in JSON, each with its length before it."""

    def __init__(self, port: int) -> None:
        self._socket = create_connection(("127.0.0.1", port), timeout=60)
        self._read()
        self._number = 0

    def send(self, command: str, **parameters: Any) -> Any:
        self._number += 1
        text = json.dumps([0, self._number, command, parameters])
        self._socket.sendall(f"{len(text.encode())}:{text}".encode())
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what an asynchronous function in the window returns."""
        call = f"const done = arguments[arguments.length - 1]; ({script})(...arguments).then(done, error => done('failed: ' + error));"
        found = self.send("WebDriver:ExecuteAsyncScript", script=call, args=list(arguments), sandbox=None)["value"]
        assert not str(found).startswith("failed: "), found
        return found

    def _read(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._socket.recv(1)
        text = b""
        while len(text) < int(length[:-1]):
            text += self._socket.recv(65536)
        return json.loads(text)


OPEN_DEVTOOLS = """async () => {
  const {require} = ChromeUtils.importESModule('resource://devtools/shared/loader/Loader.sys.mjs');
  const {gDevTools} = require('devtools/client/framework/devtools');
  window.toolbox = await gDevTools.showToolboxForTab(gBrowser.selectedTab, {toolId: 'netmonitor'});
}"""
TAKE_HAR = "async () => JSON.stringify({log: await window.toolbox.getHARFromNetMonitor()})"


def record_firefox(url: str, file: Path, program: str) -> None:
    """Go through the session in Firefox, with its developer tools open, and save what they have."""
    port = find_free_port()
    with TemporaryDirectory() as profile:
        network = "devtools.netmonitor"
        wanted = {"marionette.port": port, "network.proxy.type": 0, f"{network}.persistlog": True}
        wanted |= {f"{network}.requestBodyLimit": 0, f"{network}.responseBodyLimit": 0}
        prefs = "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wanted.items())
        (Path(profile) / "user.js").write_text(prefs, encoding="utf-8")
        with subprocess.Popen(
            [program, "--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile]
        ) as firefox:
            try:
                file.write_text(_drive(_connect(port), url), encoding="utf-8")
            finally:
                firefox.terminate()


def _connect(port: int) -> Marionette:
    for _ in range(600):
        try:
            return Marionette(port)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise SystemExit("Firefox does not answer")


def _drive(firefox: Marionette, url: str) -> str:
    firefox.send("WebDriver:NewSession", capabilities={"alwaysMatch": {"pageLoadStrategy": "normal"}})
    firefox.send("WebDriver:SetTimeouts", script=60_000)
    firefox.send("Marionette:SetContext", value="chrome")
    firefox.run(OPEN_DEVTOOLS)
    firefox.send("Marionette:SetContext", value="content")
    firefox.send("WebDriver:Navigate", url=url)
    firefox.run(f"async () => ({LOG_IN})()")
    while not firefox.send("WebDriver:GetCurrentURL")["value"].endswith("/home"):
        time.sleep(0.1)
    firefox.run(SESSION, ARGUMENTS)
    firefox.send("Marionette:SetContext", value="chrome")
    time.sleep(1)
    return str(firefox.run(TAKE_HAR))


def record_mitmproxy(url: str, file: Path, program: str) -> None:
    """Go through the session in Chromium, behind mitmproxy."""
    port = find_free_port()
    words = [program, "--listen-host=127.0.0.1", f"--listen-port={port}", "--set", f"hardump={file}", "--quiet"]
    with subprocess.Popen(words) as proxy:
        try:
            for _ in range(600):
                with contextlib.suppress(ConnectionRefusedError), create_connection(("127.0.0.1", port)):
                    break
                time.sleep(0.1)
            server = {"server": f"http://127.0.0.1:{port}", "bypass": "<-loopback>"}
            record_chromium(url, shutil.which("chromium") or "chromium", proxy=server)
        finally:
            proxy.terminate()


def main(writer: str, name: str, program: str) -> None:
    file = Path(name).absolute()
    with serve_site() as site:
        if writer == "firefox":
            record_firefox(site.url, file, program)
        elif writer == "mitmproxy":
            record_mitmproxy(site.url, file, program)
        else:
            record_chromium(site.url, program, record_har_path=file)
    document = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
