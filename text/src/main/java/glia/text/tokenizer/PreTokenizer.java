package glia.text.tokenizer;

import glia.io.json.JsonTree.JsonText;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// The pre-tokenizers of byte-level BPE in GGUF files, which split a text before merging. A file has only the name
/// (`tokenizer.ggml.pre`); the patterns are those of the models' own `tokenizer.json`.
enum PreTokenizer {
    /// GPT-2's pattern, which is part of the byte-level step.
    GPT_2(List.of("gpt-2", "phi-2"), true),

    /// As GPT-2 after NFC, as in GPT-NeoX, where ModernBERT's vocabulary comes from.
    MODERN_BERT(List.of("modern-bert"), true),

    /// Splits off each digit, then as GPT-2. Checked against SmolLM2-135M-Instruct.
    SMOLLM(List.of("smollm", "starcoder", "refact"), true, Patterns.DIGITS),

    /// Checked against Llama 3.
    LLAMA_BPE(List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "lfm2"), false,
            Patterns.CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
                    + Patterns.PUNCTUATION + "[\\r\\n]*|" + Patterns.SPACE),

    /// Checked against Qwen3.
    QWEN2(List.of("qwen2", "deepseek-r1-qwen"), false,
            Patterns.CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
                    + Patterns.PUNCTUATION + "[\\r\\n]*|" + Patterns.SPACE),

    /// As Qwen3, but combining marks belong to words. The pattern of Qwen3.5's `tokenizer.json`.
    QWEN35(List.of("qwen35"), false,
            Patterns.CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}|"
                    + " ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" + Patterns.SPACE),

    /// The pattern in Mistral's published tekken files.
    TEKKEN(List.of("tekken"), false,
            Patterns.LOWER_WORD + "|" + Patterns.UPPER_WORD + "|\\p{N}|"
                    + Patterns.PUNCTUATION + "[\\r\\n/]*|" + Patterns.SPACE),

    /// Checked against GPT-4o and gpt-oss.
    GPT_4O(List.of("gpt-4o", "llama4"), false,
            Patterns.LOWER_WORD + Patterns.CONTRACTIONS + "?|" + Patterns.UPPER_WORD + Patterns.CONTRACTIONS
                    + "?|\\p{N}{1,3}|" + Patterns.PUNCTUATION + "[\\r\\n/]*|" + Patterns.SPACE),

    /// Checked against DeepSeek-V3.
    DEEPSEEK_V3(List.of("deepseek-v3"), false, "\\p{N}{1,3}",
            "[\\x{4E00}-\\x{9FA5}\\x{3040}-\\x{309F}\\x{30A0}-\\x{30FF}]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
                    + " ?[\\p{P}\\p{S}]+[\\r\\n]*|" + Patterns.SPACE),

    /// Cased letters, punctuation, white space at the end of a line, Chinese and Korean, each digit alone.
    DEEPSEEK_LLM(List.of("deepseek-llm"), false, "[\\r\\n]", "\\s?[" + Patterns.DEEPSEEK_LETTERS + "]+",
            "\\s?[!-/:-~\\x{FF01}-\\x{FF0F}\\x{FF1A}-\\x{FF5E}\\x{2018}-\\x{201F}\\x{3000}-\\x{3002}]+",
            Regexes.SPACE_AT_LINE_END, "[\\x{4E00}-\\x{9FA5}\\x{800}-\\x{4E00}\\x{AC00}-\\x{D7FF}]+", Patterns.DIGITS);

    private final List<String> names;
    private final boolean gpt2Pattern;
    private final String[] steps;

    /// @param gpt2Pattern whether the byte-level step splits by GPT-2's pattern
    /// @param steps patterns that split before it, one after the other
    PreTokenizer(List<String> names, boolean gpt2Pattern, String... steps) {
        this.names = names;
        this.gpt2Pattern = gpt2Pattern;
        this.steps = steps;
    }

    static Optional<PreTokenizer> named(String name) {
        for (PreTokenizer one : values()) {
            if (one.names.contains(name)) {
                return Optional.of(one);
            }
        }
        return Optional.empty();
    }

    /// The name in most files.
    String usualName() {
        return names.getFirst();
    }

    /// All names that [#named] finds.
    static List<String> knownNames() {
        return Arrays.stream(values()).flatMap(p -> p.names.stream()).toList();
    }

    /// Whether a pattern is a step of a pre-tokenizer, and so known to be safe.
    static boolean hasPattern(String regex) {
        return Arrays.stream(values()).anyMatch(one -> Arrays.asList(one.steps).contains(regex));
    }

    /// Whether a word in the vocabulary is one token regardless of the merges (`ignore_merges`), as in vocabularies
    /// that come from tiktoken, which has no merges.
    boolean ignoresMerges() {
        return this == LLAMA_BPE || this == TEKKEN || this == GPT_4O;
    }

    /// Whether the text is split by this pattern alone.
    boolean splitsBy(String pattern) {
        return Arrays.equals(steps, new String[] {pattern});
    }

    /// Whether encoding adds BOS if the file does not specify it.
    boolean addsBos() {
        return this == LLAMA_BPE || this == TEKKEN;
    }

    /// Whether texts are normalized to NFC first.
    boolean composes() {
        return this == MODERN_BERT || this == QWEN2 || this == QWEN35;
    }

    /// The `pre_tokenizer` of a `tokenizer.json`.
    String json() {
        StringBuilder json = new StringBuilder("{\"type\":\"Sequence\",\"pretokenizers\":[");
        for (String step : steps) {
            if (step.equals(Patterns.DIGITS)) {
                json.append("{\"type\":\"Digits\",\"individual_digits\":true},");
            } else {
                json.append("{\"type\":\"Split\",\"pattern\":{\"Regex\":").append(JsonText.quote(step))
                        .append("},\"behavior\":\"Isolated\",\"invert\":false},");
            }
        }
        return json.append("{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":")
                .append(gpt2Pattern).append("}]}").toString();
    }

    /// Parts that several patterns share, in Oniguruma's syntax.
    private static final class Patterns {
        /// A placeholder for the library's `Digits` step.
        static final String DIGITS = "digits";
        static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
        static final String PUNCTUATION = " ?[^\\s\\p{L}\\p{N}]+";
        static final String SPACE = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
        static final String LOWER_WORD =
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+";
        static final String UPPER_WORD =
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*";
        /// Cased letters as ranges.
        static final String DEEPSEEK_LETTERS =
                "A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}\\x{1C4}-\\x{293}"
                + "\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}\\x{37F}\\x{386}"
                + "\\x{388}-\\x{38A}\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}"
                + "\\x{531}-\\x{556}\\x{10A0}-\\x{10C5}\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}"
                + "\\x{1CBD}-\\x{1CBF}\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{1F15}"
                + "\\x{1F18}-\\x{1F1D}\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}\\x{1F59}\\x{1F5B}"
                + "\\x{1F5D}\\x{1F5F}-\\x{1F7D}\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}\\x{1FBE}\\x{1FC2}-\\x{1FC4}"
                + "\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{1FD3}\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{1FF4}"
                + "\\x{1FF6}-\\x{1FFC}\\x{2102}\\x{2107}\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}"
                + "\\x{2126}\\x{2128}\\x{212A}-\\x{212D}\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}"
                + "\\x{2145}-\\x{2149}\\x{214E}\\x{2183}\\x{2184}\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}"
                + "\\x{2CEB}-\\x{2CEE}\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}\\x{A680}-\\x{A69B}\\x{A722}-\\x{A76F}"
                + "\\x{A771}-\\x{A787}\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}"
                + "\\x{FF21}-\\x{FF3A}\\x{FF41}-\\x{FF5A}\\x{10400}-\\x{1044F}\\x{104B0}-\\x{104D3}"
                + "\\x{104D8}-\\x{104FB}\\x{10C80}-\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}"
                + "\\x{1E900}-\\x{1E943}";
    }
}
