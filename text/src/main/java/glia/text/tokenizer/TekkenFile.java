package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.io.gguf.GgufKind;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufValue;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Mistral's `tekken.json`: the bytes of tokens by rank, control tokens before them, and the pattern that splits a
/// text.
/// The ranks are the order of merges, as in tiktoken: of two neighbors the pair that makes the token of the lowest rank
/// is merged first.
///
/// Source: https://github.com/mistralai/mistral-common
final class TekkenFile {
    static final String NAME = "tekken.json";
    /// The control tokens of files that list none.
    private static final List<String> CONTROL = List.of("<unk>", "<s>", "</s>", "[INST]", "[/INST]",
            "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]",
            "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]",
            "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]");

    private final Path file;
    private final JsonNode json;

    private TekkenFile(Path file, JsonNode json) {
        this.file = file;
        this.json = json;
    }

    /// The tokenizer as the metadata of a GGUF file, which has the same parts.
    ///
    /// @throws CheckpointException if the file is damaged or splits texts in another way
    static GgufMetadata read(Path file, JsonNode json) throws CheckpointException {
        return new TekkenFile(file, json).metadata();
    }

    private GgufMetadata metadata() throws CheckpointException {
        JsonNode config = json.path("config");
        String pattern = config.path("pattern").asString("");
        if (!PreTokenizer.TEKKEN.splitsBy(pattern)) {
            throw error("config.pattern", "found " + DisplayText.quote(pattern) + ", which is not the one of Tekken");
        }
        int numControl = number(config, "default_num_special_tokens");
        int numTokens = number(config, "default_vocab_size") - numControl;
        JsonNode vocab = json.path("vocab");
        if (numTokens < 256 || numTokens > vocab.size()) {
            throw error("vocab", "found " + vocab.size() + " tokens, expected at least 256 and "
                    + numTokens);
        }
        List<String> tokens = new ArrayList<>(control(numControl));
        for (int rank = 0; rank < numTokens; rank++) {
            tokens.add(spelled(vocab.get(rank), rank));
        }
        int[] types = new int[tokens.size()];
        Arrays.fill(types, 0, numControl, GgufTokenizer.CONTROL);
        types[0] = GgufTokenizer.UNKNOWN;
        Arrays.fill(types, numControl, types.length, GgufTokenizer.NORMAL);
        String prefix = "tokenizer.ggml.";
        Map<String, Object> values = new HashMap<>(Map.of(prefix + "model", "gpt2", prefix + "pre", "tekken",
                prefix + "tokens", tokens.toArray(String[]::new), prefix + "token_type", types, prefix + "merges",
                merges(tokens.subList(numControl, tokens.size())), prefix + "bos_token_id", tokens.indexOf("<s>"),
                prefix + "eos_token_id", tokens.indexOf("</s>"), prefix + "add_bos_token", true));
        return GgufMetadata.of(file, values);
    }

    private int number(JsonNode config, String key) throws CheckpointException {
        int value = config.path(key).asInt(-1);
        if (value < CONTROL.size() || value > 1 << 22) {
            throw error("config." + key, "found " + config.path(key) + ", expected a number of tokens");
        }
        return value;
    }

    private List<String> control(int count) throws CheckpointException {
        List<String> names = new ArrayList<>(json.path("special_tokens").valueStream()
                .map(token -> token.path("token_str").asString("")).toList());
        names = names.isEmpty() ? new ArrayList<>(CONTROL) : names;
        while (names.size() < count) {
            names.add("<SPECIAL_" + names.size() + ">");
        }
        Set<String> distinct = new LinkedHashSet<>(names);
        if (names.size() > count || distinct.size() < count || !distinct.containsAll(CONTROL.subList(0, 3))) {
            throw error("special_tokens", "expected " + count + " different ones with <unk>, <s> and </s>");
        }
        return names;
    }

    private String spelled(JsonNode token, int rank) throws CheckpointException {
        if (token.path("rank").asInt(-1) != rank) {
            throw error("vocab", "found rank " + token.path("rank") + " at index " + rank);
        }
        try {
            byte[] bytes = Base64.getDecoder().decode(token.path("token_bytes").asString(""));
            StringBuilder spelled = new StringBuilder();
            for (byte b : bytes) {
                spelled.append(ByteAlphabet.character(b));
            }
            return spelled.toString();
        } catch (IllegalArgumentException e) {
            throw error("vocab", "found no bytes in base64 at index " + rank);
        }
    }

    /// The ways to make each token of two others, by rank of the token, then of its parts.
    private static String[] merges(List<String> tokens) {
        Map<String, Integer> ranks = new HashMap<>();
        for (String token : tokens) {
            ranks.put(token, ranks.size());
        }
        List<String> merges = new ArrayList<>();
        record Parts(int left, int right) { }
        for (String token : tokens) {
            List<Parts> ways = new ArrayList<>();
            for (int i = 1; i < token.length(); i++) {
                Integer left = ranks.get(token.substring(0, i));
                Integer right = ranks.get(token.substring(i));
                if (left != null && right != null) {
                    ways.add(new Parts(left, right));
                }
            }
            ways.sort(Comparator.comparingInt(Parts::left).thenComparingInt(Parts::right));
            ways.forEach(way -> merges.add(tokens.get(way.left()) + " " + tokens.get(way.right())));
        }
        return merges.toArray(String[]::new);
    }

    private CheckpointException error(String key, String problem) {
        return new CheckpointException(file, key, problem);
    }

    /// SentencePiece's `tokenizer.model`: a protocol buffer with pieces, scores and the rules that prepare a text.
    ///
    /// Source: sentencepiece_model.proto of https://github.com/google/sentencepiece
    static final class SentencePiece {
        private static final int LENGTH_DELIMITED = 2;

        private final Path file;
        private final List<String> pieces = new ArrayList<>();
        private final List<Float> scores = new ArrayList<>();
        private final List<Integer> types = new ArrayList<>();
        private final Map<String, Object> values = new HashMap<>(Map.of("tokenizer.ggml.bos_token_id", 1,
                "tokenizer.ggml.eos_token_id", 2, "tokenizer.ggml.unknown_token_id", 0, "tokenizer.ggml.model", "t5"));

        private SentencePiece(Path file) {
            this.file = file;
        }

        /// The tokenizer as the metadata of a GGUF file, which has the same parts.
        ///
        /// @throws CheckpointException if the file is damaged or of another kind than BPE or Unigram
        static GgufMetadata read(Path file, byte[] bytes) throws CheckpointException {
            SentencePiece model = new SentencePiece(file);
            model.fields(bytes, 0, bytes.length, 0);
            String prefix = "tokenizer.ggml.";
            model.values.values().removeIf(value -> value instanceof Integer id && id < 0);
            float[] scores = new float[model.scores.size()];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = model.scores.get(i);
            }
            model.values.put(prefix + "tokens", model.pieces.toArray(String[]::new));
            model.values.put(prefix + "scores", scores);
            model.values.put(prefix + "token_type", model.types.stream().mapToInt(Integer::intValue).toArray());
            return GgufMetadata.of(file, model.values);
        }

        /// Reads the fields of a message.
        ///
        /// @param message 0 for the model, else the number of its field
        private void fields(byte[] bytes, int from, int to, int message) throws CheckpointException {
            String piece = "";
            float score = 0;
            int type = GgufTokenizer.NORMAL;
            long[] next = {from};
            while (next[0] < to) {
                long tag = varint(bytes, next, to);
                int field = (int) (tag >> 3);
                int kind = (int) (tag & 7);
                long value = switch (kind) {
                    case 0, LENGTH_DELIMITED -> varint(bytes, next, to);
                    case 1 -> fixed(bytes, next, to, 8);
                    case 5 -> fixed(bytes, next, to, 4);
                    default -> throw damaged(next[0]);
                };
                if (kind != LENGTH_DELIMITED) {
                    score = message == 1 && field == 2 ? Float.intBitsToFloat((int) value) : score;
                    type = message == 1 && field == 3 ? (int) value : type;
                    setting(message, field, value);
                    continue;
                }
                if (value < 0 || value > to - next[0]) {
                    throw damaged(next[0]);
                }
                int at = (int) next[0];
                next[0] += value;
                if (message == 0 && field <= 3) {
                    fields(bytes, at, at + (int) value, field);
                } else if (message == 1 && field == 1) {
                    piece = new String(bytes, at, (int) value, StandardCharsets.UTF_8);
                } else if (message == 3 && field == 2) {
                    byte[] map = Arrays.copyOfRange(bytes, at, at + (int) value);
                    values.put("tokenizer.ggml.precompiled_charsmap", GgufValue.list(GgufKind.INT8, map));
                }
            }
            if (message == 1) {
                pieces.add(piece);
                scores.add(score);
                types.add(type);
            }
        }

        private void setting(int message, int field, long value) throws CheckpointException {
            String prefix = "tokenizer.ggml.";
            switch (message * 100 + field) {
                case 203 -> {
                    if (value != 1 && value != 2) {
                        throw new CheckpointException(file, "trainer_spec.model_type", "found " + value
                                + ", expected 1 (Unigram) or 2 (BPE)");
                    }
                    values.put(prefix + "model", value == 2 ? "llama" : "t5");
                }
                case 240 -> values.put(prefix + "unknown_token_id", (int) value);
                case 241 -> values.put(prefix + "bos_token_id", (int) value);
                case 242 -> values.put(prefix + "eos_token_id", (int) value);
                case 303 -> values.put(prefix + "add_space_prefix", value != 0);
                case 304 -> values.put(prefix + "remove_extra_whitespaces", value != 0);
                default -> { }
            }
        }

        private long varint(byte[] bytes, long[] next, int to) throws CheckpointException {
            long value = 0;
            for (int shift = 0; shift < Long.SIZE; shift += 7) {
                if (next[0] >= to) {
                    break;
                }
                byte b = bytes[(int) next[0]++];
                value |= (long) (b & 0x7F) << shift;
                if (b >= 0) {
                    return value;
                }
            }
            throw damaged(next[0]);
        }

        private long fixed(byte[] bytes, long[] next, int to, int size) throws CheckpointException {
            if (next[0] > to - size) {
                throw damaged(next[0]);
            }
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (bytes[(int) next[0]++] & 0xFFL) << 8 * i;
            }
            return value;
        }

        private CheckpointException damaged(long at) {
            return new CheckpointException(file, "byte " + at, "is no SentencePiece model; the file may be truncated");
        }
    }
}
