"""What goes on inside a recurrent network: its gradients, its states, its gates, its memory.

- `gradient_flow`: how strongly the loss depends on the state of each step, whether that vanishes
  or explodes on its way back, and what to do about it.
- `state_trajectory`, `gate_activations`, `saturation`: what the states and gates do.
- `recall_horizon`, `memory_capacity`: how far back a cell remembers.
- `card`: the model card of a model.
- `mitigations`: what helps against vanishing and exploding gradients, measured on small tasks.

They work with any recurrent layer of any model: those of rnnkit, which take raw data, and plain
Keras models, which take arrays.
"""

from rnnkit.utils.lazy import attach

__getattr__, __dir__, __all__ = attach(
    __name__,
    {
        "GradientFlow": ".flow",
        "MemoryCapacity": ".memory",
        "card": ".model_card",
        "gate_activations": ".activations",
        "gradient_flow": ".gradients",
        "layer_names": ".recurrent_layers",
        "memory_capacity": ".memory",
        "mitigations": ".measured_mitigations",
        "open_gates": ".measured_mitigations",
        "recall_horizon": ".recall",
        "saturation": ".saturated",
        "state_trajectory": ".activations",
    },
)
