package glia.text.tool;

import glia.io.json.JsonValues;
import java.util.List;
import java.util.Set;

/// Reads [ToolFormat.Objects]: JSON objects with the keys `name` and `arguments`, in any order.
final class ObjectReader implements CallReader {
    private static final Set<String> NAMES = Set.of("name", "tool_name");
    private static final Set<String> IDS = Set.of("id", "tool_call_id");
    private static final Set<String> ARGUMENTS = Set.of("arguments", "parameters");

    private enum State { START, FIRST_KEY, KEY, COLON, VALUE, SKIPPED, NESTED, AFTER_VALUE, AFTER_OBJECT }

    private final CallText text;
    private final CallOutput out;
    private final String end;
    /// The only names that are accepted; null accepts all.
    private final Set<String> tools;
    private final ArgumentsReader arguments;
    private State state = State.START;
    private boolean inArray;
    private boolean isArray;
    private boolean hasCalls;
    /// Whether name and arguments stand in an inner object, `function`.
    private boolean isNested;
    private String key = "";
    private String name = "";
    private String id = "";
    private boolean hasArguments;
    private JsonScanner skipped = new JsonScanner();

    /// @param end the marker after the objects; empty if there is none
    /// @param tools names of tools, where the object itself has to show that it is a call; else null
    ObjectReader(CallText text, CallOutput out, String end, Set<String> tools) {
        this.text = text;
        this.out = out;
        this.end = end;
        this.tools = tools;
        this.arguments = new ArgumentsReader(text);
    }

    @Override
    public boolean isGuess() {
        return tools != null && !out.isOpen();
    }

    @Override
    public boolean step() {
        if (state != State.SKIPPED && !arguments.isReading()) {
            text.skipBlanks();
        }
        switch (state) {
            case START -> start();
            case FIRST_KEY, KEY -> {
                if (text.peek() == '}' && state == State.FIRST_KEY) {
                    endObject();
                } else {
                    key = string();
                    if (tools != null && !isKnown(key)) {
                        throw text.unexpected("a key of a call");
                    }
                    state = State.COLON;
                }
            }
            case COLON -> {
                text.expect(":");
                state = State.VALUE;
            }
            case VALUE -> value();
            case SKIPPED -> {
                if (!skipped.scan(text, new StringBuilder())) {
                    throw CallReader.Incomplete.INSTANCE;
                }
                state = State.AFTER_VALUE;
            }
            case NESTED -> {
                text.expect("{");
                isNested = true;
                state = State.FIRST_KEY;
            }
            case AFTER_VALUE -> {
                if (text.skip(",")) {
                    state = State.KEY;
                } else if (text.peek() == '}') {
                    endObject();
                } else {
                    throw invalid("',' or '}'");
                }
            }
            case AFTER_OBJECT -> {
                return afterObject();
            }
        }
        return true;
    }

    private void start() {
        if (!inArray && text.skip("[")) {
            inArray = true;
        } else if (inArray && hasCalls && text.peek() == ']') {
            state = State.AFTER_OBJECT;
        } else if (text.skip("{")) {
            state = State.FIRST_KEY;
            name = "";
            id = "";
            hasArguments = false;
            isNested = false;
            arguments.reset();
        } else {
            throw invalid("a JSON object");
        }
    }

    private static boolean isKnown(String key) {
        return NAMES.contains(key) || IDS.contains(key) || ARGUMENTS.contains(key) || key.equals("type")
                || key.equals("function");
    }

    private void value() {
        if (NAMES.contains(key) || key.equals("function") && text.peek() == '"') {
            name = string();
            if (tools != null && !tools.contains(name)) {
                throw text.unexpected("the name of a tool");
            }
            state = State.AFTER_VALUE;
        } else if (IDS.contains(key) && text.peek() == '"') {
            id = string();
            if (out.isOpen()) {
                out.id(id);
            }
            state = State.AFTER_VALUE;
        } else if (ARGUMENTS.contains(key) && !hasArguments) {
            if (!name.isEmpty() && !out.isOpen()) {
                out.begin(id, name);
            }
            arguments.read(out.isOpen() ? out : null);
            hasArguments = true;
            state = State.AFTER_VALUE;
        } else if (key.equals("function") && !isNested) {
            state = State.NESTED;
        } else {
            skipped = new JsonScanner();
            state = State.SKIPPED;
        }
    }

    /// A short JSON string.
    private String string() {
        if (text.peek() != '"') {
            throw invalid("a string in quotes");
        }
        int at = text.at() + 1;
        while (at < text.length() && text.charAt(at) != '"') {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        if (at - text.at() > CallText.MAX_WORD) {
            throw invalid("a string of at most " + CallText.MAX_WORD + " characters");
        }
        if (at >= text.length()) {
            throw CallReader.Incomplete.INSTANCE;
        }
        StringBuilder copy = new StringBuilder();
        new JsonScanner().scan(text, copy);
        return (String) JsonValues.parse(copy.toString());
    }

    private CallReader.Malformed invalid(String expected) {
        return new CallReader.Malformed(ToolProblem.Kind.INVALID_JSON, text.unexpected(expected).getMessage());
    }

    private void endObject() {
        if (isNested) {
            text.move(1);
            isNested = false;
            state = State.AFTER_VALUE;
            return;
        }
        if (name.isEmpty()) {
            throw new CallReader.Malformed(ToolProblem.Kind.INVALID_NAME, "found an object without \"name\"");
        }
        if (!out.isOpen()) {
            out.begin(id, name);
            out.arguments(arguments.kept());
        }
        text.move(1);
        out.end();
        text.commit();
        hasCalls = true;
        state = State.AFTER_OBJECT;
    }

    private boolean afterObject() {
        if (inArray) {
            if (text.skip("]")) {
                inArray = false;
                isArray = true;
            } else if (text.skip(",")) {
                state = State.START;
            } else if (!text.isAtEnd()) {
                throw invalid("',' or ']'");
            } else {
                return false;
            }
            return true;
        }
        if (text.isAtEnd()) {
            return false;
        }
        if (end.isEmpty()) {
            // Llama may write several objects with ';' between.
            if (!isArray && (text.skip(";") || text.peek() == '{')) {
                state = State.START;
                return true;
            }
            return false;
        }
        if (text.peek() == '{') {
            state = State.START;
            return true;
        }
        if (!text.skipAny(List.of(end))) {
            throw text.unexpected(end);
        }
        text.commit();
        return false;
    }
}
