package glia.text.tokenizer;

import java.util.List;
import java.util.function.Consumer;

/// The text of a `tokenizer.json` with a byte-pair model, as it is handed to the native library. Whatever a tokenizer
/// comes from, this is written here: the library ends the process where it meets what it did not expect, so it sees
/// nothing that was not checked. It neither decodes nor adds tokens around a text: it gets no decoder and no template.
///
/// @param added the added tokens
/// @param normalizer the `normalizer`, as JSON
/// @param preTokenizer the `pre_tokenizer`, as JSON
/// @param options how the model merges
/// @param pieces the pieces by id, null or empty where an id has none
record BpeJson(List<AddedToken> added, String normalizer, String preTokenizer, Options options, String[] pieces) {

    /// @param unknown the piece for characters that no other piece covers, or null
    /// @param fuseUnknown whether several such characters in a row become one token
    /// @param byteFallback whether pieces such as `<0x0A>` stand in for bytes that no piece covers
    /// @param ignoreMerges whether a stretch of text that is a piece is taken whole
    record Options(String unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) { }

    /// @param merges appends the elements of the array of merges, best first: texts of two pieces with a space between,
    ///     or lists of two pieces
    String write(Consumer<StringBuilder> merges) {
        StringBuilder json = new StringBuilder(64 * pieces.length + 4096);
        json.append("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[");
        for (int i = 0; i < added.size(); i++) {
            if (i > 0) {
                json.append(',');
            }
            added.get(i).appendJson(json);
        }
        json.append("],\"normalizer\":").append(normalizer).append(",\"pre_tokenizer\":").append(preTokenizer)
                .append(",\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"unk_token\":");
        if (options.unknown() == null) {
            json.append("null");
        } else {
            JsonText.append(json, options.unknown());
        }
        json.append(",\"fuse_unk\":").append(options.fuseUnknown())
                .append(",\"byte_fallback\":").append(options.byteFallback())
                .append(",\"ignore_merges\":").append(options.ignoreMerges()).append(",\"vocab\":{");
        appendPieces(json);
        json.append("},\"merges\":[");
        merges.accept(json);
        return json.append("]}}").toString();
    }

    private void appendPieces(StringBuilder json) {
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
