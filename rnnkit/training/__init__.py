"""What training needs beside Keras: optimizers, callbacks, policy gradients, warm starts."""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "AveragedAdam": ".optimizers",
        "Diverged": ".diverging",
        "LinearDecay": ".callbacks",
        "PolicyGradient": ".policy_gradient",
        "callbacks": ".callbacks",
        "optimizers": ".optimizers",
        "rewards": ".rewards",
    },
)
