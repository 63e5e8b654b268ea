package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// Turns the vocabulary of a GGUF file into a `tokenizer.json`. Two kinds are known: `gpt2` (byte-level pieces with
/// merges) and `llama` (SentencePiece: pieces with scores, single bytes for what no piece covers).
///
/// Token types become flags: unknown and control tokens are special added tokens, user-defined ones are added tokens
/// that are not special. Unused, byte and normal tokens are plain pieces, of which merges make only the normal ones.
final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final int UNKNOWN = 2;
    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;
    private static final int MAX_PIECES = 1 << 22;
    /// Control tokens that end an answer in one family or another; files rarely say so.
    private static final Set<String> END_MARKS = Set.of("</s>", "<eos>", "<|endoftext|>", "<|end_of_text|>",
            "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<｜end▁of▁sentence｜>", "<|return|>",
            "<|call|>", "[e~[");

    private final GgufMetadata metadata;
    private final String[] pieces;
    private final int[] types;

    private GgufTokenizer(GgufMetadata metadata) throws CheckpointException {
        this.metadata = metadata;
        this.pieces = metadata.strings(PREFIX + "tokens");
        if (pieces.length == 0 || pieces.length > MAX_PIECES) {
            throw error("tokens", "found " + pieces.length + " pieces, expected 1 to " + MAX_PIECES);
        }
        this.types = metadata.has(PREFIX + "token_type") ? metadata.integers(PREFIX + "token_type") : null;
        if (types != null && types.length != pieces.length) {
            throw error("token_type", "found " + types.length + " types for " + pieces.length + " pieces");
        }
    }

    static TokenizerSpec read(GgufMetadata metadata) throws CheckpointException {
        GgufTokenizer gguf = new GgufTokenizer(metadata);
        String model = metadata.string(PREFIX + "model");
        return switch (model) {
            case "gpt2" -> gguf.byteLevel();
            case "llama" -> gguf.sentencePiece();
            default -> throw gguf.error("model", "found '" + model + "', known are 'gpt2' and 'llama'");
        };
    }

    private TokenizerSpec byteLevel() throws CheckpointException {
        if (!metadata.has(PREFIX + "pre")) {
            throw error("pre", "is missing: how texts are cut is not known. Known are " + PreTokenizer.knownNames()
                    + "; convert the model again with a newer converter");
        }
        String name = metadata.string(PREFIX + "pre");
        PreTokenizer pre = PreTokenizer.named(name).orElseThrow(() -> error("pre",
                "found the pre-tokenizer '" + name + "', known are " + PreTokenizer.knownNames()));
        StringBuilder json = start(pre.composes() ? "{\"type\":\"NFC\"}" : "null", pre.json());
        json.append("\"byte_fallback\":false,\"ignore_merges\":").append(pre.ignoresMerges());
        appendPieces(json);
        json.append(",\"merges\":[");
        String[] merges = metadata.strings(PREFIX + "merges");
        for (int i = 0; i < merges.length; i++) {
            if (i > 0) {
                json.append(',');
            }
            JsonText.append(json, merges[i]);
        }
        return spec(json.append("]}}"), new PieceDecoder.ByteLevel(), pre.addsBos(), OptionalInt.empty(),
                OptionalInt.empty());
    }

    private TokenizerSpec sentencePiece() throws CheckpointException {
        float[] scores = metadata.floats(PREFIX + "scores");
        if (scores.length != pieces.length) {
            throw error("scores", "found " + scores.length + " scores for " + pieces.length + " pieces");
        }
        boolean prefix = flag("add_space_prefix", true);
        String spaces = "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}";
        StringBuilder json = start(prefix ? "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":"
                + "\"▁\"}," + spaces + "]}" : spaces, "null");
        int unknown = id("unknown_token_id").orElse(0);
        json.append("\"byte_fallback\":true,\"fuse_unk\":true,\"unk_token\":");
        JsonText.append(json, pieces[unknown]);
        appendPieces(json);
        json.append(",\"merges\":[");
        new ScoreMerges(mergeable(), scores).appendJson(json);
        PieceDecoder decoder = new PieceDecoder.Characters(List.of(new PieceDecoder.Replacement("▁", " ")), true,
                prefix ? 1 : 0);
        return spec(json.append("]}}"), decoder, true, OptionalInt.of(1), OptionalInt.of(2));
    }

    /// The pieces that merges can make or use. One with a space is never met, as spaces become `▁` first.
    private String[] mergeable() throws CheckpointException {
        String[] mergeable = pieces.clone();
        for (int id = 0; id < pieces.length; id++) {
            int type = type(id);
            if (type == UNKNOWN || type == CONTROL || type == UNUSED || type == BYTE || pieces[id].indexOf(' ') >= 0) {
                mergeable[id] = null;
            } else if (pieces[id].length() > ScoreMerges.MAX_PIECE) {
                throw error("tokens", "piece " + id + " has " + pieces[id].length() + " characters, expected at most "
                        + ScoreMerges.MAX_PIECE);
            }
        }
        return mergeable;
    }

    /// All before the parts of the model that differ. The native library does not decode, so it needs no decoder.
    private StringBuilder start(String normalizer, String preTokenizer) {
        StringBuilder json = new StringBuilder(64 * pieces.length + 4096);
        json.append("{\"version\":\"1.0\",\"added_tokens\":[");
        boolean first = true;
        for (AddedToken token : addedTokens()) {
            if (!first) {
                json.append(',');
            }
            first = false;
            token.appendJson(json);
        }
        return json.append("],\"normalizer\":").append(normalizer).append(",\"pre_tokenizer\":").append(preTokenizer)
                .append(",\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",");
    }

    private List<AddedToken> addedTokens() {
        List<AddedToken> added = new ArrayList<>();
        for (int id = 0; id < pieces.length; id++) {
            int type = type(id);
            boolean special = type == UNKNOWN || type == CONTROL;
            if ((special || type == USER_DEFINED) && !pieces[id].isEmpty()) {
                added.add(AddedToken.verbatim(id, pieces[id], special));
            }
        }
        return added;
    }

    private void appendPieces(StringBuilder json) {
        json.append(",\"vocab\":{");
        for (int id = 0; id < pieces.length; id++) {
            if (id > 0) {
                json.append(',');
            }
            JsonText.append(json, pieces[id]);
            json.append(':').append(id);
        }
        json.append('}');
    }

    private TokenizerSpec spec(StringBuilder json, PieceDecoder decoder, boolean bosByDefault, OptionalInt defaultBos,
                               OptionalInt defaultEos) throws CheckpointException {
        OptionalInt bos = id("bos_token_id").isPresent() ? id("bos_token_id") : within(defaultBos);
        OptionalInt eos = id("eos_token_id").isPresent() ? id("eos_token_id") : within(defaultEos);
        int[] before = added("add_bos_token", bosByDefault && bos.isPresent(), bos);
        int[] after = added("add_eos_token", false, eos);
        TokenizerSpec.Affixes affixes = new TokenizerSpec.Affixes(before, after);
        return new TokenizerSpec(metadata.origin(), json.toString(), new Vocabulary(pieces, addedTokens()), decoder,
                bos, eos, endOfGeneration(eos), ignored -> affixes);
    }

    private int[] added(String key, boolean byDefault, OptionalInt token) throws CheckpointException {
        if (!flag(key, byDefault)) {
            return new int[0];
        }
        return new int[] {token.orElseThrow(() -> error(key, "is true, but the file does not say which token it is"))};
    }

    private Set<Integer> endOfGeneration(OptionalInt eos) throws CheckpointException {
        Set<Integer> ends = new LinkedHashSet<>();
        eos.ifPresent(ends::add);
        id("eot_token_id").ifPresent(ends::add);
        id("eom_token_id").ifPresent(ends::add);
        for (int id = 0; id < pieces.length; id++) {
            if (type(id) == CONTROL && END_MARKS.contains(pieces[id])) {
                ends.add(id);
            }
        }
        // In the harmony format this one only ends a message; the answer goes on.
        if (Arrays.asList(pieces).contains("<|return|>")) {
            ends.removeIf(id -> pieces[id].equals("<|end|>"));
        }
        return ends;
    }

    private int type(int id) {
        return types == null ? 1 : types[id];
    }

    private OptionalInt within(OptionalInt id) {
        return id.isPresent() && id.getAsInt() < pieces.length ? id : OptionalInt.empty();
    }

    private OptionalInt id(String key) throws CheckpointException {
        if (!metadata.has(PREFIX + key)) {
            return OptionalInt.empty();
        }
        long id = metadata.integer(PREFIX + key);
        if (id < 0 || id >= pieces.length) {
            throw error(key, "found " + id + ", expected an id below " + pieces.length);
        }
        return OptionalInt.of((int) id);
    }

    private boolean flag(String key, boolean byDefault) throws CheckpointException {
        return metadata.has(PREFIX + key) ? metadata.flag(PREFIX + key) : byDefault;
    }

    private CheckpointException error(String key, String problem) {
        return new CheckpointException(metadata.origin(), "metadata key " + PREFIX + key, problem);
    }
}
