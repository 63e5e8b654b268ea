package glia.integrations.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.StreamingHandle;
import glia.integrations.SmolLm2;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// LangChain4j's own tests of streaming chat models.
class LangChainStreamingChatModelTest extends AbstractStreamingChatModelIT {
    private static final int SECONDS = 2;

    @Override
    protected List<StreamingChatModel> models() {
        return List.of(createModelWith(ChatRequestParameters.builder().build()));
    }

    @Override
    protected StreamingChatModel createModelWith(ChatRequestParameters parameters) {
        return GliaStreamingChatModel.of(SmolLm2.model(), TestSettings.of(parameters));
    }

    @Override
    public StreamingChatModel createModelWith(ChatModelListener listener) {
        return GliaStreamingChatModel.of(SmolLm2.model(), TestSettings.of(ChatRequestParameters.builder().build())
                .withListeners(List.of(listener)));
    }

    @Override
    protected String customModelName() {
        return TestSettings.NAME;
    }

    @Override
    protected ChatRequestParameters createIntegrationSpecificParameters(int maxOutputTokens) {
        return ChatRequestParameters.builder().maxOutputTokens(maxOutputTokens).build();
    }

    /// A model is one model.
    @Override
    protected boolean supportsModelNameParameter() {
        return false;
    }

    /// SmolLM2 has tools in the generic format, but is too small to call them as these tests expect.
    @Override
    protected boolean supportsTools() {
        return false;
    }

    @Override
    protected void should_fail_if_tools_are_not_supported(StreamingChatModel model) {
        // They are.
    }

    @Override
    protected void should_fail_if_tool_choice_REQUIRED_is_not_supported(StreamingChatModel model) {
        // It is.
    }

    @Override
    protected boolean supportsToolChoiceRequired() {
        return false;
    }

    @Override
    protected boolean supportsToolsAndJsonResponseFormatWithSchema() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsBase64EncodedString() {
        return false;
    }

    @Override
    protected boolean supportsSingleImageInputAsPublicURL() {
        return false;
    }

    /// LangChain4j's own test waits half a minute for a response that must not come; the next test waits less.
    /// [LangChainCancellationTest] runs both.
    @Override
    protected boolean supportsStreamingCancellation() {
        return false;
    }

    @Test
    void aCancelledAnswerEndsWithoutAResponse() {
        AtomicReference<StreamingHandle> cancelled = new AtomicReference<>();
        AtomicInteger parts = new AtomicInteger();
        var found = chat(models().getFirst(), ChatRequest.builder().messages(
                UserMessage.from("Tell me a long story about animals")).build(), handle -> {
                    if (parts.incrementAndGet() == 5) {
                        handle.cancel();
                        cancelled.set(handle);
                    }
                }, SECONDS, false);
        assertTrue(cancelled.get().isCancelled());
        assertEquals(0, SmolLm2.model().scheduler().load().numRunning());
        assertNull(found.chatResponse());
        assertEquals(5, found.streamingMetadata().timesOnPartialResponseWasCalled());
        assertEquals(0, found.streamingMetadata().timesOnCompleteResponseWasCalled());
    }

    /// SmolLM2 is too small for the answers that these two tests expect, so they are compared with the engine's own.
    @Override
    @ParameterizedTest
    @MethodSource("models")
    protected void should_respect_system_message(StreamingChatModel model) {
        TestSettings.assertAnswersAsTheEngine(request -> chat(model, request).chatResponse(),
                SystemMessage.from("Answer in one word."), UserMessage.from("What is the capital of Germany?"));
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    protected void should_respect_JSON_response_format(StreamingChatModel model) {
        TestSettings.assertAnswersWithAnObject(request -> chat(model, request).chatResponse());
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    protected void should_respect_multiple_messages(StreamingChatModel model) {
        TestSettings.assertAnswersAsTheEngine(request -> chat(model, request).chatResponse(),
                UserMessage.from("Hi, my favorite color is green"), AiMessage.from("Hi, nice to meet you"),
                UserMessage.from("What is my favorite color?"));
    }
}
