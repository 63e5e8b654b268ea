package glia.serve.chat;

import glia.engine.LanguageModel;
import glia.serve.request.ServeException;
import glia.text.tool.ToolFormat;
import glia.text.tool.ToolTemplate;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The tools of an answer and the syntax of their calls.
///
/// @param format the syntax of the model's family
/// @param tools as templates read them
/// @param choice how they may be used
record AnswerTools(ToolFormat format, List<Map<String, Object>> tools, ToolChoice choice) {
    /// The tools of a call; empty if it has none.
    ///
    /// @throws ServeException if the model has no chat template
    static Optional<AnswerTools> of(LanguageModel model, GenerationCall call) {
        if (!(call.prompt() instanceof Prompt.Conversation conversation) || conversation.tools().isEmpty()) {
            return Optional.empty();
        }
        ToolFormat format = model.tools().map(ToolTemplate::format)
                .orElseThrow(() -> ServeException.badField("tools", "the model has no chat template, so it takes no "
                        + "tools; use another model"));
        return Optional.of(new AnswerTools(format, conversation.tools(), call.toolChoice()));
    }

    /// The tools that may be called: one if it is named.
    List<Map<String, Object>> callable() {
        return choice.name().isEmpty() ? tools
                : tools.stream().filter(tool -> choice.name().get().equals(name(tool))).toList();
    }

    private static Object name(Map<String, Object> tool) {
        return tool.get("function") instanceof Map<?, ?> function ? function.get("name") : tool.get("name");
    }
}
