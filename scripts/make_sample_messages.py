"""Make the sample of messages to a shop, with the desk that each belongs to: python scripts/make_sample_messages.py

A message is a sentence of one desk, made of a pattern and words for its blanks, between a greeting and a closing that
tell nothing. The development messages have patterns of their own, so that a classifier must have learnt words and not
patterns. Written for this project, CC0.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

import bilstm_nlp

SAMPLES = Path(bilstm_nlp.__file__).parent / "data" / "samples"
SIZES = {"train": 480, "dev": 120}

WORDS = {
    "item": "lamp|kettle|pair of boots|rucksack|desk|jacket|radio|tent|blender|watch|set of knives|bicycle pump",
    "day": "Monday|Tuesday|last Friday|yesterday|the third of May|two weeks ago|Saturday morning",
    "city": "Porto|Graz|Leeds|Turku|Bergen|Ghent|Tallinn|Lyon",
    "amount": "12 euros|49.90|about 80 euros|19.50|30 pounds|the full price",
    "carrier": "the courier|your driver|the post office|the parcel service",
    "colour": "green|dark blue|black|red|white",
    "wrong": "broken|scratched|too small|the wrong colour|damaged|not what the picture shows",
    "card": "card|account|credit card|bank account",
    "device": "phone|laptop|new tablet|office computer",
}
PATTERNS = {
    "billing": {
        "train": [
            "You charged my {card} twice for one {item}",
            "The invoice for the {item} says {amount} , but I paid less",
            "Please send me a bill with our tax number for the {item}",
            "Why was {amount} taken from my {card} on {day} ?",
            "My discount code was not taken off the price of the {item}",
            "I paid by transfer on {day} and still get reminders to pay",
            "Can I pay for the {item} in three parts ?",
            "There is a fee of {amount} on my statement that I do not know",
            "The payment for my {item} failed , though the money has left my {card}",
            "Which currency will my {card} be charged in ?",
        ],
        "dev": [
            "I see a second payment of {amount} on my statement",
            "Your invoice has the old price , my {card} was charged {amount} too much",
            "Do you take payment by {card} or by transfer ?",
        ],
    },
    "delivery": {
        "train": [
            "My {item} was to arrive on {day} and is not here",
            "{carrier} left the {item} with a neighbour whom I do not know",
            "Where is my parcel ? The tracking page has said the same since {day}",
            "Can you send the {item} to {city} instead of my home ?",
            "How long does shipping to {city} take ?",
            "{carrier} rang once and drove away with my {item}",
            "Could the {item} arrive on {day} , when somebody is at home ?",
            "The tracking number for {city} does not work",
            "Only one of my two parcels has arrived",
            "Please hold my parcel at the depot in {city} until {day}",
        ],
        "dev": [
            "Nobody brought the {item} on {day} , though I waited all morning",
            "When will the parcel reach {city} ?",
            "According to the tracking page {carrier} was here , but there was no parcel",
        ],
    },
    "returns": {
        "train": [
            "The {item} is {wrong} and I want to send it back",
            "How do I return a {item} that I bought on {day} ?",
            "I sent the {item} back on {day} and have no refund yet",
            "Can I exchange the {colour} {item} for a {colour} one ?",
            "Who pays the postage if the {item} goes back ?",
            "I need a return label for the {item}",
            "The {item} stopped working after a week , please replace it",
            "Is it too late to give the {item} back ? I opened the box on {day}",
            "My refund for the {item} is {amount} short",
            "You sent me a {colour} {item} , I ordered a {colour} one",
        ],
        "dev": [
            "I do not want to keep the {item} , it is {wrong}",
            "The label for sending the {item} back has not come",
            "Please take the {item} back and refund me",
        ],
    },
    "account": {
        "train": [
            "I cannot log in since {day}",
            "The link to reset my password never arrives",
            "Please change the address in my profile to {city}",
            "How do I delete my account and all my data ?",
            "Your site says that my email is taken , but I never signed up",
            "I forgot which email I signed up with",
            "My {device} logs me out every few minutes",
            "Can two people share one login ?",
            "I want no more newsletters , but cannot find the setting",
            "Somebody in {city} has signed in with my password",
        ],
        "dev": [
            "My password is not accepted on my {device}",
            "Please close my profile and forget my email",
            "I did not sign up for these newsletters",
        ],
    },
    "product": {
        "train": [
            "Does the {item} also come in {colour} ?",
            "How heavy is the {item} ?",
            "Is the {item} dishwasher safe ?",
            "When will the {colour} {item} be in stock again ?",
            "What is the {item} made of ?",
            "Does the {item} fit into a small kitchen ?",
            "Is there a manual for the {item} in French ?",
            "Which size of the {item} do I need ?",
            "Do you sell spare parts for the {item} ?",
            "How long is the warranty of the {item} ?",
        ],
        "dev": [
            "What size and weight does the {item} have ?",
            "Will there be a {colour} {item} in stock soon ?",
            "I look for spare parts and a manual for the {item}",
        ],
    },
}
GREETINGS = ["", "", "", "Hello , ", "Good morning , ", "Hi there , ", "Dear team , "]
CLOSINGS = ["", "", "", " . Thanks", " . Please help", " . Best wishes", " . Can you look into it ?"]


def messages(part: str, count: int) -> list[tuple[str, str]]:
    """Make different messages, as (desk, text), the same number for each desk."""
    generator = np.random.default_rng(["train", "dev"].index(part))
    made: dict[str, str] = {}
    desks = list(PATTERNS)
    while len(made) < count:
        desk = desks[len(made) % len(desks)]
        pattern = generator.choice(PATTERNS[desk][part])
        sentence = re.sub(r"\{(\w+)\}", lambda blank: str(generator.choice(WORDS[blank[1]].split("|"))), str(pattern))
        text = f"{generator.choice(GREETINGS)}{sentence}{generator.choice(CLOSINGS)}"
        text = re.sub(r" ([,.?])", r"\1", text.replace("? .", "?"))
        if text not in made:
            made[text[0].upper() + text[1:]] = desk
    return [(desk, text) for text, desk in made.items()]


def main() -> None:
    for part, count in SIZES.items():
        rows = messages(part, count)
        order = np.random.default_rng(7).permutation(len(rows))
        with (SAMPLES / f"messages.{part}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["desk", "message"])
            writer.writerows(rows[index] for index in order.tolist())


if __name__ == "__main__":
    main()
