package glia.serve;

import glia.engine.LanguageModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

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
            <tool_call>{"name": "{{ call.function.name }}", "arguments": {{- call.function.arguments | tojson -}}
            }</tool_call>
            {%- endfor %}
            {% endfor -%}
            {%- if add_generation_prompt %}assistant: {% endif -%}
            """;

    private static Map<String, Integer> withoutBlanks = Map.of();

    private ToolModel() { }

    /// The biases of logits that ban tokens that are blank, of which JSON may have any number.
    public static Map<String, Integer> withoutBlanks() {
        return withoutBlanks;
    }

    /// Loads the model.
    ///
    /// @param folder where its files are copied to
    public static LanguageModel load(Path folder) throws IOException {
        return load(folder, TEMPLATE);
    }

    /// The model with another chat template.
    public static LanguageModel load(Path folder, String template) throws IOException {
        Path from;
        try (LanguageModel plain = LanguageModel.load("stories260K")) {
            from = plain.path();
        }
        for (String name : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(from.resolve(name), folder.resolve(name));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), template);
        LanguageModel model = LanguageModel.load(folder);
        Map<String, Integer> biases = new TreeMap<>();
        for (int id = 0; id < model.tokenizer().vocabSize(); id++) {
            String text = new String(model.tokenizer().bytes(id), StandardCharsets.UTF_8);
            if (!text.isEmpty() && text.isBlank()) {
                biases.put(Integer.toString(id), -100);
            }
        }
        withoutBlanks = biases;
        return model;
    }
}
