package glia.reason.sandbox;

/// This machine cannot isolate programs.
public final class SandboxUnavailableException extends Exception {
    private static final long serialVersionUID = 1;

    /// @param message why not, and what would help
    public SandboxUnavailableException(String message) {
        super(message);
    }
}
