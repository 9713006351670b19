"""A browser session with the demo application, recorded as HAR: ``browse.py CHROMIUM URL FILE.har DEM SLUG``.

The page's script does what a user of the application would: make a run, upload a grid, start jobs and ask for their
state until they are finished, and look at the results.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SESSION = """async ([dem]) => {
  const send = async (path, body) => {
    const answer = await fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
    return answer.json();
  };
  const finished = async (job) => {
    for (;;) {
      const found = await (await fetch(`/api/jobs/${job}`)).json();
      if (found.status === 'finished') return;
      if (found.status === 'failed') throw new Error(found.error);
      await new Promise(resolve => setTimeout(resolve, 30));
    }
  };
  const run = (await send('/api/runs', {name: 'palouse'})).id;
  const form = new FormData();
  form.append('units', 'm');
  form.append('dem', new File([dem], 'dem.asc'));
  await fetch(`/api/runs/${run}/dem`, {method: 'POST', body: form});
  await finished((await send(`/api/runs/${run}/delineate`, {method: 'wbt', area_ha: 6})).job_id);
  await finished((await send(`/api/runs/${run}/climate`, {method: 'daymet'})).job_id);
  const model = await send(`/api/runs/${run}/model`, {practice: 'contour'});
  await finished(model.job_id);
  await finished(model.summary_job_id);
  await fetch(`/api/runs/${run}`);
  return run;
}"""


def main(chromium: str, url: str, har: str, dem: str, slug: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(record_har_path=har, extra_http_headers={"X-Profile-Trace": slug})
        page = context.new_page()
        page.goto(f"{url}/runs/none/results")
        run = page.evaluate(SESSION, [Path(dem).read_text(encoding="utf-8")])
        page.goto(f"{url}/runs/{run}/results")
        context.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
