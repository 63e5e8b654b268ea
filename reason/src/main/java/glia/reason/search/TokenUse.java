package glia.reason.search;

/// The tokens of a search.
///
/// @param generated tokens that were generated
/// @param computed prompt tokens that were computed
/// @param reused prompt tokens that the KV cache held: those of shared prefixes
public record TokenUse(long generated, long computed, long reused) {
    /// No tokens.
    public static final TokenUse NONE = new TokenUse(0, 0, 0);

    /// The sum of two.
    public TokenUse plus(TokenUse other) {
        return new TokenUse(generated + other.generated, computed + other.computed, reused + other.reused);
    }
}
