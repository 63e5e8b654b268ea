package glia.text.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Derives the merges of a SentencePiece BPE vocabulary from its scores: every way to split a piece into two other
/// pieces is a merge. Merges are sorted by the falling score of their result, then by the ids of their parts, as in the
/// `tokenizer.json` of Llama 2.
final class ScoreMerges {
    /// The longest piece in UTF-16 units, which bounds the work for an invalid file. SentencePiece's default is 16.
    static final int MAX_PIECE = 512;

    private static final Comparator<Merge> BY_PARTS =
            Comparator.comparingInt(Merge::leftId).thenComparingInt(Merge::rightId);

    private final Map<String, Integer> ids = new HashMap<>();
    private final String[] pieces;
    private final float[] scores;

    /// @param pieces the pieces that are parts or results of merges; null for others
    ScoreMerges(String[] pieces, float[] scores) {
        this.pieces = pieces;
        this.scores = scores;
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id] != null) {
                ids.put(pieces[id], id);
            }
        }
    }

    /// Two pieces to merge.
    private record Merge(String left, String right, int leftId, int rightId) { }

    /// Appends the merges as the elements of a JSON array, by rank.
    void appendJson(JsonBuilder json) {
        boolean first = true;
        List<Merge> merges = new ArrayList<>();
        for (long scoreAndId : byScore()) {
            split(pieces[(int) scoreAndId], merges);
            merges.sort(BY_PARTS);
            for (Merge merge : merges) {
                if (!first) {
                    json.raw(",");
                }
                first = false;
                json.quoted(merge.left + ' ' + merge.right);
            }
            merges.clear();
        }
    }

    /// The ids of all pieces in the lower 32 bits, sorted by falling score and then by id.
    private long[] byScore() {
        long[] order = new long[ids.size()];
        int n = 0;
        for (int id : ids.values()) {
            int bits = Float.floatToIntBits(scores[id]);
            int rising = bits < 0 ? ~bits : bits | Integer.MIN_VALUE;
            order[n++] = (~rising & 0xFFFF_FFFFL) << 32 | id;
        }
        // The upper half is unsigned: flip its sign bit before and after sorting.
        for (int i = 0; i < n; i++) {
            order[i] ^= Long.MIN_VALUE;
        }
        Arrays.sort(order);
        for (int i = 0; i < n; i++) {
            order[i] ^= Long.MIN_VALUE;
        }
        return order;
    }

    private void split(String piece, List<Merge> merges) {
        for (int i = 1; i < piece.length(); i++) {
            if (Character.isLowSurrogate(piece.charAt(i))) {
                continue;
            }
            String left = piece.substring(0, i);
            Integer leftId = ids.get(left);
            if (leftId != null) {
                String right = piece.substring(i);
                Integer rightId = ids.get(right);
                if (rightId != null) {
                    merges.add(new Merge(left, right, leftId, rightId));
                }
            }
        }
    }
}
