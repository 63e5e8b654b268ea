package glia.text.tokenizer;

import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.io.StringWriter;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Copies the JSON of a tokenizer and renames some of its added tokens, with the same ids. Their former text is then
/// encoded as plain text: neither a merge nor a vocabulary entry makes these tokens of it.
final class RenamedJson {
    private final Map<String, String> names;

    private RenamedJson(Map<String, String> names) {
        this.names = names;
    }

    /// @param json JSON of [NativeJson]
    /// @param names new contents by old ones
    static String of(String json, Map<String, String> names) {
        StringWriter text = new StringWriter(json.length());
        try (JsonParser parser = JsonValues.parser(json);
                JsonGenerator out = JsonMapper.shared().createGenerator(text)) {
            parser.nextToken();
            new RenamedJson(names).copyObject(parser, out);
        }
        return text.toString();
    }

    private String renamed(String piece) {
        return names.getOrDefault(piece, piece);
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
                case "added_tokens" -> copyTokens(parser, out);
                case "merges" -> copyMerges(parser, out);
                case "unk_token" -> {
                    if (parser.currentToken() == JsonToken.VALUE_STRING) {
                        out.writeString(renamed(parser.getString()));
                    } else {
                        out.copyCurrentStructure(parser);
                    }
                }
                default -> out.copyCurrentStructure(parser);
            }
        }
        out.writeEndObject();
    }

    /// Copies an object of pieces and ids, or an array of pieces and scores.
    private void copyVocabulary(JsonParser parser, JsonGenerator out) {
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            out.writeStartObject();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                out.writeName(renamed(parser.currentName()));
                parser.nextToken();
                out.copyCurrentStructure(parser);
            }
            out.writeEndObject();
            return;
        }
        out.writeStartArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            JsonNode element = JsonTree.read(parser);
            out.writeStartArray();
            out.writeString(renamed(element.path(0).asString()));
            out.writeNumber(element.path(1).asDouble());
            out.writeEndArray();
        }
        out.writeEndArray();
    }

    /// Copies added tokens. Renamed ones are matched in the original text without conditions, since they are inserted
    /// only where the conditions hold.
    private void copyTokens(JsonParser parser, JsonGenerator out) {
        out.writeStartArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            JsonNode token = JsonTree.read(parser);
            String content = token.path("content").asString("");
            if (token instanceof ObjectNode object && names.containsKey(content)) {
                object.put("content", names.get(content)).put("normalized", false).put("single_word", false);
            }
            JsonMapper.shared().writeTree(out, token);
        }
        out.writeEndArray();
    }

    /// Copies the merges that neither make nor use a renamed piece.
    private void copyMerges(JsonParser parser, JsonGenerator out) {
        out.writeStartArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            JsonNode merge = JsonTree.read(parser);
            String text = merge.asString("");
            int space = text.indexOf(' ');
            String left = merge.isString() ? text.substring(0, Math.max(0, space)) : merge.path(0).asString("");
            String right = merge.isString() ? text.substring(space + 1) : merge.path(1).asString("");
            if (!names.containsKey(left) && !names.containsKey(right) && !names.containsKey(left + right)) {
                JsonMapper.shared().writeTree(out, merge);
            }
        }
        out.writeEndArray();
    }
}
