"""DNA classification: of which class is a nucleotide sequence?

    rnnkit train dna_classification --out dna.keras
    rnnkit infer dna.keras CCAGCTGCATCACAGGAGGCCAGCGAGCAGGTCTGTTCC

Own data: a csv, tsv or jsonl file with the columns `sequence` and `label`, or a folder of splits.
Letters are those of IUPAC's code. With a column `fold`, `--fold 3` tests on that fold.
"""

import rnnkit


class DnaClassification(rnnkit.Recipe):
    """Nucleotides → label.

    Options:
        positions: For windows that were cut around a position, such as a splice site, each
            letter's distance from the middle helps. Set 0 where what matters may be anywhere.
        both_strands: For what can be read from either strand. Leave it off where the direction
            matters.
        dropout, output_dropout: A few thousand short sequences need much, a hundred little.
    """

    # === Task ===

    name = "dna_classification"
    title = "Tell the class of a nucleotide sequence"
    pattern = "many_to_one"
    input, output = "nucleotides", "label"
    cell = "gru"

    # === Data ===

    dataset = "rnnkit_motifs"
    card = "rnnkit.datasets.motifs"
    data_types = ("text", "label")
    columns = {
        "input": ("sequence", "dna", "rna", "seq", "nucleotides", "text", "input"),
        "target": ("label", "class", "kind", "category", "target"),
    }

    def features(
        self, data, *, both_strands=False, positions=4, max_length=2000, ordered=None,
        target_weights=None,
    ):  # fmt: skip
        sequence = rnnkit.features.Nucleotides(both_strands, positions, max_length)
        label = self.label_feature(data, ordered, target_weights)
        return self.adapt_features(data, sequence, label)

    # === Model ===

    model_class = "ManyToOne"
    defaults = {
        "units": 32, "bidirectional": True, "pooling": "mean_max", "filters": 64,
        "kernel_size": 9, "dropout": 0.3, "output_dropout": 0.5, "learning_rate": 3e-3,
    }  # fmt: skip
    unused = ("embedding_size", "bag_of_words", "token_dropout", "train_vectors", "vector_pull")
    # The average of the weights over about the last hundred steps generalises better.
    ema_momentum = 0.99

    # === Scores and training ===

    scores = ("accuracy", "f1", "mcc")
    training = {"epochs": 25, "batch_size": 32, "patience": 5, "monitor": "val_loss"}
    # A hundred sequences are but three batches an epoch: too few updates for much dropout.
    small = {
        "ensemble": 5, "units": 16, "filters": 32, "dropout": 0.1, "output_dropout": 0.3,
        "learning_rate": 1e-2, "epochs": 60, "batch_size": 8, "patience": 20,
    }  # fmt: skip

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["gru", "lstm"]),
            "units": hp.Int("units", 16, 64, step=16),
            "filters": hp.Choice("filters", [32, 64, 96]),
            "kernel_size": hp.Choice("kernel_size", [5, 7, 9, 11]),
            "dropout": hp.Float("dropout", 0.1, 0.5, step=0.1),
            "output_dropout": hp.Float("output_dropout", 0.2, 0.6, step=0.1),
            "learning_rate": hp.Float("learning_rate", 1e-3, 1e-2, sampling="log"),
        }
