"""What do tests look at on a page, whichever it is? Whether everybody can use it, and how it looks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
"""Which git ignores."""
WIDE: ViewportSize = {"width": 1440, "height": 1000}
NARROW: ViewportSize = {"width": 420, "height": 900}
AXE = Path(__file__).parent / "vendor" / "axe.min.js"

_SERIOUS = """async () => {
  const rows = "tbody tr:nth-child(n + 9)"; // they are like the eight before
  const asked = { resultTypes: ["violations"], selectors: false, preload: false };
  const found = await axe.run({ include: ["html"], exclude: [rows] }, asked);
  return found.violations
    .filter((rule) => rule.impact === "serious" || rule.impact === "critical")
    .map(({ id, help, nodes }) => [id, help, ...nodes.slice(0, 3).map(({ html }) => html.slice(0, 160))].join(" | "));
}"""

_CONTROLS = """() => {
  const shown = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.disabled;
  const tree = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  return [...document.querySelectorAll(tree)].filter((node) => shown(node) && node.tabIndex >= 0).map(named);
}"""
_NAMED = """
  window.named = (node) => {
    if (!node || node === document.body) return "";
    const place = [...document.querySelectorAll(node.tagName)].indexOf(node);
    return `${node.tagName.toLowerCase()}#${place} ${(node.textContent || node.name || "").trim().slice(0, 30)}`;
  };
"""
_FOCUSED = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  return [named(node), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
}"""


def barriers(page: Page) -> list[str]:
    """What axe-core finds on the page that is serious or critical for people with disabilities."""
    if not AXE.exists():
        raise FileNotFoundError(f"{AXE} is missing: 'python3 tasks.py check' installs it with the package.")
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(_SERIOUS)
    return found


def shot(page: Page, name: str) -> None:
    """Keep how the page looks, from its top to its bottom, as ``screenshots/<name>.png``."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def is_wider_than_the_window(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    wider: bool = page.evaluate("() => document.documentElement.scrollWidth > window.innerWidth")
    return wider


def controls(page: Page) -> list[str]:
    """What can be used on the page, in the order in which it stands there."""
    page.evaluate(f"() => {{ {_NAMED} }}")
    found: list[str] = page.evaluate(_CONTROLS)
    return found


def tabbed(page: Page) -> tuple[list[str], list[str]]:
    """What Tab comes to from the top of the page on, and what of that does not show that it has the focus."""
    page.evaluate(f"() => {{ {_NAMED} document.activeElement.blur(); }}")
    reached: list[str] = []
    unmarked: list[str] = []
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        found: list[Any] = page.evaluate(_FOCUSED)
        name, is_marked = found
        if not name or name in reached[:1]:
            return reached, unmarked
        reached.append(name)
        if not is_marked:
            unmarked.append(name)
    raise AssertionError(f"Tab does not come to an end: {reached[-5:]}")


_MOST_TABS = 400
