package glia.text.tool;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads [ToolFormat.Named]: a name, then the arguments in JSON.
final class NamedReader implements CallReader {
    private static final Pattern NUMBERED = Pattern.compile("(?:functions\\.)?(.+?)(?::[0-9]+)?");
    private static final String FENCE = "```";
    private static final int MAX_WORD = CallText.MAX_WORD;

    private enum State { SECTION, NAME, ID, FENCED_NAME, FENCE, LANGUAGE, ARGUMENTS, CLOSE, AFTER, OBJECTS }

    private final CallText text;
    private final CallOutput out;
    private final ToolFormat.Named format;
    private final ArgumentsReader arguments;
    private State state = State.SECTION;
    private CallReader objects;
    private String name = "";
    private int numCalls;

    NamedReader(CallText text, CallOutput out, ToolFormat.Named format, boolean isSection) {
        this.text = text;
        this.out = out;
        this.format = format;
        this.arguments = new ArgumentsReader(text);
        if (!isSection) {
            state = State.NAME;
        }
    }

    @Override
    public boolean step() {
        switch (state) {
            case SECTION -> {
                text.skipBlanks();
                if (numCalls > 0 && (text.isAtEnd() || text.skip(format.sectionEnd()))) {
                    text.commit();
                    return false;
                }
                if (!text.skip(format.begin())) {
                    if (numCalls > 0) {
                        return false;
                    }
                    throw text.unexpected(format.begin());
                }
                state = State.NAME;
            }
            case NAME -> name();
            case ID -> {
                String id = text.until(List.of(format.arguments())).strip();
                text.expect(format.arguments());
                begin(id, name);
            }
            case FENCED_NAME -> {
                text.skipBlanks();
                if (text.peek() == '{' || text.has(format.end())) {
                    begin("", name);
                } else {
                    // DeepSeek V3 and R1: the type, a line with the name, and the arguments in a block of Markdown.
                    name = text.until(List.of("\n")).strip();
                    begin("", name);
                    state = State.FENCE;
                }
            }
            case FENCE -> {
                text.skipBlanks();
                state = text.skip(FENCE) ? State.LANGUAGE : State.ARGUMENTS;
            }
            case LANGUAGE -> {
                text.skip("json");
                state = State.ARGUMENTS;
            }
            case ARGUMENTS -> arguments();
            case CLOSE -> {
                text.skipBlanks();
                if (text.isAtEnd() || format.end().isEmpty()) {
                    state = State.AFTER;
                } else {
                    text.skip(FENCE);
                    text.skipBlanks();
                    text.expect(format.end());
                    text.commit();
                    state = State.AFTER;
                }
            }
            case AFTER -> {
                state = State.SECTION;
                return !format.section().isEmpty();
            }
            case OBJECTS -> {
                return objects.step();
            }
        }
        return true;
    }

    private void name() {
        if (format.isMistral()) {
            text.skipBlanks();
            if (text.peek() == '[' || text.peek() == '{') {
                objects = new ObjectReader(text, out, "", null);
                state = State.OBJECTS;
                return;
            }
            name = text.until(List.of(format.id(), format.arguments(), "{")).strip();
            if (text.skip(format.id())) {
                state = State.ID;
                return;
            }
            text.skip(format.arguments());
            begin("", name);
            return;
        }
        name = text.until(List.of(format.arguments())).strip();
        text.expect(format.arguments());
        if (format.isNumbered()) {
            Matcher matcher = NUMBERED.matcher(name);
            begin(name, matcher.matches() ? matcher.group(1) : name);
        } else {
            state = State.FENCED_NAME;
        }
    }

    private void begin(String id, String callName) {
        out.begin(id.length() > MAX_WORD ? "" : id, callName);
        arguments.reset();
        state = State.ARGUMENTS;
    }

    private void arguments() {
        if (!arguments.isReading()) {
            text.skipBlanks();
            // A call without arguments.
            if (!format.end().isEmpty() && text.has(format.end())) {
                endCall();
                return;
            }
        }
        arguments.read(out);
        endCall();
    }

    private void endCall() {
        out.end();
        text.commit();
        numCalls++;
        state = State.CLOSE;
    }
}
