package glia.integrations.langchain4j;

import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.PartialThinking;
import dev.langchain4j.model.chat.response.PartialThinkingContext;
import dev.langchain4j.model.chat.response.PartialToolCall;
import dev.langchain4j.model.chat.response.PartialToolCallContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import glia.engine.LanguageModel;
import glia.engine.answer.CollectedAnswer.Call;
import glia.integrations.EngineCalls.Pieces;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// A model of the engine, in the same process, as LangChain4j's [StreamingChatModel]. Each request runs on a virtual
/// thread of its own, on which its handler is called. For any threads.
public final class GliaStreamingChatModel implements StreamingChatModel {
    private final LangChainCalls calls;
    private final ModelSettings settings;

    private GliaStreamingChatModel(LanguageModel model, ModelSettings settings) {
        this.calls = new LangChainCalls(model, settings.name(), settings.returnsThinking());
        this.settings = settings;
    }

    /// A streaming chat model with the usual settings. The caller closes `model`.
    public static GliaStreamingChatModel of(LanguageModel model) {
        return of(model, ModelSettings.defaults());
    }

    /// A streaming chat model with settings. The caller closes `model`.
    public static GliaStreamingChatModel of(LanguageModel model, ModelSettings settings) {
        return new GliaStreamingChatModel(model, settings);
    }

    @Override
    public void doChat(ChatRequest request, StreamingChatResponseHandler handler) {
        LangChainCalls.Prepared prepared = calls.prepare(request);
        Thread.ofVirtual().name("glia-langchain4j").start(() -> answer(prepared, handler));
    }

    private void answer(LangChainCalls.Prepared request, StreamingChatResponseHandler handler) {
        Handle handle = new Handle();
        Optional<ChatResponse> response;
        try {
            response = calls.run(request, new Forwarded(handler, handle), () -> !handle.isCancelled());
        } catch (RuntimeException | Error e) {
            call(handler, () -> handler.onError(e));
            return;
        }
        response.ifPresent(whole -> call(handler, () -> handler.onCompleteResponse(whole)));
    }

    /// Calls a handler; what it throws goes to its `onError`, as LangChain4j wants it, and ends nothing else.
    private static void call(StreamingChatResponseHandler handler, Runnable method) {
        try {
            method.run();
        } catch (RuntimeException e) {
            try {
                handler.onError(e);
            } catch (RuntimeException again) {
                e.addSuppressed(again);
            }
        }
    }

    private final class Forwarded implements Pieces {
        private final StreamingChatResponseHandler handler;
        private final Handle handle;

        Forwarded(StreamingChatResponseHandler handler, Handle handle) {
            this.handler = handler;
            this.handle = handle;
        }

        @Override
        public void text(String piece) {
            call(handler, () -> handler.onPartialResponse(new PartialResponse(piece),
                    new PartialResponseContext(handle)));
        }

        @Override
        public void thinking(String piece) {
            if (calls.returnsThinking()) {
                call(handler, () -> handler.onPartialThinking(new PartialThinking(piece),
                        new PartialThinkingContext(handle)));
            }
        }

        @Override
        public void arguments(int index, Call begun, String piece) {
            PartialToolCall part = PartialToolCall.builder().index(index).id(begun.id()).name(begun.name())
                    .partialArguments(piece).build();
            call(handler, () -> handler.onPartialToolCall(part, new PartialToolCallContext(handle)));
        }

        @Override
        public void call(int index, Call whole) {
            GliaStreamingChatModel.call(handler, () -> handler.onCompleteToolCall(
                    new CompleteToolCall(index, LangChainCalls.request(whole))));
        }

        private void call(StreamingChatResponseHandler receiver, Runnable method) {
            GliaStreamingChatModel.call(receiver, method);
        }
    }

    private static final class Handle implements StreamingHandle {
        private volatile boolean isCancelled;

        @Override
        public void cancel() {
            isCancelled = true;
        }

        @Override
        public boolean isCancelled() {
            return isCancelled;
        }
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

    /// Settings of [GliaChatModel] and [GliaStreamingChatModel].
    ///
    /// @param name the model's name in responses; a request may name no other
    /// @param parameters those of requests that set none
    /// @param returnsThinking whether answers have their thinking
    /// @param listeners are called before and after each request
    public record ModelSettings(String name, ChatRequestParameters parameters, boolean returnsThinking,
            List<ChatModelListener> listeners) {
        /// Copies the listeners and puts the name into the parameters.
        ///
        /// @throws UnsupportedFeatureException if the parameters name another model
        public ModelSettings {
            if (parameters.modelName() != null && !parameters.modelName().equals(name)) {
                throw new UnsupportedFeatureException("'modelName' parameter is not supported: found '"
                        + parameters.modelName() + "', but this is the model '" + name + "'");
            }
            listeners = List.copyOf(listeners);
            parameters = ChatRequestParameters.builder().modelName(name).build().overrideWith(parameters);
        }

        /// The name `glia`, no parameters, no thinking, no listeners.
        public static ModelSettings defaults() {
            return new ModelSettings("glia", ChatRequestParameters.builder().build(), false, List.of());
        }

        public ModelSettings withName(String other) {
            return new ModelSettings(other,
                    parameters.overrideWith(ChatRequestParameters.builder().modelName(other).build()), returnsThinking,
                    listeners);
        }

        public ModelSettings withParameters(ChatRequestParameters other) {
            return new ModelSettings(name, other, returnsThinking, listeners);
        }

        /// With the thinking in answers and streams.
        public ModelSettings withThinking() {
            return new ModelSettings(name, parameters, true, listeners);
        }

        public ModelSettings withListeners(List<ChatModelListener> other) {
            return new ModelSettings(name, parameters, returnsThinking, other);
        }
    }
}
