package glia.serve.ollama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonValues;
import glia.serve.TestServer;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClosedSchemaTest {
    private static Object schema(String text) {
        return JsonValues.parse(text.replace('\'', '"'));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{'properties':{'a':{}}} | {'properties':{'a':{}},'additionalProperties':false}",
        "{'properties':{}} | {'properties':{},'additionalProperties':false}",
        "{'items':{'properties':{'a':{'properties':{}}}}} | {'items':{'properties':{'a':{'properties':{},"
                + "'additionalProperties':false}},'additionalProperties':false}}",
        "{'$ref':'#/$defs/a','$defs':{'a':{'properties':{}}}} | {'$ref':'#/$defs/a','$defs':{'a':{'properties':{},"
                + "'additionalProperties':false}}}",
        "{'anyOf':[{'properties':{}},{'type':'null'}]} | {'anyOf':[{'properties':{},'additionalProperties':false},"
                + "{'type':'null'}]}",
        "{'additionalProperties':{'properties':{}}} | {'additionalProperties':{'properties':{},"
                + "'additionalProperties':false}}"})
    void objectsHaveTheirListedProperties(String given, String expected) {
        assertEquals(schema(expected), ClosedSchema.of(schema(given)));
    }

    /// Closing these would refuse what they allow, or allow what they refuse.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {"{'type':'object'}", "true", "7", "[{'properties':{}}]",
        "{'properties':{},'additionalProperties':true}", "{'properties':{},'patternProperties':{'b':{}}}",
        "{'properties':7}", "{'enum':[{'properties':{}}]}", "{'const':{'properties':{}}}",
        "{'allOf':[{'properties':{'a':{}}},{'properties':{'b':{}}}]}", "{'oneOf':[{'properties':{'a':{}}},{}]}",
        "{'not':{'properties':{'a':{'type':'string'}}}}", "{'if':{'properties':{}},'then':{'properties':{'b':{}}}}"})
    void otherSchemasAreUnchanged(String given) {
        assertEquals(schema(given), ClosedSchema.of(schema(given)));
    }

    @Test
    void answersHaveNoOtherProperties() throws Exception {
        try (TestServer server = TestServer.start()) {
            for (int seed = 0; seed < 20; seed++) {
                var reply = server.post("/api/chat", """
                        {"model": "reasoner", "stream": false, "think": false,
                         "messages": [{"role": "user", "content": "Solve x^2 = 4."}],
                         "options": {"seed": %d, "temperature": 3, "num_predict": 200, "frequency_penalty": 1},
                         "format": {"type": "object", "properties": {"a": {"type": "boolean"},
                             "b": {"type": "object", "properties": {"c": {"type": "boolean"}}}}}}
                        """.formatted(seed));
                assertEquals(200, reply.status(), reply::text);
                String text = (String) TestServer.at(reply.json(), "message", "content");
                if (TestServer.at(reply.json(), "done_reason").equals("stop")) {
                    Map<?, ?> answer = (Map<?, ?>) JsonValues.parse(text);
                    assertTrue(Set.of("a", "b").containsAll(answer.keySet()), text);
                }
            }
        }
    }
}
