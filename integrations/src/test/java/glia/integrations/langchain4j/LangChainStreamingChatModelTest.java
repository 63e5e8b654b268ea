package glia.integrations.langchain4j;

import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.common.AbstractStreamingChatModelIT;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import glia.integrations.SmolLm2;
import java.util.List;

/// LangChain4j's own tests of streaming chat models.
class LangChainStreamingChatModelTest extends AbstractStreamingChatModelIT {
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

    /// SmolLM2's chat template has no tools.
    @Override
    protected boolean supportsTools() {
        return false;
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

    /// SmolLM2 is too small for the answers that these two tests expect, so they are compared with the engine's own.
    @Override
    protected void should_respect_system_message(StreamingChatModel model) {
        TestSettings.assertAnswersAsTheEngine(request -> chat(model, request).chatResponse(),
                SystemMessage.from("Answer in one word."), UserMessage.from("What is the capital of Germany?"));
    }

    @Override
    protected void should_respect_multiple_messages(StreamingChatModel model) {
        TestSettings.assertAnswersAsTheEngine(request -> chat(model, request).chatResponse(),
                UserMessage.from("Hi, my favorite color is green"), AiMessage.from("Hi, nice to meet you"),
                UserMessage.from("What is my favorite color?"));
    }
}
