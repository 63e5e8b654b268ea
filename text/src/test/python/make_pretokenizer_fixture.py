"""Makes ../resources/tokenizer/pretokenizers.json: a small byte-level vocabulary and, for every pre-tokenizer that is
known by name in GGUF files, the ids of awkward texts as Hugging Face's tokenizers give them.

The merges are learnt on texts that were not cut first, so they cross words, digits, punctuation and line ends, and a
text that is cut elsewhere gets other ids. The patterns are those of the models' published tokenizer.json files.
llama.cpp, where llama_cpp is installed, is asked for the same; it differs where it does not compose texts (qwen2,
qwen35), knows no combining marks as letters (tekken, gpt-4o) or keeps digits together, which no vocabulary of that
kind has as one piece (deepseek-llm).

Needs: pip install tokenizers numpy gguf (and llama-cpp-python for the second opinion)
"""
import json
import os
import random
import tempfile
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TARGET = Path(__file__).parent / "../resources/tokenizer/pretokenizers.json"
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
USER = ["<tool_call>"]

CASES = "'s|'t|'re|'ve|'m|'ll|'d"
LOWER = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
UPPER = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
REST = r"\s*[\r\n]+|\s+(?!\S)|\s+"
LETTERS = (
    r"A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF}"
    r"\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}"
    r"\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}"
    r"\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}"
    r"\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}"
    r"\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}"
    r"\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}"
    r"\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}"
    r"\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}"
    r"\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\x{A787}"
    r"\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}"
    r"\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}"
    r"\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}")
PATTERNS = {
    "gpt-2": [],
    "smollm": ["digits"],
    "llama-bpe": [rf"(?i:{CASES})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{REST}"],
    "qwen2": [rf"(?i:{CASES})|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{REST}"],
    "qwen35": [rf"(?i:{CASES})|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}"
               rf"| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{REST}"],
    "tekken": [rf"{LOWER}|{UPPER}|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{REST}"],
    "gpt-4o": [rf"{LOWER}(?i:{CASES})?|{UPPER}(?i:{CASES})?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{REST}"],
    "deepseek-v3": [
        r"\p{N}{1,3}", "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
        r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
        r" ?[\p{P}\p{S}]+[\r\n]*|" + REST],
    "deepseek-llm": [
        r"[\r\n]", r"\s?[" + LETTERS + "]+", "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
        r"\s+$",
        "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+", "digits"],
}
IGNORES_MERGES = {"llama-bpe", "tekken", "gpt-4o"}
CORPUS = [
    "The year 2024 had 366 days; 1,234,567 people didn't know it's so. I'LL say: WE'RE here, they'd say.\n\n",
    "def f(x):\r\n\treturn x ** 2  # caf\u00e9 / na\u00efve // path/to/file\n",
    "foo_bar = {'a': [1, 22, 333]}; !important @x #y\n",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u3053\u3093\u306b\u3061\u306f \u30ab\u30bf\u30ab\u30ca "
    "\ud55c\uad6d\uc5b4 \uc2dc\ud5d8 ",
    "\u00dcBER stra\u00dfe \u041f\u0440\u0438\u0432\u0435\u0442 \u043c\u0438\u0440 \u03b1\u03b2\u03b3 \u0394 ",
    "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 ",
    "camelCase HTTPServer XMLHttpRequest iPhone   spaces    end   \n",
    "\U0001f642\U0001f468\u200d\U0001f469\u200d\U0001f467 \u00bd \u2167 \u0663\u0664\u0665 ",
]


def texts():
    fixed = [
        "", " ", "  ", "\n", "\r\n", " \n ", "\t\t x", "Hello world", "Hello  world   again    ",
        "I'm you'll HE'S THEY'VE it'd 'tis",
        "1 22 333 4444 55555 1234567890", "3.14 1,000 x2y3", "\u00bd\u2167 \u0663\u0664\u0665 \u096a", "a1b22c333",
        "camelCase HTTPServer iPhone XMLHttp",
        "\u00c9COLE \u00e9t\u00e9 e\u0301te\u0301 n\u0303", "stra\u00dfe \u01c5\u01c8 \u2102\u212a\u2126",
        "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u03b1\u03b2\u03b3",
        "\u4f60\u597d\u4e16\u754c 123 \u3053\u3093\u306b\u3061\u306f\u30ab\u30bf\u30ab\u30ca",
        "\ud55c\uad6d\uc5b4 \uc2dc\ud5d8\uff0c\u300c\u5f15\u7528\u300d\u3002",
        "\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u05e9\u05dc\u05d5\u05dd",
        "\U0001f642\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea ok", "path/to/file// \r\n/x",
        "!hello @you #tag $v %d ^a &b *c (d) -e _f", "a-b a_b a.b a:b a;b",
        "x = y == z; // {[()]}\n\n\n  next", "trailing   \n   leading", "nbsp\u00a0em\u2003ideo\u3000zw\u200bx",
        "tab\tsep\tval\n\r\n\r", "\u2018q\u2019 \u201cq\u201d \uff01\uff5e\uff1a",
        "<|im_start|>user\nhi<|im_end|>\n<tool_call>{}", "nul\x00 bell\x07 esc\x1b",
        "\ufb01\ufb02 \uff21\uff22\uff23 \U0001d49c\U0001d4d1 \U00010400",
    ]
    rng = random.Random(20)
    alphabet = list("aAbBzZ019  \n\r\t'/.,!?-_<>|(){}'s'LL"
                    "\u00e9\u00c9\u00df\u00f1\u4f60\u597d"
                    "\u304c\u3072\u30ab\uac00\U0001f642\u0301\u200d\u00bd\u0663\u00a0")
    mixed = ["".join(rng.choice(alphabet) for _ in range(rng.randrange(1, 30))) for _ in range(47)]
    return fixed + mixed


def learn_merges():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = trainers.BpeTrainer(vocab_size=256 + 500, min_frequency=2, show_progress=False, max_token_length=12,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    rng = random.Random(7)
    words = [w for line in CORPUS for w in line.split(" ")]
    mixed = [" ".join(rng.choice(words) for _ in range(12)) for _ in range(60)]
    tokenizer.train_from_iterator(CORPUS * 3 + mixed, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    return pieces, [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]


def reference(name, pieces, merges):
    vocab = {p: i for i, p in enumerate(pieces)}
    pairs = [tuple(m.split(" ")) for m in merges]
    tokenizer = Tokenizer(models.BPE(vocab, pairs, ignore_merges=name in IGNORES_MERGES))
    digits = pre_tokenizers.Digits(individual_digits=True)
    steps = [digits if p == "digits" else pre_tokenizers.Split(Regex(p), "isolated") for p in PATTERNS[name]]
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=name in ("gpt-2", "smollm")))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    if name in ("qwen2", "qwen35"):
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.add_tokens(USER)
    return tokenizer


def llama_cpp_ids(name, pieces, merges, samples):
    try:
        import gguf
        import llama_cpp
    except ImportError:
        return None
    handle, path = tempfile.mkstemp(suffix=".gguf")
    os.close(handle)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(name)
    tokens = pieces + SPECIAL + USER
    writer.add_token_list(tokens)
    writer.add_token_types([1] * len(pieces) + [3] * len(SPECIAL) + [4] * len(USER))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(len(pieces))
    writer.add_eos_token_id(len(pieces) + 2)
    for add in (writer.add_block_count, writer.add_context_length, writer.add_embedding_length, writer.add_head_count,
                writer.add_feed_forward_length):
        add(8)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    model = llama_cpp.Llama(path, vocab_only=True, verbose=False)
    ids = [model.tokenize(s.encode(), add_bos=False, special=True) for s in samples]
    os.unlink(path)
    return ids


def main():
    pieces, merges = learn_merges()
    samples = texts()
    expected = {}
    for name in PATTERNS:
        tokenizer = reference(name, pieces, merges)
        expected[name] = [tokenizer.encode(s, add_special_tokens=False).ids for s in samples]
        other = llama_cpp_ids(name, pieces, merges, samples)
        if other is not None:
            differing = [s for s, a, b in zip(samples, expected[name], other) if a != b]
            print(f"{name}: llama.cpp differs on {len(differing)} of {len(samples)}: {differing[:12]}")
    fixture = {"pieces": pieces, "merges": merges, "special": SPECIAL, "user": USER, "texts": samples,
               "expected": expected}
    TARGET.write_text(json.dumps(fixture, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
