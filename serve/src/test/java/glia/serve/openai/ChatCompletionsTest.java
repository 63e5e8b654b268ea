package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.net.http.HttpRequest;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Chat completions over HTTP, with a client that is not ours.
class ChatCompletionsTest {
    private static final String PATH = "/v1/chat/completions";
    private static final String QUESTION = "Solve x^2 - 5x + 6 = 0.";
    private static final String BODY =
            "{\"model\":\"reasoner\",\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"" + QUESTION
                    + "\"}]%s}";

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
    }

    /// An answer that broke off goes on, within its thinking or within its text.
    @Test
    void answersAreContinuedFromTheirThinking() throws Exception {
        String body = "{\"model\":\"reasoner\",\"temperature\":0,\"continue_final_message\":%s,\"messages\":["
                + "{\"role\":\"user\",\"content\":\"Use 3, 7 and 11 to make 32.\"}%s]}";
        var whole = at(server.post(PATH, body.formatted(false, "")).json(), "choices", 0, "message");
        String thinking = (String) at(whole, "reasoning_content");
        String text = (String) at(whole, "content");
        String last = ",{\"role\":\"assistant\",\"content\":\"%s\",\"reasoning_content\":%s}";
        int half = thinking.length() / 2;
        var inThinking = at(server.post(PATH, body.formatted(true, last.formatted("",
                Json.text(thinking.substring(0, half))))).json(), "choices", 0, "message");
        assertEquals(thinking.substring(half), at(inThinking, "reasoning_content"));
        assertEquals(text, at(inThinking, "content"));
        var inText = at(server.post(PATH, body.formatted(true, last.formatted(text.substring(0, 2),
                Json.text(thinking)))).json(), "choices", 0, "message");
        assertNull(at(inText, "reasoning_content"));
        assertEquals(text.substring(2), at(inText, "content"));
    }

    @Test
    void answersAsTheModelInTheSameProcess() throws Exception {
        var reply = server.post(PATH, BODY.formatted(""));
        assertEquals(200, reply.status(), reply::text);
        try (LanguageModel model = LanguageModel.load(TestServer.MODEL); var chat = model.chat()) {
            chat.options(GenerationOptions.defaults().withSampling(SamplingOptions.greedy()));
            var answer = chat.stream(QUESTION, _ -> { });
            assertEquals(answer.text(), at(reply.json(), "choices", 0, "message", "content"));
            assertEquals(answer.thought().text(), at(reply.json(), "choices", 0, "message", "reasoning_content"));
            assertEquals(answer.tokens(), at(reply.json(), "usage", "completion_tokens"));
            assertEquals(answer.promptTokens(), at(reply.json(), "usage", "prompt_tokens"));
            assertEquals(answer.thought().tokens(),
                    at(reply.json(), "usage", "completion_tokens_details", "reasoning_tokens"));
        }
        assertEquals("stop", at(reply.json(), "choices", 0, "finish_reason"));
    }

    @Test
    void aStreamHasTheSameTextInPieces() throws Exception {
        var whole = server.post(PATH, BODY.formatted(""));
        List<String> events = server.post(PATH, BODY.formatted(
                ",\"stream\":true,\"stream_options\":{\"include_usage\":true}")).events();
        assertEquals("[DONE]", events.getLast());
        StringBuilder text = new StringBuilder();
        StringBuilder thinking = new StringBuilder();
        Object reason = null;
        Object usage = null;
        for (String event : events.subList(0, events.size() - 1)) {
            Object chunk = JsonValues.parse(event);
            usage = at(chunk, "usage");
            for (Object choice : (List<?>) at(chunk, "choices")) {
                Object piece = at(choice, "delta", "content");
                text.append(piece == null ? "" : piece);
                Object thought = at(choice, "delta", "reasoning_content");
                thinking.append(thought == null ? "" : thought);
                reason = at(choice, "finish_reason") == null ? reason : at(choice, "finish_reason");
            }
        }
        assertEquals(at(whole.json(), "choices", 0, "message", "content"), text.toString());
        assertEquals(at(whole.json(), "choices", 0, "message", "reasoning_content"), thinking.toString());
        assertEquals("stop", reason);
        assertEquals(at(whole.json(), "usage", "completion_tokens"), at(usage, "completion_tokens"));
    }

    @Test
    void logProbabilitiesHaveTheTokensTextAndTheBestAlternatives() throws Exception {
        var reply = server.post(PATH, BODY.formatted(
                ",\"logprobs\":true,\"top_logprobs\":3,\"max_tokens\":5,\"reasoning_effort\":\"none\""));
        List<?> tokens = (List<?>) at(reply.json(), "choices", 0, "logprobs", "content");
        assertEquals(5, tokens.size());
        for (Object token : tokens) {
            assertEquals(3, ((List<?>) at(token, "top_logprobs")).size());
            // A greedy token is the most probable one.
            assertEquals(at(token, "top_logprobs", 0, "token"), at(token, "token"));
            assertTrue(((Number) at(token, "logprob")).doubleValue() <= 0);
        }
        assertEquals("length", at(reply.json(), "choices", 0, "finish_reason"));
    }

    @Test
    void severalSamplesAndStopStrings() throws Exception {
        var reply = server.post(PATH, BODY.formatted(
                ",\"n\":3,\"stop\":[\"x\"],\"reasoning_effort\":\"none\",\"seed\":1"));
        assertEquals(3, ((List<?>) at(reply.json(), "choices")).size());
        for (int i = 0; i < 3; i++) {
            assertEquals(i, at(reply.json(), "choices", i, "index"));
            String text = (String) at(reply.json(), "choices", i, "message", "content");
            assertEquals(-1, text.indexOf('x'), text);
        }
        assertNull(at(reply.json(), "choices", 0, "logprobs"));
    }

    /// A client cannot change the parser's settings, so no error names them.
    @ParameterizedTest
    @ValueSource(strings = {"{\"temperature\":NaN}", "{\"a\":DEEP", "{\"seed\":LONG", "/**/{}"})
    void errorsOfJsonNameNoSettingsOfTheParser(String body) throws Exception {
        var reply = server.post(PATH, body.replace("DEEP", "[".repeat(100)).replace("LONG", "1".repeat(2000)));
        assertEquals(400, reply.status(), reply::text);
        assertFalse(reply.text().matches(".*(Feature|Constraints|enable).*"), reply.text());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "{| the body is no JSON",
        "[]| the body: found [], expected an object",
        "{\"messages\":[]}| messages: found none, expected at least one",
        "{\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}| messages[0].role: found \"king\", expected one of",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"mood\":1}]}| messages[0].mood: this field is not",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":-1}| temperature: found -1, expected",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":\"1\"}| temperature: found \"1\"",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"n\":0}| n: found 0, expected a whole number from 1",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"best_of\":2}| best_of: this field is not supported",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"top_logprobs\":2}| top_logprobs: found 2 without",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}| messages[0].content[0].image_url",
        "{\"messages\":[{\"role\":\"user\"}]}| messages[0].content: missing; expected a string",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"continue_final_message\":true}"
                + "| continue_final_message: found true with a last message of the role user",
        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"x\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}],"
                + "\"continue_final_message\":true}| continue_final_message: found true with a last message of the "
                + "role assistant that has tool calls",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"tool_calls\":[{\"function\":{\"name\":\"f\"}}]}]}"
                + "| messages[0].tool_calls: found in a message of the role user, expected in one of the assistant",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\",\"tool_call_id\":\"a\"}]}"
                + "| messages[0].tool_call_id: found in a message of the role user, expected in one of a tool",
        "{\"messages\":[{\"role\":\"system\",\"content\":\"x\",\"reasoning_content\":\"a\"}]}"
                + "| messages[0].reasoning_content: found in a message of the role system",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"chat_template_kwargs\":{\"messages\":[]}}"
                + "| chat_template_kwargs.messages: the server sets",
        "{\"messages\":[{\"role\":\"user\",\"content\":[]}]}| messages[0].content: found [], expected a string",
        "{\"messages\":[{\"role\":\"user\",\"content\":5}]}| messages[0].content: found 5, expected a string",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"stream_options\":{}}| stream_options: found without",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"logit_bias\":{\"-1\":1}}| logit_bias: found \"-1\"",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"logit_bias\":{\"999\":1}}| logit_bias: found \"999\"",
    })
    void wrongRequestsAreErrorsThatNameTheField(String body, String message) throws Exception {
        var reply = server.post(PATH, body);
        assertEquals(400, reply.status(), reply::text);
        assertEquals("invalid_request_error", at(reply.json(), "error", "type"));
        String found = (String) at(reply.json(), "error", "message");
        assertTrue(found.startsWith(message.strip()), found);
        int field = found.indexOf(": ");
        assertEquals(found.startsWith("the body") ? null : found.substring(0, field),
                at(reply.json(), "error", "param"));
    }

    /// Invalid UTF-8: a byte that none begins with, an overlong form, a surrogate, a character that is cut; UTF-16.
    @ParameterizedTest
    @ValueSource(strings = {"\u00ff", "\u00c0\u00af", "\u00ed\u00a0\u0080", "\u00e2\u0082"})
    void bodiesThatAreNoUtf8AreRefused(String bytes) throws Exception {
        String body = "{\"messages\":[{\"role\":\"user\",\"content\":\"" + bytes + "\"}],\"max_tokens\":1}";
        var reply = server.send(HttpRequest.newBuilder(server.uri(PATH))
                .POST(HttpRequest.BodyPublishers.ofString(body, StandardCharsets.ISO_8859_1)).build());
        assertEquals(400, reply.status());
        assertTrue(reply.text().contains("not UTF-8: found byte " + (int) bytes.charAt(0)), reply.text());
        for (Charset other : List.of(StandardCharsets.UTF_16, StandardCharsets.UTF_16LE)) {
            reply = server.send(HttpRequest.newBuilder(server.uri(PATH))
                    .POST(HttpRequest.BodyPublishers.ofString(BODY.formatted(""), other)).build());
            assertEquals(400, reply.status(), reply::text);
        }
    }

    /// Half of a surrogate pair is refused on every route, wherever it is (RFC 7493, section 2.1); both halves are an
    /// emoji.
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\u0001', value = {
        "/v1/chat/completions | {'messages':[{'role':'user','content':'a~d83d'}]} | messages[0].content",
        "/v1/chat/completions | {'messages':[{'role':'user','content':[{'type':'text','text':'~de00~d83d'}]}]} "
                + "| messages[0].content[0].text",
        "/v1/chat/completions | {'messages':[{'role':'assistant','content':'','tool_calls':[{'id':'a',"
                + "'type':'function','function':{'name':'f','arguments':'{\\'a\\':[\\'~~d83d\\']}'}}]}]} "
                + "| messages[0].tool_calls[0].function.arguments.a[0]",
        "/v1/chat/completions | {'messages':[],'stop':['~d800~d800~dc00']} | stop[0]",
        "/v1/completions | {'prompt':'~dfff'} | prompt", "/v1/completions | {'prompt':'x','~d83d':1} | the body",
        "/v1/responses | {'input':'~d83d~d83d~de00'} | input", "/v1/embeddings | {'input':['a','~dbff']} | input[1]",
        "/v1/messages | {'model':'reasoner','max_tokens':1,'messages':[{'role':'user','content':'~d83d '}]} "
                + "| messages[0].content",
        "/api/generate | {'prompt':'~dc00'} | prompt", "/tokenize | {'content':'~d83d'} | content"})
    void halvesOfSurrogatePairsAreRefused(String path, String body, String field) throws Exception {
        String json = body.replace('\'', '"').replace("~~", "\\\\u").replace("~", "\\u");
        var reply = server.post(path, json);
        assertEquals(400, reply.status(), reply::text);
        String found = reply.text();
        assertTrue(found.contains(field + (field.equals("the body") ? "" : ": found \\\\u"))
                && found.contains("surrogate pair"), found);
        var whole = server.post("/tokenize", "{\"content\":\"\\ud83d\\ude00\"}");
        assertEquals(200, whole.status());
        assertEquals(server.post("/tokenize", "{\"content\":\"😀\"}").text(), whole.text());
    }

    @Test
    void anUnknownModelIs404() throws Exception {
        var reply = server.post(PATH, BODY.formatted("").replace("reasoner", "gpt-9"));
        assertEquals(404, reply.status());
        assertEquals("model_not_found", at(reply.json(), "error", "code"));
        String longName = server.post(PATH, "{\"model\":\"" + "n".repeat(5000) + "\"}").text();
        assertTrue(longName.length() < 500, longName);
    }
}
