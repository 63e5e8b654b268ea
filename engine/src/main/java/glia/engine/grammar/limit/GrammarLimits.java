package glia.engine.grammar.limit;

/// The most memory and steps of a grammar, compiled and in use. Each is checked where it grows; reaching one throws a
/// [GrammarException] of kind `LIMIT`.
public final class GrammarLimits {
    /// Steps of compiling a grammar.
    public static final long STEPS = 100_000_000;
    /// Steps of the mask of one token.
    public static final long MASK_STEPS = 100_000_000;
    /// Steps of a mask on the thread of the decode step: some milliseconds. Further ones are taken on another thread.
    public static final long SHORT_MASK_STEPS = 200_000;
    /// Seconds of compiling a grammar, and of the mask of one token, where steps are slow.
    public static final int SECONDS = 20;
    /// Bytes of the expressions and states of one grammar.
    public static final long MEMORY = 256L << 20;
    /// Bytes of the rows, and of the positions, of one grammar's parser that can be computed again.
    public static final long CACHE = 64L << 20;
    /// Items of all rows of the parser that one text needs: 12 bytes each.
    public static final int TEXT_ITEMS = 4_000_000;
    /// Lexemes of one text that may be under way at a time.
    public static final int PARTS = 2_000;
    /// Nodes of regular expressions, derivatives included: about 150 bytes each.
    public static final int REGEX_NODES = 200_000;
    /// Nodes that a search for a matching text of one regular expression visits.
    public static final int SEARCH_NODES = 20_000;
    /// States of the lexer: about 1.2 kB each.
    public static final int LEXER_STATES = 50_000;
    /// Items of one row of the parser.
    public static final int ROW_ITEMS = 20_000;
    /// Sets of subschemas that must hold together, each a rule of the parser.
    public static final int VALUES = 20_000;
    /// Alternatives of one value, after all choices (`anyOf`, `oneOf`, `not`, `if`) are expanded.
    public static final int ALTERNATIVES = 2_000;
    /// Steps of expanding one schema.
    public static final int EXPANSIONS = 400_000;
    /// Nesting of brackets and groups in the text of a grammar or pattern.
    public static final int DEPTH = 200;
    /// Characters of the text of a grammar or pattern.
    public static final int TEXT = 1_000_000;

    private GrammarLimits() { }
}
