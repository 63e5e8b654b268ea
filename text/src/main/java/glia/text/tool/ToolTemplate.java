package glia.text.tool;

import glia.io.json.JsonTree;
import glia.text.template.ChatMessage;
import glia.text.template.ChatTemplate;
import glia.text.template.RenderOptions;
import glia.text.template.TemplateException;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// How a chat template takes tool calls: found by rendering a short conversation with a call and reading it again, so
/// it holds for templates of other models too. A template without tool calls gets them in [ToolFormat#GENERIC].
///
/// @param format the syntax
/// @param isRendered whether the template writes the calls of earlier turns in that syntax
/// @param isParallel whether it takes several calls in a message
/// @param hasTextArguments whether it takes arguments as JSON text only
/// @param hasNoContent whether it takes calls only where the content is none
/// @param hasSystem whether it takes a system prompt, which describes the tools of the generic format
public record ToolTemplate(ToolFormat format, boolean isRendered, boolean isParallel, boolean hasTextArguments,
        boolean hasNoContent, boolean hasSystem) {
    private static final String NAME = "probe_tool";
    private static final List<Map<String, Object>> TOOLS = List.of(Map.of("type", "function", "function", Map.of(
            "name", NAME, "description", "Probes.", "parameters", Map.of("type", "object", "properties",
                    Map.of("key", Map.of("type", "string", "description", "A key.")), "required", List.of("key")))));
    private static final int MISTRAL_ID = 9;

    /// Examines a template.
    ///
    /// @param options variables that the template needs, such as `bos_token`
    public static ToolTemplate of(ChatTemplate template, RenderOptions options) {
        Optional<ToolFormat> format = ToolFormat.of(template.source());
        if (format.isEmpty()) {
            return new ToolTemplate(ToolFormat.GENERIC, true, true, false, false, takesSystem(template, options));
        }
        for (boolean hasNoContent : List.of(false, true)) {
            for (boolean hasText : List.of(false, true)) {
                ToolTemplate found = new ToolTemplate(format.get(), true, true, hasText, hasNoContent, true);
                if (found.isRead(template, options, 1)) {
                    boolean isParallel = found.isRead(template, options, 2);
                    return new ToolTemplate(format.get(), true, isParallel, hasText, hasNoContent, true);
                }
            }
        }
        return new ToolTemplate(format.get(), false, true, false, false, true);
    }

    private static boolean takesSystem(ChatTemplate template, RenderOptions options) {
        try {
            return template.render(List.of(ChatMessage.system(NAME), ChatMessage.user("Probe?")), options)
                    .contains(NAME);
        } catch (TemplateException e) {
            return false;
        }
    }

    /// Whether calls that the template renders are read as they were.
    private boolean isRead(ChatTemplate template, RenderOptions options, int numCalls) {
        List<ToolCall> calls = new ArrayList<>();
        for (int i = 0; i < numCalls; i++) {
            calls.add(new ToolCall("probe000" + i, NAME, Map.of("key", "probe value " + i)));
        }
        ChatMessage question = ChatMessage.user("Probe?");
        ChatMessage message = adapted(new ChatMessage("assistant", "", calls, "", Map.of()));
        RenderOptions finished = new RenderOptions(false, TOOLS, options.variables());
        List<Object> read = new ArrayList<>();
        try {
            String before = template.render(List.of(question), finished);
            String text = template.render(List.of(question, message), finished);
            int from = 0;
            while (from < Math.min(before.length(), text.length()) && before.charAt(from) == text.charAt(from)) {
                from++;
            }
            read(text.substring(turn(text, from)), read);
        } catch (TemplateException e) {
            return false;
        }
        return read.equals(calls.stream().map(call -> List.of(call.name(), call.arguments())).toList());
    }

    /// Where the calls begin: at a marker, or, where there is none, after the header of the turn.
    private int turn(String text, int from) {
        int first = format.openers().stream()
                .mapToInt(opener -> text.indexOf(opener, Math.max(0, from - opener.length())))
                .filter(at -> at >= 0).min().orElse(-1);
        return first >= 0 ? first : Math.max(from, text.indexOf("{\"name\"", from));
    }

    private void read(String turn, List<Object> calls) {
        ToolCallParser parser = new ToolCallParser(format, TOOLS, new ToolCallParser.Receiver() {
            @Override
            public void text(String piece) { }

            @Override
            public void begin(int index, String id, String name) { }

            @Override
            public void arguments(int index, String piece) { }

            @Override
            public void end(int index, ToolCall call) {
                calls.add(List.of(call.name(), call.arguments()));
            }
        });
        parser.accept(turn);
        parser.finish();
    }

    /// The conversation in the form that the template takes.
    ///
    /// @param tools those that may be called, as templates read them
    public List<ChatMessage> adapted(List<ChatMessage> messages, List<Map<String, Object>> tools) {
        return format.equals(ToolFormat.GENERIC) ? GenericTools.adapted(messages, tools, hasSystem)
                : messages.stream().map(this::adapted).toList();
    }

    private ChatMessage adapted(ChatMessage message) {
        Map<String, Object> extra = new LinkedHashMap<>(message.extra());
        if (extra.get("tool_call_id") instanceof String id) {
            extra.put("tool_call_id", id(id));
        }
        List<ToolCall> calls = message.toolCalls().stream()
                .map(call -> new ToolCall(id(call.id()), call.name(), call.arguments())).toList();
        if (hasNoContent && !calls.isEmpty() && message.content().isBlank()) {
            extra.put("content", null);
        }
        if (hasTextArguments && !calls.isEmpty()) {
            extra.put("tool_calls", calls.stream().map(ToolTemplate::withText).toList());
        }
        return new ChatMessage(message.role(), message.content(), calls, message.reasoning(), extra);
    }

    private static Map<String, Object> withText(ToolCall call) {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", call.name());
        function.put("arguments", JsonTree.of(call.arguments()).toString());
        return Map.of("id", call.id(), "type", "function", "function", function);
    }

    /// Mistral's templates refuse ids that are not nine letters and digits: others are replaced, the same by the same.
    private String id(String id) {
        boolean isMistral = format instanceof ToolFormat.Named named && named.isMistral();
        if (!isMistral || id.isEmpty() || id.matches("[A-Za-z0-9]{9}")) {
            return id;
        }
        long hash = 0xcbf29ce484222325L;
        for (int i = 0; i < id.length(); i++) {
            hash = (hash ^ id.charAt(i)) * 0x100000001b3L;
        }
        String digits = Long.toUnsignedString(hash, Character.MAX_RADIX);
        return "0".repeat(Math.max(0, MISTRAL_ID - digits.length()))
                + digits.substring(Math.max(0, digits.length() - MISTRAL_ID));
    }

    /// Conversations with tools for chat templates that have none: the system prompt describes the tools, calls are in
    /// [ToolFormat#GENERIC], results are messages of the user.
    static final class GenericTools {
        private static final String PROMPT = """
                You can call tools. To call one, write its name and arguments as JSON, in this form and without \
                other text:
                <tool_call>
                {"name": "the name of the tool", "arguments": {"a parameter": "its value"}}
                </tool_call>
                You get the result between <tool_response> and </tool_response>, and answer the user with it. The \
                tools, one in each line, with JSON schemas of their parameters:
                """;

        private GenericTools() { }

        /// A conversation of system, user and assistant alone.
        ///
        /// @param hasSystem whether the template takes a system prompt; if not, the first message begins with it
        static List<ChatMessage> adapted(List<ChatMessage> messages, List<Map<String, Object>> tools,
                boolean hasSystem) {
            List<ChatMessage> adapted = new ArrayList<>();
            boolean isAfterResult = false;
            for (ChatMessage message : messages) {
                boolean isResult = message.role().equals("tool");
                ChatMessage next = isResult ? result(message) : message.toolCalls().isEmpty() ? message
                        : calls(message);
                if (isAfterResult && next.role().equals("user")) {
                    // Many templates want messages of user and assistant in turn.
                    next = withText(next, adapted.removeLast().content() + "\n" + next.content());
                }
                adapted.add(next);
                isAfterResult = isResult;
            }
            if (tools.isEmpty()) {
                return adapted;
            }
            String prompt = PROMPT + tools.stream().map(tool -> JsonTree.of(tool.getOrDefault("function", tool))
                    .toString())
                    .collect(Collectors.joining("\n"));
            if (adapted.getFirst().role().equals("system") || !hasSystem) {
                ChatMessage first = adapted.getFirst();
                adapted.set(0, withText(first, first.role().equals("system") ? first.content() + "\n\n" + prompt
                        : prompt + "\n\n" + first.content()));
            } else {
                adapted.addFirst(ChatMessage.system(prompt));
            }
            return adapted;
        }

        private static ChatMessage withText(ChatMessage message, String text) {
            Map<String, Object> extra = new LinkedHashMap<>(message.extra());
            extra.remove("content");
            return new ChatMessage(message.role(), text, List.of(), message.reasoning(), extra);
        }

        private static ChatMessage result(ChatMessage message) {
            return ChatMessage.user("<tool_response>\n" + message.content() + "\n</tool_response>");
        }

        private static ChatMessage calls(ChatMessage message) {
            String calls = message.toolCalls().stream().map(GenericTools::text).collect(Collectors.joining("\n"));
            return withText(message, message.content().isBlank() ? calls : message.content() + "\n" + calls);
        }

        private static String text(ToolCall call) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("name", call.name());
            object.put("arguments", call.arguments());
            return "<tool_call>\n" + JsonTree.of(object) + "\n</tool_call>";
        }
    }
}
