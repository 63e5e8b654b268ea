package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// Encodes texts. The native library takes 100 ms to take in a vocabulary of 50,000 pieces, of which one text needs a
/// few hundred: where the source is known to be sound, the first text is encoded by a tokenizer of its own.
/// Thread-safe.
final class Encoder {
    private final TokenizerSource source;
    private final Path origin;
    private final AtomicBoolean isFirst = new AtomicBoolean(true);
    private volatile NativeTokenizer whole;

    private Encoder(TokenizerSource source, Path origin) {
        this.source = source;
        this.origin = origin;
    }

    /// @param origin the file that messages name
    /// @throws CheckpointException if the native library cannot use it
    static Encoder whole(TokenizerSource source, Path origin) throws CheckpointException {
        Encoder encoder = new Encoder(source, origin);
        encoder.whole();
        return encoder;
    }

    /// An encoder that takes in the vocabulary when a second text comes, or when it is told to prepare for one.
    static Encoder whenNeeded(TokenizerSource source, Path origin) {
        return new Encoder(source, origin);
    }

    /// Begins to take in the vocabulary, on a thread of its own. What goes wrong shows when a text comes.
    void prepare() {
        if (whole == null) {
            Thread.ofPlatform().daemon().name("glia-vocabulary").start(() -> {
                try {
                    whole();
                } catch (CheckpointException | RuntimeException e) {
                    // The next text meets it again.
                }
            });
        }
    }

    /// @throws IllegalArgumentException if the text is too long
    int[] encode(String text) {
        source.limit().check(text);
        try {
            if (isFirst.getAndSet(false) && whole == null) {
                Optional<String> own = source.forText(text);
                if (own.isPresent()) {
                    return made(own.get()).encode(text);
                }
            }
            return whole().encode(text);
        } catch (CheckpointException e) {
            throw new UncheckedIOException(e);
        }
    }

    private NativeTokenizer whole() throws CheckpointException {
        if (whole == null) {
            synchronized (this) {
                if (whole == null) {
                    whole = made(source.whole());
                }
            }
        }
        return whole;
    }

    private NativeTokenizer made(String json) throws CheckpointException {
        try {
            return NativeTokenizer.of(json);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(origin, "tokenizer", "cannot be used: "
                    + DisplayText.escape(String.valueOf(e.getMessage())), e);
        }
    }
}
