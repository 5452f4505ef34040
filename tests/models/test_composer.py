"""Composer: music is learned, likelihoods are exact, pieces go on from their beginnings."""

import numpy as np
import pytest
import tensorflow as tf

import rnnkit
from rnnkit.features import Notes, PianoRoll, Style, Text
from rnnkit.features.music import Melody, Roll
from rnnkit.losses.keys import KeyNats, KeysAndEnd
from rnnkit.models import Composer

SCALE = ["C4", "D4", "E4", "F4", "G4", "A4", "B4", "C5"]
# Up the scale, or down; a chord after each other, or single keys.
STYLES = ["up", "down"] * 8
MELODIES = [" ".join(f"{n}:1" for n in notes) for notes in (SCALE, SCALE[::-1])] * 8
CHORDS = ["C4+E4+G4 F4+A4+C5 G4+B4+D5 C4+E4+G4", "C4 D4 E4 F4 G4 A4"] * 8


@pytest.fixture(scope="module")
def melodies():
    style, notes = Style().adapt(STYLES), Notes().adapt(MELODIES)
    model = Composer(style, notes, units=24, embedding_size=16, seed=1)
    model.compile(rnnkit.training.AveragedAdam(2e-2))
    model.fit(STYLES, MELODIES, epochs=25, batch_size=8, verbose=0)
    return model


@pytest.fixture(scope="module")
def chords():
    style, roll = Style().adapt(STYLES), PianoRoll(steps_per_beat=1).adapt(CHORDS)
    model = Composer(style, roll, units=24, embedding_size=16, seed=1)
    model.compile(rnnkit.training.AveragedAdam(2e-2))
    model.fit(STYLES, CHORDS, epochs=40, batch_size=8, verbose=0)
    return model


# === Melodies ===


@pytest.mark.slow
def test_melodies_of_styles(melodies, tmp_path):
    up, down = melodies.infer(["up", "down"], sample=False)
    assert [up, down] == MELODIES[:2]
    assert isinstance(up, Melody)
    one = melodies.infer("up", seed=3, details=True, save=tmp_path / "a.mid")
    assert one["text"] == melodies.infer("up", seed=3)
    assert Melody.load(tmp_path / "a.mid") == one["text"]
    more = melodies.infer("up", prompt="C4:1 D4:1", sample=False, save=tmp_path / "b.mid")
    assert more == Melody(" ".join(f"{n}:1" for n in SCALE[2:]))
    assert isinstance(more, Melody)
    assert Melody.load(tmp_path / "b.mid") == up
    melodies.infer(["up", "down"], sample=False, save=tmp_path / "c.mid")
    assert Melody.load(tmp_path / "c-2.mid") == down
    with pytest.raises(ValueError, match="melody 0: .*'H4:1' as note 1"):
        melodies.infer("up", prompt="H4:1")
    with pytest.raises(ValueError, match="must end in '.mid'"):
        melodies.infer("up", seed=1, save="a.wav")


@pytest.mark.slow
def test_scores_of_melodies(melodies):
    found = melodies.score(STYLES, MELODIES)
    assert list(found) == [
        "nats", "perplexity", "in_key", "pitch_distance", "duration_distance",
    ]  # fmt: skip
    assert found["nats"] < 0.2
    assert found["perplexity"] == pytest.approx(np.exp(found["nats"]))
    assert found["in_key"] > 0.9 and found["pitch_distance"] < 0.2
    assert found == melodies.score(STYLES, MELODIES)  # what is drawn has a seed
    # Of notes and of the ends, from Keras' own loss.
    loss = melodies.evaluate(STYLES, MELODIES, verbose=0)[0]
    assert found["nats"] == pytest.approx(loss, rel=1e-4)


# === Rolls ===


@pytest.mark.slow
def test_chords_of_styles(chords, tmp_path):
    found = chords.infer(["up", "down"], sample=False, save=tmp_path / "a.mid")
    assert found == CHORDS[:2]
    assert isinstance(found[0], Roll) and found[0].steps_per_beat == 1
    assert (tmp_path / "a-1.mid").is_file()
    assert chords.infer("up", seed=1) == chords.infer("up", seed=1)
    drawn = chords.infer(["up"] * 20, seed=1)
    # Chords are drawn as a whole: nearly all are those of training.
    steps = [step for piece in drawn for step in piece.split()]
    assert np.mean([step in CHORDS[0].split() for step in steps]) > 0.85
    assert chords.predict(["up"], sample=False, verbose=0).shape == (1, 4, 88)
    details = chords.infer("up", details=True, sample=False)
    assert details == {"finished": True, "text": CHORDS[0]}


@pytest.mark.slow
def test_a_roll_goes_on_from_its_beginning(chords, tmp_path):
    first, rest = CHORDS[0].split()[:2], CHORDS[0].split()[2:]
    begun = " ".join(first)
    found = chords.infer("up", prompt=begun, sample=False, save=tmp_path / "a.mid")
    assert found == " ".join(rest)
    assert Roll.load(tmp_path / "a.mid", 1) == CHORDS[0]
    both = chords.infer(["up", "down"], prompt=[begun, ""], sample=False)
    assert both == [found, CHORDS[1]]
    assert chords.infer("up", prompt=Roll(begun).array, sample=False) == found
    with pytest.raises(ValueError, match="2 prompts for 1 inputs"):
        chords.infer(["up"], prompt=[begun, begun])
    for bad in ({"top_k": 3}, {"beam_size": 2}):
        with pytest.raises(ValueError, match="take sample, temperature, seed and max_length"):
            chords.infer("up", **bad)
    with pytest.raises(ValueError, match="temperature must be positive"):
        chords.infer("up", temperature=0)


@pytest.mark.slow
def test_the_likelihood_of_a_step_is_exact(chords, monkeypatch):
    """Worked out step by step, key by key, from the network's own conditionals."""
    pieces = ["C4+E4+G4 F4 R G4+B4", "D4"]
    found = chords.log_likelihood(["up", "down"], pieces)
    for style, piece, value in zip(["up", "down"], pieces, found, strict=True):
        prepared = chords.prepare([style], [piece])
        (((source, before), target, *_),) = chords._batches(prepared, 1)
        logits = chords([source, before], training=False).numpy()[0, :, :-1]
        truth = target.numpy()[0, :, :-1]
        share = 1 / (1 + np.exp(-logits.astype("float64")))
        expected = np.log(np.where(truth == 1, share, 1 - share)).sum()
        assert value == pytest.approx(expected, rel=1e-4)
    # In chunks with the states carried on, and beside longer pieces, it is the same.
    monkeypatch.setattr("rnnkit.models.generating.key_decoding.CHUNK", 2)
    np.testing.assert_allclose(chords.log_likelihood(["up", "down"], pieces), found, rtol=1e-5)
    pairs = zip(["up", "down"], pieces, strict=True)
    single = [chords.log_likelihood([s], [p])[0] for s, p in pairs]
    np.testing.assert_allclose(single, found, rtol=1e-5)
    score = chords.score(["up", "down"], pieces)
    assert score["nats"] == pytest.approx(-found.sum() / 5)
    metric = chords.evaluate(["up", "down"], pieces, verbose=0, return_dict=True)["nats"]
    assert metric == pytest.approx(score["nats"], rel=1e-4)


def test_no_step_sees_its_own_keys_or_later_ones(chords):
    base = chords.prepare(["up"], ["C4+E4 D4 E4 F4"])
    other = chords.prepare(["up"], ["C4+E4 D4 E4 C4+F4"])  # a lower key of the last step
    logits = []
    for data in (base, other):
        (((source, before), *_),) = chords._batches(data, 1)
        logits.append(chords([source, before], training=False).numpy()[0])
    np.testing.assert_array_equal(logits[0][:3], logits[1][:3])
    # Keys are chosen from the highest down: those above the changed one know nothing of it.
    np.testing.assert_array_equal(logits[0][3, 39:88], logits[1][3, 39:88])
    assert (logits[0][3, :39] != logits[1][3, :39]).any()


@pytest.mark.slow
def test_long_pieces_are_learned_in_parts():
    pieces = ["C4 D4 E4 F4 " * 30, "C4 E4"]
    style, roll = Style().adapt(["a", "b"]), PianoRoll(transpose=1).adapt(pieces)
    model = Composer(style, roll, units=8, embedding_size=8, sequence_length=40, seed=1)
    data = model.prepare(["a", "b"], pieces)
    batches = list(model._batches(data, 8, shuffle=True, seed=1))
    (_, before), target, weight = batches[0]
    assert target.shape[1] == 40 and len(batches) == 1
    total = sum(float(tf.reduce_sum(weight)) for *_, weight in batches)
    assert total == 122
    history = model.fit(data, epochs=2, batch_size=8, verbose=0).history["loss"]
    assert np.isfinite(history).all()
    assert len(model.log_likelihood(data)) == 2  # whole
    assert before.shape[-1] == 177


def test_transposition_is_in_training_alone():
    style, roll = Style().adapt(["a"]), PianoRoll(transpose=5).adapt(["C4"])
    model = Composer(style, roll, units=4, embedding_size=4, seed=1)
    data = model.prepare(["a"] * 400, ["C4"] * 400)

    def keys(shuffle):
        batches = model._batches(data, 8, shuffle=shuffle, seed=3)
        return [np.argwhere(target.numpy()[:, 0, :88])[:, 1].tolist() for _, target in batches]

    assert keys(False) == [[39] * 8] * 50
    found = keys(True)
    assert {key for batch in found for key in batch} == set(range(34, 45))
    assert found == keys(True)  # one seed fixes it


# === Life ===


@pytest.mark.slow
def test_models_live_on_in_their_files(melodies, chords, tmp_path, fresh):
    for name, model in (("melodies", melodies), ("chords", chords)):
        path = str(tmp_path / f"{name}.keras")
        model.save(path)
        again = fresh.call("infer", path=path, x=["up", "down"], seed=4)
        assert again == model.infer(["up", "down"], seed=4)
        config = model.get_config()
        assert type(model).from_config(config).get_config() == config


def test_what_does_not_go_together():
    style, text = Style().adapt(STYLES), Text().adapt(["a b"])
    with pytest.raises(ValueError, match="must be of music: Notes or PianoRoll. Received: Text"):
        Composer(style, text)
    notes = Notes().adapt(MELODIES)
    with pytest.raises(ValueError, match="must be a style"):
        Composer(None, notes)
    with pytest.raises(ValueError, match="label_smoothing is for targets of tokens"):
        Composer(style, PianoRoll().adapt(CHORDS), label_smoothing=0.1)


# === Losses ===


def test_losses_by_hand():
    truth = [[[1, 0, 0], [0, 1, 1]], [[1, 1, 1], [-1, -1, -1]]]
    logits = np.log([[[3.0, 1.0, 1.0], [1.0, 3.0, 3.0]], [[1.0, 1.0, 1.0], [9.0, 9.0, 9.0]]])
    first, second = np.log(4 / 3) + 2 * np.log(2), np.log(2) + 2 * np.log(4 / 3)
    expected = (first + second + 3 * np.log(2)) / 3
    assert float(KeysAndEnd()(truth, logits)) == pytest.approx(expected, rel=1e-6)
    weighted = KeysAndEnd()(truth, logits, [[1.0, 0.0], [3.0, 5.0]])
    assert float(weighted) == pytest.approx((first + 9 * np.log(2)) / 4, rel=1e-6)
    keys = [np.log(4 / 3) + np.log(2), np.log(2) + np.log(4 / 3), 2 * np.log(2)]
    whole, parts = KeyNats(), KeyNats()
    whole.update_state(truth, logits)
    # However the batches are cut and padded.
    for row, length in ((0, 2), (1, 1)):
        parts.update_state([truth[row][:length]], logits[row : row + 1, :length])
    for metric in (whole, parts):
        assert float(metric.result()) == pytest.approx(np.mean(keys), rel=1e-6)
