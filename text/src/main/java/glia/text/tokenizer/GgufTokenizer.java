package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufStrings;
import glia.text.tokenizer.GgufPairs.BpeJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;

/// Reads the tokenizer in the metadata of a GGUF file. Supported models are `gpt2` (byte-level BPE), `llama`
/// (SentencePiece BPE with scores and byte fallback), `gemma4` (the same with merges), `bert` and `t5` ([GgufWords]).
///
/// Unknown and control tokens become special added tokens, user-defined tokens become added tokens that are not
/// special. Unused, byte and normal tokens are part of the vocabulary; merges are made only for normal ones.
final class GgufTokenizer {
    private static final String PREFIX = "tokenizer.ggml.";
    private static final String SPACES =
            "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}";
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;
    private static final int MAX_PIECES = 1 << 22;
    /// Control tokens that end generation in some family; files rarely list them.
    private static final Set<String> END_MARKS = Set.of("</s>", "<eos>", "<|endoftext|>", "<|end_of_text|>",
            "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<｜end▁of▁sentence｜>", "<|return|>",
            "<|call|>", "[e~[");

    private final GgufMetadata metadata;
    private final GgufStrings texts;
    private final Pieces pieces;
    private final int[] types;
    private final List<AddedToken> added;

    private GgufTokenizer(GgufMetadata metadata) throws CheckpointException {
        this.metadata = metadata;
        this.texts = metadata.texts(PREFIX + "tokens");
        this.pieces = Pieces.of(texts);
        if (pieces.count() == 0 || pieces.count() > MAX_PIECES) {
            throw error("tokens", "found " + pieces.count() + " pieces, expected 1 to " + MAX_PIECES);
        }
        this.types = metadata.has(PREFIX + "token_type") ? metadata.integers(PREFIX + "token_type") : null;
        if (types != null && types.length != pieces.count()) {
            throw error("token_type", "found " + types.length + " types for " + pieces.count() + " pieces");
        }
        this.added = addedTokens(pieces);
    }

    static TokenizerSpec read(GgufMetadata metadata) throws CheckpointException {
        GgufTokenizer gguf = new GgufTokenizer(metadata);
        String model = metadata.string(PREFIX + "model");
        return switch (model) {
            case "gpt2" -> gguf.byteLevel();
            case "llama" -> gguf.sentencePiece();
            case "gemma4" -> gguf.characterPairs();
            case "bert" -> new GgufWords(gguf).wordPiece();
            case "t5" -> new GgufWords(gguf).unigram();
            default -> throw gguf.error("model", "found '" + model + "', known are 'gpt2', 'llama', 'gemma4', 'bert'"
                    + " and 't5'");
        };
    }

    private TokenizerSpec byteLevel() throws CheckpointException {
        if (!metadata.has(PREFIX + "pre")) {
            throw error("pre", "is missing: how the model splits texts is not known. Supported are "
                    + PreTokenizer.knownNames()
                    + "; convert the model again with a newer converter");
        }
        String name = metadata.string(PREFIX + "pre");
        PreTokenizer pre = PreTokenizer.named(name).orElseThrow(() -> error("pre",
                "found the pre-tokenizer '" + name + "', known are " + PreTokenizer.knownNames()));
        GgufStrings merges = metadata.texts(PREFIX + "merges");
        BpeJson json = new BpeJson(added, pre.composes() ? "{\"type\":\"NFC\"}" : "null", pre.json(),
                new BpeJson.Options(null, false, false, pre.ignoresMerges()), pieces);
        return spec(json, GgufPairs.listed(merges), text -> pre.composes() && mayCompose(text) ? Optional.empty()
                : Optional.of(PieceDecoder.ByteLevel.spell(text)), new PieceDecoder.ByteLevel(), pre.addsBos(),
                OptionalInt.empty(), OptionalInt.empty());
    }

    /// Whether NFC may change a text. No character below U+0300 changes or composes with the one before it.
    private static boolean mayCompose(String text) {
        return text.chars().anyMatch(c -> c >= '\u0300');
    }

    private TokenizerSpec sentencePiece() throws CheckpointException {
        float[] scores = scores();
        boolean prefix = flag("add_space_prefix", true);
        String normalizer = prefix ? "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\"▁\"},"
                + SPACES + "]}" : SPACES;
        PieceDecoder decoder = new PieceDecoder.Characters(List.of(new PieceDecoder.Replacement("▁", " ")), true,
                prefix ? 1 : 0);
        return spec(characters(normalizer, 0),
                (json, filter) -> new ScoreMerges(mergeable(filter), scores).appendJson(json),
                GgufTokenizer::marked, decoder, true, OptionalInt.of(1), OptionalInt.of(2));
    }

    /// BPE with merges over characters, with `▁` for the space.
    private TokenizerSpec characterPairs() throws CheckpointException {
        GgufStrings merges = metadata.texts(PREFIX + "merges");
        PieceDecoder decoder = new PieceDecoder.Characters(List.of(new PieceDecoder.Replacement("▁", " ")), true, 0);
        return spec(characters(SPACES, 3), GgufPairs.listed(merges), GgufTokenizer::marked, decoder, true,
                OptionalInt.of(2), OptionalInt.of(1));
    }

    /// A text with `▁` for spaces.
    private static Optional<byte[]> marked(String text) {
        return Optional.of(text.replace(' ', '▁').getBytes(StandardCharsets.UTF_8));
    }

    private BpeJson characters(String normalizer, int defaultUnknown) throws CheckpointException {
        String unknown = pieces.text(id("unknown_token_id").orElse(Math.min(defaultUnknown, pieces.count() - 1)));
        if (unknown.isEmpty()) {
            throw error("unknown_token_id", "names a piece without text");
        }
        // Without byte tokens each unknown character is one token, as where the tokens are characters.
        return new BpeJson(added, normalizer, "null", new BpeJson.Options(unknown, hasBytes(), true, false), pieces);
    }

    /// The pieces that merges can make or use. Pieces with a space are left out, as spaces become `▁` first.
    private String[] mergeable(GgufPairs.Filter filter) throws CheckpointException {
        String[] mergeable = new String[pieces.count()];
        for (int id = 0; id < mergeable.length; id++) {
            int type = type(id);
            if (type == UNKNOWN || type == CONTROL || type == UNUSED || type == BYTE
                    || !filter.wants(texts.bytes(), texts.from(id), texts.to(id))) {
                continue;
            }
            String piece = texts.text(id);
            if (piece.length() > ScoreMerges.MAX_PIECE) {
                throw error("tokens", "piece " + id + " has " + piece.length() + " characters, expected at most "
                        + ScoreMerges.MAX_PIECE);
            }
            mergeable[id] = piece.indexOf(' ') >= 0 ? null : piece;
        }
        return mergeable;
    }

    /// A copy of the pieces.
    String[] pieces() throws CheckpointException {
        return metadata.strings(PREFIX + "tokens");
    }

    /// A score for each piece.
    float[] scores() throws CheckpointException {
        float[] scores = metadata.floats(PREFIX + "scores");
        if (scores.length != pieces.count()) {
            throw error("scores", "found " + scores.length + " scores for " + pieces.count() + " pieces");
        }
        return scores;
    }

    boolean isSpecial(int id) {
        return type(id) == UNKNOWN || type(id) == CONTROL;
    }

    boolean isUnused(int id) {
        return type(id) == UNUSED;
    }

    /// Whether the vocabulary has byte tokens for unknown characters.
    boolean hasBytes() {
        return types != null && Arrays.stream(types).anyMatch(type -> type == BYTE);
    }

    /// The bytes under a key; empty if it is absent.
    byte[] bytes(String key) throws CheckpointException {
        int[] numbers = metadata.has(PREFIX + key) ? metadata.integers(PREFIX + key) : new int[0];
        byte[] bytes = new byte[numbers.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) numbers[i];
        }
        return bytes;
    }

    /// The added tokens.
    List<AddedToken> addedTokens(Pieces pieces) throws CheckpointException {
        List<AddedToken> added = new ArrayList<>();
        for (int id = 0; types != null && id < types.length; id++) {
            int type = types[id];
            if ((type == UNKNOWN || type == CONTROL || type == USER_DEFINED) && !pieces.isEmpty(id)) {
                added.add(AddedToken.verbatim(id, pieces.text(id), type != USER_DEFINED));
            }
        }
        try {
            AddedToken.checkSizes(added);
        } catch (IllegalArgumentException e) {
            throw error("token_type", e.getMessage());
        }
        return added;
    }

    private TokenizerSpec spec(BpeJson json, GgufPairs.Merges merges, Function<String, Optional<byte[]>> spelling,
            PieceDecoder decoder, boolean bosByDefault, OptionalInt defaultBos, OptionalInt defaultEos)
            throws CheckpointException {
        TokenizerSource source = new GgufPairs(json, texts, merges, spelling, this::checkUtf8);
        OptionalInt bos = id("bos_token_id").isPresent() ? id("bos_token_id") : within(defaultBos);
        OptionalInt eos = id("eos_token_id").isPresent() ? id("eos_token_id") : within(defaultEos);
        Template template = new Template(around("add_bos_token", bosByDefault && bos.isPresent(), bos),
                around("add_eos_token", false, eos));
        return spec(source, new Vocabulary(pieces, added), decoder, template, bos, eos);
    }

    private void checkUtf8() throws CheckpointException {
        for (String key : List.of("tokens", "merges")) {
            if (metadata.has(PREFIX + key)) {
                metadata.strings(PREFIX + key);
            }
        }
    }

    TokenizerSpec spec(TokenizerSource source, Vocabulary vocabulary, PieceDecoder decoder, Template template,
            OptionalInt bos, OptionalInt eos) throws CheckpointException {
        return new TokenizerSpec(metadata.origin(), source, vocabulary, decoder, template, bos, eos,
                endOfGeneration(eos));
    }

    int[] around(String key, boolean byDefault, OptionalInt token) throws CheckpointException {
        if (!flag(key, byDefault)) {
            return new int[0];
        }
        return new int[] {token.orElseThrow(() -> error(key, "is true, but the file does not name the token"))};
    }

    private Set<Integer> endOfGeneration(OptionalInt eos) throws CheckpointException {
        Set<Integer> ends = new LinkedHashSet<>();
        eos.ifPresent(ends::add);
        id("eot_token_id").ifPresent(ends::add);
        id("eom_token_id").ifPresent(ends::add);
        for (AddedToken token : added) {
            if (type(token.id()) == CONTROL && END_MARKS.contains(token.content())) {
                ends.add(token.id());
            }
        }
        // In the harmony format <|end|> ends a message, not the generation.
        if (texts.indexOf("<|return|>") >= 0) {
            ends.removeIf(id -> pieces.text(id).equals("<|end|>"));
        }
        return ends;
    }

    private int type(int id) {
        return types == null ? 1 : types[id];
    }

    private OptionalInt within(OptionalInt id) {
        return id.isPresent() && id.getAsInt() < pieces.count() ? id : OptionalInt.empty();
    }

    private OptionalInt id(String key) throws CheckpointException {
        if (!metadata.has(PREFIX + key)) {
            return OptionalInt.empty();
        }
        long id = metadata.integer(PREFIX + key);
        if (id < 0 || id >= pieces.count()) {
            throw error(key, "found " + id + ", expected an id below " + pieces.count());
        }
        return OptionalInt.of((int) id);
    }

    /// The id of a token under one of two keys, else by its text.
    OptionalInt id(String key, String other, String text) throws CheckpointException {
        OptionalInt id = id(key).isPresent() ? id(key) : id(other);
        int at = texts.indexOf(text);
        return id.isPresent() || at < 0 ? id : OptionalInt.of(at);
    }

    boolean flag(String key, boolean byDefault) throws CheckpointException {
        return metadata.has(PREFIX + key) ? metadata.flag(PREFIX + key) : byDefault;
    }

    CheckpointException error(String key, String problem) {
        return new CheckpointException(metadata.origin(), "metadata key " + PREFIX + key, problem);
    }
}
