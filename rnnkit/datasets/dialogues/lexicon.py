"""What the replies of `rnnkit.datasets.dialogues` know."""

from rnnkit.datasets.samples import listed


def paired(text: str) -> dict[str, str]:
    return dict(entry.split(":") for entry in listed(text))


NAMES = listed("""Anna, Ben, Clara, David, Emma, Felix, Grace, Henry, Iris, Jack, Kate, Leo, Maria,
    Noah, Olga, Paul, Rosa, Sam, Tina, Victor, Wendy, Zoe, Alice, Bruno, Diana, Oscar, Nora,
    Hugo""")
CAPITALS = paired("""France:Paris, Germany:Berlin, Spain:Madrid, Italy:Rome, Portugal:Lisbon,
    Greece:Athens, Austria:Vienna, Poland:Warsaw, Norway:Oslo, Sweden:Stockholm, Finland:Helsinki,
    Denmark:Copenhagen, Ireland:Dublin, Belgium:Brussels, Hungary:Budapest, Egypt:Cairo,
    Japan:Tokyo, Canada:Ottawa, Russia:Moscow, Turkey:Ankara, Kenya:Nairobi, Peru:Lima, Cuba:Havana,
    Iceland:Reykjavik, Scotland:Edinburgh, Thailand:Bangkok""")
CITIES = listed("""Oxford, Lyon, Hamburg, Milan, Porto, Geneva, Krakow, Bergen, Seville, Ghent,
    Bath, York, Nice, Basel, Turin, Malmo""")
# What can be compared: things between two bars.
_THINGS = """tea, coffee, milk, juice, lemonade, water | apples, pears, bread, rice, soup, cheese,
    chocolate, cake, pasta, salad, plums, eggs | cats, dogs, horses, rabbits, birds, elephants,
    penguins, lions | football, tennis, chess, music, films, books, swimming, dancing, cooking,
    hiking | summer, winter, spring, autumn | the sea, the mountains, the city, the village, the
    forest, the desert | trains, buses, planes, ships, bicycles"""
THINGS = [listed(group) for group in _THINGS.split("|")]
NUMBERS = listed("""zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve,
    thirteen, fourteen, fifteen, sixteen, seventeen, eighteen, nineteen, twenty""")
TENS = listed("twenty, thirty, forty, fifty, sixty, seventy, eighty, ninety")
DAYS = listed("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
MONTHS = listed("""January, February, March, April, May, June, July, August, September, October,
    November, December""")
# Opens, closes, and the day on which it does not.
PLACES = {
    "bakery": ("six", "two", "Monday"), "bookshop": ("ten", "seven", "Sunday"),
    "library": ("nine", "eight", "Sunday"), "museum": ("eleven", "five", "Tuesday"),
    "pharmacy": ("eight", "six", "Sunday"), "swimming pool": ("seven", "nine", "Wednesday"),
    "post office": ("nine", "four", "Saturday"),
}  # fmt: skip
# Singular: plural, price in euros.
PRICES = {
    "coffee": ("coffees", 3), "tea": ("teas", 2), "sandwich": ("sandwiches", 5),
    "cake": ("cakes", 4), "ticket": ("tickets", 8), "map": ("maps", 6), "book": ("books", 9),
    "umbrella": ("umbrellas", 10), "postcard": ("postcards", 1), "cup": ("cups", 7),
}  # fmt: skip
FLOORS = paired("""shoes:first, hats:first, coats:second, dresses:second, books:third, toys:third,
    games:third, chairs:fourth, tables:fourth, lamps:fourth, plates:second, pens:first,
    phones:fifth, cameras:fifth""")
# Hour and platform of the trains.
TRAINS = {
    city: (NUMBERS[5 + index * 5 % 8], NUMBERS[1 + index * 7 % 10])
    for index, city in enumerate(CITIES)
}
OPPOSITES = paired("""big:small, hot:cold, old:young, fast:slow, high:low, long:short, light:dark,
    full:empty, early:late, rich:poor, strong:weak, clean:dirty, easy:difficult, happy:sad,
    open:closed, wet:dry, loud:quiet, heavy:light, cheap:expensive, deep:shallow""")
OPPOSITES |= {"light": "dark"}
SOUNDS = paired("""cow:moo, dog:woof, cat:meow, sheep:baa, duck:quack, pig:oink, horse:neigh,
    bee:buzz, mouse:squeak, rooster:cock-a-doodle-doo""")
COLOURS = paired("""lemon:yellow, tomato:red, cucumber:green, carrot:orange, banana:yellow,
    strawberry:red, swan:white, raven:black, elephant:grey, plum:purple, pea:green,
    flamingo:pink""")
RELATIVES = listed("""brother, sister, mother, father, uncle, aunt, cousin, grandmother,
    grandfather, friend, neighbour, daughter, son, teacher""")
JOBS = listed("""doctor, baker, nurse, farmer, pilot, singer, painter, lawyer, gardener, cook,
    writer, dentist, driver, dancer""")
PETS = listed("dog, cat, horse, rabbit, parrot, goldfish, hamster, pony, donkey, turtle")
GOOD = listed("happy, proud, excited, glad, cheerful")
BAD = listed("sad, angry, worried, tired, lonely, nervous, disappointed")
GOOD_NEWS = listed("""I passed my exam, my brother is coming home, I found my keys, we won our
    match, I have a new job, my sister got married, I bought a house, my friends are visiting me, I
    am going on holiday, my daughter won a prize""")
BAD_NEWS = listed("""I lost my keys, my train was late, I failed my exam, my cat ran away, I broke
    my phone, my friend is ill, we lost our match, I missed my bus, my holiday is over, my
    neighbours are moving away""")
TASKS = listed("""call my mother, water my plants, feed my cat, buy some bread, pay my rent, wash my
    car, visit my aunt, write to my boss, clean my kitchen, book my flight, post my letter, take my
    medicine, fix my bicycle, order a pizza, learn my lines, walk my dog""")
WORDS = listed("""cat, dog, house, tree, bread, water, stone, chair, light, green, river, music,
    paper, clock, garden, window, summer, bridge, island, school""")
WEATHER = {
    "it is raining": "Then take an umbrella with you in {0}.",
    "it is snowing": "Then wear warm boots in {0}.",
    "it is very cold": "Then put on a thick coat in {0}.",
    "the sun is shining": "Then enjoy the sun in {0}.",
    "it is very hot": "Then drink plenty of water in {0}.",
    "it is windy": "Then hold on to your hat in {0}.", "it is foggy": "Then drive slowly in {0}.",
}  # fmt: skip
# Said as it stands, and always in the training split.
FIXED = {
    "Hello. / Hi. / Hello there. / Hey. / Good day.": "Hello. How can I help you?",
    "Good morning.": "Good morning. Did you sleep well?",
    "Good evening.": "Good evening. How was your day?",
    "Good night.": "Good night. Sleep well.",
    "What is your name? / Who are you? / Do you have a name?": "My name is Robin.",
    "How are you? / How are you today? / How is it going?": "I am fine, thank you. And you?",
    "Thank you. / Thanks. / Thanks a lot. / Thank you very much.": "You are welcome.",
    "Goodbye. / Bye. / See you tomorrow. / I have to go now.": "Goodbye. See you soon.",
    "Are you a robot? / Are you a human? / Are you a machine?": "I am a small computer program.",
    "Where do you live? / Where are you?": "I live inside your computer.",
    "How old are you? / What is your age?": "I am as old as my last training.",
    "Can you help me? / I need help. / Please help me.": "Of course. What do you need?",
    "What can you do? / What do you know?": "I know hours, prices, trains and capitals.",
    "I do not understand. / What do you mean?": "Let me say it again.",
    "Yes. / Sure. / Of course.": "Good. What else?",
    "No. / No, thank you.": "All right. Tell me if you need anything.",
}  # fmt: skip
