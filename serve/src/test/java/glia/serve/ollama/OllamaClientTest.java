package glia.serve.ollama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.ollama.OllamaChatModel;
import dev.langchain4j.model.ollama.OllamaEmbeddingModel;
import dev.langchain4j.model.ollama.OllamaLanguageModel;
import dev.langchain4j.model.ollama.OllamaModels;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.output.FinishReason;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.serve.TestServer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Ollama's API with LangChain4j's client.
class OllamaClientTest {
    private static final String QUESTION = "Solve x^2 - 5x + 6 = 0.";

    @AutoClose
    private static TestServer server;
    private static String url;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
        url = "http://127.0.0.1:" + server.server().port();
    }

    private static OllamaChatModel.OllamaChatModelBuilder chat() {
        return OllamaChatModel.builder().baseUrl(url).modelName(TestServer.MODEL).temperature(0.0).maxRetries(0);
    }

    private static ChatResponse ask(OllamaChatModel.OllamaChatModelBuilder builder) {
        return builder.build().chat(UserMessage.from(QUESTION));
    }

    @Test
    void answersAsTheModelInTheSameProcess() throws Exception {
        ChatResponse response = ask(chat().returnThinking(true));
        try (LanguageModel model = LanguageModel.load(TestServer.MODEL); var chat = model.chat()) {
            chat.options(GenerationOptions.defaults().withSampling(SamplingOptions.greedy()));
            var answer = chat.stream(QUESTION, _ -> { });
            assertEquals(answer.text(), response.aiMessage().text());
            assertEquals(answer.thought().text(), response.aiMessage().thinking());
            assertEquals(answer.tokens(), response.tokenUsage().outputTokenCount());
            assertEquals(answer.promptTokens(), response.tokenUsage().inputTokenCount());
        }
        assertEquals(FinishReason.STOP, response.finishReason());
    }

    @Test
    void thinkingCanBeTurnedOff() {
        ChatResponse response = ask(chat().think(false).returnThinking(true));
        assertTrue(response.aiMessage().thinking() == null || response.aiMessage().thinking().isEmpty());
        assertFalse(response.aiMessage().text().isEmpty());
        ChatResponse thought = ask(chat().think(true).returnThinking(true));
        assertFalse(thought.aiMessage().thinking().isEmpty());
    }

    @Test
    void optionsEndAnswers() {
        ChatResponse cut = ask(chat().numPredict(3).think(false));
        assertEquals(FinishReason.LENGTH, cut.finishReason());
        assertEquals(3, cut.tokenUsage().outputTokenCount());
        ChatResponse stopped = ask(chat().stop(List.of("=")).think(false));
        assertEquals(-1, stopped.aiMessage().text().indexOf('='));
        assertEquals(FinishReason.STOP, stopped.finishReason());
    }

    @Test
    void aStreamHasTheSameAnswer() throws Exception {
        ChatResponse whole = ask(chat().returnThinking(true));
        StringBuilder text = new StringBuilder();
        StringBuilder thinking = new StringBuilder();
        CompletableFuture<ChatResponse> done = new CompletableFuture<>();
        OllamaStreamingChatModel.builder().baseUrl(url).modelName(TestServer.MODEL).temperature(0.0)
                .returnThinking(true).build().chat(QUESTION, new StreamingChatResponseHandler() {
                    @Override
                    public void onPartialResponse(String piece) {
                        text.append(piece);
                    }

                    @Override
                    public void onPartialThinking(PartialThinking piece) {
                        thinking.append(piece.text());
                    }

                    @Override
                    public void onCompleteResponse(ChatResponse response) {
                        done.complete(response);
                    }

                    @Override
                    public void onError(Throwable e) {
                        done.completeExceptionally(e);
                    }
                });
        ChatResponse streamed = done.get(60, TimeUnit.SECONDS);
        assertEquals(whole.aiMessage().text(), text.toString());
        assertEquals(whole.aiMessage().thinking(), thinking.toString());
        assertEquals(whole.aiMessage(), streamed.aiMessage());
        assertEquals(whole.tokenUsage(), streamed.tokenUsage());
    }

    @Test
    void generatesForOnePrompt() {
        String text = OllamaLanguageModel.builder().baseUrl(url).modelName(TestServer.MODEL).temperature(0.0)
                .build().generate(QUESTION).content();
        assertEquals(ask(chat()).aiMessage().text(), text);
    }

    @Test
    void embedsTexts() {
        var model = OllamaEmbeddingModel.builder().baseUrl(url).modelName(TestServer.MODEL).maxRetries(0).build();
        float[] one = model.embed("2+2").content().vector();
        float[] other = model.embed("x^2 - 5x").content().vector();
        assertEquals(192, one.length);
        double length = 0;
        double dot = 0;
        for (int i = 0; i < one.length; i++) {
            length += one[i] * one[i];
            dot += one[i] * other[i];
        }
        assertEquals(1, length, 1e-4);
        assertTrue(dot < 0.9999, "cosine " + dot);
    }

    @Test
    void listsModels() {
        OllamaModels models = OllamaModels.builder().baseUrl(url).build();
        var listed = models.availableModels().content().getFirst();
        assertEquals(TestServer.MODEL, listed.getName());
        assertEquals("llama", listed.getDetails().getFamily());
        var card = models.modelCard(TestServer.MODEL).content();
        assertEquals(512, card.getModelInfo().get("llama.context_length"));
        assertEquals(List.of("completion", "tools", "thinking"), card.getCapabilities());
        var running = models.runningModels().content().getFirst();
        assertEquals(TestServer.MODEL, running.getName());
        assertEquals(9999, running.getExpiresAt().getYear());
    }

    @Test
    void anUnknownModelIsNotFound() {
        assertThrows(ModelNotFoundException.class, () -> ask(chat().modelName("llama9")));
    }
}
