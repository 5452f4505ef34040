"""The words of `rnnkit.datasets.phrases`, English beside French.

Forms that follow a rule of `phrases.forms` are left out. A `*` before a French word says that
nothing is elided or contracted before it (an aspirated h).
"""

# === Nouns: English [plural] | French [plural] | gender, by kind ===

NOUNS = {
    "person": """man men|homme|m, woman women|femme|f, boy|garçon|m, girl|fille|f, child
        children|enfant|m, king|roi|m, queen|reine|f, prince|prince|m, princess|princesse|f,
        tourist|touriste|m, policeman policemen|policier|m, soldier|soldat|m, hero heroes|*héros|m,
        farmer|fermier|m, neighbour|voisin|m, waitress|serveuse|f, waiter|serveur|m""",
    "skilled": """doctor|médecin|m, teacher|professeur|m, student|étudiant|m, baker|boulanger|m,
        actor|acteur|m, actress|actrice|f, lawyer|avocat|m, writer|écrivain|m, singer|chanteur|m,
        painter|peintre|m""",
    "animal": """dog|chien|m, cat|chat|m, horse|cheval|m, rabbit|lapin|m, donkey|âne|m,
        goat|chèvre|f, bird|oiseau|m, duck|canard|m, mouse mice|souris|f, cow|vache|f, hen|poule|f,
        butterfly|papillon|m""",
    "fruit": """apple|pomme|f, pear|poire|f, orange|orange|f, cherry|cerise|f, strawberry|fraise|f,
        banana|banane|f, tomato tomatoes|tomate|f, lemon|citron|m""",
    "vegetable": """carrot|carotte|f, potato potatoes|pomme_de_terre pommes_de_terre|f,
        onion|oignon|m, bean|*haricot|m, mushroom|champignon|m, apricot|abricot|m""",
    "pastry": """cake|gâteau|m, biscuit|biscuit|m, croissant|croissant|m, tart|tarte|f,
        sandwich|sandwich|m, omelette|omelette|f, egg|œuf|m""",
    "read": """book|livre|m, letter|lettre|f, newspaper|journal|m, magazine|magazine|m,
        novel|roman|m, poem|poème|m, story|histoire|f, article|article|m""",
    "clothes": """dress|robe|f, shirt|chemise|f, hat|chapeau|m, coat|manteau|m, skirt|jupe|f,
        jacket|veste|f, scarf scarves|écharpe|f, uniform|uniforme|m, tie|cravate|f""",
    "pairs": "shoe|chaussure|f, boot|botte|f, glove|gant|m, sock|chaussette|f",
    "vehicle": "car|voiture|f, lorry|camion|m, motorbike|moto|f, bicycle|vélo|m, boat|bateau|m",
    "transport": "bus|bus|m, train|train|m, plane|avion|m, taxi|taxi|m",
    "house": """house|maison|f, flat|appartement|m, hotel|hôtel|m, farm|ferme|f,
        restaurant|restaurant|m""",
    "sight": """castle|château|m, church|église|f, museum|musée|m, tower|tour|f, bridge|pont|m,
        school|école|f, hospital|hôpital|m, station|gare|f, library|bibliothèque|f""",
    "place": """village|village|m, city|ville|f, island|île|f, garden|jardin|m, park|parc|m,
        street|rue|f, forest|forêt|f, beach|plage|f, lake|lac|m, river|rivière|f""",
    "furniture": """table|table|f, chair|chaise|f, bed|lit|m, armchair|fauteuil|m, mirror|miroir|m,
        lamp|lampe|f, clock|horloge|f, wardrobe|armoire|f""",
    "opening": "door|porte|f, window|fenêtre|f",
    "container": "box|boîte|f, suitcase|valise|f, bag|sac|m, bottle|bouteille|f, basket|panier|m",
    "dish": """plate|assiette|f, cup|tasse|f, knife knives|couteau|m, fork|fourchette|f,
        spoon|cuillère|f""",
    "device": """computer|ordinateur|m, telephone|téléphone|m, radio|radio|f, camera|appareil_photo
        appareils_photo|m""",
    "small": """key|clé|f, pen|stylo|m, pencil|crayon|m, umbrella|parapluie|m, ticket|billet|m,
        map|carte|f, ring|bague|f, ball|ballon|m, toy|jouet|m, doll|poupée|f""",
    "art": "painting|tableau|m, photo|photo|f",
    "flower": "flower|fleur|f, rose|rose|f, tulip|tulipe|f",
    "plant": "tree|arbre|m",
    "song": "song|chanson|f",
    "gift": "gift|cadeau|m",
}  # fmt: skip

# Never in the plural here: English | French | gender.
MASS = {
    "bread": "bread|pain|m, butter|beurre|m, honey|miel|m, jam|confiture|f, sugar|sucre|m",
    "meal": """soup|soupe|f, meat|viande|f, fish|poisson|m, rice|riz|m, salad|salade|f,
        cheese|fromage|m, ham|jambon|m, chocolate|chocolat|m, ice_cream|glace|f""",
    "drink": """water|eau|f, milk|lait|m, tea|thé|m, coffee|café|m, wine|vin|m, beer|bière|f,
        lemonade|limonade|f, orange_juice|jus_d'orange|m""",
}

# English | French | gender, with the owners a speaker would name.
KIN = """brother|frère|m, sister|sœur|f, father|père|m, mother|mère|f, uncle|oncle|m, aunt|tante|f,
    cousin|cousin|m, grandfather|grand-père|m, grandmother|grand-mère|f, son|fils|m,
    daughter|fille|f, friend|ami|m, neighbour|voisin|m, teacher|professeur|m, doctor|médecin|m"""
# What one can be the owner of.
OWNED = "dog cat horse car house flat garden bicycle camera computer boat umbrella".split()

NAMES = {
    "m": "Paul Louis Thomas Nicolas Hugo Antoine Victor Arthur Martin Simon David Adam".split(),
    "f": "Marie Sophie Julie Claire Emma Alice Anna Laura Nathalie Camille Sarah Isabelle".split(),
}

# === Adjectives: English|French [feminine] ===

# Before the noun in French. Kinds of nouns that they fit, `-` for none.
BEFORE = """little|petit: person animal, small|petit: house place furniture container small dish
    opening flower art device vehicle sight fruit pastry plant, big|grand: house place furniture
    animal sight opening flower container plant, beautiful|beau belle: house place sight clothes
    flower art animal song furniture gift plant, handsome|beau belle: man prince actor king hero
    boy, pretty|joli: clothes flower dish small art song furniture, old|vieux vieille: man woman
    king queen tourist soldier farmer neighbour waiter waitress hero animal house sight vehicle
    furniture clothes read device skilled art small, young|jeune: person skilled animal, new|nouveau
    nouvelle: clothes vehicle house device read furniture small song pairs, good|bon bonne: skilled
    pastry fruit read meal bread drink song, bad|mauvais: read skilled song, long|long longue:
    letter story street skirt dress coat novel poem"""
# After the noun in French.
AFTER = """red|rouge: clothes vehicle small dish flower apple cherry strawberry tomato furniture
    pairs opening container, blue|bleu: clothes vehicle small dish opening container pairs
    furniture, green|vert: clothes vehicle small furniture opening apple pear bean container pairs,
    yellow|jaune: clothes vehicle small flower dish apple banana lemon, black|noir: clothes vehicle
    animal small furniture pairs container, white|blanc blanche: clothes vehicle animal furniture
    dish flower opening pairs, grey|gris: clothes vehicle pairs cat horse mouse donkey bird rabbit,
    brown|marron=: clothes container pairs, interesting|intéressant: read museum city village
    painting, boring|ennuyeux: read museum song, funny|drôle: story book novel song, sad|triste:
    song story poem novel, expensive|cher: clothes vehicle house device furniture ring pairs hotel
    restaurant gift, heavy|lourd: container furniture, round|rond: table mirror box window,
    modern|moderne: house furniture sight art city, comfortable|confortable: chair bed armchair
    house flat hotel vehicle pairs, famous|célèbre: skilled museum castle painting book song
    restaurant church, rich|riche: person, kind|gentil gentille: person skilled neighbour,
    intelligent|intelligent: person dog, polite|poli: boy girl child waiter waitress, shy|timide:
    boy girl child student, clean|propre: clothes dish table bed window pairs, dirty|sale: clothes
    dish table window pairs street, empty|vide: container house hotel, broken|cassé: dish chair lamp
    window clock mirror toy doll, hot|chaud: soup tea coffee milk, cold|froid: water milk beer tea
    lemonade soup, fresh|frais fraîche: fruit fish bread milk egg vegetable, ripe|mûr: fruit,
    wooden|en_bois=: furniture toy box house spoon door bridge, French|français: read song car wine
    cheese skilled bread tourist, Italian|italien: song car wine restaurant skilled cheese tourist
    novel, Spanish|espagnol: song wine dress skilled tourist restaurant, quiet|calme: village street
    hotel place"""
# Only after "to be" here: English|French, of people.
STATES = """happy|heureux, sad|triste, tired|fatigué, ill|malade, ready|prêt, angry|en_colère=,
    late|en_retard=, busy|occupé, alone|seul, surprised|surpris, proud|fier, worried|inquiet
    inquiète, shy|timide, polite|poli, jealous|jaloux jalouse, serious|sérieux, nervous|nerveux,
    disappointed|déçu, curious|curieux, brave|courageux, lazy|paresseux, at_home|à_la_maison="""
# Which states take "very" and "too".
GRADED = """happy sad tired ill angry busy surprised proud worried shy polite jealous serious
    nervous disappointed curious brave lazy""".split()
# Those that take "a little".
SLIGHT = "sad tired ill angry surprised worried nervous disappointed jealous shy".split()
# After "to have" in French: English after "to be" | French after "avoir".
FEELINGS = """hungry|faim, thirsty|soif, cold|froid, hot|chaud, right|raison, wrong|tort,
    afraid|peur, lucky|de la chance"""
# Comparison of people, and of things by kind.
COMPARED = {
    "person": """tall taller|grand, old older|âgé, young younger|jeune, strong stronger|fort,
        intelligent|intelligent, rich richer|riche, polite|poli, patient|patient, famous|célèbre,
        happy happier|heureux""",
    "vehicle": """fast faster|rapide, expensive|cher, comfortable|confortable, old older|vieux
        vieille, heavy heavier|lourd, beautiful|beau belle""",
    "house": """big bigger|grand, small smaller|petit, modern|moderne, expensive|cher,
        comfortable|confortable, beautiful|beau belle, old older|vieux vieille""",
    "container": """big bigger|grand, small smaller|petit, heavy heavier|lourd, light
        lighter|léger""",
    "clothes": """long longer|long longue, short shorter|court, pretty prettier|joli,
        expensive|cher, beautiful|beau belle""",
    "read": """long longer|long longue, interesting|intéressant, boring|ennuyeux,
        difficult|difficile, easy easier|facile""",
}
# Where the article is left out: English after "to be a" | French masculine, feminine.
PROFESSIONS = """teacher|professeur professeure, doctor|médecin médecin, student|étudiant étudiante,
    lawyer|avocat avocate, baker|boulanger boulangère, farmer|agriculteur agricultrice,
    musician|musicien musicienne, journalist|journaliste journaliste, dentist|dentiste dentiste,
    architect|architecte architecte, photographer|photographe photographe, nurse|infirmier
    infirmière, dancer|danseur danseuse, painter|peintre peintre, translator|traducteur traductrice,
    pharmacist|pharmacien pharmacienne"""

# === Verbs: English [past]|French|objects|places ===
# Objects and places are kinds; `-` for no place. In English a past that is regular is left out.

ACTIONS = """eat ate|manger|fruit vegetable pastry bread meal|home meal, drink
    drank|boire|drink|home meal, read read|lire|read|home out, write wrote|écrire|letter poem novel
    article|home, buy bought|acheter|fruit vegetable pastry bread meal drink clothes pairs small
    flower read vehicle gift furniture device|shop, sell sold|vendre|fruit flower vehicle house
    painting pastry vegetable|-, wear wore|porter|clothes pairs|-, wash|laver|clothes dish vehicle
    pairs|-, clean|nettoyer|furniture opening vehicle pairs|-, watch|regarder|animal boat train
    plane|-, look_at|regarder|art person animal map sight|-, listen_to|écouter|song radio story
    singer|home, look_for|chercher|small animal device child book hotel pairs|home out,
    wait_for|attendre|transport person|-, carry|porter|container|-, draw drew|dessiner|animal flower
    plant house castle|home, paint painted|peindre|opening boat chair table house|-,
    prepare|préparer|soup salad tart cake coffee tea fish omelette|home, feed fed|nourrir|animal|-,
    photograph|photographier|animal sight flower person|-, sing sang|chanter|song|home, drive
    drove|conduire|car lorry bus|-, repair|réparer|vehicle device clock chair lamp|-,
    visit|visiter|sight city village island castle|-, cross|traverser|street bridge river forest
    park|-, plant|planter|flower plant|garden, pick|cueillir|cherry strawberry rose tulip apple
    pear|garden, help|aider|person skilled|-, follow|suivre|person animal|-, hide hid|cacher|small
    gift letter|home, take took|prendre|bus train taxi umbrella camera map|-, order|commander|pastry
    soup fish coffee wine salad|meal"""
# Done at once: never in the present tense here.
EVENTS = """see saw|voir|person animal sight art transport|-, find found|trouver|small animal ring
    device pairs|home out, lose lost|perdre|small ring pairs|out, forget forgot|oublier|small
    container gift book|home, break broke|casser|dish lamp mirror window chair toy|-, meet
    met|rencontrer|person skilled|out, choose chose|choisir|clothes gift book cake ring pairs|-,
    open opened|ouvrir|opening box suitcase bag bottle letter gift|-, close|fermer|opening box
    suitcase bag|-, call|appeler|person skilled taxi|-, invite|inviter|neighbour singer writer actor
    student|-, hear heard|entendre|song animal|-, thank|remercier|person skilled|-, steal
    stole|voler|ring painting car bicycle|-, receive|recevoir|letter gift flower|-"""
# Never in the progressive: objects after the definite article ("the", or none in English).
TASTES = "like|aimer, love|adorer, hate|détester"
# Without an object: English [past]|French|places.
INTRANSITIVE = """sleep slept|dormir|home, work worked|travailler|work, sing sang|chanter|home out,
    dance|danser|home out, cry|pleurer|home, swim swam|nager|water, run ran|courir|out, walk
    walked|marcher|out, play played|jouer|home out, travel travelled|voyager|country,
    arrive|arriver|city, leave left|partir|-, come_back came|revenir|-, go_out went|sortir|-, stay
    stayed|rester|home city, wait waited|attendre|out, study|étudier|school, laugh|rire|-,
    smile|sourire|-, cook cooked|cuisiner|home"""
REFLEXIVE = """get_up got|lever, wake_up woke|réveiller, go_to_bed went|coucher, get_dressed
    got|habiller, have_fun had|amuser, rest rested|reposer, go_for_a_walk went|promener, sit_down
    sat|asseoir, hurry|dépêcher, wash|laver"""
# To somebody: English [past]|French|objects.
GIVING = """give gave|donner|book flower gift key ticket apple photo toy, send sent|envoyer|letter
    gift photo flower article, show showed|montrer|photo painting letter map house garden ring
    castle, lend lent|prêter|book umbrella car bicycle pen camera, sell sold|vendre|car bicycle
    house painting horse, bring brought|apporter|cake book letter flower newspaper key, write
    wrote|écrire|letter poem, offer|offrir|flower gift ring cake, tell told|raconter|story"""
# With "à" in French, so that the pronoun is lui or leur: English [past]|French.
INDIRECT = "talk_to|parler, answer|répondre, phone|téléphoner, write_to wrote|écrire, obey|obéir"
# People or known things as a pronoun: English [past]|French.
DIRECT = """help|aider, call|appeler, invite|inviter, follow|suivre, look_for|chercher,
    wait_for|attendre, listen_to|écouter, thank|remercier, watch|regarder, see saw|voir, hear
    heard|entendre, meet met|rencontrer, find found|trouver, understand understood|comprendre"""
GAMES = """play football|jouer au football, play tennis|jouer au tennis, play chess|jouer aux
    échecs, play cards|jouer aux cartes, play the piano|jouer du piano, play the guitar|jouer de la
    guitare, play the violin|jouer du violon, play the flute|jouer de la flûte"""
LANGUAGES = """French|français, English|anglais, Spanish|espagnol, German|allemand, Italian|italien,
    Russian|russe, Chinese|chinois, Portuguese|portugais"""

# === Time and place ===

PLACES = {
    "home": """in the kitchen|dans la cuisine, in the living room|dans le salon, at home|à la
        maison, in the garden|dans le jardin, in the bedroom|dans la chambre""",
    "meal": """at the restaurant|au restaurant, at the café|au café, at the hotel|à l'hôtel, on the
        terrace|sur la terrasse""",
    "out": """in the park|dans le parc, in the street|dans la rue, in the garden|dans le jardin, on
        the beach|sur la plage, in the forest|dans la forêt, in front of the church|devant l'église,
        behind the house|derrière la maison, near the station|près de la gare, near the river|près
        de la rivière, at the airport|à l'aéroport, on the bridge|sur le pont""",
    "garden": """in the garden|dans le jardin, in front of the house|devant la maison, behind the
        house|derrière la maison""",
    "shop": """at the market|au marché, at the supermarket|au supermarché, in Paris|à Paris, in a
        small shop|dans un petit magasin, in the village|au village""",
    "work": """in an office|dans un bureau, at the hospital|à l'hôpital, in the garden|dans le
        jardin, in a restaurant|dans un restaurant, on a farm|dans une ferme, at the bank|à la
        banque, in Paris|à Paris, in London|à Londres, in a factory|dans une usine""",
    "water": """in the sea|dans la mer, in the lake|dans le lac, in the river|dans la rivière, at
        the swimming pool|à la piscine""",
    "school": """at school|à l'école, at the library|à la bibliothèque, at the university|à
        l'université, in Paris|à Paris""",
    "city": """in Paris|à Paris, in London|à Londres, in Lyon|à Lyon, in Rome|à Rome, in Marseille|à
        Marseille, in Brussels|à Bruxelles, in Geneva|à Genève""",
    "country": """in France|en France, in Italy|en Italie, in Germany|en Allemagne, in Spain|en
        Espagne, in Canada|au Canada, in Japan|au Japon, in Portugal|au Portugal, in Brazil|au
        Brésil, in the United States|aux États-Unis, in the Netherlands|aux Pays-Bas""",
}  # fmt: skip
# Where things are.
SPOTS = """on the table|sur la table, under the bed|sous le lit, in the kitchen|dans la cuisine, in
    the garden|dans le jardin, behind the door|derrière la porte, near the window|près de la
    fenêtre, in front of the house|devant la maison, on the chair|sur la chaise, in the box|dans la
    boîte, next to the church|à côté de l'église, in the street|dans la rue, in the bag|dans le
    sac"""
# To | from, after "to go" and "to come".
GOALS = """to school|à l'école|from school|de l'école, to the market|au marché|from the market|du
    marché, to the cinema|au cinéma|from the cinema|du cinéma, to the beach|à la plage|from the
    beach|de la plage, to the station|à la gare|from the station|de la gare, to Paris|à Paris|from
    Paris|de Paris, to France|en France|from France|de France, to Italy|en Italie|from
    Italy|d'Italie, to Japan|au Japon|from Japan|du Japon, to Canada|au Canada|from Canada|du
    Canada, to the United States|aux États-Unis|from the United States|des États-Unis, to the
    doctor's|chez le médecin|from the doctor's|de chez le médecin, to the baker's|chez le
    boulanger|from the baker's|de chez le boulanger, to the hospital|à l'hôpital|from the
    hospital|de l'hôpital, to the museum|au musée|from the museum|du musée, to the library|à la
    bibliothèque|from the library|de la bibliothèque, to the swimming pool|à la piscine|from the
    swimming pool|de la piscine, to London|à Londres|from London|de Londres, to Germany|en
    Allemagne|from Germany|d'Allemagne"""

TIMES = {
    "past": """yesterday|hier, last week|la semaine dernière, last month|le mois dernier, two days
        ago|il y a deux jours, an hour ago|il y a une heure, last Monday|lundi dernier, last
        Saturday|samedi dernier, yesterday evening|hier soir, three weeks ago|il y a trois semaines,
        yesterday morning|hier matin, last summer|l'été dernier""",
    "future": """tomorrow|demain, next week|la semaine prochaine, tomorrow morning|demain matin,
        this evening|ce soir, next Sunday|dimanche prochain, next month|le mois prochain, tomorrow
        evening|demain soir, next summer|l'été prochain, in two days|dans deux jours, next
        Friday|vendredi prochain""",
    "now": "now|maintenant, at the moment|en ce moment, today|aujourd'hui",
    "habit": """every day|tous les jours, every morning|tous les matins, every evening|tous les
        soirs, every week|toutes les semaines, every Saturday|tous les samedis, every year|tous les
        ans, every Sunday|tous les dimanches""",
    "clock": """at eight o'clock|à huit heures, at one o'clock|à une heure, at noon|à midi, at nine
        o'clock|à neuf heures, at midnight|à minuit, at half past seven|à sept heures et demie, at
        eleven o'clock|à onze heures, at a quarter past six|à six heures et quart""",
}  # fmt: skip

WEATHER = """it is raining|il pleut|it was raining|il pleuvait, it is snowing|il neige|it was
    snowing|il neigeait, it is cold|il fait froid|it was cold|il faisait froid, it is hot|il fait
    chaud|it was hot|il faisait chaud, the weather is nice|il fait beau|the weather was nice|il
    faisait beau, it is windy|il y a du vent|it was windy|il y avait du vent, the sun is shining|le
    soleil brille|the sun was shining|le soleil brillait, it is dark|il fait nuit|it was dark|il
    faisait nuit"""

NUMBERS = """two|deux, three|trois, four|quatre, five|cinq, six|six, seven|sept, eight|huit,
    nine|neuf, ten|dix, twelve|douze, fifteen|quinze, twenty|vingt"""
AGES = """five|cinq ans, six|six ans, eight|huit ans, eleven|onze ans, twelve|douze ans,
    fifteen|quinze ans, twenty|vingt ans, thirty|trente ans, forty|quarante ans, twenty-one|vingt et
    un ans, sixty|soixante ans, seventy|soixante-dix ans, eighty|quatre-vingts ans,
    eighty-five|quatre-vingt-cinq ans, ninety|quatre-vingt-dix ans"""
