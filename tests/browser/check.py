"""Opens pages in a headless chromium and uses them as a reader would.

    check.py CHROMIUM OUT DEMO.html HOSTILE.html

Leaves screenshots in OUT. Prints what is wrong, a line each, and ends with 1 if anything is.
"""

import pathlib
import sys

from playwright.sync_api import sync_playwright

from looks import CONTRAST, HEADINGS, NAMES, OVERFLOW

SECTIONS = 13
PLOTS = ["differences", "tradeoff", "recall-plot"]
failures = []


def expect(holds, said):
    if not holds:
        failures.append(said)


class Opened:
    """A page in a window of its own, with what it said to the console and what it asked for."""

    def __init__(self, browser, path, width=1280, scheme="light", script=True):
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        self.page = self.context.new_page()
        self.name = f"{path.stem} at {width} px, {scheme}{'' if script else ', without script'}"
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        expect(not self.said, f"{self.name}: the console says {self.said}")
        expect(len(self.asked) == 1, f"{self.name}: asks for {self.asked[1:]}")
        self.context.close()

    def expect(self, holds, said):
        expect(holds, f"{self.name}: {said}")


def looks(browser, path, out):
    """Nothing overflows and everything can be read, at both widths and in both schemes."""
    for width in (1280, 360):
        for scheme in ("light", "dark"):
            with Opened(browser, path, width, scheme) as opened:
                page = opened.page
                opened.expect(page.evaluate(OVERFLOW) == [], f"wider than its window: {page.evaluate(OVERFLOW)}")
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
                opened.expect(page.evaluate(OVERFLOW) == [], f"opened, wider than its window: {page.evaluate(OVERFLOW)}")
                pale = page.evaluate(CONTRAST)
                opened.expect(pale == [], f"contrast below what AA asks for: {pale[:5]}")
                for plot in PLOTS:
                    drawn = page.locator(f"#{plot} svg:visible")
                    opened.expect(drawn.count() == 1, f"plot {plot} is there once: {drawn.count()}")
                    wider = page.locator(f"#{plot} .plot").evaluate("(plot) => plot.scrollWidth - plot.clientWidth")
                    opened.expect(wider == 0, f"plot {plot} is {wider} px wider than its place")
                page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = false; })")
                page.screenshot(path=str(out / f"{path.stem}-{width}-{scheme}.png"), full_page=True)


def structure(browser, path):
    with Opened(browser, path) as opened:
        page = opened.page
        opened.expect(page.locator("h1").count() == 1, "one heading of the first level")
        opened.expect(page.evaluate(HEADINGS) == [], f"headings out of order: {page.evaluate(HEADINGS)}")
        opened.expect(page.evaluate(NAMES) == [], f"without a name: {page.evaluate(NAMES)}")
        opened.expect(page.locator("html[lang]").count() == 1, "the language is named")
        opened.expect(page.locator("main > section").count() == SECTIONS, "every section")
        for plot in PLOTS:
            opened.expect(page.locator(f"#{plot} svg[role=img] polyline, #{plot} svg[role=img] circle").count() > 0, f"plot {plot}")
            opened.expect(page.locator(f"#{plot} svg:visible").bounding_box()["height"] > 100, f"plot {plot} has a size")


def sorting(opened):
    page = opened.page
    table = page.locator("#leaderboard-table")
    values = lambda: table.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => row.cells[3].dataset.v).map(Number)")
    button = table.locator("thead button", has_text="AvgAcc")
    heading = table.locator("thead th", has_text="AvgAcc")
    button.click()
    opened.expect(values() == sorted(values(), reverse=True), f"sorted, greatest first: {values()}")
    opened.expect(heading.get_attribute("aria-sort") == "descending", "says how it is sorted")
    button.focus()
    page.keyboard.press("Enter")
    opened.expect(values() == sorted(values()), "sorted by keyboard, least first")
    opened.expect(heading.get_attribute("aria-sort") == "ascending", "says how it is sorted now")
    rank = table.locator("thead button", has_text="rank")
    rank.click()
    last = table.locator("tbody tr").last.locator("td").nth(1).text_content()
    opened.expect(last == "-", f"what has no value comes last: {last}")


def filters(opened, name, kinds):
    page = opened.page
    rows = page.locator("#leaderboard-table tbody tr:visible")
    words = page.locator('[data-filters] input[type="search"]')
    words.fill(name)
    opened.expect(rows.count() == 1, f"one row is called {name}: {rows.count()}")
    opened.expect("1 of" in page.locator('[data-filters] output').text_content(), "says how many rows")
    words.fill("")
    for kind, count in kinds.items():
        page.locator("[data-filters] select").select_option(kind)
        opened.expect(rows.count() == count, f"{count} rows of kind {kind}: {rows.count()}")
    page.locator("[data-filters] select").select_option("")


def theme(opened):
    page = opened.page
    ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
    button = page.locator("#theme")
    before = ground()
    button.click()
    opened.expect(ground() == before, "light is what a light system has")
    button.focus()
    page.keyboard.press("Space")
    opened.expect(ground() != before and "dark" in button.text_content(), "dark is another ground")
    page.reload()
    opened.asked.pop()
    opened.expect(ground() != before, "the choice is remembered")
    page.locator("#theme").click()


def legend(opened):
    page = opened.page
    button = page.locator("#tradeoff .legend button").first
    button.click()
    opened.expect(button.get_attribute("aria-pressed") == "true", "the legend says what is chosen")
    opened.expect(page.locator("#tradeoff.focusing .series.focus").count() > 0, "the series comes forward")
    button.click()
    page.mouse.move(0, 0)
    opened.expect(page.locator("#tradeoff.focusing").count() == 0, "and goes back")


def explorer(opened):
    page = opened.page
    picks = page.locator(".picks button")
    count = lambda: page.locator("#explorer output").text_content()
    every = picks.count()
    opened.expect(every > 10, f"queries to choose from: {every}")
    picks.nth(1).focus()
    page.keyboard.press("Enter")
    chosen = picks.nth(1).locator("strong").text_content()
    opened.expect(page.locator(".query h3").text_content() == chosen, "the query that was chosen is shown")
    opened.expect(picks.nth(1).get_attribute("aria-current") == "true", "the list says which is shown")
    opened.expect(page.locator(".query table").count() == 2, "models and routers have a table each")
    for name in ("dataset", "right", "disagree"):
        field = page.locator(f'[data-query="{name}"]')
        field.select_option(index=1)
        opened.expect(0 < picks.count() < every, f"fewer by {name}: {count()}")
        field.select_option(index=0)
    page.locator('[data-query="text"]').fill(chosen)
    opened.expect(picks.count() >= 1, "found by its id")
    page.locator('[data-query="text"]').fill("no text of this page holds this")
    opened.expect(picks.count() == 0 and "No query" in page.locator(".query").text_content(), "says that there is none")
    page.locator('[data-query="text"]').fill("")


def keyboard(opened):
    """Tab alone reaches every kind of control, and what is reached can be seen."""
    page = opened.page
    page.keyboard.press("Tab")
    opened.expect(page.evaluate("document.activeElement.className") == "skip", "the first stop leads to the content")
    reached, unseen = set(), set()
    for _ in range(400):
        page.keyboard.press("Tab")
        what, seen = page.evaluate(
            """() => {
              const now = document.activeElement;
              const style = getComputedStyle(now);
              const kinds = { "#theme": "theme", "nav a": "navigation", "thead button": "sort", ".legend button": "legend",
                ".filters input": "filter", ".filters select": "choice", summary: "details", ".picks button": "pick",
                ".scroll": "region" };
              const kind = Object.keys(kinds).find((selector) => now.matches(selector));
              return [kind ? kinds[kind] : now.tagName, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
            }"""
        )
        reached.add(what)
        if not seen and what != "BODY":
            unseen.add(what)
        if "pick" in reached:
            break
    wanted = {"theme", "navigation", "sort", "legend", "filter", "choice", "details", "pick", "region"}
    opened.expect(wanted <= reached, f"not reached by Tab: {wanted - reached}")
    opened.expect(not unseen, f"focus cannot be seen on {unseen}")


def demo(browser, path):
    with Opened(browser, path) as opened:
        keyboard(opened)
    with Opened(browser, path) as opened:
        sorting(opened)
        filters(opened, "knn", {"control": 5, "router": 5})
        theme(opened)
        legend(opened)
        explorer(opened)
    with Opened(browser, path, script=False) as opened:
        page = opened.page
        opened.expect(page.locator("main > section:visible").count() == SECTIONS, "every section is there without script")
        opened.expect(page.locator("button:visible, input:visible, select:visible").count() == 0, "nothing is dead")
        opened.expect(page.locator("#leaderboard-table tbody tr:visible").count() == 10, "the leaderboard is whole")
    with Opened(browser, path) as opened:
        opened.page.emulate_media(media="print")
        opened.expect(not opened.page.locator("nav").is_visible(), "no navigation on paper")


def hostile(browser, path):
    with Opened(browser, path) as opened:
        page = opened.page
        opened.expect(page.evaluate("window.hacked === undefined"), "a stranger's script ran")
        opened.expect(page.locator("img, iframe, object").count() == 0, "a stranger's element is in the page")
        names = page.locator("#model-dataset tbody th").all_text_contents()
        opened.expect("<script>window.hacked = 1</script>" in names, f"names are shown as they are: {names}")
        explorer(opened)
        prompt = page.locator(".query .words").first.text_content()
        opened.expect("</script><script>window.hacked = 3</script>[U+2028]" in prompt, f"prompts too: {prompt}")
        opened.expect(page.evaluate("window.hacked === undefined"), "a stranger's script ran")


def main():
    chromium, out, demo_page, hostile_page = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        for path in (demo_page, hostile_page):
            looks(browser, path, out)
            structure(browser, path)
        demo(browser, demo_page)
        hostile(browser, hostile_page)
        browser.close()
    print("\n".join(failures))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
