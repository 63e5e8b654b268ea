package glia.text.tokenizer;

import java.util.List;
import java.util.function.Consumer;

/// The text of a `tokenizer.json` with a byte-pair model, as it is handed to the native library.
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
        StringBuilder json = NativeJson.begin(added, normalizer, preTokenizer, pieces.length)
                .append("\"BPE\",\"unk_token\":");
        if (options.unknown() == null) {
            json.append("null");
        } else {
            JsonText.append(json, options.unknown());
        }
        json.append(",\"fuse_unk\":").append(options.fuseUnknown())
                .append(",\"byte_fallback\":").append(options.byteFallback())
                .append(",\"ignore_merges\":").append(options.ignoreMerges()).append(",\"vocab\":{");
        NativeJson.appendPieces(json, pieces);
        json.append("},\"merges\":[");
        merges.accept(json);
        return json.append("]}}").toString();
    }
}
