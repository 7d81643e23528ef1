"""Whose voice speaks which language.

Polly's standard voices, which every account has; a region without one of its own gets that of the
language. `alice`, Twilio's own, is not used: it knows fewer regions and reads amounts badly.
"""

from __future__ import annotations

from typing import NamedTuple

from ml_connector.domain.voice_script import language_of


class Voice(NamedTuple):
    """A voice, and the language it is told to speak: the two have to fit."""

    name: str
    language: str


#: The first of each language stands for its other regions.
VOICES = (
    Voice("Polly.Joanna", "en-US"),
    Voice("Polly.Amy", "en-GB"),
    Voice("Polly.Nicole", "en-AU"),
    Voice("Polly.Raveena", "en-IN"),
    Voice("Polly.Mia", "es-MX"),
    Voice("Polly.Conchita", "es-ES"),
    Voice("Polly.Penelope", "es-US"),
)


def voice_of(tag: str) -> Voice:
    """The voice for an IETF tag; for a language calls are not spoken in, the fallback's."""
    wanted = language_of(tag).lower()
    exact = [voice for voice in VOICES if voice.language.lower() == wanted]
    alike = [voice for voice in VOICES if voice.language.partition("-")[0] == wanted[:2]]
    return (exact or alike)[0]
