package glia.reason.program;

/// What a program may use.
///
/// @param steps evaluated expressions and statements, each operation on a long value counted by its length
/// @param characters printed characters, and the length of a string or list
/// @param bits of an integer
/// @param depth nested calls of functions
public record Limits(long steps, int characters, int bits, int depth) {
    /// 100,000 steps, 10,000 characters, 4,096 bits, 60 calls.
    public static final Limits DEFAULT = new Limits(100_000, 10_000, 4_096, 60);

    /// @throws IllegalArgumentException if one is not positive
    public Limits {
        if (steps < 1 || characters < 1 || bits < 1 || depth < 1) {
            throw new IllegalArgumentException("limits are positive numbers, found " + steps + ", " + characters + ", "
                    + bits + ", " + depth);
        }
    }
}
