"""What the README says about the project is what the project says of itself."""

import pathlib
import re

import recipes

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_of_recipes_is_complete():
    rows = re.findall(r"^\| `(\w+)` \| ([\w-]+) \| (.+?) \| `(\w+)` \| `([\w/]+)`", README, re.M)
    told = [
        (row["name"], row["pattern"], f"{row['input']} → {row['output']}", row["cell"],
         row["dataset"])
        for row in recipes.list()
    ]  # fmt: skip
    assert sorted(rows) == sorted(told)


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_commands_can_be_read_by_a_script():
    for name in ("try", "test", "test-slow"):
        assert re.search(rf"<!-- command: {name} -->\n```bash\n(.+?)\n```", README, re.S), name


def test_every_room_of_the_code_is_named():
    page = README.split("## How the code is laid out")[1].split("\n## ")[0]
    rooms = [path.name for path in (ROOT / "rnnkit").iterdir() if not path.name.startswith("_")]
    for room in (*rooms, "recipes", "tests"):
        assert f"`{room}" in page, room
    assert len(page.strip().splitlines()) <= 25
