"""Words and frames of `rnnkit.datasets.reviews`."""

# === Opinions, positive // negative ===
# Adjectives by what they describe, "general" all. Neither side is given away by rarer words.

ADJECTIVES = {
    "general": """superb wonderful brilliant terrific excellent splendid marvellous delightful
        outstanding impressive first-rate magnificent memorable inspired charming satisfying
        accomplished enjoyable compelling engaging captivating enchanting irresistible glorious
        flawless good great lovely fantastic fabulous sensational stunning exceptional dazzling //
        dreadful awful terrible horrible atrocious abysmal dire lousy wretched woeful feeble poor
        bad mediocre bland tedious dull boring tiresome forgettable uninspired stale shoddy
        half-baked lifeless tepid insipid irritating annoying exasperating unbearable pitiful
        laughable appalling second-rate amateurish""",
    "writing": """witty sharp clever inventive gripping well-crafted thoughtful moving intelligent
        elegant subtle taut fresh nuanced perceptive absorbing ingenious sparkling // clumsy trite
        predictable muddled contrived incoherent far-fetched flimsy sloppy corny hackneyed laboured
        convoluted derivative shallow silly threadbare witless""",
    "acting": """magnetic convincing charismatic riveting believable commanding spirited heartfelt
        luminous touching likeable electrifying fearless sensitive // wooden stiff unconvincing
        hammy listless one-note charmless mannered flat robotic graceless unlikeable expressionless
        self-indulgent""",
    "visual": """gorgeous ravishing beautiful breathtaking sumptuous lush striking eye-catching
        handsome stylish radiant spectacular seamless // ugly drab murky cheap-looking garish tacky
        shabby unsightly gaudy dingy hideous fake-looking unimaginative""",
    "sound": """rousing haunting soaring catchy hypnotic evocative stirring melodious infectious
        soulful // grating shrill intrusive deafening syrupy cloying tuneless overbearing monotonous
        whiny""",
    "pace": """exciting thrilling exhilarating brisk nimble suspenseful lively energetic breezy
        well-judged nail-biting // sluggish plodding ponderous interminable meandering overlong
        choppy wearisome aimless leaden disjointed""",
    "whole": """uplifting heart-warming unforgettable hilarious profound magical joyous
        life-affirming wise humane tender refreshing // pointless preachy soulless joyless insulting
        cynical pretentious mind-numbing unwatchable brainless vapid self-important""",
}
# What an aspect does: plural/past.
VERBS = {
    "writing": """sparkle/sparkled, ring true/rang true, reward close attention/rewarded close
        attention, crackle with wit/crackled with wit, draw you in/drew me in // fall flat/fell
        flat, make no sense/made no sense, creak at every turn/creaked at every turn, feel
        second-hand/felt second-hand, get lost in the details/got lost in the details""",
    "acting": """light up the screen/lit up the screen, steal every scene/stole every scene, win you
        over/won me over, convince at once/convinced at once // fail to convince/failed to convince,
        chew the scenery/chewed the scenery, lack any spark/lacked any spark, strain for
        effect/strained for effect""",
    "visual": """take your breath away/took my breath away, glow/glowed, dazzle/dazzled, bring every
        corner to life/brought every corner to life // hurt the eyes/hurt my eyes, look like a
        school project/looked like a school project, give you a headache/gave me a headache, cheapen
        every shot/cheapened every shot""",
    "sound": """lift every scene/lifted every scene, stay with you for days/stayed with me for days,
        send shivers down your spine/sent shivers down my spine // drown out the actors/drowned out
        the actors, set your teeth on edge/set my teeth on edge, get on your nerves/got on my
        nerves""",
    "pace": """fly by/flew by, keep you on the edge of your seat/kept me on the edge of my seat, hit
        the spot/hit the spot, raise the pulse/raised the pulse // drag/dragged, crawl along/crawled
        along, go on too long/went on too long, try your patience/tried my patience""",
    "whole": """work like a charm/worked like a charm, soar/soared, cast a spell/cast a spell, leave
        you smiling/left me smiling, deliver the goods/delivered the goods // fall apart/fell apart,
        bore you stiff/bored me stiff, leave you cold/left me cold, miss the mark/missed the mark,
        send you to sleep/sent me to sleep""",
}
NOUNS = """masterpiece, triumph, delight, treat, gem, joy, knockout, winner, marvel, revelation,
    feast, crowd-pleaser, tour de force, breath of fresh air, wonder, pleasure, success, jewel,
    charmer // bore, mess, disaster, dud, flop, chore, slog, shambles, failure, let-down,
    disappointment, waste of time, mistake, fiasco, ordeal, misfire, turkey, embarrassment,
    travesty"""
# What the reviewer did: infinitive/past.
REACTIONS = """love every minute/loved every minute, laugh out loud/laughed out loud, be moved to
    tears/was moved to tears, leave with a grin/left with a grin, applaud at the end/applauded at
    the end, be enthralled/was enthralled, be swept away/was swept away, enjoy myself/enjoyed
    myself, be on the edge of my seat/was on the edge of my seat, want to see it again/wanted to see
    it again, be glued to the screen/was glued to the screen, cheer/cheered // hate every
    minute/hated every minute, yawn all the way through/yawned all the way through, be bored to
    tears/was bored to tears, leave with a headache/left with a headache, fall asleep/fell asleep,
    be appalled/was appalled, walk out early/walked out early, suffer in silence/suffered in
    silence, be on the point of leaving/was on the point of leaving, want my money back/wanted my
    money back, be glued to my watch/was glued to my watch, groan/groaned"""

# === What the opinions are about ===

ASPECTS = {
    "writing": """script, dialogue, screenplay, plot, story, writing, storyline, narration, premise,
        jokes*, one-liners*, plot twists*, flashbacks*""",
    "acting": """acting, lead performance, cast, supporting cast, performances*, double act, young
        lead+, villain+, detective+, leading man+, child actors*+, leads*+""",
    "visual": """photography, camerawork, cinematography, set design, production design, animation,
        costumes*, special effects*, sets*, visuals*, make-up, colour scheme, street scenes*""",
    "sound": """score, music, soundtrack, sound design, theme tune, songs*, choral music, title
        song""",
    "pace": """pacing, editing, first half, second half, middle section, opening, ending, final act,
        last half hour, climax, finale, car chase, courtroom scene, action scenes*, fight scenes*,
        crowd scenes*""",
}
WORDS = {
    "genre": """thriller, western, musical, courtroom drama, road movie, heist film, ghost story,
        space opera, romantic comedy, war film, spy film, coming-of-age story, documentary,
        whodunnit, disaster movie, sports drama, costume drama, black comedy, fairy tale, detective
        story, family film, zombie film, period piece, crime drama, monster movie, science-fiction
        film, biopic, farce, melodrama""",
    "other": "trailer, poster, book, novel, original, blurb, stage version, television series",
    "critic": """the critics, my brother, the local paper, my flatmate, half the internet, everyone
        at work, the festival jury, my neighbour, the man at the box office, my old film teacher,
        the radio reviewer, my dentist, the people in the row behind us, my cousin, a well-known
        blogger, the student magazine, my aunt, our book club, the weekend supplement, my
        hairdresser""",
    "company": """my sister, two friends, my parents, my wife, my husband, a colleague, my nephew,
        the whole family, my grandmother, an old schoolfriend, my daughter, my film club, our
        neighbours, a group of students, my twin brother, my boss""",
    "first": """Ana Bruno Clara Dario Edith Felix Greta Hugo Irena Jonas Karin Leon Marta Nils Olive
        Pavel Quentin Rosa Silas Tamara Ugo Vera Walter Yara Zeno Agnes Boris Celia Dina Emil""",
    "last": """Holt Quill Marsh Verney Osgood Tarrant Lindqvist Moreau Pell Ashdown Brandt Calder
        Dunmore Ekholm Farrow Grange Hallam Ibsley Jarvis Kestrel Lomax Madigan Nordby Orlov Penrose
        Rask Salter Thorne Ulrich Vance Wexler Yarrow""",
    "title_a": """Copper Glass Silent Northern Winter Paper Hidden Seventh Crimson Salt Borrowed
        Midnight Iron Amber Distant Wooden Second Painted Hollow Scarlet Velvet Broken""",
    "title_b": """Harbour Orchard Corridor Signal Lantern Archive Bridge Meridian Garden Station
        Compass Mirror Letter Tide Staircase Kingdom Passenger Sparrow Frontier Crossing Alibi
        Window""",
    "place": """Lisbon, Leeds, Naples, Bergen, Chicago, Dublin, Prague, Montreal, Glasgow, Seville,
        Trieste, Boston, Vienna, Cardiff, Athens, Hamburg, Toronto, Kyoto, Havana, Tallinn, Krakow,
        Utrecht""",
    "time": """on a wet Tuesday, on a Friday night, last Sunday afternoon, on the opening night, at
        a matinee, on a long flight, at a festival, late one evening, during the holidays, on a cold
        Monday, at an open-air screening, on my birthday, in a nearly empty cinema, one night in
        March, at a preview, between two night shifts, on my laptop""",
    "person": """detective, nurse, lighthouse keeper, piano teacher, retired boxer, young lawyer,
        taxi driver, widow, chess player, train driver, jewel thief, botanist, baker, soldier,
        astronaut, fisherman, translator, bank clerk, runaway bride, violinist, farmer, spy,
        journalist, gardener, sculptor, sailor, schoolboy, night porter, judge, forger,
        cartographer, diver""",
    "deed": """inherits a vineyard, finds a map in an attic, goes back to a childhood village, takes
        a job on a cargo ship, receives letters from a stranger, loses all memory in a storm,
        crosses a desert on foot, hides a witness for a week, discovers a secret room, swaps lives
        with a twin, trains for a marathon, moves into a castle, joins a travelling circus, searches
        for a lost brother, befriends a fox, opens a restaurant, steals a painting, learns to sail,
        investigates a fire at a mill, writes speeches for a mayor, rents a cottage near a volcano,
        adopts an orphan, plans one last robbery, drives a bus across the Andes, builds a flying
        machine, wakes up in another century, guards a bridge, studies wolves, falls for a rival,
        keeps bees on a rooftop""",
    "number": "three, four, five, six, seven, nine, ten, twelve, fifteen, eighteen, twenty",
    "adverb": """very, really, rather, quite, remarkably, unusually, surprisingly, decidedly,
        consistently, undeniably, truly, genuinely, unexpectedly, thoroughly""",
    "stress": "real, genuine, absolute, true",
    # Put between the cue and the word it acts on. They name no opinion; some hold a negation of
    # their own, so that "not" alone proves nothing.
    "aside": """if you ask me, at least on a second viewing, as far as I could tell, whatever the
        budget was, and I have thought about this, to my mind, in the end, in the version I saw, I
        have to say, all things considered, as I told {company} afterwards, and I speak as a fan of
        the genre, looking back on it now, after two hours and ten minutes, in case you were
        wondering, and I say this after three viewings, not that anybody asked me, as I realised on
        the train home, for reasons I will not go into, much as I had guessed, like most of what
        {name} has made, in this cut, by the standards of the genre, and not for the first time with
        this director""",
    "relative": """which {critic} had told me about, which I had read about for months, which {name}
        worked on for {number} years, which the posters make so much of, which people discussed in
        the queue, which I will not describe here, which nobody mentions in the interviews, which
        {name} is known for, which I remembered from the trailer, which the reviews leave out""",
    "neutral": """I saw it {time} with {company}. | We watched it {time}. | {title} runs for
        {minutes} minutes. | It is a {genre} about a {person} who {deed}. | The plot follows a
        {person} who {deed}. | The story is set in {place} in {year}. | {name} directs, from a novel
        by {name2}. | {name} plays a {person} who {deed}. | It was shot in {place} over {number}
        weeks. | There were {number} other people in the cinema. | I read the book on the train to
        {place}. | The tickets were a present from {company}. | It was the choice of {company}, not
        mine. | {title} is the second feature by {name}. | The setting is {place}, the year is
        {year}. | Most of it takes place in {place}. | I knew nothing about the story beforehand. |
        This is the one in which a {person} {deed}. | {name} and {name2} share the screen here. | A
        {person} meets a {person2} in {place}, and the rest follows from there. | We had seats in
        row {number}. | A {person} {deed}, and a {person2} {deed2}. | I went to see {title} {time}.
        | My ticket cost {number} pounds. | I caught {title} {time}.""",
}

# === Frames ===
# {w...} is the side that wins and names the label, {l...} the side that loses: wc a clause, wca a
# clause with an adjective, wa an adjective, wn a noun phrase with "its", wk a verdict (wkn without
# adjective), wr what the reviewer did (wrp in the past); a 2 asks for a second one. Both texts of a
# pair come from one frame with the sides exchanged; "positive // negative" is for one-way idioms.

PLAIN = """{wc}. | {wc} and {wc2}. | {film} {be} {wk}. | what {wk}! | {wc}, {wc2}, and I {wrp}. | I
    {wrp}. | {s} {sbe} {wa} from start to finish. | I found {s} {wa}. | a {wa}, {wa2} {genre}. |
    {wc}. {wc2}. in short, {wk}. | {film} {be} {wk}, with {wn}. | from the first scene to the last,
    {s} {sbe} {wa}. | {wc}; {wc2}; I {wrp}. | {s} {sbe}{aside} {wa}. | {wk}, plain and simple. |
    thanks to {wn}, I {wrp}. | {film} {be} both {wa} and {wa2}. | {wk} from beginning to end. |
    {wc}. I {wrp}. | {wc} and {wc2}; {wk}, all in all. | see for yourself how {wa} {s} {sbe}. |
    {wk}, in which {wc} and {wc2}."""
NEGATED = """I can't say that {s} {sbe}{aside} {la}. | {s} {sbe} anything but {la}. | {s} {sbe} far
    from {la}. | {s} {sbe} not in the least {la}. | there {be} nothing {la} about {s}. | at no point
    did I find {s} {la}. | I never{aside} found {s} {la}. | nobody{aside} would describe {s} as
    {la}. | {film} {be} not the {la} {genre} that {critic} described. | {lk}? not at all. | {lk}?
    hardly. | {critic} called {s} {la}. I could not disagree more. | it could so easily have been
    {lk}. | in other hands, {film} would have been {lk}. | it would be wrong to call {s} {la}. | I
    do not understand why {critic} called {s} {la}. | do not believe anyone who tells you that
    {lca}. | it is simply not true that {lca}. | not once in {minutes} minutes did I find {s} {la}.
    | I cannot agree with {critic} that {lca}. | thank goodness {s} {sbe} not {la}. // if only {s}
    had been {la}. | I feared {lk}. I need not have worried. // I hoped for {lk}. I should have
    known better. | I was all set to hate it, and could not. // I was all set to love it, and could
    not. | for once, {s} {sbe} not {la}. // I wish I could say that {s} {sbe} {la}."""
DOUBLED = """I can't say that {s} {sbe}{aside} anything but {wa}. | nobody{aside} could deny that
    {wca}. | I cannot deny that {wca}. | it would be wrong to call {s} anything but {wa}. | I
    never{aside} found {s} less than {wa}. | {s} {sbe} not just {wa} but {wa2}. | {s} {sbe} nothing
    short of {wa}. | I could not agree more with {critic}, who called {s} {wa}. | do not believe
    anyone who denies that {wca}. | at no point did I find {s} anything but {wa}. | not once in
    {minutes} minutes did I doubt that {film} {be} {wk}. | I do not understand how anyone could fail
    to see that {wca}."""
CONTRAST = """{lc}, but {wc}. | {lc}, yet {wc}. | {lc}. {neutral} but {wc}. | although {lc}, {wc}. |
    even though {lc}, {wc}. | while {lc}, {wc}. | {wc}, although {lc}. | {wc}, even though {lc}. |
    {wc}, so it hardly matters that {lc}. | it is true that {lc}, but {wc}. | granted, {lc}. all the
    same, {wc}. | yes, {lc}, and yet{aside} {wc}. | I admit that {lc}; still, {wc}. | you may hear
    that {lca}. what counts is that {wc}. | forget that {lc}; {wc}. | {lc} and {lc2}, but {wc}. |
    {lc}. {lc2}. none of that matters, because {wc}. | {wc} and {wc2}, even if {lc}. | {wc}, {wc2},
    which matters more than the fact that {lc}. | despite {ln}, {film} {be} {wk}. | {film} {be}
    {wk}, despite {ln}. | for all {ln}, {film} {be} {wk}. | {film} {be} {wk}, in spite of {ln} and
    {ln2}. | I {wrp}, despite {ln}. | not even {ln} can change the fact that {wc}. | {film} has
    {ln}, but I {wrp}. | I {wrp}, although {lc}. | {lc}; {wc}, though, and that is what I will
    remember."""
CORRECTION = """{s} {sbe} not {la}{aside} but {wa}. | {s} {sbe} {wa}, not {la}. | {s} {sbe} anything
    but {la}; I would call {it} {wa}. | far from being {la}, {s} {sbe} {wa}. | I would not call {s}
    {la}; {wa} is closer to the truth. | no one{aside} could call {s} {la}. I would call {it} {wa}.
    | {s} {sbe}{aside} less {la} than {wa}. | {s} {sbe} {wa} rather than {la}. | instead of
    something {la}, {name} gives us something {wa}. | there {be} nothing {la} about {s}; I found
    {it} {wa}. | I can't say{aside} that {s} {sbe} {la}; {wa} is the word I would use. | it is not
    {lk}, as {critic} claimed, but {wk}. | this is {wk}{aside}, not {lk}. | I would not say that {s}
    {sbe}, as {critic} would have it, {la}; I found {it} {wa}."""
HYPOTHESIS = """it should have been {lk}. it {be} {wk}. | with {name} in charge, {film} should have
    been {la}; instead it {be} {wa}. | it could have been {la}{aside}; it {be} {wa}. | I expected
    {lk} and got {wk}. | I expected {s} to be {la}, but found {it} {wa}. | on paper {film} is {la};
    on the screen it is {wa}. | what begins as {lk} ends as {wk}. | {film} starts out {la} and ends
    up {wa}. | I expected to {lr}; instead I {wrp}. | I was sure that I would {lr}, yet I {wrp}. | I
    {wrp}, and I had expected to {lr}. | if you think that {film} sounds {la}, think again: it {be}
    {wa}. | {film} turned out to be {wk}, where I had expected {lk}."""
COMPARISON = """unlike its {la} predecessor, {film} {be} {wa}. | {film} {be} {wa}, unlike the {la}
    {other}. | the {other} was {la}; {film} {be} {wa}. | {film} {be} {wa}. the {other} was {la}. |
    {film} {be} as {wa} as the {other} was {la}. | do not judge it by the {la} {other}: {film} {be}
    {wa}. | nothing in the {la} {other} prepares you for how {wa} {film} {be}. | where the {other}
    was {la}, {film} {be} {wa}. | behind a {la} {other} hides a {wa} {genre}. | the {other} was
    {lkn}, but {film} {be} {wkn}. | {film} {be} {wkn}; how different from the {other}, which was
    {lkn}! | from a {la} novel, {name} has made a {wa} {genre}."""
QUOTATION = """{critic} called it {lk}; I call it {wk}. | {critic} promised me {lk}. what I got was
    {wk}. | it may be {lk} to {critic}, but to me it was {wk}. | I found {s} {wa}, whatever {critic}
    said about {it} being {la}. | {critic} told me that {s} {sbe} {la}. I found {it} {wa}. | what
    {critic} called {la} I would call {wa}. | to me it was {wk}; to {critic} it was {lk}. | {critic}
    spoke of {lk}; I {wrp}. | I {wrp}, though {critic} had called it {lk}. | according to {critic},
    {lca}. I disagree: {wca}. | '{lk}', it says on the poster. '{wk}' would have been more honest. |
    I {wrp}, so I do not know why {critic} called it {lk}. | {critic} said it was {la}, and I
    believed it until I saw it for myself: it {be} {wa}."""

# The rate of each family, in per cent. The first three name one side only, so that their words,
# with "not" among them, tell the class; in the others, more than half, only the order does.
RATES = (
    *((30, PLAIN), (8, NEGATED), (6, DOUBLED), (20, CONTRAST)),
    *((10, CORRECTION), (8, HYPOTHESIS), (9, COMPARISON), (9, QUOTATION)),
)
