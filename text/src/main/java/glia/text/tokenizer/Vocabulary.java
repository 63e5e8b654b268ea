package glia.text.tokenizer;

import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;

/// The vocabulary of a tokenizer: the pieces of the model and the added tokens, by id. Special tokens are added tokens
/// that decoding can leave out.
final class Vocabulary {
    private final Pieces pieces;
    private final List<AddedToken> addedTokens;
    private final BitSet markers = new BitSet();
    private final BitSet added = new BitSet();
    private final BitSet special = new BitSet();

    /// @param pieces the pieces by id, including those of added tokens
    Vocabulary(Pieces pieces, List<AddedToken> addedTokens) {
        this.pieces = pieces;
        this.addedTokens = List.copyOf(addedTokens);
        for (AddedToken token : addedTokens) {
            added.set(token.id());
            markers.set(token.id(), token.isMarker());
            special.set(token.id(), token.special());
        }
    }

    /// The number of ids: one more than the largest.
    int size() {
        return pieces.count();
    }

    /// The piece of an id; empty if it has none.
    ///
    /// @throws IllegalArgumentException if the id is negative or not below `size()`
    String piece(int id) {
        if (id < 0 || id >= pieces.count()) {
            throw new IllegalArgumentException("token id " + id + " is outside the vocabulary of " + pieces.count()
                    + " (ids 0 to " + (pieces.count() - 1) + "); do the model and the tokenizer belong together?");
        }
        return pieces.text(id);
    }

    List<AddedToken> addedTokens() {
        return addedTokens;
    }

    /// Whether a token is a marker ([AddedToken#isMarker]).
    boolean isMarker(int id) {
        return markers.get(id);
    }

    boolean isAdded(int id) {
        return added.get(id);
    }

    boolean isSpecial(int id) {
        return special.get(id);
    }

    /// The id of a piece; that of an added token if there are several.
    OptionalInt id(String piece) {
        for (int id = added.nextSetBit(0); id >= 0; id = added.nextSetBit(id + 1)) {
            if (piece.equals(pieces.text(id))) {
                return OptionalInt.of(id);
            }
        }
        for (int id = 0; id < pieces.count(); id++) {
            if (piece.equals(pieces.text(id))) {
                return OptionalInt.of(id);
            }
        }
        return OptionalInt.empty();
    }
}
