package glia.train.data;

import glia.io.jsonl.TextPlace;
import java.io.IOException;

/// Cuts documents of any length into pieces that a tokenizer encodes one at a time. A cut is after a single line feed
/// between two other characters that are no white space, where the word patterns of GPT-2, Llama 3 and Qwen have a
/// boundary in any case, so the pieces have the token ids of the whole. A text without such a place is cut at other
/// white space, or between any two characters.
final class TextPieces {
    /// The longest piece, in UTF-16 units.
    static final int MAX_CHARACTERS = 1 << 18;

    private final TextSource.DocumentReader reader;
    private final int maxCharacters;
    private final StringBuilder pending = new StringBuilder();
    private TextPlace place;

    TextPieces(TextSource.DocumentReader reader, int maxCharacters) {
        this.reader = reader;
        this.maxCharacters = maxCharacters;
    }

    /// Adds text to the current document.
    ///
    /// @param start where the text begins
    void add(String text, TextPlace start) throws IOException {
        if (pending.isEmpty()) {
            place = start;
        }
        pending.append(text);
        int from = 0;
        while (pending.length() - from > maxCharacters) {
            int end = cut(from);
            emit(from, end);
            from = end;
        }
        pending.delete(0, from);
    }

    /// Ends the current document.
    void end() throws IOException {
        if (!pending.isEmpty()) {
            emit(0, pending.length());
            pending.setLength(0);
        }
        reader.end();
    }

    private void emit(int from, int to) throws IOException {
        String piece = pending.substring(from, to);
        reader.piece(piece, place);
        place = new TextPlace(place.file(), place.line() + piece.chars().filter(c -> c == '\n').count());
    }

    /// The end of the piece that begins at `from`, in the second half of the longest possible one where there is a
    /// boundary.
    private int cut(int from) {
        int most = from + maxCharacters;
        int least = from + maxCharacters / 2;
        int space = -1;
        for (int i = most; i > least; i--) {
            boolean startsWord = !Character.isWhitespace(pending.charAt(i));
            char before = pending.charAt(i - 1);
            if (startsWord && before == '\n' && !Character.isWhitespace(pending.charAt(i - 2))) {
                return i;
            }
            if (space < 0 && !startsWord && !Character.isWhitespace(before)) {
                space = i;
            }
        }
        int end = space > 0 ? space : most;
        return Character.isLowSurrogate(pending.charAt(end)) ? end - 1 : end;
    }
}
