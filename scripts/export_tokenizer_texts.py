"""Reference encodings of texts that programming languages lower, compose and cut differently, by transformers.

    python scripts/export_tokenizer_texts.py data/clip-tokenizer test/fixtures/clip-tokenizer
"""
import json, os, sys
from transformers import CLIPTokenizerFast

folder, out = sys.argv[1:3]
tokenizer = CLIPTokenizerFast.from_pretrained(folder)
TEXTS = [
    # lower case: a final sigma, one letter that becomes two, letters of other heights and of Unicode 14 to 17
    "ΑΣ", "ΟΔΥΣΣΕΥΣ ΑΣ.", "ΑΣ ΑΣ'Σ", "Σ", "ςΣσ", "İSTANBUL ı I", "STRASSE ẞ ß", "ǅ Ǆ ŉ", "K Å Ω", "Ⅷ ⅷ Ⓐ", "Ა ა", "Ꭰ ꭰ", "𞤀𐐀𐲀",
    "\u1c89 \ua7cb \ua7da \ua7dc", "\U00010d50\U00010d70", "\ua7ce\ua7d2 \U00016ea0",
    # special tokens, whole, in other letters and in pieces
    "<|endoftext|>", "<|ENDOFTEXT|>", "<|StartOfText|>", "a<|startoftext|>b", "<|endoftext|", "|<|endoftext|>|", "!<|ENDOFTEXT|>'s",
    "<|endoftext|><|startoftext|>", "<|Endoftext|>s", "<| endoftext |>", "<|endoftext|>  <|endoftext|>", "x</w>y </W>",
    # composed and taken apart, marks in an order to be changed, marks that are younger than the library
    "e\u0301 é \u0301", "a\u0315\u0300\u05ae\u0327", "\u1112\u1161\u11ab 한", "\u0958 \u0fb2\u0f71\u0f80", "\u0344\u0323\u0307",
    "a\u0897\u0323", "a\u0301\u07fd\u0323", "\U00011935\U00011930", "\U000105d2\u0307\u0323", "\U00016d67\U00016d67", "\U000113c2\U000113b8",
    # letters and digits of Unicode 17, to a library of Unicode 16
    "a\u088fb", "x\U00011de01", "\U000323b0\U000323b1", "\U00018d80!a",
    # white space, controls, joiners
    "a\ufeffb", "a\u0085b\u2028c\u2029d", "a\u180eb\u200bc\u2060d", "\u001c\u001fa\u000b\u000cb", "\u3000a\u00a0\u202fb\u205f", "\u0000\u007f\u0080",
    # contractions, numbers, signs
    "'S 'T'LL '’s d'd'd", "I'M you'RE we''ve", "1234½²٣１", "a_b-c", "((()))!?", "\ufffd", "👩‍👩‍👧🏳️‍🌈🇩🇪❤️", "नमस्ते สวัสดี 안녕",
]
cases = []
for text in TEXTS:
    ids = tokenizer(text)["input_ids"]
    cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
with open(os.path.join(out, "texts.json"), "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")
print(len(cases), "texts")
