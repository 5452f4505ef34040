"""The base of recipes: a model with its data, its scores and its search space."""

import importlib
import inspect
import os

from rnnkit.data.recipe_data import ReadsData
from rnnkit.training import several
from rnnkit.utils import small_data
from rnnkit.utils.calls import check_call
from rnnkit.utils.idle import made_by
from rnnkit.utils.options import ShowsOptions, taken_by
from rnnkit.utils.progress import asked
from rnnkit.utils.recipe_options import RecipeOptions
from rnnkit.utils.start_up import settle


class Recipe(ReadsData, RecipeOptions):
    """A task that works from raw data to a saved model.

    A recipe is a class that sets the attributes below and defines two methods: `features` (what
    is learned from the training data) and `search_space` (what `tune` varies). The arguments of
    its model's class and the keyword arguments of `features` and `compile` are its options:
    `recipe.model(data, units=256)`, `rnnkit train NAME --set units=256`. Each is written once,
    where it belongs; what it means is read from the docstring of the class that owns it. What a
    recipe has to add stands in its own docstring, in a section `Options:`.

    Attributes:
        name: What the recipe is called: lower case, words joined by `_`.
        title: One line for people.
        pattern: `"one_to_one"`, `"many_to_one"`, ...
        input: What goes in, in a word or two.
        output: What comes out.
        cell: Default cell, and default of the option `cell`.
        dataset: TFDS name of the embedded sample.
        card: Module whose `CARD` describes the embedded sample.
        data_types: Pair of the data types of input and target, such as `("text", "label")`;
            None for no input.
        columns: Dict of `"input"` and `"target"` to the column names taken for them, lower case,
            best first.
        model_class: Name of a class in `rnnkit.models`, or a class; or a dict of cell to these,
            with None for all other cells.
        defaults: Dict of option to default, where it is another than that of the class.
        unused: Arguments of the class that are no options, such as those that mean nothing for the
            recipe's features.
        without: Dict of cell to the options that mean nothing with it, such as those of `features`,
            `build` and `compile`; with None for all other cells. They are refused. What only the
            class of another cell takes need not be named.
        ema_momentum: Momentum of the moving average of the weights that is validated and kept, see
            `rnnkit.training.AveragedAdam`; None for Keras' Adam, which keeps the weights.
        scores: Names from `rnnkit.metrics.SCORES`, the one that matters most first.
        training: Settings of training: `epochs`, `batch_size`, and for early stopping `patience`,
            `monitor` and `min_delta`, and where `monitor` is a metric of one's own, `mode`, `"min"`
            or `"max"`. With `warmup` the learning rate rises over so many updates,
            then falls to 0 at the last of the epochs (`rnnkit.training.callbacks.LinearDecay`).
            Of several targets `val_relative_loss` is watched in place of `val_loss`, see
            `rnnkit.losses.RelativeLoss`. With `reward` and `reward_epochs` training goes on by
            `fine_tune(reward=...)` after that.
        small: Dict of option to default where there are fewer than 500 examples to train and to
            validate with, for `model`, `train`, `tune`, `hypermodel` and `rnnkit.compare`, which
            print it. `epochs`, `batch_size` and `patience` may be among them.

    Options:
        learning_rate: Step size of the optimizer.
        ordered: List of the classes of a label from the lowest to the highest, such as
            `["bad", "fair", "good"]`, or True for numbers: they are learned as an
            `rnnkit.features.OrderedLabel`. None for classes without an order.
        target_weights: Dict of name to how much its loss weighs, such as `{"score": 2}`, of several
            targets, which `recipe.data(..., target=["label", "score"])` reads; of others 1. Each
            loss is relative to that of the naive answer to the target, so that 1 each is fair
            whatever their units; see `rnnkit.losses.TargetsLoss`.

    Example: see `recipes/many_to_one/sentiment.py`, or copy it with `rnnkit copy sentiment`.
    """

    name = title = pattern = input = output = cell = dataset = card = ""
    data_types = ("text", "label")
    columns = {"input": ("text",), "target": ("label",)}
    model_class = None
    defaults = {}
    unused = ()
    without = {}
    ema_momentum = None
    scores = ("accuracy",)
    training = {"epochs": 20, "batch_size": 32, "patience": 3, "monitor": "val_loss"}
    small = {}

    # === To define ===

    def features(self, data):
        """Makes and adapts the features; see `adapt_features`.

        Args:
            data: `rnnkit.data.Data`.
            **options: The recipe's options about features, as keyword arguments with defaults.

        Returns:
            The pair `(input_feature, output_feature)`.
        """
        raise NotImplementedError(f"The recipe {self.name!r} must define features()")

    def search_space(self, hp):
        """What `tune` varies, as a dict of option to a value chosen from `hp` (keras-tuner's
        HyperParameters). `epochs` and `batch_size` may be among them."""
        raise NotImplementedError(f"The recipe {self.name!r} must define search_space()")

    @staticmethod
    def adapt_features(data, input_feature, output_feature):
        """The pair of two features, each adapted to its side of the training data; one feature for
        both sides is adapted to both."""
        kind, spec = output_feature.target_type, data.train.element_spec[-1]
        if data.info.get("target_types") is not None and kind != "targets":
            raise ValueError(
                "An example has several targets here, classes or numbers: use label_feature(data) "
                f"of the recipe, or Targets(...), in place of {type(output_feature).__name__}. "
                f"Received: targets {data.info['target_types']}"
            )
        if kind in ("classes", "ordered") and spec.shape.rank:
            raise ValueError(
                "An example may have several labels here, as targets are lists: use "
                "label_feature(data) of the recipe, or Labels(), in place of "
                f"{type(output_feature).__name__}. Received: targets of shape {spec.shape}"
            )
        inputs = data.train.map(lambda x, y: x)
        targets = data.train.map(lambda x, y: y)
        if input_feature is output_feature:
            input_feature.adapt([inputs, targets])
        else:
            input_feature.adapt(inputs)
            output_feature.adapt(targets)
        return input_feature, output_feature

    # === To override where the defaults do not do ===

    def build(self, input_feature, output_feature, **options):
        """Makes the compiled model.

        Args:
            input_feature: As `features` gave it.
            output_feature: As `features` gave it.
            **options: The values of all options. A recipe may change some and hand them on, or
                name options of its own as keyword arguments with defaults.
        """
        from rnnkit import models

        model_class = self._model_class(options.get("cell"))
        taken = self._class_options(model_class)
        given = {name: value for name, value in options.items() if name in taken}
        for name in [name for name in given if taken[name].default is ... and given[name] is None]:
            del given[name]  # a default that only the class itself knows
        if isinstance(model_class, str):
            model_class = getattr(models, model_class)
        features = [each for each in (input_feature, output_feature) if each is not None]
        model = model_class(*features, name=self.name, **given)
        self.compile(model, **taken_by(self.compile, options))
        return model

    def compile(self, model, *, learning_rate=1e-3):
        """Compiles the model; the keyword arguments are options of the recipe."""
        model.compile(optimizer=self.optimizer(learning_rate))

    def optimizer(self, learning_rate):
        """The optimizer as `ema_momentum` says, with gradients of a norm of at most 1."""
        if self.ema_momentum is None:
            import keras

            return keras.optimizers.Adam(learning_rate, clipnorm=1.0)
        from rnnkit.training import AveragedAdam

        return AveragedAdam(learning_rate, ema_momentum=self.ema_momentum, clipnorm=1.0)

    # === What users call ===

    def adapt(self, data, base=None, **options):
        """The adapted features for a set of options (others than those of features are ignored).
        With a `rnnkit.saving.base.Base` they are its, extended."""
        chosen = taken_by(self.features, {**self.options(), **options})
        if base is None:
            return self.features(data, **chosen)
        from rnnkit.features.classes import TooFewClasses

        try:
            features = self.features(data, **chosen)
        except TooFewClasses as error:
            raise ValueError(
                f"{error}. A new model learns from its own data alone, whatever classes its base "
                "knows: add examples of another class. Or teach the older model that class: "
                "rnnkit.load_model(...).fine_tune(data.train, extend=True)"
            ) from None
        return base.extend(features)

    @made_by("recipe")
    def network(self, features, base=None, **options):
        """The compiled model on given features (options of features are ignored). With a
        `rnnkit.saving.base.Base` it starts from that."""
        model = self.build(*features, **taken_by(self.build, {**self.options(), **options}))
        model.recipe = self.name
        model.score_names = self.scores_of(features[-1])
        model.fit_defaults = several.watched(model.output_feature.target_type, self.fit_defaults)
        if base is not None:
            base.start(model)
        return model

    def scores_of(self, feature):
        """Names of the scores of a model whose output feature is given: those of the recipe, or,
        where they are of plain classes and the feature is not, the usual ones of its type; of
        several targets those of each, with its name in front."""
        from rnnkit.metrics import DEFAULTS, SCORES

        of = feature.target_type
        if of == "targets":
            found = []
            for name, each in feature.targets.items():
                fits = {*self.scores} <= {*SCORES[each.target_type]}
                usual = DEFAULTS.get(each.target_type, SCORES[each.target_type])
                found += [f"{name}_{score}" for score in (self.scores if fits else usual)]
            return found
        if of in ("labels", "ordered") and not {*self.scores} <= {*SCORES[of]}:
            return list(DEFAULTS.get(of, SCORES[of]))
        return list(self.scores)

    @property
    def fit_defaults(self):
        """What of `training` a model keeps for every call of its `fit`."""
        once = ("epochs", "reward", "reward_epochs")
        return {key: value for key, value in self.training.items() if key not in once}

    @ShowsOptions
    def model(self, data, *, base=None, **options):
        """The model for some data, built and compiled.

        With a base it starts from an older model of the recipe: each layer that fits has its
        weights. Words, characters, labels and tags of the base keep their meaning, those that only
        the new data has are added, with vectors and weights that are not trained yet; the scaling
        of numbers, categories of events and pieces of subwords stay the base's. What was taken and
        added is printed. The options are those given here: those that the base was made with make
        its layers fit.

        Args:
            data: What `recipe.data` gave.
            base: Path of a saved model, or a model, to start from; None starts anew. It brings
                the word vectors that it was trained with: with it `vectors` is refused.
            **options: Any of `recipe.options()`, such as `cell="gru"`, `units=256`, `seed=1`.

        Returns:
            A `rnnkit.models.Model`. Its `fit` stops early and keeps the best weights when it is
            given validation data.

        Raises:
            ValueError: For options that the recipe does not have; and for a base of another
                pattern or with other features, one of which no layer fits, and an echo state
                network.
        """
        self.check_options(options)
        base, given, settings = self._base(base), options, {}
        if base is None:  # else its sizes are those that fit
            options, settings = small_data.chosen(self, data, given)
        if settings or options != given:
            print(small_data.in_words(data, given, options, settings))
        settle()
        with asked():
            features = self.adapt(data, base, **options)
        model = self.network(features, base, **options)
        known = {name: value for name, value in settings.items() if name != "epochs"}
        model.fit_defaults = {**model.fit_defaults, **known}
        return model

    def _base(self, given):
        """A `rnnkit.saving.base.Base` of what `model` is given, or None."""
        if given is None:
            return None
        from rnnkit.saving.base import Base

        return Base.of(given)

    @ShowsOptions
    def train(
        self,
        data=None,
        *,
        epochs=None,
        batch_size=None,
        class_weight=None,
        reward_epochs=None,
        out=None,
        resume=False,
        score=False,
        callbacks=(),
        verbose="auto",
        base=None,
        **options,
    ):
        """Builds and trains a model with the recipe's settings.

        Args:
            data: What `recipe.data` gave; the embedded sample by default.
            epochs: Passes over the data at most; by default the recipe's, and 60 where an example
                has several labels or targets, each of which tells the network little at a time.
            batch_size: Examples in a step; by default the recipe's.
            class_weight: Dict of weight by class, or `"balanced"`; see `rnnkit.models.Model.fit`.
            reward_epochs: Passes over the data that follow, in which the model learns from scores
                of what it generates (see `fine_tune` of models that do), 0 for none. By default
                the recipe's, but no more than `epochs`; most recipes have none.
            out: Path of a `.keras` file that holds the best model so far from the end of the first
                epoch on, also after an interruption. None saves nothing.
            resume: Whether to go on with a training to `out` that was interrupted or killed, to
                the same weights as if it had not been. Its state after the last whole epoch lies
                in `<out>.training` until it ends well; all arguments and the data must be the
                same. Where there is none, or of an echo state network, training starts anew.
            score: Whether the trained model is scored on `data.test`, as its `score` does, before
                it is saved: its file and its card (`rnnkit.card`) then have the scores, and so has
                `model.trained["scores"]`.
            callbacks: Further Keras callbacks. Of those that go on with a training, only
                `EarlyStopping`, `ReduceLROnPlateau` and `ModelCheckpoint` know what was before.
            verbose: As in `keras.Model.fit`.
            base: As in `model`.
            **options: As in `model`.

        Returns:
            The trained model, its weights those of the best epoch. `model.history` has the curve.

        Raises:
            ValueError: For `reward_epochs` below 0, or of a recipe that has no reward; for `resume`
                without `out`, and where the training there is another one; and if the loss or the
                weights are no longer finite (`rnnkit.training.Diverged`).
        """
        from rnnkit.training.plan import TrainingPlan

        self.check_options(options)
        base = self._base(base)
        plan = TrainingPlan.of(
            self,
            options,
            base=base,
            epochs=epochs,
            batch_size=batch_size,
            class_weight=class_weight,
            reward_epochs=reward_epochs,
            out=None if out is None else os.fspath(out),
            resume=resume,
            score=score,
            callbacks=callbacks,
            verbose=verbose,
        )
        with asked(verbose):
            data = self.data() if data is None else data
        if base is None:
            chosen, settings = small_data.chosen(self, data, options)
            plan.about["options"] |= chosen
            if epochs is None:
                plan.epochs = settings.get("epochs", plan.epochs)
        with asked(verbose):
            model = self.model(data, base=base, **options)
        if epochs is None:
            plan.epochs = several.epochs(model.output_feature.target_type, plan.epochs)
        with asked(verbose):
            return plan.fit(model, data)

    @ShowsOptions
    def pretrain(self, texts, *, out=None, epochs=20, batch_size=None, verbose="auto", **options):
        """Trains the layers that read texts on texts without targets.

        The embedding and the recurrent layers learn as a language model
        (`rnnkit.models.EncoderLanguageModel`), in each direction in which the recipe's model reads.
        A model that starts from them, `recipe.model(data, base=...)` with the same options, needs
        fewer examples: of 100 tagged sentences of the embedded data, 15 epochs and 32 units
        `pos_tagging` learns to tag .60 of the words after 6 epochs on 2,000 sentences without tags,
        and .47 without them (means of two seeds). A tenth of the texts says when to stop.

        Args:
            texts: Texts: a list; the path of a text file with one a line, or of a table (csv, tsv,
                json, jsonl) with the recipe's column of inputs; or a `tf.data.Dataset` of raw
                inputs, such as `data.train`, whose targets are left out.
            out: Path of a `.keras` file for the model; None saves nothing.
            epochs: Passes over the texts at most.
            batch_size: Texts in a step; 64 by default.
            verbose: As in `keras.Model.fit`.
            **options: As in `model`. Those that are not of the layers that read have no effect;
                nothing is dropped (`dropout`, `token_dropout`, ...) unless it is given here.

        Returns:
            The trained `rnnkit.models.EncoderLanguageModel`, to be passed as `base`.

        Raises:
            ValueError: For a recipe whose network has no recurrent layers that read texts (such as
                `spam`, a bag of words), and for options with which they would read the words that
                they have to tell (`filters`; `num_layers` where texts are read both ways).

        Example:

        >>> recipe = recipes.get("sentiment")
        >>> base = recipe.pretrain(["one text", "another text"] * 20, epochs=1, units=8)
        >>> base.save("base.keras")  # for recipe.train(data, base="base.keras", units=8)
        """
        self.check_options(options)
        self.check_pretraining()
        from rnnkit.models.pretraining import pretrain

        out = None if out is None else os.fspath(out)
        settings = {"epochs": epochs, "batch_size": batch_size, "out": out, "verbose": verbose}
        return pretrain(self, texts, options, **settings)

    def tune(self, data=None, **arguments):
        """Searches the recipe's space with keras-tuner; see `rnnkit.tuning.tune`."""
        from rnnkit import tuning

        check_call(arguments, [*inspect.signature(tuning.tune).parameters][2:], "tune")
        return tuning.tune(self, self.data() if data is None else data, **arguments)

    def hypermodel(self, data, *, options=None, seed=None):
        """The recipe for a tuner of keras-tuner that you make yourself.

        `tune` does more: it resumes, saves the best model and runs in several processes.

        Args:
            data: What `recipe.data` gave: trials train on `data.train`, judged on
                `data.validation`.
            options: Dict of options that are fixed, `epochs` and `batch_size` perhaps among them.
            seed: Integer for the option `seed` of the models, or None.

        Returns:
            A `keras_tuner.HyperModel`. `tuner.search` is given no data.

        Example:

        >>> import keras_tuner
        >>> recipe = recipes.get("spam")
        >>> tuner = keras_tuner.RandomSearch(
        ...     recipe.hypermodel(recipe.data()), objective="val_accuracy", max_trials=5
        ... )
        >>> tuner.search(epochs=3, verbose=0)
        >>> model = tuner.get_best_models()[0]
        """
        from rnnkit.tuning import RecipeHyperModel

        return RecipeHyperModel(self, data, options, seed)

    # === About itself ===

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
