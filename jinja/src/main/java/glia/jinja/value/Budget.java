package glia.jinja.value;

/// What one rendering may spend. Every operation whose cost is not constant pays here before it is carried out, so
/// that no template, however hostile, runs or grows without end.
public final class Budget {
    /// Scanning this many characters costs as much as evaluating one node.
    private static final int CHARACTERS_PER_STEP = 8;
    /// An element of a list takes this many times the memory and time of a step's own.
    private static final int STEPS_PER_ITEM = 2;

    private final int maxDepth;
    private long steps;
    private long characters;
    private int depth;

    /// @param steps nodes evaluated, iterations made
    /// @param characters text made, all intermediate values together
    /// @param maxDepth nested evaluations, calls of macros and levels of nested values
    public Budget(long steps, long characters, int maxDepth) {
        this.steps = steps;
        this.characters = characters;
        this.maxDepth = maxDepth;
    }

    /// Pays for one node or one iteration.
    public void step() {
        if (--steps < 0) {
            throw new JinjaError("the template takes too many steps; it may hold a loop that does not end");
        }
    }

    /// Pays for looking at so many characters.
    public void scan(long length) {
        spend(length / CHARACTERS_PER_STEP);
    }

    /// Pays for a list of so many elements.
    public void items(long count) {
        spend(count > Long.MAX_VALUE / STEPS_PER_ITEM ? Long.MAX_VALUE : count * STEPS_PER_ITEM);
    }

    private void spend(long count) {
        if (count > steps) {
            throw new JinjaError("the template takes too many steps; it may hold a loop that does not end");
        }
        steps -= count;
    }

    /// Pays for a new text of so many characters.
    public void text(long length) {
        if (length > characters) {
            throw new JinjaError("the template makes too much text; it may repeat a string too often");
        }
        characters -= length;
    }

    /// Pays for the text and hands it on.
    public String made(String text) {
        text(text.length());
        return text;
    }

    /// The same for a string value.
    public Object made(Object text) {
        text(text.toString().length());
        return text;
    }

    /// Goes one level deeper. Errors end a rendering, so [#exit()] need not stand in a `finally`.
    public void enter() {
        if (++depth > maxDepth) {
            throw new JinjaError("nested more than " + maxDepth
                    + " levels deep; a macro may call itself without end, or a value may contain itself");
        }
    }

    /// Comes back one level.
    public void exit() {
        depth--;
    }
}
