"""Pictures of training, of results and of what goes on inside a network.

Every function draws on given Axes and returns them. Colours are from matplotlib's "petroff10" cycle
and the "viridis" and "Blues" maps, which readers with any colour vision can tell apart; lines also
differ in style.
"""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "anomalies": ".outliers",
        "attention": ".attention_maps",
        "backtest": ".backtests",
        "calibration": ".backtests",
        "comparison": ".comparisons",
        "confusion_matrix": ".classes",
        "eigenvalues": ".inside",
        "error_against_noise": ".signals",
        "forecast": ".forecasts",
        "forecast_errors": ".forecasts",
        "gates": ".inside",
        "gradient_flow": ".inside",
        "image_attention": ".attention_maps",
        "images": ".pictures",
        "labelled_frames": ".pictures",
        "learning_curves": ".training",
        "memory": ".inside",
        "piano_roll": ".music",
        "probabilities": ".classes",
        "spectrogram": ".signals",
        "states": ".inside",
        "strokes": ".signals",
        "transitions": ".tags",
        "tuning": ".training",
        "unrolled": ".unrolling.model",
    },
)
