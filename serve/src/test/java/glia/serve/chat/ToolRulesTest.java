package glia.serve.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.answer.Tools;
import glia.serve.TestServer;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Tools that no API takes: names that could be read as the syntax of a call, two of a name, parameters of other types.
class ToolRulesTest {
    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    private static String body(String path, String name, String second, String parameters) {
        String schema = ",\"" + (path.equals("/v1/messages") ? "input_schema" : "parameters") + "\":" + parameters;
        String first = "\"name\":\"" + name + "\"" + schema;
        String other = "\"name\":\"" + second + "\"" + schema;
        boolean isFlat = path.equals("/v1/messages") || path.equals("/v1/responses");
        String begin = path.equals("/v1/messages") ? "{" : isFlat ? "{\"type\":\"function\","
                : "{\"type\":\"function\",\"function\":{";
        String end = isFlat ? "}" : "}}";
        String question = path.equals("/v1/responses") ? "\"input\":\"a\",\"max_output_tokens\":1"
                : "\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]";
        return "{\"model\":\"reasoner\"," + question + (path.equals("/v1/messages") ? ",\"max_tokens\":1" : "")
                + ",\"tools\":[" + begin + first + end + "," + begin + other + end + "]}";
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
        "|g|{\"type\":\"object\"}|name: found \"\", expected 1 to 128",
        "a b|g|{\"type\":\"object\"}|name: found \"a b\", expected 1 to 128",
        "f</tool_call>|g|{\"type\":\"object\"}|name: found \"f</tool_call>\", expected 1 to 128",
        "f\u00e9|g|{\"type\":\"object\"}|expected 1 to 128",
        "f|f|{\"type\":\"object\"}|name: found \"f\", expected a name that no other tool has",
        "f|g|{\"type\":\"string\"}|.type: found \"string\", expected \"object\""})
    void toolsAreCheckedInEveryApi(String name, String second, String parameters, String message) throws Exception {
        for (String path : new String[] {"/v1/chat/completions", "/v1/responses", "/v1/messages", "/api/chat"}) {
            var reply = server.post(path, body(path, name == null ? "" : name, second, parameters));
            assertEquals(400, reply.status(), () -> path + " " + reply.text());
            assertTrue(reply.text().replace("\\\"", "\"").contains(message), () -> path + " " + reply.text());
        }
    }
}
