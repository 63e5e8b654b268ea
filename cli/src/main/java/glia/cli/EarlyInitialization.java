package glia.cli;

import glia.kernels.KernelBackends;

/// Begins what every answer needs on a thread of its own, while the command line is taken apart and most processors
/// have nothing to do: the first call of machine code takes 20 ms, since the JDK writes classes for it.
final class EarlyInitialization {
    /// The launcher sets it for commands that answer.
    static final String PROPERTY = "glia.headstart";

    private EarlyInitialization() { }

    static void begin() {
        if (Boolean.getBoolean(PROPERTY)) {
            Thread.ofPlatform().daemon().name("glia-head-start").start(EarlyInitialization::run);
        }
    }

    private static void run() {
        try {
            KernelBackends.warmUp();
        } catch (RuntimeException | LinkageError e) {
            // What fails here fails again where it is needed, and is told there.
        }
    }
}
