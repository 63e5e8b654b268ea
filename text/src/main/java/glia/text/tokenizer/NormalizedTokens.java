package glia.text.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// Checks the added tokens that the native library looks for in another form than the file has: those with
/// `normalized`, and those that take white space beside them (`lstrip`, `rstrip`).
///
/// The library normalizes the text of a `normalized` token. Where nothing is left of it, it finds the token at every
/// byte of a text; such a token is looked for as it is written. A token of white space with `lstrip` may come to lie
/// inside the white space that a token with `rstrip` takes, which ends the process; such a file is refused.
final class NormalizedTokens {
    private static final String PROBE = ",\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\","
            + "\"unk_token\":\"?\",\"fuse_unk\":false,\"byte_fallback\":false,\"vocab\":{\"?\":0},\"merges\":[]}}";

    private NormalizedTokens() { }

    /// @param normalizer the `normalizer`, as JSON, checked
    /// @param mayDelete whether it may delete characters
    /// @return the tokens, some no longer `normalized`
    /// @throws IllegalArgumentException if the tokens cannot be used together
    static List<AddedToken> checked(List<AddedToken> tokens, String normalizer, boolean mayDelete) {
        AddedToken.checkSizes(tokens);
        boolean takesSpace = tokens.stream().anyMatch(AddedToken::rstrip) && tokens.stream().anyMatch(
                AddedToken::lstrip);
        boolean mayVanish = mayDelete && tokens.stream().anyMatch(AddedToken::normalized);
        if (!takesSpace && !mayVanish) {
            return tokens;
        }
        NativeTokenizer all = probe(normalizer, "null");
        List<AddedToken> checked = new ArrayList<>();
        for (AddedToken token : tokens) {
            boolean vanishes = token.normalized() && all.encode(token.content()).length == 0;
            checked.add(vanishes ? token.verbatim() : token);
        }
        NativeTokenizer raw = probe("null", "{\"type\":\"WhitespaceSplit\"}");
        NativeTokenizer words = probe(normalizer, "{\"type\":\"WhitespaceSplit\"}");
        for (AddedToken token : checked) {
            if (takesSpace && token.lstrip()
                    && (token.normalized() ? words : raw).encode(token.content()).length == 0) {
                throw new IllegalArgumentException("found the token " + token.id() + " of white space with lstrip, "
                        + "beside tokens with rstrip, expected no lstrip");
            }
        }
        return checked;
    }

    /// A tokenizer that makes a token of each character that its normalizer and pre-tokenizer leave.
    private static NativeTokenizer probe(String normalizer, String preTokenizer) {
        return NativeTokenizer.of("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[],"
                + "\"normalizer\":" + normalizer + ",\"pre_tokenizer\":" + preTokenizer + PROBE);
    }
}
