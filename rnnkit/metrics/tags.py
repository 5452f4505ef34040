"""Scores of tagged sequences: by step, and by the entities that the tags mark.

Entities are those of seqeval, which counts as conlleval does: one is right if its type and both its
ends are.
"""

import itertools


def accuracy(references, hypotheses):
    """Fraction of the steps with the right tag."""
    true, predicted = _flat(references, hypotheses)
    return sum(a == b for a, b in zip(true, predicted, strict=True)) / len(true)


def f1(references, hypotheses):
    """F1 of the tags, the mean over those that occur (macro): every tag counts the same."""
    from sklearn.metrics import f1_score

    return float(f1_score(*_flat(references, hypotheses), average="macro", zero_division=0))


def entity_precision(references, hypotheses):
    """Fraction of the entities predicted that are right."""
    return _entities("precision_score", references, hypotheses)


def entity_recall(references, hypotheses):
    """Fraction of the entities in the references that are predicted."""
    return _entities("recall_score", references, hypotheses)


def entity_f1(references, hypotheses):
    """Harmonic mean of precision and recall of entities, all types together (micro).

    Example:

    >>> entity_f1([["B-city", "I-city", "O", "B-city"]], [["B-city", "O", "O", "B-city"]])
    0.5

    Reference: Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 shared task",
    section 2.3, https://aclanthology.org/W03-0419.
    """
    return _entities("f1_score", references, hypotheses)


def by_type(references, hypotheses):
    """Precision, recall and F1 of each type of entity.

    Args:
        references: List with a list of tags for each sequence.
        hypotheses: The same, of equal lengths.

    Returns:
        Dict of type to a dict with `precision`, `recall`, `f1` and `count` in the references.

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
        name: {
            "precision": float(row["precision"]),
            "recall": float(row["recall"]),
            "f1": float(row["f1-score"]),
            "count": int(row["support"]),
        }
        for name, row in report.items()
        if name not in ("micro avg", "macro avg", "weighted avg")
    }


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
    if not sum(lengths[0]):
        raise ValueError("There is nothing to score: no step has a known tag")
    return [list(itertools.chain.from_iterable(rows)) for rows in (references, hypotheses)]
