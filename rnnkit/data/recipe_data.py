"""The data of a recipe: from what a user has to raw examples, and the feature of its labels."""

from rnnkit.utils.calls import checked_call
from rnnkit.utils.progress import asked


class ReadsData:
    """Methods of a recipe, for a class beside `rnnkit.Recipe`. Nothing heavy is imported here."""

    @checked_call
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
        split=None,
        group=None,
        series=None,
        future=None,
        static=None,
        holidays=None,
        header=None,
        separator=None,
        decimal=None,
        names=None,
        label_separator=None,
    ):
        """The data of the task.

        Args:
            source: None for the embedded sample; a file (csv, tsv, jsonl), a folder of splits or
                a pattern; the name of a TFDS dataset; a pandas frame; a `tf.data.Dataset` of raw
                `(x, y)`; a pair `(x, y)`; or a dict of `train`, `validation`, `test` to these.
                A series has a row a time, and may be a txt file of numbers or an array `[time]`
                or `[time, columns]` too. The pictures, sounds and MIDI files that a file's table
                names lie in its folder or below it.
            name: Which set, where a folder holds several.
            input: Column (name or position) or TFDS feature of the inputs. Of a series one or
                several, such as `"load,2"` or a list; all columns of numbers by default.
            target: The same for the targets; of a series the inputs by default. Several columns of
                0 and 1, such as `["rude", "loud"]` or `"rude,loud"`, are labels, of which an
                example has those with a 1: such a model tells them apart by
                `rnnkit.features.Labels`, as it does where the targets are lists. Several other
                columns are targets of kinds of their own, which one model learns together
                (`rnnkit.features.Targets`): words are classes, numbers with decimals are numbers,
                and how they are read is printed. What may be either, such as whole numbers, is
                refused until it is said: `{"label": "class", "stars": "number"}` or
                `"label:class,stars:number"`; `"ordered"` is a class that is a number, such as a
                grade. So two columns of 0 and 1 are two classes where it says so. An empty cell is
                a target that is not known, and counts neither in the loss nor in the scores.
            encoding: Character encoding of files.
            skip_unreadable: Whether audio files and strokes that cannot be read are left out,
                with a warning that counts them, instead of raising.
            fold: Which fold of a table with a column `fold` is the test: the one after it (after
                the last the first) validates, all others train.
            split: Fractions of the examples that train, validate and test, such as
                `(0.7, 0.1, 0.2)`, where the source is not in parts. Four fifths, a tenth and a
                tenth by default. Copies of an input stay on one side, and classes have the same
                fractions everywhere; series are split in time, texts without targets in order. How
                it was split is printed.
            group: Column whose equal values stay on one side too, such as `"user"`, of tables with
                a row an example.
            series: Of a table with several series, one below the other: the column, or list of
                columns, that tells them apart, such as `"store"`. By default a column that is
                called series, subject, user, session, recording, id, store or the like.
            future: Of a series: the column, or list of columns, of the inputs that are known ahead,
                such as promotions. Forecasts then need them: `infer(past, future=...)`. Texts are
                categories.
            static: Of a table with several series: the column, or list of columns, that tells how
                they differ and does not change within one, such as `"region"`. Texts are
                categories.
            holidays: Of a series with times: the dates of days that are known ahead, such as
                `["2024-12-25", "2024-12-26"]`, or a dict of names to such lists, so that each kind
                of day has its own effect. They should reach beyond what is to be forecast.
            header: Whether the first row of a table names its columns. None tells it from the
                data where columns are given by position, and prints what it found.
            separator: What stands between the columns of a csv file, such as `";"`. None tells it
                from the first rows.
            decimal: The decimal mark of numbers in tables, `","` or `"."`. None tells it from the
                data, and prints it if it is a comma.
            names: Names of classes, such as `["O", "B-PER", "I-PER"]`, where labels or tags are
                their numbers, from 0 on. Without them numbers are labels themselves; those of
                entities are refused.
            label_separator: What stands between several labels in a cell, such as `"|"` in
                `"comedy|drama"`. Without it such a cell is one class.

        Returns:
            A `rnnkit.data.Data` with `train`, `validation` and `test`. Parts that are missing are
            split off deterministically.
        """
        from rnnkit.data.readers import sources

        given = {"input": input, "target": target}
        with asked():
            return sources.load(
                self,
                source,
                name=name,
                given=given,
                encoding=encoding,
                skip_unreadable=skip_unreadable,
                fold=fold,
                split=split,
                group=group,
                series=series,
                future=future,
                static=static,
                holidays=holidays,
                header=header,
                separator=separator,
                decimal=decimal,
                names=names,
                label_separator=label_separator,
            )

    @staticmethod
    def label_feature(data, ordered=None, target_weights=None, label=None):
        """The feature of labels for some data: `rnnkit.features.Labels` where an example may have
        several, as its targets are lists, `Targets` where it has several targets of kinds of their
        own, and `Label` or `OrderedLabel` where it has one.

        Args:
            data: `rnnkit.data.Data`; or None, for a feature that is not adapted.
            ordered: As the option of that name.
            target_weights: As the option of that name.
            label: Function that makes the feature of a class, where it is always another one, which
                takes no lists; None for those above.
        """
        from rnnkit.features import Label, Labels, OrderedLabel, Targets

        types = None if data is None else data.info.get("target_types")
        if types is not None:
            if ordered:
                raise ValueError(
                    "ordered is for one class an example, and here are several targets: say which "
                    "of them are ordered, target={'stars': 'ordered', ...}. "
                    f"Received: ordered={ordered!r}"
                )
            return Targets.of(types, target_weights, label or Label)
        if target_weights is not None:
            raise ValueError(
                "target_weights is for several targets of kinds of their own, and here is one. "
                f"Received: target_weights={target_weights!r}"
            )
        if label is not None:
            return label()
        if data is None or not data.train.element_spec[1].shape.rank:
            return OrderedLabel.of(ordered) if ordered else Label()
        if ordered:
            raise ValueError(
                "ordered is for examples of one class each, and these have several labels. "
                f"Received: ordered={ordered!r}"
            )
        return Labels(data.info.get("labels"), data.info.get("label_separator"))
