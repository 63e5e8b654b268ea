package glia.text.tokenizer;

import java.io.StringWriter;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Copies the text of a `tokenizer.json` with changes to its tokens, in one pass and without a tree of the whole.
final class TokenizerJsonEditor {
    private static final JsonMapper MAPPER = TokenizerJson.MAPPER;

    private final List<AddedToken> additions;
    private final Set<String> dropped;

    private TokenizerJsonEditor(List<AddedToken> additions, Set<String> dropped) {
        this.additions = additions;
        this.dropped = dropped;
    }

    /// The same tokenizer with these tokens among its pieces and its added tokens.
    static String withTokens(String json, List<AddedToken> additions) {
        return new TokenizerJsonEditor(additions, Set.of()).copy(json);
    }

    /// The same tokenizer, blind to these added tokens: their text is split and merged like any other, and no merge
    /// makes them.
    static String withoutAddedTokens(String json, Set<String> dropped) {
        return new TokenizerJsonEditor(List.of(), dropped).copy(json);
    }

    private String copy(String json) {
        StringWriter text = new StringWriter(json.length());
        try (JsonParser parser = MAPPER.createParser(json); JsonGenerator out = MAPPER.createGenerator(text)) {
            parser.nextToken();
            out.writeStartObject();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                String name = parser.currentName();
                out.writeName(name);
                parser.nextToken();
                switch (name) {
                    case "added_tokens" -> copyAddedTokens(parser, out);
                    case "model" -> copyModel(parser, out);
                    default -> out.copyCurrentStructure(parser);
                }
            }
            out.writeEndObject();
        }
        return text.toString();
    }

    private void copyAddedTokens(JsonParser parser, JsonGenerator out) {
        Set<Integer> ids = new HashSet<>();
        out.writeStartArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            JsonNode token = MAPPER.readTree(parser);
            ids.add(token.path("id").asInt());
            if (!dropped.contains(token.path("content").asString(""))) {
                MAPPER.writeTree(out, token);
            }
        }
        for (AddedToken token : additions) {
            if (!ids.contains(token.id())) {
                StringBuilder one = new StringBuilder();
                token.appendJson(one);
                out.writeRawValue(one.toString());
            }
        }
        out.writeEndArray();
    }

    private void copyModel(JsonParser parser, JsonGenerator out) {
        out.writeStartObject();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            out.writeName(name);
            parser.nextToken();
            switch (name) {
                case "vocab" -> copyPieces(parser, out);
                case "merges" -> copyMerges(parser, out);
                default -> out.copyCurrentStructure(parser);
            }
        }
        out.writeEndObject();
    }

    private void copyPieces(JsonParser parser, JsonGenerator out) {
        out.writeStartObject();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            out.writeName(parser.currentName());
            parser.nextToken();
            out.copyCurrentEvent(parser);
        }
        for (AddedToken token : additions) {
            out.writeNumberProperty(token.content(), token.id());
        }
        out.writeEndObject();
    }

    /// Merges are texts of two pieces with a space between, or lists of two pieces.
    private void copyMerges(JsonParser parser, JsonGenerator out) {
        out.writeStartArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            JsonNode merge = MAPPER.readTree(parser);
            String piece = merge.isString() ? merge.asString().replaceFirst(" ", "")
                    : merge.path(0).asString() + merge.path(1).asString();
            if (!dropped.contains(piece)) {
                MAPPER.writeTree(out, merge);
            }
        }
        out.writeEndArray();
    }
}
