"""The embedded dialogues: replies that follow from their prompts."""

import re

import pytest

from rnnkit.datasets import dialogues

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def data():
    return {split: list(dialogues.generate(split)) for split in SPLITS}


@pytest.fixture(scope="module")
def replies():
    """Every pair of several seeds; fails where a prompt has two replies."""
    known = {}
    for seed in range(6):
        for split in SPLITS:
            for prompt, reply in dialogues.generate(split, seed):
                assert known.setdefault(prompt, reply) == reply
    return known


# Written by hand.
EXPECTED = {
    "Hello.": "Hello. How can I help you?",
    "Thank you.": "You are welcome.",
    "My name is Anna.": "Nice to meet you, Anna.",
    "I am Ben. Who are you?": "Nice to meet you, Ben. My name is Robin.",
    "What is the capital of France?": "The capital of France is Paris.",
    "Which city is the capital of Peru?": "The capital of Peru is Lima.",
    "Tokyo is the capital of which country?": "Tokyo is the capital of Japan.",
    "I like tea more than coffee.": "So you prefer tea to coffee.",
    "I like coffee less than tea.": "So you prefer tea to coffee.",
    "I do not like dogs as much as cats.": "So you prefer cats to dogs.",
    "I enjoy tennis, but chess even more.": "So you prefer chess to tennis.",
    "What is seven times eight?": "Seven times eight is fifty-six.",
    "What is nine times nine?": "Nine times nine is eighty-one.",
    "How much is twelve plus nineteen?": "Twelve plus nineteen is thirty-one.",
    "When does the bakery open on Friday?": "The bakery opens at six on Friday.",
    "When does the museum close on Sunday?": "The museum closes at five on Sunday.",
    "Is the library open on Sunday?": "No, the library is closed on Sunday.",
    "Is the library open on Monday?": "Yes, the library is open on Monday.",
    "How much is a coffee?": "That is three euros for a coffee.",
    "How much are four tickets?": "That is thirty-two euros for four tickets.",
    "How much is an umbrella?": "That is ten euros for an umbrella.",
    "How much is a postcard?": "That is one euro for a postcard.",
    "I am sad because I lost my keys.": "I am sorry that you lost your keys.",
    "I am happy because we won our match.": "I am glad that you won your match.",
    "I am glad because I am going on holiday.": "I am glad that you are going on holiday.",
    "I am happy because my friends are visiting me.":
        "I am glad that your friends are visiting you.",
    "It is raining in Lyon.": "Then take an umbrella with you in Lyon.",
    "My aunt is a pilot.": "Does your aunt like being a pilot?",
    "I have a parrot called Leo.": "Leo is a nice name for a parrot.",
    "What is the opposite of heavy?": "The opposite of heavy is light.",
    "What is the opposite of light?": "The opposite of light is dark.",
    "What day comes after Sunday?": "Monday comes after Sunday.",
    "Which month is before January?": "December comes before January.",
    "What colour is an elephant?": "An elephant is grey.",
    "How do you spell cat?": "You spell cat c a t.",
    "Remind me to call my mother at five.": "I will remind you to call your mother at five.",
    "Can I book a table for four on Friday at eight?":
        "Your table for four on Friday at eight is booked.",
}  # fmt: skip


@pytest.mark.slow
def test_replies_written_by_hand(replies):
    found = {prompt: replies[prompt] for prompt in EXPECTED if prompt in replies}
    assert found == {prompt: EXPECTED[prompt] for prompt in found}
    assert len(found) >= 30  # the others were not drawn


def test_sums_are_right(replies):
    numbers = {dialogues.number(value): value for value in range(100)}
    assert len(numbers) == 100
    count = 0
    for reply in set(replies.values()):
        match = re.match(r"([\w-]+) (plus|minus|times) ([\w-]+) is ([\w-]+)\.$", reply)
        if match:
            a, b, result = (numbers[match[k].lower()] for k in (1, 3, 4))
            expected = {"plus": a + b, "minus": a - b, "times": a * b}[match[2]]
            assert result == expected
            count += 1
    assert count > 300


@pytest.mark.parametrize(
    "said, turned",
    [
        ("I lost my keys", "you lost your keys"),
        ("my friends are visiting me", "your friends are visiting you"),
        ("I am going on holiday", "you are going on holiday"),
        ("we lost our match", "you lost your match"),
    ],
)
def test_persons_are_turned(said, turned):
    assert dialogues.turned(said) == turned


def test_texts_are_tidy(data):
    for prompt, reply in sum(data.values(), []):
        for text in (prompt, reply):
            assert text[0].isupper() and text[-1] in ".?" and "  " not in text
            assert not re.search(r"[{}|:_]|\ba [aeiou]\w|\ban [^aeiou]\w| ,", text), text
        opened = re.match(r"(Hello|Excuse me|Please tell me|By the way), (\w+)", prompt)
        # Only names, days and "I" keep their capital after an opening.
        assert not opened or opened[2] not in ("What", "How", "The", "My", "Please", "It", "We")


def test_no_test_prompt_in_training_whatever_the_seed(data):
    test = {prompt for prompt, _ in data["test"]}
    for seed in (0, 1):
        assert not test & {prompt for prompt, _ in dialogues.generate("train", seed)}
    assert not test & {prompt for prompt, _ in data["validation"]}


def test_what_a_test_reply_needs_to_know_is_in_training(data):
    seen = {reply for _, reply in data["train"]}
    facts = ("The capital of ", "The train to ", "You spell ", "The opposite of ", "You find ")
    needed = [reply for _, reply in data["test"] if reply.startswith(facts)]
    assert len(needed) > 40 and all(reply in seen for reply in needed)
    words = set(re.findall(r"[\w-]+", " ".join(map(" ".join, data["train"])).lower()))
    unknown = set(re.findall(r"[\w-]+", " ".join(map(" ".join, data["test"])).lower())) - words
    assert len(unknown) < 5


def test_small_talk_is_in_training(data):
    known = dict(data["train"])
    assert known["Good night."] == "Good night. Sleep well."
    assert not any(prompt == "Good night." for prompt, _ in data["test"])


def test_the_order_is_mixed(data):
    first = [reply for _, reply in data["train"][:200]]
    assert len(set(reply.split()[0] for reply in first)) > 20
    assert data["test"] != sorted(data["test"])
