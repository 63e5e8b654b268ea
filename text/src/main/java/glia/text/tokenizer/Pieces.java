package glia.text.tokenizer;

import glia.io.gguf.GgufTexts;
import java.util.BitSet;

/// The pieces of a vocabulary by id.
interface Pieces {
    /// How many ids there are.
    int count();

    /// Whether an id has no piece, or one without text.
    boolean isEmpty(int id);

    /// The piece of an id, empty where it has none.
    String text(int id);

    /// Appends a piece as a JSON string.
    void append(int id, JsonBuilder json);

    /// Those of some ids; the others have none.
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

    /// Pieces that are there, null or empty where an id has none.
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

    /// Pieces as a file has them.
    static Pieces of(GgufTexts pieces) {
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
