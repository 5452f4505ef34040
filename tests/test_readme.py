"""What the README says about the project is what the project says of itself."""

import pathlib
import re

import recipes

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_table_of_recipes_is_complete():
    rows = re.findall(r"^\| `(\w+)` \| ([\w-]+) \| (.+?) \| `(\w+)` \| `([\w/]+)`", README, re.M)
    told = [
        (row["name"], row["pattern"], f"{row['input']} → {row['output']}", row["cell"],
         row["dataset"])
        for row in recipes.list()
    ]  # fmt: skip
    assert sorted(rows) == sorted(told)


def test_its_links_lead_somewhere():
    root = pathlib.Path(__file__).parents[1]
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (root / target).exists(), target


def test_both_commands_can_be_read_by_a_script():
    for name in ("try", "test"):
        assert re.search(rf"<!-- command: {name} -->\n```bash\n(.+?)\n```", README, re.S), name
