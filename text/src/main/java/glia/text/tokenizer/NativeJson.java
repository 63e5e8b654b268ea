package glia.text.tokenizer;

import java.util.List;

/// The text of a `tokenizer.json` as it is handed to the native library. Whatever a tokenizer comes from, this is
/// written here: the library ends the process where it meets what it did not expect, so it sees nothing that was not
/// checked. It neither decodes nor adds tokens around a text: it gets no decoder and no template.
final class NativeJson {
    private NativeJson() { }

    /// Everything up to the value of the model's type.
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

    /// A tokenizer that takes the longest piece of a word from its start, then of what is left
    /// (https://arxiv.org/abs/1609.08144).
    ///
    /// @param unknown the piece for words that no pieces cover
    /// @param prefix marks pieces that go on a word
    /// @param maxCharacters words that are longer are unknown
    static String wordPiece(List<AddedToken> added, String normalizer, String preTokenizer, Pieces pieces,
            String unknown, String prefix, int maxCharacters) {
        JsonBuilder json = begin(added, normalizer, preTokenizer, pieces.count())
                .raw("\"WordPiece\",\"unk_token\":").quoted(unknown)
                .raw(",\"continuing_subword_prefix\":").quoted(prefix)
                .raw(",\"max_input_chars_per_word\":").raw(maxCharacters).raw(",\"vocab\":{");
        appendPieces(json, pieces);
        return json.raw("}}}").toString();
    }

    /// A tokenizer that cuts a text into the pieces whose scores, logarithms of probabilities, add up to the most
    /// (https://arxiv.org/abs/1804.10959).
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

    /// The pieces of an object with their ids.
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
