package glia.serve.anthropic;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.serve.TestServer;
import java.net.http.HttpRequest;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The Messages API on the wire.
class MessagesTest {
    private static final String PATH = "/v1/messages";
    private static final String BODY = "{\"model\":\"reasoner\",\"max_tokens\":40,\"messages\":"
            + "[{\"role\":\"user\",\"content\":\"2+2\"}]%s}";

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    @Test
    void eventsHaveTheDocumentedNamesAndOrder() throws Exception {
        var reply = server.send(HttpRequest.newBuilder(server.uri(PATH)).header("anthropic-version", "2023-06-01")
                .header("x-api-key", "any").POST(HttpRequest.BodyPublishers.ofString(BODY.formatted(
                        ",\"stream\":true,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":10}"))).build());
        assertEquals(200, reply.status(), reply::text);
        assertTrue(reply.response().headers().firstValue("content-type").orElse("").startsWith("text/event-stream"));
        assertEquals(reply.response().headers().firstValue("x-request-id"),
                reply.response().headers().firstValue("request-id"));
        List<String> names = reply.text().lines().filter(line -> line.startsWith("event: "))
                .map(line -> line.substring(7)).toList();
        String order = String.join(" ", names).replaceAll("(content_block_delta ?)+", "content_block_delta ");
        assertEquals("message_start ping content_block_start content_block_delta content_block_stop "
                + "content_block_start content_block_delta content_block_stop message_delta message_stop", order);
        List<String> data = reply.events();
        for (int i = 0; i < names.size(); i++) {
            assertTrue(data.get(i).startsWith("{\"type\":\"" + names.get(i) + "\""), data.get(i));
        }
        String lastOfThinking = data.get(names.indexOf("content_block_stop") - 1);
        assertTrue(lastOfThinking.contains("\"signature_delta\""), lastOfThinking);
    }

    @Test
    void omittedThinkingIsHeldByItsSignature() throws Exception {
        String enabled = ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":20,\"display\":\"%s\"}";
        Object shown = at(server.post(PATH, BODY.formatted(enabled.formatted("summarized"))).json(), "content", 0);
        Object omitted = at(server.post(PATH, BODY.formatted(enabled.formatted("omitted"))).json(), "content", 0);
        assertEquals("", at(omitted, "thinking"));
        assertEquals(at(shown, "thinking"),
                ThinkingSignature.verified("", (String) at(omitted, "signature")).orElseThrow());
    }

    @Test
    void aSecondRequestReadsItsPromptFromTheCache() throws Exception {
        String body = BODY.formatted("").replace("2+2", "Solve x^2 - 5x + 6 = 0. Show each of the steps in full.");
        server.post(PATH, body);
        Object usage = at(server.post(PATH, body).json(), "usage");
        int all = (int) at(server.post(PATH + "/count_tokens", body.replace("\"max_tokens\":40,", "")).json(),
                "input_tokens");
        int cached = (int) at(usage, "cache_read_input_tokens");
        assertTrue(cached > 0, "cached " + cached);
        assertEquals(all, (int) at(usage, "input_tokens") + cached);
    }

    /// The client sends new messages alone; with an id that is not held it sends all again, by the code of the error.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void threadsHoldAConversation(boolean streams) throws Exception {
        String sampling = ",\"temperature\":0,\"stream\":" + streams;
        var first = server.post(PATH, BODY.formatted(",\"thread\":{\"type\":\"create\"}"
                + sampling));
        assertEquals(200, first.status(), first::text);
        String id = first.text().replaceAll("(?s).*?\"id\":\"(msg_[0-9a-f]+)\".*", "$1");
        var second = server.post(PATH, BODY.formatted(",\"temperature\":0,\"thread\":{\"type\":\"continue\","
                + "\"previous_message_id\":\"" + id + "\"}"));
        assertEquals(200, second.status(), second::text);
        if (!streams) {
            Object answer = at(first.json(), "content", 0, "text");
            var whole = server.post(PATH, BODY.replace("[{", "[{\"role\":\"user\",\"content\":\"2+2\"},"
                    + "{\"role\":\"assistant\",\"content\":\"" + answer + "\"},{")
                    .formatted(",\"temperature\":0"));
            assertEquals(at(whole.json(), "content"), at(second.json(), "content"));
        }
        var lost = server.post(PATH, BODY.formatted(",\"thread\":{\"type\":\"continue\","
                + "\"previous_message_id\":\"no\"}"));
        assertEquals(404, lost.status());
        assertEquals("thread_not_found", at(lost.json(), "error", "details", "error_code"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        ",\"mcp_servers\":[{\"url\":\"x\"}]| mcp_servers: found",
        ",\"context_management\":{\"edits\":[{\"type\":\"forget\"}]}| context_management: found",
        ",\"stop_sequence\":\"x\"| stop_sequence: this field is not supported; did you mean stop_sequences?",
        ",\"container\":\"x\"| container: this field is not supported",
        ",\"n\":1| n: this field is not supported",
        ",\"system\":[{\"type\":\"image\"}]| system[0].type: found \"image\", expected text",
        ",\"temperature\":1.5| temperature: found 1.5, expected a number from 0 to 1",
        ",\"max_tokens\":0| the body is no JSON",
        ",\"stop_sequences\":[\" \"]| stop_sequences: found [ ], expected strings that are not blank",
        ",\"thinking\":{\"type\":\"enabled\"}| thinking.budget_tokens: missing",
        ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":40}| thinking.budget_tokens: found 40, expected less",
        ",\"thinking\":{\"type\":\"maybe\"}| thinking.type: found \"maybe\", expected one of enabled, adaptive",
        ",\"thinking\":{\"type\":\"adaptive\",\"budget_tokens\":5}| thinking.budget_tokens: this field is not",
        ",\"output_config\":{\"effort\":\"huge\"}| output_config.effort: found \"huge\"",
        ",\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"bash\",\"input_schema\":{}}]| tools[0].type: found",
        ",\"tools\":[{\"name\":\"f\"}]| tools[0].input_schema: missing",
        ",\"service_tier\":\"gold\"| service_tier: found \"gold\"",
    })
    void wrongRequestsAreErrorsThatNameTheField(String fields, String message) throws Exception {
        var reply = server.post(PATH, BODY.formatted(fields));
        assertEquals(400, reply.status(), reply::text);
        assertEquals("error", reply.json().get("type"));
        assertEquals("invalid_request_error", at(reply.json(), "error", "type"));
        String found = (String) at(reply.json(), "error", "message");
        assertTrue(found.startsWith(message.strip()), found);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{\"role\":\"king\",\"content\":\"x\"}| messages[0].role: found \"king\"",
        "{\"role\":\"user\"}| messages[0].content: missing",
        "{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}| messages[0].content[0].source: missing",
        "{\"role\":\"user\",\"content\":[{\"type\":\"document\"}]}| messages[0].content[0].type: found \"document\"",
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_use\"}]}| messages[0].content[0].type: found \"tool_use\"",
        "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"t\"}]}| "
                + "messages[0].content[0].tool_use_id: found \"t\", expected the id of a tool_use block",
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}]}| "
                + "messages[0]: an answer to continue has text alone",
        "{\"role\":\"system\",\"content\":\"Be brief.\"}| the model's chat template refuses the conversation",
    })
    void wrongMessagesAreErrorsThatNameTheField(String sent, String message) throws Exception {
        var reply = server.post(PATH,
                "{\"model\":\"reasoner\",\"max_tokens\":40,\"messages\":[" + sent + "]}");
        assertEquals(400, reply.status(), reply::text);
        String found = (String) at(reply.json(), "error", "message");
        assertTrue(found.startsWith(message.strip()), found);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "[]", "[{\"type\":\"text\",\"text\":\"\"}]"})
    void messagesOfUsersHaveText(String content) throws Exception {
        var reply = server.post(PATH, BODY.replace("\"2+2\"", content).formatted(""));
        assertEquals(400, reply.status(), reply::text);
        assertEquals("messages[0].content: found no text, expected some", at(reply.json(), "error", "message"));
    }

    @Test
    void theMostTokensAreRequired() throws Exception {
        var reply = server.post(PATH, BODY.formatted("").replace("\"max_tokens\":40,", ""));
        assertEquals("max_tokens: missing; expected a number of tokens", at(reply.json(), "error", "message"));
    }
}
