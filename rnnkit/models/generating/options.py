"""The options of decoding tokens, checked and completed."""

import numpy as np


def checked(
    model,
    beam_size=None,
    n_best=1,
    length_penalty=None,
    sample=None,
    temperature=1.0,
    top_k=0,
    top_p=1.0,
    seed=None,
    max_length=None,
):
    """The options of decoding as a complete dict.

    Args:
        model: A `Generating` model.
        beam_size, n_best, length_penalty, sample, temperature, top_k, top_p, seed, max_length: As
            in `Generating.infer`; None is the model's own. With a `beam_size` nothing is drawn
            unless `sample` says so.

    Raises:
        ValueError: For values that cannot be, or do not go together.
    """
    choices = model.decoder.surface.size - len(model._barred())
    if sample is None:
        sample = model.sample and beam_size is None
    beams = beam_size
    if beams is None:
        beams = n_best if sample else max(min(model.beam_size, choices), n_best)
    alpha = model.length_penalty if length_penalty is None else length_penalty
    for name, value, least in (
        ("beam_size", beams, 1),
        ("n_best", n_best, 1),
        ("top_k", top_k, 0),
        ("max_length", 1 if max_length is None else max_length, 1),
    ):
        whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if not whole or value < least:
            raise ValueError(
                f"{name} must be an integer of at least {least}. Received: {name}={value!r}"
            )
    if beams > choices and not sample:
        raise ValueError(
            f"beam_size must be at most {choices}, the number of tokens to choose from. "
            f"Received: beam_size={beams}"
        )
    if n_best > beams:
        raise ValueError(
            f"n_best must be at most beam_size. Received: n_best={n_best}, beam_size={beams}"
        )
    if not temperature > 0 or not 0 < top_p <= 1 or not alpha >= 0:
        raise ValueError(
            "temperature must be positive, top_p above 0 and at most 1, and length_penalty at "
            f"least 0. Received: temperature={temperature!r}, top_p={top_p!r}, "
            f"length_penalty={alpha!r}"
        )
    if not sample and (temperature != 1.0 or top_k or top_p != 1.0):
        raise ValueError(
            "temperature, top_k and top_p are options of sampling: pass sample=True with them"
        )
    if sample and seed is None:
        seed = int(np.random.default_rng().integers(2**31 - 1))
    return {
        "beam_size": int(beams),
        "n_best": int(n_best),
        "length_penalty": float(alpha),
        "sample": bool(sample),
        "temperature": float(temperature),
        "top_k": min(int(top_k), choices),
        "top_p": float(top_p),
        "seed": int(seed or 0),
        "max_length": int(max_length or model._limit()),
    }
