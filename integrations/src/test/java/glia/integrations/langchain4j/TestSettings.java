package glia.integrations.langchain4j;

import dev.langchain4j.model.chat.request.ChatRequestParameters;

/// Settings with which the models of tests answer the same at each run.
final class TestSettings {
    static final String NAME = "SmolLM2";

    private TestSettings() { }

    static ModelSettings of(ChatRequestParameters parameters) {
        ChatRequestParameters greedy = ChatRequestParameters.builder().temperature(0.0).maxOutputTokens(60).build();
        return ModelSettings.defaults().withName(NAME).withParameters(greedy.overrideWith(parameters));
    }
}
