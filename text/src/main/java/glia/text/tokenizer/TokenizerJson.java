package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What Java needs of a `tokenizer.json`: the pieces, the added tokens and the decoder. All else (normalizer,
/// pre-tokenizer, merges) is the native library's affair and skipped.
///
/// @param vocabulary all pieces by id
/// @param decoder how pieces become text
/// @param missing added tokens that the file's model lacks and that the native library would number otherwise
record TokenizerJson(Vocabulary vocabulary, PieceDecoder decoder, List<AddedToken> missing) {
    /// Far above any vocabulary (the largest have 262,144 pieces); keeps a lying file from taking memory.
    private static final int MAX_ID = 1 << 22;
    /// Reads single values in the midst of a file.
    static final JsonMapper MAPPER =
            JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    /// @param file the file that messages name
    /// @param further added tokens that other files of the folder name
    /// @throws CheckpointException if the file is not a tokenizer, contradicts itself or decodes in an unknown way
    static TokenizerJson parse(byte[] json, Path file, List<AddedToken> further) throws CheckpointException {
        try (JsonParser parser = MAPPER.createParser(json)) {
            return new Reader(file).read(parser, further);
        } catch (JacksonException e) {
            throw new CheckpointException(file, "", "is not JSON: " + e.getOriginalMessage() + " at line "
                    + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr(), e);
        }
    }

    private static final class Reader {
        private final Path file;
        private String[] pieces = new String[0];
        private int numPieces;
        private int size;
        private List<AddedToken> added = List.of();
        private JsonNode decoder;

        Reader(Path file) {
            this.file = file;
        }

        TokenizerJson read(JsonParser parser, List<AddedToken> further) throws CheckpointException {
            expect(parser.nextToken() == JsonToken.START_OBJECT, "", "an object");
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                switch (name) {
                    case "model" -> readModel(parser, value);
                    case "added_tokens" -> added = addedTokens(MAPPER.readTree(parser));
                    case "decoder" -> decoder = MAPPER.readTree(parser);
                    default -> parser.skipChildren();
                }
            }
            expect(numPieces > 0, "model.vocab", "pieces");
            expect(decoder != null && decoder.isObject(), "decoder", "an object");
            List<AddedToken> missing = addTokens(further);
            try {
                return new TokenizerJson(new Vocabulary(Arrays.copyOf(pieces, size), added), PieceDecoder.of(decoder),
                        missing);
            } catch (IllegalArgumentException e) {
                throw new CheckpointException(file, "decoder", e.getMessage(), e);
            }
        }

        private void readModel(JsonParser parser, JsonToken value) throws CheckpointException {
            expect(value == JsonToken.START_OBJECT, "model", "an object");
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean isVocabulary = parser.currentName().equals("vocab");
                JsonToken content = parser.nextToken();
                if (isVocabulary) {
                    expect(content == JsonToken.START_OBJECT, "model.vocab", "an object of pieces and ids, as BPE has");
                    readPieces(parser);
                } else {
                    parser.skipChildren();
                }
            }
        }

        private void readPieces(JsonParser parser) throws CheckpointException {
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String piece = parser.currentName();
                expect(parser.nextToken() == JsonToken.VALUE_NUMBER_INT, "model.vocab", "a whole number for " + piece);
                put(parser.getIntValue(), piece);
                numPieces++;
            }
        }

        private void put(int id, String piece) throws CheckpointException {
            if (id < 0 || id >= MAX_ID) {
                throw new CheckpointException(file, "piece " + JsonText.quote(piece),
                        "found id " + id + ", expected 0 to " + (MAX_ID - 1));
            }
            if (id >= pieces.length) {
                pieces = Arrays.copyOf(pieces, Math.max(id + 1, Math.min(MAX_ID, pieces.length * 2)));
            }
            if (pieces[id] != null && !pieces[id].equals(piece)) {
                throw new CheckpointException(file, "id " + id, "found two pieces, " + JsonText.quote(pieces[id])
                        + " and " + JsonText.quote(piece) + ", expected one");
            }
            pieces[id] = piece;
            size = Math.max(size, id + 1);
        }

        private List<AddedToken> addedTokens(JsonNode array) throws CheckpointException {
            List<AddedToken> tokens = new ArrayList<>(array.size());
            for (JsonNode token : array) {
                expect(token.path("id").isInt(), "added_tokens", "whole numbers for id");
                AddedToken one = addedToken(token.path("id").asInt(), token);
                if (!one.content().isEmpty()) {
                    tokens.add(one);
                }
            }
            return tokens;
        }

        /// The library numbers an added token that its model lacks after all others; the file's word counts here.
        private List<AddedToken> addTokens(List<AddedToken> further) throws CheckpointException {
            List<AddedToken> all = new ArrayList<>(added);
            List<AddedToken> missing = new ArrayList<>();
            for (AddedToken token : further) {
                if (added.stream().noneMatch(t -> t.id() == token.id())) {
                    all.add(token);
                    missing.add(token);
                }
            }
            int next = numPieces;
            for (AddedToken token : added) {
                if (token.id() < size && token.content().equals(pieces[token.id()])) {
                    next = Math.max(next, token.id() + 1);
                } else if (token.id() == next) {
                    next++;
                } else {
                    missing.add(token);
                }
            }
            for (AddedToken token : all) {
                put(token.id(), token.content());
            }
            added = all;
            return missing;
        }

        private void expect(boolean holds, String where, String expected) throws CheckpointException {
            if (!holds) {
                throw new CheckpointException(file, where, "expected " + expected + "; is it a tokenizer.json?");
            }
        }
    }

    /// A line of `added_tokens`, or of `added_tokens_decoder` in `tokenizer_config.json`.
    static AddedToken addedToken(int id, JsonNode token) {
        return new AddedToken(id, token.path("content").asString(""), token.path("special").asBoolean(false),
                token.path("normalized").asBoolean(false), token.path("single_word").asBoolean(false),
                token.path("lstrip").asBoolean(false), token.path("rstrip").asBoolean(false));
    }
}
