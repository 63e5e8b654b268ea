package glia.text.tokenizer;

import glia.io.gguf.GgufStrings;
import java.util.BitSet;

/// The pieces of a vocabulary, that is, the texts of its tokens, by id.
interface Pieces {
    /// The number of ids.
    int count();

    /// Whether an id has no piece or an empty one.
    boolean isEmpty(int id);

    /// The piece of an id; empty if it has none.
    String text(int id);

    /// Appends a piece as a JSON string.
    void append(int id, JsonBuilder json);

    /// The same vocabulary with only the pieces of some ids.
    default Pieces only(BitSet ids) {
        Pieces all = this;
        return new Pieces() {
            @Override
            public int count() {
                return all.count();
            }

            @Override
            public boolean isEmpty(int id) {
                return !ids.get(id) || all.isEmpty(id);
            }

            @Override
            public String text(int id) {
                return ids.get(id) ? all.text(id) : "";
            }

            @Override
            public void append(int id, JsonBuilder json) {
                if (ids.get(id)) {
                    all.append(id, json);
                } else {
                    json.quoted("");
                }
            }
        };
    }

    /// Pieces from an array, null or empty where an id has none.
    static Pieces of(String[] pieces) {
        return new Pieces() {
            @Override
            public int count() {
                return pieces.length;
            }

            @Override
            public boolean isEmpty(int id) {
                return text(id).isEmpty();
            }

            @Override
            public String text(int id) {
                return pieces[id] == null ? "" : pieces[id];
            }

            @Override
            public void append(int id, JsonBuilder json) {
                json.quoted(text(id));
            }
        };
    }

    /// Pieces of a GGUF file.
    static Pieces of(GgufStrings pieces) {
        return new Pieces() {
            @Override
            public int count() {
                return pieces.count();
            }

            @Override
            public boolean isEmpty(int id) {
                return pieces.from(id) == pieces.to(id);
            }

            @Override
            public String text(int id) {
                return pieces.text(id);
            }

            @Override
            public void append(int id, JsonBuilder json) {
                json.quoted(pieces.bytes(), pieces.from(id), pieces.to(id));
            }
        };
    }
}
