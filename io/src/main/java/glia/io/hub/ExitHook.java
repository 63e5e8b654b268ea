package glia.io.hub;

/// An action for the case that the process ends (Ctrl-C, a signal) before this is closed.
final class ExitHook implements AutoCloseable {
    private final Thread hook;

    ExitHook(Runnable action) {
        hook = new Thread(action, "glia-exit");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The process is ending: the hook runs and has nothing to do.
        }
    }
}
