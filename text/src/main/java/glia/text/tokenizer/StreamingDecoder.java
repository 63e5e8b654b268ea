package glia.text.tokenizer;

/// Decodes token ids one at a time. The returned texts and that of [#finish] together equal [Tokenizer#decode] of all
/// ids. No text ends inside a character: up to three bytes are kept until their character is complete. For one thread.
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

    /// Decodes a token.
    ///
    /// @return the text that is complete now, possibly empty
    ///
    /// @throws IllegalArgumentException if the id is outside the vocabulary
    public String accept(int id) {
        append(id);
        return buffer.takeWhole();
    }

    /// Ends the text and resets the decoder.
    ///
    /// @return the text of the bytes that were kept: U+FFFD for an incomplete character
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
