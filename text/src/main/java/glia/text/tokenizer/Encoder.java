package glia.text.tokenizer;

import glia.io.CheckpointException;
import glia.io.DisplayText;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

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

    /// Encodes texts that are longer than the native library takes, in parts whose tokens are together those of the
    /// whole. A part ends at a place where the tokens before it do not depend on what follows, which is tried out. It
    /// is encoded together with the text before it, whose tokens are then left out: it is not the beginning of a text.
    static final class TextParts {
        /// The longest part. Between two parts a thread that is interrupted stops.
        private static final int MOST = 1 << 18;
        /// Characters around a place that decide about its tokens.
        private static final int CONTEXT = 256;
        /// Places of each kind that are tried.
        private static final int MOST_TRIES = 64;

        private final Function<String, int[]> encoder;
        private final int most;
        private final int context;

        /// @param most the most characters that the encoder takes
        TextParts(Function<String, int[]> encoder, int most) {
            this.encoder = encoder;
            this.most = Math.min(most, MOST);
            this.context = Math.min(CONTEXT, most / 8);
        }

        /// Where a part may end, the best first: after a line, before a word, anywhere.
        private enum Place {
            LINE, WORD, ANY;

            boolean is(String text, int at) {
                return switch (this) {
                    case LINE -> text.charAt(at - 1) == '\n' && !Character.isWhitespace(text.charAt(at));
                    case WORD -> text.charAt(at) == ' ' && !Character.isWhitespace(text.charAt(at - 1));
                    case ANY -> whole(text, at) == at;
                };
            }
        }

        /// @throws CancellationException if the thread is interrupted
        int[] encode(String text) {
            int[] ids = {};
            int count = 0;
            int from = 0;
            int start = 0;
            while (start < text.length()) {
                int end = text.length() - from <= most ? text.length() : end(text, start, whole(text, from + most));
                int[] before = start == 0 ? new int[0] : encoder.apply(text.substring(from, start));
                int[] part = encoder.apply(text.substring(from, end));
                if (!startsWith(part, before)) {
                    part = encoder.apply(text.substring(start, end));
                    before = new int[0];
                }
                int added = part.length - before.length;
                ids = count + added > ids.length ? Arrays.copyOf(ids, Math.max(count + added, 2 * count)) : ids;
                System.arraycopy(part, before.length, ids, count, added);
                count += added;
                from = whole(text, end - context);
                start = end;
                if (Thread.currentThread().isInterrupted()) {
                    throw new CancellationException("the thread was interrupted while it encoded a text of "
                            + text.length() + " characters");
                }
            }
            return Arrays.copyOf(ids, count);
        }

        /// The end of a part that begins at `start` and may go to `last`, in its second half.
        private int end(String text, int start, int last) {
            for (Place place : Place.values()) {
                int numTries = 0;
                for (int at = last; at > start + (last - start) / 2 && numTries < MOST_TRIES; at--) {
                    if (place.is(text, at)) {
                        numTries++;
                        String before = text.substring(whole(text, at - context), at);
                        int to = whole(text, Math.min(text.length(), at + context));
                        if (startsWith(encoder.apply(before + text.substring(at, to)), encoder.apply(before))) {
                            return at;
                        }
                    }
                }
            }
            return last;
        }

        private static boolean startsWith(int[] ids, int[] first) {
            int different = Arrays.mismatch(ids, first);
            return different < 0 || different == first.length;
        }

        /// A place, or that before it if it is within a surrogate pair.
        private static int whole(String text, int at) {
            return at > 0 && at < text.length() && Character.isLowSurrogate(text.charAt(at))
                    && Character.isHighSurrogate(text.charAt(at - 1)) ? at - 1 : at;
        }
    }
}
