"""What a page is asked about its looks; each is an expression that a browser evaluates to a list of what is wrong."""

# Elements beyond the window's right edge, but for what scrolls by itself.
OVERFLOW = """
(() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const out = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > width + 1
    && !element.closest(".scroll, nav ul, pre, svg"));
  return out.slice(0, 5).map((element) => element.outerHTML.slice(0, 120));
})()
"""

# Headings that skip a level.
HEADINGS = """
(() => {
  let last = 0;
  const wrong = [];
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const level = Number(heading.tagName[1]);
    if (level > last + 1) wrong.push(heading.textContent);
    last = level;
  }
  return wrong;
})()
"""

# Controls without a label, images without a name, regions and tables that do not say what they are.
NAMES = """
(() => {
  const named = (element) => {
    const by = (element.getAttribute("aria-labelledby") || "").split(" ").filter(Boolean).map((id) => document.getElementById(id));
    if (by.length) return by.every((label) => label && label.textContent.trim());
    return Boolean((element.getAttribute("aria-label") || "").trim() || [...(element.labels || [])].some((label) => label.textContent.trim())
      || (element.matches("button, a, summary") && element.textContent.trim()));
  };
  const all = document.querySelectorAll("input, select, button, a, summary, [role=img], [role=region], [role=group], table, nav, section");
  return [...all].filter((element) => !named(element)).map((element) => element.outerHTML.slice(0, 120));
})()
"""

# Visible texts whose contrast with what is behind them is below 4.5, or 3 for large ones.
CONTRAST = """
(() => {
  const parse = (colour) => { const found = colour.match(/[\\d.]+/g).map(Number); return [found[0], found[1], found[2], found[3] === undefined ? 1 : found[3]]; };
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] === 1) return colour;
    }
    return [255, 255, 255, 1];
  };
  const wrong = [];
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility() || element.closest("script, style, noscript")) continue;
    const words = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
    if (!words) continue;
    const style = getComputedStyle(element);
    const drawn = element.namespaceURI.endsWith("svg");
    const ink = parse(drawn ? style.fill : style.color);
    const [a, b] = [light(ink), light(behind(element))].sort((one, other) => other - one);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) wrong.push(ratio.toFixed(2) + " " + element.outerHTML.slice(0, 100));
  }
  return wrong;
})()
"""
