package glia.serve.chat;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarMemory;
import glia.engine.grammar.limit.MemoryPart;
import glia.io.json.JsonValues;
import glia.serve.RawClient;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

/// Requests whose grammars take all memory for grammars.
@Timeout(60)
@Isolated("it takes the memory for grammars of the process")
class GrammarMemoryTest {
    private static final String CHATS = "/v1/chat/completions";

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    private static String body(Map<String, Object> more) {
        Map<String, Object> body = new LinkedHashMap<>(Map.of("messages",
                List.of(Map.of("role", "user", "content", "Hi")), "max_tokens", 4, "reasoning_effort", "none"));
        body.putAll(more);
        return Json.text(body);
    }

    /// A grammar of a megabyte or more.
    private static List<String> choices(int number) {
        return IntStream.range(0, 2_000).mapToObj(i -> number + "-" + i + ("-" + i).repeat(50)).toList();
    }

    private static Map<String, Object> large(int number) {
        return Map.of("structured_outputs", Map.of("choice", choices(number)));
    }

    private static Map<String, Object> tools(String choice) {
        return Map.of("tools", List.of(Map.of("type", "function", "function", Map.of("name", "f", "parameters",
                Map.of("type", "object", "properties", Map.of("x", Map.of("type", "boolean")))))),
                "tool_choice", choice);
    }

    /// Takes all memory but some, which drops what is not in use.
    private static MemoryPart<Void> allBut(long left) {
        MemoryPart<Void> part = GrammarMemory.current().part();
        for (long bytes = GrammarMemory.current().most() - left;; bytes -= 4096) {
            try {
                part.resize(bytes);
                return part;
            } catch (GrammarException e) {
                // In use by others.
            }
        }
    }

    private static long inUse() {
        try (MemoryPart<Void> all = allBut(0)) {
            return GrammarMemory.current().most() - all.bytes();
        }
    }

    @Test
    void requestsAreRefusedUntilThereIsMemory() throws Exception {
        try (MemoryPart<Void> others = allBut(0)) {
            assertTrue(others.bytes() > 0);
            for (Map<String, Object> more : List.of(large(1), tools("auto"), tools("required"),
                    Map.<String, Object>of("guided_regex", "[0-9]{3}"))) {
                for (boolean streams : new boolean[] {false, true}) {
                    Map<String, Object> fields = new LinkedHashMap<>(more);
                    fields.put("stream", streams);
                    var refused = server.post(CHATS, body(fields));
                    assertEquals(503, refused.status(), refused.text());
                    assertTrue(refused.response().headers().firstValue("Retry-After").isPresent());
                    assertTrue(refused.text().contains("all memory for grammars"), refused.text());
                }
            }
            assertEquals(200, server.post(CHATS, body(Map.of())).status());
        }
        try (MemoryPart<Void> others = allBut(1 << 19)) {
            assertTrue(others.bytes() > 0);
            assertEquals(503, server.post(CHATS, body(large(1))).status());
            assertEquals(200, server.post(CHATS, body(Map.of("guided_regex", "[0-9]{3}"))).status());
        }
        assertEquals(200, server.post(CHATS, body(large(1))).status());
        assertEquals(200, server.post(CHATS, body(tools("required"))).status());
    }

    /// Answers, refused requests and clients that go.
    @Test
    void nothingStaysInUse() throws Exception {
        long before = inUse();
        for (int i = 0; i < 3; i++) {
            assertEquals(200, server.post(CHATS, body(large(i))).status());
            try (RawClient client = new RawClient(server.server().port())) {
                Map<String, Object> fields = new LinkedHashMap<>(large(i));
                fields.putAll(Map.of("stream", true, "n", 8, "max_tokens", 400));
                client.send(RawClient.post(CHATS, body(fields)));
                if (i > 0) {
                    client.readTo("data: ");
                }
            }
            assertEquals(400, server.post(CHATS, body(Map.of("grammar", "root ::= " + "(".repeat(i + 1)))).status());
        }
        while (inUse() > before) {
            Thread.sleep(10);
        }
    }

    /// Properties stand in the order of the schema, also where one with another order was compiled before.
    @Test
    void schemasInAnotherOrderAreOthers() throws Exception {
        for (List<String> names : List.of(List.of("a", "b"), List.of("b", "a"))) {
            Map<String, Object> properties = new LinkedHashMap<>();
            names.forEach(name -> properties.put(name, Map.of("type", "boolean")));
            var answer = server.post(CHATS, body(Map.of("max_tokens", 100, "response_format", Map.of("type",
                    "json_schema", "json_schema", Map.of("name", "x", "schema", Map.of("type", "object", "properties",
                            properties, "required", names, "additionalProperties", false))))));
            Object text = at(answer.json(), "choices", 0, "message", "content");
            assertEquals(names, List.copyOf(((Map<?, ?>) JsonValues.parse((String) text)).keySet()));
        }
    }
}
