"""The contrast of text with what is behind it, computed in the browser by the formula of WCAG 2."""

from playwright.sync_api import Page

LEAST = 4.5

_SCRIPT = """([root, least]) => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * x + .7152 * y + .0722 * z;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelector(root).querySelectorAll('*')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility({visibilityProperty: true}) || element.closest('[aria-hidden=true], .unseen')) continue;
    const style = getComputedStyle(element), colour = element.closest('svg') ? style.fill : style.color;
    const pair = [light(numbers(colour)), light(behind(element))].sort((a, b) => a - b);
    const ratio = (pair[1] + .05) / (pair[0] + .05);
    if (ratio < least) faint.push(`${element.tagName}.${element.className}: ${element.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return faint;
}"""


def faint(page: Page, root: str) -> list[str]:
    """Every visible text under an element whose contrast is below 4.5."""
    return page.evaluate(_SCRIPT, [root, LEAST])
