package glia.serve.openai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.helpers.ResponseAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import com.openai.models.responses.inputtokens.InputTokenCountParams;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.ToolModel;
import glia.engine.embedding.Embedder;
import glia.engine.embedding.EmbeddingConfig;
import glia.engine.sampling.SamplingOptions;
import glia.serve.TestServer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// OpenAI's API with OpenAI's own client, which checks the types of all fields of responses.
class OpenAiClientTest {
    private static final String QUESTION = "Solve x^2 - 5x + 6 = 0.";

    @TempDir
    private static Path folder;

    private static TestServer server;
    private static OpenAIClient client;
    private static LanguageModel model;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start(ToolModel.NAME, ToolModel.load(folder));
        client = OpenAIOkHttpClient.builder().baseUrl(server.uri("/v1").toString()).apiKey("any").maxRetries(0)
                .responseValidation(true).build();
        model = LanguageModel.load(TestServer.MODEL);
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
        model.close();
    }

    private static ChatCompletionCreateParams.Builder chat() {
        return ChatCompletionCreateParams.builder().model(TestServer.MODEL).temperature(0.0)
                .addUserMessage(QUESTION);
    }

    private static String answer() {
        try (var conversation = model.chat()) {
            conversation.options(GenerationOptions.defaults().withSampling(SamplingOptions.greedy()));
            return conversation.stream(QUESTION, _ -> { }).text();
        }
    }

    @Test
    void chatCompletions() {
        ChatCompletion completion = client.chat().completions().create(chat().logprobs(true).topLogprobs(2).build());
        var choice = completion.choices().getFirst();
        assertEquals(answer(), choice.message().content().orElseThrow());
        assertEquals(ChatCompletion.Choice.FinishReason.STOP, choice.finishReason());
        assertTrue(choice.logprobs().orElseThrow().content().orElseThrow().size() > 10);
        var usage = completion.usage().orElseThrow();
        assertEquals(usage.totalTokens(), usage.promptTokens() + usage.completionTokens());
    }

    @Test
    void streamedChatCompletions() {
        ChatCompletionAccumulator all = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions().createStreaming(chat().build())) {
            stream.stream().forEach(all::accumulate);
        }
        assertEquals(answer(), all.chatCompletion().choices().getFirst().message().content().orElseThrow());
    }

    private static ChatCompletionCreateParams.Builder tools() {
        FunctionParameters parameters = FunctionParameters.builder()
                .putAdditionalProperty("type", JsonValue.from("object"))
                .putAdditionalProperty("properties", JsonValue.from(Map.of("wet", Map.of("type", "boolean"))))
                .putAdditionalProperty("required", JsonValue.from(List.of("wet")))
                .putAdditionalProperty("additionalProperties", JsonValue.from(false)).build();
        return ChatCompletionCreateParams.builder().model(ToolModel.NAME).addUserMessage("Hi").maxCompletionTokens(300)
                .putAdditionalBodyProperty("logit_bias", JsonValue.from(ToolModel.withoutBlanks()))
                .addTool(ChatCompletionFunctionTool.builder().function(FunctionDefinition.builder().name("paint")
                        .parameters(parameters).build()).build())
                .parallelToolCalls(false).toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED);
    }

    @Test
    void toolCalls() {
        ChatCompletion completion = client.chat().completions().create(tools().build());
        var choice = completion.choices().getFirst();
        assertEquals(ChatCompletion.Choice.FinishReason.TOOL_CALLS, choice.finishReason());
        var call = choice.message().toolCalls().orElseThrow().getFirst().asFunction();
        assertEquals("paint", call.function().name());
        assertTrue(call.function().arguments().replace(" ", "").matches("\\{\"wet\":(true|false)}"),
                call.function().arguments());
        ChatCompletionAccumulator all = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(tools().build())) {
            stream.stream().forEach(all::accumulate);
        }
        var streamed = all.chatCompletion().choices().getFirst().message().toolCalls().orElseThrow().getFirst();
        assertEquals("paint", streamed.asFunction().function().name());
    }

    /// A class whose schema the client derives.
    static final class Paint {
        public boolean wet;
    }

    @Test
    void structuredOutput() {
        var completion = client.chat().completions().create(ChatCompletionCreateParams.builder().model(ToolModel.NAME)
                .addUserMessage("Hi").maxCompletionTokens(300)
                .putAdditionalBodyProperty("logit_bias", JsonValue.from(ToolModel.withoutBlanks()))
                .responseFormat(Paint.class).build());
        Paint paint = completion.choices().getFirst().message().content().orElseThrow();
        assertTrue(paint.wet || !paint.wet);
    }

    @Test
    void completions() {
        var completion = client.completions().create(CompletionCreateParams.builder().model(TestServer.MODEL)
                .prompt(QUESTION).maxTokens(8).temperature(0.0).logprobs(1).build());
        var choice = completion.choices().getFirst();
        assertEquals(8, choice.logprobs().orElseThrow().tokens().orElseThrow().size());
        StringBuilder text = new StringBuilder();
        // Chunks have no reason before the last, which the client's validation expects in all.
        try (var stream = client.completions().withOptions(o -> o.responseValidation(false)).createStreaming(
                CompletionCreateParams.builder().model(TestServer.MODEL).prompt(QUESTION).maxTokens(8)
                        .temperature(0.0).build())) {
            stream.stream().forEach(chunk -> chunk.choices().forEach(part -> text.append(part.text())));
        }
        assertEquals(choice.text(), text.toString());
    }

    @Test
    void embeddings() throws Exception {
        var response = client.embeddings().create(EmbeddingCreateParams.builder().model(TestServer.MODEL)
                .inputOfArrayOfStrings(List.of(QUESTION, "x = 2")).build());
        Embedder embedder = new Embedder(model, EmbeddingConfig.of(model.path(), model.model()));
        float[][] expected = embedder.embed(List.of(embedder.encode(QUESTION), embedder.encode("x = 2")));
        for (int i = 0; i < 2; i++) {
            List<Float> vector = response.data().get(i).embedding();
            assertEquals(expected[i].length, vector.size());
            for (int d = 0; d < vector.size(); d++) {
                assertEquals(expected[i][d], vector.get(d), 1e-4f);
            }
        }
    }

    @Test
    void responses() {
        ResponseCreateParams params = ResponseCreateParams.builder().model(TestServer.MODEL).temperature(0.0)
                .input(QUESTION).build();
        Response response = client.responses().create(params);
        assertEquals(answer(), text(response));
        assertTrue(response.output().getFirst().isReasoning());
        assertEquals(response.usage().orElseThrow().inputTokens(), client.responses().inputTokens().count(
                InputTokenCountParams.builder().model(TestServer.MODEL).input(QUESTION).build()).inputTokens());
        ResponseAccumulator all = ResponseAccumulator.create();
        try (StreamResponse<ResponseStreamEvent> stream = client.responses().createStreaming(params)) {
            stream.stream().forEach(all::accumulate);
        }
        assertEquals(answer(), text(all.response()));
        Response next = client.responses().create(ResponseCreateParams.builder().model(TestServer.MODEL)
                .previousResponseId(response.id()).input("Use 3, 7 and 11 to make 32.").build());
        assertEquals(response.id(), next.previousResponseId().orElseThrow());
        assertEquals(answer(), text(client.responses().retrieve(response.id())));
        assertEquals(1, client.responses().inputItems().list(response.id()).data().size());
        client.responses().delete(response.id());
        assertThrows(NotFoundException.class, () -> client.responses().retrieve(response.id()));
    }

    private static String text(Response response) {
        return response.output().getLast().asMessage().content().getFirst().asOutputText().text();
    }

    @Test
    void modelsAndErrors() {
        assertEquals(List.of(TestServer.MODEL, ToolModel.NAME), client.models().list().data().stream()
                .map(one -> one.id()).sorted().toList());
        assertEquals(TestServer.MODEL, client.models().retrieve(TestServer.MODEL).id());
        assertThrows(NotFoundException.class,
                () -> client.chat().completions().create(chat().model("gpt-9").build()));
        BadRequestException error = assertThrows(BadRequestException.class,
                () -> client.chat().completions().create(chat().putAdditionalBodyProperty("mood",
                        JsonValue.from("good")).build()));
        assertTrue(error.getMessage().contains("mood: this field is not supported"), error.getMessage());
    }
}
