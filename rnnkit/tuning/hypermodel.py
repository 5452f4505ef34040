"""A recipe as a hypermodel of keras-tuner, for tuners of one's own."""

import keras
import keras_tuner

from rnnkit.tuning.shared import Shared
from rnnkit.tuning.space import FOR_FIT, Space
from rnnkit.utils import small_data


class RecipeHyperModel(keras_tuner.HyperModel):
    """Builds and fits the models of a recipe's search space; see `rnnkit.Recipe.hypermodel`.

    Args:
        recipe: A `rnnkit.Recipe`.
        data: What `recipe.data` gave: trials train on `data.train`, judged on `data.validation`.
        options: Dict of options that are fixed; `epochs` and `batch_size` may be among them.
        seed: Integer for the option `seed` of the models, where the recipe has it, or None.

    Raises:
        ValueError: For options that the recipe does not have.
    """

    def __init__(self, recipe, data, options=None, seed=None):
        options = dict(options or {})
        usual = small_data.others(recipe, data, options)
        if usual:
            print(small_data.in_words(data, options, usual, {}))
        patience = {key: usual.pop(key) for key in ("patience",) if key in usual}
        self.recipe = recipe
        self.space = Space(recipe, options, seed, usual=usual)
        self.space.default_options()  # all branches of the space are looked at and checked
        self.shared = Shared(recipe, data, settings=patience)
        # keras-tuner clears the session before each trial, and the policy with it.
        self.policy = keras.config.dtype_policy()
        super().__init__(name=recipe.name)

    def build(self, hp):
        """The compiled model for the hyperparameters of a trial."""
        keras.config.set_dtype_policy(self.policy)
        return self.shared.network(self.space.options(hp))

    def fit(self, hp, model, *args, **kwargs):
        """Trains a trial's model; `tuner.search` hands on what it is given.

        Args:
            hp: Hyperparameters of the trial.
            model: The model.
            *args: Nothing: the hypermodel has the data.
            **kwargs: As in `rnnkit.models.Model.fit`; `epochs` by default the recipe's.

        Returns:
            The Keras `History`.
        """
        if args or {"x", "y", "validation_data", "validation_split"} & kwargs.keys():
            raise keras_tuner.errors.FatalValueError(
                "search takes no data: recipe.hypermodel(data) has it. Received: "
                f"{len(args)} arguments and {sorted(kwargs)}"
            )
        options = self.space.options(hp)
        train, validation = self.shared.encoded(model, options)
        chosen = {name: options[name] for name in FOR_FIT if name in options}
        settings = {"epochs": self.recipe.training["epochs"], **chosen, **kwargs}
        return model.fit(train, validation_data=validation, interrupted_path=False, **settings)
