package glia.cli.terminal;

/// Says a word when Ctrl-C ends the process while something is under way. Closed when it is done.
public final class InterruptNotice implements AutoCloseable {
    private final Thread hook;

    /// @param console on whose standard error it is said
    /// @param words what becomes of the work
    public InterruptNotice(Console console, String words) {
        hook = new Thread(() -> {
            console.err().println();
            console.err().println("glia: stopped; " + words);
        });
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(hook);
    }
}
