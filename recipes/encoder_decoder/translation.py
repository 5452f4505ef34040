"""Translation: a text in one language in, the same in another out.

    rnnkit train translation --out translator.keras
    rnnkit infer translator.keras "The little girl does not see the black cats."

Own data: a folder of parallel files (`train.en`, `train.fr`, `val.en`, ...; `--target de` chooses
among several languages), a pair of files (`--data a.en,a.fr`), a csv, tsv or jsonl file with two
columns of text, or any TFDS translation set (`--data ted_hrlr_translate/pt_to_en`).
"""

import rnnkit


class Translation(rnnkit.Recipe):
    """Text → text, through an encoder and a decoder with attention.

    Options:
        shared_vocabulary: Whether both languages have one vocabulary: names and numbers are then
            the same pieces on both sides.
    """

    # === Task ===

    name = "translation"
    title = "Translate sentences, with attention"
    pattern = "encoder_decoder"
    input, output = "text", "text"
    cell = "gru"

    # === Data ===

    dataset = "rnnkit_phrases"
    card = "rnnkit.datasets.phrases"
    data_types = ("text", "text")
    columns = {
        "input": ("source", "en", "english", "input", "src"),
        "target": ("target", "fr", "french", "output", "tgt", "translation"),
    }

    def features(self, data, *, vocabulary_size=8000, max_length=128, shared_vocabulary=True):
        def subwords():
            return rnnkit.features.Subwords(
                vocabulary_size=vocabulary_size, model_type="bpe", max_length=max_length
            )

        source = subwords()
        return self.adapt_features(data, source, source if shared_vocabulary else subwords())

    # === Model ===

    model_class = "EncoderDecoder"
    defaults = {"dropout": 0.3, "label_smoothing": 0.1, "learning_rate": 2e-3}
    unused = ("train_vectors", "vector_pull")
    # The average of the weights over about the last 500 steps translates better than any.
    ema_momentum = 0.998

    def build(self, source, target, *, shared_embedding=True, **options):
        # One embedding needs one vocabulary, see `features`.
        shared_embedding = shared_embedding and source.get_config() == target.get_config()
        return super().build(source, target, shared_embedding=shared_embedding, **options)

    # === Scores and training ===

    scores = ("bleu", "chrf", "exact_match")
    training = {"epochs": 11, "batch_size": 64, "warmup": 400, "patience": 3, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["gru", "lstm"]),
            "units": hp.Choice("units", [256, 512]),
            "attention": hp.Choice("attention", ["additive", "multiplicative"]),
            "dropout": hp.Float("dropout", 0.1, 0.5, step=0.1),
            "token_dropout": hp.Choice("token_dropout", [0.0, 0.1]),
            "learning_rate": hp.Float("learning_rate", 5e-4, 4e-3, sampling="log"),
        }
