"""Common English words, from which the embedded samples of sound and handwriting are drawn."""

WORDS = """able about above across act add after again age ago air all allow alone along already
    also always amount animal another answer apple area arm around arrive art ask autumn away baby
    back bad bag ball bank base bath bear beat bed before begin behind believe below best better
    between big bird bit black blood blue board boat body bone book born both bottom bowl box boy
    branch bread break bridge bright bring brother brown build burn bus busy but buy cake call camp
    car card care carry case cat catch cause cell chair chance change check child choose church
    circle city class clean clear climb clock close cloth cloud coast coat cold colour come common
    copy corn corner cost cotton count country course cover cow cross crowd cry cup cut dance dark
    day dead deal deep desk die dinner dish dog door double doubt down draw dream dress drink drive
    drop dry dust each ear early earth east easy eat edge egg eight either else end engine enjoy
    enough even evening ever every exact eye face fact fall family far farm fast father fear feed
    feel few field fight fill find fine finger finish fire first fish five floor flow flower fly
    follow food foot force forest forget form forward four free fresh friend from front fruit full
    game garden gate gather gave gentle get gift girl give glad glass go gold good grass great green
    grey ground group grow guess guide hair half hand happen happy hard hat have head hear heart
    heat heavy help here high hill history hold hole home hope horse hot hour house how human
    hundred hurry ice idea inch inside iron island job join journey judge jump just keep key kind
    king kitchen knee know lady lake lamp land large last late laugh law lead leaf learn leave left
    leg lesson letter level lie life lift light like line lion list listen little live long look
    lose loud love low luck lunch machine mad main make man many map mark market matter maybe meal
    mean measure meat meet melt middle mile milk mind mine minute miss mix moment money month moon
    more morning most mother mountain mouth move much music must name narrow nation nature near neck
    need never new next night nine noise north nose note nothing notice number ocean off offer
    office often oil old once one only open orange order other outside over own page paint pair
    paper park part party pass past path pay peace pen pencil people perhaps person picture piece
    place plain plan plane plant play please point poor post pot pound pretty price print prize
    proud pull push put quarter queen question quick quiet quite rain raise reach read ready real
    reason red remember rest rich ride right ring rise river road rock roll roof room root rope rose
    round row rule run safe sail salt same sand save say school science score sea seat second see
    seed seem sell send sense seven shade shape share sharp sheep ship shirt shoe shop shore short
    shout show side sign silver simple sing sister sit six size skin sky sleep slow small smell
    smile smoke snow soap soft soil some song soon sound south space speak special speed spell spend
    spoke spread spring square stand star start state station stay steam step stone stop store story
    strange street strong study such sugar suit summer sun sure surface sweet swim table tail take
    talk tall taste teach team tell ten test thank that them then there thick thin thing think third
    this three throw thumb ticket tie time tiny today together tomorrow tonight too tool top touch
    toward town trade train travel tree trip true try turn twelve two uncle under until up use
    valley very village visit voice wait walk wall want war warm wash watch water wave way wear
    weather week weight well west wet what wheel when where which white who why wide wild will win
    wind window wing winter wire wish with woman wonder wood word work world worry write wrong yard
    year yellow yes yet young zero zone""".split()
