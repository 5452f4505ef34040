"""The feature for two classes of which one, rare, is to be found."""

import collections

import keras
import numpy as np
import tensorflow as tf

from rnnkit.features.label import Label
from rnnkit.utils.checks import number


@keras.saving.register_keras_serializable(package="rnnkit")
class Detection(Label):
    """Two classes, one of which is to be detected, with the threshold from which on it is.

    The class to be found (the positive one) is the second of `classes`, so that its probability is
    the second column of outputs. After training with validation data `calibrate` chooses the
    threshold there; it is saved with the model, and `decode` goes by it.

    Args:
        positive: The class to be found; by default `adapt` takes the rarer one.
        choose: How the threshold is chosen: `"f1"` for the highest F1 on validation data, or the
            rate of false alarms that is wanted, such as 0.01: at most this part of the negative
            examples is reported. None leaves it as it is.
        threshold: Probability of the positive class from which on it is reported.
        fractions: Learned: the fraction of training that each of `classes` makes up.
        classes, data_type: As in `Label`; the positive class is moved to the end.

    Raises:
        ValueError: For other than two classes, and from `adapt` where training has one alone.

    Example:

    >>> label = Detection().adapt(["ok", "fraud", "ok"])
    >>> label.names
    ['ok', 'fraud']
    >>> label.threshold = 0.2
    >>> label.decode(np.array([[0.7, 0.3]]))[0]["label"]
    'fraud'
    """

    calibrates = True
    entries = ()  # there are two classes
    learned = ("classes", "data_type", "positive", "threshold", "fractions")
    adjustable = ("choose",)

    def __init__(
        self,
        positive=None,
        choose="f1",
        threshold=0.5,
        fractions=None,
        classes=None,
        data_type=None,
    ):
        rate = isinstance(choose, (int, float)) and not isinstance(choose, bool)
        if not (choose is None or choose == "f1" or (rate and 0 < choose < 1)):
            raise ValueError(
                "choose must be 'f1', a rate of false alarms between 0 and 1, or None. "
                f"Received: choose={choose!r}"
            )
        self.positive = positive
        self.choose = choose
        self.threshold = number(threshold, "threshold", least=0, most=1)
        self.fractions = None if fractions is None else [float(each) for each in fractions]
        super().__init__(classes, data_type)

    def _set(self, classes):
        if len(classes) > 2:
            raise ValueError(
                "A detection tells one class from one other. "
                f"Received: {len(classes)} classes, {classes[:10]}"
            )
        if self.positive is not None:
            chosen = [str(name) == str(self.positive) for name in classes]
            if len(classes) == 2 and not any(chosen):
                raise ValueError(
                    f"positive must be one of the classes {classes}. "
                    f"Received: positive={self.positive!r}"
                )
            classes = [name for _, name in sorted(zip(chosen, classes, strict=True))]
        super()._set(classes)

    def adapt(self, data):
        """Learns the two classes and how often each occurs."""
        counts = collections.Counter()
        for values in self.batches(data):
            counts.update(values.numpy().astype(object).tolist())
        counts = {name.decode("utf-8", "replace"): count for name, count in counts.items()}
        given, self.positive = self.positive, None
        super().adapt(data)
        self.positive = given
        if given is None:
            given = min(reversed(self.names), key=counts.get)
        self.positive = str(given)
        self._set(self.names)
        total = sum(counts.values())
        self.fractions = [counts[name] / total for name in self.names]
        return self

    def weights(self, balance=1.0):
        """Weights of the classes in a loss: how rare each is, to the power of `balance`.

        (1 / (2 s)) ** balance, where the class makes up the fraction s of the training examples;
        scaled so that their mean over these is 1. With 1 both classes count the same in all, with
        0 each example does.
        """
        fractions = np.array(self.fractions, "float64")
        weights = (1 / (2 * fractions)) ** balance
        return (weights / (weights * fractions).sum()).tolist()

    def calibrate(self, truth, outputs):
        """Chooses the threshold on validation data, as `choose` says.

        Args:
            truth: Class indices `[examples]`.
            outputs: Probabilities `[examples, 2]`.

        Returns:
            That no threshold could be chosen, and why, or None if it was.
        """
        reason = None if self.choose is None else self._calibrate(truth, outputs)
        return reason and f"The threshold stays at {self.threshold:g}, as {reason}"

    def _calibrate(self, truth, outputs):
        """Chooses the threshold; why it could not, or None."""
        truth, scores = np.asarray(truth), np.asarray(outputs, "float64")[:, 1]
        if not np.isfinite(scores).all():
            return "the outputs are not finite"
        if self.choose != "f1":
            normal = np.sort(scores[truth == 0])[::-1]
            if not len(normal):
                return f"the validation data has no example of {self.names[0]!r}"
            allowed = int(np.floor(self.choose * len(normal)))  # false alarms
            self.threshold = _between(scores, normal[allowed])
            return None
        if not (truth == 1).any():
            return f"the validation data has no example of {self.names[1]!r}"
        from sklearn.metrics import precision_recall_curve

        precision, recall, thresholds = precision_recall_curve(truth, scores)
        total = np.maximum(precision + recall, 1e-12)
        best = int(np.argmax((2 * precision * recall / total)[:-1]))
        below = scores[scores < thresholds[best]]
        lower = below.max() if len(below) else 0.0
        self.threshold = float((thresholds[best] + lower) / 2)
        return None

    def decide(self, outputs):
        """Class indices `[examples]` for probabilities `[examples, 2]`."""
        return (np.asarray(outputs, "float64")[:, 1] >= self.threshold).astype("int64")

    def decode(self, values):
        """As `Label.decode`, the label by the threshold, which is given too.

        `"probability"` is that of the label, which may be below a half.
        """
        results = super().decode(values)
        for result, choice in zip(results, self.decide(values), strict=True):
            name = self.names[choice]
            result["label"] = self.classes[choice]
            result["probability"] = result["probabilities"][name]
            result["threshold"] = self.threshold
        return results

    def decode_graph(self, outputs):
        choice = tf.cast(outputs[:, 1] >= self.threshold, tf.int32)  # [batch]
        return {
            **super().decode_graph(outputs),
            "label": tf.gather(tf.constant(self.names), choice),
            "probability": tf.gather(outputs, choice, batch_dims=1),
        }


def _between(scores, reached):
    """The middle between a score that must not be reported and the next higher one."""
    above = scores[scores > reached]
    return float((reached + above.min()) / 2) if len(above) else float(np.nextafter(reached, 2.0))
