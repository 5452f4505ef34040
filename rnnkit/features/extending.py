"""Features that were adapted to older data, extended by what newer data has beside it."""

import inspect

from rnnkit.features.pretrained import Pretrained


def extended(base, newer):
    """An older feature with the entries that a newer one has beside it, added at its end.

    So ids keep their meaning: vocabularies, classes and tags grow, while what is no list of
    entries, such as the means of numbers and the pieces of `Subwords`, stays as it was learned
    first. What changes no meaning (`Feature.adjustable`, such as `max_length`) is the newer one's.

    Words that came with word vectors alone stand last. They stay there, but for those that the
    newer data has: these become words of the data.

    Args:
        base: Adapted feature, or None.
        newer: One of the same class, adapted to other data; or None.

    Returns:
        A new feature; None where both are.

    Raises:
        ValueError: If the two are of other classes, encode values in other ways, or the newer one
            brings word vectors of its own.

    Example:

    >>> old = rnnkit.features.Label().adapt(["ham", "spam"])
    >>> extended(old, rnnkit.features.Label().adapt(["ad", "ham"])).classes
    ['ham', 'spam', 'ad']
    """
    if base is None and newer is None:
        return None
    if type(base) is not type(newer):
        raise ValueError(
            f"its feature must be {_class_of(newer)}, as here. Received: {_class_of(base)}"
        )
    if newer.vectors is not None and newer.vectors.source is not None:
        raise ValueError(
            "vectors must be left out beside a base, which has learned the vectors of its words. "
            f"Received: vectors={newer.vectors.source!r}"
        )
    base.continues(newer)
    mine, theirs = base.get_config(), newer.get_config()
    kept = {*base.entries, *base.learned, "vectors"}
    differ = sorted(
        name for name in mine.keys() - kept - {*base.adjustable} if mine[name] != theirs[name]
    )
    if differ:
        there, here = (", ".join(f"{n}={each[n]!r}" for n in differ) for each in (mine, theirs))
        raise ValueError(
            f"its {_class_of(base)} must encode values as the one here does, {here}. Received: "
            f"{there}. Give these here too"
        )
    config = {name: mine[name] if name in kept else theirs[name] for name in mine}
    config |= {name: _joined(mine[name], theirs[name]) for name in base.entries}
    if base.vectors is None:
        return type(base).from_config(config)
    first = len(base.vocabulary) - base.vectors.beyond
    words = _joined(base.vocabulary[:first], newer.vocabulary)
    beyond = [each for each in base.vocabulary[first:] if each not in {*words}]
    config |= {"vocabulary": words + beyond, "vectors": None}
    result = type(base).from_config(config)
    # Its values are weights of the base.
    result.vectors = Pretrained(
        base.vectors.size, len(beyond), base.vectors.kept, source="the vectors of a base"
    )
    return result


def both_extended(bases, newer):
    """Pairs of an older and a newer feature, each pair `extended`; one feature for both sides of a
    model stays one."""
    if newer[0] is not None and newer[0] is newer[1]:
        if bases[0].get_config() != bases[1].get_config():
            raise ValueError(
                "its features of both sides must be the same, as here. Received: two that differ"
            )
        return (extended(bases[0], newer[0]),) * 2
    return tuple(extended(*each) for each in zip(bases, newer, strict=True))


def adapted_beside(base, data):
    """A feature as an older one is made, adapted to other data.

    Args:
        base: Adapted feature.
        data: Raw values, as `Feature.adapt` takes them. A single new class will do.

    Returns:
        A new feature; the older one where there is nothing to add to.
    """
    if not base.entries:
        return base
    defaults = inspect.signature(type(base)).parameters
    learned = {*base.entries, *base.learned, "vectors"} & defaults.keys()
    config = {**base.get_config(), **{name: defaults[name].default for name in learned}}
    feature = type(base).from_config(config)
    feature.least = 1
    return feature.adapt(data)


def added(base, feature):
    """What an extended feature has that its base has not: a dict of argument to a list."""
    if base is None:
        return {}
    mine, theirs = base.get_config(), feature.get_config()
    found = {name: [*_missing(mine[name], theirs[name])] for name in base.entries}
    return {name: entries for name, entries in found.items() if entries}


def _joined(mine, theirs):
    """Entries of two lists, or dicts, the first ones' before those that only the second has."""
    if isinstance(mine, dict) or isinstance(theirs, dict):
        return {**(mine or {}), **{key: theirs[key] for key in _missing(mine, theirs)}}
    return None if mine is None else [*mine, *_missing(mine, theirs)]


def _missing(mine, theirs):
    known = {*(mine or ())}
    return [each for each in theirs or () if each not in known]


def _class_of(feature):
    return "none" if feature is None else type(feature).__name__
