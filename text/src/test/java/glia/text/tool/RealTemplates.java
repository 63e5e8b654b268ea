package glia.text.tool;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.json.JsonTree;
import glia.jinja.value.TrustedText;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.ToolCall;
import glia.text.thinking.PromptState;
import glia.text.thinking.ThinkingFormat;
import glia.text.thinking.ThinkingSplitter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The templates of public models, which are not part of this project, and what they render of calls.
final class RealTemplates {
    private static final List<String> TURN_ENDS = List.of("<|im_end|>\n", "<|im_end|>", "<EOS>", "<|eot_id|>",
            "<|end_of_text|>\n", "[e~[\n", "<｜end▁of▁sentence｜>", "<|tool_response>", "<turn|>\n");

    private RealTemplates() { }

    static ChatTemplate template(String name) throws IOException {
        String shared = System.getenv("GLIA_SHARED");
        assumeTrue(shared != null, "GLIA_SHARED names no folder with templates/");
        return ChatTemplate.parse(name, Files.readString(Path.of(shared, "templates", name + ".jinja")));
    }

    static Map<String, Object> ordered(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    static Map<String, Object> tool(String name, Map<String, Object> properties) {
        return ordered("type", "function", "function", ordered("name", name, "description", "Does " + name + ".",
                "parameters", ordered("type", "object", "properties", properties, "required", List.of())));
    }

    /// What a model would have to generate for a turn, after its prompt.
    record Turn(PromptState state, String text) { }

    static Turn turn(ChatTemplate template, List<Map<String, Object>> tools, List<ToolCall> calls, String content,
            String reasoning) {
        Optional<ThinkingFormat> thinking = ThinkingFormat.of(template.source());
        ChatMessage message = message(template, calls, content, reasoning);
        RenderOptions options = RenderOptions.PROMPT.withToken("bos_token", "<BOS>").withToken("eos_token", "<EOS>")
                .withTools(tools);
        ChatMessage user = ChatMessage.user("Weather?");
        String prompt = template.render(List.of(user), options);
        String whole = template.render(List.of(user, message), new RenderOptions(false, tools, options.variables()));
        // The prompt may open the thinking where the turn has none: both begin with '<'.
        while (!whole.startsWith(prompt) || prompt.endsWith("<") || prompt.endsWith("<|")) {
            prompt = prompt.substring(0, prompt.length() - 1);
        }
        assertTrue(prompt.contains("Weather?"), "the turn does not follow its prompt");
        String text = whole.substring(prompt.length());
        for (String end : TURN_ENDS) {
            text = text.endsWith(end) ? text.substring(0, text.length() - end.length()) : text;
        }
        TrustedText start = TrustedText.of(prompt);
        return new Turn(thinking.map(format -> format.state(start)).orElse(PromptState.CLOSED), text);
    }

    /// What is read of a turn that comes in pieces.
    ///
    /// @param thought receives the thinking
    static Calls read(ChatTemplate template, List<Map<String, Object>> tools, PromptState state, List<String> pieces,
            StringBuilder thought) {
        Optional<ThinkingFormat> thinking = ThinkingFormat.of(template.source());
        Calls calls = new Calls();
        ToolCallParser parser = new ToolCallParser(ToolFormat.of(template.source()).orElseThrow(), tools, calls);
        if (thinking.isEmpty()) {
            pieces.forEach(parser::accept);
        } else {
            ThinkingSplitter splitter = new ThinkingSplitter(thinking.get(), state, new ThinkingSplitter.Receiver() {
                @Override
                public void thinking(String piece) {
                    thought.append(piece);
                }

                @Override
                public void answer(String piece) {
                    parser.accept(piece);
                }
            });
            pieces.forEach(splitter::accept);
            splitter.finish();
        }
        parser.finish();
        return calls;
    }

    private static ChatMessage message(ChatTemplate template, List<ToolCall> calls, String content, String reasoning) {
        if (template.name().contains("R1")) {
            // This template joins the arguments to its text, and takes a message with calls for one without content.
            List<Object> texts = new ArrayList<>();
            calls.forEach(call -> texts.add(Map.of("type", "function", "function", Map.of("name", call.name(),
                    "arguments", JsonTree.of(call.arguments()).toString()))));
            return new ChatMessage("assistant", "", List.of(), "", ordered("content", null, "tool_calls", texts));
        }
        return new ChatMessage("assistant", content, calls, reasoning, Map.of());
    }
}
