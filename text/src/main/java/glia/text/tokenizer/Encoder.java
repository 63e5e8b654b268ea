package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/// Encodes texts with the native library, which takes 100 ms to load a vocabulary of 50,000 pieces. The first text
/// needs a few hundred of them, so it is encoded by a tokenizer with a reduced vocabulary where the source has one
/// ([TokenizerSource#forText]). Thread-safe.
final class Encoder {
    private final TokenizerSource source;
    private final Path origin;
    private final AtomicBoolean isFirst = new AtomicBoolean(true);
    private volatile NativeTokenizer whole;

    private Encoder(TokenizerSource source, Path origin) {
        this.source = source;
        this.origin = origin;
    }

    /// An encoder that loads the whole vocabulary at once.
    ///
    /// @param origin the file that messages name
    /// @throws CheckpointException if the native library cannot use the tokenizer
    static Encoder whole(TokenizerSource source, Path origin) throws CheckpointException {
        Encoder encoder = new Encoder(source, origin);
        encoder.whole();
        return encoder;
    }

    /// An encoder that loads the whole vocabulary for the second text, or when [#prepare] is called.
    static Encoder whenNeeded(TokenizerSource source, Path origin) {
        return new Encoder(source, origin);
    }

    /// Starts to load the whole vocabulary on another thread. A failure is thrown by the next `encode`.
    void prepare() {
        if (whole == null) {
            Thread.ofPlatform().daemon().name("glia-vocabulary").start(() -> {
                try {
                    whole();
                } catch (CheckpointException | RuntimeException e) {
                    // The next encode throws it.
                }
            });
        }
    }

    int[] encode(String text) {
        return source.limit().allows(text) ? encodePart(text)
                : new TextParts(this::encodePart, source.limit().characters()).encode(text);
    }

    private int[] encodePart(String text) {
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
