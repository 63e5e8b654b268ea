package glia.cli.chat;

import java.util.List;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.EOFError;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;

/// Decides where a message ends. A backslash at the end of a line continues it in the next; `"""` at the beginning
/// opens a block that ends at the next `"""`.
final class MessageParser implements Parser {
    private static final String QUOTES = "\"\"\"";

    /// Whether the message needs another line.
    static boolean isOpen(String typed) {
        String text = typed.stripLeading();
        if (text.startsWith(QUOTES)) {
            return text.indexOf(QUOTES, QUOTES.length()) < 0;
        }
        return text.endsWith("\\");
    }

    /// The message without quotes and backslashes.
    static String message(String typed) {
        String text = typed.strip();
        if (text.startsWith(QUOTES)) {
            int end = text.indexOf(QUOTES, QUOTES.length());
            return text.substring(QUOTES.length(), end < 0 ? text.length() : end).strip();
        }
        return text.replace("\\\n", "\n");
    }

    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
        if (context == ParseContext.ACCEPT_LINE && isOpen(line)) {
            throw new EOFError(-1, -1, "the message is incomplete");
        }
        return new Words(line, cursor);
    }

    @Override
    public boolean isEscapeChar(char character) {
        return false;
    }

    /// The word before the cursor, for the completion of commands.
    private record Words(String line, int cursor) implements CompletingParsedLine {
        @Override
        public CharSequence escape(CharSequence candidate, boolean complete) {
            return candidate;
        }

        @Override
        public int rawWordCursor() {
            return wordCursor();
        }

        @Override
        public int rawWordLength() {
            return wordCursor();
        }

        @Override
        public String word() {
            return line.substring(line.lastIndexOf(' ', cursor - 1) + 1, cursor);
        }

        @Override
        public int wordCursor() {
            return word().length();
        }

        @Override
        public int wordIndex() {
            return words().size() - 1;
        }

        @Override
        public List<String> words() {
            return List.of(line.substring(0, cursor).split(" ", -1));
        }
    }
}
