package glia.engine.schedule;

import glia.engine.draft.AcceptanceRates;
import glia.engine.draft.DraftTokens;
import glia.engine.draft.NgramLookup;
import glia.engine.sampling.TokenLogProbability;
import glia.engine.sampling.TokenMask;
import glia.engine.sampling.TokenSampler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// One sample in a scheduler. Guarded by the scheduler's claim of the engine; any thread may read its state.
final class ScheduledSequence {
    final Generation generation;
    final GenerationRequest request;
    final int sample;
    /// The order of submission.
    final long arrival;
    /// The priority with which it was admitted.
    int gainedPriority;
    /// The computed state; null before the first pass.
    DecodeState computed;
    /// Whether the weights were updated since a part of it was computed.
    boolean isStale;
    /// Whether the mask of its next token is not known yet, so that no pass computes it.
    boolean waits;
    /// Tokens in the planned pass.
    int planned;
    int reused;
    int drafted;
    int accepted;
    /// The draft tokens of the planned pass, and how many of them were accepted.
    final DraftTokens drafts = new DraftTokens();
    int acceptedNow;
    /// What the drafts continue, see [AcceptanceRates]; 0 if there is no match.
    int match;
    /// The token after a match that was not drafted; -1 if there is none.
    int predicted = -1;
    /// Null until tokens may be drafted.
    AcceptanceRates rates;
    int preemptions;
    private volatile SequenceState state = SequenceState.WAITING;
    /// The prompt and the generated tokens.
    private int[] tokens;
    private int length;
    private float[] logProbabilities = {};
    private final List<List<TokenLogProbability>> alternatives = new ArrayList<>(0);
    private TokenSampler sampler;
    /// Null where loops go on.
    private final LoopDetector loops;
    private long firstTokenNanos;

    ScheduledSequence(Generation generation, int sample, long arrival) {
        this.generation = generation;
        this.request = generation.request();
        this.sample = sample;
        this.arrival = arrival;
        this.tokens = request.prompt();
        this.length = tokens.length;
        this.loops = request.endsLoops() ? new LoopDetector() : null;
    }

    SequenceState state() {
        return state;
    }

    void become(SequenceState next) {
        if (!state.mayBecome(next)) {
            throw new IllegalStateException("a sequence in state " + state + " cannot become " + next);
        }
        state = next;
        if (next.isEnd() && sampler != null) {
            sampler.stop();
        }
    }

    /// The prompt and the generated tokens: the first `length()` entries.
    int[] tokens() {
        return tokens;
    }

    int length() {
        return length;
    }

    int lastToken() {
        return tokens[length - 1];
    }

    /// The number of generated tokens.
    int numGenerated() {
        return length - request.prompt().length;
    }

    /// The number of tokens that are not yet computed.
    int remaining() {
        return length - (computed == null ? 0 : computed.length());
    }

    /// The number of source tokens that the encoder reads with the next chunk.
    int sourceToRead() {
        return computed.length() == 0 ? request.source().length : 0;
    }

    /// The number of tokens in the context. The source of an encoder-decoder counts as its prompt.
    int contextTokens() {
        return request.source().length > 0 ? request.source().length + numGenerated() : length;
    }

    /// The sampler, created on first use.
    TokenSampler sampler(int vocabSize) {
        if (sampler == null) {
            sampler = request.sampler(sample, vocabSize);
            acceptAll(request.source());
            acceptAll(request.prompt());
        }
        return sampler;
    }

    /// Whether its next token can be sampled without delay: its mask is known.
    boolean isReady(int vocabSize) {
        return ScopedValue.where(TokenMask.CALLER, request.fairnessKey()).call(() -> sampler(vocabSize).isReady());
    }

    /// Compares the last token with the drafts of the pass.
    ///
    /// @param round the number of tokens of the pass that were sampled before it
    /// @return whether it is the next draft token
    boolean acceptsDraft(int round) {
        if (round == 0 && predicted >= 0) {
            rates.observe(match, lastToken() == predicted);
            predicted = -1;
        }
        if (round >= drafts.count()) {
            return false;
        }
        boolean isAccepted = lastToken() == drafts.id(round);
        rates.observe(match == AcceptanceRates.OF_MODEL ? match : Math.min(match + round, NgramLookup.LONGEST),
                isAccepted);
        acceptedNow += isAccepted ? 1 : 0;
        return isAccepted;
    }

    /// Removes the rejected drafts of the pass.
    ///
    /// @return false if the state cannot be truncated
    boolean removeRejected() {
        if (drafts.count() == 0) {
            return true;
        }
        drafted += drafts.count();
        accepted += acceptedNow;
        return computed.keepDrafts(acceptedNow);
    }

    /// Appends the next token.
    ///
    /// @return why the sequence ends with it; null if it continues
    Finish take(int token, float logProbability, List<TokenLogProbability> best, int contextLength) {
        sampler.accept(token);
        append(token, logProbability, best);
        boolean goesOn = request.listener().token(sample, token, logProbability, best);
        if (!goesOn || request.isStop(token)) {
            return Finish.STOP;
        }
        if (request.maxTokens() > 0 && numGenerated() >= request.maxTokens()) {
            return Finish.LENGTH;
        }
        if (loops != null && loops.accept(token)) {
            return Finish.REPETITION;
        }
        return contextTokens() >= contextLength ? Finish.CONTEXT : null;
    }

    /// For penalties, the source of an encoder-decoder is the prompt.
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
        if (numGenerated() == 1) {
            firstTokenNanos = System.nanoTime() - generation.submitted();
        }
        if (request.numAlternatives() >= 0) {
            int at = numGenerated() - 1;
            if (at == logProbabilities.length) {
                logProbabilities = Arrays.copyOf(logProbabilities, Math.max(2 * at, 64));
            }
            logProbabilities[at] = logProbability;
        }
        if (request.numAlternatives() > 0) {
            alternatives.add(best);
        }
    }

    /// The result so far.
    Completion completion(Finish finish, Optional<Throwable> failure) {
        int prompt = request.prompt().length;
        return new Completion(Arrays.copyOfRange(tokens, prompt, length),
                Arrays.copyOf(logProbabilities, request.numAlternatives() >= 0 ? numGenerated() : 0),
                List.copyOf(alternatives), finish, failure,
                request.source().length > 0 ? request.source().length : prompt, reused, drafted, accepted, preemptions,
                firstTokenNanos, System.nanoTime() - generation.submitted());
    }
}
