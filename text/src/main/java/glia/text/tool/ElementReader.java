package glia.text.tool;

import glia.io.json.JsonTree.JsonText;
import glia.text.tool.ToolFormat.Elements;
import glia.text.tool.ToolFormat.Tag;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads [ToolFormat.Elements]: an element for each call, and in it one for each parameter. Strings are passed on as
/// they come, other values when they are complete.
final class ElementReader implements CallReader {
    /// The attributes that say whether a value is a string.
    private static final Pattern STRING = Pattern.compile("\\bstring=\"(true|false)\"");
    /// What may stand between the name of a parameter and its value.
    private static final Pattern ATTRIBUTES = Pattern.compile("(\\s+\\w+=\"[^\"<>]*\")*\\s*");
    private static final int MAX_BLANKS = 64;

    private enum State { SECTION, NAME, PARAMETER, KEY, FIRST, VALUE }

    private final CallText text;
    private final CallOutput out;
    private final Elements format;
    private final ToolSchemas schemas;
    private final StringBuilder value = new StringBuilder();
    /// The names of the present call's parameters so far.
    private final Set<String> given = new HashSet<>();
    /// The value so far as JSON; null if it may be a string, is complete, or no JSON.
    private JsonScanner json;
    /// Whether the value so far is complete JSON.
    private boolean isJson;
    /// The blank characters before the first parameter, which templates write between all parts.
    private String separator = "";
    /// The line break before the value, which is repeated after it; empty if there is none.
    private String lineBreak = "";
    private State state;
    private String name = "";
    private Set<JsonType> types = JsonType.ALL;
    private int numCalls;

    /// @param isCall whether the opener was that of a call, not of a section
    ElementReader(CallText text, CallOutput out, Elements format, ToolSchemas schemas, boolean isCall) {
        this.text = text;
        this.out = out;
        this.format = format;
        this.schemas = schemas;
        this.state = isCall ? State.NAME : State.SECTION;
    }

    @Override
    public boolean step() {
        switch (state) {
            case SECTION -> {
                return section();
            }
            case NAME, KEY -> tag();
            case PARAMETER -> parameter();
            case FIRST -> {
                lineBreak = !format.hasLines() ? "" : text.skip("\r\n") ? "\r\n" : text.skip("\n") ? "\n" : "";
                state = State.VALUE;
            }
            case VALUE -> value();
        }
        return true;
    }

    private boolean section() {
        text.skipBlanks();
        if (text.isAtEnd() && numCalls > 0) {
            text.commit();
            return false;
        }
        if (numCalls > 0 && text.skipAny(format.sectionEnds())) {
            text.commit();
            return false;
        }
        if (text.skip(format.call().begin())) {
            state = State.NAME;
            return true;
        }
        if (numCalls > 0) {
            return false;
        }
        throw text.unexpected(format.call().begin());
    }

    /// The rest of an opening tag, read at once.
    private void tag() {
        int from = text.at();
        try {
            if (state == State.NAME) {
                name();
            } else {
                key();
            }
        } catch (CallReader.Incomplete e) {
            text.move(from - text.at());
            throw e;
        }
    }

    private void name() {
        Tag tag = format.call();
        if (tag.nameEnd().isEmpty()) {
            text.skipBlanks();
            name = text.until(List.of("\n", format.parameter().begin(), tag.close())).strip();
        } else {
            name = text.until(List.of(tag.nameEnd())).strip();
            text.expect(tag.nameEnd());
            if (!tag.open().isEmpty()) {
                text.until(List.of(tag.open()));
                text.expect(tag.open());
            }
        }
        out.begin("", name);
        given.clear();
        separator = "";
        state = State.PARAMETER;
    }

    private void parameter() {
        int at = text.afterBlanks(text.at());
        if (text.has(format.parameter().begin(), at)) {
            if (given.isEmpty()) {
                separator = text.substring(text.at(), at);
            }
            text.move(at + format.parameter().begin().length() - text.at());
            state = State.KEY;
            return;
        }
        text.move(at - text.at());
        // The end of the section may stand for that of the call.
        if (sectionEnd(at) == 0 && !text.skip(format.call().close())) {
            throw text.unexpected(format.parameter().begin() + " or " + format.call().close());
        }
        out.arguments(given.isEmpty() ? "{}" : "}");
        out.end();
        numCalls++;
        text.commit();
        state = State.SECTION;
    }

    private void key() {
        Tag tag = format.parameter();
        String key = text.until(List.of(tag.nameEnd())).strip();
        text.expect(tag.nameEnd());
        String attributes = "";
        if (!tag.open().isEmpty()) {
            attributes = text.until(List.of(tag.open()));
            text.expect(tag.open());
        }
        types = types(key, attributes);
        out.arguments((given.isEmpty() ? "{" : ", ") + JsonText.quote(key) + ": ");
        if (isString()) {
            out.arguments("\"");
        }
        given.add(key);
        value.setLength(0);
        json = types.contains(JsonType.STRING) ? null : new JsonScanner();
        isJson = false;
        state = State.FIRST;
    }

    private Set<JsonType> types(String key, String attributes) {
        Matcher matcher = STRING.matcher(attributes);
        if (!matcher.find()) {
            return schemas.types(name, key);
        }
        if (matcher.group(1).equals("true")) {
            return JsonType.ONLY_STRING;
        }
        Set<JsonType> others = EnumSet.allOf(JsonType.class);
        others.remove(JsonType.STRING);
        return others;
    }

    private boolean isString() {
        return types.equals(JsonType.ONLY_STRING);
    }

    private void value() {
        String close = format.parameter().close();
        int marker = text.indexOf(close, text.at());
        if (marker < 0) {
            pass(text.length() - text.at() - Math.max(text.numHeld(close), text.numHeld(lineBreak + close)));
            throw CallReader.Incomplete.INSTANCE;
        }
        boolean isOwnLine = marker - lineBreak.length() >= text.at()
                && text.has(lineBreak, marker - lineBreak.length());
        pass(marker - (isOwnLine ? lineBreak.length() : 0) - text.at());
        if (!isEnd(marker + close.length(), isOwnLine)) {
            pass(marker + close.length() - text.at());
            return;
        }
        text.move(marker + close.length() - text.at());
        out.arguments(isString() ? "\"" : ValueText.toJson(value.toString(), types));
        state = State.PARAMETER;
    }

    /// Whether a value ends at its end marker: what follows is how the call goes on. Else the marker is part of the
    /// value. With the line breaks of the template a call may end, and text may follow; with others it has to be a
    /// listed parameter, or the last call of the text.
    private boolean isEnd(int from, boolean isOwnLine) {
        int at = text.afterBlanks(from);
        boolean isExact = isOwnLine && text.substring(from, at).equals(separator);
        if (json != null && json.isInNestedString() && !(isExact && (lineBreak + separator).contains("\n"))) {
            // JSON has no line breaks within strings.
            return false;
        }
        if (at == text.length()) {
            if (text.isFinal()) {
                return true;
            }
            if (at - from <= MAX_BLANKS) {
                throw CallReader.Incomplete.INSTANCE;
            }
        }
        if (at - from > MAX_BLANKS) {
            return false;
        }
        if (isWhole()) {
            return text.has(format.parameter().begin(), at) || text.has(format.call().close(), at)
                    || sectionEnd(at) > 0;
        }
        if (text.has(format.parameter().begin(), at)) {
            return isParameter(at + format.parameter().begin().length(), isExact);
        }
        if (text.has(format.call().close(), at)) {
            return isCallEnd(at + format.call().close().length(), isExact);
        }
        int length = sectionEnd(at);
        return length > 0 && isLast(at + length);
    }

    /// Whether the value so far is one of the parameter's types, none of which is a string.
    private boolean isWhole() {
        return !types.contains(JsonType.STRING) && (json == null ? isJson
                : value.length() <= MAX_BLANKS && ValueText.isOf(value.toString(), types));
    }

    /// Whether a parameter begins, up to its value: one that was not there yet. One that the schema does not list
    /// needs the template's line breaks, and a schema that allows it.
    private boolean isParameter(int from, boolean isExact) {
        Tag tag = format.parameter();
        int end = text.endOfWord(tag.nameEnd(), from);
        if (end < 0) {
            return false;
        }
        String key = text.substring(from, end).strip();
        if (key.isEmpty() || given.contains(key) || key.chars().anyMatch(c -> c < ' ' || c == '<' || c == '>')
                || !schemas.lists(name, key) && !(isExact ? schemas.hasOthers(name) : schemas.hasAny(name))) {
            return false;
        }
        int at = end + tag.nameEnd().length();
        int open = tag.open().isEmpty() ? at : text.endOfWord(tag.open(), at);
        return open >= 0 && ATTRIBUTES.matcher(text.substring(at, open)).matches();
    }

    /// Whether a call ends, which ends its section or is followed by another one.
    private boolean isCallEnd(int from, boolean isExact) {
        if (format.sectionEnds().isEmpty()) {
            return isExact || isLast(from);
        }
        int at = text.afterBlanks(from);
        int length = sectionEnd(at);
        if (length > 0) {
            return isExact && text.substring(from, at).equals(separator) || isLast(at + length);
        }
        return text.has(format.call().begin(), at) ? isTool(at + format.call().begin().length()) : isLast(from);
    }

    private boolean isTool(int from) {
        int end = text.endOfWord(format.call().nameEnd(), from);
        return end >= 0
                && (schemas.names().isEmpty() || schemas.names().contains(text.substring(from, end).strip()));
    }

    /// The length of the marker of the section's end; 0 if it is not there.
    private int sectionEnd(int at) {
        for (String end : format.sectionEnds()) {
            if (text.has(end, at)) {
                return end.length();
            }
        }
        return 0;
    }

    /// Whether the text ends, or further calls begin.
    private boolean isLast(int from) {
        int at = text.afterBlanks(from);
        if (at == text.length() && at - from <= MAX_BLANKS) {
            if (!text.isFinal()) {
                throw CallReader.Incomplete.INSTANCE;
            }
            return true;
        }
        return at - from <= MAX_BLANKS && format.openers().stream().anyMatch(opener -> isOpener(opener, at));
    }

    private boolean isOpener(String opener, int at) {
        if (!text.has(opener, at) || format.call().nameEnd().isEmpty()) {
            return text.has(opener, at);
        }
        String begin = format.call().begin();
        int call = opener.equals(begin) ? at : text.afterBlanks(at + opener.length());
        return text.has(begin, call) && isTool(call + begin.length());
    }

    private void pass(int length) {
        if (length > 0) {
            String piece = text.substring(text.at(), text.at() + length);
            text.move(length);
            if (isString()) {
                String quoted = JsonText.quote(piece);
                out.arguments(quoted.substring(1, quoted.length() - 1));
            } else {
                value.append(piece);
                scan(piece);
            }
        }
    }

    /// Follows a value as JSON, as long as it is that.
    private void scan(String piece) {
        isJson = isJson && piece.isBlank();
        if (json != null) {
            try {
                CallText next = new CallText(new StringBuilder(piece));
                if (json.scan(next, new StringBuilder())) {
                    json = null;
                    isJson = next.afterBlanks(next.at()) == next.length();
                }
            } catch (CallReader.Malformed e) {
                json = null;
            }
        }
    }
}
