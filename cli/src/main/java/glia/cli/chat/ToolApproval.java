package glia.cli.chat;

import glia.cli.terminal.Console;
import glia.cli.terminal.VisibleText;
import glia.io.json.JsonText;
import glia.serve.mcp.ToolConversation;
import glia.text.template.ToolCall;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// Shows tool calls and asks the user whether they may run. Without a terminal calls run only if they were
/// approved beforehand.
final class ToolApproval implements ToolConversation.Approval {
    private static final int MOST_SHOWN = 500;

    private final Console console;
    private final Input input;
    private final boolean isApproved;
    private final boolean person;
    /// Tools whose further calls run without a question.
    private final Set<String> always = new HashSet<>();

    ToolApproval(Console console, Input input, boolean isApproved) {
        this.console = console;
        this.input = input;
        this.isApproved = isApproved;
        this.person = console.inIsTerminal() && console.outIsTerminal();
    }

    @Override
    public boolean approves(ToolCall call) {
        say("Tool call: " + call.name() + "(" + arguments(call.arguments()) + ")");
        if (isApproved || always.contains(call.name())) {
            return true;
        }
        if (!person) {
            say("Not run: there is no terminal to approve it; --mcp-approve approves all calls.");
            return false;
        }
        say("Run it? y: yes, a: always this tool, n: no (default)");
        input.endAnswer();
        String reply = input.next();
        input.beginAnswer(() -> { });
        String word = reply == null ? "" : reply.strip().toLowerCase(Locale.ROOT);
        if (word.equals("a") || word.equals("always")) {
            always.add(call.name());
        }
        return word.startsWith("y") || word.startsWith("a");
    }

    private static String arguments(Map<String, Object> arguments) {
        return cut(arguments.entrySet().stream().map(entry -> entry.getKey() + ": "
                + (entry.getValue() instanceof String text ? JsonText.quote(text) : entry.getValue()))
                .collect(Collectors.joining(", ")));
    }

    @Override
    public void result(ToolCall call, String result) {
        say("Result: " + cut(result));
    }

    private static String cut(String text) {
        return text.length() <= MOST_SHOWN ? text : text.substring(0, MOST_SHOWN) + "…";
    }

    /// Text of models and servers is shown without control characters.
    private void say(String text) {
        console.err().println(VisibleText.of(text));
    }
}
