"""Error against noise: the default recipes on their samples, made again with more or less noise.

    python -m tests.benchmarks.noise [morse] [letters] [--seed 1] [--plot noise.png]

Each recipe is trained once on its embedded sample as it is; then the test split is generated anew
at each level of noise, with the same texts and hands. Morse code: the signal-to-noise ratio of all
clips, in dB over the whole band. Letters: a factor on the unsteadiness of every hand.
"""

import shlex
import sys

import numpy as np
import tensorflow as tf

import recipes
from rnnkit import plots
from rnnkit.datasets import letters, morse
from tests.benchmarks import ledger
from tests.benchmarks._table import header, row
from tests.benchmarks.spoken_digits import arguments, measure

SAMPLES = {
    "morse": ("speech_to_text", "signal-to-noise ratio (dB)", (-12, -9, -6, -3, 0, 3, 6, 12, 20)),
    "letters": ("handwriting", "unsteadiness", (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)),
}


def errors(model, sample, levels, split="test"):
    """Scores of a model at each level of noise, a list of dicts."""
    found = []
    for level in levels:
        if sample == "morse":
            inputs, texts = zip(*morse.generate(split, snr=level), strict=True)
            inputs = tf.constant(inputs)
        else:
            inputs, texts = zip(*letters.generate(split, noise=level), strict=True)
            inputs = tf.RaggedTensor.from_row_lengths(
                np.concatenate(inputs), list(map(len, inputs))
            )
        found.append(model.score(inputs, tf.constant(texts)))
    return found


def main():
    parser = arguments(__doc__)
    parser.add_argument("samples", nargs="*", default=list(SAMPLES))
    parser.add_argument("--plot", metavar="FILE", help="where to draw the errors")
    options = parser.parse_args()
    book = ledger.Book(options.record)
    print("python -m tests.benchmarks.noise", shlex.join(sys.argv[1:]))
    drawn = {}
    for sample in options.samples:
        name, what, levels = SAMPLES[sample]
        recipe = recipes.get(name)
        model = measure(recipe, recipe.data(), options, sample)
        header(what, "character error", "word error", "")
        found = errors(model, sample, levels)
        for level, scores in zip(levels, found, strict=True):
            book.add(f"{sample}, {what} {level:g}: cer", scores["cer"], form=".4f")
            row(f"{level:g}", f"{100 * scores['cer']:.2f} %", f"{100 * scores['wer']:.2f} %", "")
        drawn[sample] = [scores["cer"] for scores in found]
    if options.plot:
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(1, len(drawn), figsize=(5 * len(drawn), 3.5), squeeze=False)
        for ax, (sample, values) in zip(axes[0], drawn.items(), strict=True):
            _, what, levels = SAMPLES[sample]
            plots.error_against_noise(levels, values, ax=ax, level=what)
            ax.set_title(sample)
        figure.savefig(options.plot, bbox_inches="tight")


if __name__ == "__main__":
    main()
