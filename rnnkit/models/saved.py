"""How a model is written to a file, and made from its configuration."""

import os

import keras

from rnnkit.formats.model_files import check_written
from rnnkit.models.finite import check_finite
from rnnkit.models.settings import checked_settings, settings_of
from rnnkit.utils import replicas
from rnnkit.utils.config import arguments_of
from rnnkit.utils.idle import made_by

# Arguments of patterns that are objects with a configuration of their own.
SERIALIZED = {"input_feature", "output_feature", "cell", "topology"}


class Saved:
    """The file and the configuration of a model, for a class beside `keras.Model`."""

    def save(self, filepath, overwrite=True, **kwargs):
        """Saves features, weights and optimizer to one `.keras` file.

        The file is written beside its place and moved there when complete.

        Args:
            filepath: Path that ends in `.keras`.
            overwrite: Whether an existing file is replaced; if not, it raises.

        Raises:
            ValueError: If a weight is NaN or infinite, or the file cannot be written or would not
                be loaded again.
        """
        path = os.fspath(filepath)
        if not path.endswith(".keras"):
            raise ValueError(f"filepath must end in '.keras'. Received: filepath={path!r}")
        if not overwrite and os.path.exists(path):
            raise ValueError(
                f"{path} exists: pass overwrite=True to replace it, or another name. "
                f"Received: overwrite={overwrite}"
            )
        check_finite([*self.variables, *(self.optimizer.variables if self.optimizer else ())])
        with replicas.written(path, self.distribute_strategy) as temporary:
            super().save(temporary, **kwargs)
            check_written(temporary)

    def get_config(self):
        """The arguments of `__init__`, each of which is an attribute, and the settings."""
        config = arguments_of(self, type(self))
        config = {name: config[name] for name in config if name not in ("inputs", "outputs")}
        for name in SERIALIZED & config.keys():
            if not isinstance(config[name], (str, type(None))):
                config[name] = keras.saving.serialize_keras_object(config[name])
        return {**config, **self._network_config(), "settings": settings_of(self)}

    @classmethod
    @made_by("file")
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        settings = config.pop("settings", {})
        for name in SERIALIZED & config.keys():
            if isinstance(config[name], dict):
                config[name] = keras.saving.deserialize_keras_object(
                    config[name], custom_objects=custom_objects
                )
        settings = checked_settings(settings, config.get("output_feature"))
        model = cls(**config)
        model.recipe, model.score_names, model.fit_defaults, model.trained = settings
        return model
