package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Responses over HTTP, against chat completions of the same conversation.
class ResponsesTest {
    private static final String PATH = "/v1/responses";
    private static final String QUESTION = "Solve x^2 - 5x + 6 = 0.";
    private static final String INPUT = "\"input\":\"" + QUESTION + "\"";

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    private static Map<String, Object> post(String fields) throws Exception {
        var reply = server.post(PATH, "{\"model\":\"reasoner\",\"temperature\":0," + fields + "}");
        assertEquals(200, reply.status(), reply::text);
        return reply.json();
    }

    private static Object chat(String messages) throws Exception {
        var reply = server.post("/v1/chat/completions",
                "{\"model\":\"reasoner\",\"temperature\":0,\"messages\":[" + messages + "]}");
        assertEquals(200, reply.status(), reply::text);
        return at(reply.json(), "choices", 0, "message");
    }

    private static String user(String text) {
        return "{\"role\":\"user\",\"content\":\"" + text + "\"}";
    }

    /// As the AI SDK sends answers that are stored.
    @Test
    void referencesStandForStoredItems() throws Exception {
        var first = post(INPUT);
        String again = ",{\"role\":\"user\",\"content\":\"" + QUESTION + "\"}]";
        String references = "{\"type\":\"item_reference\",\"id\":\"" + at(first, "output", 0, "id") + "\"},{\"id\":\""
                + at(first, "output", 1, "id") + "\"}";
        String items = Json.text(at(first, "output")).replaceAll("^.|.$", "");
        assertEquals(at(post("\"input\":[" + user(QUESTION) + "," + items + again), "usage", "input_tokens"),
                at(post("\"input\":[" + user(QUESTION) + "," + references + again), "usage", "input_tokens"));
        var twice = server.post(PATH, "{\"input\":[" + references + "," + references + again + "}");
        assertTrue(twice.text().contains("input[2]: found a second reference"), twice::text);
        var other = server.post(PATH, "{\"store\":false,\"input\":\"2+2\"}").json();
        assertEquals(400, server.post(PATH, "{\"input\":[{\"type\":\"item_reference\",\"id\":\""
                + at(other, "output", 0, "id") + "\"}]}").status());
    }

    @Test
    void aStoredResponseIsSentAsEvents() throws Exception {
        var first = post(INPUT);
        String path = PATH + "/" + first.get("id") + "?stream=true";
        List<Object> events = server.get(path).events().stream().map(JsonValues::parse).toList();
        List<String> types = new ArrayList<>();
        for (int i = 0; i < events.size(); i++) {
            assertEquals(i, at(events.get(i), "sequence_number"));
            types.add((String) at(events.get(i), "type"));
        }
        List<String> streamed = server.post(PATH, "{\"model\":\"reasoner\",\"temperature\":0,\"stream\":true," + INPUT
                + "}").events().stream().map(event -> (String) at(JsonValues.parse(event), "type")).toList();
        assertEquals(streamed.stream().distinct().toList(), types.stream().distinct().toList());
        assertEquals(at(first, "output"), at(events.getLast(), "response", "output"));
        assertEquals(2, server.get(path + "&starting_after=" + (events.size() - 3)).events().size());
        assertEquals(400, server.get(path + "&starting_after=x").status());
    }

    @Test
    void itemsHaveReasoningAndTextOfAChatCompletion() throws Exception {
        var json = post(INPUT);
        Object message = chat(user(QUESTION));
        assertEquals("completed", at(json, "status"));
        assertEquals("reasoning", at(json, "output", 0, "type"));
        assertEquals(at(message, "reasoning_content"), at(json, "output", 0, "content", 0, "text"));
        assertEquals("message", at(json, "output", 1, "type"));
        assertEquals(at(message, "content"), at(json, "output", 1, "content", 0, "text"));
        assertTrue((int) at(json, "usage", "output_tokens_details", "reasoning_tokens") > 0);
        assertEquals((int) at(json, "usage", "input_tokens") + (int) at(json, "usage", "output_tokens"),
                at(json, "usage", "total_tokens"));
    }

    @Test
    void eventsAreInOrderAndCountAlong() throws Exception {
        var reply = server.post(PATH, "{\"temperature\":0,\"stream\":true," + INPUT + "}");
        List<String> types = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        Object last = null;
        for (String data : reply.events()) {
            Object event = JsonValues.parse(data);
            assertEquals(types.size(), at(event, "sequence_number"));
            last = event;
            String type = (String) at(event, "type");
            types.add(type);
            if (type.equals("response.output_text.delta")) {
                text.append(at(event, "delta"));
            }
        }
        List<String> distinct = new ArrayList<>();
        for (String type : types) {
            if (distinct.isEmpty() || !distinct.getLast().equals(type)) {
                distinct.add(type);
            }
        }
        assertEquals(List.of("response.created", "response.in_progress",
                "response.output_item.added", "response.content_part.added", "response.reasoning_text.delta",
                "response.reasoning_text.done", "response.content_part.done", "response.output_item.done",
                "response.output_item.added", "response.content_part.added", "response.output_text.delta",
                "response.output_text.done", "response.content_part.done", "response.output_item.done",
                "response.completed"), distinct);
        assertEquals(text.toString(), at(last, "response", "output", 1, "content", 0, "text"));
        // Each event has its name, too.
        assertTrue(reply.text().startsWith("event: response.created\ndata: "), reply.text());
    }

    @Test
    void aConversationGoesOnFromAStoredResponse() throws Exception {
        var first = post(INPUT);
        var second = post("\"input\":\"Use 3, 7 and 11 to make 32.\",\"previous_response_id\":\"" + at(first, "id")
                + "\"");
        // Reasoning is carried over; the template decides what it shows.
        String answer = (String) at(first, "output", 1, "content", 0, "text");
        Object expected = chat(user(QUESTION) + ",{\"role\":\"assistant\",\"content\":\"" + answer.replace("\n", "\\n")
                + "\",\"reasoning_content\":\"" + ((String) at(first, "output", 0, "content", 0, "text"))
                        .replace("\n", "\\n") + "\"}," + user("Use 3, 7 and 11 to make 32."));
        int last = ((List<?>) at(second, "output")).size() - 1;
        assertEquals(at(expected, "content"), at(second, "output", last, "content", 0, "text"));
        assertEquals(at(first, "id"), at(second, "previous_response_id"));
        assertEquals(first, server.get(PATH + "/" + at(first, "id")).json());
        var items = server.get(PATH + "/" + at(first, "id") + "/input_items").json();
        assertEquals(QUESTION, at(items, "data", 0, "content", 0, "text"));
        assertEquals(false, at(items, "has_more"));
        var deleted = server.send(HttpRequest.newBuilder(server.uri(PATH + "/" + at(first, "id"))).DELETE().build());
        assertEquals(true, at(deleted.json(), "deleted"));
        assertEquals(404, server.get(PATH + "/" + at(first, "id")).status());
    }

    @Test
    void withoutStoreNothingIsKept() throws Exception {
        var json = post(INPUT + ",\"store\":false,\"max_output_tokens\":3");
        assertEquals("incomplete", at(json, "status"));
        assertEquals("max_output_tokens", at(json, "incomplete_details", "reason"));
        assertEquals(3, at(json, "usage", "output_tokens"));
        assertEquals(404, server.get(PATH + "/" + at(json, "id")).status());
    }

    @Test
    void effortAndLogProbabilities() throws Exception {
        var json = post(INPUT + ",\"reasoning\":{\"effort\":\"none\"},\"top_logprobs\":2,"
                + "\"include\":[\"message.output_text.logprobs\"]");
        assertEquals("message", at(json, "output", 0, "type"));
        List<?> tokens = (List<?>) at(json, "output", 0, "content", 0, "logprobs");
        StringBuilder text = new StringBuilder();
        for (Object token : tokens) {
            text.append(at(token, "token"));
            assertEquals(2, ((List<?>) at(token, "top_logprobs")).size());
        }
        String whole = (String) at(json, "output", 0, "content", 0, "text");
        assertTrue(text.toString().contains(whole), text + " / " + whole);
    }

    @Test
    void backgroundResponsesAreGotAndCancelled() throws Exception {
        Object queued = post(INPUT + ",\"background\":true");
        assertEquals("queued", at(queued, "status"));
        Object body = queued;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!"completed".equals(at(body, "status")) && System.nanoTime() < end) {
            Thread.sleep(20);
            body = server.get(PATH + "/" + at(queued, "id")).json();
        }
        assertEquals(at(post(INPUT), "output", 1, "content"), at(body, "output", 1, "content"));
        Object longer = post("\"input\":\"Use 3, 7 and 11 to make 5000.\",\"background\":true");
        Object cancelled = server.post(PATH + "/" + at(longer, "id") + "/cancel", "").json();
        assertEquals("cancelled", at(cancelled, "status"));
        assertEquals(400, server.post(PATH + "/" + at(post(INPUT), "id") + "/cancel", "").status());
    }

    @Test
    void truncationDropsTheOldestMessages(@TempDir Path folder) throws Exception {
        StringBuilder items = new StringBuilder();
        for (int i = 0; i < 400; i++) {
            items.append(user(QUESTION)).append(',').append("{\"role\":\"assistant\",\"content\":\"x = 2 or x = 3\"},");
        }
        String input = "\"input\":[" + items + user(QUESTION) + "]";
        try (LanguageModel model = TestServer.conversing(folder); TestServer other = TestServer.of("reasoner", model)) {
            var refused = other.post(PATH, "{" + input + "}");
            assertEquals(400, refused.status(), refused::text);
            assertEquals("context_length_exceeded", at(refused.json(), "error", "code"));
            var shortened = other.post(PATH, "{" + input + ",\"truncation\":\"auto\",\"max_output_tokens\":5}");
            assertEquals(200, shortened.status(), shortened::text);
            assertNotEquals("failed", at(shortened.json(), "status"));
        }
    }

    @Test
    void callsAndResultsAreMessagesOfTheTemplate() {
        List<Map<String, Object>> items = List.of(
                Map.of("type", "message", "role", "developer", "content", "Be brief."),
                Map.of("role", "user", "content", List.of(Map.of("type", "input_text", "text", "What is 1 + 1?"))),
                Map.of("type", "reasoning", "id", "rs_1", "summary", List.of(),
                        "content", List.of(Map.of("type", "reasoning_text", "text", "I call add."))),
                Map.of("type", "function_call", "call_id", "c1", "name", "add", "arguments", "{\"a\": 1}"),
                Map.of("type", "function_call", "call_id", "c2", "name", "sub", "arguments", "{}"),
                Map.of("type", "function_call_output", "call_id", "c1", "output", "2"),
                Map.of("type", "function_call_output", "call_id", "c2", "output", "0"),
                Map.of("role", "assistant", "content", "It is 2."));
        var messages = ResponseItems.messages("Rules.", items, 0, "me");
        assertEquals(List.of("system", "system", "user", "assistant", "tool", "tool", "assistant"),
                messages.stream().map(m -> m.role()).toList());
        assertEquals("I call add.", messages.get(3).reasoning());
        assertEquals(2, messages.get(3).toolCalls().size());
        assertEquals(Map.of("a", 1), messages.get(3).toolCalls().getFirst().arguments());
        assertEquals("sub", messages.get(5).extra().get("name"));
        assertEquals("", messages.get(6).reasoning());
        assertNull(messages.get(6).extra().get("tool_call_id"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{}| input: found no items",
        "{\"input\":5}| input: found 5, expected a string or a list of items",
        "{\"input\":[{\"type\":\"item_reference\",\"id\":\"x\"}]}| input[0].id: found no item 'x'",
        "{\"input\":[{\"type\":\"computer_call\",\"id\":\"x\"}]}| input[0].type: found \"computer_call\"",
        "{\"input\":[{\"role\":\"king\",\"content\":\"a\"}]}| input[0].role: found \"king\"",
        "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_image\"}]}]}"
            + "| input[0].content[0].image_url: missing",
        "{\"input\":[{\"role\":\"user\"}]}| input[0].content: found null, expected a string",
        "{\"input\":[{\"role\":\"user\",\"content\":[]}]}| input[0].content: found [], expected a string",
        "{\"input\":\"a\",\"metadata\":{\"k\":1}}| metadata.k: found 1, expected a string",
        "{\"input\":\"a\",\"metadata\":{\"k\":NaN}}| the body is no JSON",
        "{\"input\":\"a\",\"conversation\":\"c\"}| conversation: this field is not supported",
        "{\"input\":\"a\",\"max_output_tokens\":0}| max_output_tokens: found 0",
        "{\"input\":\"a\",\"tools\":[{\"type\":\"web_search\"}]}| tools[0].type: found \"web_search\"",
        "{\"input\":\"a\",\"truncation\":\"some\"}| truncation: found \"some\"",
        "{\"input\":\"a\",\"background\":true,\"stream\":true}| background: found true with stream",
        "{\"input\":\"a\",\"reasoning\":{\"summary\":\"long\"}}| reasoning.summary: found \"long\"",
        "{\"input\":\"a\",\"max_tokens\":5}| max_tokens: this field is not supported; did you mean max_output_tokens?",
    })
    void wrongRequestsAreErrorsThatNameTheField(String body, String message) throws Exception {
        var reply = server.post(PATH, body);
        assertEquals(400, reply.status(), reply::text);
        String found = (String) at(reply.json(), "error", "message");
        assertTrue(found.startsWith(message.strip()), found);
    }

    @Test
    void anUnknownPreviousResponseIsNamed() throws Exception {
        var reply = server.post(PATH, "{" + INPUT + ",\"previous_response_id\":\"resp_0\"}");
        assertEquals(400, reply.status());
        assertEquals("previous_response_not_found", at(reply.json(), "error", "code"));
        assertEquals("previous_response_id", at(reply.json(), "error", "param"));
        assertEquals("invalid_request_error", at(reply.json(), "error", "type"));
    }

    @Test
    void encryptedReasoningStandsForItsText() throws Exception {
        var json = post("\"store\":false,\"include\":[\"reasoning.encrypted_content\"]," + INPUT);
        Object reasoning = at(json, "output", 0);
        String encrypted = (String) at(reasoning, "encrypted_content");
        String text = (String) at(reasoning, "content", 0, "text");
        assertTrue(text.length() > 10 && !encrypted.contains(text), encrypted);
        assertNull(at(post(INPUT), "output", 0, "encrypted_content"));
        // The tokens of the next prompt show what the model reads.
        String rest = ",\"max_output_tokens\":1,\"temperature\":0,\"input\":[" + user(QUESTION) + ",%s,"
                + "{\"type\":\"message\",\"role\":\"assistant\",\"content\":\"x = 2\"}," + user("Go on.") + "]";
        Object plain = at(next(rest, "{\"type\":\"reasoning\",\"summary\":[],\"content\":[{\"type\":"
                + "\"reasoning_text\",\"text\":" + Json.text(text) + "}]}"), "usage", "input_tokens");
        Object decrypted = at(next(rest, "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\""
                + encrypted + "\"}"), "usage", "input_tokens");
        assertEquals(plain, decrypted);
        assertNotEquals(EncryptedReasoning.of("me", text), EncryptedReasoning.of("me", text));
        assertEquals(text, EncryptedReasoning.text("me", "f", EncryptedReasoning.of("me", text)));
        for (String wrong : List.of("", "AAAA", EncryptedReasoning.of("another caller", text), "no base 64",
                encrypted.substring(8), (encrypted.charAt(0) == 'A' ? 'B' : 'A') + encrypted.substring(1))) {
            var reply = server.post(PATH, "{\"model\":\"reasoner\"" + rest.formatted("{\"type\":\"reasoning\","
                    + "\"summary\":[],\"encrypted_content\":\"" + wrong + "\"}") + "}");
            assertEquals(400, reply.status(), reply::text);
            assertTrue(reply.text().contains("input[1].encrypted_content: "), reply::text);
        }
    }

    private static Map<String, Object> next(String rest, String item) throws Exception {
        var reply = server.post(PATH, "{\"model\":\"reasoner\"" + rest.formatted(item) + "}");
        assertEquals(200, reply.status(), reply::text);
        return reply.json();
    }
}
