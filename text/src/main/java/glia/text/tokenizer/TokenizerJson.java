package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/// A `tokenizer.json` with a BPE, WordPiece or Unigram model, read and checked.
///
/// @param json the JSON for the native library
/// @param limit the longest text that it encodes
record TokenizerJson(String json, TextLimit limit, Vocabulary vocabulary, PieceDecoder decoder, Template template) {
    /// Bounds the memory that an invalid file takes. The largest vocabularies have 262,144 pieces.
    private static final int MAX_ID = 1 << 22;
    /// The longest piece in UTF-16 units, far above any in use: an answer may repeat it thousands of times.
    private static final int MAX_PIECE = 1 << 14;
    /// The longest words of a WordPiece model, which looks up each part of a word.
    private static final int MAX_WORD = 256;

    /// Reads a file.
    ///
    /// @param file the file that messages name
    /// @param further added tokens of other files in the folder
    /// @throws CheckpointException if the file is invalid, contradicts itself or uses a component that is not supported
    static TokenizerJson parse(byte[] bytes, Path file, List<AddedToken> further) throws CheckpointException {
        try (JsonParser parser = JsonValues.parser(bytes)) {
            return new Reader(bytes, file).read(parser, further);
        } catch (JacksonException e) {
            throw new CheckpointException(file, "", "is not JSON: " + DisplayText.escape(e.getOriginalMessage())
                    + (e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr()), e);
        }
    }

    private static final class Reader {
        private final byte[] bytes;
        private final Path file;
        private final Map<String, JsonNode> parts = new HashMap<>();
        private final Map<String, JsonNode> modelParts = new HashMap<>();
        private String[] pieces = new String[0];
        private int size;
        /// The scores of the first pieces of a Unigram model.
        private double[] scores = {};
        private int numScored;
        /// The range of the elements of the array `merges`.
        private int mergesFrom;
        private int mergesTo;

        Reader(byte[] bytes, Path file) {
            this.bytes = bytes;
            this.file = file;
        }

        TokenizerJson read(JsonParser parser, List<AddedToken> further) throws CheckpointException {
            expect(parser.nextToken() == JsonToken.START_OBJECT, "", "an object");
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (name.equals("model")) {
                    readModel(parser, value);
                } else {
                    parts.put(name, JsonTree.read(parser));
                }
            }
            expect(parser.currentToken() == JsonToken.END_OBJECT && parser.nextToken() == null, "", "one object");
            expect(size > 0, "model.vocab", "pieces");
            List<AddedToken> added = addedTokens(further);
            for (AddedToken token : added) {
                put(token.id(), token.content());
            }
            return complete(added);
        }

        private TokenizerJson complete(List<AddedToken> listed) throws CheckpointException {
            String[] all = Arrays.copyOf(pieces, size);
            Components components = new Components();
            String normalizer = part("normalizer", components::normalizer);
            String preTokenizer = part("pre_tokenizer", components::preTokenizer);
            List<AddedToken> added = part("added_tokens", node -> NormalizedTokens.checked(listed, normalizer,
                    components.mayDelete()));
            String type = modelPart("type").asString("BPE");
            String json = switch (type) {
                case "BPE" -> bytePairs(added, normalizer, preTokenizer, all);
                case "WordPiece" -> wordPiece(added, normalizer, preTokenizer, all);
                case "Unigram" -> unigram(added, normalizer, preTokenizer, all, components.limit());
                default -> throw new CheckpointException(file, "model",
                        "found the type " + DisplayText.quote(type) + ", known are BPE, WordPiece and Unigram");
            };
            Template template = part("post_processor", Template::of);
            for (int id : template.around(new int[0])) {
                expect(id >= 0 && id < size, "post_processor", "ids below " + size);
            }
            PieceDecoder decoder = part("decoder", PieceDecoder::of);
            added.forEach(token -> all[token.id()] = token.content());
            return new TokenizerJson(json, components.limit().build(), new Vocabulary(Pieces.of(all), added),
                    decoder, template);
        }

        private String bytePairs(List<AddedToken> added, String normalizer, String preTokenizer, String[] all)
                throws CheckpointException {
            expect(scores.length == 0, "model.vocab", "an object of pieces and ids, as BPE has");
            return new GgufPairs.BpeJson(added, normalizer, preTokenizer, options(), Pieces.of(all))
                    .write(text -> text.raw(bytes, mergesFrom, mergesTo)).toString();
        }

        private String wordPiece(List<AddedToken> added, String normalizer, String preTokenizer, String[] all)
                throws CheckpointException {
            expect(scores.length == 0, "model.vocab", "an object of pieces and ids, as WordPiece has");
            String unknown = modelPart("unk_token").asString("[UNK]");
            expect(Arrays.asList(all).contains(unknown), "model.unk_token", "a piece of the vocabulary");
            int longest = modelPart("max_input_chars_per_word").asInt(100);
            expect(longest > 0 && longest <= MAX_WORD, "model.max_input_chars_per_word",
                    "a number from 1 to " + MAX_WORD);
            return NativeJson.wordPiece(added, normalizer, preTokenizer, Pieces.of(all), unknown,
                    modelPart("continuing_subword_prefix").asString("##"), longest);
        }

        private String unigram(List<AddedToken> added, String normalizer, String preTokenizer, String[] all,
                TextLimit.Builder limit) throws CheckpointException {
            expect(scores.length > 0, "model.vocab", "a list of pieces and scores, as Unigram has");
            int id = modelPart("unk_id").asInt(-1);
            expect(modelPart("unk_id").isInt() && id >= 0 && id < numScored, "model.unk_id", "an id below " + numScored
                    + ", of the piece for characters that no other piece covers (in most files \"<unk>\")");
            try {
                ModelLimits.unigram(Pieces.of(all), numScored, limit);
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(file, "model.vocab", e.getMessage(), e);
            }
            // The library numbers tokens outside the vocabulary itself, in their order.
            added.sort(Comparator.comparingInt(AddedToken::id));
            int next = numScored;
            for (AddedToken token : added) {
                if (token.id() >= numScored) {
                    expect(token.id() == next++, "added_tokens", "ids without gaps after the vocabulary's "
                            + (numScored - 1));
                }
            }
            return NativeJson.unigram(added, normalizer, preTokenizer, Pieces.of(all), scores, numScored, id,
                    flag("byte_fallback"));
        }

        private <T> T part(String name, Function<JsonNode, T> reader) throws CheckpointException {
            try {
                return reader.apply(parts.getOrDefault(name, MissingNode.getInstance()));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(file, name, e.getMessage(), e);
            }
        }

        private GgufPairs.BpeJson.Options options() throws CheckpointException {
            for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
                JsonNode node = modelPart(affix);
                expect(node.isNull() || node.isMissingNode() || node.asString("").isEmpty(), "model." + affix, "none");
            }
            expect(modelPart("dropout").asDouble(0) == 0, "model.dropout", "none");
            JsonNode unknown = modelPart("unk_token");
            boolean hasUnknown = unknown.isString();
            expect(!hasUnknown || Arrays.asList(pieces).contains(unknown.asString()), "model.unk_token",
                    "a piece of the vocabulary");
            return new GgufPairs.BpeJson.Options(hasUnknown ? unknown.asString() : null, flag("fuse_unk"),
                    flag("byte_fallback"), flag("ignore_merges"));
        }

        private boolean flag(String name) throws CheckpointException {
            JsonNode node = modelPart(name);
            expect(node.isMissingNode() || node.isBoolean(), "model." + name, "true or false");
            return node.asBoolean(false);
        }

        private JsonNode modelPart(String name) {
            return modelParts.getOrDefault(name, MissingNode.getInstance());
        }

        private void readModel(JsonParser parser, JsonToken value) throws CheckpointException {
            expect(value == JsonToken.START_OBJECT, "model", "an object");
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken content = parser.nextToken();
                switch (name) {
                    case "vocab" -> {
                        expect(content == JsonToken.START_OBJECT || content == JsonToken.START_ARRAY, "model.vocab",
                                "an object of pieces and ids, or a list of pieces and scores");
                        if (content == JsonToken.START_OBJECT) {
                            readPieces(parser);
                        } else {
                            readScores(parser);
                        }
                    }
                    case "merges" -> {
                        expect(content == JsonToken.START_ARRAY, "model.merges", "a list, as BPE has");
                        mergesFrom = (int) parser.currentLocation().getByteOffset();
                        parser.skipChildren();
                        mergesTo = (int) parser.currentLocation().getByteOffset() - 1;
                    }
                    default -> modelParts.put(name, JsonTree.read(parser));
                }
            }
        }

        private void readPieces(JsonParser parser) throws CheckpointException {
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String piece = parser.currentName();
                expect(parser.nextToken() == JsonToken.VALUE_NUMBER_INT, "model.vocab", "integers as ids");
                put(parser.getIntValue(), piece);
            }
        }

        private void readScores(JsonParser parser) throws CheckpointException {
            while (parser.nextToken() == JsonToken.START_ARRAY) {
                expect(parser.nextToken() == JsonToken.VALUE_STRING, "model.vocab", "texts as pieces");
                put(numScored, parser.getString());
                JsonToken score = parser.nextToken();
                expect(score == JsonToken.VALUE_NUMBER_FLOAT || score == JsonToken.VALUE_NUMBER_INT, "model.vocab",
                        "numbers as scores");
                scores = scores.length > numScored ? scores : Arrays.copyOf(scores, Math.max(256, 2 * numScored));
                scores[numScored++] = parser.getDoubleValue();
                expect(Double.isFinite(scores[numScored - 1]) && parser.nextToken() == JsonToken.END_ARRAY,
                        "model.vocab", "pairs of a piece and a score");
            }
            expect(parser.currentToken() == JsonToken.END_ARRAY, "model.vocab", "a list of pairs");
        }

        private void put(int id, String piece) throws CheckpointException {
            if (id < 0 || id >= MAX_ID) {
                throw new CheckpointException(file, "piece " + DisplayText.quote(piece),
                        "found id " + id + ", expected 0 to " + (MAX_ID - 1));
            }
            if (piece.length() > MAX_PIECE) {
                throw new CheckpointException(file, "id " + id, "found a piece of " + piece.length()
                        + " characters, expected at most " + MAX_PIECE);
            }
            if (id >= pieces.length) {
                pieces = Arrays.copyOf(pieces, Math.max(id + 1, Math.min(MAX_ID, pieces.length * 2)));
            }
            if (pieces[id] != null && !pieces[id].equals(piece)) {
                throw new CheckpointException(file, "id " + id, "found two pieces, " + DisplayText.quote(pieces[id])
                        + " and " + DisplayText.quote(piece) + ", expected one");
            }
            pieces[id] = piece;
            size = Math.max(size, id + 1);
        }

        private List<AddedToken> addedTokens(List<AddedToken> further) throws CheckpointException {
            Map<Integer, AddedToken> tokens = new java.util.LinkedHashMap<>();
            for (JsonNode node : parts.getOrDefault("added_tokens", MissingNode.getInstance())) {
                expect(node.path("id").isInt(), "added_tokens", "integers for id");
                AddedToken token = AddedToken.of(node.path("id").asInt(), node);
                AddedToken other = tokens.put(token.id(), token);
                expect(other == null || other.content().equals(token.content()), "added_tokens",
                        "one content for id " + token.id());
            }
            further.forEach(token -> tokens.putIfAbsent(token.id(), token));
            tokens.values().removeIf(token -> token.content().isEmpty());
            return new ArrayList<>(tokens.values());
        }

        private void expect(boolean holds, String where, String expected) throws CheckpointException {
            if (!holds) {
                throw new CheckpointException(file, where, "expected " + expected);
            }
        }
    }

    /// Checks the added tokens that the native library looks for in another form than the file has: those with
    /// `normalized`, and those that take white space beside them (`lstrip`, `rstrip`).
    ///
    /// The library normalizes the text of a `normalized` token. Where nothing is left of it, it finds the token at
    /// every byte of a text; such a token is looked for as it is written. A token of white space with `lstrip` may come
    /// to lie inside the white space that a token with `rstrip` takes, which ends the process; such a file is refused.
    static final class NormalizedTokens {
        private static final String PROBE = ",\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\","
                + "\"unk_token\":\"?\",\"fuse_unk\":false,\"byte_fallback\":false,\"vocab\":{\"?\":0},\"merges\":[]}}";

        private NormalizedTokens() { }

        /// @param normalizer the `normalizer`, as JSON, checked
        /// @param mayDelete whether it may delete characters
        /// @return the tokens, some no longer `normalized`
        /// @throws IllegalArgumentException if the tokens cannot be used together
        static List<AddedToken> checked(List<AddedToken> tokens, String normalizer, boolean mayDelete) {
            AddedToken.checkSizes(tokens);
            boolean takesSpace = tokens.stream().anyMatch(AddedToken::rstrip) && tokens.stream().anyMatch(
                    AddedToken::lstrip);
            boolean mayVanish = mayDelete && tokens.stream().anyMatch(AddedToken::normalized);
            if (!takesSpace && !mayVanish) {
                return tokens;
            }
            NativeTokenizer all = probe(normalizer, "null");
            List<AddedToken> checked = new ArrayList<>();
            for (AddedToken token : tokens) {
                boolean vanishes = token.normalized() && all.encode(token.content()).length == 0;
                checked.add(vanishes ? token.verbatim() : token);
            }
            NativeTokenizer raw = probe("null", "{\"type\":\"WhitespaceSplit\"}");
            NativeTokenizer words = probe(normalizer, "{\"type\":\"WhitespaceSplit\"}");
            for (AddedToken token : checked) {
                if (takesSpace && token.lstrip()
                        && (token.normalized() ? words : raw).encode(token.content()).length == 0) {
                    throw new IllegalArgumentException("found the token " + token.id() + " of white space with lstrip, "
                            + "beside tokens with rstrip, expected no lstrip");
                }
            }
            return checked;
        }

        /// A tokenizer that makes a token of each character that its normalizer and pre-tokenizer leave.
        private static NativeTokenizer probe(String normalizer, String preTokenizer) {
            return NativeTokenizer.of("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],"
                    + "\"normalizer\":" + normalizer + ",\"pre_tokenizer\":" + preTokenizer + PROBE);
        }
    }
}
