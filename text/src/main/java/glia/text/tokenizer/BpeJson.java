package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.util.List;

/// The text of a `tokenizer.json` with a byte-pair model, as it is handed to the native library.
///
/// @param added the added tokens
/// @param normalizer the `normalizer`, as JSON
/// @param preTokenizer the `pre_tokenizer`, as JSON
/// @param options how the model merges
/// @param pieces the pieces by id
record BpeJson(List<AddedToken> added, String normalizer, String preTokenizer, Options options, Pieces pieces) {

    /// @param unknown the piece for characters that no other piece covers, or null
    /// @param fuseUnknown whether several such characters in a row become one token
    /// @param byteFallback whether pieces such as `<0x0A>` stand in for bytes that no piece covers
    /// @param ignoreMerges whether a stretch of text that is a piece is taken whole
    record Options(String unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) { }

    /// Appends the elements of the array of merges, best first: texts of two pieces with a space between, or lists of
    /// two pieces.
    interface Merges {
        void append(JsonBuilder json) throws CheckpointException;
    }

    /// The same with other pieces.
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
