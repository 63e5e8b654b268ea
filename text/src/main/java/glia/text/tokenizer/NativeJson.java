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
    static StringBuilder begin(List<AddedToken> added, String normalizer, String preTokenizer, int numPieces) {
        StringBuilder json = new StringBuilder(64 * numPieces + 4096);
        json.append("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[");
        for (int i = 0; i < added.size(); i++) {
            if (i > 0) {
                json.append(',');
            }
            added.get(i).appendJson(json);
        }
        return json.append("],\"normalizer\":").append(normalizer).append(",\"pre_tokenizer\":").append(preTokenizer)
                .append(",\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":");
    }

    /// A tokenizer that takes the longest piece of a word from its start, then of what is left
    /// (https://arxiv.org/abs/1609.08144).
    ///
    /// @param unknown the piece for words that no pieces cover
    /// @param prefix marks pieces that go on a word
    /// @param maxCharacters words that are longer are unknown
    static String wordPiece(List<AddedToken> added, String normalizer, String preTokenizer, String[] pieces,
            String unknown, String prefix, int maxCharacters) {
        StringBuilder json = begin(added, normalizer, preTokenizer, pieces.length)
                .append("\"WordPiece\",\"unk_token\":").append(JsonText.quote(unknown))
                .append(",\"continuing_subword_prefix\":").append(JsonText.quote(prefix))
                .append(",\"max_input_chars_per_word\":").append(maxCharacters).append(",\"vocab\":{");
        appendPieces(json, pieces);
        return json.append("}}}").toString();
    }

    /// A tokenizer that cuts a text into the pieces whose scores, logarithms of probabilities, add up to the most
    /// (https://arxiv.org/abs/1804.10959).
    static String unigram(List<AddedToken> added, String normalizer, String preTokenizer, String[] pieces,
            double[] scores, int numScored, int unknown, boolean byteFallback) {
        StringBuilder json = begin(added, normalizer, preTokenizer, pieces.length)
                .append("\"Unigram\",\"unk_id\":").append(unknown < 0 ? "null" : Integer.toString(unknown))
                .append(",\"byte_fallback\":").append(byteFallback).append(",\"vocab\":[");
        for (int id = 0; id < numScored; id++) {
            json.append(id == 0 ? "[" : ",[");
            JsonText.append(json, pieces[id]);
            json.append(',').append(scores[id]).append(']');
        }
        return json.append("]}}").toString();
    }

    /// The pieces of an object with their ids.
    static void appendPieces(StringBuilder json, String[] pieces) {
        boolean first = true;
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id] != null && !pieces[id].isEmpty()) {
                if (!first) {
                    json.append(',');
                }
                first = false;
                JsonText.append(json, pieces[id]);
                json.append(':').append(id);
            }
        }
    }
}
