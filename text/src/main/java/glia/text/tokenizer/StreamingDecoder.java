package glia.text.tokenizer;

/// Turns token ids into text as they come. The texts joined, with that of `finish()` at the end, are what
/// `Tokenizer.decode` gives for all ids at once, and none of them ends inside a character: bytes wait until their
/// character is whole, at most three of them. For one thread.
public final class StreamingDecoder {
    private final Vocabulary vocabulary;
    private final PieceDecoder decoder;
    private final boolean skipSpecial;
    private final Utf8Buffer buffer = new Utf8Buffer();
    private int leadingSpaces;

    StreamingDecoder(Vocabulary vocabulary, PieceDecoder decoder, boolean skipSpecial) {
        this.vocabulary = vocabulary;
        this.decoder = decoder;
        this.skipSpecial = skipSpecial;
        this.leadingSpaces = decoder.leadingSpaces();
    }

    /// The text that this token completes, often empty.
    ///
    /// @throws IllegalArgumentException if the id is outside the vocabulary
    public String accept(int id) {
        append(id);
        return buffer.takeWhole();
    }

    /// The text of the bytes that still wait: they are not UTF-8, so each part of a character is U+FFFD. The decoder
    /// is then as new.
    public String finish() {
        leadingSpaces = decoder.leadingSpaces();
        return buffer.takeAll();
    }

    void append(int id) {
        String piece = vocabulary.piece(id);
        if (skipSpecial && vocabulary.isSpecial(id)) {
            return;
        }
        decoder.append(piece, vocabulary.isAdded(id), buffer);
        if (leadingSpaces > 0) {
            leadingSpaces = buffer.dropSpaces(leadingSpaces);
        }
    }
}
