"""Clips of two shapes that rest, move, turn and collide, with what happens in every frame.

Only NumPy is needed, so that the card can be printed without TensorFlow.
"""

import random
from collections.abc import Iterator

import numpy as np

from rnnkit.datasets.samples import generator

SIZES = {"train": 1000, "validation": 150, "test": 250}
LABELS = ("collide", "move", "rest", "turn")
SIDE = 16
# Where the middles of the shapes may be, in pixels.
NEAR, FAR = 2.0, SIDE - 3.0
SHORTEST, LONGEST = 20, 40

CARD = """\
# rnnkit_motions

Grey clips of two shapes, discs or squares, with a label on every frame that says what happens:
1,000 to train, 150 to validate, 250 to test. All of it is synthetic: rendered offline, 20 to 40
frames of 16 x 16 pixels each, 30 on average.

**Labels.** They compare a frame with those before it:

| label | what happens |
| --- | --- |
| `rest` | nothing moves |
| `move` | one shape moves on in a straight line |
| `turn` | one shape moves on, its direction changing by 20 to 40 degrees a frame, to one side |
| `collide` | the moving shape has just hit the other: this frame and the one after it |

A collision stops the shape that moved and sends the other on, in the direction of the push. A clip
is a chain of such acts, three to nine frames each (a rest two to seven); the shape of an act may be
the other one than that of the act before.

**Pictures.** Shapes have a radius of 1.3 to 2 pixels, grey values that differ from clip to clip,
edges that are smooth to a fraction of a pixel, and go 0.9 to 1.4 pixels a frame. Noise has a
deviation of 2 to 5 % of black to white.

**What memory is worth.** The recipe `video_labeling`, 20 epochs, seed 1, on the frames of the test
clips, one run each. `lstm` also reads each frame's change since the one before; `dense` knows each
frame alone, so the margin is that of both kinds of memory together. The most frequent label alone
is right on 0.378:

| cell | accuracy | macro F1 |
| --- | --- | --- |
| `lstm`, both directions | 0.759 | 0.806 |
| `dense` | 0.415 | 0.343 |

**Limits.** Two shapes on an even ground, one of them moving at a time. A score here shows that a
model sees motion, not that it understands your films.
"""


# === Scenes ===


class _Scene:
    """Two shapes, and the acts they go through."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.radii = [rng.uniform(1.3, 2.0) for _ in range(2)]
        self.speed = rng.uniform(0.9, 1.4)
        self.places = [np.zeros(2), np.zeros(2)]
        while self._apart(self.places) < 1.5:
            self.places = [np.array([rng.uniform(NEAR, FAR) for _ in "xy"]) for _ in range(2)]
        self.frames: list[list[np.ndarray]] = []
        self.labels: list[str] = []

    def _apart(self, places) -> float:
        """Free space between the shapes, in pixels."""
        return float(np.linalg.norm(places[0] - places[1]) - sum(self.radii))

    def _show(self, label: str, places=None):
        self.places = self.places if places is None else places
        self.frames.append(list(self.places))
        self.labels.append(label)

    def act(self):
        """Adds the frames of one act."""
        acts = ["rest", "move", "turn", "collide"]
        name = self.rng.choices(acts, weights=[3, 3, 4, 5])[0]
        who = self.rng.randrange(2)
        if name == "rest":
            for _ in range(self.rng.randint(2, 7)):
                self._show("rest")
        elif name == "collide":
            self._collide(who)
        else:
            for _ in range(20):  # another direction, where the way is not free
                path = self._path(who, name == "turn")
                if path is not None:
                    for place in path:
                        self._show(name, self._with(who, place))
                    break

    def _with(self, who, place):
        return [place if index == who else other for index, other in enumerate(self.places)]

    def _path(self, who, turning):
        """Places of a shape on a free way, or None."""
        heading, bend = self.rng.uniform(0, 2 * np.pi), 0.0
        if turning:
            bend = np.deg2rad(self.rng.uniform(20, 40)) * self.rng.choice((-1, 1))
        place, path = self.places[who], []
        for _ in range(self.rng.randint(3, 9)):
            heading += bend
            place = place + self.speed * np.array([np.cos(heading), np.sin(heading)])
            if not self._free(who, place):
                return None
            path.append(place)
        return path

    def _free(self, who, place):
        inside = bool(((place >= NEAR) & (place <= FAR)).all())
        return inside and self._apart(self._with(who, place)) >= 0.2

    def _collide(self, who):
        """One shape goes straight to the other, which moves on where it is pushed."""
        way = self.places[1 - who] - self.places[who]
        gap, way = self._apart(self.places), way / np.linalg.norm(way)
        steps = int(np.ceil(gap / self.speed - 1e-9))
        after = []
        place = self.places[1 - who]
        for _ in range(self.rng.randint(3, 6)):
            place = place + self.speed * way
            if not ((place >= NEAR) & (place <= FAR)).all():
                break
            after.append(place)
        if not 2 <= steps <= 8 or len(after) < 2:
            return
        for _ in range(1, steps):
            self._show("move", self._with(who, self.places[who] + self.speed * way))
        touching = self.places[1 - who] - sum(self.radii) * way
        self._show("collide", self._with(who, touching))
        for index, place in enumerate(after):
            self._show("collide" if index == 0 else "move", self._with(1 - who, place))


def draw(seed: int, noise: float = 1.0) -> tuple[np.ndarray, tuple[str, ...]]:
    """A clip and the labels of its frames.

    Args:
        seed: Of everything sampled at random.
        noise: Factor on the deviation of the noise.

    Returns:
        uint8 `[frames, 16, 16, 1]`, and a label for each frame.

    Example:
        >>> frames, labels = draw(seed=1)
        >>> len(frames) == len(labels)
        True
    """
    rng = random.Random(f"rnnkit_motions/clip/{seed}")
    scene = _Scene(rng)
    length = rng.randint(SHORTEST, LONGEST)
    while len(scene.frames) < length:
        scene.act()
    greys = [rng.uniform(0.5, 1.0) for _ in range(2)]
    square = [rng.random() < 0.5 for _ in range(2)]
    ground = rng.uniform(0.0, 0.2)
    places = np.array(scene.frames[:length])  # [frames, shapes, 2]
    pixels = np.stack(np.mgrid[:SIDE, :SIDE][::-1], axis=-1)  # [y, x, 2]
    picture = np.full((length, SIDE, SIDE), ground)
    for index in range(2):
        gaps = np.abs(pixels - places[:, None, None, index])  # [frames, y, x, 2]
        gap = gaps.max(axis=-1) / 0.9 if square[index] else np.linalg.norm(gaps, axis=-1)
        cover = np.clip(scene.radii[index] + 0.5 - gap, 0, 1)
        picture += cover * (greys[index] - picture)
    normal = np.random.RandomState(rng.getrandbits(32)).standard_normal(picture.shape)
    picture += noise * rng.uniform(0.02, 0.05) * normal
    frames = np.clip(np.round(255 * picture), 0, 255).astype("uint8")[..., None]
    return frames, tuple(scene.labels[:length])


# === Examples ===


@generator
def generate(
    split: str, noise: float = 1.0, seed: int = 0
) -> Iterator[tuple[np.ndarray, tuple[str, ...]]]:
    """Yields the clips of one split.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        noise: Factor on the deviation of the noise; what happens stays the same.
        seed: Any integer; the same seed gives the same clips.

    Yields:
        `(frames, labels)`: see `draw`.

    Raises:
        ValueError: If `split` is none of the three, or `noise` is negative.
    """
    rng = random.Random(f"rnnkit_motions/{seed}/{split}")
    for _ in range(SIZES[split]):
        yield draw(rng.getrandbits(48), noise)
