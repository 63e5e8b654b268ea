package glia.text.tool;

import glia.io.json.JsonTree;
import glia.io.json.JsonValues;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads [ToolFormat.Functions]: calls in Python's syntax, `[f(a=1, b='x'), g()]`, all at once at the end.
final class FunctionReader implements CallReader {
    private static final String METHOD = ".call";

    private final CallText text;
    private final CallOutput out;
    private final String end;
    private int searched;

    /// @param end the marker after the calls; empty if they go on to the end of the text
    FunctionReader(CallText text, CallOutput out, String end) {
        this.text = text;
        this.out = out;
        this.end = end;
        this.searched = text.at();
    }

    private record Call(String name, Map<String, Object> arguments) { }

    @Override
    public boolean step() {
        int position = end.isEmpty() ? -1 : text.indexOf(end, searched);
        searched = Math.max(text.at(), text.length() - end.length());
        boolean isFound = position >= 0;
        if (!isFound && !text.isFinal()) {
            throw CallReader.Incomplete.INSTANCE;
        }
        String source = text.substring(text.at(), isFound ? position : text.length());
        List<Call> calls;
        PythonLiteral literal = new PythonLiteral(source);
        try {
            calls = calls(literal);
        } catch (CallReader.Malformed e) {
            if (isFound && literal.isWithinString() && text.indexOf(end, position + end.length()) >= 0) {
                // The marker is part of a string.
                searched = position + end.length();
                return true;
            }
            boolean mayGoOn = isFound && literal.isWithinString() && !text.isFinal();
            throw mayGoOn || !isFound && !end.isEmpty() ? CallReader.Incomplete.INSTANCE : e;
        }
        text.move(source.length() + (isFound ? end.length() : 0));
        for (Call call : calls) {
            out.begin("", call.name());
            out.arguments(JsonTree.of(JsonValues.object(call.arguments())).toString());
            out.end();
        }
        text.commit();
        return false;
    }

    private static List<Call> calls(PythonLiteral source) {
        List<Call> calls = new ArrayList<>();
        boolean inList = source.skip('[');
        while (source.peek() != 0 && source.peek() != ']') {
            calls.add(call(source));
            if (!source.skip(',')) {
                source.skip(';');
            }
        }
        if (inList) {
            source.expect(']');
        }
        if (calls.isEmpty() || source.peek() != 0) {
            throw source.unexpected(calls.isEmpty() ? "a call" : "the end");
        }
        return calls;
    }

    private static Call call(PythonLiteral source) {
        String name = source.name();
        source.expect('(');
        Map<String, Object> arguments = new LinkedHashMap<>();
        while (!source.skip(')')) {
            String key = source.name();
            source.expect('=');
            arguments.put(key, source.value());
            if (!source.skip(',')) {
                source.expect(')');
                break;
            }
        }
        // Llama's built-in tools: `brave_search.call(query="…")`.
        return new Call(name.endsWith(METHOD) ? name.substring(0, name.length() - METHOD.length()) : name, arguments);
    }
}
