package glia.text.tokenizer;

import glia.io.CheckpointException;
import java.util.List;

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

    /// Appends the elements of the array `merges` by rank: strings of two pieces with a space between, or arrays of two
    /// pieces.
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
