"""Makes a tiny encoder with random weights for every family, and what transformers says it makes of some texts.

    python3 tiny_models.py --queries datasets/starter/queries.parquet --out FOLDER

Each model is a folder as Hugging Face has them, about 100 KB: config.json, tokenizer.json, tokenizer_config.json,
model.safetensors, modules.json, 1_Pooling/config.json and, in most, sentence_bert_config.json. Beside them lies
`expected.json`:

    limit       most tokens, special ones counted; longer texts are truncated to it
    prefix      put before every text
    texts       12 texts, of which the last is long enough that it is truncated in every family
    token_ids   what the model is given, for each text
    embeddings  what comes out, for each text, in float32

qwen2 also has `expected_bidirectional.json`, for the same weights without the causal mask. Texts go through the model
one at a time in float32 with the plain ("eager") attention; weights stored in 16 bits are widened first.

The folders differ in the ways in which published ones do:

    bert-cls     CLS token, normalised; bare tensor names
    bert-mean    mean, not normalised; tokenizer.json truncates and pads to 32, which must be ignored; the limit, 48, is
                 in sentence_bert_config.json alone; the saved tensors have the integer `embeddings.position_ids`
    e5-like      mean, normalised, with a prefix; the limit, 60, is in tokenizer_config.json alone
    xlm-roberta  CLS token, normalised; tensors named as those of a masked language model, `roberta.` before each
    roberta-mean mean, not normalised; all of sentence-transformers' files in the spelling of its version 6, which has
                 the limit in tokenizer_config.json
    mpnet        mean, normalised; relative positions beside the absolute ones
    distilbert   mean, not normalised; heads of 6 numbers; no limit but that of the positions
    qwen2        last token, normalised; bfloat16; tensors named as those of a causal language model; `rope_theta`
    qwen3        last token, normalised; float16; bare tensor names; `rope_parameters`, as transformers 5 writes it

Made with torch 2.15.0, transformers 5.24.0, tokenizers 0.23.3, safetensors 0.8.0, pyarrow 26.0.1 and numpy 2.4.6. The
same versions make the same bytes on the same machine.
"""

import argparse
import collections
import json
import math
import os
import pathlib
import tempfile

os.environ["TOKENIZERS_PARALLELISM"] = "false"

import numpy
import pyarrow.parquet
import safetensors.torch
import torch
import transformers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

POSITIONS = 64
UNICODE = "  Café ÉCOLE naïve\u0301, 敏捷 狐狸; Съешь ещё 🙂\tend\u00a0\x01 "

# ---- Tokenizers


def frequent(words, mark):
    """How often each piece of up to 6 characters occurs, the most frequent first; `mark` is told if it starts a word.

    The trainers of WordPiece and Unigram models order ties by chance, so vocabularies are counted here instead.
    """
    counts = collections.Counter()
    for word in words:
        for start in range(len(word)):
            for end in range(start + 1, min(start + 6, len(word)) + 1):
                counts[mark(word[start:end], start == 0)] += 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def word_piece(queries, first, special, size):
    """BERT's: words in lower case without accents, cut into pieces. `first` and `special` set the ids."""
    cls, sep, unknown = special
    normalizer = normalizers.BertNormalizer(lowercase=True)
    cut = pre_tokenizers.BertPreTokenizer()
    words = [word for query in queries for word, _ in cut.pre_tokenize_str(normalizer.normalize_str(query))]
    pieces = [piece for piece, _ in frequent(words, lambda piece, starts: piece if starts else "##" + piece)]
    letters = [piece for piece in pieces if len(piece.removeprefix("##")) == 1]
    longer = [piece for piece in pieces if len(piece.removeprefix("##")) > 1]
    kept = (first + letters + longer)[:size]
    tokenizer = Tokenizer(models.WordPiece({piece: at for at, piece in enumerate(kept)}, unk_token=unknown))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = cut
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(first)
    around(tokenizer, [cls], [sep])
    return tokenizer


def bert(queries):
    return word_piece(queries, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], ("[CLS]", "[SEP]", "[UNK]"), 150)


def mpnet(queries):
    return word_piece(queries, ["<s>", "<pad>", "</s>", "[UNK]", "<mask>"], ("<s>", "</s>", "[UNK]"), 150)


def unigram(queries):
    """XLM-R's: pieces with weights, blanks written as a low line."""
    blanks = normalizers.Replace(Regex(" {2,}"), " ")
    normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), blanks])
    cut = pre_tokenizers.Metaspace()
    words = [word for query in queries for word, _ in cut.pre_tokenize_str(normalizer.normalize_str(query))]
    pieces = frequent(words, lambda piece, starts: piece)
    total = sum(count for _, count in pieces)
    weighed = [(piece, round(math.log(count / total), 4)) for piece, count in pieces]
    kept = [(piece, 0.0) for piece in ["<s>", "<pad>", "</s>", "<unk>"]]
    kept += [item for item in weighed if len(item[0]) == 1]
    kept += [item for item in weighed if len(item[0]) > 1][: 199 - len(kept)] + [("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(kept, unk_id=3))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = cut
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    around(tokenizer, ["<s>"], ["</s>"])
    return tokenizer


def byte_pairs(queries, first):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=first,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(queries, trainer)
    return tokenizer


def roberta(queries):
    tokenizer = byte_pairs(queries, ["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def qwen(queries):
    tokenizer = byte_pairs(queries, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    tokenizer.normalizer = normalizers.NFC()
    words = Regex(
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(words, "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    around(tokenizer, [], ["<|endoftext|>"])
    return tokenizer


def around(tokenizer, before, after):
    """Puts special tokens before and after every text."""
    special = [(token, tokenizer.token_to_id(token)) for token in before + after]
    single = " ".join(before + ["$A"] + after)
    tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=special)


# ---- Models

BERT = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 32,
    "intermediate_size": 96,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": POSITIONS,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "position_embedding_type": "absolute",
    "type_vocab_size": 2,
}
# Positions are counted from the id of the padding token on, so there are two more.
ROBERTA = BERT | {
    "bos_token_id": 0,
    "eos_token_id": 2,
    "layer_norm_eps": 1e-5,
    "max_position_embeddings": POSITIONS + 2,
    "pad_token_id": 1,
    "type_vocab_size": 1,
}
QWEN = {
    "attention_dropout": 0.0,
    "eos_token_id": 0,
    "hidden_act": "silu",
    "hidden_size": 32,
    "intermediate_size": 96,
    "max_position_embeddings": POSITIONS,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "use_sliding_window": False,
}
BERT_TOKENS = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "pad_token": "[PAD]", "unk_token": "[UNK]"}
BERT_TOKENS |= {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
ROBERTA_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"}
ROBERTA_TOKENS |= {"pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>"}
QWEN_TOKENS = {"tokenizer_class": "Qwen2Tokenizer", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"}

# For each: the class that runs it, the class that is saved (which decides the names of the tensors), how token vectors
# become one vector, whether that is normalised, and where the limit stands ("sentence", "tokenizer" or nowhere).
FAMILIES = {
    "bert-cls": dict(
        runs="BertModel", saved="BertModel", config=BERT | {"num_hidden_layers": 3, "intermediate_size": 64},
        tokenizer=bert, tokens=BERT_TOKENS, pooling="cls", normalise=True, limit=POSITIONS, limit_in="sentence",
    ),
    "bert-mean": dict(
        runs="BertModel", saved="BertModel", config=BERT, tokenizer=bert,
        tokens=BERT_TOKENS, pooling="mean", normalise=False, limit=48, limit_in="sentence",
    ),
    "e5-like": dict(
        runs="BertModel", saved="BertModel", config=BERT | {"num_hidden_layers": 1}, tokenizer=bert, prefix="query: ",
        tokens=BERT_TOKENS, pooling="mean", normalise=True, limit=60, limit_in="tokenizer",
    ),
    "xlm-roberta": dict(
        runs="XLMRobertaModel", saved="XLMRobertaForMaskedLM", config=ROBERTA | {"model_type": "xlm-roberta"},
        tokenizer=unigram, tokens=ROBERTA_TOKENS | {"tokenizer_class": "PreTrainedTokenizerFast"},
        pooling="cls", normalise=True, limit=POSITIONS, limit_in="sentence",
    ),
    "roberta-mean": dict(
        runs="RobertaModel", saved="RobertaModel", config=ROBERTA | {"model_type": "roberta", "intermediate_size": 64},
        tokenizer=roberta, tokens=ROBERTA_TOKENS | {"tokenizer_class": "RobertaTokenizer"},
        pooling="mean", normalise=False, limit=POSITIONS, limit_in="tokenizer", new_spelling=True,
    ),
    "mpnet": dict(
        runs="MPNetModel", saved="MPNetModel",
        config=ROBERTA | {"model_type": "mpnet", "relative_attention_num_buckets": 32},
        tokenizer=mpnet, tokens=ROBERTA_TOKENS | {"tokenizer_class": "MPNetTokenizer", "unk_token": "[UNK]"},
        pooling="mean", normalise=True, limit=POSITIONS, limit_in="sentence",
    ),
    "distilbert": dict(
        runs="DistilBertModel", saved="DistilBertModel",
        config={
            "model_type": "distilbert", "activation": "gelu", "dim": 24, "hidden_dim": 96, "n_heads": 4, "n_layers": 2,
            "max_position_embeddings": POSITIONS, "pad_token_id": 0, "sinusoidal_pos_embds": False,
        },
        tokenizer=bert, tokens=BERT_TOKENS | {"tokenizer_class": "DistilBertTokenizer"},
        pooling="mean", normalise=False, limit=POSITIONS, limit_in=None,
    ),
    "qwen2": dict(
        runs="Qwen2Model", saved="Qwen2ForCausalLM", config=QWEN | {"model_type": "qwen2", "rope_theta": 1000000.0},
        tokenizer=qwen, tokens=QWEN_TOKENS, dtype=torch.bfloat16,
        pooling="lasttoken", normalise=True, limit=POSITIONS, limit_in="sentence",
    ),
    "qwen3": dict(
        runs="Qwen3Model", saved="Qwen3Model",
        config=QWEN | {
            "model_type": "qwen3", "head_dim": 16, "attention_bias": False,
            "rope_parameters": {"rope_theta": 1000000.0, "rope_type": "default"},
        },
        tokenizer=qwen, tokens=QWEN_TOKENS, dtype=torch.float16,
        pooling="lasttoken", normalise=True, limit=POSITIONS, limit_in="tokenizer",
    ),
}  # fmt: skip


def randomise(model, seed):
    """Weights far larger than those of trained models, so that every mistake shows."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        if name.endswith("bias"):
            value = 0.1 * noise
        elif "norm" in name.lower():
            value = 1 + 0.2 * noise
        elif "relative_attention_bias" in name:
            value = noise
        else:
            value = 0.3 * noise
        parameter.data.copy_(value)


def write_weights(family, config, seed, folder):
    model = getattr(transformers, family["saved"])(config)
    randomise(model, seed)
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        tensors = safetensors.torch.load_file(pathlib.Path(scratch) / "model.safetensors")
    tensors = {name: tensor.to(family.get("dtype", torch.float32)) for name, tensor in tensors.items()}
    if folder.name == "bert-mean":
        # Checkpoints of before 2023 have it.
        tensors["embeddings.position_ids"] = torch.arange(POSITIONS).unsqueeze(0)
    safetensors.torch.save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def write_json(path, value):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_folder(name, family, queries, seed, folder):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = family["tokenizer"](queries)
    if name == "bert-mean":
        # As all-MiniLM-L6-v2 has it.
        tokenizer.enable_truncation(32)
        tokenizer.enable_padding(length=32)
    tokenizer.save(str(folder / "tokenizer.json"))
    tokens = dict(family["tokens"])
    if family["limit_in"] == "tokenizer":
        tokens["model_max_length"] = family["limit"]
    write_json(folder / "tokenizer_config.json", tokens)
    if family["limit_in"] == "sentence":
        limits = {"max_seq_length": family["limit"], "do_lower_case": False}
        write_json(folder / "sentence_bert_config.json", limits)
    elif family.get("new_spelling"):
        states = {"text": {"method": "forward", "method_output_name": "last_hidden_state"}}
        task = {"transformer_task": "feature-extraction", "modality_config": states}
        write_json(folder / "sentence_bert_config.json", task | {"module_output_name": "token_embeddings"})

    config = {"architectures": [family["saved"]]} | family["config"] | {"vocab_size": tokenizer.get_vocab_size()}
    spelling = "dtype" if family.get("new_spelling") else "torch_dtype"
    config[spelling] = str(family.get("dtype", torch.float32)).removeprefix("torch.")
    write_json(folder / "config.json", config)
    write_weights(family, transformers.AutoConfig.from_pretrained(folder), seed, folder)

    width = config.get("hidden_size", config.get("dim"))
    if family.get("new_spelling"):
        package = "sentence_transformers.sentence_transformer.modules"
        types = ["sentence_transformers.base.modules.transformer.Transformer", f"{package}.pooling.Pooling"]
        types.append("sentence_transformers.base.modules.normalize.Normalize")
        pooling = {"embedding_dimension": width, "pooling_mode": family["pooling"], "include_prompt": True}
    else:
        types = ["sentence_transformers.models." + part for part in ["Transformer", "Pooling", "Normalize"]]
        modes = {"cls": "cls_token", "mean": "mean_tokens", "max": "max_tokens", "lasttoken": "lasttoken"}
        pooling = {"word_embedding_dimension": width}
        for mode, spelling in modes.items():
            pooling["pooling_mode_" + spelling] = mode == family["pooling"]
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [dict(idx=at, name=str(at), path=paths[at], type=types[at]) for at in range(2 + family["normalise"])]
    write_json(folder / "modules.json", modules)
    write_json(folder / "1_Pooling/config.json", pooling)


# ---- Expected values


def texts(queries, tokenizer, prefix, limit):
    """Texts of chosen numbers of tokens, just below, at and above the limit among them; each starts elsewhere."""
    made = ["", UNICODE, queries[0]]
    for at, count in enumerate([5, 9, 14, 23, 37, limit - 1, limit, limit + 1, 3 * limit]):
        start = 53 * (at + 1)
        joined = "\n".join(queries[start : start + 40])
        end = 1
        while len(tokenizer.encode(prefix + joined[:end]).ids) < count:
            end += 1
        made.append(joined[:end])
    return made


def embed(model, ids, family, bidirectional):
    mask = torch.zeros(1, 1, len(ids), len(ids)) if bidirectional else torch.ones(1, len(ids), dtype=torch.int64)
    with torch.inference_mode():
        states = model(input_ids=torch.tensor([ids]), attention_mask=mask).last_hidden_state[0]
    if family["pooling"] == "cls":
        vector = states[0]
    elif family["pooling"] == "mean":
        vector = states.mean(0)
    else:
        vector = states[-1]
    if family["normalise"]:
        vector = torch.nn.functional.normalize(vector, dim=0)
    # The shortest decimals that give the same float32.
    return [float(str(number)) for number in vector.numpy().astype(numpy.float32)]


def write_expected(family, queries, folder, file, bidirectional=False):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    prefix, limit = family.get("prefix", ""), family["limit"]
    made = texts(queries, tokenizer, prefix, limit)
    tokenizer.enable_truncation(limit)
    token_ids = [tokenizer.encode(prefix + text).ids for text in made]
    model = getattr(transformers, family["runs"]).from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    )
    model.eval()
    embeddings = [embed(model, ids, family, bidirectional) for ids in token_ids]
    expected = {"limit": limit, "prefix": prefix, "texts": made, "token_ids": token_ids, "embeddings": embeddings}
    lines = [f"  {json.dumps(key)}: " + rows(value) for key, value in expected.items()]
    (folder / file).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def rows(value):
    """JSON with one line for each text."""
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "[\n    " + ",\n    ".join(json.dumps(row, ensure_ascii=False) for row in value) + "\n  ]"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", required=True, help="Parquet file with a column `origin_query`")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder in which to make the models' folders")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    queries = pyarrow.parquet.read_table(arguments.queries, columns=["origin_query"])["origin_query"].to_pylist()
    for seed, (name, family) in enumerate(FAMILIES.items()):
        folder = arguments.out / name
        write_folder(name, family, queries, seed, folder)
        write_expected(family, queries, folder, "expected.json")
        if name == "qwen2":
            write_expected(family, queries, folder, "expected_bidirectional.json", bidirectional=True)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{name}: {size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
