package glia.cli.terminal;

/// Prints a line when Ctrl-C ends the process during some work, if by then there was something to say about it. Close
/// it when the work is done.
public final class InterruptNotice implements AutoCloseable {
    private final Console console;
    private final String message;
    private final Thread hook;
    private volatile boolean armed;

    /// @param console on whose standard error the line is printed
    /// @param message what happens to the work
    public InterruptNotice(Console console, String message) {
        this.console = console;
        this.message = message;
        hook = new Thread(this::print);
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /// From now on the line is true: a part of the work is done.
    public void arm() {
        armed = true;
    }

    void print() {
        if (armed) {
            console.err().println();
            console.err().println("glia: stopped; " + message);
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(hook);
    }
}
