package glia.serve;

import glia.engine.LanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A model that comes with the program, with a chat template that has tools. Its answers are not sensible, so tests
/// enforce them by grammars.
public final class ToolModel {
    /// The model's name in requests.
    public static final String NAME = "tools";

    private static final String TEMPLATE = """
            {%- if tools %}{% for tool in tools %}{{ tool.function.name }} {% endfor -%}
            <tool_call>{"name": , "arguments": }</tool_call>
            {% endif -%}
            {%- for message in messages -%}
            {{ message.role }}: {{ message.content }}
            {%- for call in message.tool_calls or [] -%}
            <tool_call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</tool_call>
            {%- endfor %}
            {% endfor -%}
            {%- if add_generation_prompt %}assistant: {% endif -%}
            """;

    private ToolModel() { }

    /// Loads the model.
    ///
    /// @param folder where its files are copied to
    public static LanguageModel load(Path folder) throws IOException {
        Path from;
        try (LanguageModel plain = LanguageModel.load("stories260K")) {
            from = plain.path();
        }
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(from.resolve(name), folder.resolve(name));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
        return LanguageModel.load(folder);
    }
}
