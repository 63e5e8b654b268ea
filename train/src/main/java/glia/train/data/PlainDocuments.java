package glia.train.data;

import glia.io.jsonl.TextPlace;
import java.io.IOException;

/// Splits plain text into documents at separator lines, where there are such.
final class PlainDocuments {
    private final TextPieces pieces;
    private final String separator;
    /// The beginning of a line that may be a separator.
    private final StringBuilder start = new StringBuilder();
    private TextPlace place;
    /// Whether the beginning of the current line was passed on.
    private boolean isInside;

    PlainDocuments(TextPieces pieces, String separator) {
        this.pieces = pieces;
        this.separator = separator;
    }

    void add(String text, TextPlace from) throws IOException {
        if (separator.isEmpty()) {
            pieces.add(text, from);
            return;
        }
        long line = from.line();
        for (int at = 0; at < text.length();) {
            int feed = text.indexOf('\n', at);
            int end = feed < 0 ? text.length() : feed + 1;
            if (isInside) {
                pieces.add(text.substring(at, end), new TextPlace(from.file(), line));
            } else {
                if (start.isEmpty()) {
                    place = new TextPlace(from.file(), line);
                }
                start.append(text, at, end);
                // Up to two characters more than the separator: carriage return and line feed.
                if (feed < 0 && start.length() > separator.length() + 2) {
                    pass();
                }
            }
            if (feed >= 0) {
                line++;
                if (!isInside) {
                    endOfLine();
                }
                isInside = false;
            }
            at = end;
        }
    }

    private void pass() throws IOException {
        pieces.add(start.toString(), place);
        start.setLength(0);
        isInside = true;
    }

    private void endOfLine() throws IOException {
        if (start.toString().stripTrailing().equals(separator)) {
            start.setLength(0);
            pieces.end();
        } else {
            pass();
        }
    }

    /// Ends the file.
    void end() throws IOException {
        if (!separator.isEmpty() && !start.isEmpty()) {
            endOfLine();
        }
        isInside = false;
        pieces.end();
    }
}
