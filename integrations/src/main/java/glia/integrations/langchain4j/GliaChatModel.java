package glia.integrations.langchain4j;

import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import glia.engine.LanguageModel;
import java.util.List;
import java.util.Set;

/// A model of the engine, in the same process, as LangChain4j's [ChatModel]. For any threads.
///
/// ```java
/// try (LanguageModel model = LanguageModel.load("HuggingFaceTB/SmolLM2-135M-Instruct")) {
///     String answer = GliaChatModel.of(model).chat("Why is the sky blue?");
/// }
/// ```
public final class GliaChatModel implements ChatModel {
    private final LangChainCalls calls;
    private final GliaStreamingChatModel.ModelSettings settings;

    private GliaChatModel(LanguageModel model, GliaStreamingChatModel.ModelSettings settings) {
        this.calls = new LangChainCalls(model, settings.name(), settings.returnsThinking());
        this.settings = settings;
    }

    /// A chat model with the usual settings. The caller closes `model`.
    public static GliaChatModel of(LanguageModel model) {
        return of(model, GliaStreamingChatModel.ModelSettings.defaults());
    }

    /// A chat model with settings. The caller closes `model`.
    public static GliaChatModel of(LanguageModel model, GliaStreamingChatModel.ModelSettings settings) {
        return new GliaChatModel(model, settings);
    }

    @Override
    public ChatResponse doChat(ChatRequest request) {
        return calls.run(calls.prepare(request), _ -> { }, () -> !Thread.currentThread().isInterrupted())
                .orElseThrow(() -> new IllegalStateException("the thread was interrupted"));
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return settings.parameters();
    }

    @Override
    public List<ChatModelListener> listeners() {
        return settings.listeners();
    }

    /// Answers in JSON follow their schema: it is enforced token by token.
    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }
}
