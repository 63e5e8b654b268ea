package glia.integrations.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.internal.Json;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.response.ChatResponse;
import glia.engine.Chat;
import glia.engine.GenerationOptions;
import glia.integrations.SmolLm2;
import glia.integrations.langchain4j.GliaStreamingChatModel.ModelSettings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Settings with which the models of tests answer the same at each run.
final class TestSettings {
    static final String NAME = "SmolLM2";
    private static final int TOKENS = 40;

    private TestSettings() { }

    static ModelSettings of(ChatRequestParameters parameters) {
        ChatRequestParameters greedy =
                ChatRequestParameters.builder().temperature(0.0).maxOutputTokens(TOKENS).build();
        return ModelSettings.defaults().withName(NAME).withParameters(greedy.overrideWith(parameters));
    }

    /// Checks that an answer in JSON is an object: which one the small model chooses does not matter.
    static void assertAnswersWithAnObject(Function<ChatRequest, ChatResponse> model) {
        String text = model.apply(ChatRequest.builder().messages(UserMessage.from("What is the capital of Germany? "
                + "Answer with a JSON object containing a single 'city' field")).responseFormat(ResponseFormat.JSON)
                .build()).aiMessage().text();
        assertInstanceOf(Map.class, Json.fromJson(text, Map.class), text);
    }

    /// Compares an answer with that of the engine's chat to the same messages.
    static void assertAnswersAsTheEngine(Function<ChatRequest, ChatResponse> model, ChatMessage... messages) {
        List<glia.text.template.ChatMessage> own = new ArrayList<>();
        for (ChatMessage message : messages) {
            own.add(switch (message) {
                case SystemMessage system -> glia.text.template.ChatMessage.system(system.text());
                case AiMessage answer -> glia.text.template.ChatMessage.assistant(answer.text());
                default -> glia.text.template.ChatMessage.user(((UserMessage) message).singleText());
            });
        }
        try (Chat chat = SmolLm2.model().chat()) {
            GenerationOptions options = SmolLm2.model().options();
            chat.options(options.withSampling(options.sampling().withTemperature(0)).withMaxTokens(TOKENS));
            chat.restore(own);
            String expected = chat.regenerate(_ -> { }).text();
            ChatResponse response = model.apply(ChatRequest.builder().messages(messages).build());
            assertEquals(expected, response.aiMessage().text());
        }
    }
}
