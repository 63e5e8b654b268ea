package glia.engine;

import glia.engine.state.Sequence;
import glia.engine.state.SequenceStates;
import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.model.spec.ModelSpec;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.function.BooleanSupplier;

/// Steps with the help of a model's draft layer (https://arxiv.org/abs/2211.17192): it guesses the token that follows
/// the next, and both are computed in one pass. If the token that comes then is the guess, its logits are there
/// already; else the guess is forgotten. Whatever chooses tokens sees the logits that it would see without drafts, but
/// for the rounding of passes of two tokens: the text is the same.
public final class DraftedSteps implements Steps {
    private final Engine engine;
    private final Decoder decoder;
    private final Sequence sequence;
    private final SequenceStates draftStates;
    /// Of each token but the last few it remembers the token's hidden state with the token that follows.
    private final Sequence draftSequence;
    private final Pass following = new Pass();
    private final Arena arena = Arena.ofConfined();
    /// The hidden states `[2, D]` of the last token, and the guess after it, that the draft layer has not seen.
    private final Tensor unseen;
    /// What follows these, as far as it is known.
    private final int[] followers = new int[2];
    private int numFollowers;
    /// The last token of the sequence, if it is a guess about which nothing is known yet; else -1.
    private int guess = -1;
    private final Tensor logitsAfterGuess;
    private int numDrafted;
    private int numAccepted;

    /// @throws IllegalArgumentException if the model has no layer that drafts
    public DraftedSteps(Engine engine) {
        ModelSpec spec = engine.model().spec();
        if (spec.drafts().isEmpty()) {
            throw new IllegalArgumentException("drafts were asked for; the model as it was loaded has no layer beyond "
                    + "its last that makes them");
        }
        this.engine = engine;
        decoder = engine.decoder();
        sequence = engine.open();
        sequence.keepSnapshots(PlainSteps.NUM_SNAPSHOTS);
        draftStates = SequenceStates.ofDraft(spec, 0, engine.keyValueType(), engine.ops().kernels().workers());
        draftSequence = draftStates.open(engine.pool());
        draftSequence.keepSnapshots(PlainSteps.NUM_SNAPSHOTS);
        unseen = Tensor.allocate(arena, DType.F32, 2, spec.hiddenSize());
        logitsAfterGuess = Tensor.allocate(arena, DType.F32, 1, spec.vocabSize());
    }

    @Override
    public int length() {
        return guess < 0 ? sequence.length() : sequence.length() - 1;
    }

    /// The draft layer's last memory goes with the first token that is new, so one more is computed again.
    @Override
    public int keep(int most) {
        guess = -1;
        int kept = sequence.truncateToMost(Math.clamp(most - 1, 0, draftSequence.length()));
        if (!draftSequence.truncate(kept)) {
            sequence.clear();
            draftSequence.clear();
        }
        return sequence.length();
    }

    @Override
    public Tensor prefill(int[] prompt, int from, BooleanSupplier cancelled) {
        numDrafted = 0;
        numAccepted = 0;
        numFollowers = 0;
        for (int at = from; ; at = sequence.length()) {
            int to = sequence.chunkEnd(Math.min(prompt.length, at + Engine.CHUNK_TOKENS));
            engine.add(sequence, prompt, at, to, Outputs.ALL);
            Tensor hidden = engine.runHidden();
            int followed = Math.min(to, prompt.length - 1) - at;
            if (followed > 0) {
                draft(hidden.rows(0, followed), Arrays.copyOfRange(prompt, at + 1, at + 1 + followed));
            }
            if (to == prompt.length) {
                unseen.rows(0, 1).copyFrom(hidden.rows(followed, followed + 1));
                return engine.logits(hidden.rows(followed, followed + 1));
            }
            if (cancelled.getAsBoolean()) {
                return logitsAfterGuess.rows(0, 0);
            }
        }
    }

    @Override
    public Tensor step(int token) {
        followers[numFollowers++] = token;
        boolean accepted = token == guess;
        boolean wrong = guess >= 0 && !accepted;
        guess = -1;
        if (accepted) {
            numAccepted++;
            return logitsAfterGuess;
        }
        if (wrong && !sequence.truncate(sequence.length() - 1)) {
            throw new IllegalStateException("a wrong guess cannot be forgotten");
        }
        int next = draft(unseen.rows(0, numFollowers), Arrays.copyOf(followers, numFollowers));
        numFollowers = 0;
        engine.add(sequence, new int[] {token, next}, 0, 2, Outputs.ALL);
        Tensor hidden = engine.runHidden();
        guess = next;
        numDrafted++;
        unseen.copyFrom(hidden);
        Tensor logits = engine.logits(hidden);
        logitsAfterGuess.copyFrom(logits.rows(1, 2));
        return logits.rows(0, 1);
    }

    /// Lets the draft layer see hidden states with the token after each; gives what it guesses to come after them.
    private int draft(Tensor hidden, int[] tokens) {
        following.clear();
        following.add(tokens, 0, tokens.length, draftSequence.length(), Outputs.LAST);
        draftStates.clear();
        draftStates.add(draftSequence);
        Tensor foreseen;
        try {
            draftStates.prepare(following);
            foreseen = decoder.draft(0, engine.ops(), hidden, following, draftStates);
        } catch (Throwable e) {
            draftStates.retract();
            throw e;
        }
        draftStates.advance(following.runs());
        Tensor logits = engine.logits(foreseen.rows(tokens.length - 1, tokens.length));
        return engine.ops().kernels().argmax(logits, 0);
    }

    @Override
    public int numDrafted() {
        return numDrafted;
    }

    @Override
    public int numAccepted() {
        return numAccepted;
    }

    @Override
    public void close() {
        sequence.close();
        draftSequence.close();
        arena.close();
    }
}
