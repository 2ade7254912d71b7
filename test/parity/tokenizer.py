"""Tokenizes what tokenizer.test.ts wrote with transformers' CLIPTokenizerFast.

In the folder: cases.json, a list of {folder, texts}. Written: ids.json, for each case {ids, decoded, plain, length}: the ids
of each text, what they decode to with and without special tokens, and how many tokens the tokenizer has.
"""
import json, os, sys
from transformers import CLIPTokenizerFast

folder = sys.argv[1]
with open(os.path.join(folder, "cases.json")) as file:
    cases = json.load(file)

found = []
for case in cases:
    tokenizer = CLIPTokenizerFast.from_pretrained(case["folder"])
    ids = tokenizer(case["texts"])["input_ids"]
    found.append({
        "ids": ids,
        "decoded": tokenizer.batch_decode(ids),
        "plain": tokenizer.batch_decode(ids, skip_special_tokens=True),
        "size": len(tokenizer),
        "pad": tokenizer.pad_token_id,
    })
with open(os.path.join(folder, "ids.json"), "w") as file:
    json.dump(found, file)
