package glia.cli.terminal;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.Locale;
import java.util.Optional;

/// A stream of results that remembers why it failed; a [PrintStream] alone only says that it did.
public final class Output extends PrintStream {
    private static final int BUFFER_BYTES = 8192;

    private final Watched file;

    private Output(Watched file, Charset charset) {
        super(new BufferedOutputStream(file, BUFFER_BYTES), true, charset);
        this.file = file;
    }

    /// Text on its way to a file.
    static Output to(OutputStream file, Charset charset) {
        return new Output(new Watched(file), charset);
    }

    /// Why not all could be written. Where nobody reads on, as in `glia … | head -1`, nothing is wrong.
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
