"""Scores: of classes, numbers, tags, texts, music and probabilities."""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "DEFAULTS": ".registry",
        "SCORES": ".registry",
        "accuracy": ".registry",
        "average_precision": ".registry",
        "classes": ".classes",
        "effective_spectral_radius": ".registry",
        "f1": ".registry",
        "likelihood": ".likelihood",
        "log_loss": ".registry",
        "mae": ".registry",
        "mcc": ".registry",
        "memory_capacity": ".registry",
        "mse": ".registry",
        "music": ".music",
        "nmse": ".registry",
        "nrmse": ".registry",
        "precision": ".registry",
        "r2": ".registry",
        "recall": ".registry",
        "recall_at_0_1_percent": ".registry",
        "recall_at_1_percent": ".registry",
        "retrieval": ".retrieval",
        "rmse": ".registry",
        "roc_auc": ".registry",
        "scores": ".registry",
        "sequences": ".sequences",
        "tags": ".tags",
        "texts": ".texts",
        "valid_prediction_time": ".registry",
    },
)
