package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Grammars in GBNF and Lark syntax over HTTP: whole and streamed answers, after thinking, and hostile grammars. What
/// an answer must be is a regular expression of the JDK.
class GrammarsTest {
    private static final String GBNF = """
            root ::= sign? list
            sign ::= "-" | "+"
            list ::= digit ("," digit){2,3}
            digit ::= [0-9]
            """;
    private static final String LARK = """
            start: "(" NAME ("," NAME)~1..2 ")" | "none"
            NAME: /[a-c]{2}/
            """;
    private static final Map<String, Pattern> FORMS = Map.of(GBNF, Pattern.compile("[-+]?[0-9](,[0-9]){2,3}"),
            LARK, Pattern.compile("\\([a-c]{2}(,[a-c]{2}){1,2}\\)|none"));

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    private static String body(String question, Map<String, Object> more) {
        Map<String, Object> body = new LinkedHashMap<>(Map.of("model", "reasoner", "messages",
                List.of(Map.of("role", "user", "content", question)), "temperature", 1, "seed", 3));
        body.putAll(more);
        return Json.text(body);
    }

    private static List<Map<String, Object>> fields(String grammar) {
        return List.of(Map.of("grammar", grammar), Map.of("guided_grammar", grammar),
                Map.of("structured_outputs", Map.of("grammar", grammar)));
    }

    private static String streamed(String body, String key) throws Exception {
        StringBuilder text = new StringBuilder();
        List<String> events = server.post("/v1/chat/completions", body).events();
        assertEquals("[DONE]", events.getLast());
        for (String event : events.subList(0, events.size() - 1)) {
            if (at(JsonValues.parse(event), "choices", 0, "delta", key) instanceof String piece) {
                text.append(piece);
            }
        }
        return text.toString();
    }

    private static void assertForm(String grammar, Object text) {
        assertTrue(FORMS.get(grammar).matcher((String) text).matches(), () -> "'" + text + "' of " + grammar);
    }

    @Test
    void answersAreOfTheGrammarWholeStreamedAndCompleted() throws Exception {
        for (String grammar : FORMS.keySet()) {
            for (Map<String, Object> fields : fields(grammar)) {
                Map<String, Object> more = new LinkedHashMap<>(fields);
                more.put("reasoning_effort", "none");
                var whole = server.post("/v1/chat/completions", body("Hi", more));
                assertEquals(200, whole.status(), whole::text);
                assertEquals("stop", at(whole.json(), "choices", 0, "finish_reason"), whole::text);
                Object text = at(whole.json(), "choices", 0, "message", "content");
                assertForm(grammar, text);
                more.put("stream", true);
                assertEquals(text, streamed(body("Hi", more), "content"));
            }
            var completion = server.post("/v1/completions", Json.text(Map.of("model", "reasoner", "prompt", "Hi",
                    "max_tokens", 100, "grammar", grammar, "n", 3)));
            assertEquals(200, completion.status(), completion::text);
            for (int i = 0; i < 3; i++) {
                assertForm(grammar, at(completion.json(), "choices", i, "text"));
            }
        }
    }

    @Test
    void theGrammarBeginsAfterTheThinking() throws Exception {
        String question = "Solve x^2 - 5x + 6 = 0.";
        for (String grammar : FORMS.keySet()) {
            Map<String, Object> more = new LinkedHashMap<>(Map.of("grammar", grammar, "temperature", 0));
            var whole = server.post("/v1/chat/completions", body(question, more));
            assertEquals(200, whole.status(), whole::text);
            assertForm(grammar, at(whole.json(), "choices", 0, "message", "content"));
            String thinking = (String) at(whole.json(), "choices", 0, "message", "reasoning_content");
            assertTrue(thinking.length() > 10, thinking);
            more.put("stream", true);
            assertEquals(thinking, streamed(body(question, more), "reasoning_content"));
            assertForm(grammar, streamed(body(question, more), "content"));
        }
    }

    /// Grammars that are broken, endless, ambiguous without bound, or larger than the limits.
    static List<String> hostile() {
        String rules = IntStream.range(0, 40).mapToObj(i -> "r" + i + " ::= r" + (i + 1) + " r" + (i + 1) + "\n")
                .collect(Collectors.joining());
        return List.of("root ::= missing", "root ::= \"a", "root ::= [z-a]", "root ::= (\"a\"",
                "root ::= \"a\"{5,2}", "other ::= \"a\"", "root ::= root", "root ::= a\na ::= b\nb ::= a",
                "root ::= \"a\"{1000000000}",
                "root ::= " + "(".repeat(20_000) + "\"a\"" + ")".repeat(20_000), "root ::= [^\\x", "::=",
                "root ::= " + "\"" + "a".repeat(2_000_000) + "\"",
                "root ::= r0\n" + rules.replace("r40 r40", "\"a\"{900000}"),
                "start: missing", "start: \"a", "start: /(/", "start: /(?<=a)b/", "start: A\nA: A \"b\"",
                "start: \"a\"~1000000000", "%import other.THING\nstart: THING",
                "start: " + "(".repeat(20_000) + "\"a\"", "start: /(a{1000}){1000}{1000}/", "\u0000");
    }

    @ParameterizedTest
    @MethodSource("hostile")
    void hostileGrammarsAreRefusedWithTheirField(String grammar) throws Exception {
        var reply = server.post("/v1/chat/completions", body("Hi", Map.of("guided_grammar", grammar, "max_tokens", 4)));
        assertEquals(400, reply.status(), reply::text);
        String message = (String) at(reply.json(), "error", "message");
        assertTrue(message.startsWith("guided_grammar: ") && message.length() < 2000, message);
        // The server still answers.
        assertEquals(200, server.post("/v1/chat/completions", body("Hi", Map.of("max_tokens", 1))).status());
    }

    /// Grammars of many ways to read one text, of long texts, and of the empty text alone are legal, and take bounded
    /// time.
    @Test
    void ambiguousAndLongGrammarsAreAnswered() throws Exception {
        for (String grammar : List.of("root ::= x\nx ::= x x | \"a\"", "root ::= (\"a\"* \"a\"*)* \"b\"",
                "root ::= (\"a\"{1000}){1000}", "root ::= ((\"aa\"{500}){500}){500}", "root ::= ", "start:",
                "start: x\nx: x x x | x x | \"a\"", "start: /(a|aa)*(a|aa)*(a|aa)*b/")) {
            var reply = server.post("/v1/chat/completions", body("Hi",
                    Map.of("grammar", grammar, "max_tokens", 60, "reasoning_effort", "none")));
            assertEquals(200, reply.status(), () -> grammar + reply.text());
            String text = (String) at(reply.json(), "choices", 0, "message", "content");
            assertTrue(text.matches("a*b?"), text);
        }
    }

    @Test
    void twoFormsAtOnceAreRefused() throws Exception {
        var reply = server.post("/v1/chat/completions", body("Hi", Map.of("grammar", GBNF, "guided_regex", "a")));
        assertEquals(400, reply.status(), reply::text);
        assertTrue(reply.text().contains("found beside"), reply::text);
    }
}
