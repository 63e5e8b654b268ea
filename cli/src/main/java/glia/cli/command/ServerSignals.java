package glia.cli.command;

import glia.cli.terminal.Console;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jline.utils.Signals;

/// What signals do to a server. SIGTERM and SIGINT end Java, whose shutdown drains the server; a second one ends it at
/// once. SIGHUP ends a server whose terminal is closed. One without a terminal, such as a service, goes on, since
/// SIGHUP means there that settings are to be read again, and the file of keys is read when it has changed.
final class ServerSignals {
    /// By the convention of shells: 128 and the number of the signal.
    private static final int HANGUP = 129;
    private static final int INTERRUPT = 130;
    private static final int TERMINATE = 143;

    private ServerSignals() { }

    /// From now on SIGHUP does not end a server without a terminal.
    static void serve(Console console) {
        if (!hasTerminal()) {
            Signals.register("HUP", () -> console.err().println("glia: SIGHUP changes nothing: the file of keys is "
                    + "read when it has changed; SIGTERM ends the server"));
        }
    }

    /// From now on each signal ends the process at once.
    static void drain() {
        Signals.register("HUP", () -> Runtime.getRuntime().halt(HANGUP));
        Signals.register("INT", () -> Runtime.getRuntime().halt(INTERRUPT));
        Signals.register("TERM", () -> Runtime.getRuntime().halt(TERMINATE));
    }

    /// Whether the process has a controlling terminal, whatever its streams are.
    private static boolean hasTerminal() {
        try (InputStream _ = new FileInputStream("/dev/tty")) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
