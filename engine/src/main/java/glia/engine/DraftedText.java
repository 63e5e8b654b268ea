package glia.engine;

import glia.engine.state.Sequence;
import glia.engine.state.SequenceStates;
import glia.model.block.Decoder;
import glia.model.block.Pass;
import glia.model.block.Pass.Outputs;
import glia.tensor.DType;
import glia.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/// Greedy text with the help of a model's draft layer (https://arxiv.org/abs/2211.17192, for greedy choice): after each
/// token the layer guesses the one that follows the next, and the model confirms it in the pass that it makes anyway.
/// Where the guess is right, a pass gives two tokens; where it is wrong, it is forgotten. The text is the same as
/// without. For one thread.
public final class DraftedText implements AutoCloseable {
    /// A text and how it came about.
    ///
    /// @param tokens those after the prompt
    /// @param numDrafted tokens that were guessed
    /// @param numAccepted guesses that the model confirmed
    public record Result(List<Integer> tokens, int numDrafted, int numAccepted) { }

    private final Engine engine;
    private final Decoder decoder;
    private final Sequence sequence;
    private final SequenceStates draftStates;
    private final Sequence draftSequence;
    private final Pass following = new Pass();
    private final Arena arena = Arena.ofConfined();
    private final Tensor lastHidden;

    /// @throws IllegalArgumentException if the model has no layer that drafts
    public DraftedText(Engine engine) {
        if (engine.model().spec().drafts().isEmpty()) {
            throw new IllegalArgumentException("the model has no layer beyond its last that drafts tokens");
        }
        this.engine = engine;
        decoder = engine.decoder();
        sequence = engine.open();
        draftStates = SequenceStates.ofDraft(engine.model().spec(), 0);
        draftSequence = draftStates.open(engine.pages());
        lastHidden = Tensor.allocate(arena, DType.F32, 1, engine.model().spec().hiddenSize());
    }

    /// Goes on with a prompt until `count` tokens are there or one ends the text, which is the last then.
    public Result continueFrom(int[] prompt, int count, IntPredicate ends) {
        sequence.clear();
        draftSequence.clear();
        List<Integer> tokens = new ArrayList<>();
        int next = prefill(prompt);
        int guess = draft(new int[] {next});
        int numDrafted = 0;
        int numAccepted = 0;
        while (true) {
            tokens.add(next);
            if (ends.test(next) || tokens.size() == count) {
                break;
            }
            numDrafted++;
            engine.add(sequence, new int[] {next, guess}, 0, 2, Outputs.ALL);
            Tensor hidden = engine.runHidden();
            Tensor logits = engine.logits(hidden);
            int after = engine.ops().kernels().argmax(logits, 0);
            if (after == guess) {
                numAccepted++;
                tokens.add(guess);
                if (ends.test(guess) || tokens.size() == count) {
                    break;
                }
                next = engine.ops().kernels().argmax(logits, 1);
                guess = draft(hidden, new int[] {after, next});
            } else {
                sequence.truncate(sequence.length() - 1);
                next = after;
                guess = draft(hidden.rows(0, 1), new int[] {next});
            }
        }
        return new Result(List.copyOf(tokens), numDrafted, numAccepted);
    }

    /// Computes the prompt in chunks and lets the draft layer see all but its last token; gives the token after it.
    private int prefill(int[] prompt) {
        for (int from = 0; ; from += Engine.CHUNK_TOKENS) {
            int to = Math.min(prompt.length, from + Engine.CHUNK_TOKENS);
            engine.add(sequence, prompt, from, to, Outputs.ALL);
            Tensor hidden = engine.runHidden();
            int known = Math.min(to, prompt.length - 1) - from;
            if (known > 0) {
                int[] tokens = java.util.Arrays.copyOfRange(prompt, from + 1, from + 1 + known);
                draft(hidden.rows(0, known), tokens);
            }
            if (to == prompt.length) {
                lastHidden.copyFrom(hidden.rows(known, known + 1));
                return engine.ops().kernels().argmax(engine.logits(lastHidden), 0);
            }
        }
    }

    /// The guess after the last token of a prompt.
    private int draft(int[] tokens) {
        return draft(lastHidden, tokens);
    }

    /// Lets the draft layer see tokens with the hidden states before each; gives what it guesses to come after them.
    private int draft(Tensor hidden, int[] tokens) {
        following.clear();
        following.add(tokens, 0, tokens.length, draftSequence.length(), Outputs.LAST);
        draftStates.clear();
        draftStates.add(draftSequence);
        Tensor foreseen;
        try {
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
    public void close() {
        sequence.close();
        draftSequence.close();
        arena.close();
    }
}
