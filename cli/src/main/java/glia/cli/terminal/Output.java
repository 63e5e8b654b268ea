package glia.cli.terminal;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;

/// Standard output or standard error. Text on its way to a terminal passes [VisibleText], whoever prints it; the
/// program's own control sequences pass by [#control]. Keeps the reason of a failed write, which a [PrintStream] alone
/// does not.
public final class Output extends PrintStream {
    private static final int BUFFER_BYTES = 8192;

    private final Watched file;
    private final boolean isTerminal;
    /// Columns at which lines are wrapped between words; 0 for none.
    private final int width;

    private Output(Watched file, Charset charset, boolean isTerminal, int width) {
        super(new BufferedOutputStream(file, BUFFER_BYTES), true, charset);
        this.file = file;
        this.isTerminal = isTerminal;
        this.width = width;
    }

    /// A stream of text.
    ///
    /// @param isTerminal whether a terminal shows it; elsewhere text is written as it is
    public static Output to(OutputStream file, Charset charset, boolean isTerminal) {
        return new Output(new Watched(file), charset, isTerminal, 0);
    }

    /// A stream of messages, whose lines a terminal shows wrapped between words.
    ///
    /// @param width columns of the terminal; 0 if there is none
    static Output ofMessages(OutputStream file, Charset charset, boolean isTerminal, int width) {
        return new Output(new Watched(file), charset, isTerminal, isTerminal ? width : 0);
    }

    @Override
    public void println(String text) {
        super.println(width == 0 ? text : WordWrap.betweenWords(VisibleText.of(String.valueOf(text)), width));
    }

    /// Writes a control sequence of the program's own, such as `\033[1m`.
    static void control(PrintStream stream, String sequence) {
        byte[] bytes = sequence.getBytes(StandardCharsets.US_ASCII);
        stream.write(bytes, 0, bytes.length);
    }

    // All other methods of a PrintStream that take text call one of these.

    @Override
    public void print(String text) {
        super.print(isTerminal ? VisibleText.of(String.valueOf(text)) : text);
    }

    @Override
    public void print(char c) {
        print(String.valueOf(c));
    }

    @Override
    public void print(char[] text) {
        print(String.valueOf(text));
    }

    @Override
    public void print(Object object) {
        print(String.valueOf(object));
    }

    /// Why a write failed; empty if none did, or if the reader closed the pipe, as `head` does.
    public Optional<String> failure() {
        flush();
        return Optional.ofNullable(file.failure).filter(words -> !words.toLowerCase(Locale.ROOT).contains("pipe"));
    }

    private static final class Watched extends OutputStream {
        private final OutputStream file;
        private String failure;

        Watched(OutputStream file) {
            this.file = file;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            try {
                file.write(bytes, from, length);
            } catch (IOException e) {
                failure = failure == null ? String.valueOf(e.getMessage()) : failure;
                throw e;
            }
        }
    }
}
