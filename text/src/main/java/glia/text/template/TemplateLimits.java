package glia.text.template;

/// The limits of one rendering. A template comes with a model from anywhere, so it may loop without end or fill the
/// memory; beyond a limit it fails with a [TemplateException].
///
/// The limits on steps, bytes and output hold for a small input and grow with its size: with `n` characters in the
/// variables each is multiplied by `1 + n / 2^20`. A value counts 128 characters besides its text.
///
/// @param steps CPU time: expressions evaluated and elements visited; work on long operands counts as several
/// @param bytes memory allocated, all intermediate values together
/// @param outputCharacters the length of the rendered text, in UTF-16 units
/// @param depth nested blocks, expressions, calls of macros and levels of nested values
public record TemplateLimits(long steps, long bytes, int outputCharacters, int depth) {
    /// For a small input at most 2 seconds of CPU time and 256 MiB, and much more than any known template needs.
    public static final TemplateLimits DEFAULT = new TemplateLimits(20_000_000L, 256L << 20, 1 << 24, 600);

    /// Checks the limits.
    ///
    /// @throws IllegalArgumentException where a limit is not positive
    public TemplateLimits {
        if (steps <= 0 || bytes <= 0 || outputCharacters <= 0 || depth <= 0) {
            throw new IllegalArgumentException("limits must be positive: steps " + steps + ", bytes " + bytes
                    + ", outputCharacters " + outputCharacters + ", depth " + depth);
        }
    }
}
