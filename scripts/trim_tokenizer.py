"""Cuts CLIP's tokenizer down to what a text encoder trained from scratch on digits can learn.

    python scripts/trim_tokenizer.py data/clip-tokenizer data/clip-tokenizer-small
    python scripts/trim_tokenizer.py data/clip-tokenizer data/clip-tokenizer-emoji data/emoji/words.txt 16

The second form keeps the words of a file, one a line, and the length that captions have in tokens.

CLIP's table has 49,408 tokens; a caption of this data set uses 15 of them. The rest would be 25 million
weights that are stored, given a gradient and updated at every step, and never learn anything. Kept are
all single bytes (so every text still has ids), the most frequent merges, and every merge on the way to
the captions' words, so that captions are cut into the same pieces as by the whole tokenizer.
"""

import json
import pathlib
import sys

FREQUENT_MERGES = 512
CAPTION_TOKENS = 8  # start, "a handwritten digit 4", end and two to spare
WORDS = "a handwritten digit zero one two three four five six seven eight nine".split()
SPECIALS = ["<|startoftext|>", "<|endoftext|>"]


def merges_of(word, rank):
    """The merges that byte-pair encoding makes on its way to the word's pieces."""
    pieces = [*word[:-1], word[-1] + "</w>"]
    used = []
    while True:
        pairs = [pair for pair in zip(pieces, pieces[1:]) if pair in rank]
        if not pairs:
            return used
        best = min(pairs, key=rank.__getitem__)
        used.append(best)
        merged, i = [], 0
        while i < len(pieces):
            if tuple(pieces[i : i + 2]) == best:
                merged.append("".join(best))
                i += 2
            else:
                merged.append(pieces[i])
                i += 1
        pieces = merged


source, target = map(pathlib.Path, sys.argv[1:3])
if len(sys.argv) > 3:
    WORDS = pathlib.Path(sys.argv[3]).read_text().split()
    CAPTION_TOKENS = int(sys.argv[4])
tokenizer = json.loads((source / "tokenizer.json").read_text())
model = tokenizer["model"]
merges = [tuple(pair) for pair in model["merges"]]
rank = {pair: i for i, pair in enumerate(merges)}
kept = {*merges[:FREQUENT_MERGES], *(pair for word in WORDS for pair in merges_of(word, rank))}
model["merges"] = [list(pair) for pair in merges if pair in kept]

by_id = sorted(model["vocab"], key=model["vocab"].get)
tokens = [*by_id[:512], *("".join(pair) for pair in model["merges"]), *SPECIALS]
model["vocab"] = {token: i for i, token in enumerate(tokens)}
for token in tokenizer["added_tokens"]:
    token["id"] = model["vocab"][token["content"]]
for role in ("sep", "cls"):
    content = tokenizer["post_processor"][role][0]
    tokenizer["post_processor"][role] = [content, model["vocab"][content]]

target.mkdir(parents=True, exist_ok=True)
compact = json.dumps(tokenizer, separators=(",", ":"), ensure_ascii=False)  # half the size
(target / "tokenizer.json").write_text(compact + "\n")
config = json.loads((source / "tokenizer_config.json").read_text())
config["model_max_length"] = CAPTION_TOKENS
(target / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
print(f"{len(tokens)} tokens, {len(model['merges'])} merges")
