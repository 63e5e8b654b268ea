package glia.cli;

import glia.kernels.KernelBackends;

/// Work that every generation needs, on a second thread while the command line is parsed: the first call of machine
/// code takes 20 ms, since the JDK generates classes for it.
final class EarlyInitialization {
    /// System property set by the launcher for commands that generate text.
    static final String PROPERTY = "glia.early";

    private EarlyInitialization() { }

    static void begin() {
        if (Boolean.getBoolean(PROPERTY)) {
            Thread.ofPlatform().daemon().name("glia-early").start(EarlyInitialization::run);
        }
    }

    private static void run() {
        try {
            KernelBackends.warmUp();
        } catch (RuntimeException | LinkageError e) {
            // The first use fails in the same way, and that is reported.
        }
    }
}
