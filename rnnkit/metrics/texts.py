"""Scores of generated text against references: BLEU, chrF, exact match, word and character errors.

BLEU and chrF come from sacrebleu, edit distances from jiwer; this module says what they are given.
All take two lists of texts of the same length and are scores of the whole list, not means of
scores of its texts. For BLEU a reference may be a list of texts, all of which the generated text is
compared with.
"""

import functools
import itertools


def bleu(references, hypotheses, tokenize="13a", lowercase=False, order=4):
    """BLEU, 0 to 100: how many n-grams of up to four words the hypotheses share with references.

    Args:
        references: List of texts, the true ones; or of lists of texts, several for a hypothesis,
            of which the one nearest in length counts for the penalty of being too short.
        hypotheses: List of texts, the generated ones.
        tokenize: How sacrebleu splits texts into words: `"13a"` (punctuation apart), `"none"` (at
            white space, for text that is tokenised already), `"char"`, `"intl"`, `"zh"`, ...
        lowercase: Whether case does not matter.
        order: Longest n-grams: 1 looks at single words alone. The scores `bleu1` to `bleu4` are
            those of the orders 1 to 4.

    Returns:
        Float. Report it with `bleu_signature`: scores of other settings do not compare.

    Raises:
        ValueError: For lists of different lengths, or an unknown tokenizer.

    Example:

    >>> round(bleu(["the cat sat on the mat"], ["the cat sat on the mat"]), 6)
    100.0

    References: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine
    translation", https://aclanthology.org/P02-1040; Post 2018, "A call for clarity in reporting
    BLEU scores", https://aclanthology.org/W18-6319.
    """
    references, hypotheses = _texts(references, hypotheses, several=True)
    several = [[each] if isinstance(each, str) else each for each in references]
    # The first of each, the second of each where there is one, ...
    columns = [list(column) for column in itertools.zip_longest(*several)]
    return float(_bleu(tokenize, lowercase, order).corpus_score(hypotheses, columns).score)


def bleu_signature(tokenize="13a", lowercase=False):
    """The settings of `bleu` with such arguments, in sacrebleu's short form.

    Example:

    >>> bleu_signature()
    'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0'
    """
    metric = _bleu(tokenize, lowercase)
    metric.corpus_score(["a"], [["a"]])  # the number of references is known only then
    return str(metric.get_signature())


def chrf(references, hypotheses, lowercase=False):
    """chrF2, 0 to 100: F-score of shared n-grams of up to six characters, recall counting more.

    Args:
        references: List of texts, the true ones.
        hypotheses: List of texts, the generated ones.
        lowercase: Whether case does not matter.

    Returns:
        Float.

    Example:

    >>> chrf(["the cat"], ["the cat"])
    100.0

    Reference: Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation",
    https://aclanthology.org/W15-3049.
    """
    references, hypotheses = _texts(references, hypotheses)
    metric = _library("sacrebleu").CHRF(lowercase=lowercase)
    return float(metric.corpus_score(hypotheses, [references]).score)


def exact_match(references, hypotheses, lowercase=False):
    """Fraction of the hypotheses that are their reference, white space apart.

    Args:
        references: List of texts, the true ones.
        hypotheses: List of texts, the generated ones.
        lowercase: Whether case does not matter.

    Returns:
        Float from 0 to 1.

    Example:

    >>> exact_match(["a cat", "a dog"], ["a cat ", "a fog"])
    0.5
    """
    references, hypotheses = _cased(*_texts(references, hypotheses), lowercase)
    pairs = zip(references, hypotheses, strict=True)
    return sum(a.split() == b.split() for a, b in pairs) / len(references)


def wer(references, hypotheses, lowercase=False):
    """Word error rate: words to substitute, delete and insert, per word of the references.

    (S + D + I) / N over all texts together. Against an empty reference every word is inserted.

    Args:
        references: List of texts, the true ones.
        hypotheses: List of texts, the generated ones.
        lowercase: Whether case does not matter.

    Returns:
        Float, 0 for no errors; it can exceed 1. Infinite if there are errors but no words in any
        reference.

    Example:

    >>> wer(["one two three", ""], ["one too three", "four"])
    0.6666666666666666
    """
    references, hypotheses = _cased(*_texts(references, hypotheses), lowercase)
    return _rate(_library("jiwer").process_words(references, hypotheses))


def cer(references, hypotheses, lowercase=False):
    """Character error rate: as `wer`, of characters; spaces count, those around a text do not.

    Args:
        references: List of texts, the true ones.
        hypotheses: List of texts, the generated ones.
        lowercase: Whether case does not matter.

    Returns:
        Float, 0 for no errors; it can exceed 1. Infinite if there are errors but no characters in
        any reference.

    Example:

    >>> cer(["four"], ["for"])
    0.25
    """
    references, hypotheses = _cased(*_texts(references, hypotheses), lowercase)
    return _rate(_library("jiwer").process_characters(references, hypotheses))


def distinct(references, hypotheses, lowercase=False):
    """Number of different texts generated, as a fraction of all: 1 where no two are the same.

    Args:
        references: List of texts, or of lists of texts; only their number counts.
        hypotheses: List of texts, the generated ones.
        lowercase: Whether case does not matter.

    Returns:
        Float from 0 to 1.

    Example:

    >>> distinct(["a cat", "a dog", "a fog", "a hat"], ["a cat", "a cat", "a cat ", "a hat"])
    0.5
    """
    _, hypotheses = _texts(references, hypotheses, several=True)
    _, hypotheses = _cased([], hypotheses, lowercase)
    return len({" ".join(text.split()) for text in hypotheses}) / len(hypotheses)


bleu1, bleu2, bleu3, bleu4 = (functools.partial(bleu, order=order) for order in (1, 2, 3, 4))
# Where all are of these, an input is generated for once and compared with all its references.
SEVERAL = ("bleu1", "bleu2", "bleu3", "bleu4", "distinct")


def _library(name):
    """A third-party package, imported where it is used; sacrebleu's metrics, or jiwer."""
    try:
        if name == "sacrebleu":
            import sacrebleu.metrics

            return sacrebleu.metrics
        import jiwer

        return jiwer
    except ImportError:
        raise ImportError(f"This score needs {name}: pip install {name}") from None


def _bleu(tokenize, lowercase, order=4):
    metrics = _library("sacrebleu")
    known = sorted(metrics.BLEU.TOKENIZERS)
    if tokenize not in known:
        raise ValueError(f"tokenize must be one of {known}. Received: tokenize={tokenize!r}")
    if order not in (1, 2, 3, 4):
        raise ValueError(f"order must be 1, 2, 3 or 4. Received: order={order!r}")
    return metrics.BLEU(tokenize=tokenize, lowercase=lowercase, force=True, max_ngram_order=order)


def _texts(references, hypotheses, several=False):
    """Both as lists of texts; with `several` a reference may be a list of texts, at least one."""
    for name, texts in (("references", references), ("hypotheses", hypotheses)):
        if isinstance(texts, (str, bytes)):
            raise ValueError(f"{name} must be a list of texts. Received: {name}={texts!r}")
    references, hypotheses = list(references), list(hypotheses)
    for name, texts in (("references", references), ("hypotheses", hypotheses)):
        for index, text in enumerate(texts):
            if several and name == "references" and isinstance(text, (list, tuple)):
                if text and all(isinstance(each, str) for each in text):
                    continue
            if not isinstance(text, str):
                raise ValueError(
                    f"{name} must be texts. Received: {text!r} of type {type(text).__name__} at "
                    f"position {index}"
                )
    if len(references) != len(hypotheses) or not references:
        raise ValueError(
            "references and hypotheses must be as many, at least one. "
            f"Received: {len(references):,} references and {len(hypotheses):,} hypotheses"
        )
    return references, hypotheses


def _cased(references, hypotheses, lowercase):
    if not lowercase:
        return references, hypotheses
    return [text.lower() for text in references], [text.lower() for text in hypotheses]


def _rate(counts):
    """Errors per unit of the references, from jiwer's counts."""
    errors = counts.substitutions + counts.deletions + counts.insertions
    total = counts.substitutions + counts.deletions + counts.hits
    if not total:
        return float("inf") if errors else 0.0
    return errors / total
