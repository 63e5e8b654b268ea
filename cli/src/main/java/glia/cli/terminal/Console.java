package glia.cli.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// Where the program reads and writes, and what stands behind it: a terminal that shows colors and moving lines, or a
/// file or pipe that gets plain text.
///
/// @param in standard input
/// @param out standard output: results and nothing else
/// @param err standard error: progress, notes and errors
/// @param inIsTerminal a person types
/// @param outIsTerminal a person reads the results
/// @param errIsTerminal a person watches the progress
/// @param width columns of the terminal that shows the results; 0 if there is none, or it does not say
/// @param color both the terminal and the user's environment (`NO_COLOR`, `TERM`) allow colors
public record Console(InputStream in, PrintStream out, PrintStream err,
                      boolean inIsTerminal, boolean outIsTerminal, boolean errIsTerminal, int width, boolean color) {

    /// The property by which the launcher says which of the descriptors 0, 1 and 2 are terminals, such as `02`. Java
    /// itself cannot tell them apart.
    static final String TERMINALS_PROPERTY = "glia.terminals";

    /// The property by which the launcher says how wide the terminal is.
    static final String COLUMNS_PROPERTY = "glia.columns";

    /// The process's own streams, in UTF-8 wherever they do not lead to a console with an encoding of its own.
    public static Console ofProcess() {
        String terminals = System.getProperty(TERMINALS_PROPERTY);
        if (terminals == null) {
            terminals = System.console() != null && System.console().isTerminal() ? "012" : "";
        }
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        boolean outIsTerminal = terminals.contains("1");
        boolean errIsTerminal = terminals.contains("2");
        PrintStream out = Output.to(new FileOutputStream(FileDescriptor.out),
                charset("stdout.encoding", windows && outIsTerminal));
        PrintStream err = Output.to(StandardError.open(), charset("stderr.encoding", windows && errIsTerminal));
        int width = outIsTerminal ? Integer.getInteger(COLUMNS_PROPERTY, 0) : 0;
        return new Console(System.in, out, err, terminals.contains("0"), outIsTerminal, errIsTerminal, width,
                outIsTerminal && allowsColor(System.getenv()));
    }

    /// A console without any terminal.
    public static Console plain(InputStream in, PrintStream out, PrintStream err) {
        return new Console(in, out, err, false, false, false, 0, false);
    }

    /// Whether the environment allows colors: `NO_COLOR` is unset or empty (https://no-color.org) and the terminal is
    /// not a dumb one.
    public static boolean allowsColor(Map<String, String> environment) {
        return environment.getOrDefault("NO_COLOR", "").isEmpty() && !isDumb(environment);
    }

    /// Whether the terminal can do no more than print: `TERM` is `dumb`.
    public static boolean isDumb(Map<String, String> environment) {
        return "dumb".equals(environment.get("TERM"));
    }

    /// Prints lines on standard output, broken between words where the terminal is narrower.
    public void printText(String lines) {
        out.println(WordWrap.of(lines, width));
    }

    /// The text in a faint color where colors are allowed, else as it is.
    public String dim(String text) {
        return color ? "\033[2m" + text + "\033[0m" : text;
    }

    /// The text in bold where colors are allowed, else as it is.
    public String bold(String text) {
        return color ? "\033[1m" + text + "\033[0m" : text;
    }

    /// The text in a color that stands out where colors are allowed, else as it is.
    public String accent(String text) {
        return color ? "\033[36m" + text + "\033[0m" : text;
    }

    private static Charset charset(String property, boolean consoleDecides) {
        String name = System.getProperty(property);
        return consoleDecides && name != null ? Charset.forName(name) : StandardCharsets.UTF_8;
    }
}
