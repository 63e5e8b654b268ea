package glia.cli.chat;

import glia.cli.terminal.Console;
import glia.cli.terminal.VisibleText;
import glia.io.json.JsonTree.JsonText;
import glia.serve.mcp.ToolConversation;
import glia.text.template.ToolCall;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Shows tool calls and asks the user whether they may run. Without a terminal calls run only if they were
/// approved beforehand.
public final class ToolApproval implements ToolConversation.Approval {
    private static final int MOST_SHOWN = 500;

    private final Console console;
    private final boolean isApproved;
    private final boolean person;
    private final Supplier<String> reply;
    /// Tools whose further calls run without a question.
    private final Set<String> always = new HashSet<>();

    /// @param isApproved whether all calls run without a question
    /// @param person whether there is a terminal
    /// @param reply reads the answer to a question; null at the end of the input
    ToolApproval(Console console, boolean isApproved, boolean person, Supplier<String> reply) {
        this.console = console;
        this.isApproved = isApproved;
        this.person = person;
        this.reply = reply;
    }

    /// In a chat, where questions are answered as messages are entered.
    static ToolApproval inChat(Console console, Input input, boolean isApproved) {
        return new ToolApproval(console, isApproved, console.inIsTerminal() && console.outIsTerminal(), () -> {
            input.endAnswer();
            String line = input.next();
            input.beginAnswer(() -> { });
            return line;
        });
    }

    /// Beside a server, where questions are answered by a line of standard input.
    public static ToolApproval ofServer(Console console, boolean isApproved) {
        BufferedReader in = new BufferedReader(new InputStreamReader(console.in(), StandardCharsets.UTF_8));
        return new ToolApproval(console, isApproved, console.inIsTerminal() && console.errIsTerminal(), () -> {
            try {
                return in.readLine();
            } catch (IOException e) {
                return null;
            }
        });
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
        String line = reply.get();
        String word = line == null ? "" : line.strip().toLowerCase(Locale.ROOT);
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
