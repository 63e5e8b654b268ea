package glia.engine.schedule;

import glia.engine.sampling.TokenLogProbability;
import glia.engine.sampling.TokenSampler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// One text on its way through a scheduler. Belongs to whoever computes; the state may be read by any thread.
final class ScheduledSequence {
    final Generation generation;
    final GenerationRequest request;
    final int sample;
    /// The order in which texts came: less is older.
    final long arrival;
    /// The priority with which it got its place.
    int gainedPriority;
    /// What was computed; null while nothing was.
    DecodeState computed;
    /// Whether it is to be computed without others, since there was no room for it beside them.
    boolean needsAll;
    /// Whether weights have changed since some of it was computed.
    boolean isStale;
    /// Tokens that it takes in the step that is planned.
    int planned;
    int reused;
    int drafted;
    int accepted;
    int preemptions;
    private volatile SequenceState state = SequenceState.WAITING;
    /// The prompt and what followed.
    private int[] tokens;
    private int length;
    private float[] logProbabilities = {};
    private final List<List<TokenLogProbability>> alternatives = new ArrayList<>(0);
    private TokenSampler sampler;
    private long firstTokenNanos;

    ScheduledSequence(Generation generation, int sample, long arrival) {
        this.generation = generation;
        this.request = generation.request();
        this.sample = sample;
        this.arrival = arrival;
        this.tokens = request.prompt();
        this.length = tokens.length;
    }

    SequenceState state() {
        return state;
    }

    void become(SequenceState next) {
        if (!state.mayBecome(next)) {
            throw new IllegalStateException("a text that is " + state + " cannot become " + next);
        }
        state = next;
    }

    /// The prompt and what followed; only the first `length()` count.
    int[] tokens() {
        return tokens;
    }

    int length() {
        return length;
    }

    int lastToken() {
        return tokens[length - 1];
    }

    /// Tokens that were chosen.
    int numChosen() {
        return length - request.prompt().length;
    }

    /// Tokens that are known and not computed.
    int remaining() {
        return length - (computed == null ? 0 : computed.length());
    }

    /// Tokens that an encoder reads with the next chunk.
    int sourceToRead() {
        return computed.length() == 0 ? request.source().length : 0;
    }

    /// Tokens that count against the context: an encoder-decoder's source is its prompt.
    int contextTokens() {
        return request.source().length > 0 ? request.source().length + numChosen() : length;
    }

    /// What chooses its tokens, made when it is first needed.
    TokenSampler sampler(int vocabSize) {
        if (sampler == null) {
            sampler = request.sampler(sample, vocabSize);
            acceptAll(request.source());
            acceptAll(request.prompt());
        }
        return sampler;
    }

    /// Takes the next token.
    ///
    /// @return why the text ends with it; null if it goes on
    Finish take(int token, float logProbability, List<TokenLogProbability> best, int contextLength) {
        sampler.accept(token);
        append(token, logProbability, best);
        boolean goesOn = request.listener().token(sample, token, logProbability, best);
        if (!goesOn || request.isStop(token)) {
            return Finish.STOP;
        }
        if (request.maxTokens() > 0 && numChosen() >= request.maxTokens()) {
            return Finish.LENGTH;
        }
        return contextTokens() >= contextLength ? Finish.CONTEXT : null;
    }

    /// Of an encoder-decoder the source is what penalties know as the prompt.
    private void acceptAll(int[] ids) {
        if (ids == request.prompt() && request.source().length > 0) {
            return;
        }
        for (int id : ids) {
            sampler.accept(id);
        }
    }

    private void append(int token, float logProbability, List<TokenLogProbability> best) {
        if (length == tokens.length || tokens == request.prompt()) {
            tokens = Arrays.copyOf(tokens, Math.max(2 * length, 64));
        }
        tokens[length++] = token;
        if (numChosen() == 1) {
            firstTokenNanos = System.nanoTime() - generation.submitted();
        }
        if (request.numAlternatives() >= 0) {
            int at = numChosen() - 1;
            if (at == logProbabilities.length) {
                logProbabilities = Arrays.copyOf(logProbabilities, Math.max(2 * at, 64));
            }
            logProbabilities[at] = logProbability;
        }
        if (request.numAlternatives() > 0) {
            alternatives.add(best);
        }
    }

    /// The text as it is.
    Completion completion(Finish finish, Optional<Throwable> failure) {
        int prompt = request.prompt().length;
        return new Completion(Arrays.copyOfRange(tokens, prompt, length),
                Arrays.copyOf(logProbabilities, request.numAlternatives() >= 0 ? numChosen() : 0),
                List.copyOf(alternatives), finish, failure,
                request.source().length > 0 ? request.source().length : prompt, reused, drafted, accepted, preemptions,
                firstTokenNanos, System.nanoTime() - generation.submitted());
    }
}
