"""Scores of tagged sequences: by step, and by the entities that the tags mark.

Entities are those of seqeval, which counts as conlleval does: one is right if its kind and both its
ends are.
"""

import difflib
import itertools

# What is given by default, by the scheme of the tags.
DEFAULTS = {"plain": ("accuracy", "f1")}
ENTITIES = ("entity_f1", "entity_precision", "entity_recall", "accuracy")


def accuracy(references, hypotheses):
    """Share of steps with the right tag."""
    true, said = _flat(references, hypotheses)
    return sum(a == b for a, b in zip(true, said, strict=True)) / len(true)


def f1(references, hypotheses):
    """F1 of the tags, the mean over those that occur (macro): every tag counts the same."""
    from sklearn.metrics import f1_score

    return float(f1_score(*_flat(references, hypotheses), average="macro", zero_division=0))


def entity_precision(references, hypotheses):
    """Share of the entities found that are right."""
    return _entities("precision_score", references, hypotheses)


def entity_recall(references, hypotheses):
    """Share of the entities in the references that are found."""
    return _entities("recall_score", references, hypotheses)


def entity_f1(references, hypotheses):
    """Harmonic mean of precision and recall of entities, all kinds together (micro).

    Example:

    >>> entity_f1([["B-city", "I-city", "O", "B-city"]], [["B-city", "O", "O", "B-city"]])
    0.5

    Reference: Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 shared task",
    section 2.3, https://aclanthology.org/W03-0419.
    """
    return _entities("f1_score", references, hypotheses)


SCORES = {
    score.__name__: score for score in (accuracy, f1, entity_precision, entity_recall, entity_f1)
}


def by_type(references, hypotheses):
    """Precision, recall and F1 of each kind of entity.

    Args:
        references: List with a list of tags for each sequence.
        hypotheses: The same, of equal lengths.

    Returns:
        Dict of kind to a dict with `precision`, `recall`, `f1` and `count` in the references.

    Example:

    >>> by_type([["B-city", "O"]], [["B-city", "O"]])
    {'city': {'precision': 1.0, 'recall': 1.0, 'f1': 1.0, 'count': 1}}
    """
    from seqeval.metrics import classification_report

    _flat(references, hypotheses)
    if not _marked(references) and not _marked(hypotheses):
        return {}
    report = classification_report(references, hypotheses, output_dict=True, zero_division=0)
    return {
        kind: {
            "precision": float(row["precision"]),
            "recall": float(row["recall"]),
            "f1": float(row["f1-score"]),
            "count": int(row["support"]),
        }
        for kind, row in report.items()
        if kind not in ("micro avg", "macro avg", "weighted avg")
    }


def scores(references, hypotheses, names=None, scheme="plain"):
    """Scores by name, as a dict of floats.

    Args:
        references: List with a list of the true tags for each sequence.
        hypotheses: The same for the tags given.
        names: Names from `SCORES`, or None for those of the scheme.
        scheme: `"plain"`, `"bio"` or `"bioes"`; see `rnnkit.features.Tags`.

    Raises:
        ValueError: For an unknown name, or lists that differ in length.

    Example:

    >>> scores([["a", "b"]], [["a", "a"]], ["accuracy"])
    {'accuracy': 0.5}
    """
    names = DEFAULTS.get(scheme, ENTITIES) if names is None else names
    result = {}
    for name in names:
        if name not in SCORES:
            close = difflib.get_close_matches(name, SCORES, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"Unknown score {name!r}; known: {', '.join(sorted(SCORES))}.{hint}")
        result[name] = SCORES[name](references, hypotheses)
    return result


def _entities(name, references, hypotheses):
    import seqeval.metrics

    _flat(references, hypotheses)
    if not _marked(references) and not _marked(hypotheses):
        return 0.0
    return float(getattr(seqeval.metrics, name)(references, hypotheses, zero_division=0))


def _marked(rows):
    """Whether there is an entity at all."""
    return any(tag[1:2] == "-" for row in rows for tag in row)


def _flat(references, hypotheses):
    """All steps of both as two lists of tags."""
    lengths = [[len(row) for row in rows] for rows in (references, hypotheses)]
    if lengths[0] != lengths[1]:
        raise ValueError(
            "references and hypotheses must have the same lengths. Received: "
            f"{len(lengths[0])} and {len(lengths[1])} sequences of {sum(lengths[0])} and "
            f"{sum(lengths[1])} steps"
        )
    true, said = (list(itertools.chain.from_iterable(rows)) for rows in (references, hypotheses))
    if not true:
        raise ValueError("There is nothing to score: no step has a known tag")
    return true, said
