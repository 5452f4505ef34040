"""Parallel text: files whose lines belong together, and tables with two columns of text."""

import glob
import os
import pathlib
import re
import warnings

from rnnkit.data.readers.examples import column_of_texts
from rnnkit.data.readers.text import tab_pairs
from rnnkit.data.splits import SPLITS, from_columns, named
from rnnkit.formats.cells import missing
from rnnkit.formats.encodings import content
from rnnkit.formats.tables import SUFFIXES, Table, is_blank, is_table
from rnnkit.formats.texts import Texts, lines_of
from rnnkit.utils.messages import shorten

ROLES = ("input", "target")
# `train`, `set_train`, `test2016`, `test_2017_flickr`, `val.tok`: a split and what it may go with.
_STEM = re.compile(
    rf"^(?:(?P<set>.+?)[_.\-])?(?P<split>{'|'.join(sorted(SPLITS, key=len, reverse=True))})"
    r"(?P<rest>(?:[\d_.\-].*)?)$",
    re.IGNORECASE,
)


def find(source, columns, given=None, name=None, encoding="utf-8"):
    """The tables of a source of parallel files, if it is one.

    Args:
        source: A folder or prefix of files whose ending is their language (`train.en`, `train.fr`,
            `val.en`, ..., `test2016.fr`; a further `.txt` is ignored), or with one pair of files
            alone; or a pair of files, as a tuple or as one string with a comma between them.
        columns: Dict of `"input"`, `"target"` to the endings taken for them, best first.
        given: Dict of `"input"`, `"target"` to the ending the user asks for.
        name: Which test set, where there are several (`"test2016"`), or which set, where the files
            of several lie together (`"news"` of `news_train.en`).
        encoding: Character encoding of the files.

    Returns:
        Dict of `"train"`, `"validation"`, `"test"` (or `"all"`) to a `Table` with the columns
        `input` and `target`; None if the source is a table, a TFDS name or not there.

    Raises:
        ValueError: If files are missing or misaligned, or it is open which are meant: the message
            says what to pass.
    """
    pair = as_pair(source)
    if pair:
        return {"all": read_pair(*pair, encoding)}
    if not isinstance(source, (str, os.PathLike)):
        return None
    files, where = _files(os.fspath(source))
    if not files:
        return None
    stems = {}
    for file in files:
        if file.suffix and file.suffix.lower() not in SUFFIXES:
            stem, ending = _language(file)
            stems.setdefault(stem, {})[ending] = file
    stems = {stem: found for stem, found in stems.items() if len(found) > 1}
    tables = any(file.suffix.lower() in SUFFIXES for file in files)
    if tables and not any(map(_STEM.match, stems)):
        return None
    if not stems:
        if not os.path.isdir(source):
            return None
        raise ValueError(
            f"{where} holds no pairs of texts: expected a table ({', '.join(SUFFIXES)}) or files "
            "named by their language, such as train.en and train.fr. Found: "
            f"{', '.join(file.name for file in files[:5])}"
        )
    parts = _parts(stems, where, name)
    main = stems[parts.get("train") or parts["all"]]
    chosen = choose(main, columns, given, where, os.fspath(source))
    paths = {}
    for part, stem in parts.items():
        for ending in chosen:
            if ending not in stems[stem]:
                raise ValueError(
                    f"{where} has no {stem}.{ending} beside {stem}.{next(iter(stems[stem]))}, but "
                    f"{', '.join(file.name for file in main.values())}. Endings of {stem}: "
                    f"{', '.join(sorted(stems[stem]))}"
                )
        paths[part] = [stems[stem][ending] for ending in chosen]
    return {part: read_pair(*pair, encoding) for part, pair in paths.items()}


def load(source, request):
    """A source of parallel files as `Data`, or None if it is none; see `find`.

    `source` may also be a dict of `train`, `validation` and `test` to pairs of files, or a plain
    text file of pairs between tabs.
    """
    if isinstance(source, dict):
        if not source or not all(map(as_pair, source.values())) or set(source) - set(SPLITS):
            return None
        found = {split: read_pair(*pair, request.encoding) for split, pair in named(source).items()}
        label = "a dict of pairs of files"
        request.refuse(f"{label} is read line by line", "separator", "header")
    else:
        columns = request.recipe.columns
        found = None
        if isinstance(source, (str, os.PathLike)) and os.path.isfile(source):
            table = None if is_table(source) else tab_pairs.read(source, request)
            found = None if table is None else {"all": table}
        if found is None:
            found = find(source, columns, request.given, request.name, request.encoding)
            if found is not None:
                why = f"{shorten(source, 200)}: pairs of files are read line by line"
                request.refuse(why, "separator", "header")
        if found is None:
            return None
        label = ", ".join(map(str, source)) if isinstance(source, (tuple, list)) else str(source)
    request.refuse(f"{label} has no columns but the pairs", "group")
    sides = {role: role for role in ROLES}
    parts = {part: pairs_of_texts(table, sides) for part, table in found.items()}
    return from_columns(parts, label, request.split)


def as_pair(source):
    """The two paths of a pair of files (a tuple, a list or `"a.en,a.fr"`), or None."""
    if isinstance(source, str) and source.count(",") == 1 and not os.path.exists(source):
        source = [part.strip() for part in source.split(",")]
        if not all(source) or not any(os.path.exists(part) for part in source):
            return None
    if not isinstance(source, (tuple, list)) or len(source) != 2:
        return None
    return list(source) if all(isinstance(part, (str, os.PathLike)) for part in source) else None


def choose(found, preferred, given, where, source):
    """Which of several names (endings, columns, features) is the input and which the target.

    Args:
        found: The names there are.
        preferred: Dict of `"input"`, `"target"` to the names taken for them, best first.
        given: Dict of `"input"`, `"target"` to the user's choice, or None.
        where: What to call the source in messages.
        source: What the user passed, for the call that the message shows.

    Returns:
        The two names, input first.

    Raises:
        ValueError: If a choice does not exist, or it is open which are meant.
    """
    known = {str(name).lower(): name for name in found}
    chosen = {}
    for role in ROLES:
        value = (given or {}).get(role)
        if value is None:
            continue
        if str(value).lower() not in known:
            raise ValueError(
                f"{where} has no {value!r} for the {role}. Found: {', '.join(sorted(found))}"
            )
        chosen[role] = known[str(value).lower()]
    asked = len(chosen)
    for role in ROLES:
        free = [name for name in preferred.get(role, ()) if known.get(name) not in chosen.values()]
        if role not in chosen:
            fitting = [known[name] for name in free if name in known]
            if fitting:
                chosen[role] = fitting[0]
    rest = [name for name in found if name not in chosen.values()]
    if asked and len(chosen) == 1 and len(rest) == 1:
        chosen[next(role for role in ROLES if role not in chosen)] = rest[0]
    if len(chosen) < 2:
        first, second = [chosen.get("input"), chosen.get("target")]
        first = first or rest.pop(0)
        second = second or rest.pop(0)
        raise ValueError(
            f"{where} holds texts called {', '.join(sorted(found))}: say which is the input and "
            f"which the target, for example recipe.data({source!r}, input={first!r}, "
            f"target={second!r}) (on the command line --input {first} --target {second})"
        )
    if chosen["input"] == chosen["target"]:
        raise ValueError(
            f"input and target must differ. Received: input={chosen['input']!r}, "
            f"target={chosen['target']!r}. Found: {', '.join(sorted(found))}"
        )
    return chosen["input"], chosen["target"]


def read_pair(first, second, encoding="utf-8"):
    """Two files line by line, as a `Table` with the columns `input` and `target`.

    Args:
        first: Path of the inputs, one a line.
        second: Path of the targets, as many lines.
        encoding: Character encoding of both.

    Raises:
        ValueError: If a file is missing, empty or cannot be decoded, or the numbers of lines
            differ.
    """
    paths = [pathlib.Path(first), pathlib.Path(second)]
    lines = []
    for path in paths:
        if not path.is_file():
            raise ValueError(f"There is no file {str(path)!r}")
        if is_table(path):
            raise ValueError(
                f"A pair of files is read line by line, but {path} is a table: pass it alone, "
                "with its columns as input=... and target=..."
            )
        text = content(path, encoding)
        if is_blank(text):
            raise ValueError(f"{path} is empty: expected one text a line")
        lines.append(Texts.of(line for _, line in lines_of(text)))
    sizes = [len(each) for each in lines]
    if sizes[0] != sizes[1]:
        short = sizes.index(min(sizes))
        following = lines[1 - short][sizes[short]]
        raise ValueError(
            f"{paths[0]} and {paths[1]} are not aligned: {sizes[0]:,} and {sizes[1]:,} lines. "
            f"{paths[short].name} ends at line {sizes[short]:,}; line {sizes[short] + 1:,} of "
            f"{paths[1 - short].name} is {_short(following)}"
        )
    table = Table({"input": lines[0], "target": lines[1]}, source=f"{paths[0]}, {paths[1]}")
    table.paths = dict(zip(ROLES, map(str, paths), strict=True))
    return table


def pairs_of_texts(table, columns):
    """Raw columns `(inputs, targets)` of a table of texts.

    Rows that are empty on both sides are left out with a warning.

    Raises:
        ValueError: If a text is missing, or empty beside one that is not; the message names the
            line and how many there are.
    """
    if columns["input"] == columns["target"]:
        raise ValueError(
            f"{table.source}: the column {columns['input']!r} cannot be input and target at once; "
            f"say the other one with input=... or target=.... Columns found: {list(table.columns)}"
        )
    texts = [table.columns[columns[role]] for role in ROLES]
    blank = [_blank(column) for column in texts]
    for index, role in enumerate(ROLES):
        rows = [
            row
            for row, (one, other) in enumerate(zip(blank[index], blank[1 - index], strict=True))
            if one and not other
        ]
        if rows:
            row = rows[0]
            files = getattr(table, "paths", None)
            at = files[role] if files else f"the column {columns[role]!r} of {table.source}"
            more = f" ({len(rows):,} such lines)" if len(rows) > 1 else ""
            raise ValueError(
                f"{at}, line {table.lines[row]:,} is empty, but the {ROLES[1 - index]} there is "
                f"{_short(texts[1 - index][row])}{more}. Fill it in, or take the line out of both"
            )
    keep = [row for row, empty in enumerate(blank[0]) if not empty]
    dropped = len(blank[0]) - len(keep)
    if not keep:
        raise ValueError(f"{table.source}: all {dropped:,} lines are empty")
    if dropped:
        line = table.lines[blank[0].index(True)]
        warnings.warn(
            f"{table.source}: {dropped:,} of {len(blank[0]):,} lines are left out, as they are "
            f"empty on both sides (the first is line {line:,})",
            stacklevel=2,
        )
        texts = [
            column.take(keep) if isinstance(column, Texts) else [column[row] for row in keep]
            for column in texts
        ]
    if all(str(x).strip() == str(y).strip() for x, y in zip(*texts, strict=True)):
        warnings.warn(
            f"{table.source}: input and target are the same text in all {len(keep):,} lines; is "
            "one side a copy of the other by mistake?",
            stacklevel=2,
        )
    return column_of_texts(texts[0], "text"), column_of_texts(texts[1], "text")


def _blank(column):
    """Which cells hold no text."""
    if isinstance(column, Texts):
        return [not text.strip() for text in column]
    return [missing(value) or not str(value).strip() for value in column]


def _files(source):
    """The files of a folder, a prefix or a pattern, and what to call them."""
    path = pathlib.Path(source)
    if path.is_dir():
        found = sorted(item for item in path.iterdir() if item.is_file())
        return [item for item in found if item.name[0] != "."], f"the folder {source!r}"
    if path.is_file():
        if not is_table(path):
            raise ValueError(
                f"{source} holds one side alone: pass both files, for example "
                f"recipe.data(({source!r}, '{path.with_suffix('.fr')}')) (on the command line "
                f"--data '{source},{path.with_suffix('.fr')}'), their folder, or a file with a tab "
                "between the two sides of each line"
            )
        return [], source
    pattern = source if glob.has_magic(source) else glob.escape(source) + "*"
    found = [pathlib.Path(item) for item in sorted(glob.glob(pattern))]
    return [item for item in found if item.is_file()], f"{source!r}"


def _language(file):
    """`train.en` and `train.en.txt` as `("train", "en")`."""
    if file.suffix.lower() == ".txt" and pathlib.Path(file.stem).suffix:
        file = file.with_suffix("")
    return file.stem, file.suffix[1:]


def _parts(stems, where, name):
    """Which stem is which part, as a dict of `"train"`, ... (or `"all"`) to stem."""
    sets, others = {}, []
    for stem in stems:
        match = _STEM.match(stem)
        if match:
            split = SPLITS[match["split"].lower()]
            sets.setdefault(match["set"] or "", {}).setdefault(split, []).append(stem)
        else:
            others.append(stem)
    test = None
    if name is not None and name not in sets:
        if name not in stems:
            known = sorted({key for key in sets if key} | set(stems))
            raise ValueError(f"{where} holds no set {name!r}. Found: {', '.join(known)}")
        match = _STEM.match(name)
        if match and SPLITS[match["split"].lower()] != "test":
            raise ValueError(f"name must be a test set or a set of files. Received: name={name!r}")
        test = name
        sets = {key: parts for key, parts in sets.items() if "train" in parts}
    elif name is not None:
        sets = {name: sets[name]}
    if not sets:
        if len(others) == 1 and test is None:
            return {"all": others[0]}
        raise ValueError(
            f"{where} holds no training part: expected train.* in two languages. Found: "
            f"{', '.join(stems)}. Two files can be passed as a pair: ('a.en', 'a.fr')"
        )
    if len(sets) > 1:
        names = sorted(sets)
        raise ValueError(
            f"{where} holds {len(names)} sets: {', '.join(name or 'train' for name in names)}. "
            f"Say which one: name={names[-1]!r} (on the command line --name {names[-1]})"
        )
    (found,) = sets.values()
    if test is not None:
        found["test"] = [test]
    parts = {}
    for split, candidates in found.items():
        if len(candidates) > 1:
            exact = [stem for stem in candidates if _STEM.match(stem)["rest"] == ""]
            candidates = exact if len(exact) == 1 and split != "test" else candidates
        if len(candidates) > 1:
            advice = (
                f"name={candidates[0]!r} (on the command line --name {candidates[0]})"
                if split == "test"
                else "pass a dict of pairs of files: {'train': ('a.en', 'a.fr'), ...}"
            )
            raise ValueError(
                f"{where} holds {len(candidates)} sets for {split}: {', '.join(candidates)}. Say "
                f"which one: {advice}"
            )
        parts[split] = candidates[0]
    if "train" not in parts:
        raise ValueError(f"{where} has no training part. Found: {', '.join(stems)}")
    return parts


def _short(text):
    text = str(text)
    return repr(text if len(text) <= 60 else text[:57] + "...")
