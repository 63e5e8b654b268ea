package glia.integrations.langchain4j;

import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import java.util.List;

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
