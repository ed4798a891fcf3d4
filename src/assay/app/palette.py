"""Colours of figures, for light and dark pages; the same that the style sheet uses."""

from __future__ import annotations

from dataclasses import dataclass

# Cividis in eleven steps. Source: Nunez, Anderton and Renslow, PLoS ONE 13 (2018) e0199239.
CIVIDIS = ("#00224e", "#0b306d", "#2f406c", "#46506b", "#5a606e", "#6c7073", "#808178", "#969276", "#aea56f",
           "#c6b864", "#fee838")
# Distinguishable with any colour vision, and on white as on black. Source: after Okabe and Ito (2002).
SERIES = ("#2f7fc1", "#e08a1e", "#2a9d78", "#c86aa5", "#8a6fd1", "#c9503c", "#5aa9d6", "#9a8f2c",
          "#7a5c3e", "#d4739a", "#4f7f8c", "#7d9a3c")


@dataclass(frozen=True)
class Theme:
    """Colours of one figure."""

    ink: str
    muted: str
    rule: str
    surface: str


LIGHT = Theme("#17202c", "#5b6675", "#e4e8ee", "#ffffff")
DARK = Theme("#e8edf4", "#97a3b4", "#2a3442", "#161d27")


def theme(dark: bool) -> Theme:
    """Return the colours for a dark or a light page."""
    return DARK if dark else LIGHT
