package glia.text.template;

import glia.jinja.value.TrustedText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The variables of a template besides the messages.
///
/// @param addGenerationPrompt whether to end the text with the generation prompt, the beginning of the assistant's turn
/// @param tools JSON schemas of the tools that the model may call
/// @param variables further variables: `bos_token` and `eos_token`, which most templates need (`withToken`), and the
///        variables of the model's template, such as `enable_thinking`; strings among them are not trusted
public record RenderOptions(boolean addGenerationPrompt, List<Map<String, Object>> tools,
        Map<String, Object> variables) {
    /// A generation prompt, without tools and further variables.
    public static final RenderOptions PROMPT = new RenderOptions(true, List.of(), Map.of());

    /// Copies the arguments.
    public RenderOptions {
        tools = List.copyOf(tools);
        variables = new LinkedHashMap<>(variables);
    }

    /// The same with another variable.
    public RenderOptions with(String name, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(variables);
        more.put(name, value);
        return new RenderOptions(addGenerationPrompt, tools, more);
    }

    /// The same with a special token of the tokenizer, such as `bos_token`: its text is trusted.
    public RenderOptions withToken(String name, String text) {
        return with(name, TrustedText.of(text));
    }

    /// The same with these tools.
    public RenderOptions withTools(List<Map<String, Object>> schemas) {
        return new RenderOptions(addGenerationPrompt, schemas, variables);
    }

    /// All variables for these messages.
    Map<String, Object> variables(List<ChatMessage> messages) {
        List<Object> seen = new ArrayList<>();
        for (ChatMessage message : messages) {
            seen.add(message.variables());
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("messages", seen);
        all.put("tools", tools.isEmpty() ? null : tools);
        all.put("documents", null);
        all.put("add_generation_prompt", addGenerationPrompt);
        all.putAll(variables);
        return all;
    }
}
