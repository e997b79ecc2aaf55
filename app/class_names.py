"""The classes of the emoji as people write them: Unicode calls flowers "plant-flower"."""

_UNICODE = """
alphanum=letters and numbers; animal-amphibian=amphibians; animal-bird=birds; animal-bug=insects and bugs
animal-mammal=mammals; animal-marine=sea animals; animal-reptile=reptiles; arrow=arrows; arts & crafts=arts and crafts
av-symbol=player buttons; award-medal=medals; body-parts=parts of the body; book-paper=books and paper; cat-face=cat faces
computer=computers; country-flag=country flags; currency=currencies; drink=drinks; emotion=emotions; event=celebrations
face-affection=affectionate faces; face-concerned=concerned faces; face-costume=costumed faces
face-glasses=faces with glasses; face-hand=faces with a hand; face-hat=faces with a hat; face-negative=angry faces
face-neutral-skeptical=neutral faces; face-sleepy=sleepy faces; face-smiling=smiling faces
face-tongue=faces with a tongue; face-unwell=unwell faces; family=families; flag=flags; food-asian=Asian food
food-fruit=fruit; food-prepared=meals; food-sweet=sweets; food-vegetable=vegetables; game=games; gender=gender signs
geometric=shapes; hand-fingers-closed=closed hands; hand-fingers-open=open hands; hand-fingers-partial=finger signs
hand-prop=hands with things; hand-single-finger=pointing hands; heart=hearts; hotel=hotel signs; keycap=keycaps
light & video=light and video; lock=locks; math=arithmetic; monkey-face=monkey faces; musical-instrument=instruments
other-object=other objects; other-symbol=other symbols; person=people; person-activity=people doing things
person-fantasy=fantasy figures; person-gesture=people gesturing; person-resting=people resting
person-role=people at work; person-sport=people at sport; person-symbol=silhouettes; phone=phones
place-building=buildings; place-geographic=landscapes; place-map=maps; place-other=other places
place-religious=places of worship; plant-flower=flowers; plant-other=other plants; science=laboratory
sky & weather=sky and weather; sport=sports; subdivision-flag=regional flags; tool=tools; transport-air=aircraft
transport-ground=land vehicles; transport-sign=public signs; transport-water=boats and ships; warning=warning signs
zodiac=zodiac signs
Smileys & Emotion=smileys; People & Body=people; Animals & Nature=nature; Food & Drink=food and drink
Travel & Places=places; Activities=activities; Objects=objects; Symbols=symbols; Flags=flags
"""
_NAMES = {
    written: name
    for written, _, name in (pair.strip().partition("=") for pair in _UNICODE.replace("\n", ";").split(";"))
    if name
}


def class_name(label: str) -> str:
    """A class as people write it; one that is no class of Unicode's stays as it is.

    >>> class_name("plant-flower"), class_name("place-building"), class_name("my-dogs")
    ('flowers', 'buildings', 'my-dogs')
    """
    return _NAMES.get(label, label)
