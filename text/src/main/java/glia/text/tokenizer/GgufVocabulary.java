package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufKind;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Converts the tokenizer of a folder in the Hugging Face layout to the metadata of a GGUF file, the inverse of
/// [GgufTokenizer]. GGUF has names for pre-tokenizers in place of patterns: each is tried on sample texts, and one that
/// gives the same ids as the folder's tokenizer is taken.
public final class GgufVocabulary {
    private static final String PREFIX = "tokenizer.ggml.";
    /// Texts that pre-tokenizers split differently: spaces, lines, contractions, numbers, scripts, punctuation.
    private static final List<String> SAMPLES = List.of("", "Hello, World! How's it going? I'LL say we're fine.",
            " leading  and   many    spaces\t\ttabs \n\n lines\r\n \n  end ", "3.14159 12 1234567 1,000,000 x2y3 4th",
            "def f(x):\n    return {\"a\": [x**2, -1]}  # ok ???!!! =====> /usr/bin", "naïve café Ünïcödé straße ﬁ ½",
            "Привет, мир! Ελληνικά עברית العربية हिन्दी ไทย", "你好，世界。日本語のテキスト 한국어 텍스트", "🙂👩‍👩‍👧 ✅ €5 – “quotes” … ™",
            "camelCase HTTPServer snake_case ALLCAPS McDonald's don’t", "e\u0301 \u00a0\u3000 zero\u200bwidth",
            "a".repeat(101));
    /// The score of padding pieces, as other converters write it, so low that they are never chosen.
    private static final float LOWEST_SCORE = -10_000;

    private final TokenizerSpec spec;
    private final JsonNode json;
    private final int size;
    private final OptionalInt bos;
    private final OptionalInt eos;

    private GgufVocabulary(TokenizerSpec spec, int size) throws CheckpointException {
        this.spec = spec;
        this.json = JsonMapper.shared().readTree(spec.json());
        this.size = size;
        this.bos = orOnly(spec.bos(), spec.template().before());
        this.eos = orOnly(spec.eos(), spec.template().after());
    }

    /// Encoder models seldom name BOS and EOS; the tokens that the template puts around a text are written as such.
    private static OptionalInt orOnly(OptionalInt token, int[] around) {
        return token.isEmpty() && around.length == 1 ? OptionalInt.of(around[0]) : token;
    }

    /// The metadata of a folder's tokenizer; empty if there is no tokenizer.
    ///
    /// @param vocabSize the rows of the model's embedding, which is the number of tokens that other readers expect
    /// @throws CheckpointException if GGUF cannot represent this tokenizer
    public static Map<String, Object> of(Path folder, int vocabSize) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        if (!TokenizerFolder.isIn(folder)) {
            return Map.of();
        }
        GgufVocabulary vocabulary = new GgufVocabulary(TokenizerFolder.read(folder), vocabSize);
        Tokenizer wanted = Tokenizer.load(folder);
        if (wanted.vocabSize() > vocabSize) {
            throw new CheckpointException(file, "", "has " + wanted.vocabSize() + " pieces for a model of " + vocabSize
                    + "; a GGUF file cannot hold more pieces than the model has tokens");
        }
        for (Map<String, Object> candidate : vocabulary.candidates(file)) {
            Tokenizer found = Tokenizer.fromGguf(GgufMetadata.of(file, candidate));
            // GGUF does not store whether WordPiece decoding puts a space before punctuation.
            if (isSame(wanted, found, !candidate.get(PREFIX + "model").equals("bert"))) {
                return candidate;
            }
        }
        throw new CheckpointException(file, "pre_tokenizer", "splits texts in none of the ways that have a name in "
                + "GGUF; supported are " + PreTokenizer.knownNames()
                + ", SentencePiece's, tokens of characters without a pre-tokenizer, BERT's for WordPiece and T5's for "
                + "Unigram");
    }

    /// Whether two tokenizers give the same ids for the sample texts.
    ///
    /// @param decodes whether to compare decoded texts too
    private static boolean isSame(Tokenizer a, Tokenizer b, boolean decodes) {
        return (a.bos().isEmpty() || a.bos().equals(b.bos())) && SAMPLES.stream().allMatch(text -> {
            int[] ids = a.encode(text, true);
            return Arrays.equals(ids, b.encode(text, true))
                    && (!decodes || a.decode(ids, false).equals(b.decode(ids, false)));
        });
    }

    private List<Map<String, Object>> candidates(Path file) throws CheckpointException {
        String type = json.path("model").path("type").asString("");
        return switch (type) {
            case "BPE" -> pairs(json.path("model"), file);
            case "WordPiece" -> List.of(wordPiece(file));
            case "Unigram" -> unigram(file);
            default -> throw new CheckpointException(file, "model.type", "is '" + type
                    + "'; BPE, WordPiece and Unigram are written to GGUF files");
        };
    }

    private List<Map<String, Object>> pairs(JsonNode model, Path file) throws CheckpointException {
        List<Map<String, Object>> all = new ArrayList<>();
        if (model.path("byte_fallback").asBoolean(false)) {
            for (boolean prefix : new boolean[] {true, false}) {
                Map<String, Object> one = common("llama", file);
                one.put(PREFIX + "scores", scores());
                one.put(PREFIX + "add_space_prefix", prefix);
                all.add(one);
            }
        } else {
            if (json.path("pre_tokenizer").isNull() || json.path("pre_tokenizer").isMissingNode()) {
                all.add(characters(file));
            }
            // Start with the pre-tokenizer of equal JSON: samples may not distinguish all of them.
            for (PreTokenizer pre : Arrays.stream(PreTokenizer.values()).sorted(Comparator.comparing(p ->
                    !JsonMapper.shared().readTree(p.json()).equals(json.path("pre_tokenizer")))).toList()) {
                Map<String, Object> one = common("gpt2", file);
                one.put(PREFIX + "pre", pre.usualName());
                one.put(PREFIX + "merges", model.path("merges").valueStream().map(GgufVocabulary::merge)
                        .toArray(String[]::new));
                all.add(one);
            }
        }
        return all;
    }

    /// Pieces of whole characters without a pre-tokenizer, such as a token a character: SentencePiece's, which has `▁`
    /// for a space, without byte tokens, so that other characters are unknown. Readers take token 2 for EOS where none
    /// is named; then the unknown token, which is never generated, is named.
    private Map<String, Object> characters(Path file) throws CheckpointException {
        Map<String, Object> one = common("llama", file);
        String[] pieces = (String[]) one.get(PREFIX + "tokens");
        for (int id = 0; id < size; id++) {
            pieces[id] = pieces[id].replace(' ', GgufWords.MARK.charAt(0));
        }
        one.put(PREFIX + "scores", scores());
        one.put(PREFIX + "add_space_prefix", false);
        Object unknown = one.get(PREFIX + "unknown_token_id");
        if (unknown != null) {
            one.putIfAbsent(PREFIX + "eos_token_id", unknown);
        }
        return one;
    }

    /// GGUF puts `▁` before pieces that begin a word, where `tokenizer.json` puts `##` before the others.
    private Map<String, Object> wordPiece(Path file) throws CheckpointException {
        Map<String, Object> one = common("bert", file);
        one.remove(PREFIX + "add_eos_token");
        eos.ifPresent(id -> one.put(PREFIX + "seperator_token_id", id));
        one.put(PREFIX + "add_sep_token", isAround(spec.template().after(), eos, file));
        String[] pieces = (String[]) one.get(PREFIX + "tokens");
        int[] types = (int[]) one.get(PREFIX + "token_type");
        for (int id = 0; id < size; id++) {
            if (types[id] != GgufTokenizer.CONTROL && types[id] != GgufTokenizer.UNKNOWN) {
                pieces[id] = pieces[id].startsWith(GgufWords.CONTINUATION)
                        ? pieces[id].substring(GgufWords.CONTINUATION.length()) : GgufWords.MARK + pieces[id];
            }
        }
        JsonNode normalizer = json.path("normalizer");
        boolean lowers = normalizer.path("lowercase").asBoolean(false);
        JsonNode strips = normalizer.path("strip_accents");
        one.put(PREFIX + "normalizer.lowercase", lowers);
        one.put(PREFIX + "normalizer.strip_accents", strips.isBoolean() ? strips.asBoolean() : lowers);
        return one;
    }

    private List<Map<String, Object>> unigram(Path file) throws CheckpointException {
        JsonNode vocabulary = json.path("model").path("vocab");
        float[] scores = new float[size];
        for (int id = 0; id < size; id++) {
            boolean isPiece = id < spec.vocabulary().size() && !spec.vocabulary().piece(id).isEmpty();
            scores[id] = isPiece ? (float) vocabulary.path(id).path(1).asDouble(0) : LOWEST_SCORE;
        }
        String map = json.path("normalizer").findValuesAsString("precompiled_charsmap").stream().findFirst().orElse("");
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Map<String, Object> one = common("t5", file);
            one.put(PREFIX + "scores", scores);
            one.put(PREFIX + "add_space_prefix", i < 2);
            one.put(PREFIX + "remove_extra_whitespaces", i % 2 == 0);
            if (!map.isEmpty()) {
                one.put(PREFIX + "precompiled_charsmap",
                        GgufValue.list(GgufKind.INT8, Base64.getDecoder().decode(map)));
            }
            all.add(one);
        }
        return all;
    }

    private static String merge(JsonNode merge) {
        return merge.isString() ? merge.asString() : merge.path(0).asString() + " " + merge.path(1).asString();
    }

    private Map<String, Object> common(String model, Path file) throws CheckpointException {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put(PREFIX + "model", model);
        String[] pieces = new String[size];
        int[] types = new int[size];
        for (int id = 0; id < size; id++) {
            String piece = id < spec.vocabulary().size() ? spec.vocabulary().piece(id) : "";
            pieces[id] = piece.isEmpty() ? "[PAD" + id + "]" : piece;
            types[id] = piece.isEmpty() ? GgufTokenizer.UNUSED : type(id, piece);
        }
        all.put(PREFIX + "tokens", pieces);
        all.put(PREFIX + "token_type", types);
        unknown().ifPresent(piece -> spec.vocabulary().id(piece).ifPresent(id ->
                all.put(PREFIX + "unknown_token_id", id)));
        bos.ifPresent(id -> all.put(PREFIX + "bos_token_id", id));
        eos.ifPresent(id -> all.put(PREFIX + "eos_token_id", id));
        all.put(PREFIX + "add_bos_token", isAround(spec.template().before(), bos, file));
        all.put(PREFIX + "add_eos_token", isAround(spec.template().after(), eos, file));
        List<Integer> ends = spec.endOfGeneration().stream().filter(id -> id != eos.orElse(-1)).toList();
        for (int i = 0; i < Math.min(2, ends.size()); i++) {
            all.put(PREFIX + (i == 0 ? "eot_token_id" : "eom_token_id"), ends.get(i));
        }
        return all;
    }

    private Optional<String> unknown() {
        JsonNode model = json.path("model");
        if (model.path("unk_id").isInt()) {
            return Optional.of(spec.vocabulary().piece(model.path("unk_id").asInt()));
        }
        return model.path("unk_token").isString() ? Optional.of(model.path("unk_token").asString()) : Optional.empty();
    }

    private static boolean isAround(int[] tokens, OptionalInt wanted, Path file) throws CheckpointException {
        if (tokens.length > 1 || tokens.length == 1 && tokens[0] != wanted.orElse(-1)) {
            throw new CheckpointException(file, "post_processor", "puts the tokens " + Arrays.toString(tokens)
                    + " around a text; GGUF supports only BOS before it and EOS after it");
        }
        return tokens.length == 1;
    }

    private int type(int id, String piece) {
        if (unknown().filter(piece::equals).isPresent()) {
            return GgufTokenizer.UNKNOWN;
        }
        if (spec.vocabulary().isAdded(id)) {
            return spec.vocabulary().isSpecial(id) ? GgufTokenizer.CONTROL : GgufTokenizer.USER_DEFINED;
        }
        boolean isByte = json.path("model").path("byte_fallback").asBoolean(false)
                && PieceDecoder.Characters.byteOf(piece) >= 0;
        return isByte ? GgufTokenizer.BYTE : GgufTokenizer.NORMAL;
    }

    /// Scores that decrease with the rank of the merge that makes the piece.
    private float[] scores() {
        Map<String, Integer> ranks = new HashMap<>();
        for (JsonNode merge : json.path("model").path("merges")) {
            ranks.putIfAbsent(merge(merge).replace(" ", ""), ranks.size());
        }
        float[] scores = new float[size];
        for (int id = 0; id < size; id++) {
            String piece = id < spec.vocabulary().size() ? spec.vocabulary().piece(id) : "";
            scores[id] = -ranks.getOrDefault(piece, ranks.size());
        }
        return scores;
    }
}
