package glia.serve.anthropic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.OutputConfig;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.sampling.SamplingOptions;
import glia.engine.thinking.ThinkingOptions;
import glia.serve.TestServer;
import glia.text.thinking.Effort;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The Messages API with Anthropic's own client.
class AnthropicClientTest {
    private static final String QUESTION = "Solve x^2 - 5x + 6 = 0.";

    private static TestServer server;
    private static AnthropicClient client;

    @BeforeAll
    static void start() throws Exception {
        server = TestServer.start();
        client = AnthropicOkHttpClient.builder().baseUrl("http://127.0.0.1:" + server.server().port())
                .apiKey("any").maxRetries(0).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static MessageCreateParams.Builder question() {
        return MessageCreateParams.builder().model(TestServer.MODEL).maxTokens(300)
                .addUserMessage(QUESTION).putAdditionalBodyProperty("temperature", JsonValue.from(0));
    }

    @Test
    void answersAsTheModelInTheSameProcess() throws Exception {
        Message message = client.messages().create(question().enabledThinking(200).build()).validate();
        try (LanguageModel model = LanguageModel.load(TestServer.MODEL); var chat = model.chat()) {
            chat.options(GenerationOptions.defaults().withSampling(SamplingOptions.greedy()).withMaxTokens(300)
                    .withThinking(ThinkingOptions.of(Effort.HIGH).withBudget(200)));
            var answer = chat.stream(QUESTION, _ -> { });
            assertEquals(2, message.content().size());
            assertEquals(answer.thought().text(), message.content().get(0).asThinking().thinking());
            assertEquals(answer.text(), message.content().get(1).asText().text());
            assertEquals(answer.tokens(), message.usage().outputTokens());
            assertEquals(answer.promptTokens(),
                    message.usage().inputTokens() + message.usage().cacheReadInputTokens().orElseThrow());
        }
        assertEquals(StopReason.END_TURN, message.stopReason().orElseThrow());
        assertTrue(message.id().startsWith("msg_"));
    }

    @Test
    void doesNotThinkUnlessTheRequestSaysSo() {
        Message message = client.messages().create(question().build()).validate();
        assertEquals(List.of(true), message.content().stream().map(ContentBlock::isText).toList());
        Message low = client.messages().create(question()
                .outputConfig(OutputConfig.builder().effort(OutputConfig.Effort.LOW).build()).build());
        assertTrue(low.content().getFirst().isThinking());
    }

    @Test
    void aStreamHasTheSameMessageInEventsOfTheDocumentedOrder() {
        MessageCreateParams params = question().enabledThinking(200).build();
        Message whole = client.messages().create(params);
        MessageAccumulator accumulator = MessageAccumulator.create();
        List<RawMessageStreamEvent> events = new ArrayList<>();
        try (StreamResponse<RawMessageStreamEvent> stream = client.messages().createStreaming(params)) {
            stream.stream().peek(accumulator::accumulate).forEach(events::add);
        }
        Message streamed = accumulator.message();
        assertEquals(whole.content(), streamed.content());
        assertEquals(whole.stopReason(), streamed.stopReason());
        assertEquals(whole.usage().outputTokens(), streamed.usage().outputTokens());
        assertTrue(events.getFirst().isMessageStart());
        assertTrue(events.get(events.size() - 2).isMessageDelta());
        assertTrue(events.getLast().isMessageStop());
        int open = -1;
        for (RawMessageStreamEvent event : events) {
            if (event.isContentBlockStart()) {
                assertEquals(++open, event.asContentBlockStart().index());
            } else if (event.isContentBlockDelta()) {
                assertEquals(open, event.asContentBlockDelta().index());
            }
        }
        assertEquals(1, open);
    }

    @Test
    void thinkingBlocksComeBackUnchangedOrAreRefused() {
        Message first = client.messages().create(question().enabledThinking(100).build());
        MessageCreateParams.Builder next = MessageCreateParams.builder().model(TestServer.MODEL).maxTokens(20)
                .addUserMessage(QUESTION).addMessage(first).addUserMessage("2+2");
        assertFalse(client.messages().create(next.build()).content().isEmpty());
        var thought = first.content().getFirst().asThinking();
        Message changed = first.toBuilder().content(List.of(
                ContentBlock.ofThinking(thought.toBuilder().thinking(thought.thinking() + "!").build()))).build();
        BadRequestException refused = assertThrows(BadRequestException.class, () -> client.messages().create(
                MessageCreateParams.builder().model(TestServer.MODEL).maxTokens(20).addUserMessage(QUESTION)
                        .addMessage(changed).addUserMessage("2+2").build()));
        assertTrue(refused.getMessage().contains("messages[1].content[0].signature"), refused.getMessage());
    }

    @Test
    void stopSequencesAndTheMostTokensEndAnswers() {
        Message stopped = client.messages().create(question().addStopSequence("x").build());
        assertEquals(StopReason.STOP_SEQUENCE, stopped.stopReason().orElseThrow());
        assertEquals("x", stopped.stopSequence().orElseThrow());
        Message cut = client.messages().create(question().maxTokens(3).build());
        assertEquals(StopReason.MAX_TOKENS, cut.stopReason().orElseThrow());
        assertEquals(3, cut.usage().outputTokens());
    }

    @Test
    void continuesAnAnswerThatHasBegun() {
        String whole = client.messages().create(question().build()).content().getFirst().asText().text();
        String begun = whole.substring(0, 4);
        Message rest = client.messages().create(question().addAssistantMessage(begun).build());
        assertEquals(whole.substring(4), rest.content().getFirst().asText().text());
    }

    @Test
    void countsTheTokensOfThePrompt() {
        long counted = client.messages().countTokens(MessageCountTokensParams.builder().model(TestServer.MODEL)
                .addUserMessage(QUESTION).build()).inputTokens();
        Message message = client.messages().create(question().build());
        assertEquals(message.usage().inputTokens() + message.usage().cacheReadInputTokens().orElseThrow(), counted);
        long many = client.messages().countTokens(MessageCountTokensParams.builder().model(TestServer.MODEL)
                .addUserMessage("x".repeat(1000)).build()).inputTokens();
        assertTrue(many > 1000, "the context holds 512, found " + many);
    }

    @Test
    void errorsHaveAnthropicsForm() {
        NotFoundException unknown = assertThrows(NotFoundException.class,
                () -> client.messages().create(question().model("claude-9").build()));
        assertTrue(unknown.body().toString().contains("not_found_error"), unknown.body().toString());
        BadRequestException tooMuch = assertThrows(BadRequestException.class,
                () -> client.messages().create(question().enabledThinking(300).build()));
        assertTrue(tooMuch.getMessage().contains("thinking.budget_tokens"), tooMuch.getMessage());
        BadRequestException tooLong = assertThrows(BadRequestException.class,
                () -> client.messages().create(question().addUserMessage("x".repeat(1000)).build()));
        assertTrue(tooLong.body().toString().contains("invalid_request_error"), tooLong.body().toString());
    }
}
