package glia.text.tokenizer;

import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.io.StringWriter;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Copies the text of a tokenizer without some of its added tokens: their text is then split and merged like any other,
/// and no merge makes them.
final class PlainJson {
    private static final String NO_TEXT = "\uFFFE\uFFFE";

    private final Set<String> dropped;

    private PlainJson(Set<String> dropped) {
        this.dropped = dropped;
    }

    /// @param json a text of `BpeJson`
    static String without(Set<String> dropped, String json) {
        StringWriter text = new StringWriter(json.length());
        try (JsonParser parser = JsonValues.parser(json);
                JsonGenerator out = JsonMapper.shared().createGenerator(text)) {
            parser.nextToken();
            new PlainJson(dropped).copyObject(parser, out);
        }
        return text.toString();
    }

    private void copyObject(JsonParser parser, JsonGenerator out) {
        out.writeStartObject();
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            out.writeName(name);
            parser.nextToken();
            switch (name) {
                case "model" -> copyObject(parser, out);
                case "vocab" -> copyVocabulary(parser, out);
                case "added_tokens", "merges" -> copyArray(parser, out);
                default -> out.copyCurrentStructure(parser);
            }
        }
        out.writeEndObject();
    }

    /// A list with scores keeps its places: a piece that is dropped becomes one that no text has.
    private void copyVocabulary(JsonParser parser, JsonGenerator out) {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            out.copyCurrentStructure(parser);
            return;
        }
        out.writeStartArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            JsonNode element = JsonTree.read(parser);
            String piece = element.path(0).asString();
            out.writeStartArray();
            out.writeString(dropped.contains(piece) ? piece + NO_TEXT : piece);
            out.writeNumber(element.path(1).asDouble());
            out.writeEndArray();
        }
        out.writeEndArray();
    }

    private void copyArray(JsonParser parser, JsonGenerator out) {
        out.writeStartArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            JsonNode element = JsonTree.read(parser);
            if (!dropped.contains(piece(element))) {
                JsonMapper.shared().writeTree(out, element);
            }
        }
        out.writeEndArray();
    }

    /// The piece of an added token, or that a merge makes.
    private static String piece(JsonNode element) {
        return element.isObject() ? element.path("content").asString("")
                : element.isString() ? element.asString().replaceFirst(" ", "")
                : element.path(0).asString("") + element.path(1).asString("");
    }
}
