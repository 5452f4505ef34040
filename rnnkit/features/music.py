"""Music that is text, and that can be saved, played and looked at: `Melody` and `Roll`."""

import base64
import html
import io
import os
import wave

import numpy as np

from rnnkit.formats import midi, notation
from rnnkit.utils.pictures import draw

RATE = 22_050  # samples a second
# Strength of a tone's harmonics, and how fast they fade, in 1 / seconds.
HARMONICS = (1.0, 0.5, 0.25, 0.12, 0.06)
FADING = 2.5


class Music(str):
    """The base of what music features decode to: a text with methods.

    A type of music defines `notes`.
    """

    tempo = 100.0  # beats a minute, where `save`, `audio` and `play` are not told another

    @property
    def notes(self):
        """The notes that sound: a list of `midi.Note` (start, end, pitch), in beats."""
        raise NotImplementedError(f"{type(self).__name__} must define notes")

    def save(self, path, tempo=None, velocity=80):
        """Writes the music to a MIDI file.

        Args:
            path: Path that ends in `.mid` or `.midi`.
            tempo: Beats a minute; by default the music's own, 100.
            velocity: How hard all keys are struck, 1 to 127.

        Raises:
            ValueError: For another ending, or a path that cannot be written to.
        """
        path = os.fspath(path)
        if not path.lower().endswith(midi.SUFFIXES):
            raise ValueError(f"path must end in '.mid' or '.midi'. Received: path={path!r}")
        midi.write_midi(self.notes, path, self.tempo if tempo is None else tempo, velocity)

    def audio(self, tempo=None, rate=RATE):
        """The sound: float32 `[samples]` from -1 to 1.

        Each note is a sum of harmonics that fade away, with a short attack and release.

        Args:
            tempo: Beats a minute; by default the music's own, 100.
            rate: Samples a second.
        """
        seconds = 60.0 / (self.tempo if tempo is None else tempo)
        notes = self.notes
        last = max((note.end for note in notes), default=0.0) * seconds
        sound = np.zeros(int((last + 0.3) * rate) + 1, "float32")
        for note in notes:
            tone = _tone(note.pitch, (note.end - note.start) * seconds, rate)
            start = int(note.start * seconds * rate)
            piece = sound[start : start + len(tone)]
            piece += tone[: len(piece)]
        loudest = float(np.abs(sound).max())
        return sound * np.float32(0.9 / loudest) if loudest else sound

    def wav(self, tempo=None, rate=RATE):
        """The sound as the bytes of a wav file of 16 bits; see `audio`."""
        samples = (self.audio(tempo, rate) * 32767).astype("<i2")
        kept = io.BytesIO()
        with wave.open(kept, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(rate)
            file.writeframes(samples.tobytes())
        return kept.getvalue()

    def plot(self, ax=None):
        """As a piano roll; see `rnnkit.plots.piano_roll`."""
        return draw("piano_roll", self, ax=ax)

    def _repr_html_(self):
        """A piano roll, and a player, for notebooks."""
        if not self.notes:
            return f"<p>{type(self).__name__} without notes</p>"
        sound = base64.b64encode(self.wav(rate=RATE // 2)).decode()
        return (
            f'<figure style="margin:0" title="{html.escape(self[:300], quote=True)}">{_svg(self)}'
            f'<audio controls src="data:audio/wav;base64,{sound}"></audio></figure>'
        )


class Melody(Music):
    """One note at a time, such as `"C4:1 D4:1/2 R:1/2"`; see `rnnkit.formats.notation`.

    Args:
        text: The notes; fractions are brought to their lowest terms, flats become sharps.

    Raises:
        ValueError: For what is no melody.

    Example:

    >>> melody = Melody("C4:1 Eb4:0.5")
    >>> melody, len(melody.notes)
    ('C4:1 D#4:1/2', 2)
    """

    def __new__(cls, text=""):
        return super().__new__(cls, notation.spell_melody(notation.parse_melody(str(text))))

    @classmethod
    def load(cls, path, steps_per_beat=12):
        """The melody of a MIDI file; see `rnnkit.formats.midi.read_midi` and `to_melody`."""
        score = midi.read_midi(path)
        found = cls(notation.spell_melody(midi.to_melody(score.notes, steps_per_beat)[0]))
        found.tempo = score.tempo
        return found

    @property
    def notes(self):
        return midi.of_melody(notation.parse_melody(str(self)))


class Roll(Music):
    """Several notes at a time, step by step, such as `"C3+G3+E4 C3+E4 R"`.

    Args:
        steps: The text, or an array `[steps, 88]`, above 0 where a key is down.
        steps_per_beat: Steps in a beat, of a quarter note.

    Raises:
        ValueError: For what are no steps of keys.

    Example:

    >>> roll = Roll("C4+E4 C4")
    >>> roll.array.shape, roll.notes[0]
    ((2, 88), Note(start=0.0, end=0.25, pitch=64))
    """

    def __new__(cls, steps="", steps_per_beat=4):
        if not isinstance(steps, str):
            rows = np.asarray(steps) > 0
            if rows.ndim != 2 or rows.shape[1] != notation.KEYS:
                raise ValueError(
                    f"steps must be a text or an array [steps, 88]. Received: shape {rows.shape}"
                )
            steps = notation.spell_steps(
                [(np.flatnonzero(row) + notation.LOWEST).tolist() for row in rows]
            )
        found = super().__new__(cls, notation.spell_steps(notation.parse_steps(str(steps))))
        found.steps_per_beat = steps_per_beat
        return found

    @classmethod
    def load(cls, path, steps_per_beat=4):
        """The steps of a MIDI file; see `rnnkit.formats.midi.read_midi` and `to_steps`."""
        score = midi.read_midi(path)
        found = cls(midi.to_steps(score.notes, steps_per_beat), steps_per_beat)
        found.tempo = score.tempo
        return found

    @property
    def array(self):
        """uint8 `[steps, 88]`, 1 where a key is down."""
        return rows(notation.parse_steps(str(self)))

    @property
    def notes(self):
        return midi.of_steps(self.array, self.steps_per_beat)


def rows(steps):
    """Lists of MIDI numbers as uint8 `[steps, 88]`."""
    found = np.zeros((len(steps), notation.KEYS), "uint8")
    for row, pitches in enumerate(steps):
        found[row, [pitch - notation.LOWEST for pitch in pitches]] = 1
    return found


def _tone(pitch, seconds, rate):
    """The sound of a note, float32 `[samples]`."""
    release = 0.1
    time = np.arange(max(1, int((seconds + release) * rate))) / rate
    frequency = 440.0 * 2.0 ** ((pitch - 69) / 12)
    sound = np.zeros(len(time))
    for number, strength in enumerate(HARMONICS, 1):
        if number * frequency < rate / 2:
            fading = np.exp(-FADING * number**0.5 * time)
            sound += strength * fading * np.sin(2 * np.pi * number * frequency * time)
    envelope = np.minimum(time / 0.01, 1.0) * np.clip((seconds + release - time) / release, 0, 1)
    return (sound * envelope).astype("float32")


def _svg(music, height=120):
    """A small piano roll as SVG."""
    notes = music.notes
    low, high = min(n.pitch for n in notes) - 1, max(n.pitch for n in notes) + 2
    last = max(note.end for note in notes)
    scale, row = max(2.0, min(24.0, 700 / last)), height / (high - low)
    marks = "".join(
        f'<rect x="{note.start * scale:.1f}" y="{(high - 1 - note.pitch) * row:.1f}" '
        f'width="{max(1.0, (note.end - note.start) * scale - 1):.1f}" height="{row:.1f}" '
        f'fill="#3f90da"><title>{notation.pitch_name(note.pitch)}</title></rect>'
        for note in notes
    )
    width = f"{last * scale:.0f}"
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'style="display:block;max-width:100%;background:#f4f4f4">{marks}</svg>'
    )
