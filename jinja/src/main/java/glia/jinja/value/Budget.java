package glia.jinja.value;

import glia.jinja.value.Access.Method;

/// The limits of one rendering and the remainder of each: steps (CPU time), bytes (memory allocated) and depth (stack).
///
/// Every operation charges steps in proportion to its work and bytes in proportion to what it allocates, before it
/// does either:
///
/// - strings: [TextBuilder] and [TrustedText] charge for the characters they copy;
/// - lists and dicts: [ListValue#add], [DictValue#put] and [Iteration] charge for each element;
/// - calls: filters, tests, methods and operators charge for the length of their operands ([#operands]), and for
///   slow loops over characters ([#work]) or digits ([Numbers]).
///
/// The test `ChargeTest` runs every filter, test, method, operator and function on operands of up to a million
/// characters or elements and compares the charge with the time and memory that the call really took.
public final class Budget {
    /// A step is this many units, so that small charges add up.
    private static final int UNITS_PER_STEP = 16;
    private static final int UNITS_PER_ITEM = 8;
    private static final int UNITS_PER_ENTRY = 64;
    /// Units of a character in a loop that classifies or converts single characters.
    private static final int UNITS_PER_WORK = 6;
    private static final int BYTES_PER_STEP = 8;
    /// A reference in a growing array.
    private static final int BYTES_PER_ITEM = 24;
    /// An entry of a linked hash map and its share of a growing table.
    private static final int BYTES_PER_ENTRY = 160;
    /// The headers of a string and its array.
    private static final int BYTES_PER_TEXT = 64;
    /// The longest string, in UTF-16 units.
    private static final long MAX_TEXT = 1L << 28;
    /// The limits grow by themselves with every further block of input of this many characters.
    private static final double INPUT_BLOCK = 1 << 20;

    private final int maxDepth;
    private long maxSteps;
    private long maxBytes;
    private long units;
    private long bytes;
    private double factor = 1;
    private int depth;

    /// @param steps nodes evaluated and elements visited; work on long operands counts as several
    /// @param bytes memory allocated by all operations together
    /// @param maxDepth nested evaluations, calls of macros and levels of nested values
    public Budget(long steps, long bytes, int maxDepth) {
        this.maxDepth = maxDepth;
        limit(steps, bytes);
    }

    private void limit(long steps, long newBytes) {
        maxSteps = Math.min(steps, Long.MAX_VALUE / UNITS_PER_STEP);
        maxBytes = newBytes;
        units = maxSteps * UNITS_PER_STEP;
        bytes = maxBytes;
    }

    /// A budget without limits but for the depth, for the caller's own values.
    static Budget unlimited(int maxDepth) {
        return new Budget(Long.MAX_VALUE, Long.MAX_VALUE, maxDepth);
    }

    /// A budget for values of the caller: without limits but for the depth.
    public Budget forInput() {
        return unlimited(maxDepth);
    }

    /// Adds to the limits in proportion to the size of the input: `limit · characters / 2^20`. To be called before
    /// anything is charged.
    public void grow(long characters) {
        factor = 1 + characters / INPUT_BLOCK;
        limit(grown(maxSteps), grown(maxBytes));
    }

    /// A further limit, grown as much as the others.
    public long grown(long limit) {
        return (long) (limit * factor);
    }

    /// The steps charged so far.
    public long spentSteps() {
        return maxSteps - Math.max(0, units) / UNITS_PER_STEP;
    }

    /// The bytes charged so far.
    public long spentBytes() {
        return maxBytes - Math.max(0, bytes);
    }

    /// Charges one node or one iteration.
    public void step() {
        units -= UNITS_PER_STEP;
        bytes -= BYTES_PER_STEP;
        if (units < 0 || bytes < 0) {
            throw exceeded();
        }
    }

    /// Charges steps.
    public void steps(long count) {
        spend(count, UNITS_PER_STEP);
    }

    /// Charges memory.
    public void bytes(long count) {
        if (count > bytes) {
            bytes = -1;
            throw exceeded();
        }
        bytes -= count;
    }

    private void spend(long count, int unitsEach) {
        if (count > units / unitsEach) {
            units = -1;
            throw exceeded();
        }
        units -= count * unitsEach;
    }

    private JinjaError exceeded() {
        return units < 0
                ? new JinjaError("the template takes more than " + maxSteps + " steps; it may loop without end or "
                        + "repeat work on long texts: correct the template or raise the limit 'steps'")
                : new JinjaError("the template allocates more than " + maxBytes + " bytes; it may repeat a string or "
                        + "list too often: correct the template or raise the limit 'bytes'");
    }

    /// Charges a fast pass over characters: search, comparison, copy.
    public void scan(long characters) {
        spend(characters, 1);
    }

    /// Charges a fast pass over a value: the characters of a string, the bits of a big integer.
    public void scan(Object value) {
        if (value instanceof String text) {
            scan(text.length());
        } else if (Types.kind(value) == Types.Kind.TEXT) {
            scan(value.toString().length());
        } else if (value instanceof Method method) {
            scan(method.target());
        } else if (value instanceof java.math.BigInteger big) {
            scan(big.bitLength());
        }
    }

    /// Charges a loop that classifies or converts single characters.
    public void work(long characters) {
        spend(characters, UNITS_PER_WORK);
    }

    /// Charges a call for the length of its operands and for its small objects.
    public void operands(Object target, Arguments arguments) {
        bytes(CALL_BYTES);
        scan(target);
        for (int i = 0; i < arguments.positional().size(); i++) {
            scan(arguments.positional().get(i));
        }
        if (!arguments.named().isEmpty()) {
            arguments.named().values().forEach(this::scan);
        }
    }

    private static final int CALL_BYTES = 160;

    /// Charges new elements of lists and tuples.
    public void items(long count) {
        spend(count, UNITS_PER_ITEM);
        bytes(product(count, BYTES_PER_ITEM));
    }

    /// Charges new entries of dicts.
    public void entries(long count) {
        spend(count, UNITS_PER_ENTRY);
        bytes(product(count, BYTES_PER_ENTRY));
    }

    private static long product(long count, int each) {
        return count > Long.MAX_VALUE / each ? Long.MAX_VALUE : count * each;
    }

    /// Charges a new string.
    ///
    /// @param length its length in UTF-16 units
    public void text(long length) {
        if (length > MAX_TEXT) {
            throw new JinjaError("the template makes a string of " + length + " characters; the longest allowed has "
                    + MAX_TEXT);
        }
        scan(length);
        bytes(2 * length + BYTES_PER_TEXT);
    }

    /// Charges the string and returns it.
    public String made(String text) {
        text(text.length());
        return text;
    }

    /// Enters a nested level. Errors end a rendering, so [#exit()] needs no `finally`.
    public void enter() {
        if (++depth > maxDepth) {
            throw new JinjaError("nested more than " + maxDepth + " levels deep; a macro may call itself without end, "
                    + "or a value may contain itself");
        }
    }

    /// Leaves a nested level.
    public void exit() {
        depth--;
    }
}
