package glia.text.tool;

/// Interrupts the reading of a call until there is more text.
final class Incomplete extends RuntimeException {
    static final Incomplete INSTANCE = new Incomplete();
    private static final long serialVersionUID = 1;

    private Incomplete() {
        super("more text is needed", null, false, false);
    }
}
