"""Boxes and arrows for `rnnkit.plots.unrolled`."""

# What a box is: fill, edge, line style, label in the legend. Fills are light, so that black text is
# read on them in print as well.
KINDS = {
    "input": ("#eceff0", "#5f6b6a", "-", "input"),
    "state": ("#d5e7f8", "#1d5fa3", "-", "recurrent state"),
    "fixed": ("#d5e7f8", "#1d5fa3", "--", "reservoir state (not trained)"),
    "plain": ("#ffffff", "#5f6b6a", "-", "layer without memory"),
    "attention": ("#e6d9f0", "#832db6", "-", "attention"),
    "memory": ("#f3edf7", "#832db6", "--", "what is attended to"),
    "output": ("#ffe9c2", "#8a5a00", "-", "output"),
}
ARROWS = {
    "up": ("#5f6b6a", "-", 1.1, None),
    "time": ("#1d5fa3", "-", 1.8, "to the next step"),
    "back": ("#bd1f01", "-", 1.8, "to the step before (read from the end)"),
    "again": ("#5f6b6a", ":", 1.3, "read again at every step"),
    "attend": ("#832db6", ":", 1.4, "looked at"),
    "feed": ("#8a5a00", "--", 1.3, "fed back"),
}
HEIGHT = 0.5


class Canvas:
    """Places boxes, and arrows between them, on Axes.

    Every box and arrow has its name as `gid`, an arrow's being `"from->to"`.

    Args:
        ax: Matplotlib Axes.
    """

    def __init__(self, ax):
        self.ax = ax
        self.boxes = {}  # x, y, width, height
        self.kinds, self.arrows, self.rows = {}, {}, {"left": [], "right": []}

    def box(self, name, x, y, text, kind, width=0.72):
        """A box; gives its name back."""
        from matplotlib.patches import FancyBboxPatch

        fill, edge, style, _ = KINDS[kind]
        rounding = 0.02 if kind in ("state", "fixed", "plain") else 0.16
        patch = FancyBboxPatch(
            (x - width / 2, y - HEIGHT / 2), width, HEIGHT, gid=name, facecolor=fill,
            boxstyle=f"round,pad=0,rounding_size={rounding}", edgecolor=edge, linestyle=style,
            linewidth=1.3, zorder=3,
        )  # fmt: skip
        self.ax.add_patch(patch)
        self.ax.text(x, y, text, ha="center", va="center", fontsize=9, zorder=4)
        self.boxes[name] = (x, y, width, HEIGHT)
        self.kinds.setdefault(kind, None)
        return name

    def dots(self, name, x, y):
        """Three dots for what is left out, to which arrows may go; gives the name back."""
        self.ax.text(x, y, "…", ha="center", va="center", fontsize=12, zorder=4, gid=name)
        self.boxes[name] = (x, y, 0.3, HEIGHT)
        return name

    def arrow(self, start, end, kind="up", bend=0.0):
        """An arrow between two boxes, from the sides that face each other."""
        from matplotlib.patches import FancyArrowPatch

        colour, style, width, _ = ARROWS[kind]
        first, last = self._sides(self.boxes[start], self.boxes[end])
        patch = FancyArrowPatch(
            first, last, arrowstyle="-|>", mutation_scale=9, color=colour, linestyle=style,
            linewidth=width, shrinkA=1, shrinkB=1, zorder=2, gid=f"{start}->{end}",
            connectionstyle=f"arc3,rad={bend}",
        )  # fmt: skip
        self.ax.add_patch(patch)
        self.arrows.setdefault(kind, None)

    @staticmethod
    def _sides(start, end):
        (x, y, wide, high), (u, v, broad, tall) = start, end
        if abs(y - v) < (high + tall) / 2 + 0.05:  # beside each other
            way = 1 if u > x else -1
            return (x + way * wide / 2, y), (u - way * broad / 2, v)
        way = 1 if v > y else -1
        # From a wide box straight up to a narrow one, and the other way round.
        from_x = min(max(u, x - wide / 2 + 0.1), x + wide / 2 - 0.1) if wide > 1 else x
        to_x = min(max(x, u - broad / 2 + 0.1), u + broad / 2 - 0.1) if broad > 1 else u
        return (from_x, y + way * high / 2), (to_x, v - way * tall / 2)

    def label(self, y, text, side="left"):
        """What a row is, on one of the sides."""
        self.rows[side].append((y, text))

    def finish(self, title):
        """Row labels, legend, limits."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        ax = self.ax
        boxes = list(self.boxes.values())
        left = min(x - wide / 2 for x, _, wide, _ in boxes)
        right = max(x + wide / 2 for x, _, wide, _ in boxes)
        low, high = min(y for _, y, _, _ in boxes), max(y for _, y, _, _ in boxes)
        room = {}
        for side, x, way in (("left", left, -1), ("right", right, 1)):
            for y, text in self.rows[side]:
                ax.text(
                    x + 0.25 * way, y, text, ha="right" if way < 0 else "left", va="center",
                    fontsize=8.5, color="#333333",
                )  # fmt: skip
            lines = [line for _, text in self.rows[side] for line in text.split("\n")]
            room[side] = 0.25 + 0.085 * max(map(len, lines), default=0)
        handles = [
            Patch(facecolor=KINDS[k][0], edgecolor=KINDS[k][1], linestyle=KINDS[k][2],
                  label=KINDS[k][3])
            for k in KINDS if k in self.kinds
        ] + [
            Line2D([], [], color=ARROWS[k][0], linestyle=ARROWS[k][1], lw=ARROWS[k][2],
                   label=ARROWS[k][3])
            for k in ARROWS if k in self.arrows and ARROWS[k][3]
        ]  # fmt: skip
        ax.legend(
            handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.01), fontsize=8,
            ncols=min(3, len(handles)), frameon=False,
        )  # fmt: skip
        ax.set_xlim(left - 0.1 - room["left"], right + 0.1 + room["right"])
        ax.set_ylim(low - 0.5, high + 0.55)
        ax.set_aspect("equal")
        ax.axis("off")
        ax.set_title(title, fontsize=10)
