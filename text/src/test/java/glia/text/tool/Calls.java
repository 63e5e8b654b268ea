package glia.text.tool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import glia.io.json.JsonValues;
import glia.text.template.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// What a parser makes of pieces. Checks that what is reported while a call comes agrees with the whole call.
final class Calls implements ToolCallParser.Receiver {
    final StringBuilder text = new StringBuilder();
    final List<ToolCall> calls = new ArrayList<>();
    final List<ToolProblem.Kind> problems = new ArrayList<>();
    private final StringBuilder arguments = new StringBuilder();
    private int open = -1;
    private int numBegun;
    private String name = "";
    private String id = "";

    static Calls of(ToolFormat format, List<Map<String, Object>> tools, List<String> pieces) {
        Calls calls = new Calls();
        ToolCallParser parser = new ToolCallParser(format, tools, calls);
        pieces.forEach(parser::accept);
        parser.finish();
        assertEquals(-1, calls.open, "a call without end");
        return calls;
    }

    /// The same result for one piece, for two with each cut, and for single characters.
    static Calls ofAllCuts(ToolFormat format, List<Map<String, Object>> tools, String text) {
        Calls whole = of(format, tools, List.of(text));
        for (int cut = 0; cut <= text.length(); cut++) {
            assertEquals(whole.toString(), of(format, tools, List.of(text.substring(0, cut), text.substring(cut)))
                    .toString(), () -> "cut within " + text);
        }
        assertEquals(whole.toString(), of(format, tools, text.chars().mapToObj(Character::toString).toList())
                .toString(), () -> "single characters of " + text);
        return whole;
    }

    @Override
    public void text(String piece) {
        assertFalse(piece.isEmpty(), "an empty piece of text");
        assertEquals(-1, open, "text within a call");
        text.append(piece);
    }

    @Override
    public void begin(int index, String callId, String callName) {
        assertEquals(-1, open, "a call within a call");
        assertEquals(numBegun++, index);
        open = index;
        name = callName;
        id = callId;
        arguments.setLength(0);
    }

    @Override
    public void arguments(int index, String piece) {
        assertEquals(open, index);
        arguments.append(piece);
    }

    @Override
    public void end(int index, ToolCall call) {
        assertEquals(open, index);
        assertEquals(name, call.name());
        assertEquals(JsonValues.parse(arguments.toString()), call.arguments());
        if (!id.isEmpty()) {
            assertEquals(id, call.id());
        }
        open = -1;
        calls.add(call);
    }

    @Override
    public void problem(ToolProblem problem) {
        assertEquals(open, problem.index());
        open = -1;
        problems.add(problem.kind());
        text.append(problem.text());
    }

    @Override
    public String toString() {
        return "[" + text + "]" + calls + problems;
    }
}
