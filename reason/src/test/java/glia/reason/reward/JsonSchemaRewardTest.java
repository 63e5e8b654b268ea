package glia.reason.reward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonSchemaRewardTest {
    private static final Map<String, Object> PERSON = Map.of("type", "object", "required", List.of("name", "age"),
            "additionalProperties", false, "properties", Map.of("name", Map.of("type", "string", "pattern", "^[A-Z]"),
                    "age", Map.of("type", "integer", "minimum", 0),
                    "tags", Map.of("type", "array", "uniqueItems", true, "items", Map.of("enum", List.of("a", 1)))));

    private static double score(Map<String, ?> options, String completion, Map<String, Object> fields) {
        return Rewards.named("json_schema", options).score(new Sample("", completion, 1, true, fields)).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"name\": \"Ann\", \"age\": 3} | 1",
        "<think>{}</think> {\"name\": \"Ann\", \"age\": 3.0, \"tags\": [\"a\", 1.0]} | 1",
        "{\"name\": \"Ann\", \"age\": 3.5} | 0",
        "{\"name\": \"ann\", \"age\": 3} | 0",
        "{\"name\": \"Ann\", \"age\": -1} | 0",
        "{\"name\": \"Ann\"} | 0",
        "{\"name\": \"Ann\", \"age\": 3, \"x\": 1} | 0",
        "{\"name\": \"Ann\", \"age\": 3, \"tags\": [\"b\"]} | 0",
        "{\"name\": \"Ann\", \"age\": 3, \"tags\": [1, 1.0]} | 0",
        "{\"name\": \"Ann\", \"age\": 3 | 0",
        "{\"name\": \"Ann\", \"age\": 3} and more | 0",
        "[] | 0",
        "null | 0",
    })
    void schemasDecide(String completion, double expected) {
        assertEquals(expected, score(Map.of("schema", PERSON), completion, Map.of()));
        assertEquals(expected, score(Map.of(), completion, Map.of("schema", PERSON)));
    }

    @Test
    void schemasMayBeTextsAndJsonMayBeFenced() {
        assertEquals(1, score(Map.of("schema", "{\"type\": \"integer\"}"), "Here:\n```json\n7\n```\n", Map.of()));
        assertEquals(0, score(Map.of("schema", "{\"type\": \"integer\"}"), "Here:\n```json\n7.5\n```\n", Map.of()));
        assertEquals(0, score(Map.of("schema", "{\"type\": \"array\"}"), "[".repeat(100_000), Map.of()));
    }

    /// A completion must not escape its score by a number that the validator cannot compute with.
    @ParameterizedTest
    @ValueSource(strings = {"1e999", "-1e999999999", "NaN", "Infinity", "[1, NaN]", "{\"a\": [{\"b\": 1e400}]}"})
    void numbersThatAreNotFiniteAreWrong(String completion) {
        for (Object schema : List.of(true, Map.of("type", "integer"), Map.of("multipleOf", 7), Map.of("maximum", 7))) {
            assertEquals(0, score(Map.of("schema", schema), completion, Map.of()), schema.toString());
        }
    }

    @Test
    void badSchemasAreErrors() {
        Exception e = assertThrows(IllegalArgumentException.class,
                () -> Rewards.named("json_schema", Map.of("schema", Map.of("type", "strin"))));
        assertTrue(e.getMessage().startsWith("reward json_schema, option schema: is no JSON schema"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> Rewards.named("json_schema", Map.of("schema", "{")));
        assertThrows(IllegalArgumentException.class, () -> score(Map.of(), "1", Map.of()));
    }
}
