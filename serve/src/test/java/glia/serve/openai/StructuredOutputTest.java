package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Answers whose form is enforced, of a model that would not have it by itself.
class StructuredOutputTest {
    private static final String SCHEMA = "{\"type\":\"object\",\"properties\":{"
            + "\"color\":{\"enum\":[\"red\",\"green\"]},\"ok\":{\"type\":\"boolean\"}},"
            + "\"required\":[\"color\",\"ok\"],\"additionalProperties\":false}";
    private static final String TOOLS = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"paint\","
            + "\"parameters\":" + SCHEMA + "}},{\"type\":\"function\",\"function\":{\"name\":\"wash\",\"parameters\":"
            + "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}}}]";

    @TempDir
    private static Path folder;

    @AutoClose
    private static TestServer server;
    /// Bans tokens that are blank, of which JSON may have any number.
    private static String noBlanks = "";

    @BeforeAll
    static void start() throws Exception {
        LanguageModel model = ToolModel.load(folder);
        noBlanks = "\"logit_bias\":" + Json.text(ToolModel.withoutBlanks()) + ",";
        server = TestServer.start(ToolModel.NAME, model);
    }

    private static TestServer.Reply chat(String fields) throws Exception {
        return server.post("/v1/chat/completions", "{\"model\":\"tools\",\"temperature\":1,\"seed\":7," + noBlanks
                + "\"max_tokens\":250,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]," + fields + "}");
    }

    private static String answer(String fields) throws Exception {
        var reply = chat(fields);
        assertEquals(200, reply.status(), reply::text);
        assertEquals("stop", at(reply.json(), "choices", 0, "finish_reason"), reply::text);
        return (String) at(reply.json(), "choices", 0, "message", "content");
    }

    private static void assertPainted(Object json) {
        assertTrue(List.of("red", "green").contains(at(json, "color")), json::toString);
        assertTrue(at(json, "ok") instanceof Boolean, json::toString);
        assertEquals(2, ((Map<?, ?>) json).size());
    }

    @Test
    void schemasHoldInAllForms() throws Exception {
        for (String form : List.of("\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\","
                + "\"strict\":true,\"schema\":" + SCHEMA + "}}", "\"structured_outputs\":{\"json\":" + SCHEMA + "}",
                "\"guided_json\":" + SCHEMA, "\"json_schema\":" + SCHEMA)) {
            assertPainted(JsonValues.parse(answer(form)));
        }
        var response = server.post("/v1/responses", "{" + noBlanks + "\"model\":\"tools\",\"input\":\"Hi\","
                + "\"max_output_tokens\":250,"
                + "\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"a\",\"schema\":" + SCHEMA + "}}}");
        assertPainted(JsonValues.parse((String) at(response.json(), "output", 0, "content", 0, "text")));
        var completion = server.post("/v1/completions", "{" + noBlanks + "\"model\":\"tools\",\"prompt\":\"Hi\","
                + "\"max_tokens\":250,\"guided_json\":" + SCHEMA + "}");
        assertPainted(JsonValues.parse((String) at(completion.json(), "choices", 0, "text")));
    }

    @Test
    void choicesAndPatterns() throws Exception {
        assertTrue(List.of("yes", "no").contains(answer("\"structured_outputs\":{\"choice\":[\"yes\",\"no\"]}")));
        String number = answer("\"guided_regex\":\"[1-9][0-9]{2}\"");
        assertTrue(number.matches("[1-9][0-9]{2}"), number);
    }

    @Test
    void anAnswerAfterThinkingHasTheForm() throws Exception {
        var reply = server.post("/v1/chat/completions", "{\"model\":\"reasoner\",\"temperature\":0,\"messages\":["
                + "{\"role\":\"user\",\"content\":\"Solve x^2 - 5x + 6 = 0.\"}],\"guided_regex\":\"x = [0-9]\"}");
        assertEquals(200, reply.status(), reply::text);
        String text = (String) at(reply.json(), "choices", 0, "message", "content");
        assertTrue(text.matches("x = [0-9]"), text);
        assertTrue(((String) at(reply.json(), "choices", 0, "message", "reasoning_content")).length() > 10);
    }

    @Test
    void answersThatMustCallEnd() throws Exception {
        String washes = TOOLS + ",\"tool_choice\":";
        var named = chat(washes + "{\"type\":\"function\",\"function\":{\"name\":\"wash\"}}");
        assertEquals("tool_calls", at(named.json(), "choices", 0, "finish_reason"), named::text);
        assertEquals(1, ((List<?>) at(named.json(), "choices", 0, "message", "tool_calls")).size());
        var response = server.post("/v1/responses", "{" + noBlanks + "\"model\":\"tools\",\"input\":\"Hi\","
                + "\"max_output_tokens\":250,\"tools\":[{\"type\":\"function\",\"name\":\"wash\",\"parameters\":"
                + "{\"type\":\"object\",\"additionalProperties\":false}}],\"tool_choice\":{\"type\":\"function\","
                + "\"name\":\"wash\"}}").json();
        assertEquals("completed", response.get("status"), response::toString);
        assertEquals(1, ((List<?>) response.get("output")).size(), response::toString);
        var required = server.post("/v1/chat/completions", "{\"model\":\"tools\",\"temperature\":1,\"seed\":7,"
                + noBlanks + "\"max_tokens\":490,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]," + washes
                + "\"required\"}");
        List<?> calls = (List<?>) at(required.json(), "choices", 0, "message", "tool_calls");
        // Of five different calls at most one is repeated.
        assertTrue(!calls.isEmpty() && calls.size() <= 6, required::text);
    }

    @Test
    void strictFunctionsAreEnforcedOrRefused() throws Exception {
        String tool = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"sort\",\"strict\":%s,"
                + "\"parameters\":{\"type\":\"object\",\"properties\":{\"all\":{\"type\":\"array\","
                + "\"uniqueItems\":true}}}}}]";
        assertEquals(200, chat(tool.formatted("false")).status());
        var refused = chat(tool.formatted("true"));
        assertEquals(400, refused.status(), refused::text);
        assertTrue(refused.text().contains("tools: ") && refused.text().contains("uniqueItems"), refused::text);
        assertEquals(200, chat(TOOLS.replace("\"name\":\"paint\"", "\"name\":\"paint\",\"strict\":true")).status());
    }

    @Test
    void aRequiredCallIsMade() throws Exception {
        var reply = chat(TOOLS + ",\"parallel_tool_calls\":false,\"tool_choice\":\"required\"");
        assertEquals(200, reply.status(), reply::text);
        assertEquals("tool_calls", at(reply.json(), "choices", 0, "finish_reason"));
        assertNull(at(reply.json(), "choices", 0, "message", "content"));
        Object call = at(reply.json(), "choices", 0, "message", "tool_calls", 0, "function");
        Object arguments = JsonValues.parse((String) at(call, "arguments"));
        if (at(call, "name").equals("paint")) {
            assertPainted(arguments);
        } else {
            assertEquals(Map.of(), arguments);
        }
    }

    @Test
    void aNamedToolIsCalledInAStreamAndItsResultAnswered() throws Exception {
        List<String> events = chat(TOOLS + ",\"parallel_tool_calls\":false,\"stream\":true,"
                + "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"paint\"}}").events();
        StringBuilder arguments = new StringBuilder();
        String id = "";
        for (String event : events.subList(0, events.size() - 1)) {
            if (at(JsonValues.parse(event), "choices", 0, "delta") instanceof Map<?, ?> delta
                    && delta.get("tool_calls") instanceof List<?> calls) {
                Map<?, ?> function = (Map<?, ?>) at(calls, 0, "function");
                id = function.containsKey("name") ? (String) at(calls, 0, "id") : id;
                arguments.append(function.get("arguments"));
                assertEquals("paint", function.containsKey("name") ? function.get("name") : "paint");
            }
        }
        assertPainted(JsonValues.parse(arguments.toString()));
        String call = arguments.toString().replace("\"", "\\\"");
        var second = server.post("/v1/chat/completions", "{\"model\":\"tools\",\"max_tokens\":5,\"messages\":["
                + "{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":["
                + "{\"id\":\"" + id + "\",\"type\":\"function\",\"function\":{\"name\":\"paint\",\"arguments\":\""
                + call + "\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"" + id + "\",\"content\":\"done\"}]," + TOOLS
                + "}");
        assertEquals(200, second.status(), second::text);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"response_format\":{\"type\":\"xml\"}| response_format.type: found \"xml\"",
        "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"a\"}}"
                + "| response_format.json_schema.schema: missing",
        "\"guided_json\":5| guided_json: found 5",
        "\"guided_json\":\"{\"| guided_json: found",
        "\"guided_regex\":\"(\"| guided_regex: ",
        "\"guided_regex\":\"a\",\"guided_json\":{}| guided_regex: found beside guided_json",
        "\"structured_outputs\":{\"structural_tag\":\"\"}| structured_outputs.structural_tag: this field",
        "\"tool_choice\":\"required\"| tool_choice: found required without tools",
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\"}}],\"tool_choice\":{\"type\":\"function\","
                + "\"function\":{\"name\":\"b\"}}| tool_choice: found \"b\", expected the name of one of the tools: a",
    })
    void wrongRequestsAreErrorsThatNameTheField(String fields, String message) throws Exception {
        var reply = chat(fields);
        assertEquals(400, reply.status(), reply::text);
        String found = (String) at(reply.json(), "error", "message");
        assertTrue(found.startsWith(message.strip()), found);
    }
}
