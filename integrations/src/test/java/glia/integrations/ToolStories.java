package glia.integrations;

import glia.engine.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The story model with a chat template that has tools. Its answers are not sensible.
public final class ToolStories {
    private static final String TEMPLATE = """
            {%- for tool in tools or [] %}{{ tool.function.name }}: {{ tool.function.description }}
            <tool_call>{"name": , "arguments": }</tool_call>
            {% endfor -%}
            {%- for message in messages -%}
            {{ message.role }}: {{ message.content }}
            {%- for call in message.tool_calls or [] -%}
            <tool_call>{"name": "{{ call.function.name }}", "arguments": {{- call.function.arguments | tojson -}}
            }</tool_call>
            {%- endfor %}
            {% endfor -%}
            {%- if add_generation_prompt %}assistant: {% endif -%}
            """;

    private ToolStories() { }

    /// Loads the model.
    ///
    /// @param folder where its files are copied to
    public static LanguageModel load(Path folder) throws IOException {
        try (LanguageModel plain = LanguageModel.load("stories260K")) {
            for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
                Files.copy(plain.path().resolve(name), folder.resolve(name));
            }
        }
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
        return LanguageModel.load(folder);
    }
}
