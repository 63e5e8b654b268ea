package glia.serve.anthropic;

import glia.io.hub.ContentHash;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/// The signature of a thinking block, by which a changed block is found when the conversation is sent again: the
/// SHA-256 of its text under this server's mark. It is no secret. Of thinking that a request omits the signature also
/// holds the text, since the client has it nowhere else.
final class ThinkingSignature {
    private static final String MARK = "glia1.";

    private ThinkingSignature() { }

    /// The signature of a block whose text the client sees.
    static String of(String thinking) {
        return MARK + hash(thinking);
    }

    /// The signature of a block whose text the client does not see.
    static String holding(String thinking) {
        return of(thinking) + "." + Base64.getUrlEncoder().withoutPadding()
                .encodeToString(thinking.getBytes(StandardCharsets.UTF_8));
    }

    private static String hash(String thinking) {
        return ContentHash.sha256((MARK + thinking).getBytes(StandardCharsets.UTF_8));
    }

    /// Whether a signature is of this server; blocks of others are left out of prompts.
    static boolean isKnown(String signature) {
        return signature.startsWith(MARK);
    }

    /// The thinking of a block.
    ///
    /// @param thinking the text that the client sent; empty for omitted thinking
    /// @return empty if the block was changed
    static Optional<String> verified(String thinking, String signature) {
        int held = signature.indexOf('.', MARK.length());
        String text = thinking;
        if (thinking.isEmpty() && held > 0) {
            try {
                text = new String(Base64.getUrlDecoder().decode(signature.substring(held + 1)),
                        StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        }
        String expected = of(text);
        return signature.substring(0, held > 0 ? held : signature.length()).equals(expected) ? Optional.of(text)
                : Optional.empty();
    }
}
