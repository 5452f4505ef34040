"""Text generation: how does a text go on?

    rnnkit train text_generation --data play.txt --out play.keras
    rnnkit infer play.keras "ROMEO:" --set temperature=0.8

Own data: a text file, which is split in order (the first 85 % of the characters to train, 5 % to
validate, the last 10 % to test); a folder of text files, or with `train.txt`, `validation.txt` and
`test.txt`; a table with the column `text`.

The learning rate falls to 0 at the last epoch, so that a shorter training is one of its own and not
the beginning of a longer one: say with `epochs` how many there is time for.

Scores are of the text alone: `nats` and `bits` a character, `perplexity` a token.
"""

import rnnkit


class TextGeneration(rnnkit.Recipe):
    """Text → how it goes on: a language model.

    Options:
        level: `"character"` spells, and keeps every space and line break. `"word"` and `"subword"`
            take larger steps and so look further back, but need more text, and write line breaks
            as spaces.
        min_count: No effect with `level="subword"`.
        units: A million characters can feed 512; more text is worth more units or `num_layers=2`.
        dropout: More where the text is short, 0 for tens of millions of characters.
        sequence_length: States are carried on beyond it, but for one chunk in ten, which begins
            anew, so that the network knows how to begin. Short chunks are more updates in the same
            time.
        cache_size: Names and words that training did not have become likely once they have
            occurred.
    """

    # === Task ===

    name = "text_generation"
    title = "Go on with a text"
    pattern = "one_to_many"
    input, output = "prompt", "text"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_stories"
    card = "rnnkit.datasets.stories"
    data_types = (None, "text")
    columns = {
        "input": (),
        "target": ("text", "content", "story", "document", "sentence"),
    }

    def features(
        self, data, *, level="character", vocabulary_size=10_000, min_count=1, vectors=None
    ):
        if level == "subword":
            if vectors is not None:
                raise ValueError(
                    "vectors are those of words: they need level='word'. Received: level='subword'"
                )
            text = rnnkit.features.Subwords(vocabulary_size=vocabulary_size, model_type="bpe")
            # Pieces are learned from lines: a book is no sentence.
            lines = [line for each in data.train.as_numpy_iterator() for line in each.split(b"\n")]
            text.adapt(lines)
        else:
            text = rnnkit.features.Text(
                level=level,
                vocabulary_size=vocabulary_size,
                min_count=min_count,
                standardize="none" if level == "character" else "split_punctuation",
                vectors=vectors,
                vector_words=0,
            )
            text.adapt(data.train)
        return None, text

    # === Model ===

    model_class = "LanguageModel"
    defaults = {"sequence_length": 50, "cache_size": 2000, "dropout": 0.3, "learning_rate": 5e-3}
    # The average of the weights over the last few hundred steps, beside a rate that falls.
    ema_momentum = 0.998

    without = {"dense": ("cache_size", "cache_weight", "cache_scale")}  # it has no memory

    def build(self, prompt, text, **options):
        if options["cell"] == "dense":  # that one is to have no memory
            options["cache_size"] = 0
        return super().build(prompt, text, **options)

    # === Scores and training ===

    scores = ("nats", "bits", "perplexity")
    training = {
        "epochs": 8,
        "batch_size": 32,
        "patience": 3,
        "monitor": "val_loss",
        "warmup": 200,
    }

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Choice("units", [256, 512]),
            "num_layers": hp.Int("num_layers", 1, 2),
            "dropout": hp.Float("dropout", 0.0, 0.5, step=0.1),
            "learning_rate": hp.Float("learning_rate", 2e-3, 1e-2, sampling="log"),
        }
