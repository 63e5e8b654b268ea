package glia.engine.grammar;

import glia.engine.grammar.limit.GrammarException;
import glia.engine.grammar.limit.GrammarLimits;
import glia.engine.grammar.limit.MemoryPart;
import glia.engine.grammar.parser.Position;
import glia.engine.sampling.TokenMask;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/// The tokens by which the text of one sample stays within a grammar. End-of-generation tokens are allowed exactly
/// where
/// the text is complete. For one sample; made by [Grammar#mask].
public final class GrammarMask implements TokenMask {
    final MaskEngine engine;
    private final GrammarVocabulary vocabulary;
    /// The use of the engine, with the memory of the parser's rows for the text.
    private final MemoryPart<Void> use;
    private Position position;
    /// Whether the next token begins a text, so that the decoder drops a leading space.
    private boolean isFirst;
    private boolean hasEnded;
    /// The tokens that were accepted while another thread used the engine.
    private final List<byte[]> unread = new ArrayList<>();
    /// The allowed tokens at the position; null if they are not computed.
    private long[] ready;
    /// What another thread computes; null if it is nothing.
    private Future<long[]> coming;

    /// @param beginsText whether the grammar's text is the begin of a decoded text
    GrammarMask(MaskEngine engine, MemoryPart<Void> use, GrammarVocabulary vocabulary, boolean beginsText) {
        this.engine = engine;
        this.use = use;
        this.vocabulary = vocabulary;
        this.position = engine.start();
        this.isFirst = beginsText && vocabulary.leadingSpaces() > 0;
    }

    /// The allowed tokens.
    ///
    /// @throws GrammarException if the grammar exceeds a limit, or no token of the vocabulary can follow
    @Override
    public long[] allowed() {
        if (hasEnded) {
            return vocabulary.onlyEnds();
        }
        settle();
        if (ready == null) {
            ready = compute(GrammarLimits.MASK_STEPS);
        }
        return ready;
    }

    private long[] compute(long steps) {
        read(steps);
        return checked(engine.mask(position, isFirst, steps));
    }

    private long[] checked(long[] words) {
        for (long word : words) {
            if (word != 0) {
                return words;
            }
        }
        throw new GrammarException(GrammarException.Kind.UNSATISFIABLE, "", isComplete()
                ? "the text is complete, but the model's vocabulary has no token that ends it"
                : "no token of the model's vocabulary continues the text as the grammar requires");
    }

    /// Whether the allowed tokens are known, or are computed within a few milliseconds. If they take longer, another
    /// thread computes them: a decode step with other sequences does not wait for them.
    ///
    /// @throws GrammarException what [#allowed] throws
    @Override
    public boolean isReady() {
        if (hasEnded || ready != null) {
            return true;
        }
        if (coming != null) {
            if (!coming.isDone()) {
                return false;
            }
            settle();
            return true;
        }
        if (!engine.begin()) {
            return false;
        }
        try {
            ready = compute(GrammarLimits.SHORT_MASK_STEPS);
            return true;
        } catch (GrammarException e) {
            if (e.kind() != GrammarException.Kind.LIMIT) {
                throw e;
            }
            // With all steps it may be done; if not, the exception comes again.
            coming = later(() -> compute(GrammarLimits.MASK_STEPS));
            return false;
        } finally {
            engine.end();
        }
    }

    @Override
    public void stop() {
        if (coming != null) {
            coming.cancel(true);
            coming = null;
        }
        use.close();
    }

    /// Whether all accepted tokens were read, or could be within a few milliseconds. If they take longer, another
    /// thread reads them.
    boolean isRead() {
        if (coming != null) {
            if (!coming.isDone()) {
                return false;
            }
            settle();
        }
        if (unread.isEmpty()) {
            return true;
        }
        if (!engine.begin()) {
            return false;
        }
        try {
            read(GrammarLimits.SHORT_MASK_STEPS);
            return true;
        } catch (GrammarException e) {
            if (e.kind() != GrammarException.Kind.LIMIT) {
                throw e;
            }
            coming = later(() -> {
                read(GrammarLimits.MASK_STEPS);
                return null;
            });
            return false;
        } finally {
            engine.end();
        }
    }

    /// Takes what another thread computes, if anything, and waits for it.
    private void settle() {
        if (coming != null) {
            Future<long[]> work = coming;
            coming = null;
            ready = settled(work);
        }
    }

    /// Waits for what another thread computes.
    static long[] settled(Future<long[]> work) {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    return work.get();
                } catch (InterruptedException e) {
                    isInterrupted = true;
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof RuntimeException known ? known : new IllegalStateException(e.getCause());
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Reads the tokens that were accepted and not read: the engine was in use, or they take more steps.
    private void read(long steps) {
        while (!unread.isEmpty()) {
            byte[] bytes = unread.getFirst();
            Position next = engine.accept(position, bytes, isFirst && bytes[0] == ' ' ? 1 : 0, steps);
            if (!next.isDead()) {
                use.resize(next.textBytes());
            }
            unread.removeFirst();
            if (next.isDead()) {
                throw new IllegalArgumentException("the grammar does not allow '"
                        + new String(bytes, StandardCharsets.UTF_8) + "' here");
            }
            position = next;
            isFirst = false;
        }
    }

    private void readAll() {
        settle();
        read(GrammarLimits.MASK_STEPS);
    }

    /// Whether a token is allowed.
    public boolean allows(int token) {
        long[] words = allowed();
        return token >= 0 && token >> 6 < words.length && (words[token >> 6] >>> token & 1) != 0;
    }

    /// Receives the next token.
    ///
    /// @throws IllegalArgumentException if it is not allowed
    @Override
    public void accept(int token) {
        settle();
        ready = null;
        if (vocabulary.isEnd(token)) {
            if (!isComplete()) {
                throw new IllegalArgumentException("token " + token + " ends the text, which the grammar does not "
                        + "allow here");
            }
            hasEnded = true;
            return;
        }
        byte[] bytes = vocabulary.bytes(token);
        if (bytes == null || bytes.length == 0 || hasEnded) {
            throw new IllegalArgumentException("the grammar does not allow token " + token + " here");
        }
        readSoon(bytes);
    }

    /// Continues with text, which is read now if that takes a few milliseconds at most.
    private void readSoon(byte[] bytes) {
        unread.add(bytes);
        if (engine.begin()) {
            try {
                read(GrammarLimits.SHORT_MASK_STEPS);
            } catch (GrammarException e) {
                // It takes more steps: with the next mask.
            } finally {
                engine.end();
            }
        }
    }

    /// A mask of the same grammar at its begin, after the rest of a token.
    GrammarMask fresh(byte[] bytes, int offset) {
        GrammarMask fresh = new GrammarMask(engine, use.use(), vocabulary, false);
        if (offset < bytes.length) {
            fresh.readSoon(Arrays.copyOfRange(bytes, offset, bytes.length));
        }
        return fresh;
    }

    /// Whether the text may go on with the rest of a token.
    ///
    /// @param isBrief whether it must take a few milliseconds at most
    /// @return empty if another thread uses the engine, and it must be brief
    /// @throws GrammarException of kind `LIMIT` if it takes more
    Optional<Boolean> continues(byte[] bytes, int offset, boolean isBrief) {
        if (!isBrief) {
            return Optional.of(!engine.accept(position, bytes, offset, GrammarLimits.MASK_STEPS).isDead());
        }
        if (!engine.begin()) {
            return Optional.empty();
        }
        try {
            return Optional.of(!engine.accept(position, bytes, offset, GrammarLimits.SHORT_MASK_STEPS).isDead());
        } finally {
            engine.end();
        }
    }

    /// Computes on another thread what takes longer.
    Future<long[]> later(Callable<long[]> work) {
        return engine.later(use.use(), work);
    }

    /// Continues with text that need not be whole tokens.
    ///
    /// @return false, without change, if the grammar does not allow it
    boolean acceptBytes(byte[] bytes, int offset) {
        readAll();
        ready = null;
        Position next = engine.accept(position, bytes, offset, GrammarLimits.MASK_STEPS);
        if (next.isDead()) {
            return false;
        }
        use.resize(next.textBytes());
        position = next;
        return true;
    }

    /// Whether the text so far is complete.
    public boolean isComplete() {
        readAll();
        return position.isComplete();
    }

    /// Whether the text so far is complete and nothing may follow.
    public boolean isFinal() {
        readAll();
        return position.isFinal();
    }
}
