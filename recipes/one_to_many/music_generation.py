"""Music generation: a march, a waltz, a chorale.

    rnnkit train music_generation --data midi_folder --out music.keras
    rnnkit infer music.keras march --set seed=1 --set save=march.mid

Own data: a folder of MIDI files, with a folder a style (`march/1.mid`) or not; a table with the
columns `path` and `style`, or with melodies written out (`melody`: "C4:1 D4:1/2 R:1/2") and their
`style`; for polyphonic music also an npz file of piano rolls (`train` `[steps, 88]` with
`train_offset`, ...). Files with one note at a time are learned note by note, others step by step,
over the 88 keys of a piano; `--target notes` or `--target roll` decides.

Scores: `nats` and `perplexity` are of the true music: a note (pitch and duration) of melodies, a
step (88 keys together) of polyphonic music. Of music generated for the same styles: the fraction of
notes in key, and how far its pitches and durations are from those of the training music.
"""

import rnnkit


class MusicGeneration(rnnkit.Recipe):
    """Style → music, note by note or step by step.

    Options:
        transpose: It makes more of little data; 0 where pieces are all in one key and shall stay
            there.
        units, dropout: With a few hundred pieces 256 and 0.3; more units and less dropout for
            thousands.
    """

    # === Task ===

    name = "music_generation"
    title = "Write music of a style"
    pattern = "one_to_many"
    input, output = "style", "music"
    cell = "lstm"

    # === Data ===

    dataset = "rnnkit_melodies"
    card = "rnnkit.datasets.melodies"
    data_types = ("style", "music")
    columns = {
        "input": ("style", "label", "genre", "class", "composer", "category"),
        "target": ("melody", "music", "notes", "path", "midi", "file", "filename"),
    }

    def features(self, data, *, transpose=5, steps_per_beat=12, max_length=None):
        if data.train.element_spec[1].dtype.name == "string":
            music = rnnkit.features.Notes(
                steps_per_beat=steps_per_beat, transpose=transpose, max_length=max_length
            )
        else:
            beat = data.info.get("steps_per_beat", 4)
            if steps_per_beat not in (12, beat):
                raise ValueError(
                    "steps_per_beat is the grid of melodies; these are piano rolls, whose steps "
                    f"are read as {beat} a beat. Leave it out, or give notes with target='notes'. "
                    f"Received: steps_per_beat={steps_per_beat!r}"
                )
            music = rnnkit.features.PianoRoll(
                steps_per_beat=beat,
                transpose=transpose,
                max_length=max_length,
            )
        return self.adapt_features(data, rnnkit.features.Style(), music)

    # === Model ===

    model_class = "Composer"
    defaults = {"dropout": 0.3, "learning_rate": 3e-3}
    # The average of the weights over the last steps does what a falling learning rate would
    # do, wherever training stops.
    ema_momentum = 0.995

    # === Scores and training ===

    scores = ("nats", "perplexity", "in_key", "pitch_distance", "duration_distance")
    training = {"epochs": 60, "batch_size": 16, "patience": 6, "monitor": "val_loss"}

    # === Search space ===

    def search_space(self, hp):
        return {
            "cell": hp.Choice("cell", ["lstm", "gru"]),
            "units": hp.Choice("units", [128, 256, 512]),
            "num_layers": hp.Int("num_layers", 1, 2),
            "dropout": hp.Float("dropout", 0.1, 0.5, step=0.1),
            "learning_rate": hp.Float("learning_rate", 1e-3, 4e-3, sampling="log"),
        }
