package glia.text.tool;

import glia.io.json.JsonText;
import glia.text.tool.ToolFormat.Elements;
import glia.text.tool.ToolFormat.Tag;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads [ToolFormat.Elements]: an element for each call, and in it one for each parameter. Strings are passed on as
/// they come, other values when they are complete.
final class ElementReader implements CallReader {
    /// The attributes that say whether a value is a string.
    private static final Pattern STRING = Pattern.compile("\\bstring=\"(true|false)\"");
    private static final int MAX_BLANKS = 64;

    private enum State { SECTION, NAME, PARAMETER, KEY, FIRST, VALUE }

    private final CallText text;
    private final CallOutput out;
    private final Elements format;
    private final ToolSchemas schemas;
    /// What may follow the value of a parameter.
    private final List<String> followers = new ArrayList<>();
    private final StringBuilder value = new StringBuilder();
    private State state;
    private String name = "";
    private Set<JsonType> types = JsonType.ALL;
    private boolean isFirst;
    private int numCalls;

    /// @param isCall whether the opener was that of a call, not of a section
    ElementReader(CallText text, CallOutput out, Elements format, ToolSchemas schemas, boolean isCall) {
        this.text = text;
        this.out = out;
        this.format = format;
        this.schemas = schemas;
        this.state = isCall ? State.NAME : State.SECTION;
        followers.add(format.parameter().begin());
        followers.add(format.call().close());
        followers.addAll(format.sectionEnds());
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
                if (format.hasLines() && !text.skip("\r\n")) {
                    text.skip("\n");
                }
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
        } catch (Incomplete e) {
            text.move(from - text.at());
            throw e;
        }
    }

    private void name() {
        Tag tag = format.call();
        if (tag.nameEnd().isEmpty()) {
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
        isFirst = true;
        state = State.PARAMETER;
    }

    private void parameter() {
        text.skipBlanks();
        if (text.skip(format.parameter().begin())) {
            state = State.KEY;
            return;
        }
        // The end of the section may stand for that of the call.
        if (!isSectionEnd() && !text.skip(format.call().close())) {
            throw text.unexpected(format.parameter().begin() + " or " + format.call().close());
        }
        out.arguments(isFirst ? "{}" : "}");
        out.end();
        numCalls++;
        text.commit();
        state = State.SECTION;
    }

    private boolean isSectionEnd() {
        for (String end : format.sectionEnds()) {
            if (text.has(end)) {
                return true;
            }
        }
        return false;
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
        out.arguments((isFirst ? "{" : ", ") + JsonText.quote(key) + ": ");
        if (isString()) {
            out.arguments("\"");
        }
        isFirst = false;
        value.setLength(0);
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
        int position = text.indexOf(close, text.at());
        if (position < 0) {
            int held = text.numHeld(close);
            if (format.hasLines()) {
                held = Math.max(held, Math.max(text.numHeld("\n" + close), text.numHeld("\r\n" + close)));
            }
            pass(text.length() - text.at() - held);
            throw Incomplete.INSTANCE;
        }
        int lineBreak = format.hasLines() ? lineBreakBefore(position) : 0;
        boolean isEnd;
        try {
            isEnd = isFollowed(position + close.length());
        } catch (Incomplete e) {
            pass(position - lineBreak - text.at());
            throw e;
        }
        if (!isEnd) {
            pass(position + close.length() - text.at());
            return;
        }
        pass(position - lineBreak - text.at());
        text.move(lineBreak + close.length());
        out.arguments(isString() ? "\"" : ValueText.toJson(value.toString(), types));
        state = State.PARAMETER;
    }

    private int lineBreakBefore(int position) {
        if (position > text.at() && text.charAt(position - 1) == '\n') {
            return position - 1 > text.at() && text.charAt(position - 2) == '\r' ? 2 : 1;
        }
        return 0;
    }

    /// Whether a parameter ends where its end marker was found: another parameter or the end of the call follows. Else
    /// the marker is part of the value.
    private boolean isFollowed(int position) {
        int at = position;
        while (at < text.length() && CallText.isBlank(text.charAt(at))) {
            at++;
        }
        if (at - position > MAX_BLANKS) {
            return true;
        }
        boolean waits = false;
        for (String follower : followers) {
            try {
                if (text.has(follower, at)) {
                    return true;
                }
            } catch (Incomplete e) {
                waits = true;
            }
        }
        if (waits) {
            throw Incomplete.INSTANCE;
        }
        return at == text.length();
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
            }
        }
    }
}
