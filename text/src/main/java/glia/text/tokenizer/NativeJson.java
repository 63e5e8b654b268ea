package glia.text.tokenizer;

import java.util.List;

/// Writes the `tokenizer.json` that the native library reads. It is always written here from checked parts, whatever
/// the tokenizer comes from, because the library ends the process on many invalid files. Decoder and post-processor are
/// implemented in Java ([PieceDecoder], [Template]), so the library gets none.
final class NativeJson {
    private NativeJson() { }

    /// Begins the JSON, up to the value of the model's type.
    ///
    /// @param normalizer the `normalizer`, as JSON
    /// @param preTokenizer the `pre_tokenizer`, as JSON
    static JsonBuilder begin(List<AddedToken> added, String normalizer, String preTokenizer, int numPieces) {
        JsonBuilder json = new JsonBuilder(64 * numPieces + 4096);
        json.raw("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[");
        for (int i = 0; i < added.size(); i++) {
            if (i > 0) {
                json.raw(",");
            }
            added.get(i).appendJson(json);
        }
        return json.raw("],\"normalizer\":").raw(normalizer).raw(",\"pre_tokenizer\":").raw(preTokenizer)
                .raw(",\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":");
    }

    /// A WordPiece tokenizer: the longest matching piece of a word first, then of the rest.
    /// Source: https://arxiv.org/abs/1609.08144.
    ///
    /// @param unknown the token for words that no pieces cover
    /// @param prefix the prefix of pieces that continue a word
    /// @param maxCharacters longer words become the unknown token
    static String wordPiece(List<AddedToken> added, String normalizer, String preTokenizer, Pieces pieces,
            String unknown, String prefix, int maxCharacters) {
        JsonBuilder json = begin(added, normalizer, preTokenizer, pieces.count())
                .raw("\"WordPiece\",\"unk_token\":").quoted(unknown)
                .raw(",\"continuing_subword_prefix\":").quoted(prefix)
                .raw(",\"max_input_chars_per_word\":").raw(maxCharacters).raw(",\"vocab\":{");
        appendPieces(json, pieces);
        return json.raw("}}}").toString();
    }

    /// A Unigram tokenizer: the segmentation into pieces with the largest sum of scores, which are log-probabilities.
    /// Source: https://arxiv.org/abs/1804.10959.
    ///
    /// @param numScored the number of pieces with a score, the first of `pieces`
    /// @param unknown the id of the token for unknown characters
    static String unigram(List<AddedToken> added, String normalizer, String preTokenizer, Pieces pieces,
            double[] scores, int numScored, int unknown, boolean byteFallback) {
        JsonBuilder json = begin(added, normalizer, preTokenizer, pieces.count())
                .raw("\"Unigram\",\"unk_id\":").raw(unknown)
                .raw(",\"byte_fallback\":").raw(byteFallback).raw(",\"vocab\":[");
        for (int id = 0; id < numScored; id++) {
            json.raw(id == 0 ? "[" : ",[");
            pieces.append(id, json);
            json.raw(",").raw(Double.toString(scores[id])).raw("]");
        }
        return json.raw("]}}").toString();
    }

    /// Appends the members of the object `vocab`: pieces with their ids.
    static void appendPieces(JsonBuilder json, Pieces pieces) {
        boolean first = true;
        for (int id = 0; id < pieces.count(); id++) {
            if (!pieces.isEmpty(id)) {
                if (!first) {
                    json.raw(",");
                }
                first = false;
                pieces.append(id, json);
                json.raw(":").raw(id);
            }
        }
    }
}
