package glia.text.tokenizer;

import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;

/// The pieces of a tokenizer by id, and which of them were added beside the model's own: those that are found in a text
/// before anything else happens to it. Of these, the special ones (control tokens) can be left out when decoding.
final class Vocabulary {
    private final Pieces pieces;
    private final List<AddedToken> addedTokens;
    private final BitSet markers = new BitSet();
    private final BitSet added = new BitSet();
    private final BitSet special = new BitSet();

    /// @param pieces the pieces by id, those of added tokens among them
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

    /// The piece as the vocabulary writes it, or an empty text where no piece has this id.
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

    /// Whether this is an added token that steers the model, see [AddedToken#isMarker].
    boolean isMarker(int id) {
        return markers.get(id);
    }

    boolean isAdded(int id) {
        return added.get(id);
    }

    boolean isSpecial(int id) {
        return special.get(id);
    }

    /// The id of a piece, looked for among the added tokens first.
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
