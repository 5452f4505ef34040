"""Losses, and the Keras metrics that belong to them; none counts padding."""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "BalancedCrossEntropy": ".balanced",
        "CRFLoss": ".crf",
        "CTCLoss": ".ctc",
        "EntityF1": ".entity_f1",
        "KeyNats": ".keys",
        "KeysAndEnd": ".keys",
        "MeanErrors": ".likelihoods",
        "MaskedMeanSquaredError": ".masked",
        "MicroF1": ".labels",
        "NegativeLogLikelihood": ".likelihoods",
        "OutputErrors": ".masked",
        "OfClasses": ".class_metrics",
        "RelativeLoss": ".targets",
        "TagAccuracy": ".tags",
        "TagCrossEntropy": ".tags",
        "TargetMetric": ".targets",
        "TargetsLoss": ".targets",
        "TokenAccuracy": ".tokens",
        "TokenCrossEntropy": ".tokens",
        "ValueErrors": ".values",
        "ValuesAndEnd": ".values",
    },
)
