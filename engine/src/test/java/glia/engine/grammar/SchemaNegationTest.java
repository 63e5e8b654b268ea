package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.harrel.jsonschema.ValidatorFactory;
import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.SchemaReading;
import glia.io.json.JsonValues;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Negations of keywords of objects, by `not`, `if` and overlapping alternatives, against a validator.
class SchemaNegationTest {
    private static final ValidatorFactory ORACLE = new ValidatorFactory();
    private static final List<String> NAMES = List.of("a", "ab", "b", "c");
    private static final List<String> VALUES = List.of("1", "\"x\"", "[1,[null]]");
    private static final List<String> OTHERS = List.of("[]", "{}", "[1,2]", "[1]", "[2,1]", "[1,2,3]", "\"x\"", "\"y\"",
            "null", "1", "{\"z\":1}", "{\"a\":1,\"z\":\"x\"}", "{\"a\":[1,[1]]}", "{\"a\":[1,[]]}");

    /// All objects of some names and values, and others.
    private static List<String> instances() {
        List<String> objects = List.of("");
        for (String name : NAMES) {
            List<String> more = new ArrayList<>(objects);
            for (String object : objects) {
                for (String value : VALUES) {
                    more.add(object + (object.isEmpty() ? "" : ",") + "\"" + name + "\":" + value);
                }
            }
            objects = more;
        }
        List<String> all = new ArrayList<>(OTHERS);
        objects.forEach(object -> all.add("{" + object + "}"));
        return all;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        """
        {"oneOf": [{"properties": {"a": {}, "b": {}}, "additionalProperties": false},
                   {"properties": {"a": {}, "c": {"type": "integer"}}, "additionalProperties": false},
                   {"properties": {"ab": {}, "b": {}}, "required": ["b"], "additionalProperties": false}]}""",
        """
        {"properties": {"a": {}, "b": {}}, "additionalProperties": false,
         "not": {"properties": {"a": {}}, "additionalProperties": {"type": "string"}}}""",
        """
        {"properties": {"a": {}, "ab": {}, "b": {}, "c": {}}, "additionalProperties": false, "maxProperties": 2,
         "not": {"patternProperties": {"^a": {"type": "string"}, "b$": {"type": "array"}}}}""",
        """
        {"properties": {"a": {}, "ab": {}, "b": {}}, "additionalProperties": false, "maxProperties": 2,
         "required": ["b"], "not": {"propertyNames": {"maxLength": 1}}}""",
        """
        {"properties": {"a": {}, "ab": {}, "b": {}, "c": {}}, "additionalProperties": false, "minProperties": 1,
         "dependentRequired": {"ab": ["b", "c"]}, "maxProperties": 3, "allOf": [
            {"not": {"properties": {"a": {}, "b": {}}, "additionalProperties": false}},
            {"not": {"properties": {"c": {}, "b": {}}, "additionalProperties": false}}]}""",
        """
        {"not": {"const": {"a": [1, [null]]}}, "properties": {"a": {}, "b": {}}, "additionalProperties": false}""",
        """
        {"not": {"enum": [{"a": 1}, [1, 2], "x", [], {}]}, "maxItems": 2, "properties": {"a": {}, "ab": {}},
         "additionalProperties": false}""",
        """
        {"if": {"dependentSchemas": {"a": {"required": ["b"]}, "c": false}}, "then": {"maxProperties": 1},
         "else": {"required": ["ab"]}}""",
        """
        {"properties": {"a": {}, "c": {}}, "patternProperties": {"b": {"type": "integer"}},
         "additionalProperties": false,
         "not": {"patternProperties": {"b": {"type": "integer"}, "^a$": {"const": 1}}}}"""})
    void negations(String schema) {
        Grammar grammar = Grammar.jsonSchema(JsonValues.parse(schema), SchemaReading.STANDARD);
        int valid = 0;
        for (String text : instances()) {
            boolean isValid = ORACLE.validate(schema, text).isValid();
            valid += isValid ? 1 : 0;
            assertEquals(isValid, ContextFreeGrammarTest.accepts(grammar, text), text);
        }
        assertTrue(valid > 0);
    }

    /// A name that is not listed may be there twice, and the last one counts.
    @ParameterizedTest
    @ValueSource(strings = {"{\"not\": {\"additionalProperties\": {\"type\": \"string\"}}}",
        "{\"type\": \"object\", \"not\": {\"propertyNames\": {\"maxLength\": 3}}}",
        "{\"not\": {\"const\": {\"a\": 1}}, \"type\": \"object\"}",
        "{\"not\": {\"patternProperties\": {\"a\": false}}}", "{\"not\": {\"format\": \"date\"}}"})
    void refused(String schema) {
        assertEquals(GrammarException.Kind.UNSUPPORTED, assertThrows(GrammarException.class,
                () -> Grammar.jsonSchema(JsonValues.parse(schema), SchemaReading.STANDARD)).kind());
    }

    /// `$id` is a name of schemas alone, and a fragment is resolved against a URN.
    @Test
    void names() {
        Grammar shadowed = Grammar.jsonSchema(JsonValues.parse("""
                {"$defs": {"first": {"example-of": {"$id": "https://x.test/s", "type": "null"}},
                           "value": {"const": {"$id": "https://x.test/s", "type": "null"}},
                           "last": {"$id": "https://x.test/s", "type": "string"}},
                 "$ref": "https://x.test/s"}"""), SchemaReading.STANDARD);
        assertTrue(ContextFreeGrammarTest.accepts(shadowed, "\"a\""));
        assertFalse(ContextFreeGrammarTest.accepts(shadowed, "null"));
        Grammar urn = Grammar.jsonSchema(JsonValues.parse("""
                {"$schema": "http://json-schema.org/draft-07/schema#", "$id": "urn:uuid:deadbeef-1234-ff00-00ff-4321",
                 "properties": {"a": {"$ref": "urn:uuid:deadbeef-1234-ff00-00ff-4321#b"}},
                 "definitions": {"c": {"$id": "#b", "type": "string"}}}"""), SchemaReading.STANDARD);
        assertTrue(ContextFreeGrammarTest.accepts(urn, "{\"a\":\"b\"}"));
        assertFalse(ContextFreeGrammarTest.accepts(urn, "{\"a\":1}"));
    }
}
