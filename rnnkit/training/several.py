"""How the training of several labels or targets an example differs from that of one."""

# Passes over the data, unless early stopping ends them before: they are slower to learn.
EPOCHS = 60


def epochs(of, usual):
    """Passes over the data at most, where nobody says how many.

    Args:
        of: Type of target of the output feature.
        usual: Those of the recipe.
    """
    return max(usual, EPOCHS) if of in ("labels", "targets") else usual


def watched(of, settings):
    """Settings of training in which the loss that is watched is one for this type of target.

    The loss of several targets is a mean, in which one that cannot be learned hides that others
    still improve: it grows as its training data is learned by heart. So what is watched is
    `rnnkit.losses.RelativeLoss`, in which no target counts as worse than answered naively.

    Args:
        of: Type of target of the output feature.
        settings: Dict with `monitor`, such as `rnnkit.Recipe.training`.

    Returns:
        The same, or a changed copy. Whatever is watched but the loss stays.

    Example:

    >>> watched("targets", {"patience": 3, "monitor": "val_loss"})
    {'patience': 3, 'monitor': 'val_relative_loss'}
    """
    if of != "targets" or settings.get("monitor", "val_loss") != "val_loss":
        return settings
    return {**settings, "monitor": "val_relative_loss"}
