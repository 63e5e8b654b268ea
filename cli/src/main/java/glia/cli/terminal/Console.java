package glia.cli.terminal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Constructor;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// The three standard streams, and whether each is a terminal.
///
/// @param in standard input
/// @param out standard output: results and nothing else
/// @param err standard error: progress, notes and errors
/// @param inIsTerminal whether standard input is a terminal
/// @param outIsTerminal whether standard output is a terminal
/// @param errIsTerminal whether standard error is a terminal
/// @param width columns of the terminal of standard output; 0 if it is none, or its width is unknown
/// @param color whether both that terminal and the environment (`NO_COLOR`, `TERM`) allow colors
public record Console(InputStream in, PrintStream out, PrintStream err,
                      boolean inIsTerminal, boolean outIsTerminal, boolean errIsTerminal, int width, boolean color) {

    /// System property set by the launcher: which of the descriptors 0, 1 and 2 are terminals, such as `02`. Java has
    /// no way to find out for each.
    static final String TERMINALS_PROPERTY = "glia.terminals";

    /// System property set by the launcher: columns of the terminal.
    static final String COLUMNS_PROPERTY = "glia.columns";

    private static final String CLEAR_LINE = "\r\033[K";

    /// The process's own streams, in UTF-8 except for a Windows console, which has an encoding of its own.
    public static Console ofProcess() {
        String terminals = System.getProperty(TERMINALS_PROPERTY);
        if (terminals == null) {
            terminals = System.console() != null && System.console().isTerminal() ? "012" : "";
        }
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        boolean outIsTerminal = terminals.contains("1");
        boolean errIsTerminal = terminals.contains("2");
        PrintStream out = Output.to(new FileOutputStream(FileDescriptor.out),
                charset("stdout.encoding", windows && outIsTerminal), outIsTerminal);
        int columns = Integer.getInteger(COLUMNS_PROPERTY, 0);
        PrintStream err = Output.ofMessages(StandardError.open(),
                charset("stderr.encoding", windows && errIsTerminal), errIsTerminal, columns);
        int width = outIsTerminal ? columns : 0;
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

    /// Whether the terminal has no control sequences: `TERM` is `dumb`.
    public static boolean isDumb(Map<String, String> environment) {
        return "dumb".equals(environment.get("TERM"));
    }

    /// Prints lines on standard output, wrapped between words at the terminal's width.
    public void printText(String lines) {
        printText("", lines);
    }

    /// Prints lines on standard output, all of them indented.
    public void printText(String indent, String lines) {
        String text = outIsTerminal ? VisibleText.of(lines) : lines;
        int columns = Math.max(0, width - indent.length());
        out.println(indent + WordWrap.betweenWords(text, columns).replace("\n", "\n" + indent));
    }

    /// Prints a line on a stream, faint where colors are allowed.
    public void printDim(PrintStream stream, String line) {
        print(stream, "\033[2m", WordWrap.betweenWords(VisibleText.of(line), width));
        stream.println();
    }

    /// Prints text on standard output, faint where colors are allowed.
    public void printFaint(String text) {
        if (!text.isEmpty()) {
            print(out, "\033[2m", text);
        }
    }

    /// Draws text faint behind the cursor, which stays. The text must fit the line.
    public void drawBehind(String text) {
        Output.control(out, "\0337");
        printFaint(text);
        Output.control(out, "\0338");
        out.flush();
    }

    /// Clears what stands behind the cursor in its line.
    public void clearBehind() {
        Output.control(out, "\033[K");
    }

    /// Clears the last line of standard output, and begins it again.
    public void clearLine() {
        Output.control(out, CLEAR_LINE);
    }

    /// Prints text on standard output, bold where colors are allowed.
    public void printBold(String text) {
        print(out, "\033[1m", text);
    }

    private void print(PrintStream stream, String style, String text) {
        if (color) {
            Output.control(stream, style);
        }
        stream.print(text);
        if (color) {
            Output.control(stream, "\033[0m");
        }
    }

    /// Clears the line of standard error on which progress is shown, and begins it again.
    public void clearProgress() {
        Output.control(err, CLEAR_LINE);
    }

    /// The sign before what a user types, colored where colors are allowed.
    public String prompt() {
        return color ? "\033[36m> \033[0m" : "> ";
    }

    private static Charset charset(String property, boolean consoleDecides) {
        String name = System.getProperty(property);
        return consoleDecides && name != null ? Charset.forName(name) : StandardCharsets.UTF_8;
    }

    /// Standard error of the program.
    ///
    /// The JVM prints a warning about its incubator module on descriptor 2, and no option turns it off. So the launcher
    /// filters descriptor 2 and passes the original standard error under another number. An open descriptor is only
    /// accessible by reflection (the launcher opens `java.io` for it). Opening `/dev/fd/3` gives a file a second
    /// offset: the program and its caller would overwrite each other.
    static final class StandardError {
        /// System property set by the launcher: the descriptor; 2 without it.
        static final String DESCRIPTOR_PROPERTY = "glia.stderr";

        private StandardError() {}

        /// The stream, without buffer or encoding.
        static FileOutputStream open() {
            Integer number = Integer.getInteger(DESCRIPTOR_PROPERTY);
            return new FileOutputStream(number == null ? FileDescriptor.err : descriptor(number));
        }

        private static FileDescriptor descriptor(int number) {
            try {
                Constructor<FileDescriptor> constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
                constructor.setAccessible(true);
                return constructor.newInstance(number);
            } catch (ReflectiveOperationException | RuntimeException e) {
                throw new IllegalStateException("the launcher's --add-opens=java.base/java.io is missing", e);
            }
        }
    }
}
