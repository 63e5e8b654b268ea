package glia.text.template;

/// What one rendering may cost. Templates come with models from anywhere, so none is trusted to end.
///
/// @param steps nodes evaluated and iterations made; list elements and long scans count as several
/// @param characters text made on the way, all intermediate strings together
/// @param outputCharacters text rendered
/// @param depth nested evaluations: blocks, expressions, calls of macros
public record TemplateLimits(long steps, long characters, int outputCharacters, int depth) {
    /// Enough for conversations of hundreds of thousands of tokens, and over within seconds and a few hundred MB.
    public static final TemplateLimits DEFAULT = new TemplateLimits(50_000_000L, 1L << 26, 1 << 24, 600);

    /// Checks that there is something to spend.
    ///
    /// @throws IllegalArgumentException where a limit is not positive
    public TemplateLimits {
        if (steps <= 0 || characters <= 0 || outputCharacters <= 0 || depth <= 0) {
            throw new IllegalArgumentException("limits must be positive: steps " + steps + ", characters " + characters
                    + ", outputCharacters " + outputCharacters + ", depth " + depth);
        }
    }
}
