package glia.integrations.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import glia.integrations.SmolLm2;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// LangChain4j's own tests of chat models.
class LangChainChatModelTest extends AbstractChatModelIT {
    @Override
    protected List<ChatModel> models() {
        return List.of(createModelWith(ChatRequestParameters.builder().build()));
    }

    @Override
    protected ChatModel createModelWith(ChatRequestParameters parameters) {
        return GliaChatModel.of(SmolLm2.model(), TestSettings.of(parameters));
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
    protected void should_fail_if_tools_are_not_supported(ChatModel model) {
        // They are.
    }

    @Override
    protected void should_fail_if_tool_choice_REQUIRED_is_not_supported(ChatModel model) {
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

    /// SmolLM2 is too small for the answers that these two tests expect, so they are compared with the engine's own.
    @Override
    @ParameterizedTest
    @MethodSource("models")
    protected void should_respect_system_message(ChatModel model) {
        TestSettings.assertAnswersAsTheEngine(request -> chat(model, request).chatResponse(),
                SystemMessage.from("Answer in one word."), UserMessage.from("What is the capital of Germany?"));
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    protected void should_respect_JSON_response_format(ChatModel model) {
        TestSettings.assertAnswersWithAnObject(request -> chat(model, request).chatResponse());
    }

    @Override
    @ParameterizedTest
    @MethodSource("models")
    protected void should_respect_multiple_messages(ChatModel model) {
        TestSettings.assertAnswersAsTheEngine(request -> chat(model, request).chatResponse(),
                UserMessage.from("Hi, my favorite color is green"), AiMessage.from("Hi, nice to meet you"),
                UserMessage.from("What is my favorite color?"));
    }
}
