package glia.serve.ollama;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.request.json.JsonRawSchema;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.ollama.OllamaChatModel;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import glia.engine.ToolModel;
import glia.io.json.JsonValues;
import glia.serve.TestServer;
import glia.serve.http.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Structured output and tools of Ollama's API, of a model that would not have the form by itself.
class OllamaToolsTest {
    private static final String SCHEMA = "{\"type\":\"object\",\"properties\":{\"wet\":{\"type\":\"boolean\"}},"
            + "\"required\":[\"wet\"],\"additionalProperties\":false}";

    @TempDir
    private static Path folder;

    @AutoClose
    private static TestServer server;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start(ToolModel.NAME, ToolModel.load(folder));
    }

    private static void assertForm(Object text) {
        Map<?, ?> json = (Map<?, ?>) JsonValues.parse((String) text);
        assertTrue(json.get("wet") instanceof Boolean && json.size() == 1, json::toString);
    }

    @Test
    void answersHaveTheFormOfASchema() throws Exception {
        // The penalty ends runs of blanks, of which JSON may have any number.
        String fields = ",\"stream\":false,\"options\":{\"temperature\":0,\"num_predict\":300,"
                + "\"frequency_penalty\":2},\"format\":" + SCHEMA;
        var chat = server.post("/api/chat", "{\"model\":\"tools\",\"messages\":[{\"role\":\"user\",\"content\":"
                + "\"Hi\"}]" + fields + "}");
        assertForm(at(chat.json(), "message", "content"));
        var generated = server.post("/api/generate", "{\"model\":\"tools\",\"prompt\":\"Hi\"" + fields + "}");
        assertForm(generated.json().get("response"));
    }

    private static final String TOOLS = ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"paint\","
            + "\"description\":\"Paints.\",\"parameters\":" + SCHEMA + "}}]";
    /// A text, or a call: nearly uniform choices make it one or the other.
    private static final String EITHER = ",\"format\":{\"enum\":[1]},\"options\":{\"temperature\":100,\"top_k\":0,"
            + "\"top_p\":1,\"min_p\":0,\"num_predict\":400,\"seed\":%d}";

    private static TestServer.Reply ask(int seed, boolean streams) throws Exception {
        return server.post("/api/chat", "{\"model\":\"tools\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
                + ",\"stream\":" + streams + TOOLS + EITHER.formatted(seed) + "}");
    }

    private static int seedOfACall() throws Exception {
        for (int seed = 1; seed < 80; seed++) {
            var reply = ask(seed, false);
            assertEquals(200, reply.status(), reply::text);
            if (((Map<?, ?>) reply.json().get("message")).containsKey("tool_calls")
                    && reply.json().get("done_reason").equals("stop")) {
                return seed;
            }
        }
        throw new AssertionError("no seed makes a call that is complete");
    }

    @Test
    void callsAreTheSameStreamedAndNot() throws Exception {
        int seed = seedOfACall();
        var whole = ask(seed, false).json();
        List<?> calls = (List<?>) at(whole, "message", "tool_calls");
        for (Object call : calls) {
            assertEquals("paint", at(call, "function", "name"));
            assertTrue(at(call, "function", "arguments", "wet") instanceof Boolean, calls::toString);
        }
        assertEquals("", at(whole, "message", "content"));
        List<Object> streamed = new ArrayList<>();
        List<String> lines = ask(seed, true).text().lines().toList();
        for (String line : lines) {
            if (((Map<?, ?>) at(JsonValues.parse(line), "message")).get("tool_calls") instanceof List<?> some) {
                streamed.addAll(some);
            }
        }
        assertEquals(calls.stream().map(call -> at(call, "function", "arguments")).toList(),
                streamed.stream().map(call -> at(call, "function", "arguments")).toList());
        assertEquals(true, at(JsonValues.parse(lines.getLast()), "done"));
        // The result goes back under the name of the tool.
        var next = server.post("/api/chat", "{\"model\":\"tools\",\"stream\":false,\"messages\":[{\"role\":\"user\","
                + "\"content\":\"Hi\"}," + Json.text(at(whole, "message")) + ",{\"role\":\"tool\","
                + "\"tool_name\":\"paint\",\"content\":\"dry\"}],\"options\":{\"num_predict\":3}" + TOOLS + "}");
        assertEquals(200, next.status(), next::text);
    }

    /// The client leaves `additionalProperties` out, and random keys would have no end: only `{}` is likely.
    private static final ToolSpecification PING = ToolSpecification.builder().name("ping").description("Pings.")
            .parameters(JsonObjectSchema.builder().build()).build();
    private static final ChatRequest HI = ChatRequest.builder().messages(UserMessage.from("Hi"))
            .toolSpecifications(PING).responseFormat(ResponseFormat.builder().type(ResponseFormatType.JSON)
                    .jsonSchema(JsonSchema.builder().name("one").rootElement(JsonRawSchema.from("{\"enum\":[1]}"))
                            .build()).build()).build();

    private static OllamaChatModel client(int seed, int tokens) {
        return OllamaChatModel.builder().baseUrl("http://127.0.0.1:" + server.server().port()).modelName("tools")
                .temperature(100.0).topK(0).topP(1.0).minP(0.0).numPredict(tokens).seed(seed).maxRetries(0).build();
    }

    /// Whether an answer is of calls that are complete.
    private static boolean calls(ChatResponse response) {
        return response.aiMessage().hasToolExecutionRequests() && response.tokenUsage().outputTokenCount() < 400;
    }

    private static List<String> arguments(AiMessage message) {
        assertEquals("ping", message.toolExecutionRequests().getFirst().name());
        return message.toolExecutionRequests().stream().map(ToolExecutionRequest::arguments).toList();
    }

    @Test
    void langChainsClientCallsToolsStreamedAndNot() throws Exception {
        int seed = 1;
        ChatResponse response = client(seed, 400).chat(HI);
        while (!calls(response)) {
            assertTrue(seed < 80, "no seed makes a call that is complete");
            response = client(++seed, 400).chat(HI);
        }
        for (String arguments : arguments(response.aiMessage())) {
            assertTrue(JsonValues.parse(arguments) instanceof Map<?, ?>, arguments);
        }
        assertEquals(FinishReason.TOOL_EXECUTION, response.finishReason());
        CompletableFuture<ChatResponse> streamed = new CompletableFuture<>();
        OllamaStreamingChatModel.builder().baseUrl("http://127.0.0.1:" + server.server().port()).modelName("tools")
                .temperature(100.0).topK(0).topP(1.0).minP(0.0).numPredict(400).seed(seed).build()
                .chat(HI, new StreamingChatResponseHandler() {
                    @Override
                    public void onPartialResponse(String piece) { }

                    @Override
                    public void onCompleteResponse(ChatResponse whole) {
                        streamed.complete(whole);
                    }

                    @Override
                    public void onError(Throwable e) {
                        streamed.completeExceptionally(e);
                    }
                });
        AiMessage message = streamed.get(300, TimeUnit.SECONDS).aiMessage();
        assertEquals(arguments(response.aiMessage()), arguments(message));
        ChatRequest next = ChatRequest.builder().messages(UserMessage.from("Hi"), message,
                ToolExecutionResultMessage.from(message.toolExecutionRequests().getFirst(), "dry"))
                .toolSpecifications(PING).build();
        assertTrue(client(seed, 3).chat(next).tokenUsage().outputTokenCount() > 0);
    }

    @Test
    void formsThatAreNotSupportedAreRefused() throws Exception {
        for (String wrong : List.of("\"yaml\"", "3", "{\"type\":\"thing\"}")) {
            var reply = server.post("/api/generate",
                    "{\"model\":\"tools\",\"prompt\":\"Hi\",\"format\":" + wrong + "}");
            assertEquals(400, reply.status(), reply::text);
            assertTrue(((String) reply.json().get("error")).startsWith("format: "), reply::text);
        }
    }

    @Test
    void toolsAreInThePrompt() throws Exception {
        String body = "{\"model\":\"tools\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},"
                + "{\"role\":\"assistant\",\"tool_calls\":[{"
                + "\"function\":{\"name\":\"paint\",\"arguments\":{\"wet\":true}}}]},"
                + "{\"role\":\"tool\",\"tool_name\":\"paint\",\"content\":\"dry\"}],\"stream\":false,"
                + "\"options\":{\"num_predict\":3}%s}";
        int without = (int) server.post("/api/chat", body.formatted("")).json().get("prompt_eval_count");
        var with = server.post("/api/chat", body.formatted(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
                + "\"paint\",\"parameters\":" + SCHEMA + "}}]"));
        assertEquals(200, with.status(), with::text);
        assertTrue((int) with.json().get("prompt_eval_count") > without, with::text);
        assertEquals("length", with.json().get("done_reason"));
    }
}
