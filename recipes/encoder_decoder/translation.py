"""Translation: a text in one language in, the same in another out.

    rnnkit train translation --out translator.keras
    rnnkit infer translator.keras "The little girl does not see the black cats."

Own data: a folder of parallel files (`train.en`, `train.fr`, `val.en`, ...; `--target de` chooses
among several languages), a pair of files (`--data a.en,a.fr`), a csv, tsv or jsonl file with two
columns of text, or any TFDS translation set (`--data ted_hrlr_translate/pt_to_en`).
"""

import rnnkit


class Translation(rnnkit.Recipe):
    # === Task ===

    name = "translation"
    title = "Translate sentences, with attention"
    pattern = "encoder_decoder"
    input = "text"
    output = "text"
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
        sources = data.train.map(lambda x, y: x)
        targets = data.train.map(lambda x, y: y)

        def subwords(*texts):
            feature = rnnkit.features.Subwords(
                vocabulary_size=vocabulary_size, model_type="bpe", max_length=max_length
            )
            return feature.adapt(list(texts))

        if shared_vocabulary:  # names and numbers are then the same pieces on both sides
            both = subwords(sources, targets)
            return both, both
        return subwords(sources), subwords(targets)

    # === Model ===

    def build(
        self,
        source,
        target,
        *,
        cell="gru",
        units=512,
        num_layers=1,
        decoder_layers=2,
        bidirectional=True,
        attention="additive",
        embedding_size=256,
        shared_embedding=True,
        tied_output=True,
        token_dropout=0.0,
        dropout=0.3,
        recurrent_dropout=0.0,
        label_smoothing=0.1,
        beam_size=5,
        length_penalty=1.0,
        learning_rate=2e-3,
        seed=None,
    ):
        model = rnnkit.models.EncoderDecoder(
            source,
            target,
            cell=cell,
            units=units,
            num_layers=num_layers,
            decoder_layers=decoder_layers,
            bidirectional=bidirectional,
            attention=attention,
            embedding_size=embedding_size,
            # Needs one vocabulary, see `features`.
            shared_embedding=shared_embedding and source.get_config() == target.get_config(),
            tied_output=tied_output,
            token_dropout=token_dropout,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            label_smoothing=label_smoothing,
            beam_size=beam_size,
            length_penalty=length_penalty,
            seed=seed,
            name=self.name,
        )
        # The average of the weights over about the last 500 steps translates better than any
        # of them.
        optimizer = rnnkit.training.AveragedAdam(learning_rate, ema_momentum=0.998, clipnorm=1.0)
        model.compile(optimizer=optimizer)
        return model

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
