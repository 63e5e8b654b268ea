package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.gguf.GgufStrings;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/// A BPE tokenizer of a GGUF file, whole or reduced to the vocabulary of one text.
///
/// BPE merges adjacent pieces by rank, so all tokens of a text are substrings of the text as pieces spell it. Pieces
/// and merges whose result is not a substring have no effect, and the others keep their order, so the reduced tokenizer
/// gives the same ids.
final class GgufPairs implements TokenizerSource {
    /// The longest text with a reduced tokenizer, in UTF-16 units: longer ones need much of the vocabulary.
    private static final int MAX_TEXT = 8192;
    /// `▁` in UTF-8, which a normalizer may prepend to a text.
    private static final byte[] MARK = {(byte) 0xE2, (byte) 0x96, (byte) 0x81};
    /// The length of a byte token, `<0x0A>`, whose text is not a substring of a text.
    private static final int BYTE_PIECE = 6;

    private final BpeJson json;
    private final GgufStrings pieces;
    private final Merges merges;
    private final Function<String, Optional<byte[]>> spelling;
    private final Check check;

    /// @param json the tokenizer with all pieces
    /// @param spelling a text as pieces spell it, in UTF-8, if the normalizer's result is known
    /// @param check throws if a string of the file is not UTF-8
    GgufPairs(BpeJson json, GgufStrings pieces, Merges merges, Function<String, Optional<byte[]>> spelling,
            Check check) {
        this.json = json;
        this.pieces = pieces;
        this.merges = merges;
        this.spelling = spelling;
        this.check = check;
    }

    /// Selects pieces.
    interface Filter {
        Filter ALL = (utf8, from, to) -> true;

        boolean wants(byte[] utf8, int from, int to);
    }

    /// The merges of a vocabulary.
    interface Merges {
        /// Appends the merges whose result is selected as the elements of a JSON array, by rank.
        void append(JsonBuilder json, Filter filter) throws CheckpointException;
    }

    /// Checks a file.
    interface Check {
        void run() throws CheckpointException;
    }

    /// Merges as the file has them: two pieces with a space between.
    static Merges listed(GgufStrings merges) {
        return (json, filter) -> {
            byte[] made = new byte[0];
            boolean isFirst = true;
            for (int i = 0; i < merges.count(); i++) {
                int from = merges.from(i);
                int to = merges.to(i);
                if (filter != Filter.ALL) {
                    made = made.length < to - from ? new byte[2 * (to - from)] : made;
                    if (!filter.wants(made, 0, joined(merges.bytes(), from, to, made))) {
                        continue;
                    }
                }
                (isFirst ? json : json.raw(",")).quoted(merges.bytes(), from, to);
                isFirst = false;
            }
        };
    }

    /// Copies a merge without its space.
    ///
    /// @return the number of bytes
    private static int joined(byte[] merge, int from, int to, byte[] made) {
        int n = 0;
        for (int i = from; i < to; i++) {
            if (merge[i] != ' ') {
                made[n++] = merge[i];
            }
        }
        return n;
    }

    @Override
    public String whole() throws CheckpointException {
        JsonBuilder whole = json.write(out -> merges.append(out, Filter.ALL));
        if (whole.isReplaced()) {
            check.run();
        }
        return whole.toString();
    }

    @Override
    public Optional<String> forText(String text) throws CheckpointException {
        Optional<byte[]> spelled = text.length() > MAX_TEXT ? Optional.empty()
                : spelling.apply(NativeTokenizer.replaceUnpairedSurrogates(text));
        if (spelled.isEmpty()) {
            return Optional.empty();
        }
        Substrings parts = new Substrings(spelled.get());
        Filter filter = (utf8, from, to) -> parts.has(utf8, isMarked(utf8, from, to) ? from + MARK.length : from, to);
        return Optional.of(json.withPieces(json.pieces().only(wanted(filter)))
                .write(out -> merges.append(out, filter)).toString());
    }

    private static boolean isMarked(byte[] utf8, int from, int to) {
        return to - from >= MARK.length && utf8[from] == MARK[0]
                && Arrays.equals(utf8, from, from + MARK.length, MARK, 0, MARK.length);
    }

    /// The ids of the selected pieces, of added tokens, of byte tokens and of the unknown token.
    private BitSet wanted(Filter filter) {
        BitSet wanted = new BitSet(pieces.count());
        for (int id = 0; id < pieces.count(); id++) {
            int from = pieces.from(id);
            int to = pieces.to(id);
            boolean isByte = to - from == BYTE_PIECE && pieces.bytes()[from] == '<';
            if (isByte || filter.wants(pieces.bytes(), from, to)) {
                wanted.set(id);
            }
        }
        json.added().forEach(token -> wanted.set(token.id()));
        int unknown = json.options().unknown() == null ? -1 : pieces.indexOf(json.options().unknown());
        if (unknown >= 0) {
            wanted.set(unknown);
        }
        return wanted;
    }

    /// A `tokenizer.json` with a BPE model for the native library.
    ///
    /// @param added the added tokens
    /// @param normalizer the `normalizer`, as JSON
    /// @param preTokenizer the `pre_tokenizer`, as JSON
    /// @param options the model's options
    /// @param pieces the vocabulary
    record BpeJson(List<AddedToken> added, String normalizer, String preTokenizer, Options options, Pieces pieces) {

        /// Options of a BPE model.
        ///
        /// @param unknown the token for unknown characters (`unk_token`), or null
        /// @param fuseUnknown whether adjacent unknown characters become one token
        /// @param byteFallback whether the bytes of unknown characters become tokens such as `<0x0A>`
        /// @param ignoreMerges whether a word in the vocabulary is one token regardless of the merges
        record Options(String unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) { }

        /// Appends the elements of the array `merges` by rank: strings of two pieces with a space between, or arrays of
        /// two pieces.
        interface Merges {
            void append(JsonBuilder json) throws CheckpointException;
        }

        /// The same with another vocabulary.
        BpeJson withPieces(Pieces others) {
            return new BpeJson(added, normalizer, preTokenizer, options, others);
        }

        JsonBuilder write(Merges merges) throws CheckpointException {
            JsonBuilder json = NativeJson.begin(added, normalizer, preTokenizer, pieces.count())
                    .raw("\"BPE\",\"unk_token\":");
            if (options.unknown() == null) {
                json.raw("null");
            } else {
                json.quoted(options.unknown());
            }
            json.raw(",\"fuse_unk\":").raw(options.fuseUnknown())
                    .raw(",\"byte_fallback\":").raw(options.byteFallback())
                    .raw(",\"ignore_merges\":").raw(options.ignoreMerges()).raw(",\"vocab\":{");
            NativeJson.appendPieces(json, pieces);
            json.raw("},\"merges\":[");
            merges.append(json);
            return json.raw("]}}");
        }
    }

    /// Finds substrings of a text in UTF-8. A lookup compares the piece with all positions of the text that start with
    /// the same two bytes, or four if the piece is long enough.
    static final class Substrings {
        private final byte[] text;
        private final boolean[] bytes = new boolean[256];
        private final Places pairs;
        private final Places quads;

        Substrings(byte[] text) {
            this.text = text;
            for (byte b : text) {
                bytes[b & 0xFF] = true;
            }
            pairs = new Places(text, 2);
            quads = new Places(text, 4);
        }

        /// Whether `piece[from..to)` is a substring. The empty one is.
        boolean has(byte[] piece, int from, int to) {
            return switch (to - from) {
                case 0 -> true;
                case 1 -> bytes[piece[from] & 0xFF];
                case 2, 3 -> has(pairs, piece, from, to);
                default -> has(quads, piece, from, to);
            };
        }

        private boolean has(Places places, byte[] piece, int from, int to) {
            int length = to - from;
            for (int at = places.last(piece, from); at >= 0; at = places.before(at)) {
                if (length <= text.length - at && Arrays.equals(text, at, at + length, piece, from, to)) {
                    return true;
                }
            }
            return false;
        }

        /// The positions of a text by hash of the bytes there: linked lists in arrays.
        private static final class Places {
            private static final int LOG_LISTS = 12;
            private static final int HASH = 0x9E3779B1;

            private final int numBytes;
            /// The last position in the list of a hash, plus 1.
            private final int[] last = new int[1 << LOG_LISTS];
            /// The previous position in the list, plus 1.
            private final int[] before;

            Places(byte[] text, int numBytes) {
                this.numBytes = numBytes;
                before = new int[text.length];
                for (int at = 0; at <= text.length - numBytes; at++) {
                    int list = list(text, at);
                    before[at] = last[list];
                    last[list] = at + 1;
                }
            }

            private int list(byte[] bytes, int at) {
                int key = 0;
                for (int i = 0; i < numBytes; i++) {
                    key = key << 8 | bytes[at + i] & 0xFF;
                }
                return key * HASH >>> Integer.SIZE - LOG_LISTS;
            }

            int last(byte[] bytes, int at) {
                return last[list(bytes, at)] - 1;
            }

            int before(int at) {
                return before[at] - 1;
            }
        }
    }
}
