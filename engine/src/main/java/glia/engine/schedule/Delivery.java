package glia.engine.schedule;

import glia.engine.sampling.BatchSampler;
import glia.engine.state.StateMemoryException;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Chooses what follows the texts of a pass, on all threads at once, and tells their listeners. Texts whose guess was
/// right get two tokens. What goes wrong with one text ends this text alone.
final class Delivery {
    private final Places places;
    private final BatchSampler sampler;
    private final int vocabSize;
    private final int contextLength;
    /// The texts of the batch of the sampler.
    private final List<ScheduledSequence> batch = new ArrayList<>();
    /// Those of them that go on after a right guess.
    private final List<ScheduledSequence> guessed = new ArrayList<>();

    Delivery(Places places, Kernels kernels, int vocabSize, int contextLength) {
        this.places = places;
        this.sampler = new BatchSampler(kernels, vocabSize);
        this.vocabSize = vocabSize;
        this.contextLength = contextLength;
    }

    /// @param logits of the pass
    void deliver(List<ScheduledSequence> planned, Tensor logits) {
        clear();
        guessed.clear();
        for (int i = 0; i < planned.size(); i++) {
            gather(planned.get(i));
        }
        sampler.run(logits);
        for (int i = 0; i < batch.size(); i++) {
            advance(batch.get(i), i);
        }
        if (!guessed.isEmpty()) {
            clear();
            for (int i = 0; i < guessed.size(); i++) {
                add(guessed.get(i), guessed.get(i).computed.row() + 1);
            }
            sampler.run(logits);
            for (int i = 0; i < batch.size(); i++) {
                end(batch.get(i), take(batch.get(i), i), true);
            }
        }
    }

    private void clear() {
        sampler.clear();
        batch.clear();
    }

    private void gather(ScheduledSequence s) {
        Optional<StateMemoryException> lost = s.computed.lost();
        if (lost.isPresent()) {
            if (!places.retryAlone(s)) {
                places.fail(s, lost.get());
            }
            return;
        }
        int row = s.computed.row();
        if (row < 0) {
            return;
        }
        s.needsAll = false;
        if (s.state() == SequenceState.PREFILLING) {
            s.become(SequenceState.DECODING);
            places.leave(s, false);
            if (!s.generation.samplesBegun) {
                beginSamples(s, row);
            }
        }
        add(s, row);
    }

    /// The first sample has prefilled the prompt: the others take it over and choose their own first tokens.
    private void beginSamples(ScheduledSequence first, int row) {
        first.generation.samplesBegun = true;
        ScheduledSequence[] samples = first.generation.samples();
        for (int i = 1; i < samples.length; i++) {
            if (places.begin(samples[i], first)) {
                add(samples[i], row);
            }
        }
    }

    private void add(ScheduledSequence s, int row) {
        try {
            sampler.add(s.sampler(vocabSize), row, s.request.numAlternatives());
            batch.add(s);
        } catch (Throwable e) {
            places.fail(s, e);
        }
    }

    /// Takes the token at an index of the batch, and says what becomes of the text's guess.
    private void advance(ScheduledSequence s, int index) {
        int guess = s.computed.guess();
        Finish finish = take(s, index);
        if (s.state().isEnd()) {
            return;
        }
        boolean isSound = true;
        if (guess >= 0) {
            s.drafted++;
            if (s.lastToken() == guess) {
                s.accepted++;
                s.computed.acceptGuess();
                if (finish == null) {
                    guessed.add(s);
                    return;
                }
            } else {
                isSound = s.computed.rejectGuess();
            }
        }
        end(s, finish, isSound);
    }

    /// @return why the text ends with its token; null if it goes on, or failed
    private Finish take(ScheduledSequence s, int index) {
        try {
            return s.take(sampler.token(index), sampler.logProbability(index), sampler.alternatives(index),
                    contextLength);
        } catch (Throwable e) {
            places.fail(s, e);
            return null;
        }
    }

    /// @param isSound whether what is computed of the text is what it is
    private void end(ScheduledSequence s, Finish finish, boolean isSound) {
        if (s.state().isEnd()) {
            return;
        }
        if (finish != null) {
            if (!isSound) {
                s.computed.keep(0);
            }
            places.end(s, finish, Optional.empty());
        } else if (!isSound) {
            s.computed.keep(0);
            places.preempt(s);
        }
        s.generation.progress();
    }
}
