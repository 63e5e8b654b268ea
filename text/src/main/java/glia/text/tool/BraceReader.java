package glia.text.tool;

import glia.io.json.JsonTree.JsonText;
import glia.text.tool.ToolFormat.Braces;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Reads [ToolFormat.Braces] and converts the arguments to JSON: `call:f{a:<|"|>text<|"|>,b:[1,{c:true}]}`.
final class BraceReader implements CallReader {
    private static final List<String> WORD_ENDS = List.of(",", "}", "]");
    private static final List<String> WORDS = List.of("true", "false", "null", "True", "False", "None");
    private static final int MAX_BLANKS = 64;

    private enum State { CALL, NAME, FIRST_KEY, KEY, FIRST_ELEMENT, VALUE, STRING, QUOTED, AFTER, CLOSE }

    private final CallText text;
    private final CallOutput out;
    private final Braces format;
    private final ToolSchemas schemas;
    private State state = State.CALL;
    private String name = "";
    private String key = "";
    /// The call's parameters so far.
    private final Set<String> given = new HashSet<>();
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
                given.clear();
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
        } catch (CallReader.Incomplete e) {
            text.move(from - text.at());
            throw e;
        }
        if (depth == 1) {
            given.add(key.strip());
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
        if (position < 0) {
            pass(text.length() - text.numHeld(format.quote()) - text.at());
            throw CallReader.Incomplete.INSTANCE;
        }
        pass(position - text.at());
        int after = position + format.quote().length();
        if (!isEnd(after)) {
            pass(after - text.at());
            return;
        }
        text.move(after - text.at());
        out.arguments("\"");
        state = State.AFTER;
    }

    private void pass(int length) {
        if (length > 0) {
            String escaped = JsonText.quote(text.substring(text.at(), text.at() + length));
            out.arguments(escaped.substring(1, escaped.length() - 1));
            text.move(length);
        }
    }

    /// Whether a string ends at a quote: what follows is a comma and an item, or closes objects and arrays up to that
    /// or to the end of the call. Else the quote is part of the string.
    private boolean isEnd(int position) {
        int at = position;
        long levels = objects;
        for (int level = depth; level > 0; level--) {
            at = next(at);
            if (at < 0 || at == text.length()) {
                return at > 0;
            }
            boolean inObject = (levels & 1) == 1;
            if (text.charAt(at) == ',') {
                return inObject ? isKey(next(at + 1), level) : isValue(next(at + 1));
            }
            if (text.charAt(at) != (inObject ? '}' : ']')) {
                return false;
            }
            at++;
            levels >>>= 1;
        }
        at = next(at);
        return at >= 0 && (at == text.length() || text.has(format.end(), at));
    }

    /// The position after blank characters; -1 if they are too many.
    private int next(int position) {
        int at = text.afterBlanks(position);
        if (at - position > MAX_BLANKS) {
            return -1;
        }
        if (at == text.length() && !text.isFinal()) {
            throw CallReader.Incomplete.INSTANCE;
        }
        return at;
    }

    /// Whether a key and the begin of its value are at a position.
    private boolean isKey(int from, int level) {
        String quote = from >= 0 && text.has(format.quote(), from) ? format.quote() : "";
        int begin = from + quote.length();
        int end = from < 0 ? -1 : text.endOfWord(quote + ":", begin);
        if (end < 0) {
            return false;
        }
        String next = text.substring(begin, end).strip();
        boolean isName = !next.isEmpty() && next.chars().noneMatch(c -> c < ' ' || "<>{}[]\",:".indexOf(c) >= 0);
        return isName && (level > 1 || !given.contains(next) && (schemas.lists(name, next)
                || schemas.hasOthers(name))) && isValue(next(end + quote.length() + 1));
    }

    /// Whether a value as templates write it is at a position.
    private boolean isValue(int at) {
        return at >= 0 && at < text.length() && ("{[\"-0123456789".indexOf(text.charAt(at)) >= 0
                || text.has(format.quote(), at) || WORDS.stream().anyMatch(word -> text.has(word, at)));
    }

    private void quoted() {
        StringBuilder copy = new StringBuilder();
        boolean isDone = quoted.scan(text, copy);
        out.arguments(copy);
        if (!isDone) {
            throw CallReader.Incomplete.INSTANCE;
        }
        state = State.AFTER;
    }
}
