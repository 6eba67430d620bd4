"""How the year page looks, and the one thing it does by itself: its style, its colours, its script. No network.

Every pair of text and ground keeps WCAG's contrast of 4.5 at both colour schemes; the schedules' colours are Okabe and
Ito's eight (jfly.uni-koeln.de/color), which keep apart for the colour-blind. Nothing is said by colour alone.
"""

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")
ON_DARK = {"#0072B2", "#000000"}
"""White is legible on these and black on the others."""

LIGHT = {
    "paper": "#ffffff", "ink": "#111111", "faint": "#555555", "line": "#d0d0d0", "closed": "#e6e6e6",
    "partly": "#f4f4f4", "today": "#b00020",
}  # fmt: skip
DARK = {
    "paper": "#15181c", "ink": "#ececec", "faint": "#b6bbc2", "line": "#454b54", "closed": "#2c3138",
    "partly": "#20242a", "today": "#ff8a80",
}  # fmt: skip

_RULES = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem; color: var(--ink); background: var(--paper); }
nav { position: sticky; top: 0; padding: .5rem 0; background: var(--paper); display: flex; flex-wrap: wrap;
  gap: 1.2rem; }
a { color: inherit; }
.months { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(27rem, 100%), 1fr)); gap: 1.5rem;
  align-items: start; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
caption { font-weight: 600; text-align: left; padding: .25rem 0; }
th { font-weight: 400; color: var(--faint); text-align: left; font-size: .8rem; }
td { border: 1px solid var(--line); vertical-align: top; height: 3rem; padding: 1px 3px; font-size: .8rem;
  overflow-wrap: anywhere; scroll-margin-top: 4rem; }
td.none { border: 0; }
.closed { background: var(--closed); }
.partly { background: var(--partly); }
.skipped { background: repeating-linear-gradient(45deg, var(--paper) 0 4px, var(--line) 4px 8px); }
.skipped time { text-decoration: line-through; }
.why { display: block; color: var(--faint); font-size: .65rem; line-height: 1.15; hyphens: auto; }
[aria-current="date"] { outline: 3px solid var(--today); outline-offset: -2px; }
[aria-current="date"] > time::after { content: " today"; font-weight: 600; color: var(--today); }
.mark { display: inline-block; min-width: .9rem; padding: 0 1px; border-radius: 3px; border: 1px solid var(--line);
  line-height: .9rem; text-align: center; text-decoration: none; }
ul { list-style: none; padding: 0; margin: 0; }
td ul { font-size: .68rem; line-height: 1.3; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: .5rem 0; }
.key { padding: 0 .4rem; border: 1px solid var(--line); }
@page { size: A4 landscape; margin: 8mm; }
@media print {
  body { margin: 0; font-size: 10px; }
  nav, .beside { display: none; }
  .months { grid-template-columns: repeat(3, 1fr); gap: .6rem; }
  table { break-inside: avoid; }
  td { height: 1.6rem; }
  td, .mark, .key { print-color-adjust: exact; }
}
"""

SCRIPT = """
const now = new Date(), two = (number) => String(number).padStart(2, "0");
const today = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
const link = document.getElementById("today"), cell = document.getElementById(today);
for (const was of document.querySelectorAll('[aria-current="date"]')) was.removeAttribute("aria-current");
if (cell) cell.setAttribute("aria-current", "date");
link.href = "#" + today;
link.hidden = !cell;
"""
"""A page that was made yesterday marks today; without scripts, the day it was made."""


def style() -> str:
    """Both colour schemes; a print is light."""
    marks = "".join(
        f".c{number} {{ background: {colour}; color: {'#fff' if colour in ON_DARK else '#000'}; }}\n"
        for number, colour in enumerate(COLOURS)
    )
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {_root('dark', DARK)} }}\n"
    return f"{_root('light', LIGHT)}\n{dark}{_RULES}{marks}"


def _root(scheme: str, colours: dict[str, str]) -> str:
    said = " ".join(f"--{name}: {colour};" for name, colour in colours.items())
    return f":root {{ color-scheme: {scheme}; {said} }}"
