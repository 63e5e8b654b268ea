package glia.text.tool;

import glia.io.json.JsonText;
import glia.text.tool.ToolFormat.Braces;
import java.util.List;

/// Reads [ToolFormat.Braces] and converts the arguments to JSON: `call:f{a:<|"|>text<|"|>,b:[1,{c:true}]}`.
final class BraceReader implements CallReader {
    private static final List<String> WORD_ENDS = List.of(",", "}", "]");

    private enum State { CALL, NAME, FIRST_KEY, KEY, FIRST_ELEMENT, VALUE, STRING, QUOTED, AFTER, CLOSE }

    private final CallText text;
    private final CallOutput out;
    private final Braces format;
    private final ToolSchemas schemas;
    private State state = State.CALL;
    private String name = "";
    private String key = "";
    /// For each level whether it is an object.
    private long objects;
    private int depth;
    private JsonScanner quoted = new JsonScanner();

    BraceReader(CallText text, CallOutput out, Braces format, ToolSchemas schemas) {
        this.text = text;
        this.out = out;
        this.format = format;
        this.schemas = schemas;
    }

    @Override
    public boolean step() {
        if (state != State.STRING && state != State.QUOTED) {
            text.skipBlanks();
        }
        switch (state) {
            case CALL -> {
                text.expect(Braces.CALL);
                state = State.NAME;
            }
            case NAME -> {
                name = text.until(List.of("{")).strip();
                out.begin("", name);
                open('{');
            }
            case FIRST_KEY -> {
                if (text.peek() == '}') {
                    close();
                } else {
                    state = State.KEY;
                }
            }
            case KEY -> key();
            case FIRST_ELEMENT -> {
                if (text.peek() == ']') {
                    close();
                } else {
                    state = State.VALUE;
                }
            }
            case VALUE -> value();
            case STRING -> string();
            case QUOTED -> quoted();
            case AFTER -> {
                char c = text.peek();
                if (c == ',') {
                    text.move(1);
                    out.arguments(", ");
                    state = isObject() ? State.KEY : State.VALUE;
                } else if (c == (isObject() ? '}' : ']')) {
                    close();
                } else {
                    throw text.unexpected(isObject() ? "',' or '}'" : "',' or ']'");
                }
            }
            case CLOSE -> {
                if (!text.isAtEnd() && !text.skip(format.end())) {
                    throw text.unexpected(format.end());
                }
                text.commit();
                return false;
            }
        }
        return true;
    }

    private boolean isObject() {
        return (objects & 1) == 1;
    }

    private void open(char bracket) {
        if (depth == JsonScanner.MAX_DEPTH) {
            throw text.unexpected("a nesting of at most " + JsonScanner.MAX_DEPTH);
        }
        text.move(1);
        out.arguments(String.valueOf(bracket));
        objects = objects << 1 | (bracket == '{' ? 1 : 0);
        depth++;
        state = bracket == '{' ? State.FIRST_KEY : State.FIRST_ELEMENT;
    }

    private void close() {
        text.move(1);
        out.arguments(isObject() ? "}" : "]");
        objects >>>= 1;
        depth--;
        state = State.AFTER;
        if (depth == 0) {
            out.end();
            text.commit();
            state = State.CLOSE;
        }
    }

    private void key() {
        int from = text.at();
        try {
            String quote = text.has(format.quote()) ? format.quote() : text.peek() == '"' ? "\"" : "";
            text.skip(quote);
            key = text.until(List.of(quote.isEmpty() ? ":" : quote));
            text.skip(quote);
            text.skipBlanks();
            text.expect(":");
        } catch (Incomplete e) {
            text.move(from - text.at());
            throw e;
        }
        out.arguments(JsonText.quote(key.strip()) + ": ");
        state = State.VALUE;
    }

    private void value() {
        char c = text.peek();
        if (c == '{' || c == '[') {
            open(c);
        } else if (text.skip(format.quote())) {
            out.arguments("\"");
            state = State.STRING;
        } else if (c == '"') {
            quoted = new JsonScanner();
            state = State.QUOTED;
        } else {
            String word = text.until(WORD_ENDS).strip();
            if (word.isEmpty()) {
                throw text.unexpected("a value");
            }
            out.arguments(ValueText.toJson(word, depth == 1 ? schemas.types(name, key) : JsonType.ALL));
            state = State.AFTER;
        }
    }

    private void string() {
        int position = text.indexOf(format.quote(), text.at());
        int length = (position < 0 ? text.length() - text.numHeld(format.quote()) : position) - text.at();
        if (length > 0) {
            String escaped = JsonText.quote(text.substring(text.at(), text.at() + length));
            out.arguments(escaped.substring(1, escaped.length() - 1));
            text.move(length);
        }
        if (position < 0) {
            throw Incomplete.INSTANCE;
        }
        text.move(format.quote().length());
        out.arguments("\"");
        state = State.AFTER;
    }

    private void quoted() {
        StringBuilder copy = new StringBuilder();
        boolean isDone = quoted.scan(text, copy);
        out.arguments(copy);
        if (!isDone) {
            throw Incomplete.INSTANCE;
        }
        state = State.AFTER;
    }
}
