package glia.integrations.langchain4j;

import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.common.AbstractChatModelIT;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import glia.integrations.SmolLm2;
import java.util.List;

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
    protected boolean supportsJsonResponseFormat() {
        return false;
    }

    @Override
    protected boolean supportsJsonResponseFormatWithSchema() {
        return false;
    }

    @Override
    protected boolean supportsJsonResponseFormatWithRawSchema() {
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
}
