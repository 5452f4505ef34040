"""Synthetic text messages, wanted ("ham") and unwanted ("spam").

The public collections of text messages are two decades old and hold numbers and addresses of real
people. These messages come from templates and word lists of our own, with invented senders, the
telephone numbers that are set aside for fiction and the domains that are set aside for examples.
They keep what makes the task interesting: abbreviations and slips, words disguised with digits,
wanted messages that talk about prizes, and unwanted ones that sound like a friend.

Only the standard library is used, so that the card can be printed without TensorFlow.
"""

import random
import re
import zlib
from collections.abc import Iterator

from rnnkit.datasets.samples import Chooser, generator, listed

LABELS = ("ham", "spam")
SIZES = {"train": 4500, "validation": 500, "test": 1000}
SPAM_RATE = 0.18

CARD = """\
# rnnkit_sms

Text messages labelled `ham` (wanted) or `spam`: 4,500 to train, 500 to validate, 1,000 to test,
18 % of each being spam. All of it is synthetic: made offline by templates and word lists of our
own, nothing copied, no label noise. Telephone numbers are of the ranges set aside for fiction;
links end in .example, .test or example.com.

**What it teaches.** Abbreviations, slips, words disguised with digits and dots. A quarter of the
ham looks like spam (a raffle won, a bank's notice, a friend laughing about spam) and a third of
the spam looks like ham (a friendly tone, no number to call), so that single keywords mislead. One
template in four is used in the test split only; messages that differ in nothing but their digits
are all in the same split.

| model | test accuracy | F1 of spam |
| --- | --- | --- |
| a rule of 16 keywords (free, win, prize, claim, ...) | .802 | .588 |
| logistic regression on single words | .985 | .958 |
| logistic regression on words and pairs | .992 | .977 |
| dense network (64) on words and pairs, 8 epochs | .982 (seeds 0, 1, 2 alike) | .950 |

**Limits.** Few topics, British habits, one language, a fixed set of tricks. A filter trained on it
is for learning, not for use: real spam changes by the week.
"""

# === Templates, between bars ===

_OPENERS = """hey | hi | hiya | yo | morning | ok | right | so | oh no | haha | sorry | just saw
    this | quick one | hi {friend} | hey {friend} | {friend}! | hello you | alright {friend} |
    evening | oi | um"""
_CLOSERS = """x | xx | love you | see you soon | let me know | thanks | cheers | ok? | lol | haha |
    :) | ;) | speak later | no rush | miss you | call me | bye | can't wait | tell {friend} | text
    me when you can | hope that's ok | don't forget | night night | :( | take care | what do you
    think? | sorry!"""
_HAM = """I'm running {number} minutes late, start without me | are you still coming {day}? | what
    time does the {event} start? | I'm on the bus, home in {number} minutes | can you pick up some
    {food} and {food2} on your way home? | we are out of {food} again | did you remember to feed the
    {pet}? | the {pet} has been sick on the {item}, don't panic | mum says dinner is at {time} {day}
    | I left my {item} at {place}, can you look for it? | are you at {place} yet? I'm by the door |
    just finished work, absolutely shattered | {friend} said you weren't feeling well, do you need
    anything? | thank you for the {item}, it's lovely | how was the {event}? | sorry I missed your
    call, I was in the shower | I'll ring you after {time} | my phone is about to die, will be at
    {place} from {time} | train is late again, don't wait for me | do you want to go to {place}
    {day}? {friend} is coming too | I can't find my {item} anywhere | you were right about the
    {item}, it was behind the sofa | happy birthday {friend}! have a great day | what was the name
    of that {food} place near {place}? | I've got an exam {day} and I know nothing | the boss wants
    the report by {time}, so no lunch for me | haven't heard from you in ages, how are you? | are we
    still on for {time}? | I made {food}, there is some left in the fridge | can I borrow your
    {item} {day}? | the boiler is broken again and the landlord won't answer | just landed, waiting
    for the bags | I'm outside | be there in {number} | which bus goes to {place}? | remember it's
    bin day tomorrow | we lost {number} {number2} but it was a good game | I think I've caught
    whatever {friend} had, staying in bed | the doctor says it's just a cold | don't tell {friend}
    about the party {day}, it's a surprise | who's driving {day}? | you left the back door open
    again | can you send me the address of {place}? | I watched that film you told me about, cried
    for an hour | it's snowing here, is it snowing there? | my interview is at {time}, wish me luck
    | got the job!! drinks {day}? | how did the driving test go? | I've booked the table for
    {number} people at {time} | {friend} and {friend2} are getting married!! | could you bring the
    {item} back {day}, I need it for work | going to bed now, talk tomorrow | why aren't you
    answering? I'm getting worried | the kids want {food} for tea, is that ok | I'm in the queue at
    {place}, do you want anything? | sorry about last night, I was tired and grumpy | no idea, ask
    {friend} | yes please | maybe, I'll tell you {day} | I already paid for the {item} | it's number
    {number} on the left, the one with the blue door | have you done the maths homework? | dad is
    picking us up at {time} from {place} | I owe you {number} quid for the {event} | the {event} has
    been moved to {day} at {time} | I forgot my keys, are you home? | this {food} is amazing, you
    have to try it | can we talk tonight? nothing bad | on my way | did you see the match?
    unbelievable | I'm never drinking again | grandma sends her love | the wifi is down again so I'm
    at {place} | I miss you so much, {number} more days | it's raining, take a coat"""
_HAM_LOOKALIKE = """you won't believe it, I won {amount} in the raffle at {place}!! drinks are on me
    | {friend} won a {prize} at the {event}, jammy so and so | I actually won the {prize} in the
    office draw, collecting it {day} | free tickets for the {event} {day}, do you want one? {friend}
    can't make it | are you free {day}? | is {friend} free to babysit {day}? urgent!! | URGENT can
    you call me, I've locked myself out | call me on my work number {mobile}, mobile's broken | new
    number, it's {friend}: {mobile}. text me so I've got yours | please text me your account number
    so I can pay you the {amount} back for the {event} | just got one of those "you have won a
    {prize}" texts lol, who falls for that | ignore any text from {brand} saying you've won, it's a
    scam, {friend} lost {amount} | haha look what I got: "WINNER! claim your {amount} now". delete |
    "Congratulations, you have been selected", yeah right. fourth one today | dad nearly clicked on
    a link to claim a free {prize}, told him to delete it | have you seen this? {link} it's the
    {place} we talked about | photos from the {event} are up: {link} | here's the recipe {link}
    needs less {food} if you ask me | buy one get one free on {food} at {place} today | they were
    giving away free {food} at {place}, I took {number} | cash or card for the {event} {day}? I've
    only got {amount} | did you claim the {amount} for the train back from work? | congratulations
    on the baby!! call when you can | you've been selected for the team {day}, kick off {time} | the
    bank rang about my account, said to call them on {landline}, is that real? | can you send
    {amount} to {friend} for the {prize}? I'll pay you back {day} | my phone is dead so I'm on
    {friend}'s, ring me here {mobile} | pay {friend} {amount} for the ticket please | hi mum it's
    me, lost my phone, using {friend}'s till I get a new one | claim on the insurance went through,
    {amount}! | I need someone honest, does this {item} suit me? | got a new job working from home,
    easy hours, so happy | is this you in the photo? {link} so funny | cheap flights, have a look
    before {day}: {link} | can you vote for {friend} in the {event}? it's free: {link} | gift card
    for {friend}'s birthday ok? | prize draw at the {event} {day}, proceeds to the school | reply
    YES if you're coming {day} and I'll book | text {friend} to say you got your {item} back | last
    chance to sign up for the {event}, only {number} places left, tell {friend} by {day}"""
# Notices from firms the reader deals with, which keep their spelling.
_HAM_NOTICES = """{brand}: your appointment with {friend} is on {day} at {time}. To change it please
    call {landline}. | {brand}: reminder of your appointment {day} {time}. Please bring photo ID. No
    need to reply. | {brand} bank: a payment of {amount} to {friend} was made today. If this was
    you, no action is needed. | Your parcel from {brand} will be delivered {day} between {window}.
    No signature needed. | {brand}: your order {code} is ready to collect at {place}. Please bring
    this message. | {brand}: your verification code is {digits}. Do not share it with anyone. |
    Dentist: {friend}, you are due for a check-up. Please call {landline} to book. | {brand}
    library: {number} books are due {day}. Renew at {link} or call {landline}. | {brand}: your
    balance is {amount}. Your new bundle starts on {day}. | Hi, {friend} from {brand} here, your car
    is ready, {amount} in all. We close at {time}. | Your taxi is {number} minutes away. Reg {code}.
    | Your table for {number} at {place} is confirmed for {day} {time}. Reply C to cancel."""
_SPAM = """Congratulations! You have won a {prize}. To claim call {premium} now. | WINNER!! You have
    been selected to receive {amount}. Claim code {code}. Call {premium}. | URGENT! Your mobile
    number has won a {amount} prize. Call {premium} before {day}. | FREE entry into our weekly draw
    for a {prize}. Text {word} to {short}. | Free ringtone this week only! Text {word} to {short}.
    {pence}p per message. | Your {brand} reward points expire {day}. Claim {amount} at {link} | You
    are a guaranteed winner of a {prize} or {amount} cash. Reply {word} to {short} to collect. |
    {brand}: your account has been suspended. Confirm your details at {link} | Your parcel could not
    be delivered. Pay the {fee} fee at {link} to release it. | We tried to deliver your {prize}.
    Book again at {link} or it will be returned. | You owe {amount} in unpaid tax. Pay today at
    {link} to avoid court. | Tax refund of {amount} is due to you. Submit your claim: {link} | Last
    chance! {amount} cash waiting for you, call {premium}. Calls {pence}p/min, 18+ only. | Claim
    your free {prize} today! No catch, just pay postage: {link} | Get a loan of up to {amount} in
    {number} minutes, bad credit welcome. Apply at {link} | Had an accident? You may be entitled to
    {amount} compensation. Reply YES or call {premium}. | Cheap {pills} without prescription,
    discreet delivery. Order at {link} | Make {amount} a week working from home, no experience
    needed. Text {word} to {short}. | Double your money in {number} days! Join our {crypto} group:
    {link} | Exclusive offer for {brand} customers: upgrade to a {prize} for FREE. Call {premium}. |
    You have {number} new voice messages from an admirer. Call {premium} to listen. | Hot singles
    near {place} want to meet you. Text {word} to {short}, {pence}p/msg. | Final notice: your
    {brand} prize of {amount} is unclaimed. Ring {premium}, ref {code}. | Vote now and win a
    {prize}! Send {word} to {short}. Stop? send STOP. | {brand} security alert: a new device has
    signed in. If not you, go to {link} | Your bill is overdue. Avoid a fine of {amount}, settle at
    {link} | Lucky you! {number} tickets to the {event} are yours. Claim at {link} within {number2}
    hours. | Bonus! {number}00 free spins at {brand} casino, no deposit. Play now {link} | Today's
    winning numbers match your ticket! Collect {amount}: call {premium}, code {code}. | Quiz: which
    city is the capital of France? Text answer to {short} and win a {prize}. | Dear customer, your
    SIM will be blocked {day}. Update at {link} | Reply {word} for daily horoscopes, first week
    free, then {pence}p a day. | Sell your car today for cash, best price guaranteed. Free quote:
    {link} | You've been pre-approved! {brand} card with {amount} limit. Activate: {link} |
    Government scheme: new boiler at no cost. Check if you qualify at {link} | hi, your appointment
    for a free health check is {day} at {time}. Confirm at {link} | {brand}: thank you for your
    order {code}. Not you? Cancel at {link} | {brand}: your {prize} is ready to collect, see {link}
    | Reminder: your {brand} voucher ends {day}. {link} | We missed you {day}. Call {premium} about
    your delivery {code} | {brand}: a payment of {amount} was made. Not you? Call {premium} | Your
    {brand} bundle has changed, read more at {link} | Someone has a crush on you! Find out who at
    {link}, only {pence}p."""
_SPAM_LOOKALIKE = """hey it's me, I lost my phone, can you message me on this number? need a favour
    | hi mum, my phone broke, this is my new number. can you send some money for rent today? | hi
    dad this is my friend's phone, I need to pay a bill and can't get into my bank, can you help? |
    hello dear, I saw your picture and I think we could be good friends, write to me | hi, is that
    {friend}? we met at the {event}. I have a great way to make money, tell me if you want in | hey
    {friend}, are you free for a little job from home? good money, easy hours, just ask me | sorry
    wrong number, but you seem nice, what do you do? I trade for a living and can show you how | hi
    sweetie, I'm new in town and bored tonight, see my pictures here {link} | hey, it's {friend}! is
    this you in the video? {link} | haha you look so funny in this {link} | good morning, I am
    {friend} from {brand}, we liked your profile, can I tell you more about a job? | hello, my late
    uncle left a large sum and I need someone honest to help me move it | hey babe, I'm lonely, call
    me on {premium} | hi it's {friend} from school, remember me? I put my news here {link} take a
    look | hi, I've got a spare ticket for the {event}, just pay the booking fee here {link} | my
    grandson, it's an emergency, I need gift cards, send me the codes and I'll pay you back | hi,
    it's the boss, I'm in a meeting, could you buy some gift cards for a client and text me the
    codes | hi {friend}, sorry I missed your call, ring me back on {premium} | are you still at
    {place}? {friend} has a package for you, see {link} | thanks for the lovely time {day}, I put
    the photos here {link} | hi, I'm outside with your parcel, no answer, pay the {fee} here {link}
    | hello, are you coming {day}? my number is new, write to me on the other app | morning, the
    boss wants the invoice paid by {time}, I'll send you the account number | did you get my last
    message about the {item}? I can deliver it if you send {amount} first | someone who likes you
    asked us to say hello, guess who? ring {premium}"""

_WORDS = {
    "friend": """Sam, Jo, Ali, Becky, Tom, Priya, Dan, Kate, Luca, Mo, Gemma, Raj, Ellie, Chris,
        Nina, Josh, Amira, Pete, Lucy, Kofi, Hannah, Ben, Yusuf, Steph, Owen, Mei, Craig, Zoe, Ravi,
        Tess""",
    "day": """today, tonight, tomorrow, monday, tuesday, wednesday, thursday, friday, saturday,
        sunday, this weekend, next week, friday night""",
    "place": """the station, the gym, the library, Rosie's, the Red Lion, the market, the town hall,
        the pool, the office, nan's, the corner shop, the stadium, the hospital, college, the Blue
        Door, the park, the airport, the cinema, the garage, church, the seafront""",
    "food": """milk, bread, eggs, pizza, curry, noodles, rice, cheese, chips, soup, pasta, crisps,
        bananas, coffee, tea bags, sausages, cake, salad, butter, onions, ice cream""",
    "event": """concert, quiz, match, party, wedding, meeting, barbecue, funeral, play, festival,
        school fair, lecture, rehearsal, half marathon, birthday do, pub quiz, christening""",
    "pet": "cat, dog, rabbit, hamster, fish, puppy, kitten, tortoise",
    "item": """keys, charger, jacket, umbrella, laptop, glasses, wallet, scarf, ladder, drill, book,
        bike, rucksack, headphones, carpet, passport, tent, guitar, watch, blanket""",
    "prize": """holiday for two, new phone, tablet, hamper, games console, shopping voucher, bottle
        of champagne, spa weekend, smart TV, city break, luxury cruise, bike, coffee machine,
        laptop""",
    "brand": """Norbank, Parcelo, Telivo, Marlow & Finch, QuickKart, Brightline, Zenmobi,
        Castlegate, Fernway, Orbit, Hollins, Pennywise, Swiftpost, Lumio, Everwell, Northgate""",
    "word": "WIN, YES, CASH, PRIZE, GO, PLAY, LUCKY, TONE, CHAT, GOAL, STAR, BONUS, JOIN, DATE",
    "pills": "slimming pills, painkillers, vitamins, diet gummies, sleeping tablets",
    "crypto": "crypto, trading, bitcoin, forex, investor",
    "domain": """prize, claim, secure, rewards, parcel, account, bonus, lucky, offers, verify, cash,
        mobile, my, photos, family, club, album, recipes, go, login, help, info""",
}

# === Noise ===

_SHORT = dict(
    pair.split()
    for pair in (
        "you u, are r, your ur, to 2, for 4, great gr8, please pls, tomorrow 2moro, tonight 2nite, "
        "today 2day, thanks thx, see c, because cos, and n, what wot, be b, text txt, message msg, "
        "later l8r, before b4, love luv, people ppl, have hav, about bout, going goin, week wk, "
        "really rly"
    ).split(", ")
)
_DISGUISES = {"e": "3", "o": "0", "i": "1", "a": "4", "s": "5"}


def _slip(word: str, rng: random.Random) -> str:
    """Swaps, drops or doubles one letter inside the word."""
    at = rng.randrange(1, len(word) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at + 1 :] if kind == 1 else word[:at] + word[at] + word[at:]


def _disguise(word: str, rng: random.Random) -> str:
    """Hides a word from a filter: "fr33", "w.i.n", "c a s h"."""
    kind = rng.randrange(5)
    if kind < 3:
        return "".join(_DISGUISES.get(letter.lower(), letter) for letter in word)
    return ".".join(word) if kind == 3 else " ".join(word)


def _noisy(text: str, rng: random.Random, shorten: float, slip: float, disguise: float) -> str:
    """Changes each plain word with the given chances; numbers, codes and links stay."""
    words = []
    for token in text.split(" "):
        match = re.fullmatch(r"(\W*)([A-Za-z']+)(\W*)", token)
        if match:
            before, word, after = match.groups()
            if word.lower() in _SHORT and rng.random() < shorten:
                word = _SHORT[word.lower()]
            elif len(word) > 3 and rng.random() < slip:
                word = _slip(word, rng)
            elif 3 <= len(word) <= 8 and rng.random() < disguise:
                word = _disguise(word, rng)
            token = before + word + after
        words.append(token)
    return " ".join(words)


# === Messages ===


_CHOICES = {kind: listed(words) for kind, words in _WORDS.items()}
_TEMPLATES = {
    "opener": listed(_OPENERS), "closer": listed(_CLOSERS), "ham": listed(_HAM),
    "ham lookalike": listed(_HAM_LOOKALIKE), "ham notice": listed(_HAM_NOTICES),
    "spam": listed(_SPAM), "spam lookalike": listed(_SPAM_LOOKALIKE),
}  # fmt: skip


def _held_out(template: str) -> bool:
    """Whether a template, one in four, is used in the test split only."""
    return zlib.crc32(template.encode()) % 4 == 0


class _Writer(Chooser):
    """Writes messages with words sampled from `rng`; `split` says which templates are allowed."""

    def __init__(self, rng: random.Random, split: str):
        super().__init__(rng)
        self.templates = {
            kind: [t for t in texts if split == "test" or not _held_out(t)]
            for kind, texts in _TEMPLATES.items()
        }

    def digits(self, count: int) -> str:
        return "".join(str(self.rng.randrange(10)) for _ in range(count))

    def letters(self, count: int) -> str:
        return "".join(self.rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(count))

    def link(self) -> str:
        name = self.rng.choice(_CHOICES["domain"])
        second = self.rng.choice(_CHOICES["domain"])
        code = self.letters(3).lower() + self.digits(2)
        return self.rng.choice(
            [
                f"http://{name}-{second}.example/{code}",
                f"www.{name}{second}.test",
                f"{name}.example.com/{code}",
                f"https://{second}.{name}.example",
                f"{name}{self.digits(2)}.test/{code}",
            ]
        )

    def slots(self, spam: bool) -> dict[str, str]:
        """A word for every slot; telephone numbers are of the ranges kept for fiction."""
        rng = self.rng
        slots = {kind: rng.choice(words) for kind, words in _CHOICES.items()}
        slots["friend2"] = rng.choice(_CHOICES["friend"])
        slots["food2"] = rng.choice(_CHOICES["food"])
        slots["number"] = str(rng.randrange(2, 20))
        slots["number2"] = str(rng.randrange(2, 49))
        hour, minute = rng.randrange(1, 13), rng.choice(["", ":15", ":30", ".30", ":45", ""])
        half = "am" if 7 <= hour <= 11 else "pm"
        slots["time"] = f"{hour}{minute}" + rng.choice(["", half])
        slots["window"] = f"{rng.randrange(7, 12)}am and {rng.randrange(1, 7)}pm"
        slots["mobile"] = "07700 900" + self.digits(3)
        slots["landline"] = "020 7946 0" + self.digits(3)
        premium = rng.choice(["09098790", "0808 157 0", "09098 790", "07700900"])
        slots["premium"] = premium + self.digits(3)
        slots["short"] = rng.choice("68") + self.digits(4)
        slots["code"] = self.letters(2) + self.digits(rng.randrange(2, 5))
        slots["digits"] = self.digits(6)
        slots["pence"] = rng.choice(["10", "25", "50", "100", "150"])
        slots["link"] = self.link()
        small, large = rng.randrange(2, 90), rng.choice([100, 250, 500, 750, 1000, 2000, 5000])
        sum_ = large if spam else small
        slots["fee"] = f"£{small / 10:.2f}"
        slots["amount"] = rng.choice([f"£{sum_:,}", f"£{sum_}", f"£{sum_}", f"{sum_} pounds"])
        return slots

    def fill(self, kind: str) -> str:
        template = self.rng.choice(self.templates[kind])
        return template.format_map(self.slots(kind.startswith("spam")))

    def chat(self, body: str, ends: float) -> str:
        """Puts a greeting before and a closing after, and spells as friends do."""
        rng = self.rng
        parts = [body]
        greets = body.lower().startswith(("hi", "hey", "hello", "good morning", "sorry", "haha"))
        if self.chance(ends) and not greets:
            parts.insert(0, self.fill("opener"))
        if self.chance(ends):
            parts.append(self.fill("closer"))
        joint = rng.choice([" ", ", ", ". ", "... ", " ", "! "])
        # A mark of its own at the end of a part makes another one superfluous.
        text = parts[0]
        for part in parts[1:]:
            text += (" " if text[-1] in "?!.)(" else joint) + part
        style = rng.random()
        if style < 0.4:
            text = text[0].upper() + text[1:]
        elif style < 0.75:
            text = text.lower().replace("'", "")
        text = _noisy(text, rng, shorten=0 if style < 0.4 else 0.35, slip=0.02, disguise=0)
        return text + rng.choice(["", "", ".", "..", "!"]) if text[-1].isalnum() else text

    def ham(self) -> str:
        number = self.rng.random()
        if number < 0.07:
            return self.fill("ham notice")
        if number < 0.27:
            return self.chat(self.fill("ham lookalike"), ends=0.4)
        body = self.fill("ham")
        if self.chance(0.3):
            body += (" " if body[-1] in "?!." else self.rng.choice([". ", ", ", "... "])) + (
                self.fill("ham")
            )
        return self.chat(body, ends=0.45)

    def spam(self) -> str:
        if self.chance(0.35):
            return self.chat(self.fill("spam lookalike"), ends=0.15)
        text = self.fill("spam")
        style = self.rng.random()
        if style < 0.3:
            text = _noisy(text, self.rng, shorten=0.1, slip=0.03, disguise=0.3)
        elif style < 0.5:
            text = _noisy(text, self.rng, shorten=0.7, slip=0.02, disguise=0)
        elif style < 0.6:
            text = _noisy(text, self.rng, shorten=0, slip=0.01, disguise=0).upper()
        return text


def _third(text: str) -> int:
    """One of three parts, the same for messages that differ in nothing but their digits."""
    return zlib.crc32(re.sub(r"[\W\d]+", " ", text.lower()).encode()) % 3


# === Dataset ===


@generator
def generate(split: str, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yields the messages of one split.

    Messages that differ in nothing but their digits are all in the same split.

    Args:
        split: `"train"`, `"validation"` or `"test"`.
        seed: Any integer; the same seed gives the same messages on every machine.

    Yields:
        `(text, label)` pairs, `label` being `"ham"` or `"spam"`, in a mixed order.

    Raises:
        ValueError: If `split` is none of the three.

    Example:
        >>> text, label = next(generate("test"))
        >>> label in ("ham", "spam")
        True
    """
    rng = random.Random(f"rnnkit_sms/{seed}/{split}")
    writer = _Writer(rng, split)
    third = list(SIZES).index(split)
    messages: dict[str, str] = {}
    wanted = {"ham": SIZES[split] - round(SIZES[split] * SPAM_RATE)}
    wanted["spam"] = SIZES[split] - wanted["ham"]
    for label, write in (("ham", writer.ham), ("spam", writer.spam)):
        missing = wanted[label]
        while missing:
            text = write()
            if text not in messages and _third(text) == third:
                messages[text] = label
                missing -= 1
    # Sorting by random keys shuffles with nothing but random(), the same in every Python version.
    yield from sorted(messages.items(), key=lambda _: rng.random())
