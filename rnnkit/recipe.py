"""The base of recipes: a model with its data, its scores and its search space."""

import difflib
import importlib
import inspect
import os


class Recipe:
    """A task that works from raw data to a saved model.

    A recipe is a class that sets the attributes below and defines three methods: `features`
    (what is learned from the training data), `build` (the network) and `search_space` (what
    `tune` varies). The keyword arguments of `features` and `build`, with their defaults, are the
    recipe's options: `recipe.model(data, units=256)`, `rnnkit train NAME --set units=256`.

    Attributes:
        name: What the recipe is called: lower case, words joined by `_`.
        title: One line for people.
        pattern: `"one_to_one"`, `"many_to_one"`, ...
        input: What goes in, in a word or two.
        output: What comes out.
        cell: Default cell.
        dataset: TFDS name of the embedded sample.
        card: Module whose `CARD` describes the embedded sample.
        data_types: Pair of the data types of input and target, such as `("text", "label")`;
            None for no input.
        columns: Dict of `"input"` and `"target"` to the column names taken for them, lower case,
            best first.
        scores: Names from `rnnkit.metrics.SCORES`, the one that matters most first.
        training: Settings of training: `epochs`, `batch_size`, and for early stopping `patience`,
            `monitor` and `min_delta`, and where `monitor` is a metric of one's own, `mode`, `"min"`
            or `"max"`. With `warmup` the learning rate rises over so many updates,
            then falls to 0 at the last of the epochs (`rnnkit.training.callbacks.LinearDecay`).
            With `reward` and `reward_epochs` training goes on by `fine_tune(reward=...)` after
            that.

    Example: see `recipes/many_to_one/sentiment.py`, or copy it with `rnnkit copy sentiment`.
    """

    name = title = pattern = input = output = cell = dataset = card = ""
    data_types = ("text", "label")
    columns = {"input": ("text",), "target": ("label",)}
    scores = ("accuracy",)
    training = {"epochs": 20, "batch_size": 32, "patience": 3, "monitor": "val_loss"}

    # === To define ===

    def features(self, data):
        """Makes and adapts the features.

        Args:
            data: `rnnkit.data.Data`.
            **options: The recipe's options about features, as keyword arguments with defaults.

        Returns:
            The pair `(input_feature, output_feature)`.
        """
        raise NotImplementedError(f"The recipe {self.name!r} must define features()")

    def build(self, input_feature, output_feature):
        """Makes the compiled model.

        Args:
            input_feature: As `features` gave it.
            output_feature: As `features` gave it.
            **options: The recipe's options about the network, as keyword arguments with defaults.
        """
        raise NotImplementedError(f"The recipe {self.name!r} must define build()")

    def search_space(self, hp):
        """What `tune` varies, as a dict of option to a value drawn from `hp` (keras-tuner's
        HyperParameters). `epochs` and `batch_size` may be among them."""
        raise NotImplementedError(f"The recipe {self.name!r} must define search_space()")

    # === What users call ===

    def data(
        self,
        source=None,
        *,
        name=None,
        input=None,
        target=None,
        encoding="utf-8",
        skip_unreadable=False,
        fold=None,
    ):
        """The data of the task.

        Args:
            source: None for the embedded sample; a file (csv, tsv, jsonl), a folder of splits or
                a pattern; the name of a TFDS dataset; a pandas frame; a `tf.data.Dataset` of raw
                `(x, y)`; a pair `(x, y)`; or a dict of `train`, `validation`, `test` to these.
                A series has a row a time, and may be a txt file of numbers or an array `[time]`
                or `[time, columns]` too.
            name: Which set, where a folder holds several.
            input: Column (name or position) or TFDS feature of the inputs. Of a series one or
                several, such as `"load,2"` or a list; all columns of numbers by default.
            target: The same for the targets; of a series the inputs by default.
            encoding: Character encoding of files.
            skip_unreadable: Whether audio files and strokes that cannot be read are left out,
                with a warning that counts them, instead of raising.
            fold: Which fold of a table with a column `fold` is the test: the one after it (after
                the last the first) validates, all others train.

        Returns:
            A `rnnkit.data.Data` with `train`, `validation` and `test`. Parts that are missing are
            split off deterministically.
        """
        from rnnkit.data.readers import sources

        given = {"input": input, "target": target}
        return sources.load(
            self,
            source,
            name=name,
            given=given,
            encoding=encoding,
            skip_unreadable=skip_unreadable,
            fold=fold,
        )

    def options(self):
        """The recipe's options and their defaults, as a dict."""
        found = {}
        for method in (self.features, self.build):
            for parameter in inspect.signature(method).parameters.values():
                if parameter.kind is parameter.KEYWORD_ONLY:
                    found[parameter.name] = parameter.default
        return found

    def check_options(self, options):
        """Raises a ValueError for an option the recipe does not have, naming the nearest one, and
        for a value of another type than the default's."""
        known = self.options()
        for key in options:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise ValueError(
                    f"The recipe {self.name!r} has no option {key!r}.{hint} "
                    f"Options: {', '.join(known)}"
                )
            _check_type(key, options[key], known[key])

    def adapt(self, data, **options):
        """The adapted features for a set of options (others than those of features are ignored)."""
        return self.features(data, **_only(self.features, options))

    def network(self, features, **options):
        """The compiled model on given features (options of features are ignored)."""
        model = self.build(*features, **_only(self.build, options))
        model.recipe = self.name
        model.score_names = list(self.scores)
        model.fit_defaults = self.fit_defaults
        return model

    @property
    def fit_defaults(self):
        """What of `training` a model keeps for every call of its `fit`."""
        once = ("epochs", "reward", "reward_epochs")
        return {key: value for key, value in self.training.items() if key not in once}

    def model(self, data, **options):
        """The model for some data, built and compiled.

        Args:
            data: What `recipe.data` gave.
            **options: Any of `recipe.options()`, such as `cell="gru"`, `units=256`, `seed=1`.

        Returns:
            A `rnnkit.models.Model`. Its `fit` stops early and keeps the best weights when it is
            given validation data.
        """
        self.check_options(options)
        return self.network(self.adapt(data, **options), **options)

    def train(
        self,
        data=None,
        *,
        epochs=None,
        batch_size=None,
        reward_epochs=None,
        out=None,
        callbacks=(),
        verbose="auto",
        **options,
    ):
        """Builds and trains a model with the recipe's settings.

        Args:
            data: What `recipe.data` gave; the embedded sample by default.
            epochs: Passes over the data at most; by default the recipe's.
            batch_size: Examples in a step; by default the recipe's.
            reward_epochs: Passes over the data that follow, in which the model learns from scores
                of what it writes (see `fine_tune` of models that write), 0 for none. By default
                the recipe's, but no more than `epochs`; most recipes have none.
            out: Path of a `.keras` file that holds the best model so far from the first epoch on,
                also after an interruption. None saves nothing.
            callbacks: Further Keras callbacks.
            verbose: As in `keras.Model.fit`.
            **options: As in `model`.

        Returns:
            The trained model, its weights those of the best epoch. `model.history` has the curve.

        Raises:
            ValueError: For `reward_epochs` below 0, or of a recipe that has no reward.
        """
        from rnnkit.training import fitting

        most = self.training["epochs"] if epochs is None else epochs
        later = self.training.get("reward_epochs", 0)
        reward = self.training.get("reward")
        if reward_epochs is None:
            reward_epochs = min(later, most)
        if reward_epochs < 0:
            raise ValueError(f"reward_epochs must be at least 0. Received: {reward_epochs!r}")
        if reward_epochs and reward is None:
            raise ValueError(
                f"The recipe {self.name!r} has no reward to train by; call the model's "
                f"fine_tune(reward=...) where it has one. Received: reward_epochs={reward_epochs!r}"
            )
        data = self.data() if data is None else data
        model = self.model(data, **options)
        return fitting.train(
            model,
            data,
            epochs=most,
            batch_size=batch_size,
            reward=reward,
            reward_epochs=reward_epochs,
            out=None if out is None else os.fspath(out),
            callbacks=callbacks,
            verbose=verbose,
        )

    def tune(self, data=None, **arguments):
        """Searches the recipe's space with keras-tuner; see `rnnkit.tuning.tune`."""
        from rnnkit import tuning

        return tuning.tune(self, self.data() if data is None else data, **arguments)

    # === About itself ===

    def describe_search(self):
        """What `search_space` draws, as a dict of option to a description, without keras-tuner."""
        return self.search_space(_Describer())

    def describe(self):
        """What `recipes.list()` shows, as a dict of strings."""
        return {
            "name": self.name,
            "title": self.title,
            "pattern": self.pattern.replace("_", "-"),
            "input": self.input,
            "output": self.output,
            "cell": self.cell,
            "dataset": self.dataset,
        }

    def dataset_card(self):
        """How the embedded sample is made, as Markdown; empty if the recipe has no card."""
        return importlib.import_module(self.card).CARD if self.card else ""

    def source_file(self):
        """Path of the file that defines the recipe."""
        return inspect.getsourcefile(type(self))

    def __repr__(self):
        return f"<Recipe {self.name}: {self.title}>"


class _Describer:
    """Stands in for keras-tuner's HyperParameters and gives back what was asked for, in words."""

    def Choice(self, name, values, **_):
        return " or ".join(map(str, values))

    def Int(self, name, min_value, max_value, step=None, sampling=None, **_):
        return self._range(min_value, max_value, step, sampling)

    Float = Int

    def Boolean(self, name, **_):
        return "True or False"

    def Fixed(self, name, value, **_):
        return str(value)

    @staticmethod
    def _range(least, most, step, sampling):
        text = f"{least} to {most}"
        text += f" in steps of {step}" if step else ""
        return text + (f" ({sampling} scale)" if sampling else "")


def _only(method, options):
    names = inspect.signature(method).parameters
    return {key: value for key, value in options.items() if key in names}


def _check_type(name, value, default):
    """Raises a ValueError where a default shows that another type is wanted.

    Where the default is a string, an object may stand for it too (a cell); None says nothing.
    """
    if default is None or isinstance(value, type(default)) and type(value) is type(default):
        return
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(default, bool):
        wanted = "True or False"
    elif isinstance(default, int):
        # Limits may be lifted with None, sizes be given as a list.
        if value is None or isinstance(value, (list, tuple)):
            return
        wanted = "a whole number"
    elif isinstance(default, float):
        if number:
            return
        wanted = "a number"
    elif isinstance(default, str) and (number or isinstance(value, bool)):
        wanted = "a name"
    else:
        return
    raise ValueError(f"The option {name!r} takes {wanted}. Received: {name}={value!r}")
